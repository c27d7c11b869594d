// creel journal dump | check
#include <limits>
#include <ostream>

#include "cli/exit_code.h"
#include "cli/folder.h"
#include "cli/output.h"

namespace creel::cli {

int journal_dump(const JournalOptions& options, Io& io) {
  store::RealDisk disk;
  const auto folder = existing_folder(options.folder, disk, io);
  if (!folder) return folder.error();
  const store::InspectOptions inspect{
      .is_quarantine = options.quarantine,
      .with_bodies = options.bodies,
      .first = options.from,
      .limit = options.limit > 0 ? options.limit : std::numeric_limits<std::uint64_t>::max()};
  const auto dumped = store::dump_journal(disk, *folder, inspect, [&io](std::string_view line) {
    io.out << line << '\n';
    return io.out.good();
  });
  return dumped ? kFine : fail(dumped.error(), io);
}

int journal_check(const JournalOptions& options, Io& io) {
  store::RealDisk disk;
  const auto folder = existing_folder(options.folder, disk, io);
  if (!folder) return folder.error();
  const auto check = check_twice(disk, *folder, options.quarantine);
  if (!check) return fail(check.error(), io);
  const std::string name = *folder + (options.quarantine ? "/quarantine" : "/journal");
  if (report_check(*check, name, options.folder.format, io)) return kFine;
  complain(io.err, options.quarantine
                       ? "creel serve puts the damage aside when it starts"
                       : "the rest is readable; creel doctor --accept-damage moves the damaged bytes aside");
  return kNegative;
}

}  // namespace creel::cli
