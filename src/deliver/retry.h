// When to try a delivery again, and when to stop.
//
// Pure functions of their arguments: no clock, no randomness, no state. The dispatcher brings the time and
// the dice.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/model.h"

namespace creel {

// How long a destination can keep creel away by Retry-After: an hour, or the policy's own longest delay if
// that is longer.
std::chrono::milliseconds retry_after_max(const RetryPolicy& policy);

// Whether the policy lets a delivery be tried again after this; without it, the delivery is dead. What is no
// answer always does.
bool is_tried_again(const RetryPolicy& policy, AttemptResult result, int status);

// How long to wait before the next attempt, or nothing when there is to be none.
//
// `attempts` counts those already made under the policy, the one with this result included, and is at
// least 1. `spread` is in [-1, 1): it spreads the delay evenly over ± the policy's jitter, so that
// destinations are not struck in step. `retry_after` is what the answer asked for; the wait is at least that,
// as far as it is allowed to ask.
std::optional<std::chrono::milliseconds> next_delay(const RetryPolicy& policy, AttemptResult result,
                                                    std::uint32_t attempts, double spread,
                                                    std::optional<std::chrono::seconds> retry_after);

// The longest wait that next_delay() can give under this policy. A due time that is further off comes from a
// clock that was wrong.
std::chrono::milliseconds longest_delay(const RetryPolicy& policy);

}  // namespace creel
