// Deliveries as they are shown, and the search for those that a command is about.
#include <algorithm>

#include "admin/resources.h"

namespace creel::admin {
namespace {

void write_attempt(JsonWriter& json, const Attempt& attempt) {
  json.begin_object()
      .member("number", attempt.number)
      .member("trigger", to_text(attempt.trigger))
      .member("started", attempt.started)
      .member("took_ms", std::int64_t{attempt.took.count()});
  json.key("timings_us").begin_object();
  json.member("dns", std::int64_t{attempt.timings.dns.count()})
      .member("connect", std::int64_t{attempt.timings.connect.count()})
      .member("tls", std::int64_t{attempt.timings.tls.count()})
      .member("first_byte", std::int64_t{attempt.timings.first_byte.count()})
      .end_object();
  json.member("result", to_text(attempt.result));
  if (attempt.status != 0) json.member("status", attempt.status);
  if (!attempt.error.empty()) json.member("error", attempt.error);
  if (!attempt.reply.empty()) json.member("reply", attempt.reply);
  json.end_object();
}

}  // namespace

std::function<HeldReasons()> held_reasons(const AdminOptions& options) {
  return [destinations = options.destinations, delivery = options.held] {
    HeldReasons held{.destinations = {}, .delivery = delivery};
    if (!destinations) return held;
    held.destinations.emplace();
    for (DestinationStatus& destination : destinations())
      (*held.destinations)[std::move(destination.name)] = std::move(destination.held);
    return held;
  };
}

std::string held_reason(const HeldReasons& held, const DeliveryRow& delivery, std::string_view source,
                        const StoredEvent* content) {
  if (delivery.state != DeliveryState::pending) return {};
  if (held.delivery) {
    if (std::string reason = held.delivery(delivery.id, source, content); !reason.empty()) return reason;
  }
  if (!held.destinations) return {};
  const auto found = held.destinations->find(delivery.id.destination);
  return found == held.destinations->end() ? "destination unknown" : found->second;
}

void write_delivery_members(JsonWriter& json, const DeliveryRow& delivery, std::string_view held) {
  json.member("id", to_text(delivery.id))
      .member("destination", delivery.id.destination)
      .member("state", held.empty() ? to_text(delivery.state) : std::string_view("held"));
  if (!held.empty()) json.member("held", held);
  if (delivery.state == DeliveryState::pending) json.member("due", delivery.due);
  json.member("attempts", delivery.attempts);
}

void write_history(JsonWriter& json, const DeliveryRow& delivery) {
  json.key("history").begin_array();
  for (const Attempt& attempt : delivery.history)
    write_attempt(json, attempt);
  json.end_array();
}

void write_delivery(JsonWriter& json, const DeliveryRow& delivery, std::string_view held, bool with_history) {
  json.begin_object();
  write_delivery_members(json, delivery, held);
  if (with_history) write_history(json, delivery);
  json.end_object();
}

Question find_deliveries(std::string id, std::string destination) {
  return [id = std::move(id), destination = std::move(destination)](Reader& reader, Staleness) -> Answer {
    assume(on_read);
    auto event = find_event(reader, id);
    if (!event) return {.response = std::move(event.error())};
    const auto is_meant = [&](const DeliveryRow& delivery) {
      return destination.empty() || delivery.id.destination == destination;
    };
    if (std::ranges::any_of(event->deliveries, is_meant)) return {.response = {}, .event = event->id};
    const std::string name = to_text(event->id);
    if (destination.empty()) {
      return {.response = error(409, "no_deliveries",
                                name + " was received when no route led anywhere: it has no deliveries.")};
    }
    return {.response = error(404, "not_found",
                              name + " has no delivery to " + destination + "; GET /api/v1/events/" + name +
                                  " lists those it has.")};
  };
}

}  // namespace creel::admin
