// The ids of the store: numbers inside, sortable text outside.
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace creel {

// The place of a record in the journal: 1, 2, 3 … over all segments, without a gap. Fits 48 bits.
using Sequence = std::uint64_t;

// One event: the sequence of its record and its number in it. Never random, the same for ever.
//
// As text "cev_" and 13 digits of base 32 (0-9 and a-v, lower case), which sort as the numbers do.
struct EventId {
  std::uint64_t value = 0;

  static constexpr EventId of(Sequence sequence, std::uint16_t item) { return {sequence << 16 | item}; }
  constexpr Sequence sequence() const { return value >> 16; }
  constexpr std::uint16_t item() const { return static_cast<std::uint16_t>(value & 0xffff); }
  constexpr auto operator<=>(const EventId&) const = default;
};
std::string to_text(EventId id);
std::optional<EventId> parse_event_id(std::string_view text);

// One event for one destination. `ordinal` is 1 for the delivery that the route made and counts on with each
// replay.
//
// As text the event's id, a full stop, the destination's name, a full stop, the ordinal.
struct DeliveryId {
  EventId event;
  std::string destination;
  std::uint32_t ordinal = 1;

  auto operator<=>(const DeliveryId&) const = default;
};
std::string to_text(const DeliveryId& id);
std::optional<DeliveryId> parse_delivery_id(std::string_view text);

}  // namespace creel

template <>
struct std::hash<creel::DeliveryId> {
  std::size_t operator()(const creel::DeliveryId& id) const noexcept {
    return std::hash<std::string_view>{}(id.destination) ^
           (id.event.value * 0x9e3779b97f4a7c15u + id.ordinal);
  }
};
