// What each kind of record means for the index.

#include <algorithm>
#include <utility>

#include "store/index_impl.h"

namespace creel::store {
namespace {

// A change always has a later time than the one before it, so that of two versions of a delivery the newer
// one is known even when the clock went back in between.
void change(DeliveryEntry& delivery, Time at) {
  delivery.changed = std::max(at, delivery.changed + std::chrono::milliseconds(1));
}

}  // namespace

KeyHash provider_id_hash(KeyHasher& hasher, std::string_view id) {
  // No source has such a name, so these never meet a dedupe key.
  return hasher(std::string_view("\0id", 3), id);
}
KeyHash subject_hash(KeyHasher& hasher, std::string_view subject) {
  return hasher(std::string_view("\0subject", 8), subject);
}

void Index::Impl::note_time(const JournalRecord& record, Time time) {
  IndexedSegment& segment = segments.at(record.position.segment);
  segment.newest = std::max(segment.newest, time);
}

// The secret that found the record's request genuine was used. A segment's uses go with it, so any suffix of
// the journal gives the same ones.
void Index::Impl::note_use(const JournalRecord& record, std::uint64_t new_events) {
  std::vector<SecretUses>& uses = segments.at(record.position.segment).uses;
  const std::uint32_t source = texts->number(NameKind::source, event.source);
  const std::uint32_t secret = texts->number(NameKind::secret, event.secret_label);
  auto use = std::ranges::find_if(
      uses, [source, secret](const SecretUses& one) { return one.source == source && one.secret == secret; });
  if (use == uses.end()) use = uses.insert(use, {source, secret, event.received, 0});
  use->last = std::max(use->last, event.received);
  use->events += new_events;
}

bool Index::Impl::apply(const JournalRecord& record) {
  auto [found, is_new] = segments.try_emplace(record.position.segment);
  IndexedSegment& segment = found->second;
  if (is_new) segment = {record.position.segment, record.sequence, record.sequence, Time(), {}};
  segment.last = record.sequence;
  if (segments_changed.empty() || segments_changed.back() != segment.number)
    segments_changed.push_back(segment.number);

  switch (record.kind) {
    case RecordKind::event:
      return apply_event(record, batch->keep(record.payload));
    case RecordKind::outcome:
      return apply_outcomes(record);
    case RecordKind::command:
      return apply_command(record);
    case RecordKind::copy:
      return apply_copy(record, batch->keep(record.payload));
    case RecordKind::keys:
      return apply_keys(record);
    case RecordKind::state:
      return apply_state(record);
    case RecordKind::change:
      return apply_change(record);
    case RecordKind::rejected:
    case RecordKind::lost:
    case RecordKind::duplicates:  // read ahead by foresee()
    case RecordKind::accepted:
      return true;
  }
  return true;  // A kind of a newer creel, which had nothing for this index.
}

// --- Events
// --------------------------------------------------------------------------------------------------------

bool Index::Impl::apply_event(const JournalRecord& record, std::string_view payload) {
  if (!decode_event(payload, event)) return false;
  newest = std::max(newest, event.received);
  note_time(record, event.received);
  const std::int64_t events_before = events;
  for (std::uint16_t item = 0; item < event.items.size(); ++item) {
    if (!event.items[item].dedupe_key.empty() &&
        is_duplicate(EventId::of(record.sequence, item), hasher(event.source, event.items[item].dedupe_key),
                     item)) {
      continue;
    }
    EventEntry& row = add_row(record, EventId::of(record.sequence, item), item);
    add_deliveries(row, item, record.sequence);
    add_hashes(EventId::of(record.sequence, item).value, item);
  }
  note_use(record, static_cast<std::uint64_t>(events - events_before));
  return true;
}

EventEntry& Index::Impl::add_row(const JournalRecord& record, EventId id, std::uint16_t item) {
  ++events;
  EventEntry& row = batch->add(id);
  row.source = texts->number(NameKind::source, event.source);
  row.type = texts->number(NameKind::type, event.items[item].type);
  row.received = event.received;
  row.occurred = event.items[item].occurred;
  row.segment = record.position.segment;
  row.offset = record.position.offset;
  row.body_bytes = event.items[item].body_bytes;
  return row;
}

// One for each destination of the item, due when it was received.
void Index::Impl::add_deliveries(EventEntry& row, std::uint16_t item, Sequence sequence) {
  const StoredEventView* content = nullptr;
  event.each_destination(event.items[item], [&](std::string_view destination) {
    DeliveryEntry delivery;
    delivery.destination = texts->number(NameKind::destination, destination);
    delivery.due = event.received;
    delivery.changed = event.received;
    if (row.find(delivery.destination, delivery.ordinal) != nullptr) return;
    row.deliveries.push_back(delivery);
    if (content == nullptr) content = batch->keep(event_view(event, row.id));
    batch->report(row, delivery, sequence, content);
  });
}

void Index::Impl::add_hashes(std::uint64_t place_of_item, std::uint16_t item) {
  const EventItem& one = event.items[item];
  if (!one.dedupe_key.empty()) keys->add(hasher(event.source, one.dedupe_key), place_of_item);
  // Where the key is the provider's id, it is found as a key.
  if (!one.provider_id.empty() && one.provider_id != one.dedupe_key) {
    names->add(provider_id_hash(hasher, one.provider_id), place_of_item);
  }
  if (!one.subject.empty()) names->add(subject_hash(hasher, one.subject), place_of_item);
}

// --- Duplicates
// ----------------------------------------------------------------------------------------------------

bool Index::Impl::is_duplicate(EventId id, KeyHash hash, std::uint16_t item) {
  if (event.dedupe_window.count() <= 0) return false;
  if (std::ranges::binary_search(foreseen, id)) return drop(id, 0);
  places.clear();
  if (auto found = keys->find(hash, places); !found) {
    run_failed = true;
    run_error = found.error();
    return false;
  }
  for (const std::uint64_t one : places) {
    if (one >> 16 < floor) continue;
    EventId original;
    const auto received = received_at(one, original);
    if (!received || !within_window(*received, event.received, event.dedupe_window)) continue;
    if (original.value != 0) check_conflict(original, item);
    return drop(id, one);
  }
  return false;
}

// Remembers what is a duplicate of what, so that it can be told when that goes.
bool Index::Impl::drop(EventId id, std::uint64_t original) {
  ++duplicates;
  sql->dropped_add.run(id.value, original);
  return true;
}

// When what stands at a place was received; nothing when there is nothing any more. `original` becomes the
// event there, if it is one and not a key that has outlived it.
std::optional<Time> Index::Impl::received_at(std::uint64_t at, EventId& original) {
  if (const EventEntry* row = batch->find({at})) {
    original = row->id;
    return row->received;
  }
  const auto id = static_cast<std::int64_t>(at);
  if (sql->kept_find.bind(id).step()) {
    const Time received = time_of(sql->kept_find.integer(0));
    sql->kept_find.reset();
    return received;
  }
  sql->kept_find.reset();
  const bool is_copy = sql->copy_find.bind(id >> 16).step();
  const Sequence sequence = is_copy ? static_cast<Sequence>(sql->copy_find.integer(0)) : 0;
  sql->copy_find.reset();
  if (!is_copy) return std::nullopt;
  const EventEntry* row = batch->find(EventId::of(sequence, static_cast<std::uint16_t>(at & 0xffff)));
  if (row == nullptr) return std::nullopt;
  original = row->id;
  return row->received;
}

// Counts a duplicate that brought other bytes than its original did.
void Index::Impl::check_conflict(EventId original, std::uint16_t item) {
  const EventEntry* row = batch->find(original);
  if (row == nullptr) return;
  const auto stored =
      lookup.read({static_cast<std::uint32_t>(row->segment), static_cast<std::uint32_t>(row->offset)});
  if (!stored) return;  // It can be removed at this moment, and nothing hangs on it.
  std::string_view payload = stored->payload;
  CopyRecord copied;
  if (stored->kind == RecordKind::copy) {
    if (!decode_copy(payload, copied)) return;
    payload = copied.event;
  }
  if (!decode_event(payload, other) || original.item() >= other.items.size()) return;
  if (event_view(other, original).body == event_view(event, {item}).body) return;
  ++conflicts;
  log.warning("a webhook came again with another body; the first one counts",
              {{"source", event.source}, {"event", to_text(original)}});
}

// --- Outcomes and commands
// -----------------------------------------------------------------------------------------

bool Index::Impl::apply_outcomes(const JournalRecord& record) {
  OutcomeReader outcomes(record.payload);
  while (outcomes.next(outcome))
    apply_outcome(record);
  return outcomes.good();
}

void Index::Impl::apply_outcome(const JournalRecord& record) {
  const Attempt& attempt = outcome.attempt;
  const Time ended = attempt.started + attempt.took;
  note_time(record, ended);
  EventEntry* row = batch->find(outcome.delivery.event);
  const auto destination = texts->find(NameKind::destination, outcome.delivery.destination);
  if (row == nullptr || !destination) return;
  DeliveryEntry* delivery = row->find(*destination, outcome.delivery.ordinal);
  if (delivery == nullptr || attempt.number <= delivery->attempts) return;

  // An operator's retry that came while this attempt ran gave a fresh budget, of which whoever gave the
  // delivery up did not know yet.
  const bool is_outdated = outcome.state == DeliveryState::dead &&
                           delivery->state == DeliveryState::pending &&
                           delivery->attempts == delivery->attempts_base && delivery->due != row->received &&
                           attempt.started < delivery->due;
  delivery->attempts = attempt.number;
  change(*delivery, ended);
  // An attempt that ran while an operator cancelled counts when it was accepted, and else changes nothing
  // more.
  if (is_outdated) {
    delivery->attempts_base = attempt.number;
    // A wall clock that went back could make each attempt look older than the retry: one budget is enough.
    delivery->due = std::min(delivery->due, ended);
  } else if (delivery->state == DeliveryState::pending || outcome.state == DeliveryState::delivered) {
    delivery->state = outcome.state;
  }
  if (!is_outdated) delivery->due = delivery->state == DeliveryState::pending ? outcome.due : Time();
  if (attempt.result == AttemptResult::delivered) {
    delivery->success = {attempt.started, attempt.took, attempt.status, attempt.trigger, attempt.timings};
  } else {
    batch->add_attempt(row->id, *delivery, attempt);
  }
  batch->report(*row, *delivery, record.sequence, nullptr);
}

// As good as new: due now, with a fresh budget of attempts.
void Index::Impl::retry(const EventEntry& row, DeliveryEntry& delivery, Time at) {
  if (delivery.success) {
    const DeliveryEntry::Success& success = *delivery.success;
    batch->add_attempt(row.id, delivery,
                       {.number = delivery.attempts,
                        .started = success.started,
                        .took = success.took,
                        .result = AttemptResult::delivered,
                        .status = success.status,
                        .reply = {},
                        .error = {},
                        .trigger = success.trigger,
                        .timings = success.timings});
    delivery.success.reset();
  }
  delivery.state = DeliveryState::pending;
  delivery.due = at;
  delivery.attempts_base = delivery.attempts;
}

void Index::Impl::cancel(DeliveryEntry& delivery) {
  delivery.state = DeliveryState::cancelled;
  delivery.due = Time();
}

bool Index::Impl::apply_command(const JournalRecord& record) {
  const auto command = decode_command(record.payload);
  if (!command) return false;
  note_time(record, command->at);
  EventEntry* row = batch->find(command->event);
  if (row == nullptr) return true;
  for (DeliveryEntry& delivery : row->deliveries) {
    if (!command->destination.empty() && texts->text(delivery.destination) != command->destination) continue;
    if (command->ordinal != 0 && delivery.ordinal != command->ordinal) continue;
    if (command->kind == Command::Kind::cancel) {
      if (delivery.state != DeliveryState::pending && delivery.state != DeliveryState::dead) continue;
      cancel(delivery);
    } else {
      retry(*row, delivery, command->at);
    }
    change(delivery, command->at);
    batch->report(*row, delivery, record.sequence, nullptr);
  }
  return true;
}

// --- What jobs order
// -----------------------------------------------------------------------------------------------

bool Index::Impl::apply_change(const JournalRecord& record) {
  if (!decode_change(record.payload, changed)) return false;
  if (changed.value.empty()) {
    sql->state_drop.run(changed.name);
  } else {
    sql->state_add.run(changed.name, Statement::Bytes{changed.value});
  }
  if (!changed.orders) return true;
  note_time(record, changed.orders->at);
  for (const DeliveryId& id : changed.orders->deliveries)
    apply_order(record, *changed.orders, id);
  return true;
}

// What it is about may be gone, or have changed since it was chosen.
void Index::Impl::apply_order(const JournalRecord& record, const Orders& orders, const DeliveryId& id) {
  EventEntry* row = batch->find(id.event);
  if (row == nullptr) return;
  if (orders.kind == Orders::Kind::replay) return replay(record, *row, id.destination, orders.at);
  const auto destination = texts->find(NameKind::destination, id.destination);
  DeliveryEntry* delivery = destination ? row->find(*destination, id.ordinal) : nullptr;
  if (delivery == nullptr || std::ranges::find(orders.states, delivery->state) == orders.states.end()) return;
  if (orders.kind == Orders::Kind::cancel) {
    cancel(*delivery);
  } else {
    retry(*row, *delivery, orders.at);
  }
  change(*delivery, orders.at);
  batch->report(*row, *delivery, record.sequence, nullptr);
}

void Index::Impl::replay(const JournalRecord& record, EventEntry& row, std::string_view destination,
                         Time at) {
  DeliveryEntry delivery;
  delivery.destination = texts->number(NameKind::destination, destination);
  for (const DeliveryEntry& before : row.deliveries) {
    if (before.destination == delivery.destination)
      delivery.ordinal = std::max(delivery.ordinal, before.ordinal + 1);
  }
  delivery.due = at;
  delivery.changed = at;
  row.deliveries.push_back(delivery);
  batch->report(row, delivery, record.sequence, nullptr);
}

// --- What was copied forward
// ---------------------------------------------------------------------------------------

bool Index::Impl::apply_copy(const JournalRecord& record, std::string_view payload) {
  if (!decode_copy(payload, copy) || !decode_event(copy.event, event)) return false;
  newest = std::max(newest, event.received);
  sql->copy_add.run(record.sequence, copy.sequence);
  note_use(record, 0);  // Its event was counted where it first stood.
  for (const CopiedDelivery& delivery : copy.deliveries)
    note_time(record, delivery.changed);
  for (const std::uint16_t item : copy.items) {
    if (item >= event.items.size()) return false;
    const EventId id = EventId::of(copy.sequence, item);
    add_hashes(EventId::of(record.sequence, item).value, item);
    EventEntry* row = batch->find(id);
    const bool is_new = row == nullptr;
    if (is_new) {
      // The original is gone, so this is where the event comes from. The copy says what deliveries it has.
      row = &add_row(record, id, item);
    } else {
      row->segment = record.position.segment;
      row->offset = record.position.offset;
      batch->forget_attempts(id);  // An index made of the copy alone does not know them.
    }
    merge_copy(*row, item);
    const StoredEventView* content = is_new ? batch->keep(event_view(event, id)) : nullptr;
    for (const DeliveryEntry& delivery : row->deliveries) {
      if (is_new) batch->report(*row, delivery, record.sequence, content);
    }
  }
  return true;
}

// Takes each delivery in the newer of its two versions.
void Index::Impl::merge_copy(EventEntry& row, std::uint16_t item) {
  for (DeliveryEntry& delivery : row.deliveries)
    delivery.success.reset();
  for (const CopiedDelivery& copied : copy.deliveries) {
    if (copied.item != item) continue;
    const std::uint32_t destination = texts->number(NameKind::destination, copied.destination);
    DeliveryEntry* delivery = row.find(destination, copied.ordinal);
    if (delivery != nullptr && delivery->changed >= copied.changed) continue;
    if (delivery == nullptr) delivery = &row.deliveries.emplace_back();
    *delivery = {.destination = destination,
                 .ordinal = copied.ordinal,
                 .state = copied.state,
                 .attempts = copied.attempts,
                 .attempts_base = copied.attempts_base,
                 .due = copied.state == DeliveryState::pending ? copied.due : Time(),
                 .changed = copied.changed,
                 .success = {}};
  }
}

bool Index::Impl::apply_keys(const JournalRecord& record) {
  if (!decode_keys(record.payload, kept) || kept.size() > 0x10000) return false;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const std::uint64_t at = EventId::of(record.sequence, static_cast<std::uint16_t>(i)).value;
    sql->kept_add.run(at, count_of(kept[i].received));
    keys->add({.low = kept[i].hash_low, .high = kept[i].hash_high}, at);
  }
  return true;
}

bool Index::Impl::apply_state(const JournalRecord& record) {
  if (!decode_state(record.payload, state)) return false;
  sql->state_clear.run();
  for (const auto& [name, value] : state.entries)
    sql->state_add.run(name, Statement::Bytes{value});
  return true;
}

}  // namespace creel::store
