#include "deliver/attempt_log.h"

#include <chrono>
#include <utility>

#include "core/ids.h"

namespace creel {
namespace {

constexpr auto kWindow = std::chrono::seconds(1);
constexpr std::uint64_t kLinesAWindow = 5;
constexpr auto kBetweenRecoveries = std::chrono::seconds(10);

}  // namespace

void AttemptLog::on_outcome(std::size_t destination, const Outcome& outcome, Ticks now) {
  State& state = states_[destination];
  if (state.name.empty()) state.name = outcome.delivery.destination;
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
  if (now - state.window_began >= kWindow) {
    say_counted(state);
    state.window_began = now;
    state.failures = state.deaths = {};
  }
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
}

bool AttemptLog::flush(Ticks now) {
  bool is_left = false;
  for (State& state : states_) {
    if (now - state.window_began >= kWindow) say_counted(state);
    is_left |= state.failures.counted > 0 || state.deaths.counted > 0;
  }
  return is_left;
}

}  // namespace creel
