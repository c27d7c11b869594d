#include "store/record.h"

#include "store/payload.h"

namespace creel::store {
namespace {

// What the smallest delivery takes: keeps a short payload from asking for much memory.
constexpr std::uint64_t kDeliveryBytesMin = 2 + 1 + 4 + 1 + 8 + 4 + 4 + 8;

}  // namespace

void encode_command(const Command& command, std::string& into) {
  put_number(into, kForm);
  put_number(into, static_cast<std::uint8_t>(command.kind));
  put_number(into, command.event.value);
  put_time(into, command.at);
  put_text(into, command.destination);
  // Not there before there were replays.
  if (command.ordinal != 0) put_number(into, command.ordinal);
}

std::optional<Command> decode_command(std::string_view payload) {
  Decoder from(payload);
  if (!take_form(from)) return std::nullopt;
  Command command;
  command.kind = take_enum(from, Command::Kind::cancel);
  command.event.value = from.number<std::uint64_t>();
  command.at = take_time(from);
  command.destination = take_text(from);
  if (!from.rest().empty()) command.ordinal = from.number<std::uint32_t>();
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

void encode_accepted(const AcceptedRecord& accepted, std::string& into) {
  put_number(into, kForm);
  put_number(into, accepted.rejected);
  put_number(into, accepted.event.value);
  put_time(into, accepted.at);
}

std::optional<AcceptedRecord> decode_accepted(std::string_view payload) {
  Decoder from(payload);
  if (!take_form(from)) return std::nullopt;
  AcceptedRecord accepted;
  accepted.rejected = from.number<std::uint64_t>();
  accepted.event.value = from.number<std::uint64_t>();
  accepted.at = take_time(from);
  if (!from.at_end()) return std::nullopt;
  return accepted;
}

}  // namespace creel::store
