// The Retry-After header of an answer (RFC 9110 §10.2.3): seconds, or one of the three forms of an HTTP date.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/clock.h"

namespace creel {

// How long the answer asks to be left alone, counted from `now`; a date that is past is zero. Nothing when
// the value is neither. The caller bounds what it is willing to wait.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, Time now);

}  // namespace creel
