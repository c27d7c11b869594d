#include "store/index_row.h"

#include <iterator>

namespace creel::store {
namespace {

constexpr std::size_t kPadding = 16;
constexpr std::uint32_t kHasSuccess = 0x10, kHasDetails = 0x20;

void put(std::string& into, std::uint64_t value) {
  while (value >= 0x80) {
    into.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  into.push_back(static_cast<char>(value));
}

// Small numbers of either sign stay short.
void put_signed(std::string& into, std::int64_t value) {
  put(into, (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

class Taker {
 public:
  explicit Taker(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) break;
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  std::uint32_t small() { return static_cast<std::uint32_t>(number()); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

// The trigger and which timings follow, and these.
constexpr std::uint64_t kTriggerBits = 7, kFirstTiming = 8;

bool has_details(const DeliveryEntry::Success& success) {
  return success.trigger != AttemptTrigger::first || success.timings != AttemptTimings();
}

void put_details(std::string& into, const DeliveryEntry::Success& success) {
  const AttemptTimings& timings = success.timings;
  const std::chrono::microseconds parts[] = {timings.dns, timings.connect, timings.tls, timings.first_byte};
  std::uint64_t head = static_cast<std::uint8_t>(success.trigger);
  for (std::size_t i = 0; i < std::size(parts); ++i) {
    if (parts[i].count() > 0) head |= kFirstTiming << i;
  }
  put(into, head);
  for (const std::chrono::microseconds part : parts) {
    if (part.count() > 0) put(into, static_cast<std::uint64_t>(part.count()));
  }
}

bool take_details(Taker& taker, DeliveryEntry::Success& into) {
  const std::uint64_t head = taker.number();
  if ((head & kTriggerBits) > static_cast<std::uint8_t>(AttemptTrigger::resume)) return false;
  into.trigger = static_cast<AttemptTrigger>(head & kTriggerBits);
  AttemptTimings& timings = into.timings;
  std::chrono::microseconds* const parts[] = {&timings.dns, &timings.connect, &timings.tls,
                                              &timings.first_byte};
  for (std::size_t i = 0; i < std::size(parts); ++i) {
    if ((head & kFirstTiming << i) != 0)
      *parts[i] = std::chrono::microseconds(static_cast<std::int64_t>(taker.number()));
  }
  return true;
}

}  // namespace

DeliveryEntry* EventEntry::find(std::uint32_t destination, std::uint32_t ordinal) {
  for (DeliveryEntry& delivery : deliveries) {
    if (delivery.destination == destination && delivery.ordinal == ordinal) return &delivery;
  }
  return nullptr;
}

void encode_deliveries(const EventEntry& event, std::string& into) {
  into.clear();
  put(into, event.deliveries.size());
  for (const DeliveryEntry& delivery : event.deliveries) {
    put(into, delivery.destination);
    put(into, delivery.ordinal);
    const bool is_detailed = delivery.success && has_details(*delivery.success);
    put(into, static_cast<std::uint32_t>(delivery.state) | (delivery.success ? kHasSuccess : 0) |
                  (is_detailed ? kHasDetails : 0));
    put(into, delivery.attempts);
    put(into, delivery.attempts_base);
    put_signed(into, (delivery.changed - event.received).count());
    if (delivery.state == DeliveryState::pending) put_signed(into, (delivery.due - event.received).count());
    if (!delivery.success) continue;
    put_signed(into, (delivery.success->started - event.received).count());
    put_signed(into, delivery.success->took.count());
    put_signed(into, delivery.success->status);
    if (is_detailed) put_details(into, *delivery.success);
  }
  into.resize((into.size() + kPadding - 1) / kPadding * kPadding, '\0');
}

bool decode_deliveries(std::string_view bytes, EventEntry& into) {
  using std::chrono::milliseconds;
  into.deliveries.clear();
  Taker taker(bytes);
  const std::uint64_t count = taker.number();
  if (count > bytes.size()) return false;
  for (std::uint64_t i = 0; i < count && taker.ok(); ++i) {
    DeliveryEntry delivery;
    delivery.destination = taker.small();
    delivery.ordinal = taker.small();
    const std::uint32_t state = taker.small();
    if ((state & ~(kHasSuccess | kHasDetails)) > static_cast<std::uint8_t>(DeliveryState::cancelled))
      return false;
    delivery.state = static_cast<DeliveryState>(state & ~(kHasSuccess | kHasDetails));
    delivery.attempts = taker.small();
    delivery.attempts_base = taker.small();
    delivery.changed = into.received + milliseconds(taker.signed_number());
    if (delivery.state == DeliveryState::pending)
      delivery.due = into.received + milliseconds(taker.signed_number());
    if ((state & kHasSuccess) != 0) {
      DeliveryEntry::Success success;
      success.started = into.received + milliseconds(taker.signed_number());
      success.took = milliseconds(taker.signed_number());
      success.status = static_cast<int>(taker.signed_number());
      if ((state & kHasDetails) != 0 && !take_details(taker, success)) return false;
      delivery.success = success;
    }
    into.deliveries.push_back(delivery);
  }
  return taker.ok();
}

void encode_uses(const std::vector<SecretUses>& uses, std::string& into) {
  into.clear();
  put(into, uses.size());
  for (const SecretUses& use : uses) {
    put(into, use.source);
    put(into, use.secret);
    put_signed(into, use.last.time_since_epoch().count());
    put(into, use.events);
  }
}

bool decode_uses(std::string_view bytes, std::vector<SecretUses>& into) {
  into.clear();
  Taker taker(bytes);
  const std::uint64_t count = taker.number();
  if (count > bytes.size()) return false;
  for (std::uint64_t i = 0; i < count && taker.ok(); ++i) {
    SecretUses& use = into.emplace_back();
    use.source = taker.small();
    use.secret = taker.small();
    use.last = Time(std::chrono::milliseconds(taker.signed_number()));
    use.events = taker.number();
  }
  return taker.ok();
}

}  // namespace creel::store
