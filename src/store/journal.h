// The journal: the truth of the embedded store, in append-only segments (docs/storage.md).
//
//   auto folder = StoreFolder::open(disk, "creel-data");
//   auto journal = Journal::open(*folder, {});
//   auto first = (*journal)->write(records, Room::ordinary);   // one pwritev
//   auto kept = (*journal)->sync();                            // one fdatasync; only now is anything
//   acknowledged
//
// It has no thread of its own and one owner, so that a simulation can step it. What other threads may call
// says so. What is written between two syncs is a batch: it lies in one segment, and nothing of the next one
// is written before the sync. Records are numbered 1, 2, 3 … without a gap; what an operator gave up with
// accept_damage is the one exception, and a record says so.
//
// Weather: the first failed sync is final (StoreError::failed), since nobody knows then what is on the disk;
// open again. A write that finds no room (StoreError::full) leaves nothing behind and may be tried again.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "store/disk.h"
#include "store/journal_folder.h"
#include "store/record.h"
#include "store/store.h"

namespace creel::store {

// Where a record stands.
struct Position {
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;
  auto operator<=>(const Position&) const = default;
};

// A place between records: where the next one stands or will stand, and its sequence.
struct JournalPlace {
  Position at;
  Sequence next = 1;
  auto operator<=>(const JournalPlace&) const = default;
};

// A record to be written. Its payload is the three parts one after the other; parts that touch in memory are
// written as one.
struct NewRecord {
  RecordKind kind = RecordKind::event;
  std::array<std::string_view, 3> parts;
  std::size_t payload_bytes() const { return parts[0].size() + parts[1].size() + parts[2].size(); }
};

// Which room a write may use.
enum class Room {
  ordinary,  // events: refused while the reserve is not whole
  reserved,  // outcomes, commands and copies: may use the reserve, so that a full store still drains
};

struct SegmentInfo {
  std::uint32_t number = 0;
  Sequence first = 0;       // of its first record
  std::uint64_t bytes = 0;  // on disk
  bool is_current = false;  // appended to
};

struct JournalOptions {
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;
  std::uint64_t slice_bytes = std::uint64_t{1} << 20;  // zero-filling ahead goes in such steps
  std::uint64_t batch_bytes_max = std::uint64_t{8} << 20;
  std::uint64_t reserve_bytes = std::uint64_t{64} << 20;
  std::uint64_t bytes_max = 0;  // of the whole store, reserve included; 0 for no limit
  // Off for the quarantine: sync() does nothing, there is no filling ahead and no reserve, and damage is put
  // aside on open.
  bool durable = true;
  // Gives up what is damaged (see accept_damage below).
  bool accept_damage = false;
};

// A record is at most this large, frame included.
constexpr std::uint64_t kRecordBytesMax = std::uint64_t{1} << 30;

class Journal {
 public:
  // Finds the end, cuts a torn tail and writes the last batch again, all synced before this returns.
  //
  // A bad record is a torn tail when nothing after it shows that its batch was ever synced. Else it is
  // damage: open changes nothing and names the range, unless `accept_damage` is set; then the damaged bytes
  // are moved into files beside the segments ("damaged-SEGMENT-OFFSET"), and a record of kind `lost` stands
  // in their place.
  static std::expected<std::unique_ptr<Journal>, OpenError> open(const StoreFolder& folder,
                                                                 JournalOptions options);
  // The same in a folder of its own inside the store's: the quarantine.
  static std::expected<std::unique_ptr<Journal>, OpenError> open(Disk& disk, const std::string& folder,
                                                                 const StoreIdentity& identity,
                                                                 JournalOptions options);
  ~Journal();
  Journal(const Journal&) = delete;

  // What the first record of each new segment holds (StateRecord); encodes into the empty text. Called inside
  // write(). Without one the state is empty.
  void set_state_source(std::function<void(std::string& payload)> source);
  // The payload of the last record of state that was there at open; "" without one.
  const std::string& recovered_state() const;

  // Writes the records behind what is there, without a sync. Gives the sequence of the first; the others
  // follow it. All of them or, with an error, none.
  //
  // At most batch_bytes_max together or one record. Opens a new segment when the current one has too little
  // room left, after a sync of its own if something is unsynced. Errors: full, failed, too_large.
  std::expected<Sequence, StoreError> write(std::span<const NewRecord> records, Room room);

  // Makes everything written durable and then visible to readers. Error: failed, for good.
  std::expected<void, StoreError> sync();
  bool has_unsynced() const;

  // Whether an event may be written now. While not, each call looks whether there is room again: ask now and
  // then.
  bool accepts_events();
  // The same without looking.
  bool has_room() const;
  bool has_failed() const;
  // One sentence when has_failed() or the last write found no room. For logs and status.
  std::string reason() const;

  // One step of zero-filling ahead: a slice of the current segment, then of the next one. True when there is
  // more to do. From any one thread beside the owner's; the owner waits for a step under way when it needs
  // its result.
  bool prepare();

  // Whether prepare() has something to do. Any thread, cheap.
  bool wants_preparation() const;

  // Removes the oldest segment and syncs the folder. Never the current one. Readers that have it open go on
  // reading.
  std::expected<void, StoreError> remove_oldest();

  // The rest of the store's bytes, which bytes_max covers too. Any thread.
  void set_other_bytes(std::uint64_t bytes);
  // What the journal's files hold, the reserve included. Any thread.
  std::uint64_t bytes() const;

  // Any thread, each of these:
  JournalPlace written() const;
  JournalPlace synced() const;                // what readers may see; the same as written() when not durable
  JournalPlace oldest() const;                // the first record there is
  std::vector<SegmentInfo> segments() const;  // oldest first

  std::uint64_t batch_bytes_max() const;
  Disk& disk() const;
  const std::string& folder() const;
  const StoreIdentity& identity() const;

  struct Impl;

 private:
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel::store
