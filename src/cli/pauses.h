// What is paused, in words.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/json.h"
#include "core/model.h"

namespace creel::cli {

// "paused since 2026-11-23T17:40:00+01:00 (by hand)", of a source, route or destination as the API shows it;
// "" for one that is not.
std::string pause_text(const Json& object);

// "3 deliveries", "at least 1000 deliveries": how many a paused one holds. Of a destination these are all
// that are pending.
std::string held_text(const Json& object, Pause::What what);

// As fields to print: that it is paused, how much it holds, and what ends it. None for one that is not.
std::vector<std::pair<std::string, std::string>> pause_fields(const Json& object, Pause::What what);

}  // namespace creel::cli
