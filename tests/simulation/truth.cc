#include "tests/simulation/truth.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

namespace creel::simulation {
namespace {

std::size_t digest(const store::JournalRecord& record) {
  return std::hash<std::string_view>{}(record.payload) * 31 + static_cast<std::size_t>(record.kind);
}

std::string key_of(std::string_view source, std::string_view key) {
  return std::string(source) + '\n' + std::string(key);
}

bool has_within(const std::vector<Time>& times, Time received, std::chrono::seconds window) {
  return std::ranges::any_of(times, [&](Time earlier) { return received - earlier < window; });
}

}  // namespace

bool TrueEvent::is_pending() const {
  return std::ranges::any_of(
      deliveries, [](const auto& one) { return one.second.now().state == DeliveryState::pending; });
}

bool Truth::has_pending() const {
  return std::ranges::any_of(events_, [](const auto& one) { return one.second.is_pending(); });
}

const TrueDelivery* Truth::find(EventId event, std::string_view destination) const {
  const auto found = events_.find(event);
  if (found == events_.end()) return nullptr;
  const auto delivery = found->second.deliveries.find(destination);
  return delivery == found->second.deliveries.end() ? nullptr : &delivery->second;
}

std::optional<std::string> Truth::follow(const store::Journal& journal) {
  if (journal.synced().next < place_.next) {
    return fmt::format("synced records are lost: the journal had {} and ends before {}", place_.next - 1,
                       journal.synced().next);
  }
  if (journal.synced().next == place_.next) return std::nullopt;
  store::JournalReader reader(journal, place_.next == 1 ? journal.oldest() : place_);
  while (true) {
    const auto record = reader.next();
    if (!record) {
      return fmt::format("the journal cannot be read on from {}: {}", place_.next, describe(record.error()));
    }
    if (!*record) return std::nullopt;
    if ((*record)->sequence != place_.next) {
      return fmt::format("record {} stands where {} should", (*record)->sequence, place_.next);
    }
    records_[(*record)->sequence] = digest(**record);
    if (auto wrong = apply(**record)) return wrong;
    place_ = reader.place();
  }
}

std::optional<std::string> Truth::compare(const store::Journal& journal) const {
  if (journal.synced().next < place_.next) {
    return fmt::format("synced records are lost: there were {} and the journal ends before {}",
                       place_.next - 1, journal.synced().next);
  }
  store::JournalReader reader(journal, journal.oldest());
  while (true) {
    const auto record = reader.next();
    if (!record) return fmt::format("the journal cannot be read: {}", describe(record.error()));
    if (!*record) return std::nullopt;
    const auto known = records_.find((*record)->sequence);
    if (known != records_.end() && known->second != digest(**record)) {
      return fmt::format("record {} has changed", (*record)->sequence);
    }
  }
}

bool Truth::is_duplicate(const std::string& key, const store::EventRecord& event) const {
  const auto found = keys_.find(key);
  return found != keys_.end() && has_within(found->second, event.received, event.dedupe_window);
}

bool Truth::was_kept(std::string_view source, std::string_view key, Time received,
                     std::chrono::seconds window) const {
  const auto found = kept_.find(key_of(source, key));
  return found != kept_.end() && has_within(found->second, received, window);
}

std::optional<std::string> Truth::apply(const store::JournalRecord& record) {
  switch (record.kind) {
    case store::RecordKind::event: {
      if (!store::decode_event(record.payload, event_)) return "a record of an event makes no sense";
      newest_ = std::max(newest_, event_.received);
      for (std::uint16_t i = 0; i < event_.items.size(); ++i) {
        const store::EventItem& item = event_.items[i];
        const EventId id = EventId::of(record.sequence, i);
        const std::string key = key_of(event_.source, item.dedupe_key);
        kept_[key].push_back(event_.received);
        if (is_duplicate(key, event_)) {
          dropped_[id] = true;
          continue;
        }
        keys_[key].push_back(event_.received);
        TrueEvent& event = events_[id];
        event.source = event_.source;
        event.type = item.type;
        event.key = item.dedupe_key;
        event.head = event_.head;
        event.body = event_.body.substr(item.body_offset, item.body_bytes);
        event.received = event_.received;
        for (const Target& target : targets_of(item)) {
          const std::string destination(event_.destinations.at(target.destination));
          Version first{.sequence = record.sequence, .due = event_.received};
          event.deliveries[destination] = {.versions = {first}, .changed = event_.received};
          if (target.transformed) event.transformed.push_back(destination);
        }
      }
      return std::nullopt;
    }
    case store::RecordKind::outcome: {
      std::vector<Outcome> outcomes;
      if (!store::decode_outcomes(record.payload, outcomes)) return "a record of outcomes makes no sense";
      for (const Outcome& outcome : outcomes)
        apply(outcome, record.sequence);
      return std::nullopt;
    }
    case store::RecordKind::command: {
      const auto command = store::decode_command(record.payload);
      if (!command) return "a record of a command makes no sense";
      apply(*command, record.sequence);
      return std::nullopt;
    }
    case store::RecordKind::state: {
      store::StateRecord state;
      if (!store::decode_state(record.payload, state)) return "a record of state makes no sense";
      state_.clear();
      for (const auto& [name, value] : state.entries)
        state_.emplace(name, value);
      return std::nullopt;
    }
    case store::RecordKind::change: {
      store::ChangeRecord change;
      if (!store::decode_change(record.payload, change)) return "a record of a change makes no sense";
      state_.erase(std::string(change.name));
      if (!change.value.empty()) state_.emplace(change.name, change.value);
      return std::nullopt;
    }
    case store::RecordKind::copy:
      return apply_copy(record);
    default:
      return std::nullopt;
  }
}

// Changes nothing; has to be a copy of what there is.
std::optional<std::string> Truth::apply_copy(const store::JournalRecord& record) {
  if (!store::decode_copy(record.payload, copy_) || !store::decode_event(copy_.event, event_))
    return "a copy makes no sense";
  for (const std::uint16_t item : copy_.items) {
    const auto found = events_.find(EventId::of(copy_.sequence, item));
    if (found == events_.end()) return "an event was copied that never was one";
    const TrueEvent& event = found->second;
    const store::EventItem& copied = event_.items.at(item);
    if (event.body != event_.body.substr(copied.body_offset, copied.body_bytes) || event.head != event_.head)
      return "an event was copied with other bytes";
    std::size_t destinations = 0;
    std::vector<std::string> transformed;
    for (const Target& target : targets_of(copied)) {
      const std::string_view destination = event_.destinations.at(target.destination);
      destinations += event.deliveries.contains(destination) ? 1 : 0;
      if (target.transformed) transformed.emplace_back(destination);
    }
    if (destinations != event.deliveries.size() || transformed != event.transformed)
      return "an event was copied with other destinations";
  }
  return std::nullopt;
}

std::vector<Target> Truth::targets_of(const store::EventItem& item) const {
  if (item.has_targets) {
    const auto own = event_.targets_of(item);
    return {own.begin(), own.end()};
  }
  std::vector<Target> all;
  for (std::uint16_t i = 0; i < event_.destinations.size(); ++i)
    all.push_back({.destination = i});
  return all;
}

void Truth::apply(const Outcome& outcome, Sequence sequence) {
  const auto event = events_.find(outcome.delivery.event);
  if (event == events_.end()) return;
  const auto delivery = event->second.deliveries.find(outcome.delivery.destination);
  if (delivery == event->second.deliveries.end()) return;
  Version next = delivery->second.now();
  if (outcome.attempt.number <= next.attempts) return;
  // An operator's retry came while what was to be the last attempt ran: it gives a fresh budget all the same.
  const bool is_outdated = outcome.state == DeliveryState::dead && next.state == DeliveryState::pending &&
                           next.attempts == next.attempts_base && next.due != event->second.received &&
                           outcome.attempt.started < next.due;
  next.sequence = sequence;
  next.attempts = outcome.attempt.number;
  if (is_outdated) {
    delivery->second.is_unclear = true;
    next.attempts_base = next.attempts;
    next.due = std::min(next.due, outcome.attempt.started + outcome.attempt.took);
  } else if (next.state == DeliveryState::pending || outcome.state == DeliveryState::delivered) {
    next.state = outcome.state;
    next.due = outcome.due;
  }
  delivery->second.versions.push_back(next);
  delivery->second.changed = outcome.attempt.started + outcome.attempt.took;
}

void Truth::apply(const Command& command, Sequence sequence) {
  const auto event = events_.find(command.event);
  if (event == events_.end()) return;
  for (auto& [destination, delivery] : event->second.deliveries) {
    if (!command.destination.empty() && command.destination != destination) continue;
    Version next = delivery.now();
    next.sequence = sequence;
    if (command.kind == Command::Kind::cancel) {
      if (next.state != DeliveryState::pending && next.state != DeliveryState::dead) continue;
      next.state = DeliveryState::cancelled;
    } else {
      delivery.was_retried = true;
      (next.state == DeliveryState::dead ? delivery.was_dead : delivery.is_unclear) = true;
      next.state = DeliveryState::pending;
      next.due = command.at;
      next.attempts_base = next.attempts;
    }
    delivery.versions.push_back(next);
    delivery.changed = command.at;
  }
}

}  // namespace creel::simulation
