// Destinations: what is configured, how each stands, how many deliveries it has, and why they wait.
#include <algorithm>

#include "admin/pauses.h"
#include "admin/resources.h"

namespace creel::admin {
namespace {

// "" is shown as null.
void write_text(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void write_counts(JsonWriter& json, const DeliveryCounts& counts) {
  json.member("pending", counts.pending)
      .member("delivered", counts.delivered)
      .member("dead", counts.dead)
      .member("cancelled", counts.cancelled)
      .member("oldest_pending_due", counts.oldest_pending_due);
}

void write_configured(JsonWriter& json, const DestinationStatus& destination, const DeliveryCounts& counts) {
  json.begin_object().member("name", destination.name).member("kind", to_text(destination.kind));
  write_text(json, "url", destination.url);
  write_text(json, "held", destination.held);
  write_pause(json, destination.pause);
  write_text(json, "breaker", destination.breaker);
  json.member("running", std::uint64_t{destination.running})
      .member("slots", std::uint64_t{destination.slots});
  json.member("not_before", destination.not_before);
  write_text(json, "rate", destination.rate);
  write_text(json, "order_by", destination.order_by);
  write_counts(json, counts);
  if (destination.held_by_transform > 0) {
    json.member("held_by_transform", destination.held_by_transform)
        .member("transform_error", destination.transform_error);
  }
}

// One that is not configured any more, with what is still kept for it.
void write_gone(JsonWriter& json, const DeliveryCounts& counts, const std::vector<Pause>& pauses) {
  json.begin_object().member("name", counts.destination);
  for (std::string_view name : {"kind", "url"})
    json.key(name).null();
  write_text(json, "held", counts.pending > 0 ? "destination unknown" : "");
  write_pause(json, find_pause(pauses, Pause::What::destination, counts.destination));
  json.key("breaker").null().member("running", 0).member("slots", 0);
  for (std::string_view name : {"not_before", "rate", "order_by"})
    json.key(name).null();
  write_counts(json, counts);
}

std::vector<DestinationStatus> all_of(const Destinations& destinations) {
  return destinations ? destinations() : std::vector<DestinationStatus>();
}
std::vector<Pause> all_of(const Pauses& pauses) {
  return pauses ? pauses() : std::vector<Pause>();
}

}  // namespace

Question list_destinations(const AdminOptions& options) {
  return [destinations = options.destinations, pauses = options.pauses](Reader& reader,
                                                                        Staleness staleness) -> Answer {
    assume(on_read);
    auto counts = reader.counts();
    if (!counts) return {.response = error(counts.error())};

    JsonWriter json;
    json.begin_object().key("destinations").begin_array();
    const std::vector<DestinationStatus> configured = all_of(destinations);
    for (const DestinationStatus& destination : configured) {
      const auto found = std::ranges::find(*counts, destination.name, &DeliveryCounts::destination);
      write_configured(json, destination, found == counts->end() ? DeliveryCounts() : *found);
      json.end_object();
    }
    for (const DeliveryCounts& each : *counts) {
      if (std::ranges::find(configured, each.destination, &DestinationStatus::name) != configured.end())
        continue;
      write_gone(json, each, all_of(pauses));
      json.end_object();
    }
    json.end_array();
    write_staleness(json, staleness);
    json.end_object();
    return {.response = json_response(json)};
  };
}

Question show_destination(std::string name, const AdminOptions& options) {
  return [name = std::move(name), destinations = options.destinations, pauses = options.pauses](
             Reader& reader, Staleness staleness) -> Answer {
    assume(on_read);
    const auto counts = reader.counts();
    if (!counts) return {.response = error(counts.error())};
    const std::vector<DestinationStatus> configured = all_of(destinations);
    const auto destination = std::ranges::find(configured, name, &DestinationStatus::name);
    const auto counted = std::ranges::find(*counts, name, &DeliveryCounts::destination);
    JsonWriter json;
    if (destination != configured.end()) {
      write_configured(json, *destination, counted == counts->end() ? DeliveryCounts() : *counted);
    } else if (counted != counts->end()) {
      write_gone(json, *counted, all_of(pauses));
    } else {
      return {.response = unknown_name(Pause::What::destination, name)};
    }
    write_staleness(json, staleness);
    json.end_object();
    return {.response = json_response(json)};
  };
}

}  // namespace creel::admin
