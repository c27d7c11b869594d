// Records of kind outcome: many attempts of one number share a frame.
#include <algorithm>
#include <iterator>

#include "store/payload.h"
#include "store/record.h"

namespace creel::store {
namespace {

// What an outcome says beyond the usual: the same destination as before, the first item and ordinal, a
// success.
constexpr std::uint8_t kOtherDestination = 1, kHasItem = 2, kHasOrdinal = 4, kIsUnusual = 8, kHasDetails = 16;

// Details are a byte, the trigger and which timings follow, and these.
constexpr std::uint8_t kTriggerBits = 7, kFirstTiming = 8;

bool has_details(const Attempt& attempt) {
  return attempt.trigger != AttemptTrigger::first || attempt.timings != AttemptTimings();
}

void put_details(const Attempt& attempt, std::string& into) {
  const AttemptTimings& timings = attempt.timings;
  const std::chrono::microseconds parts[] = {timings.dns, timings.connect, timings.tls, timings.first_byte};
  auto head = static_cast<std::uint8_t>(attempt.trigger);
  for (std::size_t i = 0; i < std::size(parts); ++i) {
    if (parts[i].count() > 0) head |= static_cast<std::uint8_t>(kFirstTiming << i);
  }
  put_number(into, head);
  for (const std::chrono::microseconds part : parts) {
    if (part.count() > 0) put_varint(into, static_cast<std::uint64_t>(part.count()));
  }
}

void take_details(Decoder& from, Attempt& into) {
  const auto head = from.number<std::uint8_t>();
  const auto trigger = static_cast<std::uint8_t>(head & kTriggerBits);
  if (trigger > static_cast<std::uint8_t>(AttemptTrigger::resume) || head >= kFirstTiming << 4) from.fail();
  into.trigger = static_cast<AttemptTrigger>(trigger);
  AttemptTimings& timings = into.timings;
  std::chrono::microseconds* const parts[] = {&timings.dns, &timings.connect, &timings.tls,
                                              &timings.first_byte};
  for (std::size_t i = 0; i < std::size(parts); ++i) {
    if ((head & kFirstTiming << i) == 0) continue;
    constexpr std::uint64_t kMost = INT64_MAX / 1000;
    const std::uint64_t count = from.varint();
    if (count > kMost) from.fail();
    *parts[i] = std::chrono::microseconds(static_cast<std::int64_t>(std::min(count, kMost)));
  }
}

}  // namespace

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
  const bool is_detailed = has_details(attempt);
  const EventId event = outcome.delivery.event;
  const std::uint32_t ordinal = outcome.delivery.ordinal;
  put_number(into_,
             static_cast<std::uint8_t>((is_other ? kOtherDestination : 0) |
                                       (event.item() != 0 ? kHasItem : 0) | (ordinal != 1 ? kHasOrdinal : 0) |
                                       (is_usual ? 0 : kIsUnusual) | (is_detailed ? kHasDetails : 0)));
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
  if (is_detailed) put_details(attempt, into_);
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
  if (flags >= 2 * kHasDetails || sequence_ > kSequenceMax) from.fail();
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
  attempt.trigger = AttemptTrigger::first;
  attempt.timings = {};
  if ((flags & kHasDetails) != 0) take_details(from, attempt);
  attempt.result = AttemptResult::delivered;
  into.state = DeliveryState::delivered;
  into.due = Time();
  std::string_view reply, error;
  if ((flags & kIsUnusual) != 0) {
    attempt.result = take_enum(from, AttemptResult::auth);
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

}  // namespace creel::store
