// Whether a destination may take one more attempt now: pause, breaker, rate, slots, and what it asked for
// with Retry-After, in one place.
//
//   while (gate.admits(now) && more) { gate.on_begun(now); … }      // and when it ends:
//   gate.on_ended(report, began, now);
//
// The queue knows what is next, the gate whether it may go. Waiting here costs no attempt. A state machine
// without clock, chance, thread or callback, used on one thread; all times are of the clock that never jumps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "core/model.h"
#include "deliver/adaptive_concurrency.h"
#include "deliver/breaker.h"
#include "deliver/destination.h"
#include "deliver/rate_limit.h"

namespace creel {

class Gate {
 public:
  Gate(const Destination& destination, Ticks now);

  // Other settings. What runs goes on counting; a bucket keeps what it holds as far as the new one can; a
  // breaker whose policy did not change stays as it is.
  void configure(const Destination& destination, Ticks now);
  // Nothing is admitted while it is paused.
  void set_paused(bool is_paused) { is_paused_ = is_paused; }
  bool is_paused() const { return is_paused_; }

  // Whether one more may begin. Not const: buckets fill and an open breaker becomes half open as time goes
  // by.
  bool admits(Ticks now);
  // One that was admitted begins: it takes a slot and a token, and is the canary of a half-open breaker.
  void on_begun(Ticks now);
  // It ended. An answer with Retry-After (429, 503) holds everything for as long as that is allowed to ask.
  void on_ended(const AttemptReport& report, Ticks began, Ticks now);
  // What began at `began` was not made after all: slot, token and canary are given back.
  void on_withdrawn(Ticks began, Ticks now);

  // When admits() may become true by time alone; nothing when it is now, or when only an end or a resume can
  // bring it.
  std::optional<Ticks> opens_at(Ticks now) const;

  struct Status {
    std::size_t running = 0;
    std::size_t slots = 0;  // how many may run at once now
    bool is_paused = false;
    BreakerState breaker = BreakerState::closed;
    // As Retry-After asked last, or the probe of an open breaker; may be over.
    std::optional<Ticks> not_before;
  };
  Status status() const;
  // The breaker's state, when it is another than take_change() last gave.
  std::optional<BreakerState> take_change();

 private:
  bool is_paused_ = false;
  std::size_t slots() const { return adaptive_ ? adaptive_->slots() : slots_max_; }

  std::size_t running_ = 0;
  std::size_t slots_max_ = 1;
  std::optional<AdaptiveConcurrency> adaptive_;
  std::optional<RateLimit> rate_;
  std::optional<Breaker> breaker_;
  BreakerState told_ = BreakerState::closed;
  Ticks retry_after_until_{};
  std::chrono::milliseconds retry_after_max_{0};
};

}  // namespace creel
