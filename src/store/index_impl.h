// The inside of an Index, for index.cc (open, step, upkeep), index_apply.cc (what a record means) and
// index_dump.cc.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/index.h"
#include "store/index_batch.h"
#include "store/index_names.h"
#include "store/index_sql.h"
#include "store/journal_reader.h"
#include "store/record.h"
#include "store/runs.h"

namespace creel::store {

struct Index::Impl {
  Impl(const Journal& journal_, Log& log_, IndexOptions options_);

  // --- index.cc ---
  std::expected<void, IndexFailure> open();
  std::expected<void, IndexFailure> load();
  std::expected<void, IndexFailure> reload_keys();
  std::expected<void, IndexFailure> foresee();
  std::expected<Step, IndexFailure> step(DeliveryFeed* feed) ON_INDEX;
  std::expected<bool, IndexFailure> upkeep(std::size_t records);
  std::expected<bool, IndexFailure> merge(std::size_t records);
  std::expected<void, IndexFailure> flush_keys();
  void list(int kind, const RunsChange& change);
  std::expected<void, IndexFailure> checkpoint(bool until_durable);
  void store_progress();
  IndexFailure failure();
  IndexFailure failure(RunError error);
  IndexFailure failure(ReadError error);

  // --- index_apply.cc ---
  // Each makes of a record what it means. False: its payload is none.
  bool apply(const JournalRecord& record);
  bool apply_event(const JournalRecord& record, std::string_view payload);
  bool apply_outcomes(const JournalRecord& record);
  void apply_outcome(const JournalRecord& record);
  bool apply_command(const JournalRecord& record);
  bool apply_copy(const JournalRecord& record, std::string_view payload);
  bool apply_keys(const JournalRecord& record);
  bool apply_state(const JournalRecord& record);
  bool apply_change(const JournalRecord& record);
  void apply_order(const JournalRecord& record, const Orders& orders, const DeliveryId& id);
  void retry(const EventEntry& row, DeliveryEntry& delivery, Time at);
  void cancel(DeliveryEntry& delivery);
  void replay(const JournalRecord& record, EventEntry& row, std::string_view destination, Time at);
  EventEntry& add_row(const JournalRecord& record, EventId id, std::uint16_t item);
  void add_deliveries(EventEntry& row, std::uint16_t item, Sequence sequence);
  void add_hashes(std::uint64_t place, std::uint16_t item);
  void merge_copy(EventEntry& event, std::uint16_t item);
  bool is_duplicate(EventId id, KeyHash hash, std::uint16_t item);
  bool drop(EventId id, std::uint64_t original);
  void check_conflict(EventId original, std::uint16_t item);
  std::optional<Time> received_at(std::uint64_t place, EventId& event);
  void note_time(const JournalRecord& record, Time time);
  void note_use(const JournalRecord& record, std::uint64_t new_events);

  const Journal& journal;
  Log& log;
  IndexOptions options;
  Database database;

  std::unique_ptr<Names> texts;
  std::unique_ptr<IndexBatch> batch;
  std::shared_ptr<Runs> keys, names;  // shared with readers, which only look into them
  std::unique_ptr<JournalReader> reader;
  JournalLookup lookup;
  KeyHasher hasher;

  struct Statements {
    explicit Statements(Database& database);
    Statement begin, commit, progress, state_clear, state_add, state_drop, kept_add, kept_find, copy_add,
        copy_find, dropped_add;
    Statement run_add, run_drop, segment_save;
  };
  std::unique_ptr<Statements> sql;

  // As stored in `progress`.
  JournalPlace place;  // behind the last record that is in the index
  Time newest;
  Sequence floor = 1;
  std::int64_t events = 0, duplicates = 0, conflicts = 0;
  JournalPlace flushed;  // the hashes of all records before are in runs

  JournalPlace durable;
  int wal_pages = 0;  // as of the last commit
  std::map<std::uint32_t, IndexedSegment> segments;
  std::vector<std::uint32_t> segments_changed;
  std::string uses_blob;

  // Events that are duplicates of what the journal has lost, sorted. Filled while an index is made anew out
  // of a journal that has lost its beginning.
  std::vector<EventId> foreseen;
  Sequence foreseen_upto = 0;

  // Of the record in hand.
  EventRecord event;
  Outcome outcome;
  CopyRecord copy;
  std::vector<KeptKey> kept;
  std::vector<EventId> repeated;
  StateRecord state;
  ChangeRecord changed;
  std::vector<std::uint64_t> places;
  RunError run_error = RunError::disk;
  bool run_failed = false;
  EventRecord other;  // of an event that may be a duplicate's original
};

inline std::int64_t count_of(Time time) {
  return time.time_since_epoch().count();
}
inline Time time_of(std::int64_t count) {
  return Time(std::chrono::milliseconds(count));
}

}  // namespace creel::store
