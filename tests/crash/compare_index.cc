// Compares a store's index, row by row, with one made anew from its journal.
//
//   compare_index FOLDER      of a store that nobody has open
//
// Ends with 0 when they are the same, with 1 and the rows that differ when they are not.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/log.h"
#include "core/threads.h"
#include "store/disk.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/journal_folder.h"

namespace {

using namespace creel;
using namespace creel::store;

template <typename T, typename E>
T or_fail(std::expected<T, E> result, const char* what) {
  if (result) return *std::move(result);
  std::cerr << "compare_index: " << what << ": " << result.error().message << "\n";
  std::exit(70);
}

std::vector<std::string> rows(const Journal& journal, Log& log, const std::string& folder) {
  assume(on_index);  // There is no other thread.
  auto index = or_fail(Index::open(journal, log, {.folder = folder}), "cannot open the index");
  while (or_fail(index->step(nullptr), "cannot go on with the index").more) {
  }
  std::vector<std::string> found;
  index->dump_rows([&found](std::string_view line) { found.emplace_back(line); });
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: compare_index FOLDER\n";
    return 64;
  }
  const SystemClock clock;
  Log log(clock, {.level = LogLevel::warning});
  RealDisk disk;
  auto folder = or_fail(StoreFolder::open(disk, argv[1]), "cannot open the store");
  auto journal = or_fail(Journal::open(folder, {}), "cannot open the journal");

  const std::string anew = std::string(argv[1]) + "/index-anew";
  Index::remove(disk, anew);
  const auto live = rows(*journal, log, std::string(argv[1]) + "/index");
  const auto rebuilt = rows(*journal, log, anew);
  Index::remove(disk, anew);

  std::size_t differences = 0;
  for (std::size_t i = 0; i < std::max(live.size(), rebuilt.size()); ++i) {
    const std::string left = i < live.size() ? live[i] : "(none)",
                      right = i < rebuilt.size() ? rebuilt[i] : "(none)";
    if (left == right) continue;
    if (++differences <= 20) std::cout << "live    " << left << "\nrebuilt " << right << "\n";
  }
  std::cout << live.size() << " rows, " << differences << " differences\n";
  return differences == 0 && !live.empty() ? 0 : 1;
}
