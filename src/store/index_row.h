// One row of the index's table of events, with its deliveries in it.
//
// An event and its few deliveries are always wanted together, so they are one row: a delivery costs no row,
// no key and no index entry of its own once it is settled. What is pending, and what is dead or cancelled,
// has a narrow row besides, in the order it is asked for (docs/decisions/index.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/ids.h"
#include "core/model.h"

namespace creel::store {

struct DeliveryEntry {
  std::uint32_t destination = 0;  // its number among the names
  std::uint32_t ordinal = 1;
  DeliveryState state = DeliveryState::pending;
  std::uint32_t attempts = 0;
  std::uint32_t attempts_base = 0;
  Time due;      // of the next attempt; while pending
  Time changed;  // when it came into this state; grows with each change, so of two versions the later one is
                 // known
  // The attempt that was accepted, while delivered and not copied forward since.
  struct Success {
    Time started;
    std::chrono::milliseconds took{0};
    int status = 0;
    AttemptTrigger trigger = AttemptTrigger::first;
    AttemptTimings timings;
    bool operator==(const Success&) const = default;
  };
  std::optional<Success> success;

  bool operator==(const DeliveryEntry&) const = default;
};

struct EventEntry {
  EventId id;
  std::uint32_t source = 0, type = 0;  // their numbers among the names
  Time received;
  std::optional<Time> occurred;
  std::uint64_t segment = 0, offset = 0;  // of its record in the journal, or of the copy of it
  std::uint32_t body_bytes = 0;
  std::vector<DeliveryEntry> deliveries;

  DeliveryEntry* find(std::uint32_t destination, std::uint32_t ordinal);
};

// What one secret of one source has verified of a segment's records; their names as numbers.
struct SecretUses {
  std::uint32_t source = 0, secret = 0;
  Time last;                 // the latest time of receipt
  std::uint64_t events = 0;  // new ones: neither duplicates nor copies
};
void encode_uses(const std::vector<SecretUses>& uses, std::string& into);
[[nodiscard]] bool decode_uses(std::string_view bytes, std::vector<SecretUses>& into);

// The deliveries as bytes, padded to a multiple of 16: a row that is updated keeps its size, and with it its
// page.
void encode_deliveries(const EventEntry& event, std::string& into);
// False when the bytes are no deliveries: the index is damaged.
[[nodiscard]] bool decode_deliveries(std::string_view bytes, EventEntry& into);

}  // namespace creel::store
