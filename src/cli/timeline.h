// What became of one delivery: every attempt, why it was made, how long each part of it took, and when the
// next one comes or what holds it.
#pragma once

#include <iosfwd>

#include "cli/json.h"
#include "core/clock.h"

namespace creel::cli {

// `delivery` as the API shows it with its history.
void print_timeline(const Json& delivery, Time now, std::ostream& out);

}  // namespace creel::cli
