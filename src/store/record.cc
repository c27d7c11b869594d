#include "store/record.h"

#include <algorithm>
#include <cstring>

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

constexpr std::int64_t count_of(Time time) {
  return time.time_since_epoch().count();
}
// Of numbers that may be anything: the difference wraps around, and back again.
constexpr std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
constexpr Time time_of(std::int64_t count) {
  return Time(std::chrono::milliseconds(count));
}

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

constexpr std::uint8_t kHasOccurred = 1, kIsSlice = 2;
constexpr std::uint8_t kOtherDestination = 1, kHasItem = 2, kHasOrdinal = 4, kIsUnusual = 8;
// The bounds below are what the smallest encoding of each thing takes; they keep a short payload from asking
// for much memory.
constexpr std::uint64_t kItemBytesMin = 4 + 1;
constexpr std::uint64_t kDeliveryBytesMin = 2 + 1 + 4 + 1 + 8 + 4 + 4 + 8;

void put_item(const NewItem& item, const NewEvent& event, TextWriter& texts, std::string& into) {
  texts.put_found(item.dedupe_key, item.body_offset);
  texts.put_found(item.provider_id, item.body_offset);
  texts.put_found(item.type, item.body_offset);
  texts.put_found(item.subject, item.body_offset);
  const bool is_slice = item.body_offset != 0 || item.body_bytes != event.body.size();
  put_number(into, static_cast<std::uint8_t>((item.occurred ? kHasOccurred : 0) | (is_slice ? kIsSlice : 0)));
  if (item.occurred) put_signed_varint(into, minus(count_of(event.received), count_of(*item.occurred)));
  if (is_slice) {
    put_varint(into, item.body_offset);
    put_varint(into, item.body_bytes);
  }
}

bool take_item(Decoder& from, TextReader& texts, EventRecord& event) {
  EventItem& item = event.items.emplace_back();
  item.dedupe_key = texts.take();
  item.provider_id = texts.take();
  item.type = texts.take();
  item.subject = texts.take();
  const auto flags = from.number<std::uint8_t>();
  if (flags > (kHasOccurred | kIsSlice)) return false;
  if ((flags & kHasOccurred) != 0)
    item.occurred = time_of(minus(count_of(event.received), from.signed_varint()));
  item.body_bytes = static_cast<std::uint32_t>(event.body.size());
  if ((flags & kIsSlice) != 0) {
    item.body_offset = from.varint_upto(item.body_bytes);
    item.body_bytes = from.varint_upto(item.body_bytes - item.body_offset);
  }
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
  return from.at_end();
}

// --- Outcomes
// ------------------------------------------------------------------------------------------------------

void OutcomeWriter::add(const Outcome& outcome) {
  const Attempt& attempt = outcome.attempt;
  if (count_ == 0) {
    put_number(into_, kForm);
    put_varint(into_, attempt.number);
    number_ = attempt.number;
  }
  const bool is_other = count_++ == 0 || outcome.delivery.destination != destination_;
  // What is delivered is not due, whatever stands there.
  const bool is_usual = attempt.result == AttemptResult::delivered &&
                        outcome.state == DeliveryState::delivered && attempt.reply.empty() &&
                        attempt.error.empty();
  const EventId event = outcome.delivery.event;
  const std::uint32_t ordinal = outcome.delivery.ordinal;
  put_number(into_, static_cast<std::uint8_t>(
                        (is_other ? kOtherDestination : 0) | (event.item() != 0 ? kHasItem : 0) |
                        (ordinal != 1 ? kHasOrdinal : 0) | (is_usual ? 0 : kIsUnusual)));
  put_signed_varint(into_, static_cast<std::int64_t>(event.sequence() - sequence_));
  if (event.item() != 0) put_varint(into_, event.item());
  if (is_other) {
    put_varint(into_, outcome.delivery.destination.size());
    into_.append(outcome.delivery.destination);
  }
  if (ordinal != 1) put_varint(into_, ordinal);
  const std::int64_t started = count_of(attempt.started);
  put_signed_varint(into_, minus(started, started_));
  put_signed_varint(into_, attempt.took.count());
  put_signed_varint(into_, attempt.status);
  sequence_ = event.sequence();
  started_ = started;
  destination_ = outcome.delivery.destination;
  if (is_usual) return;
  put_number(into_, static_cast<std::uint8_t>(attempt.result));
  put_number(into_, static_cast<std::uint8_t>(outcome.state));
  put_signed_varint(into_, minus(count_of(outcome.due), started));
  put_text(into_, attempt.reply);
  put_text(into_, attempt.error);
}

OutcomeReader::OutcomeReader(std::string_view payload) {
  Decoder from(payload);
  take_form(from);
  number_ = from.varint_upto(std::uint32_t{UINT32_MAX});
  rest_ = from.rest();
  good_ = from.good() && !rest_.empty();
}

bool OutcomeReader::next(Outcome& into) {
  if (!good_ || rest_.empty()) return false;
  constexpr std::uint64_t kSequenceMax = UINT64_MAX >> 16;
  Decoder from(rest_);
  const auto flags = from.number<std::uint8_t>();
  sequence_ += static_cast<std::uint64_t>(from.signed_varint());
  if (flags >= 2 * kIsUnusual || sequence_ > kSequenceMax) from.fail();
  const auto item = (flags & kHasItem) != 0 ? from.varint_upto(std::uint16_t{UINT16_MAX}) : std::uint16_t{0};
  into.delivery.event = EventId::of(sequence_, item);
  if ((flags & kOtherDestination) != 0) destination_ = from.text(from.varint());
  into.delivery.destination = destination_;
  into.delivery.ordinal =
      (flags & kHasOrdinal) != 0 ? from.varint_upto(std::uint32_t{UINT32_MAX}) : std::uint32_t{1};
  Attempt& attempt = into.attempt;
  attempt.number = number_;
  started_ = plus(started_, from.signed_varint());
  attempt.started = time_of(started_);
  attempt.took = std::chrono::milliseconds(from.signed_varint());
  attempt.status = static_cast<std::int32_t>(from.signed_varint());
  attempt.result = AttemptResult::delivered;
  into.state = DeliveryState::delivered;
  into.due = Time();
  std::string_view reply, error;
  if ((flags & kIsUnusual) != 0) {
    attempt.result = take_enum(from, AttemptResult::unsent);
    into.state = take_enum(from, DeliveryState::cancelled);
    into.due = time_of(plus(started_, from.signed_varint()));
    reply = take_text(from);
    error = take_text(from);
  }
  attempt.reply = reply;
  attempt.error = error;
  good_ = from.good();
  rest_ = from.rest();
  return good_;
}

void encode_outcome(const Outcome& outcome, std::string& into) {
  OutcomeWriter(into).add(outcome);
}

bool decode_outcomes(std::string_view payload, std::vector<Outcome>& into) {
  OutcomeReader reader(payload);
  into.clear();
  while (reader.next(into.emplace_back())) {
  }
  into.pop_back();
  return reader.good();
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
