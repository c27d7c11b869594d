// What the log says about attempts: failures, dead letters and recoveries, and not one line a delivery in a
// flood.
//
// Of each destination a few failures a second get a line of their own; the others are counted, and the count
// is said when the second is over. Dead letters likewise, and deliveries that a transform holds: there each
// reason is said once until the configuration changes. A breaker's changes are said each; they are seldom.
// All of it on the deliver thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/log.h"
#include "core/model.h"
#include "deliver/breaker.h"

namespace creel {

class AttemptLog {
 public:
  explicit AttemptLog(Log& log) : log_(log) {}

  void on_outcome(std::size_t destination, const Outcome& outcome, Ticks now);
  void on_held(std::size_t destination, const DeliveryId& delivery, std::string_view reason, Ticks now);
  void on_breaker(std::string_view destination, BreakerState state,
                  std::optional<std::chrono::milliseconds> probes_in);
  void on_gone(std::string_view destination);
  // Reasons that come again are said again.
  void on_reload();
  // Says what was only counted, once its second is over. Whether something is left to say later.
  bool flush(Ticks now);

 private:
  struct Line {
    std::uint64_t said = 0, counted = 0;
  };
  struct State {
    std::string name;
    Ticks window_began;
    Line failures, deaths, holds;
    std::string last_error, last_reason;
    std::set<std::string, std::less<>> reasons_said;
    std::uint64_t failing = 0;  // failures since the last success
    Ticks recovery_said;
    bool has_recovered = false;
  };
  State& state_of(std::size_t destination, std::string_view name, Ticks now);
  void say_counted(State& state);

  Log& log_;
  std::deque<State> states_;  // by number of the destination
};

}  // namespace creel
