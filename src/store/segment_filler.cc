#include "store/segment_filler.h"

#include <algorithm>
#include <cerrno>

#include "store/segment.h"

namespace creel::store {
namespace {

// Filling keeps this many slices, and as much again as is used, ahead of the end: a young store stays small.
constexpr std::uint64_t kSlicesAhead = 4;

bool is_want_of_room(DiskError error) {
  return error.code == ENOSPC || error.code == EDQUOT;
}

}  // namespace

SegmentFiller::SegmentFiller(Disk& disk, std::string folder, const JournalOptions& options)
    : disk_(disk), folder_(std::move(folder)), options_(options) {}

void SegmentFiller::set_current(std::shared_ptr<File> file, std::uint32_t number, std::uint64_t used,
                                std::uint64_t filled) {
  const std::lock_guard lock(mutex_);
  current_ = {std::move(file), nullptr, number, filled};
  current_filled_ = filled;
  used_ = used;
}

void SegmentFiller::add_closed(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  closed_bytes_ += bytes;
}

void SegmentFiller::remove_closed(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  closed_bytes_ -= std::min(closed_bytes_, bytes);
}

std::uint64_t SegmentFiller::bytes_locked() const {
  return closed_bytes_ + current_.filled + next_.filled + reserve_bytes_;
}

std::uint64_t SegmentFiller::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_locked();
}

std::uint64_t SegmentFiller::current_bytes() const {
  const std::lock_guard lock(mutex_);
  return current_.filled;
}

// How far the current segment shall be filled now.
std::uint64_t SegmentFiller::goal() const {
  return std::min(options_.segment_bytes,
                  2 * used_.load(std::memory_order_relaxed) + kSlicesAhead * options_.slice_bytes);
}

// How much of the next segment is filled before its turn comes; the rest follows as it is used.
std::uint64_t SegmentFiller::start_bytes() const {
  return std::min(options_.segment_bytes, kSlicesAhead * options_.slice_bytes);
}

DiskResult<SegmentFiller::Target> SegmentFiller::make(std::uint32_t number) {
  const std::string path = folder_ + "/" + segment_name(number);
  auto file = disk_.open(path, OpenMode::create);
  if (!file && file.error().code == EEXIST) {
    // Left by an attempt that failed half-way. A segment is always a fresh file.
    if (const auto removed = disk_.remove(path); !removed) return std::unexpected(removed.error());
    file = disk_.open(path, OpenMode::create);
  }
  if (!file) return std::unexpected(file.error());
  if (options_.durable) {
    if (const auto synced = disk_.sync_folder(folder_); !synced) return std::unexpected(synced.error());
  }
  return Target{*std::move(file), nullptr, number, 0};
}

DiskResult<void> SegmentFiller::shrink_reserve(std::uint64_t bytes) {
  if (!reserve_ || reserve_bytes_ == 0) return std::unexpected(DiskError{ENOSPC});
  const std::uint64_t left = reserve_bytes_ - std::min(reserve_bytes_, bytes);
  const auto resized = reserve_->resize(left);
  if (resized) reserve_bytes_ = left;
  is_reserve_short_ = true;
  return resized;
}

// Room under bytes_max for so much more. The reserve counts as used, until it is given up.
DiskResult<void> SegmentFiller::take_room(std::uint64_t bytes, Room room) {
  if (options_.bytes_max == 0) return {};
  const std::uint64_t needed = bytes_locked() + other_bytes_.load(std::memory_order_relaxed) + bytes;
  if (needed <= options_.bytes_max) return {};
  const std::uint64_t missing = needed - options_.bytes_max;
  if (room == Room::ordinary || missing > reserve_bytes_) return std::unexpected(DiskError{ENOSPC});
  return shrink_reserve(missing);
}

DiskResult<void> SegmentFiller::fill_slice(File& file, Target& target, std::uint64_t to, Room room) {
  const std::uint64_t slice = std::min(options_.slice_bytes, to - target.filled);
  if (const auto taken = take_room(slice, room); !taken) return taken;
  auto written = write_zeros(file, target.filled, target.filled + slice);
  while (!written && is_want_of_room(written.error()) && room == Room::reserved) {
    if (!shrink_reserve(slice)) return written;
    written = write_zeros(file, target.filled, target.filled + slice);
  }
  if (written) target.filled += slice;
  return written;
}

// Filling ahead pays for its own sync; filling just in time leaves it to the batch's.
DiskResult<void> SegmentFiller::fill_ahead(Target& target) {
  if (!target.ahead) {
    auto file = disk_.open(folder_ + "/" + segment_name(target.number), OpenMode::read_write);
    if (!file) return std::unexpected(file.error());
    target.ahead = *std::move(file);
  }
  const auto filled = fill_slice(*target.ahead, target, options_.segment_bytes, Room::ordinary);
  if (!filled) return filled;
  return target.ahead->sync();
}

DiskResult<void> SegmentFiller::ensure(std::uint64_t bytes, Room room) {
  if (bytes <= current_filled_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock(mutex_);
  if (bytes <= current_.filled) return {};
  const std::uint64_t slices =
      (bytes + options_.slice_bytes - 1) / options_.slice_bytes * options_.slice_bytes;
  const std::uint64_t to = std::max(bytes, std::min(slices, options_.segment_bytes));
  DiskResult<void> filled;
  while (filled && current_.filled < to)
    filled = fill_slice(*current_.file, current_, to, room);
  current_filled_ = current_.filled;
  return filled;
}

DiskResult<std::shared_ptr<File>> SegmentFiller::advance(Room room) {
  const std::lock_guard lock(mutex_);
  if (!next_.file) {
    if (const auto taken = take_room(options_.slice_bytes, room); !taken)
      return std::unexpected(taken.error());
    auto made = make(current_.number + 1);
    // A file needs an entry in its folder: that, too, may take the reserve's room.
    while (!made && is_want_of_room(made.error()) && room == Room::reserved) {
      if (!shrink_reserve(options_.slice_bytes)) break;
      made = make(current_.number + 1);
    }
    if (!made) return std::unexpected(made.error());
    next_ = *std::move(made);
  }
  closed_bytes_ += current_.filled;
  current_ = std::exchange(next_, {});
  current_filled_ = current_.filled;
  used_ = 0;
  has_next_ = false;
  is_stuck_ = false;
  return current_.file;
}

bool SegmentFiller::restore_reserve() {
  const std::lock_guard lock(mutex_);
  is_stuck_ = false;
  if (!reserve_) {
    const std::string path = folder_ + "/reserve";
    auto file = disk_.open(path, OpenMode::read_write);
    if (!file && file.error().code == ENOENT) file = disk_.open(path, OpenMode::create);
    if (!file) return false;
    const auto size = (*file)->size();
    if (!size) return false;
    reserve_ = *std::move(file);
    reserve_bytes_ = *size;
  }
  if (reserve_bytes_ >= options_.reserve_bytes) {
    is_reserve_short_ = false;
    return true;
  }
  if (!take_room(options_.reserve_bytes - reserve_bytes_, Room::ordinary)) return false;
  if (!reserve_->allocate(options_.reserve_bytes)) {
    // Part of it may have been had, and would be in the way of what needs it.
    static_cast<void>(reserve_->resize(reserve_bytes_));
    return false;
  }
  reserve_bytes_ = options_.reserve_bytes;
  is_reserve_short_ = false;
  return true;
}

bool SegmentFiller::wants_step() const {
  if (!options_.durable || is_stuck_.load(std::memory_order_relaxed)) return false;
  const auto filled = current_filled_.load(std::memory_order_relaxed);
  if (filled == 0) return false;
  if (filled < goal()) return true;
  const bool ends_soon = used_.load(std::memory_order_relaxed) >= options_.segment_bytes / 4 * 3;
  return ends_soon && !has_next_.load(std::memory_order_relaxed);
}

bool SegmentFiller::step() {
  if (!wants_step()) return false;
  const std::lock_guard lock(mutex_);
  DiskResult<void> done;
  if (current_.filled < goal()) {
    done = fill_ahead(current_);
    current_filled_ = current_.filled;
  } else {
    if (!next_.file) {
      auto made = make(current_.number + 1);
      if (made) {
        next_ = *std::move(made);
      } else {
        done = std::unexpected(made.error());
      }
    }
    if (done) done = fill_ahead(next_);
    has_next_ = done && next_.filled >= start_bytes();
  }
  // Without room the owner finds out when it needs some; trying again at once would only burn the disk.
  is_stuck_ = !done;
  return wants_step();
}

}  // namespace creel::store
