#include "deliver/attempt_log.h"

#include <chrono>
#include <utility>

#include "core/ids.h"

namespace creel {
namespace {

constexpr auto kWindow = std::chrono::seconds(1);
constexpr std::uint64_t kLinesAWindow = 5;
constexpr std::size_t kReasonsMax = 20;
constexpr auto kBetweenRecoveries = std::chrono::seconds(10);

}  // namespace

AttemptLog::State& AttemptLog::state_of(std::size_t destination, std::string_view name, Ticks now) {
  while (states_.size() <= destination)
    states_.emplace_back();
  State& state = states_[destination];
  if (state.name.empty()) state.name = name;
  if (now - state.window_began >= kWindow) {
    say_counted(state);
    state.window_began = now;
    state.failures = state.deaths = state.holds = {};
  }
  return state;
}

void AttemptLog::on_outcome(std::size_t destination, const Outcome& outcome, Ticks now) {
  State& state = state_of(destination, outcome.delivery.destination, now);
  if (outcome.attempt.result == AttemptResult::delivered) {
    const auto failed = std::exchange(state.failing, 0);
    if (failed == 0 || (state.has_recovered && now - state.recovery_said < kBetweenRecoveries)) return;
    state.has_recovered = true;
    state.recovery_said = now;
    log_.info("destination takes deliveries again",
              {{"destination", state.name}, {"failures", static_cast<std::int64_t>(failed)}});
    return;
  }
  ++state.failing;
  state.last_error = outcome.attempt.error;
  const std::string id = to_text(outcome.delivery);
  if (state.failures.said < kLinesAWindow) {
    ++state.failures.said;
    log_.warning("delivery attempt failed",
                 {{"delivery", id},
                  {"attempt", static_cast<std::int64_t>(outcome.attempt.number)},
                  {"result", to_text(outcome.attempt.result)},
                  {"status", static_cast<std::int64_t>(outcome.attempt.status)},
                  {"took_ms", static_cast<std::int64_t>(outcome.attempt.took.count())},
                  {"error", outcome.attempt.error}});
  } else {
    ++state.failures.counted;
  }
  if (outcome.state != DeliveryState::dead) return;
  if (state.deaths.said < kLinesAWindow) {
    ++state.deaths.said;
    log_.error("delivery is dead: no further attempt",
               {{"delivery", id},
                {"attempts", static_cast<std::int64_t>(outcome.attempt.number)},
                {"error", outcome.attempt.error}});
  } else {
    ++state.deaths.counted;
  }
}

void AttemptLog::on_held(std::size_t destination, const DeliveryId& delivery, std::string_view reason,
                         Ticks now) {
  State& state = state_of(destination, delivery.destination, now);
  const bool is_new = state.reasons_said.size() < kReasonsMax && !state.reasons_said.contains(reason);
  if (!is_new || state.holds.said >= kLinesAWindow) {
    ++state.holds.counted;
    state.last_reason = reason;
    return;
  }
  ++state.holds.said;
  state.reasons_said.emplace(reason);
  log_.warning("delivery is held until the configuration changes: its transform failed",
               {{"delivery", to_text(delivery)}, {"reason", reason}});
}

void AttemptLog::on_breaker(std::string_view destination, BreakerState state,
                            std::optional<std::chrono::milliseconds> probes_in) {
  switch (state) {
    case BreakerState::closed:
      return log_.info("breaker closed: the destination takes deliveries again",
                       {{"destination", destination}});
    case BreakerState::open:
      return log_.warning("breaker open: most attempts failed, deliveries wait",
                          {{"destination", destination},
                           {"probe_in_ms", static_cast<std::int64_t>(
                                               probes_in.value_or(std::chrono::milliseconds(0)).count())}});
    case BreakerState::half_open:
      return log_.info("breaker half open: one delivery is tried", {{"destination", destination}});
  }
}

void AttemptLog::on_gone(std::string_view destination) {
  log_.warning("destination is paused: it answered 410 Gone", {{"destination", destination}});
}

void AttemptLog::on_reload() {
  for (State& state : states_)
    state.reasons_said.clear();
}

void AttemptLog::say_counted(State& state) {
  if (const auto count = std::exchange(state.failures.counted, 0); count > 0) {
    log_.warning("more delivery attempts failed", {{"destination", state.name},
                                                   {"count", static_cast<std::int64_t>(count)},
                                                   {"last_error", state.last_error}});
  }
  if (const auto count = std::exchange(state.deaths.counted, 0); count > 0) {
    log_.error("more deliveries are dead",
               {{"destination", state.name}, {"count", static_cast<std::int64_t>(count)}});
  }
  if (const auto count = std::exchange(state.holds.counted, 0); count > 0) {
    log_.warning("more deliveries are held: their transforms failed",
                 {{"destination", state.name},
                  {"count", static_cast<std::int64_t>(count)},
                  {"last_reason", state.last_reason}});
  }
}

bool AttemptLog::flush(Ticks now) {
  bool is_left = false;
  for (State& state : states_) {
    if (now - state.window_began >= kWindow) say_counted(state);
    is_left |= state.failures.counted > 0 || state.deaths.counted > 0 || state.holds.counted > 0;
  }
  return is_left;
}

}  // namespace creel
