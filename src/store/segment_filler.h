// Room to write: zero-fills the current segment and the next one ahead of use, and keeps the reserve.
//
// A sync of bytes that overwrite zeros on the disk writes no metadata and is twice as fast as one of a file
// that grows. step() is called by a helper thread, the rest by the journal's owner; a mutex keeps them apart,
// so that nothing is ever zeroed that was written.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "store/disk.h"
#include "store/journal.h"

namespace creel::store {

class SegmentFiller {
 public:
  SegmentFiller(Disk& disk, std::string folder, const JournalOptions& options);

  // The segment that is appended to from now on, its file being zeros from `used` to `filled`. No owner's
  // writes before.
  void set_current(std::shared_ptr<File> file, std::uint32_t number, std::uint64_t used,
                   std::uint64_t filled);
  // How far the current segment is used: filling ahead follows.
  void set_used(std::uint64_t used) { used_.store(used, std::memory_order_relaxed); }
  // What the files that are no longer written to hold: at open, and when one of them goes.
  void add_closed(std::uint64_t bytes);
  void remove_closed(std::uint64_t bytes);
  void set_other_bytes(std::uint64_t bytes) { other_bytes_.store(bytes, std::memory_order_relaxed); }

  // Makes the current segment at least `bytes` long. With Room::reserved the reserve gives what is missing.
  DiskResult<void> ensure(std::uint64_t bytes, Room room);
  // Makes the segment after the current one the current one; prepared ahead or made now. Its folder entry is
  // synced.
  DiskResult<std::shared_ptr<File>> advance(Room room);

  // Fills the reserve again. False while there is no room for all of it.
  bool restore_reserve();
  // Whether some of the reserve was given up and not had back.
  bool is_reserve_short() const { return is_reserve_short_.load(std::memory_order_relaxed); }
  // One slice of filling ahead. True when there is more to do.
  bool step();
  // Whether step() has something to do. Cheap, any thread.
  bool wants_step() const;

  std::uint64_t bytes() const;
  std::uint64_t current_bytes() const;

 private:
  // The kernel tells an error of writing back to each open file once. The helper therefore syncs through a
  // file of its own: through the owner's it would take the error that the owner's next sync has to see.
  struct Target {
    std::shared_ptr<File> file;
    std::unique_ptr<File> ahead;
    std::uint32_t number = 0;
    std::uint64_t filled = 0;
  };
  std::uint64_t goal() const;
  std::uint64_t start_bytes() const;
  std::uint64_t bytes_locked() const;
  DiskResult<Target> make(std::uint32_t number);
  DiskResult<void> fill_slice(File& file, Target& target, std::uint64_t to, Room room);
  DiskResult<void> fill_ahead(Target& target);
  DiskResult<void> take_room(std::uint64_t bytes, Room room);
  DiskResult<void> shrink_reserve(std::uint64_t bytes);

  Disk& disk_;
  const std::string folder_;
  const JournalOptions options_;
  std::atomic<std::uint64_t> used_{0}, other_bytes_{0};
  std::atomic<std::uint64_t> current_filled_{0};
  std::atomic<bool> has_next_{false}, is_stuck_{false}, is_reserve_short_{false};

  mutable std::mutex mutex_;  // guards what follows
  Target current_, next_;
  std::uint64_t closed_bytes_ = 0;
  std::unique_ptr<File> reserve_;
  std::uint64_t reserve_bytes_ = 0;
};

}  // namespace creel::store
