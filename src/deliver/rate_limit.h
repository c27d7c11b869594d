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

  bool has_token(Ticks now);
  void take(Ticks now);       // one that is there
  void give_back(Ticks now);  // one that was taken for nothing
  // When the next token is there; `now` if one is.
  Ticks next_at(Ticks now) const;

 private:
  Rate rate_;
  // Generic cell rate algorithm: when the bucket will be full again.
  Ticks full_at_{};
};

}  // namespace creel
