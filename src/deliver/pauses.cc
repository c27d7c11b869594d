#include "deliver/pauses.h"

#include <algorithm>
#include <utility>

#include "rules/routes.h"

namespace creel {

Pauses::Change Pauses::set(const std::vector<Pause>& pauses) {
  const auto names_of = [&pauses](Pause::What what) {
    Names names;
    for (const Pause& pause : pauses) {
      if (pause.what == what) names.insert(pause.name);
    }
    return names;
  };
  const Names sources = names_of(Pause::What::source);
  Names routes = names_of(Pause::What::route);
  destinations_ = names_of(Pause::What::destination);

  const Change change{.holds_others = !std::ranges::equal(sources, sources_) || routes != routes_paused_,
                      .has_resumed = !std::ranges::includes(sources, sources_) ||
                                     !std::ranges::includes(routes, routes_paused_)};
  sources_.assign(sources.begin(), sources.end());
  routes_paused_ = std::move(routes);
  look_up_routes();
  return change;
}

Pauses::Change Pauses::set_routes(std::shared_ptr<const Routes> routes) {
  routes_ = std::move(routes);
  const bool matters = !routes_paused_.empty();
  look_up_routes();
  return {.holds_others = matters, .has_resumed = matters};
}

void Pauses::look_up_routes() {
  led_to_.clear();
  if (!routes_) return;
  for (const Route& route : routes_->routes()) {
    if (routes_paused_.contains(route.name)) led_to_.insert(route.to.begin(), route.to.end());
  }
}

bool Pauses::holds(const StoredEvent& event, std::string_view destination) {
  if (std::ranges::binary_search(sources_, event.source)) return true;
  if (!led_to_.contains(destination)) return false;
  const RuleInput input{.source = event.source, .type = event.type, .head = event.head, .body = event.body};
  const Route* route = routes_->deciding(input, scratch_, destination);
  return route && routes_paused_.contains(route->name);
}

}  // namespace creel
