// What is paused, as sources, routes and destinations show it, and how many deliveries wait for its end.
//
// Pure but for the questions to a Reader; on read threads.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/resources.h"
#include "rules/routes.h"

namespace creel::admin {

using Pauses = std::function<std::vector<Pause>()>;

std::optional<Pause> find_pause(const std::vector<Pause>& pauses, Pause::What what, std::string_view name);
// "pause": {"since":…,"reason":…} or null.
void write_pause(JsonWriter& json, const std::optional<Pause>& pause);

// Deliveries that a paused source or route holds. One page of the index is looked at, the newest events
// first: `more` says that there may be others beyond it.
struct HeldCount {
  std::uint64_t deliveries = 0;
  bool more = false;
};
std::expected<HeldCount, StoreError> count_held_of_source(Reader& reader, std::string_view source) ON_READ;
// Those that the route decides about now; `route` is one of `routes`.
std::expected<HeldCount, StoreError> count_held_of_route(Reader& reader, const Routes& routes,
                                                         const Route& route) ON_READ;
void write_held_count(JsonWriter& json, const HeldCount& count);

// What became of a word about a source, a route or a destination, where it was not done.
http::Response refusal(PauseAnswer answer, Pause::What what, std::string_view name);
// 404: no source (route, destination) has the name.
http::Response unknown_name(Pause::What what, std::string_view name);

}  // namespace creel::admin
