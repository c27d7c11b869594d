// How a destination's deliveries are named and put in order: words of the queue and of what serves it.
#pragma once

#include <compare>
#include <cstdint>

#include "core/clock.h"
#include "core/ids.h"

namespace creel {

// A delivery of one destination.
struct DeliveryKey {
  EventId event;
  std::uint32_t ordinal = 1;
  auto operator<=>(const DeliveryKey&) const = default;
};
struct DeliveryKeyHash {
  std::size_t operator()(const DeliveryKey& key) const noexcept {
    return static_cast<std::size_t>((key.event.value + key.ordinal) * 0x9e3779b97f4a7c15u >> 7);
  }
};

// Where it stands among the others, as the index has them: due time, then event.
struct DeliveryPlace {
  Time due;
  EventId event;
  std::uint32_t ordinal = 1;
  DeliveryKey key() const { return {event, ordinal}; }
  auto operator<=>(const DeliveryPlace&) const = default;
};

// Now, by both clocks: the wall's, which is written down, and the one that never jumps, which timers run by.
struct Moment {
  Time wall;
  Ticks ticks;
};

}  // namespace creel
