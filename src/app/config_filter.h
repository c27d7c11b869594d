// The filter of a route: a TOML table, or the same as a JSON text, read into the JSON of rules/filter.h.
//
//   filter = { body = { data = { amount = { "$gte" = 100 } } } }
//   filter = '{ "body": { "data": { "amount": { "$gte": 100 } } } }'
#pragma once

#include <optional>
#include <string>

#include "app/config_section.h"

namespace creel {

// The JSON text of the route's filter, "" when it has none; nothing when it cannot be read, which is reported
// where it is wrong: in a table at the very key.
std::optional<std::string> read_filter(Section& route);

}  // namespace creel
