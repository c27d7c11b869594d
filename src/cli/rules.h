// Routes on their way between a configuration, the API and a person.
#pragma once

#include <expected>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/config_load.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "rules/plan.h"

namespace creel::cli {

// The configuration that serve would run with these flags. Its mistakes are said on stderr; the error is the
// exit code.
std::expected<Config, int> configuration(const ConfigFlags& flags, Io& io);

// As GET /api/v1/routes has it.
Json to_json(const Route& route);
Route route_of(const Json& json);

// The rules of a configuration as POST /api/v1/plan takes them: its routes, and what decides which events are
// duplicates. No secrets.
Json plan_rules(const Config& config);

// Why a route does not take an event.
struct RouteTrace {
  const Route* route = nullptr;
  std::string_view refused_by;  // "from", "types" or "filter"; "" for a route that takes it
  std::string where;            // of a filter, the condition: "body.data.id.$startsWith"
};
// Of each route, in their order. They belong to `routes`.
std::vector<RouteTrace> trace(const Routes& routes, const RuleInput& event);

// What is sent of an event, or a cut of it.
struct Sent {
  std::string head, body;
  bool is_cut = false;
};
// Prints what differs, each line indented by so much.
void print_difference(const Sent& before, const Sent& after, int indent, std::ostream& out);

}  // namespace creel::cli
