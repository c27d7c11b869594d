#include "admin/job_search.h"

#include <algorithm>
#include <map>
#include <utility>

namespace creel::admin {
namespace {

// Some of the ids that were named; of what is gone nothing is said.
void look_up(Reader& reader, const JobRequest& request, std::size_t from, JobFound& into) ON_READ {
  for (std::size_t i = from; i < into.ids; ++i) {
    const DeliveryId& id = request.selection.ids[i];
    auto event = reader.event(id.event);
    if (!event && event.error() == StoreError::not_found) continue;
    if (!event) {
      into.trouble = event.error();
      return;
    }
    if (!id.destination.empty()) {
      std::erase_if(event->deliveries, [&](const DeliveryRow& each) { return each.id != id; });
      if (event->deliveries.empty()) continue;
    }
    request.choose(*event, into.deliveries);
  }
}

std::optional<http::Response> complain_of_destinations(const std::vector<std::string>& to,
                                                       const Destinations& destinations) {
  if (!destinations || to.empty()) return std::nullopt;
  const auto known = destinations();
  for (const std::string& name : to) {
    if (std::ranges::find(known, name, &DestinationStatus::name) != known.end()) continue;
    return error(
        400, "bad_body",
        "There is no destination `" + name + "`; `creel destinations list` shows those that are configured.");
  }
  return std::nullopt;
}

void write_counts(JsonWriter& json, const std::vector<DeliveryId>& deliveries) {
  std::map<std::string_view, std::uint64_t> destinations;
  std::uint64_t events = 0;
  EventId last;
  for (const DeliveryId& id : deliveries) {
    ++destinations[id.destination];
    if (std::exchange(last, id.event) != id.event) ++events;
  }
  json.member("events", events).member("deliveries", std::uint64_t{deliveries.size()});
  json.key("destinations").begin_object();
  for (const auto& [name, count] : destinations)
    json.member(name, count);
  json.end_object();
}

}  // namespace

JobFound search_job(Reader& reader, const JobRequest& request, EventQuery query, std::size_t ids_done,
                    std::size_t limit) {
  JobFound found;
  if (const std::size_t all = request.selection.ids.size(); all > 0) {
    found.ids = std::min(all, ids_done + limit);
    found.events = found.ids - ids_done;
    found.more = found.ids < all;
    look_up(reader, request, ids_done, found);
    return found;
  }
  const auto page = reader.events(query);
  if (!page) {
    found.trouble = page.error();
    return found;
  }
  for (const EventRow& event : page->events)
    request.choose(event, found.deliveries);
  found.events = page->scanned;
  found.more = page->more;
  found.cursor = page->next;
  if (!page->events.empty()) found.first = page->events.front().id;
  return found;
}

Question check_destinations(std::vector<std::string> to, const AdminOptions& options) {
  return [to = std::move(to), destinations = options.destinations](Reader&, Staleness) -> Answer {
    auto complaint = complain_of_destinations(to, destinations);
    if (complaint) return {.response = *std::move(complaint)};
    return {.response = {.status = 200}};
  };
}

Question plan_job_page(std::string body, const AdminOptions& options, EventId upto) {
  return [body = std::move(body), destinations = options.destinations, upto](Reader& reader,
                                                                             Staleness staleness) -> Answer {
    assume(on_read);
    const auto plan = parse_job_plan(body);
    if (!plan) return {.response = plan.error()};
    if (auto complaint = complain_of_destinations(plan->job.to, destinations))
      return {.response = *std::move(complaint)};
    EventQuery query = plan->job.query(kJobPage);
    query.filter.upto = plan->upto.value_or(upto);
    query.after = plan->cursor;
    const EventId last = *query.filter.upto;
    const JobFound found = search_job(reader, plan->job, std::move(query), 0, plan->job.selection.ids.size());
    if (found.trouble) return {.response = error(*found.trouble)};

    JsonWriter json;
    json.begin_object();
    write_counts(json, found.deliveries);
    json.member("scanned", std::uint64_t{found.events}).key("cursor");
    found.cursor ? json.value(to_text(*found.cursor)) : json.null();
    json.member("upto", to_text(last)).member("more", found.more);
    write_staleness(json, staleness);
    json.end_object();
    return {.response = json_response(json)};
  };
}

}  // namespace creel::admin
