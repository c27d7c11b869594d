// Opening what a crash left: where the journal ends, what is only a torn tail, and what is damage.
//
// A record that is bad is a torn tail when its batch was never synced: nothing was acknowledged of it. The
// proof to the contrary is any good record of a later batch, since nothing of a later batch is written before
// the sync of the one before, or a later segment, since a new segment begins a new batch. Then acknowledged
// events are lost: that is damage, and it is the operator's to accept.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/journal.h"
#include "store/segment.h"

namespace creel::store {

// A range of a segment that holds no readable record where there was one.
struct Damage {
  std::uint32_t segment = 0;
  std::uint64_t from = 0, to = 0;
  Sequence lost = 0;  // the first sequence that is missing
  Sequence next = 0;  // and the one that the journal goes on with
};
std::string describe(const Damage& damage);

// What a walk over one segment found.
struct SegmentScan {
  std::vector<Damage> damage;
  std::uint64_t end = kSegmentHeaderBytes;           // behind the last good record
  Sequence next = 1;                                 // the sequence after it
  std::uint64_t batch_offset = kSegmentHeaderBytes;  // where its batch begins
  // The payload of the last record of operator state, and the entries that were changed behind it ("" for one
  // that was removed).
  std::string state;
  std::map<std::string, std::string, std::less<>> changes;
};

// Walks over a segment whose first record has the sequence `first`. `next_first` is the first sequence of the
// segment after it, or 0 in the last one, where a torn tail may be.
DiskResult<SegmentScan> scan_segment(SegmentWindow& window, const FrameCodec& codec, std::uint32_t segment,
                                     Sequence first, Sequence next_first);

// Where a journal goes on being written.
struct RecoveredJournal {
  std::vector<SegmentInfo> segments;  // the last one is current
  std::shared_ptr<File> current;
  JournalPlace end;
  std::string state;  // the payload of a record of all operator state
};
// Does all that Journal::open promises. An empty folder gives no segments.
std::expected<RecoveredJournal, OpenError> recover_journal(Disk& disk, const std::string& folder,
                                                           const StoreIdentity& identity,
                                                           const JournalOptions& options);

}  // namespace creel::store
