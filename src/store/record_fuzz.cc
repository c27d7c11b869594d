// Any bytes as the payload of any record: decoding gives something or nothing, and what it gives can be
// written down again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/record.h"
#include "store/segment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace creel::store;
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  std::string again;
  EventRecord event;
  if (decode_event(payload, event)) {
    if (event.head.size() + event.body.size() > size) std::abort();
    for (std::size_t i = 0; i < event.items.size(); ++i) {
      std::size_t destinations = 0;
      event.each_destination(event.items[i], [&destinations](std::string_view) { ++destinations; });
      const auto view = event_view(event, creel::EventId::of(1, static_cast<std::uint16_t>(i)));
      if (destinations > event.destinations.size() || view.transformed.size() > destinations) std::abort();
    }
  }
  CopyRecord copy;
  if (decode_copy(payload, copy) && copy.event.size() > size) std::abort();
  std::vector<KeptKey> keys;
  if (decode_keys(payload, keys)) {
    encode_keys(keys, again);
    if (again != payload) std::abort();
  }
  std::vector<creel::EventId> duplicates;
  if (decode_duplicates(payload, duplicates)) {
    again.clear();
    encode_duplicates(duplicates, again);
    if (again != payload) std::abort();
  }
  StateRecord state;
  if (decode_state(payload, state)) static_cast<void>(state.entries.size());
  std::vector<creel::Outcome> outcomes;
  if (decode_outcomes(payload, outcomes)) {
    again.clear();
    OutcomeWriter writer(again);
    for (const creel::Outcome& outcome : outcomes)
      writer.add(outcome);
    std::vector<creel::Outcome> same;
    if (!decode_outcomes(again, same) || same.size() != outcomes.size()) std::abort();
  }
  ChangeRecord change;
  if (decode_change(payload, change)) {
    again.clear();
    encode_change(change, again);
    ChangeRecord same;
    if (!decode_change(again, same) || same.name != change.name || same.value != change.value ||
        same.orders.has_value() != change.orders.has_value()) {
      std::abort();
    }
    if (change.orders && same.orders->deliveries != change.orders->deliveries) std::abort();
  }
  if (const auto command = decode_command(payload)) {
    again.clear();
    encode_command(*command, again);
    if (!decode_command(again)) std::abort();
  }
  if (const auto rejected = decode_rejected(payload)) {
    again.clear();
    encode_rejected(*rejected, again);
    if (!decode_rejected(again)) std::abort();
  }
  if (const auto accepted = decode_accepted(payload)) {
    again.clear();
    encode_accepted(*accepted, again);
    if (again != payload) std::abort();
  }
  static_cast<void>(decode_header(payload));
  if (size >= kFrameBytes) static_cast<void>(FrameCodec::peek(payload, 1));
  return 0;
}
