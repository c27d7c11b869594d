// Removes whole segments of the journal, strictly from the oldest, when they are too old or there are too
// many bytes.
//
// What still counts in a segment is first copied forward and synced: events that are pending or pinned, dead
// letters that are younger than the limit, dedupe keys inside their window, and which later events are
// duplicates of some in it. Then the index forgets its rows in slices and is made durable, and only then the
// file goes. A segment that is not wholly indexed, or more than half pending, is never removed; with nothing
// else to remove the store is full.
//
// Age is measured against the newest record's time, not the clock: a clock that leaps ahead must not make
// everything old at once. A leap of more than an hour counts only when an hour of running has confirmed it.
//
// Without a thread: the index thread calls step() between two transactions, and nothing it does takes long.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/log.h"
#include "core/threads.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/journal_committer.h"
#include "store/journal_reader.h"
#include "store/record.h"

namespace creel::store {

struct RetentionOptions {
  std::chrono::milliseconds age{0};  // 0: for ever
  std::uint64_t max_size = 0;        // 0: as much as there is
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;
  std::chrono::seconds dedupe_window_max{0};  // of keys that have outlived their events
  std::chrono::milliseconds interval = std::chrono::seconds(1);
};

class Retention {
 public:
  // What it asks of the journal's owner. Both answer later, from any thread.
  struct Writer {
    std::function<void(Forward)> forward;
    std::function<void(std::move_only_function<void(Journal&)>)> run;
  };
  struct Parts {
    const Journal& journal;
    const Clock& clock;
    Log& log;
    Writer writer;
    std::function<std::uint64_t()> other_bytes;    // of the store, beside journal and index
    std::function<std::vector<EventId>()> pinned;  // events that stay however old they are; null: none do
    std::function<void()> wake;  // an answer has come: step() has something to do. Any thread.
    RetentionOptions options;
  };
  explicit Retention(Parts parts);
  ~Retention();

  // Does the next piece of work, if there is any. Gives the time of the next one; nothing while it waits for
  // an answer or for the index. After an error it begins again from the start.
  // `feed` hears of dead deliveries that go (Index::forget); null: nobody does.
  std::expected<std::optional<Ticks>, IndexFailure> step(Index& index, DeliveryFeed* feed) ON_INDEX;
  // The index was closed.
  void reset();

  // Any thread.
  std::uint64_t segments_removed() const { return segments_removed_.load(std::memory_order_relaxed); }
  std::uint64_t events_copied() const { return events_copied_.load(std::memory_order_relaxed); }
  // What lack of room has shortened the windows of keys to; 0: nothing.
  std::chrono::seconds dedupe_window() const {
    return std::chrono::seconds(window_.load(std::memory_order_relaxed));
  }
  // Of index and the rest, without the journal, as last measured.
  std::uint64_t other_bytes() const { return other_bytes_.load(std::memory_order_relaxed); }

 private:
  enum class Phase { idle, scan, copy, settle, forget, remove };
  struct Answer;
  struct Sent {
    EventId id;
    std::vector<Time> changed;  // of its deliveries as they were copied
  };
  using Result = std::expected<std::optional<Ticks>, IndexFailure>;

  Result look(Index& index) ON_INDEX;
  Result scan(Index& index) ON_INDEX;
  Result copy(Index& index) ON_INDEX;
  Result settle(Index& index) ON_INDEX;
  Result forget(Index& index, DeliveryFeed* feed) ON_INDEX;
  Result remove();
  Time trusted_newest(Index& index);
  std::set<EventId> pinned() const;
  bool still_counts(const EventEntry& row) const;
  bool is_past_its_copy(Index& index, const EventEntry& row) ON_INDEX;
  void scan_event(Index& index, const JournalRecord& record, Sequence sequence,
                  const std::vector<std::uint16_t>* items) ON_INDEX;
  void keep_key(KeyHash hash, Time received, std::chrono::seconds window);
  bool encode(Index& index, Sequence original, Position position, std::string& into) ON_INDEX;
  void cap_keys(Index& index) ON_INDEX;
  std::shared_ptr<Answer> expect_answer();
  bool is_answered();

  Parts parts_;
  Phase phase_ = Phase::idle;
  std::optional<Ticks> next_look_;
  bool said_stuck_ = false;

  // Of the segment that goes.
  IndexedSegment segment_;
  std::uint64_t segment_bytes_ = 0;
  bool for_size_ = false;
  std::unique_ptr<JournalReader> reader_;
  std::uint64_t copied_bytes_ = 0;
  std::map<Sequence, Position> to_copy_;  // originals' sequences, and where they stand
  std::vector<KeptKey> keys_;
  std::vector<Sent> sent_;
  EventId dropped_upto_;  // duplicates of what is in it: those up to here are listed
  Sequence sent_upto_ = 0;
  std::set<EventId> pinned_;
  EventId forgotten_upto_;
  std::size_t forgotten_ = 0, forgotten_dead_ = 0;
  std::shared_ptr<Answer> answer_;

  // The newest time that is believed.
  Time newest_;
  std::optional<Time> trusted_;
  Ticks trusted_at_;
  std::optional<Ticks> doubted_since_;

  JournalLookup lookup_;
  KeyHasher hasher_;
  EventRecord event_;
  CopyRecord copied_, ahead_;
  std::vector<KeptKey> kept_;
  std::atomic<std::uint64_t> segments_removed_{0}, events_copied_{0}, other_bytes_{0};
  std::atomic<std::int64_t> window_{0};
};

}  // namespace creel::store
