// Looking into a journal from outside: what stands behind `creel journal dump` and `creel journal check`.
//
// Reads the segments alone, without the lock and without changing anything, so that a store may be looked at
// while it is served; of the newest batch a part may then be seen.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "store/journal_folder.h"
#include "store/journal_recovery.h"

namespace creel::store {

struct InspectOptions {
  bool is_quarantine = false;  // the rejected requests' journal
  bool with_bodies = false;    // heads and bodies too, as text with what is not printable escaped
  Sequence first = 0;          // records from this one on
  std::uint64_t limit = UINT64_MAX;
};

// Gives each record as one line of JSON, without a newline. Ends early when the callback says false. A
// damaged range is given as a line of its own, and what follows it is read on.
std::expected<void, OpenError> dump_journal(Disk& disk, const std::string& store_path,
                                            const InspectOptions& options,
                                            const std::function<bool(std::string_view line)>& line);

struct JournalCheck {
  std::uint64_t segments = 0, records = 0, bytes = 0;
  Sequence first = 0, last = 0;
  std::vector<Damage> damage;  // the first bad range first
};
// Reads everything and verifies every checksum and the order of the sequence.
std::expected<JournalCheck, OpenError> check_journal(Disk& disk, const std::string& store_path,
                                                     bool is_quarantine = false);

}  // namespace creel::store
