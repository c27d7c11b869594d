// Records of kind outcome: many attempts of one number share a frame.
#include "store/payload.h"
#include "store/record.h"

namespace creel::store {
namespace {

// What an outcome says beyond the usual: the same destination as before, the first item and ordinal, a
// success.
constexpr std::uint8_t kOtherDestination = 1, kHasItem = 2, kHasOrdinal = 4, kIsUnusual = 8;

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

}  // namespace creel::store
