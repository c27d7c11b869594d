// Events: searched, shown, and given back byte for byte.
#include <charconv>

#include "admin/resources.h"

namespace creel::admin {
namespace {

constexpr std::chrono::seconds kWaitMax{30};
// A search by a provider's id goes on over pages that a filter left empty, but not for ever.
constexpr int kSearchPagesMax = 64;

// `content`: of a single event, which is shown with the history of its deliveries; null in a list.
void write_event(JsonWriter& json, const EventRow& event, const HeldReasons& held, bool is_single,
                 const StoredEvent* content) {
  json.member("id", to_text(event.id))
      .member("source", event.source)
      .member("type", event.type)
      .member("provider_id", event.provider_id)
      .member("subject", event.subject)
      .member("received", event.received)
      .member("occurred", event.occurred)
      .member("bytes", event.body_bytes);
  json.key("deliveries").begin_array();
  for (const DeliveryRow& delivery : event.deliveries)
    write_delivery(json, delivery, held_reason(held, delivery, event.source, content), is_single);
  json.end_array();
}

std::expected<std::chrono::seconds, http::Response> wait_of(const Query& query) {
  if (!query.has("wait")) return std::chrono::seconds(0);
  const std::string_view text = query.get("wait");
  int seconds = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failure != std::errc() || end != text.data() + text.size() || seconds < 0 ||
      seconds > kWaitMax.count()) {
    return std::unexpected(error(400, "bad_parameter", "`wait` is a number of seconds from 0 to 30."));
  }
  return std::chrono::seconds(seconds);
}

}  // namespace

std::expected<EventList, http::Response> parse_event_list(const Query& query, bool with_wait) {
  std::vector<std::string_view> known(kSelectionNames.begin(), kSelectionNames.end());
  known.insert(known.end(), {"cursor", "limit", "order"});
  if (with_wait) known.emplace_back("wait");
  if (const auto complaint = complain_of_unknown(query, known)) return std::unexpected(*complaint);
  EventList list;
  auto selection = selection_of(query);
  const auto limit = limit_of(query);
  const auto wait = wait_of(query);
  if (!selection) return std::unexpected(std::move(selection.error()));
  if (!limit) return std::unexpected(limit.error());
  if (!wait) return std::unexpected(wait.error());
  list.selection = *std::move(selection);
  list.query.limit = *limit;
  list.wait = *wait;

  const std::string_view order = query.get("order");
  if (query.has("order") && order != "newest" && order != "oldest") {
    return std::unexpected(error(400, "bad_parameter", "`order` is newest or oldest (first)."));
  }
  list.query.newest_first = order != "oldest";
  if (list.wait.count() > 0 && list.query.newest_first) {
    return std::unexpected(
        error(400, "bad_parameter", "`wait` waits for what comes after the cursor: add order=oldest."));
  }
  if (query.has("cursor")) {
    list.query.after = parse_event_id(query.get("cursor"));
    if (!list.query.after) {
      return std::unexpected(
          error(400, "bad_parameter", "`cursor` is what the page before gave as its cursor."));
    }
  }
  return list;
}

void write_page_end(JsonWriter& json, const EventPage& page, std::optional<EventId> before) {
  const std::optional<EventId> next = page.next ? page.next : before;
  json.key("cursor");
  next ? json.value(to_text(*next)) : json.null();
  json.member("scanned", std::uint64_t{page.scanned}).member("more", page.more);
}

Question list_events(const EventList& list, const AdminOptions& options) {
  return [selection = list.selection, query = list.query, reasons = held_reasons(options)](
             Reader& reader, Staleness staleness) mutable -> Answer {
    assume(on_read);
    query.filter = selection.reading();
    const auto page = reader.events(query);
    if (!page) return {.response = error(page.error())};
    const HeldReasons held = reasons();

    JsonWriter json;
    json.begin_object().key("events").begin_array();
    for (const EventRow& event : page->events) {
      json.begin_object();
      write_event(json, event, held, false, nullptr);
      json.end_object();
    }
    json.end_array();
    write_page_end(json, *page, query.after);
    write_staleness(json, staleness);
    json.end_object();
    return {.response = json_response(json),
            .is_empty = page->events.empty(),
            .has_more = page->more,
            .next = page->next ? page->next : query.after};
  };
}

std::expected<EventRow, http::Response> find_event(Reader& reader, std::string_view id) {
  const auto unknown = [&] {
    return std::unexpected(
        error(404, "not_found",
              "No event has the id " + std::string(id) +
                  "; `creel events list` shows what is kept, retention removes what is old."));
  };
  if (const auto ours = parse_event_id(id)) {
    auto event = reader.event(*ours);
    if (event) return *std::move(event);
    if (event.error() == StoreError::not_found) return unknown();
    return std::unexpected(error(event.error()));
  }
  if (id.empty()) return unknown();

  EventQuery query;
  query.filter.id = id;
  query.limit = 2;
  std::vector<EventId> found;
  for (int pages = 0; found.size() < 2; ++pages) {
    const auto page = reader.events(query);
    if (!page) return std::unexpected(error(page.error()));
    for (const EventRow& event : page->events)
      found.push_back(event.id);
    if (!page->more || !page->next) break;
    if (pages == kSearchPagesMax) return std::unexpected(error(StoreError::busy));
    query.after = page->next;
  }
  if (found.empty()) return unknown();
  if (found.size() > 1) {
    return std::unexpected(error(409, "ambiguous",
                                 "More than one event has the id " + std::string(id) + ", " +
                                     to_text(found[0]) + " and " + to_text(found[1]) +
                                     " among them: give the cev_… id of the one you mean."));
  }
  auto event = reader.event(found.front());
  if (!event) return std::unexpected(error(event.error()));
  return *std::move(event);
}

Question show_event(std::string id, const AdminOptions& options) {
  return
      [id = std::move(id), reasons = held_reasons(options)](Reader& reader, Staleness staleness) -> Answer {
        assume(on_read);
        auto event = find_event(reader, id);
        if (!event) return {.response = std::move(event.error())};
        const auto content = reader.content(event->id);
        if (!content && content.error() != StoreError::not_found) return {.response = error(content.error())};

        JsonWriter json;
        json.begin_object();
        write_event(json, *event, reasons(), true, content ? &*content : nullptr);
        if (content) {
          json.key("request").begin_object();
          json.member("peer", content->peer)
              .member("secret", content->secret_label)
              .member("head", content->head);
          json.end_object();
        }
        write_staleness(json, staleness);
        json.end_object();
        return {.response = json_response(json), .event = event->id};
      };
}

Question event_bytes(std::string id, EventPart part) {
  return [id = std::move(id), part](Reader& reader, Staleness) -> Answer {
    assume(on_read);
    auto event = find_event(reader, id);
    if (!event) return {.response = std::move(event.error())};
    auto content = reader.content(event->id);
    if (!content) return {.response = error(content.error())};
    if (part == EventPart::head) {
      return {.response = bytes_response(std::move(content->head), "text/plain; charset=utf-8")};
    }
    return {.response = bytes_response(std::move(content->body), "application/octet-stream")};
  };
}

}  // namespace creel::admin
