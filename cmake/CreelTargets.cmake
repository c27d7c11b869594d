# What every target of ours has in common: warnings, sanitizers, and the shapes of a test and a fuzz target.

if(CREEL_TESTS)
  enable_testing()
endif()

add_library(creel_warnings INTERFACE)
target_compile_options(creel_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                                                $<$<BOOL:${CREEL_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # The roles of core/threads.h are checked here.
  target_compile_options(creel_warnings INTERFACE -Wthread-safety -Wno-missing-designated-field-initializers)
else()
  # g++ 12 sees null dereferences and uses of uninitialised memory in the standard library's own inlined code.
  target_compile_options(creel_warnings INTERFACE -Wno-missing-field-initializers -Wno-maybe-uninitialized
                                                  -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow)
endif()

if(CREEL_SANITIZE)
  add_compile_options(-fsanitize=${CREEL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CREEL_SANITIZE})
endif()

# creel_library(NAME SOURCES … [PUBLIC libs…] [PRIVATE libs…]): a folder of src/ as a static library.
function(creel_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} creel_warnings)
endfunction()

# creel_test(NAME SOURCES … [LIBRARIES …]): one GoogleTest program and one entry in ctest.
function(creel_test name)
  if(NOT CREEL_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main creel_warnings)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()

# creel_fuzz(NAME SOURCES … [LIBRARIES …] CORPUS folder): a fuzz target. With CREEL_FUZZ it is a libFuzzer program; without, the
# same function replays the corpus as an ordinary test.
function(creel_fuzz name)
  if(NOT CREEL_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "CORPUS" "SOURCES;LIBRARIES" ${ARGN})
  set_property(GLOBAL APPEND_STRING PROPERTY CREEL_FUZZ_TARGETS "${name} ${ARG_CORPUS}\n")  # for script/fuzz
  if(CREEL_FUZZ)
    add_executable(${name} ${ARG_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    add_test(NAME ${name}_corpus COMMAND ${name} ${ARG_CORPUS})
  endif()
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} creel_warnings)
endfunction()
