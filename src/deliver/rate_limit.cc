#include "deliver/rate_limit.h"

#include <algorithm>

namespace creel {

using std::chrono::nanoseconds;

RateLimit::RateLimit(const Rate& rate, Ticks now) : full_at_(now) {
  set(rate);
}

// Rounded up, so that a window never holds one more.
void RateLimit::set(const Rate& rate) {
  rate_ = rate;
  const auto count = static_cast<std::int64_t>(std::max<std::uint32_t>(rate.count, 1));
  const nanoseconds per = std::max<nanoseconds>(rate.per, nanoseconds(1));
  interval_ = nanoseconds((per.count() + count - 1) / count);
  const std::int64_t a_second = std::max<std::int64_t>(nanoseconds(std::chrono::seconds(1)) / interval_, 1);
  const std::int64_t burst = rate.burst ? std::max<std::int64_t>(*rate.burst, 1) : a_second;
  tolerance_ = interval_ * (burst - 1);
}

void RateLimit::configure(const Rate& rate, Ticks now) {
  if (rate == rate_) return;
  const nanoseconds missing = std::max<nanoseconds>(full_at_ - now, nanoseconds(0));
  const std::int64_t tokens_missing = (missing.count() + interval_.count() - 1) / interval_.count();
  const nanoseconds before = interval_ + tolerance_;  // what an empty bucket takes to fill
  set(rate);
  // As many tokens as were missing are missing; an empty bucket stays empty.
  const nanoseconds most = interval_ + tolerance_;
  full_at_ = now + (missing >= before ? most : std::min(interval_ * tokens_missing, most));
}

bool RateLimit::has_token(Ticks now) const {
  return now >= full_at_ - tolerance_;
}

void RateLimit::take(Ticks now) {
  full_at_ = std::max(full_at_, now) + interval_;
}

void RateLimit::give_back(Ticks) {
  full_at_ -= interval_;
}

Ticks RateLimit::next_at(Ticks now) const {
  return std::max(now, full_at_ - tolerance_);
}

}  // namespace creel
