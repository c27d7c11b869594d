// creel doctor: check a store that no creel serves, and mend it.
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <ostream>

#include "cli/exit_code.h"
#include "cli/folder.h"
#include "cli/output.h"
#include "core/log.h"
#include "core/text.h"
#include "core/threads.h"
#include "store/index.h"
#include "store/journal.h"

namespace creel::cli {
namespace {

int fail(const store::IndexFailure& failure, Io& io) {
  complain(io.err, failure.message);
  switch (failure.error) {
    case store::IndexError::weather:
      return kInputOutput;
    case store::IndexError::broken:
      complain(io.err, "creel serve makes it anew by itself, and so does creel doctor --rebuild-index");
      return kNegative;
    case store::IndexError::newer:
      return kBadData;
  }
  std::unreachable();
}

// An index, gone on with to the journal's end.
std::expected<std::unique_ptr<store::Index>, store::IndexFailure> up_to_date(const store::Journal& journal,
                                                                             Log& log,
                                                                             const std::string& folder) {
  assume(on_index);  // There is no other thread.
  auto index = store::Index::open(journal, log, {.folder = folder});
  while (index) {
    const auto step = (*index)->step(nullptr);
    if (!step) return std::unexpected(step.error());
    if (!step->more) break;
  }
  return index;
}

struct Difference {
  std::size_t row = 0;
  std::string live, rebuilt;  // "" for none
};
struct Comparison {
  std::size_t rows = 0, differences = 0;
  std::vector<Difference> first;  // at most kDifferencesShown
};
constexpr std::size_t kDifferencesShown = 10;

// A hash a row is kept, not its text: an index has many millions.
Comparison compare(store::Index& live, store::Index& rebuilt) {
  assume(on_index);  // There is no other thread.
  std::vector<std::size_t> hashes;
  live.dump_rows([&](std::string_view row) { hashes.push_back(std::hash<std::string_view>{}(row)); });
  Comparison result;
  const auto note = [&](std::size_t row, std::string_view text) {
    if (++result.differences <= kDifferencesShown) result.first.push_back({row, "", std::string(text)});
  };
  rebuilt.dump_rows([&](std::string_view text) {
    const std::size_t row = result.rows++;
    if (row >= hashes.size() || hashes[row] != std::hash<std::string_view>{}(text)) note(row, text);
  });
  for (; result.rows < hashes.size(); ++result.rows)
    note(result.rows, "");
  if (result.first.empty()) return result;
  std::size_t row = 0;
  auto next = result.first.begin();
  live.dump_rows([&](std::string_view text) {
    if (next != result.first.end() && row++ == next->row) next++->live = text;
  });
  return result;
}

int report(const Comparison& comparison, Format format, Io& io) {
  if (format == Format::json) {
    Json::Array first;
    for (const Difference& each : comparison.first)
      first.push_back(Json::object().set("live", Json::of(each.live)).set("rebuilt", Json::of(each.rebuilt)));
    io.out << Json::object()
                  .set("checked", Json::of("index"))
                  .set("equal", Json::of(comparison.differences == 0))
                  .set("rows", {std::uint64_t{comparison.rows}})
                  .set("differences", {std::uint64_t{comparison.differences}})
                  .set("first", {std::move(first)})
                  .dump()
           << '\n';
  } else {
    io.out << fmt::format("index: {} rows, {}\n", comparison.rows,
                          comparison.differences == 0
                              ? "equal to one made anew"
                              : fmt::format("{} differ from one made anew", comparison.differences));
    for (const Difference& each : comparison.first) {
      io.out << "  live    " << (each.live.empty() ? "(none)" : displayed(each.live, 4096)) << '\n'
             << "  rebuilt " << (each.rebuilt.empty() ? "(none)" : displayed(each.rebuilt, 4096)) << '\n';
    }
  }
  if (comparison.differences == 0) return kFine;
  complain(io.err, "creel doctor --rebuild-index makes the index anew; the journal is not touched by it");
  return kNegative;
}

int compare_index(const store::Journal& journal, Log& log, const std::string& folder, Format format, Io& io) {
  const std::string anew = folder + "/index.compare";
  auto live = up_to_date(journal, log, folder + "/index");
  if (!live) return fail(live.error(), io);
  store::Index::remove(journal.disk(), anew);
  auto rebuilt = up_to_date(journal, log, anew);
  const int code = rebuilt ? report(compare(**live, **rebuilt), format, io) : fail(rebuilt.error(), io);
  if (rebuilt) rebuilt->reset();
  store::Index::remove(journal.disk(), anew);
  std::error_code ignored;  // An empty folder that stays harms nobody.
  std::filesystem::remove(anew, ignored);
  return code;
}

// 0 when both journals are whole. Only the real one's damage is of any consequence.
int check(store::Disk& disk, const std::string& folder, Format format, Io& io) {
  const auto journal = store::check_journal(disk, folder, false);
  if (!journal) return fail(journal.error(), io);
  const bool is_whole = report_check(*journal, folder + "/journal", format, io);
  if (const auto quarantine = store::check_journal(disk, folder, true))
    report_check(*quarantine, folder + "/quarantine", format, io);
  return is_whole ? kFine : kNegative;
}

}  // namespace

int doctor(const DoctorOptions& options, Io& io) {
  store::RealDisk disk;
  const auto path = existing_folder(options.folder, disk, io);
  if (!path) return path.error();
  const auto folder = store::StoreFolder::open(disk, *path);
  if (!folder) return fail(folder.error(), io);

  const Format format = options.folder.format;
  int code = check(disk, *path, format, io);
  if (code != kFine && code != kNegative) return code;
  const bool changes = options.accept_damage || options.rebuild_index || options.compare_index;
  if (code == kNegative && !options.accept_damage) {
    complain(io.err, fmt::format("nothing was changed. creel doctor --accept-damage {} moves the damaged "
                                 "bytes into files beside the journal and goes on without them",
                                 *path));
  }
  if (!changes || (code == kNegative && !options.accept_damage)) return code;

  auto journal = store::Journal::open(*folder, {.accept_damage = options.accept_damage});
  if (!journal) return fail(journal.error(), io);
  if (code == kNegative) {
    complain(io.err,
             fmt::format("moved the damaged bytes into {}/damaged-*; keep them until nothing is missed",
                         folder->journal_path()));
  }
  Log log(io.clock, {.level = LogLevel::warning, .format = LogFormat::text});
  if (options.rebuild_index) {
    const std::string index = *path + "/index";
    if (auto done = store::Index::rebuild(**journal, log, {.folder = index}); !done)
      return fail(done.error(), io);
    complain(io.err, "the index was made anew");
  }
  return options.compare_index ? compare_index(**journal, log, *path, format, io) : kFine;
}

}  // namespace creel::cli
