#include "deliver/gate.h"

#include <algorithm>

#include "deliver/retry.h"

namespace creel {
namespace {

bool asks_for_time(const AttemptReport& report) {
  return report.retry_after && report.result == AttemptResult::status &&
         (report.status == 429 || report.status == 503);
}

}  // namespace

Gate::Gate(const Destination& destination, Ticks now) {
  configure(destination, now);
}

void Gate::configure(const Destination& destination, Ticks now) {
  slots_max_ = static_cast<std::size_t>(std::max(destination.concurrency, 1));
  retry_after_max_ = retry_after_max(destination.retry);
  if (!destination.is_adaptive) {
    adaptive_.reset();
  } else if (adaptive_) {
    adaptive_->set_max(slots_max_);
  } else {
    adaptive_.emplace(slots_max_);
  }
  if (!destination.rate) {
    rate_.reset();
  } else if (rate_) {
    rate_->configure(*destination.rate, now);
  } else {
    rate_.emplace(*destination.rate, now);
  }
  if (!destination.breaker) {
    breaker_.reset();
  } else if (!breaker_ || breaker_->policy() != *destination.breaker) {
    breaker_.emplace(*destination.breaker);
  }
}

bool Gate::admits(Ticks now) {
  if (is_paused_ || running_ >= slots() || now < retry_after_until_) return false;
  if (rate_ && !rate_->has_token(now)) return false;
  return !breaker_ || breaker_->admits(now);
}

void Gate::on_begun(Ticks now) {
  ++running_;
  if (rate_) rate_->take(now);
  if (breaker_) breaker_->on_begun(now);
}

void Gate::on_ended(const AttemptReport& report, Ticks began, Ticks now) {
  --running_;
  if (asks_for_time(report)) {
    // Compared in seconds: what is asked for may not fit into less.
    const auto most = std::chrono::ceil<std::chrono::seconds>(retry_after_max_);
    retry_after_until_ = std::max(retry_after_until_, now + std::min(*report.retry_after, most));
  }
  if (adaptive_) adaptive_->on_ended(report, began, now);
  if (breaker_) breaker_->on_ended(Breaker::sign_of(report), began, now);
}

void Gate::on_withdrawn(Ticks began, Ticks now) {
  --running_;
  if (rate_) rate_->give_back(now);
  if (breaker_) breaker_->on_withdrawn(began);
}

std::optional<Ticks> Gate::opens_at(Ticks now) const {
  if (is_paused_ || running_ >= slots()) return std::nullopt;
  Ticks at = retry_after_until_;
  if (rate_) at = std::max(at, rate_->next_at(now));
  if (breaker_) {
    if (breaker_->is_probing()) return std::nullopt;
    if (const auto probe = breaker_->probes_at()) at = std::max(at, *probe);
  }
  if (at <= now) return std::nullopt;
  return at;
}

Gate::Status Gate::status() const {
  Status status{.running = running_,
                .slots = slots(),
                .is_paused = is_paused_,
                .breaker = breaker_ ? breaker_->state() : BreakerState::closed};
  if (retry_after_until_ > Ticks{}) status.not_before = retry_after_until_;
  if (breaker_) {
    if (const auto probe = breaker_->probes_at()) status.not_before = std::max(*probe, retry_after_until_);
  }
  return status;
}

std::optional<BreakerState> Gate::take_change() {
  const BreakerState now = breaker_ ? breaker_->state() : BreakerState::closed;
  if (now == told_) return std::nullopt;
  told_ = now;
  return now;
}

}  // namespace creel
