// What another configuration would make of the events that are kept, a page of them at a time.
//
// POST /api/v1/plan brings rules only, no secrets: routes, and what decides which events are duplicates. The
// server keeps nothing between pages. A page is bounded in rows, bytes and time, so that no plan holds a read
// thread for long, however slow its scripts are.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/resources.h"
#include "rules/routes.h"

namespace creel::admin {

// Of a source, what decides which of its events are duplicates.
struct PlannedSource {
  std::string name, provider;
  RowOptions options;
  std::chrono::seconds dedupe{0};
  bool dedupe_by_body = false;
};

struct PlanSide {
  std::shared_ptr<const Routes> routes;
  std::vector<PlannedSource> sources;
};

struct PlanRequest {
  PlanSide then;
  std::optional<PlanSide> against;  // what it is compared with; nothing: the running configuration
  std::string source;               // only its events; "" for all
  std::optional<EventId> after;     // where the page before ended; nothing: begin as the next two say
  std::uint64_t last = 1000;        // the newest so many events
  std::optional<Time> since;        // of these, those received since
  std::size_t limit = 0;            // events to look at
  std::size_t details = 0;          // of how many that differ everything is wanted
};

// Reads the body of a request; what is wrong with it is the answer. Compiles filters: for a read thread.
std::expected<PlanRequest, http::Response> parse_plan(std::string_view body);

// One page. `clock` outlives the question.
Question plan_page(std::string body, const AdminOptions& options, const Clock& clock);

}  // namespace creel::admin
