// Time comes in through the door: whoever needs it is given a Clock, so that a test can move it.
#pragma once

#include <chrono>

namespace creel {

// The wall clock, in milliseconds since 1970. What is written to disk and shown to people.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// Never goes back and does not know the date. Running timers use it.
using Ticks = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual Ticks ticks() const = 0;
};

// The real one. Safe to use from many threads.
class SystemClock final : public Clock {
 public:
  Time now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  Ticks ticks() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace creel
