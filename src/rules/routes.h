// Whose is it? Which destinations an event goes to, and by which route.
//
// Decided once, before the append, and asked again by whoever delivers (for the route's transform) and plans.
// Immutable after construction: share between threads, each with its own RuleScratch.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "rules/filter.h"

namespace creel {

// A destination of an event, and the route that decides about it: the first that leads there. Both live as
// long as the Routes.
struct RouteMatch {
  std::string_view destination;
  const Route* route = nullptr;
};

struct RouteError {
  std::size_t route = 0;  // its place in the list
  FilterError filter;
};

class Routes {
 public:
  // The error is a filter that cannot be read. Transforms are not looked at.
  static std::expected<std::shared_ptr<const Routes>, RouteError> make(std::vector<Route> routes);
  ~Routes();

  // Where every event of this source goes, untransformed, when that needs no look at the event: each name
  // once, in the order of the file. Nothing when a route of the source has types, a filter or a transform.
  std::optional<std::span<const std::string_view>> always(std::string_view source) const;

  // Appends to `into`, each destination once, in the order of the file.
  void match(const RuleInput& event, RuleScratch& scratch, std::vector<RouteMatch>& into) const;

  // The route that decides about this event at this destination, or null.
  const Route* deciding(const RuleInput& event, RuleScratch& scratch, std::string_view destination) const;

  // Whether a route to this destination has a transform.
  bool transforms(std::string_view destination) const;

  std::span<const Route> routes() const;

 private:
  struct Impl;
  explicit Routes(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace creel
