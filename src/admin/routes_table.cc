#include "admin/routes_table.h"

#include <optional>

#include "admin/query.h"
#include "admin/resources.h"

namespace creel::admin {
namespace {

constexpr ApiRoute kRoutes[] = {
    {"GET", "/metrics", Endpoint::metrics},
    {"GET", "/api/v1/status", Endpoint::status},
    {"GET", "/api/v1/events", Endpoint::list_events},
    {"GET", "/api/v1/events/{id}", Endpoint::show_event},
    {"GET", "/api/v1/events/{id}/raw", Endpoint::raw_event},
    {"POST", "/api/v1/events/{id}/retry", Endpoint::retry_event},
    {"POST", "/api/v1/events/{id}/cancel", Endpoint::cancel_event},
    {"GET", "/api/v1/deliveries", Endpoint::list_deliveries},
    {"GET", "/api/v1/deliveries/{id}", Endpoint::show_delivery},
    {"POST", "/api/v1/deliveries/{id}/retry", Endpoint::retry_delivery},
    {"POST", "/api/v1/deliveries/{id}/cancel", Endpoint::cancel_delivery},
    {"GET", "/api/v1/jobs", Endpoint::list_jobs},
    {"POST", "/api/v1/jobs", Endpoint::create_job},
    {"POST", "/api/v1/jobs/plan", Endpoint::plan_job},
    {"GET", "/api/v1/jobs/{id}", Endpoint::show_job},
    {"POST", "/api/v1/jobs/{id}/cancel", Endpoint::cancel_job},
    {"GET", "/api/v1/bookmarks", Endpoint::list_bookmarks},
    {"GET", "/api/v1/bookmarks/{name}", Endpoint::show_bookmark},
    {"PUT", "/api/v1/bookmarks/{name}", Endpoint::set_bookmark},
    {"DELETE", "/api/v1/bookmarks/{name}", Endpoint::remove_bookmark},
    {"POST", "/api/v1/bookmarks/{name}/replay", Endpoint::replay_bookmark},
    {"GET", "/api/v1/rejected", Endpoint::list_rejected},
    {"POST", "/api/v1/rejected/accept", Endpoint::accept_all_rejected},
    {"GET", "/api/v1/rejected/{id}", Endpoint::show_rejected},
    {"GET", "/api/v1/rejected/{id}/explain", Endpoint::explain_rejected},
    {"POST", "/api/v1/rejected/{id}/accept", Endpoint::accept_rejected},
    {"GET", "/api/v1/sources", Endpoint::list_configured},
    {"GET", "/api/v1/sources/{name}", Endpoint::show_configured},
    {"POST", "/api/v1/sources/{name}/pause", Endpoint::pause_configured},
    {"POST", "/api/v1/sources/{name}/resume", Endpoint::resume_configured},
    {"GET", "/api/v1/routes", Endpoint::list_configured},
    {"GET", "/api/v1/routes/{name}", Endpoint::show_configured},
    {"POST", "/api/v1/routes/{name}/pause", Endpoint::pause_configured},
    {"POST", "/api/v1/routes/{name}/resume", Endpoint::resume_configured},
    {"GET", "/api/v1/destinations", Endpoint::list_configured},
    {"GET", "/api/v1/destinations/{name}", Endpoint::show_configured},
    {"POST", "/api/v1/destinations/{name}/pause", Endpoint::pause_configured},
    {"POST", "/api/v1/destinations/{name}/resume", Endpoint::resume_configured},
    {"POST", "/api/v1/plan", Endpoint::plan},
};

// Takes "/" and what stands before the next one.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

std::optional<std::vector<std::string>> fit(std::string_view pattern, std::string_view path) {
  std::vector<std::string> parameters;
  while (!pattern.empty() && path.starts_with('/')) {
    const std::string_view wanted = take_segment(pattern), given = take_segment(path);
    const std::string decoded = percent_decoded(given, false);
    if (wanted.starts_with('{')) {
      if (decoded.empty()) return std::nullopt;
      parameters.push_back(decoded);
    } else if (decoded != wanted) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parameters;
}

}  // namespace

std::span<const ApiRoute> api_routes() {
  return kRoutes;
}

std::expected<MatchedRoute, http::Response> match_route(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  // "jobs/plan" is no job: the path with the fewest parameters is meant.
  std::optional<std::vector<std::string>> best;
  std::string_view meant;
  for (const ApiRoute& route : kRoutes) {
    auto parameters = fit(route.path, path);
    if (!parameters || (best && best->size() <= parameters->size())) continue;
    best = std::move(parameters);
    meant = route.path;
  }
  if (!best) {
    return std::unexpected(
        error(404, "not_found", "There is nothing at this path; docs/api.md lists what begins at /api/v1/."));
  }
  std::string allowed;
  for (const ApiRoute& route : kRoutes) {
    if (route.path != meant) continue;
    if (route.method == method) return MatchedRoute{route.endpoint, meant, *std::move(best)};
    allowed.append(allowed.empty() ? "" : ", ").append(route.method);
  }
  http::Response response = error(405, "method_not_allowed", "Use " + allowed + " here.");
  response.headers.emplace_back("Allow", allowed);
  return std::unexpected(std::move(response));
}

}  // namespace creel::admin
