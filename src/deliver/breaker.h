// A circuit breaker: stops attempts while most of them fail, and finds out by itself when they may go on.
//
//   closed ── enough failed ──▶ open ── probe_after ──▶ half_open ── the canary succeeds ──▶ closed
//                                ▲                          │
//                                └────── it fails ──────────┘
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "core/model.h"

namespace creel {

enum class BreakerState : std::uint8_t { closed, open, half_open };
std::string_view to_text(BreakerState state);  // "closed", "open", "half_open"

// Counts what ends within a window that slides in so many steps; memory does not grow with traffic. Used on
// one thread.
class Breaker {
 public:
  explicit Breaker(const BreakerPolicy& policy) : policy_(policy) {}

  // Whether one more may begin: always while it is closed, never while it is open, and one at a time while it
  // is half open.
  bool admits(Ticks now);
  void on_begun(Ticks now);
  // Those that began before it opened count for nothing any more.
  void on_ended(bool is_failure, Ticks began, Ticks now);
  void on_withdrawn(Ticks now);

  BreakerState state() const { return state_; }
  std::optional<Ticks> probes_at() const;  // while it is open
  const BreakerPolicy& policy() const { return policy_; }

 private:
  static constexpr int kSlices = 16;
  struct Slice {
    Ticks begins{};
    std::uint32_t ended = 0, failed = 0;
  };
  void forget_before(Ticks now);

  BreakerPolicy policy_;
  BreakerState state_ = BreakerState::closed;
  std::deque<Slice> slices_;
  Ticks changed_{};
  bool is_canary_out_ = false;
};

}  // namespace creel
