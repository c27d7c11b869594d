// The index: what of the journal is searched and scheduled from, as tables of SQLite and sorted runs of
// hashes.
//
//   auto index = Index::open(journal, log, {.folder = "creel-data/index"});
//   while ((*index)->step(&feed)->more) {}
//
// A view of the journal and nothing else: it tails it from the place stored in the same transaction as the
// rows it made of it, and the same journal always makes the same rows, whatever the clock and the
// configuration say. So a crash needs no recovery, and an index that is lost, corrupt or ahead of the journal
// is removed and made anew.
//
// It has no thread of its own and one owner, so that a simulation can step it. After any error the object is
// of no more use: destroy it, and open it again (weather) or remove it first (broken).
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "core/threads.h"
#include "store/index_row.h"
#include "store/journal.h"
#include "store/recent_keys.h"
#include "store/store.h"

namespace creel::store {

class Runs;

enum class IndexError {
  weather,  // the disk is full or says no; open it again later
  broken,   // corrupt, ahead of the journal, or with a gap: remove it and open it again
  newer,    // written by a newer creel
};
struct IndexFailure {
  IndexError error = IndexError::weather;
  std::string message;  // one sentence for the log
};

struct IndexOptions {
  std::string folder;
  std::size_t records_max = 4096;                        // of one transaction
  std::size_t bytes_max = std::size_t{4} << 20;          // of the same; one record at least
  std::size_t keys_in_memory = std::size_t{1} << 15;     // then they become a run
  std::size_t merge_ratio = 12;                          // entries merged for each one that came
  std::uint64_t wal_bytes_max = std::uint64_t{4} << 20;  // then the pages go into the database
};

// What a segment of the journal holds, as far as it is indexed.
struct IndexedSegment {
  std::uint32_t number = 0;
  Sequence first = 0, last = 0;
  Time newest;                   // the latest time in it: of receipt, or of a change
  std::vector<SecretUses> uses;  // a few: sources are, and secrets of one
};

class Index {
 public:
  static std::expected<std::unique_ptr<Index>, IndexFailure> open(const Journal& journal, Log& log,
                                                                  IndexOptions options);
  // Removes all files of an index. It is made anew by opening it.
  static void remove(Disk& disk, const std::string& folder);
  // Makes the index of the whole journal beside the old one, which may be missing or broken, and puts it in
  // its place. For a store that is not being served.
  static std::expected<void, IndexFailure> rebuild(const Journal& journal, Log& log, IndexOptions options);
  ~Index();

  struct Step {
    std::size_t records = 0;
    bool more = false;  // the journal has more, or there is upkeep to do
  };
  // One transaction: the next records of the journal and the place behind them. Then tells the feed (which
  // may be null) and does a slice of upkeep. Nothing happens at the journal's end when there is no upkeep.
  std::expected<Step, IndexFailure> step(DeliveryFeed* feed) ON_INDEX;

  // Where it stands: everything before is in it.
  JournalPlace place() const;
  Time newest() const;  // the latest time of receipt

  // Makes everything so far durable: a power cut finds it. Waits for no reader, so the WAL may stay as long
  // as it is.
  std::expected<void, IndexFailure> make_durable() ON_INDEX;
  // What make_durable() has last covered.
  JournalPlace durable() const;

  // --- For retention ---
  std::vector<IndexedSegment> segments() ON_INDEX;
  // An event's row, with numbers for names; and what such a number means.
  std::optional<EventEntry> row(EventId id) ON_INDEX;
  std::string_view name(std::uint32_t number) ON_INDEX;
  // Writes the hashes in memory into runs, when there are any of records before `sequence`: what the journal
  // loses must not be needed at the next open.
  std::expected<void, IndexFailure> flush_keys(Sequence sequence) ON_INDEX;
  // Removes the rows of the next `limit` events of a segment from `after` on, and with the last of them
  // whatever else came out of it. What has become pending again stays and is named: it has to be copied
  // first. The feed (which may be null) hears of dead deliveries that go, as cancelled: a key that one of
  // them has parked waits for nobody any more.
  struct Forgotten {
    std::optional<EventId> after;  // where to go on; nothing at the end
    std::vector<EventId> pending;
    std::size_t events = 0, dead = 0;
  };
  std::expected<Forgotten, IndexFailure> forget(const IndexedSegment& segment, EventId after,
                                                std::size_t limit, DeliveryFeed* feed) ON_INDEX;
  // What was dropped behind a segment as a duplicate of something in it, from `after` on.
  std::vector<EventId> dropped(const IndexedSegment& segment, EventId after) ON_INDEX;
  // Closes a segment of which all events are forgotten: no record of it counts any more.
  std::expected<void, IndexFailure> close(const IndexedSegment& segment) ON_INDEX;
  Sequence floor() const;  // records before it do not count
  std::uint64_t kept_keys() ON_INDEX;

  // --- For comparison and search ---
  // Every row as a line of text, in an order that depends on the journal alone.
  void dump_rows(const std::function<void(std::string_view)>& line) ON_INDEX;
  // The newest dedupe keys of the index, oldest first.
  void recent_keys(std::size_t limit, const std::function<void(KeyHash, Time)>& key) ON_INDEX;
  // Hashes of keys, and of provider ids and subjects. Their find_shared() may be called from any thread.
  std::shared_ptr<const Runs> keys() const;
  std::shared_ptr<const Runs> names() const;
  std::uint64_t bytes() const;       // on disk
  std::uint64_t duplicates() const;  // that reached the journal
  std::uint64_t conflicts() const;   // of those, that brought other bytes than their original

  struct Impl;

 private:
  explicit Index(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The hashes under which an event is found by its provider's id and by its subject.
KeyHash provider_id_hash(KeyHasher& hasher, std::string_view id);
KeyHash subject_hash(KeyHasher& hasher, std::string_view subject);

}  // namespace creel::store
