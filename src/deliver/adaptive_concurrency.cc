#include "deliver/adaptive_concurrency.h"

#include <algorithm>

namespace creel {
namespace {

constexpr double kDecrease = 0.7;
constexpr double kTooSlow = 2.5;       // times what is usual
constexpr double kNotWorthUs = 2'000;  // a difference below this says nothing about load
constexpr double kRecentWeight = 0.1;
constexpr double kUsualRise =
    0.002;                        // per success, so that a destination that became slower is usual in time
constexpr double kSettling = 20;  // successes before latency is believed

bool is_pushed_back(const AttemptReport& report) {
  if (report.result == AttemptResult::status) return report.status == 429 || report.status >= 500;
  return report.result != AttemptResult::delivered && !report.is_final;
}

}  // namespace

void AdaptiveConcurrency::on_ended(const AttemptReport& report, Ticks began, Ticks now) {
  if (is_pushed_back(report)) return decrease(began, now);
  if (report.result != AttemptResult::delivered) return;  // an answer that says nothing about load
  if (began < decreased_) return;                         // of the time when there were too many
  const double took_us = std::chrono::duration<double, std::micro>(now - began).count();
  recent_us_ = successes_ == 0 ? took_us : recent_us_ + kRecentWeight * (took_us - recent_us_);
  usual_us_ = successes_ == 0 ? took_us : std::min(usual_us_ * (1 + kUsualRise), recent_us_);
  successes_ += 1;
  if (successes_ > kSettling && recent_us_ > kTooSlow * usual_us_ && recent_us_ - usual_us_ > kNotWorthUs)
    return decrease(began, now);
  slots_ = std::min(slots_ + 1 / slots_, static_cast<double>(slots_max_));
}

void AdaptiveConcurrency::set_max(std::size_t slots_max) {
  slots_max_ = std::max<std::size_t>(slots_max, 1);
  slots_ = std::min(slots_, static_cast<double>(slots_max_));
}

void AdaptiveConcurrency::decrease(Ticks began, Ticks now) {
  if (began < decreased_) return;
  slots_ = std::max(slots_ * kDecrease, 1.0);
  decreased_ = now;
  // What was slow for there being too many is not to count twice.
  recent_us_ = std::min(recent_us_, usual_us_);
}

}  // namespace creel
