// How many attempts a destination bears at once, found by trying: it falls by a share when it is told to slow
// down, times out, fails or takes much longer than it used to, and grows by one after each round that went
// well.
#pragma once

#include <chrono>
#include <cstddef>

#include "core/clock.h"
#include "deliver/destination.h"

namespace creel {

// Additive increase, multiplicative decrease; between 1 and the configured concurrency, where it starts. One
// decrease counts for all attempts that ran when it happened. Used on one thread.
class AdaptiveConcurrency {
 public:
  explicit AdaptiveConcurrency(std::size_t slots_max) { set_max(slots_max), slots_ = double(slots_max_); }

  // Another configured concurrency; what was learnt stays.
  void set_max(std::size_t slots_max);
  // An answer that is neither a success nor a sign of load changes nothing.
  void on_ended(const AttemptReport& report, Ticks began, Ticks now);
  std::size_t slots() const { return static_cast<std::size_t>(slots_); }

 private:
  void decrease(Ticks began, Ticks now);

  std::size_t slots_max_ = 1;
  double slots_ = 1;  // at least 1
  Ticks decreased_{};
  double successes_ = 0;
  double usual_us_ =
      0;  // how long a success takes when there is little load: the least of late, rising slowly
  double recent_us_ = 0;  // how long they take now
};

}  // namespace creel
