// What the journal means, worked out a second time and simply: every record that was ever synced, kept for
// good.
//
// It knows nothing of SQLite, runs of hashes or retention. The index has to agree with it row by row, but for
// what retention was allowed to remove.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "store/journal.h"
#include "store/journal_reader.h"

namespace creel::simulation {

// A delivery after one of the records that changed it.
struct Version {
  Sequence sequence = 0;
  DeliveryState state = DeliveryState::pending;
  std::uint32_t attempts = 0, attempts_base = 0;
  Time due;
};

struct TrueDelivery {
  std::vector<Version> versions;  // oldest first, at least one
  Time changed;                   // when the last one came about
  bool was_retried = false;       // by an operator
  bool was_dead = false;          // when it was
  bool is_unclear = false;        // it was not, so that the word and an attempt may have crossed
  const Version& now() const { return versions.back(); }
};

struct TrueEvent {
  std::string source, type, key, head, body;
  Time received;
  std::map<std::string, TrueDelivery, std::less<>> deliveries;  // by destination
  std::vector<std::string> transformed;                         // those of them that go by way of a transform
  bool is_pending() const;
};

class Truth {
 public:
  // Reads on to the journal's synced end. A sentence when something is wrong with it.
  std::optional<std::string> follow(const store::Journal& journal);
  // Reads all of it again: every record is the same under the same number, and none is missing at the end.
  std::optional<std::string> compare(const store::Journal& journal) const;

  const std::map<EventId, TrueEvent>& events() const { return events_; }
  const TrueDelivery* find(EventId event, std::string_view destination) const;
  Sequence next() const { return place_.next; }
  Time newest() const { return newest_; }
  bool has_record(Sequence sequence) const { return records_.contains(sequence); }
  // A duplicate by the times in the records.
  bool is_dropped(EventId id) const { return dropped_.contains(id); }
  // A webhook with this key was kept less than the window before, as an event or as a duplicate of one.
  bool was_kept(std::string_view source, std::string_view key, Time received,
                std::chrono::seconds window) const;
  bool has_pending() const;
  // What operators have set.
  const std::map<std::string, std::string>& state() const { return state_; }

 private:
  std::optional<std::string> apply(const store::JournalRecord& record);
  std::optional<std::string> apply_copy(const store::JournalRecord& record);
  std::vector<Target> targets_of(const store::EventItem& item) const;
  bool is_duplicate(const std::string& key, const store::EventRecord& event) const;
  void apply(const Outcome& outcome, Sequence sequence);
  void apply(const Command& command, Sequence sequence);

  store::JournalPlace place_{{1, store::kSegmentHeaderBytes}, 1};
  std::map<Sequence, std::size_t> records_;  // a hash of kind and payload
  std::map<EventId, TrueEvent> events_;
  std::map<EventId, bool> dropped_;
  std::map<std::string, std::vector<Time>> keys_;  // of source and key: when its events were received
  std::map<std::string, std::vector<Time>> kept_;  // the same, of duplicates too
  std::map<std::string, std::string> state_;
  Time newest_;
  store::EventRecord event_;
  store::CopyRecord copy_;
};

}  // namespace creel::simulation
