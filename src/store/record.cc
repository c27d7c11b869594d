#include "store/record.h"

#include <algorithm>

#include "store/codec.h"

namespace creel::store {
namespace {

// Every payload begins with the version of its own form, so that a kind can grow without a new format of the
// journal.
constexpr std::uint8_t kForm = 1;

void put_time(std::string& into, Time time) {
  put_number(into, std::int64_t{time.time_since_epoch().count()});
}
Time take_time(Decoder& from) {
  return Time(std::chrono::milliseconds(from.number<std::int64_t>()));
}

bool take_form(Decoder& from) {
  if (from.number<std::uint8_t>() != kForm) from.fail();
  return from.good();
}

template <class Enum>
Enum take_enum(Decoder& from, Enum last) {
  const auto value = from.number<std::uint8_t>();
  if (value > static_cast<std::uint8_t>(last)) from.fail();
  return static_cast<Enum>(value);
}

// A text that is short nearly always: one byte of length, or 255 and four more.
void put_text(std::string& into, std::string_view text) {
  if (text.size() < 255) {
    put_number(into, static_cast<std::uint8_t>(text.size()));
    into.append(text);
  } else {
    put_number(into, std::uint8_t{255});
    put_long_text(into, text);
  }
}
std::string_view take_text(Decoder& from) {
  const auto bytes = from.number<std::uint8_t>();
  return bytes < 255 ? from.text(bytes) : from.long_text();
}

constexpr std::uint8_t kHasOccurred = 1;
// The bounds below are what the smallest encoding of each thing takes; they keep a short payload from asking
// for much memory.
constexpr std::uint64_t kItemBytesMin = 4 + 1 + 8;
constexpr std::uint64_t kDeliveryBytesMin = 2 + 1 + 4 + 1 + 8 + 4 + 4 + 8;

}  // namespace

// form, flags-free fixed numbers, texts, items, destinations, then the lengths of head and body, which
// follow.
void encode_event_meta(const NewEvent& event, std::string& into) {
  put_number(into, kForm);
  put_time(into, event.received);
  put_number(into, std::int64_t{event.dedupe_window.count()});
  put_text(into, event.source);
  put_text(into, event.peer);
  put_text(into, event.secret_label);
  put_number(into, static_cast<std::uint16_t>(event.items.size()));
  for (const NewItem& item : event.items) {
    put_text(into, item.dedupe_key);
    put_text(into, item.provider_id);
    put_text(into, item.type);
    put_text(into, item.subject);
    put_number(into, item.occurred ? kHasOccurred : std::uint8_t{0});
    if (item.occurred) put_time(into, *item.occurred);
    put_number(into, item.body_offset);
    put_number(into, item.body_bytes);
  }
  put_number(into, static_cast<std::uint16_t>(event.destinations.size()));
  for (const std::string_view destination : event.destinations)
    put_text(into, destination);
  put_number(into, static_cast<std::uint32_t>(event.head.size()));
  put_number(into, static_cast<std::uint32_t>(event.body.size()));
}

bool decode_event(std::string_view payload, EventRecord& into) {
  Decoder from(payload);
  into.items.clear();
  into.destinations.clear();
  if (!take_form(from)) return false;
  into.received = take_time(from);
  into.dedupe_window = std::chrono::seconds(from.number<std::int64_t>());
  into.source = take_text(from);
  into.peer = take_text(from);
  into.secret_label = take_text(from);
  const auto items = from.number<std::uint16_t>();
  if (!from.has_room_for(items, kItemBytesMin)) return false;
  for (std::uint16_t i = 0; i < items && from.good(); ++i) {
    EventItem& item = into.items.emplace_back();
    item.dedupe_key = take_text(from);
    item.provider_id = take_text(from);
    item.type = take_text(from);
    item.subject = take_text(from);
    const auto flags = from.number<std::uint8_t>();
    if (flags > kHasOccurred) return false;
    if (flags == kHasOccurred) item.occurred = take_time(from);
    item.body_offset = from.number<std::uint32_t>();
    item.body_bytes = from.number<std::uint32_t>();
  }
  const auto destinations = from.number<std::uint16_t>();
  if (!from.has_room_for(destinations, 1)) return false;
  for (std::uint16_t i = 0; i < destinations && from.good(); ++i)
    into.destinations.push_back(take_text(from));
  const auto head_bytes = from.number<std::uint32_t>();
  const auto body_bytes = from.number<std::uint32_t>();
  into.head = from.text(head_bytes);
  into.body = from.text(body_bytes);
  if (!from.at_end()) return false;
  return std::ranges::all_of(into.items, [&](const EventItem& item) {
    return item.body_offset <= body_bytes && item.body_bytes <= body_bytes - item.body_offset;
  });
}

void encode_outcome(const Outcome& outcome, std::string& into) {
  put_number(into, kForm);
  put_number(into, outcome.delivery.event.value);
  put_text(into, outcome.delivery.destination);
  put_number(into, outcome.delivery.ordinal);
  put_number(into, outcome.attempt.number);
  put_time(into, outcome.attempt.started);
  put_number(into, std::int64_t{outcome.attempt.took.count()});
  put_number(into, static_cast<std::uint8_t>(outcome.attempt.result));
  put_number(into, std::int32_t{outcome.attempt.status});
  put_number(into, static_cast<std::uint8_t>(outcome.state));
  put_time(into, outcome.due);
  put_text(into, outcome.attempt.reply);
  put_text(into, outcome.attempt.error);
}

std::optional<Outcome> decode_outcome(std::string_view payload) {
  Decoder from(payload);
  if (!take_form(from)) return std::nullopt;
  Outcome outcome;
  outcome.delivery.event.value = from.number<std::uint64_t>();
  outcome.delivery.destination = take_text(from);
  outcome.delivery.ordinal = from.number<std::uint32_t>();
  outcome.attempt.number = from.number<std::uint32_t>();
  outcome.attempt.started = take_time(from);
  outcome.attempt.took = std::chrono::milliseconds(from.number<std::int64_t>());
  outcome.attempt.result = take_enum(from, AttemptResult::unsent);
  outcome.attempt.status = from.number<std::int32_t>();
  outcome.state = take_enum(from, DeliveryState::cancelled);
  outcome.due = take_time(from);
  outcome.attempt.reply = take_text(from);
  outcome.attempt.error = take_text(from);
  if (!from.at_end()) return std::nullopt;
  return outcome;
}

void encode_command(const Command& command, std::string& into) {
  put_number(into, kForm);
  put_number(into, static_cast<std::uint8_t>(command.kind));
  put_number(into, command.event.value);
  put_time(into, command.at);
  put_text(into, command.destination);
}

std::optional<Command> decode_command(std::string_view payload) {
  Decoder from(payload);
  if (!take_form(from)) return std::nullopt;
  Command command;
  command.kind = take_enum(from, Command::Kind::cancel);
  command.event.value = from.number<std::uint64_t>();
  command.at = take_time(from);
  command.destination = take_text(from);
  if (!from.at_end()) return std::nullopt;
  return command;
}

void encode_copy_meta(const CopyRecord& copy, std::string& into) {
  put_number(into, kForm);
  put_number(into, copy.sequence);
  put_number(into, static_cast<std::uint16_t>(copy.items.size()));
  for (const std::uint16_t item : copy.items)
    put_number(into, item);
  put_number(into, static_cast<std::uint32_t>(copy.deliveries.size()));
  for (const CopiedDelivery& delivery : copy.deliveries) {
    put_number(into, delivery.item);
    put_text(into, delivery.destination);
    put_number(into, delivery.ordinal);
    put_number(into, static_cast<std::uint8_t>(delivery.state));
    put_time(into, delivery.due);
    put_number(into, delivery.attempts);
    put_number(into, delivery.attempts_base);
    put_time(into, delivery.changed);
  }
  put_number(into, static_cast<std::uint32_t>(copy.event.size()));
}

bool decode_copy(std::string_view payload, CopyRecord& into) {
  Decoder from(payload);
  into.items.clear();
  into.deliveries.clear();
  if (!take_form(from)) return false;
  into.sequence = from.number<std::uint64_t>();
  const auto items = from.number<std::uint16_t>();
  if (!from.has_room_for(items, sizeof(std::uint16_t))) return false;
  for (std::uint16_t i = 0; i < items; ++i)
    into.items.push_back(from.number<std::uint16_t>());
  const auto deliveries = from.number<std::uint32_t>();
  if (!from.has_room_for(deliveries, kDeliveryBytesMin)) return false;
  for (std::uint32_t i = 0; i < deliveries && from.good(); ++i) {
    CopiedDelivery& delivery = into.deliveries.emplace_back();
    delivery.item = from.number<std::uint16_t>();
    delivery.destination = take_text(from);
    delivery.ordinal = from.number<std::uint32_t>();
    delivery.state = take_enum(from, DeliveryState::cancelled);
    delivery.due = take_time(from);
    delivery.attempts = from.number<std::uint32_t>();
    delivery.attempts_base = from.number<std::uint32_t>();
    delivery.changed = take_time(from);
  }
  into.event = from.long_text();
  return from.at_end();
}

void encode_keys(std::span<const KeptKey> keys, std::string& into) {
  put_number(into, kForm);
  put_number(into, static_cast<std::uint32_t>(keys.size()));
  for (const KeptKey& key : keys) {
    put_number(into, key.hash_low);
    put_number(into, key.hash_high);
    put_time(into, key.received);
  }
}

bool decode_keys(std::string_view payload, std::vector<KeptKey>& into) {
  Decoder from(payload);
  into.clear();
  if (!take_form(from)) return false;
  const auto count = from.number<std::uint32_t>();
  if (!from.has_room_for(count, 24)) return false;
  into.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    KeptKey& key = into.emplace_back();
    key.hash_low = from.number<std::uint64_t>();
    key.hash_high = from.number<std::uint64_t>();
    key.received = take_time(from);
  }
  return from.at_end();
}

void encode_duplicates(std::span<const EventId> events, std::string& into) {
  put_number(into, kForm);
  put_number(into, static_cast<std::uint32_t>(events.size()));
  for (const EventId event : events)
    put_number(into, event.value);
}

bool decode_duplicates(std::string_view payload, std::vector<EventId>& into) {
  Decoder from(payload);
  into.clear();
  if (!take_form(from)) return false;
  const auto count = from.number<std::uint32_t>();
  if (!from.has_room_for(count, 8)) return false;
  into.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i)
    into.push_back({from.number<std::uint64_t>()});
  return from.at_end();
}

void encode_state(const StateRecord& state, std::string& into) {
  put_number(into, kForm);
  put_number(into, static_cast<std::uint32_t>(state.entries.size()));
  for (const auto& [name, value] : state.entries) {
    put_text(into, name);
    put_text(into, value);
  }
}

bool decode_state(std::string_view payload, StateRecord& into) {
  Decoder from(payload);
  into.entries.clear();
  if (!take_form(from)) return false;
  const auto count = from.number<std::uint32_t>();
  if (!from.has_room_for(count, 2)) return false;
  for (std::uint32_t i = 0; i < count && from.good(); ++i) {
    const auto name = take_text(from);
    into.entries.emplace_back(name, take_text(from));
  }
  return from.at_end();
}

void encode_rejected(const RejectedRecord& rejected, std::string& into) {
  put_number(into, kForm);
  put_time(into, rejected.received);
  put_number(into, rejected.status);
  put_number(into, rejected.body_bytes);
  for (const auto text :
       {rejected.source, rejected.peer, rejected.cause, rejected.detail, rejected.head, rejected.body}) {
    put_text(into, text);
  }
}

std::optional<RejectedRecord> decode_rejected(std::string_view payload) {
  Decoder from(payload);
  if (!take_form(from)) return std::nullopt;
  RejectedRecord rejected;
  rejected.received = take_time(from);
  rejected.status = from.number<std::int32_t>();
  rejected.body_bytes = from.number<std::uint32_t>();
  for (auto* text : {&rejected.source, &rejected.peer, &rejected.cause, &rejected.detail, &rejected.head,
                     &rejected.body}) {
    *text = take_text(from);
  }
  if (!from.at_end()) return std::nullopt;
  return rejected;
}

}  // namespace creel::store
