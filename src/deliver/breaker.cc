#include "deliver/breaker.h"

#include <algorithm>

namespace creel {

std::string_view to_text(BreakerState state) {
  switch (state) {
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      return "half_open";
  }
  return "unknown";
}

Breaker::Breaker(const BreakerPolicy& policy)
    : policy_(policy),
      step_(std::max<std::chrono::nanoseconds>(
          std::chrono::nanoseconds(policy.window) / std::int64_t{kSlices}, std::chrono::nanoseconds(1))) {}

Breaker::Sign Breaker::sign_of(const AttemptReport& report) {
  if (report.is_final) return Sign::answered;  // it has looked at the event
  switch (report.result) {
    case AttemptResult::delivered:
      return Sign::answered;
    case AttemptResult::status:
      return report.status == 429 || report.status >= 500 ? Sign::failed : Sign::answered;
    case AttemptResult::timeout:
      return Sign::timed_out;
    default:
      return Sign::failed;
  }
}

bool Breaker::admits(Ticks now) {
  if (state_ == BreakerState::open && now >= changed_ + policy_.probe_after)
    become(BreakerState::half_open, now);
  return state_ == BreakerState::closed || (state_ == BreakerState::half_open && !canary_);
}

void Breaker::on_begun(Ticks now) {
  if (state_ == BreakerState::half_open) canary_ = now;
}

void Breaker::on_ended(Sign sign, Ticks began, Ticks now) {
  if (state_ == BreakerState::half_open) {
    if (!canary_ || began < changed_) return;
    become(sign == Sign::answered ? BreakerState::closed : BreakerState::open, now);
  } else if (state_ == BreakerState::closed && began >= changed_) {
    count(sign, now);
    if (is_too_much(now)) become(BreakerState::open, now);
  }
}

void Breaker::on_withdrawn(Ticks began) {
  if (canary_ && began >= changed_) canary_.reset();
}

std::optional<Ticks> Breaker::probes_at() const {
  if (state_ != BreakerState::open) return std::nullopt;
  return changed_ + policy_.probe_after;
}

void Breaker::become(BreakerState state, Ticks now) {
  state_ = state;
  changed_ = now;
  canary_.reset();
  slices_ = {};
}

void Breaker::count(Sign sign, Ticks now) {
  const std::int64_t number = step_of(now);
  Slice& slice = slices_[static_cast<std::size_t>(number % std::int64_t{kSlices})];
  if (slice.number != number) slice = {.number = number};
  ++slice.ended;
  if (sign != Sign::answered) ++slice.failed;
  if (sign == Sign::timed_out) ++slice.timed_out;
}

bool Breaker::is_too_much(Ticks now) const {
  const std::int64_t oldest = step_of(now) - std::int64_t{kSlices} + 1;
  std::uint64_t ended = 0, failed = 0, timed_out = 0;
  for (const Slice& slice : slices_) {
    if (slice.number < oldest) continue;
    ended += slice.ended;
    failed += slice.failed;
    timed_out += slice.timed_out;
  }
  if (timed_out >= kTimeouts && timed_out == ended) return true;
  return failed > 0 && ended >= static_cast<std::uint64_t>(std::max(policy_.attempts, 1)) &&
         static_cast<double>(failed) >= policy_.ratio * static_cast<double>(ended);
}

}  // namespace creel
