// Destinations: what is configured, how many deliveries each has, and why they wait.
#include <algorithm>

#include "admin/resources.h"

namespace creel::admin {
namespace {

void write_counts(JsonWriter& json, const DeliveryCounts& counts) {
  json.member("pending", counts.pending)
      .member("delivered", counts.delivered)
      .member("dead", counts.dead)
      .member("cancelled", counts.cancelled)
      .member("oldest_pending_due", counts.oldest_pending_due);
}

}  // namespace

Question list_destinations(const Destinations& destinations) {
  return [destinations](Reader& reader, Staleness staleness) -> Answer {
    assume(on_read);
    auto counts = reader.counts();
    if (!counts) return {.response = error(counts.error())};

    JsonWriter json;
    json.begin_object().key("destinations").begin_array();
    const std::vector<DestinationStatus> configured =
        destinations ? destinations() : std::vector<DestinationStatus>();
    for (const DestinationStatus& destination : configured) {
      const auto found = std::ranges::find(*counts, destination.name, &DeliveryCounts::destination);
      json.begin_object().member("name", destination.name).member("url", destination.url);
      json.member("held", destination.held.empty() ? std::nullopt
                                                   : std::optional(std::string_view(destination.held)));
      write_counts(json, found == counts->end() ? DeliveryCounts() : *found);
      if (destination.held_by_transform > 0) {
        json.member("held_by_transform", destination.held_by_transform)
            .member("transform_error", destination.transform_error);
      }
      json.end_object();
    }
    // What is still kept for destinations that are not configured any more.
    for (const DeliveryCounts& each : *counts) {
      if (std::ranges::find(configured, each.destination, &DestinationStatus::name) != configured.end())
        continue;
      json.begin_object().member("name", each.destination).key("url").null();
      json.member("held",
                  each.pending > 0 ? std::optional(std::string_view("destination unknown")) : std::nullopt);
      write_counts(json, each);
      json.end_object();
    }
    json.end_array();
    write_staleness(json, staleness);
    json.end_object();
    return {.response = json_response(json)};
  };
}

}  // namespace creel::admin
