// Every route of the port, in one list: what is asked is found here, and what is documented is compared with
// it.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/http.h"

namespace creel::admin {

enum class Endpoint : std::uint8_t {
  metrics,
  status,
  list_events,
  show_event,
  raw_event,
  retry_event,
  cancel_event,
  list_deliveries,
  show_delivery,
  retry_delivery,
  cancel_delivery,
  list_jobs,
  create_job,
  plan_job,
  show_job,
  cancel_job,
  list_bookmarks,
  show_bookmark,
  set_bookmark,
  remove_bookmark,
  replay_bookmark,
  list_rejected,
  accept_all_rejected,
  show_rejected,
  explain_rejected,
  accept_rejected,
  list_configured,  // sources, routes or destinations
  show_configured,
  pause_configured,
  resume_configured,
  plan,
};

struct ApiRoute {
  std::string_view method;
  std::string_view path;  // "/api/v1/events/{id}/raw"
  Endpoint endpoint;
};
std::span<const ApiRoute> api_routes();

struct MatchedRoute {
  Endpoint endpoint;
  std::string_view path;                // as in the list
  std::vector<std::string> parameters;  // what stands for {id}, {name}, decoded
};
// 404 for a path that is not there, 405 with Allow for one that is there for other methods. HEAD is GET.
std::expected<MatchedRoute, http::Response> match_route(std::string_view method, std::string_view path);

}  // namespace creel::admin
