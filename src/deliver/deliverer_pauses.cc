// What the deliver thread does about pauses, and what it says about how destinations stand.
#include <algorithm>
#include <utility>

#include "deliver/deliverer.h"

namespace creel {

// --- From any thread
// -------------------------------------------------------------------------------------------------

void Deliverer::pause(std::vector<Pause> pauses, std::move_only_function<void()> done) {
  post(Repause{.pauses = std::move(pauses), .done = std::move(done)});
}

std::vector<Deliverer::Standing> Deliverer::standings() const {
  std::lock_guard lock(standings_mutex_);
  return standings_;
}

// --- On the deliver thread
// -------------------------------------------------------------------------------------------

void Deliverer::take(Repause repause, Moment at) {
  dispatcher_.pause(repause.pauses, at);
  publish_standings(at);
  if (repause.done) repause.done();
}

void Deliverer::publish_standings(Moment at) {
  std::vector<Standing> standings;
  for (std::size_t number = 0; number < outlets_.size(); ++number) {
    if (!outlets_[number].is_configured) continue;
    Standing standing{.destination = outlets_[number].name, .gate = dispatcher_.gate(number)};
    if (standing.gate.not_before && *standing.gate.not_before > at.ticks) {
      standing.not_before =
          at.wall + std::chrono::ceil<std::chrono::milliseconds>(*standing.gate.not_before - at.ticks);
    }
    standings.push_back(std::move(standing));
  }
  std::ranges::sort(standings, {}, &Standing::destination);
  std::lock_guard lock(standings_mutex_);
  standings_.swap(standings);
}

// Of deliveries that a transform holds, or of dead ones that park their keys: what no time mends.
void Deliverer::say_if_full(std::size_t number) {
  Outlet& outlet = outlets_[number];
  if (outlet.is_said_full || !dispatcher_.is_full_of_held(number)) return;
  outlet.is_said_full = true;
  const auto status = dispatcher_.status(number);
  log_.error(
      "nothing is delivered to this destination while so many deliveries are held: mend the transform and "
      "reload, or retry or cancel the dead ones that park their keys",
      {{"destination", outlet.name},
       {"held", static_cast<std::int64_t>(status.held)},
       {"parked", static_cast<std::int64_t>(status.parked)}});
}

void Deliverer::on_gone(std::size_t destination) {
  assume(on_deliver);
  const std::string& name = outlets_[destination].name;
  attempt_log_.on_gone(name);
  if (!options_.on_gone) return;
  options_.on_gone({.what = Pause::What::destination,
                    .name = name,
                    .since = clock_.now(),
                    .reason = "it answered 410 Gone"});
}

void Deliverer::on_breaker(std::size_t destination, BreakerState state) {
  assume(on_deliver);
  const auto until = dispatcher_.gate(destination).not_before;
  std::optional<std::chrono::milliseconds> probes_in;
  if (until) probes_in = std::chrono::ceil<std::chrono::milliseconds>(*until - clock_.ticks());
  attempt_log_.on_breaker(outlets_[destination].name, state, probes_in);
  observer_.on_breaker(outlets_[destination].name, state);
}

}  // namespace creel
