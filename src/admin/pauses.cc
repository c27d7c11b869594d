#include "admin/pauses.h"

#include <algorithm>
#include <utility>

#include "rules/plan.h"

namespace creel::admin {
namespace {

// Of a route the events have to be read from the journal, a source's only from the index.
constexpr std::size_t kSourceEvents = 1000;
constexpr std::size_t kRouteEvents = 250;

EventQuery pending_of(std::size_t limit) {
  EventQuery query;
  query.filter.state = DeliveryState::pending;
  query.limit = limit;
  return query;
}

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::uint64_t count_decided(const Routes& routes, const Route& route, const EventRow& row,
                            const StoredEvent& event, RuleScratch& scratch) {
  scratch.forget();
  const RuleInput input = rule_input(event);
  return static_cast<std::uint64_t>(std::ranges::count_if(row.deliveries, [&](const DeliveryRow& delivery) {
    return delivery.state == DeliveryState::pending && holds(route.to, delivery.id.destination) &&
           routes.deciding(input, scratch, delivery.id.destination) == &route;
  }));
}

}  // namespace

std::optional<Pause> find_pause(const std::vector<Pause>& pauses, Pause::What what, std::string_view name) {
  const auto found = std::ranges::find_if(
      pauses, [&](const Pause& pause) { return pause.what == what && pause.name == name; });
  return found == pauses.end() ? std::nullopt : std::optional(*found);
}

void write_pause(JsonWriter& json, const std::optional<Pause>& pause) {
  json.key("pause");
  if (!pause) {
    json.null();
    return;
  }
  json.begin_object().member("since", pause->since).member("reason", pause->reason).end_object();
}

std::expected<HeldCount, StoreError> count_held_of_source(Reader& reader, std::string_view source) {
  EventQuery query = pending_of(kSourceEvents);
  query.filter.source = source;
  const auto page = reader.events(query);
  if (!page) return std::unexpected(page.error());
  HeldCount count{.deliveries = 0, .more = page->more};
  for (const EventRow& row : page->events) {
    count.deliveries += static_cast<std::uint64_t>(
        std::ranges::count(row.deliveries, DeliveryState::pending, &DeliveryRow::state));
  }
  return count;
}

std::expected<HeldCount, StoreError> count_held_of_route(Reader& reader, const Routes& routes,
                                                         const Route& route) {
  EventQuery query = pending_of(kRouteEvents);
  if (route.from.size() == 1) query.filter.source = route.from.front();
  if (route.to.size() == 1) query.filter.destination = route.to.front();
  const auto page = reader.events(query);
  if (!page) return std::unexpected(page.error());
  HeldCount count{.deliveries = 0, .more = page->more};
  RuleScratch scratch;
  for (const EventRow& row : page->events) {
    if (!holds(route.from, row.source)) continue;
    const auto event = reader.content(row.id);
    // One that retention has removed meanwhile is held no more.
    if (!event && event.error() != StoreError::not_found) return std::unexpected(event.error());
    if (event) count.deliveries += count_decided(routes, route, row, *event, scratch);
  }
  return count;
}

void write_held_count(JsonWriter& json, const HeldCount& count) {
  json.member("held_deliveries", count.deliveries).member("held_more", count.more);
}

http::Response unknown_name(Pause::What what, std::string_view name) {
  const std::string kind(to_text(what));
  return error(404, "not_found",
               "No " + kind + " has the name " + std::string(name) + "; GET /api/v1/" + kind +
                   "s lists those that the configuration has.");
}

http::Response refusal(PauseAnswer answer, Pause::What what, std::string_view name) {
  switch (answer) {
    case PauseAnswer::not_found:
      return unknown_name(what, name);
    case PauseAnswer::unnamed:
      return error(409, "unnamed",
                   std::string(name) +
                       " has no name of its own, and would be another one when the file changes. Give it one "
                       "in creel.toml (name = \"…\" in its [[routes]]), reload, and pause it by that.");
    case PauseAnswer::failed:
    case PauseAnswer::done:
      break;
  }
  return error(StoreError::failed);
}

}  // namespace creel::admin
