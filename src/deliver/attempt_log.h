// What the log says about attempts: failures, dead letters and recoveries, and not one line a delivery in a
// flood.
//
// Of each destination a few failures a second get a line of their own; the others are counted, and the count
// is said when the second is over. Dead letters likewise. All of it on the deliver thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/log.h"
#include "core/model.h"

namespace creel {

class AttemptLog {
 public:
  AttemptLog(Log& log, std::size_t destinations) : log_(log), states_(destinations) {}

  void on_outcome(std::size_t destination, const Outcome& outcome, Ticks now);
  // Says what was only counted, once its second is over. Whether something is left to say later.
  bool flush(Ticks now);

 private:
  struct Line {
    std::uint64_t said = 0, counted = 0;
  };
  struct State {
    std::string name;
    Ticks window_began;
    Line failures, deaths;
    std::string last_error;
    std::uint64_t failing = 0;  // failures since the last success
    Ticks recovery_said;
    bool has_recovered = false;
  };
  void say_counted(State& state);

  Log& log_;
  std::vector<State> states_;
};

}  // namespace creel
