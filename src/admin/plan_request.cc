// The body of POST /api/v1/plan, read.
#include <utility>

#include "admin/plan.h"
#include "verify/json.h"

namespace creel::admin {
namespace {

using simdjson::dom::element;

constexpr std::size_t kLimit = 1000, kLimitMax = 10'000;
constexpr std::size_t kDetails = 20, kDetailsMax = 1000;

// What is wrong, as a sentence.
using Complaint = std::optional<std::string>;

Complaint read_text(std::string_view name, element value, std::string& into) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return "`" + std::string(name) + "` is a text.";
  into = text;
  return std::nullopt;
}

Complaint read_texts(std::string_view name, element value, std::vector<std::string>& into) {
  simdjson::dom::array items;
  if (value.get(items) == simdjson::SUCCESS) {
    for (element item : items) {
      if (read_text(name, item, into.emplace_back()))
        return "`" + std::string(name) + "` is a list of texts.";
    }
    return std::nullopt;
  }
  return "`" + std::string(name) + "` is a list of texts.";
}

Complaint unknown_member(std::string_view name, std::string_view of, std::string_view known) {
  return "There is no member `" + std::string(name) + "` in " + std::string(of) +
         ". Known are: " + std::string(known) + ".";
}

Complaint read_route(element value, Route& into) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) return "A route is an object.";
  for (const auto& [name, member] : members) {
    Complaint complaint;
    if (name == "name") {
      complaint = read_text(name, member, into.name);
    } else if (name == "from" || name == "types" || name == "to") {
      complaint = read_texts(name, member, name == "from" ? into.from : name == "to" ? into.to : into.types);
    } else if (name == "filter") {
      if (!member.is_null()) into.filter = simdjson::minify(member);
    } else if (name == "transform") {
      if (!member.is_null()) complaint = read_text(name, member, into.transform);
    } else if (name != "pause" && name != "held_deliveries" && name != "held_more") {
      // Those stand with a route where it runs, and are none of its rules.
      complaint = unknown_member(name, "a route", "name, from, types, filter, transform, to");
    }
    if (complaint) return complaint;
  }
  return std::nullopt;
}

Complaint read_options(element value, RowOptions& into) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) return "`options` is an object of lists of texts.";
  for (const auto& [name, member] : members) {
    auto& option = into.emplace_back(std::string(name), std::vector<std::string>());
    if (auto complaint = read_texts(name, member, option.second)) return complaint;
  }
  return std::nullopt;
}

Complaint read_source(element value, PlannedSource& into) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) return "A source is an object.";
  for (const auto& [name, member] : members) {
    Complaint complaint;
    if (name == "name" || name == "provider") {
      complaint = read_text(name, member, name == "name" ? into.name : into.provider);
    } else if (name == "options") {
      complaint = read_options(member, into.options);
    } else if (name == "dedupe_seconds") {
      std::int64_t seconds = 0;
      // A thousand years do not overflow what times are counted in.
      if (member.get(seconds) != simdjson::SUCCESS || seconds < 0 || seconds > 31'536'000'000)
        complaint = "`dedupe_seconds` is a number of seconds.";
      into.dedupe = std::chrono::seconds(seconds);
    } else if (name == "dedupe_by_body") {
      if (member.get(into.dedupe_by_body) != simdjson::SUCCESS)
        complaint = "`dedupe_by_body` is true or false.";
    } else {
      complaint = unknown_member(name, "a source", "name, provider, options, dedupe_seconds, dedupe_by_body");
    }
    if (complaint) return complaint;
  }
  return std::nullopt;
}

Complaint read_routes(element value, PlanSide& into) {
  simdjson::dom::array items;
  if (value.get(items) != simdjson::SUCCESS) return "`routes` is a list of routes.";
  std::vector<Route> routes;
  for (element item : items) {
    if (auto complaint = read_route(item, routes.emplace_back())) return complaint;
    if (routes.back().name.empty()) routes.back().name = "route " + std::to_string(routes.size());
  }
  std::vector<std::string> names;
  for (const Route& route : routes)
    names.push_back(route.name);
  auto made = Routes::make(std::move(routes));
  if (!made) {
    const FilterError& filter = made.error().filter;
    return "The filter of " + names[made.error().route] +
           (filter.where.empty() ? "" : ", at " + filter.where) + ": " + filter.message;
  }
  into.routes = *std::move(made);
  return std::nullopt;
}

Complaint read_sources(element value, PlanSide& into) {
  simdjson::dom::array items;
  if (value.get(items) != simdjson::SUCCESS) return "`sources` is a list of sources.";
  for (element item : items) {
    if (auto complaint = read_source(item, into.sources.emplace_back())) return complaint;
  }
  return std::nullopt;
}

Complaint read_side(element value, PlanSide& into) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) return "`against` is an object with routes and sources.";
  for (const auto& [name, member] : members) {
    Complaint complaint = name == "routes"    ? read_routes(member, into)
                          : name == "sources" ? read_sources(member, into)
                                              : unknown_member(name, "`against`", "routes, sources");
    if (complaint) return complaint;
  }
  if (!into.routes) return "`against` lacks its `routes`.";
  return std::nullopt;
}

template <class T>
Complaint read_number(std::string_view name, element value, T max, T& into) {
  std::uint64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS || number > max)
    return "`" + std::string(name) + "` is a number from 0 to " + std::to_string(max) + ".";
  into = static_cast<T>(number);
  return std::nullopt;
}

Complaint read_since(element value, std::optional<Time>& into) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) into = parse_time(text);
  if (!into) return "`since` is a time like 2026-01-31T12:00:00Z, or seconds since 1970 as a text.";
  return std::nullopt;
}

Complaint read_after(element value, std::optional<EventId>& into) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) into = parse_event_id(text);
  if (!into) return "`after` is what the page before gave as its cursor.";
  return std::nullopt;
}

Complaint read_member(std::string_view name, element value, PlanRequest& into) {
  if (name == "routes") return read_routes(value, into.then);
  if (name == "sources") return read_sources(value, into.then);
  if (name == "against") return read_side(value, into.against.emplace());
  if (name == "source") return read_text(name, value, into.source);
  if (name == "after") return read_after(value, into.after);
  if (name == "since") return read_since(value, into.since);
  if (name == "last") return read_number(name, value, std::uint64_t{1'000'000'000'000}, into.last);
  if (name == "limit") return read_number(name, value, kLimitMax, into.limit);
  if (name == "details") return read_number(name, value, kDetailsMax, into.details);
  return unknown_member(name, "a plan",
                        "routes, sources, against, source, after, since, last, limit, details");
}

}  // namespace

std::expected<PlanRequest, http::Response> parse_plan(std::string_view body) {
  const auto wrong = [](std::string_view message) {
    return std::unexpected(error(400, "bad_body", message));
  };
  const auto parsed = parse_json(body);
  simdjson::dom::object members;
  if (!parsed || parsed->get(members) != simdjson::SUCCESS)
    return wrong("The body is a JSON object with the `routes` of a configuration.");
  PlanRequest request;
  request.limit = kLimit;
  request.details = kDetails;
  for (const auto& [name, value] : members) {
    if (const auto complaint = read_member(name, value, request)) return wrong(*complaint);
  }
  if (!request.then.routes) return wrong("`routes` is wanted: those of the configuration to plan.");
  return request;
}

}  // namespace creel::admin
