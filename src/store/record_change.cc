// A changed entry of operator state, and what a job orders with it.
#include <algorithm>

#include "store/payload.h"
#include "store/record.h"

namespace creel::store {
namespace {

constexpr std::uint8_t kWithOrders = 1;
constexpr std::uint8_t kStatesMask = 0x0f;
// What the smallest delivery takes: keeps a short payload from asking for much memory.
constexpr std::uint64_t kDeliveryBytesMin = 3;

std::uint8_t bit_of(DeliveryState state) {
  return static_cast<std::uint8_t>(1u << static_cast<unsigned>(state));
}

// Events grow, and destinations are few: both are written as the difference to the one before.
void put_orders(const Orders& orders, std::string& into) {
  put_number(into, static_cast<std::uint8_t>(orders.kind));
  put_time(into, orders.at);
  std::uint8_t states = 0;
  for (const DeliveryState state : orders.states)
    states |= bit_of(state);
  put_number(into, states);

  std::vector<std::string_view> names;
  for (const DeliveryId& id : orders.deliveries) {
    if (std::ranges::find(names, id.destination) == names.end()) names.push_back(id.destination);
  }
  put_varint(into, names.size());
  for (const std::string_view name : names)
    put_text(into, name);
  put_varint(into, orders.deliveries.size());
  std::int64_t before = 0;
  for (const DeliveryId& id : orders.deliveries) {
    const auto event = static_cast<std::int64_t>(id.event.value);
    put_signed_varint(into, minus(event, before));
    put_varint(into, static_cast<std::uint64_t>(std::ranges::find(names, id.destination) - names.begin()));
    put_varint(into, id.ordinal);
    before = event;
  }
}

Orders take_orders(Decoder& from) {
  Orders orders;
  orders.kind = take_enum(from, Orders::Kind::replay);
  orders.at = take_time(from);
  const auto states = from.number<std::uint8_t>();
  if ((states & ~kStatesMask) != 0) from.fail();
  for (const DeliveryState state :
       {DeliveryState::pending, DeliveryState::delivered, DeliveryState::dead, DeliveryState::cancelled}) {
    if ((states & bit_of(state)) != 0) orders.states.push_back(state);
  }
  const std::uint64_t count = from.varint();
  if (!from.has_room_for(count, 1)) from.fail();
  std::vector<std::string_view> names;
  for (std::uint64_t i = 0; i < count && from.good(); ++i)
    names.push_back(take_text(from));
  const std::uint64_t deliveries = from.varint();
  if (!from.has_room_for(deliveries, kDeliveryBytesMin)) from.fail();
  std::int64_t before = 0;
  for (std::uint64_t i = 0; i < deliveries && from.good(); ++i) {
    before = plus(before, from.signed_varint());
    const std::uint64_t name = from.varint();
    const auto ordinal = from.varint_upto<std::uint32_t>(UINT32_MAX);
    if (name >= names.size()) {
      from.fail();
      break;
    }
    orders.deliveries.push_back(
        {EventId{static_cast<std::uint64_t>(before)}, std::string(names[name]), ordinal});
  }
  return orders;
}

}  // namespace

void encode_change(const ChangeRecord& change, std::string& into) {
  put_number(into, kForm);
  put_text(into, change.name);
  put_text(into, change.value);
  put_number(into, change.orders ? kWithOrders : std::uint8_t{0});
  if (change.orders) put_orders(*change.orders, into);
}

bool decode_change(std::string_view payload, ChangeRecord& into) {
  Decoder from(payload);
  into.orders.reset();
  if (!take_form(from)) return false;
  into.name = take_text(from);
  into.value = take_text(from);
  const auto what = from.number<std::uint8_t>();
  if (what > kWithOrders) return false;
  if (what == kWithOrders) into.orders = take_orders(from);
  return from.at_end();
}

}  // namespace creel::store
