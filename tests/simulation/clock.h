// Time that moves when the world says so, and a wall clock that may leap.
#pragma once

#include <chrono>

#include "core/clock.h"

namespace creel::simulation {

class SimulatedClock final : public Clock {
 public:
  Time now() const override {
    return Time(std::chrono::milliseconds(1'700'000'000'000)) +
           std::chrono::floor<std::chrono::milliseconds>(since_) + leap_;
  }
  Ticks ticks() const override { return Ticks(std::chrono::hours(1)) + since_; }

  void advance_to(Ticks then) {
    if (then > ticks()) since_ += then - ticks();
  }
  // The wall clock alone, either way.
  void leap(std::chrono::milliseconds by) { leap_ += by; }

 private:
  Ticks::duration since_{0};
  std::chrono::milliseconds leap_{0};
};

}  // namespace creel::simulation
