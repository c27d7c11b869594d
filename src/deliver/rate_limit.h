// A token bucket: so many attempts in each so much time, and so many at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.h"
#include "core/model.h"

namespace creel {

// No window of the rate's length ever has more begins than `count` + the burst. Exact: counted in whole
// nanoseconds, never in a double. Starts full. Used on one thread; never called with an earlier time than
// before.
class RateLimit {
 public:
  RateLimit(const Rate& rate, Ticks now);
  // Another rate; what the bucket holds stays, as far as the new one can hold it.
  void configure(const Rate& rate, Ticks now);

  bool has_token(Ticks now) const;
  void take(Ticks now);       // one that is there
  void give_back(Ticks now);  // one that was taken for nothing
  // When the next token is there; `now` if one is.
  Ticks next_at(Ticks now) const;

 private:
  void set(const Rate& rate);

  // The generic cell rate algorithm: a bucket is known by the time at which it will be full again.
  Rate rate_;
  std::chrono::nanoseconds interval_{1};   // between two tokens
  std::chrono::nanoseconds tolerance_{0};  // how far ahead of full it may be and still have one
  Ticks full_at_{};
};

}  // namespace creel
