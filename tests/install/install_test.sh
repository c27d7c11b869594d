#!/usr/bin/env bash
# Installs the library alone, moves it, and builds a stranger's project against it: with CMake and with pkg-config.
#   install_test.sh SOURCE CXX
set -euo pipefail
source=$1
cxx=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The commands of the document, with folders of this test's own.
export CXX=$cxx CMAKE_GENERATOR=Ninja
CMAKE_CXX_COMPILER_LAUNCHER=$(command -v ccache || true)
export CMAKE_CXX_COMPILER_LAUNCHER
sed -n '/<!-- install -->/,/^```$/p' "$source/docs/library.md" | grep '^cmake' \
  | sed "s|-S \.|-S $source|; s|build-library|$work/build|; s|/usr/local|$work/first|" >"$work/commands"
[ "$(wc -l <"$work/commands")" = 3 ]
bash -e "$work/commands" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
mv "$work/first" "$work/prefix" # Nothing in it may know where it was installed.

cp -r "$source/tests/install/consumer" "$work/consumer"
expected="batch.completed batch_7ab1e5a1ad0000000000000000000001"

echo "find_package"
cmake -S "$work/consumer" -B "$work/consumer/build" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" \
  -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/consumer/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
[ "$("$work/consumer/build/consumer")" = "$expected" ]

echo "pkg-config"
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name creel.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046  # The flags are words.
"$cxx" -std=c++23 "$work/consumer/main.cc" -o "$work/by-pkg-config" $(pkg-config --cflags --libs creel)
[ "$("$work/by-pkg-config")" = "$expected" ]

echo "installed files"
(cd "$work/prefix" && find . -type f | sort)
! find "$work/prefix" -type f -path '*/include/*' -not -path '*/include/creel/*' | grep .
