// Records of kind event: what a request brought, its texts written as places in head and body where they
// stand there already.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "store/payload.h"
#include "store/record.h"

namespace creel::store {
namespace {

// --- The texts of an event
// -----------------------------------------------------------------------------------------

// How a text of an event is written: a number whose two lowest bits say where it stands, and whose others are
// its length. In the head or the body, the offset follows; the bytes themselves else.
enum class Where : std::uint8_t { here = 0, in_head = 1, in_body = 2, as_before = 3 };
constexpr std::size_t kReferredMin = 6;  // A reference takes about three bytes.
// Providers say who and what near the front; looking further would cost more than it saves.
constexpr std::size_t kLookedThrough = std::size_t{4} << 10;

class TextWriter {
 public:
  TextWriter(std::string& into, std::string_view head, std::string_view body)
      : into_(into), head_(head.substr(0, kLookedThrough)), body_(body) {}

  // A text that stands nowhere else.
  void put(std::string_view text) {
    put_tag(Where::here, text.size());
    into_.append(text);
    before_ = text;
  }
  // One that may stand in the head, or in this part of the body.
  void put_found(std::string_view text, std::size_t body_offset) {
    if (text.size() >= kReferredMin) {
      if (text == before_) return put_tag(Where::as_before, 0);
      const auto part = body_.substr(std::min(body_offset, body_.size()), kLookedThrough);
      if (refer(Where::in_body, part, text, body_offset) || refer(Where::in_head, head_, text, 0)) return;
    }
    put(text);
  }

 private:
  void put_tag(Where where, std::size_t bytes) {
    put_varint(into_, std::uint64_t{bytes} << 2 | static_cast<std::uint8_t>(where));
  }
  bool refer(Where where, std::string_view part, std::string_view text, std::size_t offset) {
    const void* found = ::memmem(part.data(), part.size(), text.data(), text.size());
    if (found == nullptr) return false;
    put_tag(where, text.size());
    put_varint(into_, static_cast<std::size_t>(static_cast<const char*>(found) - part.data()) + offset);
    before_ = text;
    return true;
  }

  std::string& into_;
  const std::string_view head_, body_;
  std::string_view before_;
};

class TextReader {
 public:
  TextReader(Decoder& from, std::string_view head, std::string_view body)
      : from_(from), head_(head), body_(body) {}

  std::string_view take() {
    const std::uint64_t tag = from_.varint();
    const std::uint64_t bytes = tag >> 2;
    switch (static_cast<Where>(tag & 3)) {
      case Where::here:
        return before_ = from_.text(bytes);
      case Where::in_head:
        return before_ = refer(head_, bytes);
      case Where::in_body:
        return before_ = refer(body_, bytes);
      case Where::as_before:
        if (bytes != 0) from_.fail();
        return before_;
    }
    return {};
  }

 private:
  std::string_view refer(std::string_view part, std::uint64_t bytes) {
    const std::uint64_t offset = from_.varint();
    if (offset > part.size() || bytes > part.size() - offset) {
      from_.fail();
      return {};
    }
    return part.substr(offset, bytes);
  }

  Decoder& from_;
  const std::string_view head_, body_;
  std::string_view before_;
};

constexpr std::uint8_t kHasOccurred = 1, kIsSlice = 2, kHasTargets = 4;
// What the smallest item takes: keeps a short payload from asking for much memory.
constexpr std::uint64_t kItemBytesMin = 4 + 1;

// --- Where an item goes
// -----------------------------------------------------------------------------------------

// Whether these are what an item without own targets has.
bool says_everything(std::span<const Target> targets, std::size_t destinations) {
  if (targets.size() != destinations) return false;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] != Target{static_cast<std::uint16_t>(i), false}) return false;
  }
  return true;
}

bool is_repeated(std::span<const Target> targets, std::size_t at) {
  const auto before = targets.first(at);
  return std::ranges::find(before, targets[at].destination, &Target::destination) != before.end();
}

void put_targets(std::span<const Target> targets, std::size_t destinations, std::string& into) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    // A record that cannot be read would stop the index for good.
    if (targets[i].destination >= destinations) std::abort();
    if (!is_repeated(targets, i)) ++count;
  }
  put_varint(into, count);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (is_repeated(targets, i)) continue;
    put_varint(into, std::uint64_t{targets[i].destination} << 1 | (targets[i].transformed ? 1 : 0));
  }
}

bool take_targets(Decoder& from, EventRecord& event, EventItem& item) {
  const auto targets = from.varint_upto(std::uint16_t{UINT16_MAX});
  if (!from.has_room_for(targets, 1)) return false;
  for (std::uint16_t i = 0; i < targets; ++i) {
    const auto number = from.varint_upto(std::uint32_t{UINT16_MAX} << 1 | 1);
    event.targets.push_back({static_cast<std::uint16_t>(number >> 1), (number & 1) != 0});
  }
  item.has_targets = true;
  item.targets_to = static_cast<std::uint32_t>(event.targets.size());
  return from.good();
}

// The names of the destinations follow the items, so what those say of them is checked at the end. False when
// an item names one twice, or one that is none.
bool check_targets(EventRecord& event) {
  if (event.targets.empty()) return true;
  event.named_by.assign(event.destinations.size(), 0);
  std::uint32_t number = 0;
  for (EventItem& item : event.items) {
    ++number;
    item.transformed_from = static_cast<std::uint32_t>(event.transformed.size());
    for (const Target& target : event.targets_of(item)) {
      if (target.destination >= event.destinations.size()) return false;
      if (std::exchange(event.named_by[target.destination], number) == number) return false;
      if (target.transformed) event.transformed.push_back(event.destinations[target.destination]);
    }
    item.transformed_to = static_cast<std::uint32_t>(event.transformed.size());
  }
  return true;
}

// --- Items
// ------------------------------------------------------------------------------------------------------

void put_item(const NewItem& item, const NewEvent& event, TextWriter& texts, std::string& into) {
  texts.put_found(item.dedupe_key, item.body_offset);
  texts.put_found(item.provider_id, item.body_offset);
  texts.put_found(item.type, item.body_offset);
  texts.put_found(item.subject, item.body_offset);
  const bool is_slice = item.body_offset != 0 || item.body_bytes != event.body.size();
  const bool has_targets = item.targets && !says_everything(*item.targets, event.destinations.size());
  put_number(into, static_cast<std::uint8_t>((item.occurred ? kHasOccurred : 0) | (is_slice ? kIsSlice : 0) |
                                             (has_targets ? kHasTargets : 0)));
  if (item.occurred) put_signed_varint(into, minus(count_of(event.received), count_of(*item.occurred)));
  if (is_slice) {
    put_varint(into, item.body_offset);
    put_varint(into, item.body_bytes);
  }
  if (has_targets) put_targets(*item.targets, event.destinations.size(), into);
}

bool take_item(Decoder& from, TextReader& texts, EventRecord& event) {
  EventItem& item = event.items.emplace_back();
  item.dedupe_key = texts.take();
  item.provider_id = texts.take();
  item.type = texts.take();
  item.subject = texts.take();
  const auto flags = from.number<std::uint8_t>();
  if (flags > (kHasOccurred | kIsSlice | kHasTargets)) return false;
  if ((flags & kHasOccurred) != 0)
    item.occurred = time_of(minus(count_of(event.received), from.signed_varint()));
  item.body_bytes = static_cast<std::uint32_t>(event.body.size());
  if ((flags & kIsSlice) != 0) {
    item.body_offset = from.varint_upto(item.body_bytes);
    item.body_bytes = from.varint_upto(item.body_bytes - item.body_offset);
  }
  item.targets_from = item.targets_to = static_cast<std::uint32_t>(event.targets.size());
  if ((flags & kHasTargets) != 0 && !take_targets(from, event, item)) return false;
  return from.good();
}

}  // namespace

// The lengths of head and body come first: the texts refer to them, and they stand at the end.
void encode_event_meta(const NewEvent& event, std::string& into) {
  put_number(into, kForm);
  put_varint(into, event.head.size());
  put_varint(into, event.body.size());
  put_signed_varint(into, count_of(event.received));
  put_signed_varint(into, event.dedupe_window.count());
  TextWriter texts(into, event.head, event.body);
  texts.put(event.source);
  texts.put(event.peer);
  texts.put(event.secret_label);
  put_varint(into, static_cast<std::uint16_t>(event.items.size()));
  for (const NewItem& item : event.items)
    put_item(item, event, texts, into);
  put_varint(into, static_cast<std::uint16_t>(event.destinations.size()));
  for (const std::string_view destination : event.destinations)
    texts.put(destination);
}

bool decode_event(std::string_view payload, EventRecord& into) {
  Decoder from(payload);
  into.items.clear();
  into.destinations.clear();
  into.targets.clear();
  into.transformed.clear();
  if (!take_form(from)) return false;
  const std::uint64_t head_bytes = from.varint_upto(payload.size());
  const std::uint64_t body_bytes = from.varint_upto(payload.size());
  if (head_bytes + body_bytes > from.rest().size() || body_bytes > UINT32_MAX) return false;
  into.body = payload.substr(payload.size() - body_bytes);
  into.head = payload.substr(payload.size() - body_bytes - head_bytes, head_bytes);
  from = Decoder(from.rest().substr(0, from.rest().size() - head_bytes - body_bytes));

  into.received = time_of(from.signed_varint());
  into.dedupe_window = std::chrono::seconds(from.signed_varint());
  TextReader texts(from, into.head, into.body);
  into.source = texts.take();
  into.peer = texts.take();
  into.secret_label = texts.take();
  const auto items = from.varint_upto(std::uint16_t{UINT16_MAX});
  if (!from.has_room_for(items, kItemBytesMin)) return false;
  for (std::uint16_t i = 0; i < items; ++i) {
    if (!take_item(from, texts, into)) return false;
  }
  const auto destinations = from.varint_upto(std::uint16_t{UINT16_MAX});
  if (!from.has_room_for(destinations, 1)) return false;
  for (std::uint16_t i = 0; i < destinations && from.good(); ++i)
    into.destinations.push_back(texts.take());
  return from.at_end() && check_targets(into);
}

StoredEventView event_view(const EventRecord& record, EventId id) {
  const EventItem& item = record.items[id.item()];
  StoredEventView view;
  view.id = id;
  view.source = record.source;
  view.peer = record.peer;
  view.secret_label = record.secret_label;
  view.provider_id = item.provider_id;
  view.type = item.type;
  view.subject = item.subject;
  view.dedupe_key = item.dedupe_key;
  view.head = record.head;
  view.body =
      record.body.substr(std::min<std::size_t>(item.body_offset, record.body.size()), item.body_bytes);
  view.received = record.received;
  view.occurred = item.occurred;
  view.is_whole = item.body_offset == 0 && item.body_bytes == record.body.size();
  view.transformed = record.transformed_of(item);
  return view;
}

}  // namespace creel::store
