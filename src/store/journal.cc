#include "store/journal.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <mutex>
#include <optional>

#include "store/journal_batch.h"
#include "store/journal_recovery.h"
#include "store/segment.h"
#include "store/segment_filler.h"

namespace creel::store {

struct Journal::Impl {
  Impl(Disk& the_disk, const std::string& the_folder, const StoreIdentity& the_identity,
       JournalOptions the_options)
      : disk(the_disk),
        folder(the_folder),
        identity(the_identity),
        options(the_options),
        codec(identity),
        filler(disk, folder, options) {}

  void take_over(RecoveredJournal recovered);
  std::expected<void, StoreError> make_room(std::uint64_t bytes, Room room);
  std::expected<void, StoreError> open_next(Room room);
  std::expected<Sequence, StoreError> put(std::span<const NewRecord> records, std::uint64_t bytes, Room room);
  bool wipe();
  std::expected<void, StoreError> sync();
  bool probe_room();
  std::unexpected<StoreError> refuse(const std::string& what, DiskError error);
  std::unexpected<StoreError> fail(const std::string& what, DiskError error);
  void publish(bool is_synced);
  std::uint64_t header_bytes() const;

  Disk& disk;
  const std::string folder;
  const StoreIdentity identity;
  const JournalOptions options;
  FrameCodec codec;
  SegmentFiller filler;
  BatchWriter writer;
  std::function<void(std::string&)> state_source;
  std::string recovered_state;

  // The owner's.
  std::shared_ptr<File> file;
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;  // where the next record goes
  Sequence next = 1;
  Sequence batch = 1;  // the number of the batch that is being written
  bool unsynced = false;
  std::uint64_t dirty_to = 0;  // bytes from `offset` to here were written in vain and have to be wiped
  std::uint64_t missing = 0;   // what the last refused write needed
  bool is_full = false;
  std::string state;

  mutable std::mutex mutex;  // guards what follows
  JournalPlace written, synced;
  std::vector<SegmentInfo> segments;
  std::string reason;
  bool has_failed = false;
  bool is_fresh =
      false;  // written by the owner alone: the segment has no header yet, it goes with its first records
};

void Journal::Impl::publish(bool is_synced) {
  const std::lock_guard lock(mutex);
  // A fresh segment shows with its first record.
  if (!is_fresh && segment != 0) written = {{segment, static_cast<std::uint32_t>(offset)}, next};
  if (is_synced || !options.durable) synced = written;
}

std::unexpected<StoreError> Journal::Impl::refuse(const std::string& what, DiskError error) {
  is_full = true;
  const std::lock_guard lock(mutex);
  reason = what + ": " + describe(error);
  return std::unexpected(StoreError::full);
}

std::unexpected<StoreError> Journal::Impl::fail(const std::string& what, DiskError error) {
  const std::lock_guard lock(mutex);
  has_failed = true;
  reason = what + ": " + describe(error) + "; nothing more is written until a restart";
  return std::unexpected(StoreError::failed);
}

void Journal::Impl::take_over(RecoveredJournal recovered) {
  written = synced = {{1, kSegmentHeaderBytes}, 1};
  if (!recovered.segments.empty()) {
    segments = std::move(recovered.segments);
    recovered_state = std::move(recovered.state);
    file = recovered.current;
    segment = recovered.end.at.segment;
    offset = recovered.end.at.offset;
    next = batch = recovered.end.next;
    written = synced = recovered.end;
    for (const SegmentInfo& info : segments) {
      if (!info.is_current) filler.add_closed(info.bytes);
    }
    filler.set_current(file, segment, offset, segments.back().bytes);
  }
  if (options.durable && options.reserve_bytes > 0 && !filler.restore_reserve()) {
    static_cast<void>(refuse("the reserve", DiskError{ENOSPC}));
  }
}

// Overwrites what a write left behind that did not succeed, so that no piece of it can ever pass for a
// record.
bool Journal::Impl::wipe() {
  if (dirty_to <= offset) return true;
  const std::uint64_t from = is_fresh ? 0 : offset;
  if (const auto wiped = write_zeros(*file, from, dirty_to); !wiped) {
    static_cast<void>(refuse("wiping a write that failed", wiped.error()));
    return false;
  }
  if (options.durable) {
    if (const auto done = file->sync(); !done) {
      static_cast<void>(fail("a sync failed", done.error()));
      return false;
    }
    batch = next;
    unsynced = false;
    publish(true);
  }
  dirty_to = 0;
  return true;
}

std::uint64_t Journal::Impl::header_bytes() const {
  return is_fresh ? kSegmentHeaderBytes + record_bytes(state.size()) : 0;
}

std::expected<void, StoreError> Journal::Impl::open_next(Room room) {
  if (unsynced) {
    if (const auto done = sync(); !done) return done;
  }
  const std::uint64_t closed_bytes = filler.current_bytes();
  auto advanced = filler.advance(room);
  if (!advanced) return refuse("a new segment", advanced.error());
  file = *std::move(advanced);
  segment += 1;
  offset = kSegmentHeaderBytes;
  dirty_to = 0;
  const std::lock_guard lock(mutex);
  if (!segments.empty()) segments.back().bytes = closed_bytes;
  is_fresh = true;
  return {};
}

// Sees to it that `bytes` of records fit behind the end.
std::expected<void, StoreError> Journal::Impl::make_room(std::uint64_t bytes, Room room) {
  if (is_fresh || segment == 0 || offset + bytes > std::max(options.segment_bytes, filler.current_bytes())) {
    state.clear();
    if (state_source) state_source(state);
    if (state.empty()) encode_state({}, state);
    if (!is_fresh) {
      if (const auto opened = open_next(room); !opened) return opened;
    }
  }
  const std::uint64_t to = (is_fresh ? header_bytes() : offset) + bytes;
  if (const auto filled = filler.ensure(to, room); !filled) {
    missing = bytes;
    return refuse("room for the next records", filled.error());
  }
  return {};
}

std::expected<Sequence, StoreError> Journal::Impl::put(std::span<const NewRecord> records,
                                                       std::uint64_t bytes, Room room) {
  if (const auto room_made = make_room(bytes, room); !room_made) return std::unexpected(room_made.error());
  writer.begin(records, kSegmentHeaderBytes + kFrameBytes + kRecordAlignment + state.size() + 1);
  Frame frame{.segment = segment, .sequence = next, .batch = batch};
  std::uint64_t at = offset;
  if (is_fresh) {
    const auto header = encode_header({kSegmentVersion, segment, next, identity});
    writer.add_bytes({header.data(), header.size()});
    writer.add_record(codec, frame, {RecordKind::state, {state, {}, {}}});
    frame.sequence += 1;
    at = 0;
  }
  const Sequence first = frame.sequence;
  for (const NewRecord& record : records) {
    writer.add_record(codec, frame, record);
    frame.sequence += 1;
  }
  if (const auto written_all = write_full(*file, at, writer.parts()); !written_all) {
    dirty_to = at + writer.bytes();
    missing = bytes;
    return refuse("writing to the journal", written_all.error());
  }
  offset = at + writer.bytes();
  next = frame.sequence;
  unsynced = true;
  if (is_fresh) {
    const std::lock_guard lock(mutex);
    is_fresh = false;
    if (!segments.empty()) segments.back().is_current = false;
    segments.push_back({segment, first - 1, 0, true});
  }
  filler.set_used(offset);
  publish(false);
  return first;
}

std::expected<void, StoreError> Journal::Impl::sync() {
  if (options.durable) {
    if (const auto done = file->sync(); !done) return fail("a sync failed", done.error());
  }
  unsynced = false;
  batch = next;
  publish(true);
  return {};
}

// Is there room again? Looks at what was missing when a write was last refused.
bool Journal::Impl::probe_room() {
  if (!wipe()) return false;
  if (options.durable && options.reserve_bytes > 0 && !filler.restore_reserve()) {
    static_cast<void>(refuse("the reserve", DiskError{ENOSPC}));
    return false;
  }
  if (missing > 0 && segment != 0 && !make_room(missing, Room::ordinary)) return false;
  missing = 0;
  is_full = false;
  const std::lock_guard lock(mutex);
  reason.clear();
  return true;
}

std::expected<std::unique_ptr<Journal>, OpenError> Journal::open(const StoreFolder& folder,
                                                                 JournalOptions options) {
  return open(folder.disk(), folder.journal_path(), folder.identity(), options);
}

std::expected<std::unique_ptr<Journal>, OpenError> Journal::open(Disk& disk, const std::string& folder,
                                                                 const StoreIdentity& identity,
                                                                 JournalOptions options) {
  assert(options.segment_bytes <= kRecordBytesMax && options.slice_bytes > 0);
  auto recovered = recover_journal(disk, folder, identity, options);
  if (!recovered) return std::unexpected(recovered.error());
  auto impl = std::make_unique<Impl>(disk, folder, identity, options);
  impl->take_over(*std::move(recovered));
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

const std::string& Journal::recovered_state() const {
  return impl_->recovered_state;
}

void Journal::set_state_source(std::function<void(std::string&)> source) {
  impl_->state_source = std::move(source);
}

std::expected<Sequence, StoreError> Journal::write(std::span<const NewRecord> records, Room room) {
  Impl& self = *impl_;
  if (has_failed()) return std::unexpected(StoreError::failed);
  std::uint64_t bytes = 0;
  for (const NewRecord& record : records) {
    if (record.payload_bytes() > kRecordBytesMax - kFrameBytes - kRecordAlignment) {
      return std::unexpected(StoreError::too_large);
    }
    bytes += record_bytes(record.payload_bytes());
  }
  assert(!records.empty() && (records.size() == 1 || bytes <= self.options.batch_bytes_max));
  if (!self.wipe()) return std::unexpected(has_failed() ? StoreError::failed : StoreError::full);
  if (room == Room::ordinary && !accepts_events()) {
    return std::unexpected(has_failed() ? StoreError::failed : StoreError::full);
  }
  return self.put(records, bytes, room);
}

std::expected<void, StoreError> Journal::sync() {
  if (has_failed()) return std::unexpected(StoreError::failed);
  if (!impl_->unsynced) return {};
  return impl_->sync();
}

bool Journal::has_unsynced() const {
  return impl_->unsynced;
}

bool Journal::accepts_events() {
  if (has_failed()) return false;
  return has_room() || impl_->probe_room();
}

bool Journal::has_room() const {
  return !impl_->is_full && !impl_->filler.is_reserve_short();
}

bool Journal::has_failed() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->has_failed;
}

std::string Journal::reason() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->reason;
}

bool Journal::prepare() {
  return impl_->filler.step();
}
bool Journal::wants_preparation() const {
  return impl_->filler.wants_step();
}

std::expected<void, StoreError> Journal::remove_oldest() {
  Impl& self = *impl_;
  SegmentInfo oldest;
  {
    const std::lock_guard lock(self.mutex);
    if (self.segments.empty() || self.segments.front().is_current)
      return std::unexpected(StoreError::not_found);
    oldest = self.segments.front();
  }
  const auto removed = self.disk.remove(self.folder + "/" + segment_name(oldest.number));
  if (!removed && removed.error().code != ENOENT) {
    const std::lock_guard lock(self.mutex);
    self.reason = "removing a segment: " + describe(removed.error());
    return std::unexpected(StoreError::full);
  }
  {
    const std::lock_guard lock(self.mutex);
    self.segments.erase(self.segments.begin());
  }
  self.filler.remove_closed(oldest.bytes);
  // If this fails the segment may come back with a power cut, as the oldest one still. It is removed again
  // then.
  if (self.options.durable) static_cast<void>(self.disk.sync_folder(self.folder));
  return {};
}

void Journal::set_other_bytes(std::uint64_t bytes) {
  impl_->filler.set_other_bytes(bytes);
}
std::uint64_t Journal::bytes() const {
  return impl_->filler.bytes();
}

JournalPlace Journal::written() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->written;
}

JournalPlace Journal::synced() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->synced;
}

JournalPlace Journal::oldest() const {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->segments.empty()) return {{1, kSegmentHeaderBytes}, 1};
  const SegmentInfo& first = impl_->segments.front();
  return {{first.number, kSegmentHeaderBytes}, first.first};
}

std::vector<SegmentInfo> Journal::segments() const {
  const std::uint64_t current_bytes = impl_->filler.current_bytes();
  const std::lock_guard lock(impl_->mutex);
  auto segments = impl_->segments;
  if (!segments.empty() && !impl_->is_fresh) segments.back().bytes = current_bytes;
  return segments;
}

std::uint64_t Journal::batch_bytes_max() const {
  return impl_->options.batch_bytes_max;
}
Disk& Journal::disk() const {
  return impl_->disk;
}
const std::string& Journal::folder() const {
  return impl_->folder;
}
const StoreIdentity& Journal::identity() const {
  return impl_->identity;
}

}  // namespace creel::store
