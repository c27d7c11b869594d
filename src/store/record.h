// What stands in a record of the journal, and how it is written down (docs/storage.md).
//
// A record's frame (length, checksum, kind, segment, sequence, batch) is journal.h's business; this is the
// payload. Numbers are little-endian, texts are a length and the bytes. Events and outcomes, of which there
// are many, are written more closely: numbers take as many bytes as they need, and a text that stands in the
// head or the body is not written a second time. Decoding never trusts what it reads: a payload that is
// short, long or out of range gives nothing. The views of a decoded record point into the payload.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/ids.h"
#include "core/model.h"
#include "store/store.h"

namespace creel::store {

enum class RecordKind : std::uint8_t {
  event = 1,     // an accepted request with its events
  outcome = 2,   // attempts and what follows from them
  command = 3,   // an operator's word
  copy = 4,      // an event copied forward out of a segment that goes, with the state of its deliveries
  keys = 5,      // dedupe keys copied forward out of a segment that goes
  state = 6,     // operator state, the first record of each segment
  rejected = 7,  // a rejected request; in the quarantine's own journal alone
  lost = 8,      // stands where damaged bytes were moved aside; says with which sequence the journal goes on
  duplicates = 9,  // events that are duplicates of some in a segment that goes
  accepted = 10,   // a rejected request became an event; in the quarantine's own journal alone
  change = 11      // of one entry of operator state, and what a job orders with it
};

struct EventItem {
  std::string_view dedupe_key, provider_id, type, subject;
  std::optional<Time> occurred;
  std::uint32_t body_offset = 0, body_bytes = 0;
  // What of the record's targets and transformed names is this item's. Without own targets it goes to all
  // of the record's destinations, untransformed.
  bool has_targets = false;
  std::uint32_t targets_from = 0, targets_to = 0;
  std::uint32_t transformed_from = 0, transformed_to = 0;
};

struct EventRecord {
  std::string_view source, peer, secret_label;
  Time received;
  std::chrono::seconds dedupe_window{0};
  std::vector<EventItem> items;
  std::vector<std::string_view> destinations;
  std::string_view head, body;
  std::vector<Target> targets;                // of all items that have own ones, item after item
  std::vector<std::string_view> transformed;  // destinations of those that go by way of a transform

  std::span<const Target> targets_of(const EventItem& item) const {
    return std::span(targets).subspan(item.targets_from, item.targets_to - item.targets_from);
  }
  std::span<const std::string_view> transformed_of(const EventItem& item) const {
    return std::span(transformed).subspan(item.transformed_from, item.transformed_to - item.transformed_from);
  }
  // Calls `visit` with the name of each destination of the item, in order.
  template <class Visit>
  void each_destination(const EventItem& item, Visit visit) const {
    if (!item.has_targets) {
      for (const std::string_view destination : destinations)
        visit(destination);
    }
    for (const Target& target : targets_of(item))
      visit(destinations[target.destination]);
  }

  std::vector<std::uint32_t> named_by;  // decoding's own: by destination, the last item that named it
};
// Everything but head and body, which follow it in the record as they are: the caller writes the three parts
// one after the other, without copying them together. Appends to `into`. Of two targets of an item with one
// destination the first counts; each has to be one of the event's destinations.
void encode_event_meta(const NewEvent& event, std::string& into);
// `into` is reused: decoding a journal allocates nothing once its vectors have grown.
[[nodiscard]] bool decode_event(std::string_view payload, EventRecord& into);
// One of its events as the rest of the program sees it: the item that `id` names, which the record must have.
// The views are the record's, and good until it is decoded into again. Nothing here trusts the item's place
// in the body.
StoredEventView event_view(const EventRecord& record, EventId id);

// Outcomes that are written together share a record. Each says only in what it differs from the usual: a
// first attempt that was accepted, at the destination of the one before it.
//
//   OutcomeWriter writer(payload);
//   while (more && writer.takes(outcome)) writer.add(outcome);
class OutcomeWriter {
 public:
  // Appends to `into`, which outlives the writer.
  explicit OutcomeWriter(std::string& into) : into_(into) {}
  // Whether the record may hold this one besides. All are attempts of one number, so no delivery is in a
  // record twice: news of a delivery are told apart by their record's sequence.
  bool takes(const Outcome& outcome) const { return count_ == 0 || outcome.attempt.number == number_; }
  void add(const Outcome& outcome);

 private:
  std::string& into_;
  std::size_t count_ = 0;
  std::uint32_t number_ = 0;
  std::uint64_t sequence_ = 0;
  std::int64_t started_ = 0;
  std::string_view destination_;  // of the outcome before, which has to hold still until the next add()
};
class OutcomeReader {
 public:
  explicit OutcomeReader(std::string_view payload);
  // The next one, written over `into`. False at the end, and at what makes no sense.
  bool next(Outcome& into);
  bool good() const { return good_; }  // so far

 private:
  std::string_view rest_, destination_;
  std::uint32_t number_ = 0;
  std::uint64_t sequence_ = 0;
  std::int64_t started_ = 0;
  bool good_ = true;
};
// A record of one.
void encode_outcome(const Outcome& outcome, std::string& into);
// All of a record; false when it makes no sense.
[[nodiscard]] bool decode_outcomes(std::string_view payload, std::vector<Outcome>& into);

void encode_command(const Command& command, std::string& into);
[[nodiscard]] std::optional<Command> decode_command(std::string_view payload);

struct CopiedDelivery {
  std::uint16_t item = 0;
  std::string_view destination;
  std::uint32_t ordinal = 1;
  DeliveryState state = DeliveryState::pending;
  Time due;
  std::uint32_t attempts = 0, attempts_base = 0;
  Time changed;  // when it came into this state
};
struct CopyRecord {
  Sequence sequence = 0;             // of the original record: the ids stay what they were
  std::vector<std::uint16_t> items;  // those that became events; the others were duplicates
  std::vector<CopiedDelivery> deliveries;
  std::string_view event;  // the original payload
};
void encode_copy_meta(const CopyRecord& copy, std::string& into);  // without `event`, which follows
[[nodiscard]] bool decode_copy(std::string_view payload, CopyRecord& into);

// One dedupe key that outlives its event: 16 bytes of the store's keyed hash of (source, key), and when it
// was received.
struct KeptKey {
  std::uint64_t hash_low = 0, hash_high = 0;
  Time received;
};
void encode_keys(std::span<const KeptKey> keys, std::string& into);
[[nodiscard]] bool decode_keys(std::string_view payload, std::vector<KeptKey>& into);

// Events that were found to be duplicates, of what a segment that goes holds. Nothing else would tell an
// index that is made of the rest of the journal.
void encode_duplicates(std::span<const EventId> events, std::string& into);
[[nodiscard]] bool decode_duplicates(std::string_view payload, std::vector<EventId>& into);

// What operators have set, so that any suffix of the journal rebuilds it. Named entries, so that later kinds
// of state need no new format.
struct StateRecord {
  std::vector<std::pair<std::string_view, std::string_view>> entries;
};
void encode_state(const StateRecord& state, std::string& into);
[[nodiscard]] bool decode_state(std::string_view payload, StateRecord& into);

// One entry of it that is another from here on; a value of "" removes it. What a job orders stands beside how
// far it is thereby.
struct ChangeRecord {
  std::string_view name, value;
  std::optional<Orders> orders;
};
void encode_change(const ChangeRecord& change, std::string& into);
[[nodiscard]] bool decode_change(std::string_view payload, ChangeRecord& into);

struct RejectedRecord {
  std::string_view source, peer, cause, detail, head, body;
  Time received;
  std::int32_t status = 0;
  std::uint32_t body_bytes = 0;  // as received
};
void encode_rejected(const RejectedRecord& rejected, std::string& into);
[[nodiscard]] std::optional<RejectedRecord> decode_rejected(std::string_view payload);

struct AcceptedRecord {
  std::uint64_t rejected = 0;  // the sequence of its record in the quarantine
  EventId event;
  Time at;
};
void encode_accepted(const AcceptedRecord& accepted, std::string& into);
[[nodiscard]] std::optional<AcceptedRecord> decode_accepted(std::string_view payload);

}  // namespace creel::store
