#include "store/index_row.h"

namespace creel::store {
namespace {

constexpr std::size_t kPadding = 16;
constexpr std::uint32_t kHasSuccess = 0x10;

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
    put(into, static_cast<std::uint32_t>(delivery.state) | (delivery.success ? kHasSuccess : 0));
    put(into, delivery.attempts);
    put(into, delivery.attempts_base);
    put_signed(into, (delivery.changed - event.received).count());
    if (delivery.state == DeliveryState::pending) put_signed(into, (delivery.due - event.received).count());
    if (!delivery.success) continue;
    put_signed(into, (delivery.success->started - event.received).count());
    put_signed(into, delivery.success->took.count());
    put_signed(into, delivery.success->status);
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
    if ((state & ~kHasSuccess) > static_cast<std::uint8_t>(DeliveryState::cancelled)) return false;
    delivery.state = static_cast<DeliveryState>(state & ~kHasSuccess);
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
