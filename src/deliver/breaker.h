// A circuit breaker: stops attempts while most of them fail, and finds out by itself when they may go on.
//
//   closed ── enough failed ──▶ open ── probe_after ──▶ half_open ── the canary succeeds ──▶ closed
//                                ▲                          │
//                                └────── it fails ──────────┘
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "core/model.h"
#include "deliver/destination.h"

namespace creel {

enum class BreakerState : std::uint8_t { closed, open, half_open };
std::string_view to_text(BreakerState state);  // "closed", "open", "half_open"

// Counts what ends within a window that slides in so many steps; memory does not grow with traffic. Used on
// one thread.
class Breaker {
 public:
  explicit Breaker(const BreakerPolicy& policy);

  // What an end says about the destination.
  enum class Sign : std::uint8_t {
    answered,   // it is there, whether or not the answer was wanted
    failed,     // no answer, 429 or 5xx; of a program, an end that was not meant for this event alone
    timed_out,  // no answer, and all the time there was is over
  };
  static Sign sign_of(const AttemptReport& report);

  // Whether one more may begin: always while it is closed, never while it is open, and one at a time while it
  // is half open, which time makes of an open one.
  bool admits(Ticks now);
  // One that was admitted begins; while the breaker is half open it is the canary, whose end decides.
  void on_begun(Ticks now);
  // What began before the breaker changed last says nothing about how the destination is now.
  void on_ended(Sign sign, Ticks began, Ticks now);
  // What had begun at `began` was not made after all.
  void on_withdrawn(Ticks began);

  BreakerState state() const { return state_; }
  std::optional<Ticks> probes_at() const;                  // while it is open
  bool is_probing() const { return canary_.has_value(); }  // the canary is out
  const BreakerPolicy& policy() const { return policy_; }

 private:
  struct Slice {
    std::int64_t number = 0;  // of the step of time it counts
    std::uint32_t ended = 0, failed = 0, timed_out = 0;
  };
  static constexpr std::size_t kSlices = 16;
  // A destination that hangs ends few attempts in a window, however many wait. That so many got no answer,
  // and none did, says enough.
  static constexpr std::uint64_t kTimeouts = 5;

  void count(Sign sign, Ticks now);
  bool is_too_much(Ticks now) const;
  void become(BreakerState state, Ticks now);
  std::int64_t step_of(Ticks now) const { return now.time_since_epoch() / step_; }

  const BreakerPolicy policy_;
  const std::chrono::nanoseconds step_;
  std::array<Slice, kSlices> slices_{};
  BreakerState state_ = BreakerState::closed;
  Ticks changed_{};
  std::optional<Ticks> canary_;  // when it began
};

}  // namespace creel
