// Deliveries, searched and shown by themselves: the dead letters among them.
#include "admin/resources.h"
#include "admin/selection.h"

namespace creel::admin {
namespace {

// What is shown of its event beside a delivery.
void write_summary(JsonWriter& json, const EventRow& event) {
  json.member("source", event.source)
      .member("type", event.type)
      .member("provider_id", event.provider_id)
      .member("subject", event.subject)
      .member("received", event.received);
}

void write_last_attempt(JsonWriter& json, const DeliveryRow& delivery) {
  json.key("last_attempt");
  if (delivery.history.empty()) {
    json.null();
    return;
  }
  const Attempt& last = delivery.history.back();
  json.begin_object()
      .member("number", last.number)
      .member("at", last.started)
      .member("result", to_text(last.result));
  if (last.status != 0) json.member("status", last.status);
  if (!last.error.empty()) json.member("error", last.error);
  json.end_object();
}

http::Response no_such(std::string_view id) {
  return error(404, "not_found",
               "There is no delivery " + std::string(id) +
                   "; GET /api/v1/deliveries lists those that are kept, as cev_….app.1.");
}

}  // namespace

std::expected<Question, http::Response> list_deliveries(const Query& query, const AdminOptions& options) {
  auto list = parse_event_list(query, false);
  if (!list) return std::unexpected(std::move(list.error()));
  list->query.with_last_attempt = true;
  return [list = *std::move(list), reasons = held_reasons(options)](Reader& reader,
                                                                    Staleness staleness) -> Answer {
    assume(on_read);
    EventQuery asked = list.query;
    asked.filter = list.selection.reading();
    const auto page = reader.events(asked);
    if (!page) return {.response = error(page.error())};
    const HeldReasons held = reasons();
    JsonWriter json;
    json.begin_object().key("deliveries").begin_array();
    for (const EventRow& event : page->events) {
      for (const DeliveryRow& delivery : event.deliveries) {
        if (!list.selection.takes(delivery)) continue;
        json.begin_object();
        write_delivery_members(json, delivery, held_reason(held, delivery, event.source, nullptr));
        json.member("event", to_text(event.id));
        write_summary(json, event);
        write_last_attempt(json, delivery);
        json.end_object();
      }
    }
    json.end_array();
    write_page_end(json, *page, asked.after);
    write_staleness(json, staleness);
    json.end_object();
    return {.response = json_response(json)};
  };
}

Question show_delivery(std::string id, const AdminOptions& options) {
  return [id = std::move(id), reasons = held_reasons(options)](Reader& reader,
                                                               Staleness staleness) -> Answer {
    assume(on_read);
    const auto parsed = parse_delivery_id(id);
    if (!parsed) return {.response = no_such(id)};
    const auto event = reader.event(parsed->event);
    if (!event && event.error() == StoreError::not_found) return {.response = no_such(id)};
    if (!event) return {.response = error(event.error())};
    for (const DeliveryRow& delivery : event->deliveries) {
      if (delivery.id != *parsed) continue;
      const auto content = reader.content(event->id);
      const std::string held = held_reason(reasons(), delivery, event->source, content ? &*content : nullptr);
      JsonWriter json;
      json.begin_object();
      write_delivery_members(json, delivery, held);
      json.key("event").begin_object().member("id", to_text(event->id));
      write_summary(json, *event);
      json.end_object();
      write_history(json, delivery);
      write_staleness(json, staleness);
      json.end_object();
      return {.response = json_response(json), .event = event->id};
    }
    return {.response = no_such(id)};
  };
}

}  // namespace creel::admin
