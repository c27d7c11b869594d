// creel events list | get | raw | tail
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>
#include <utility>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/selection.h"
#include "cli/timeline.h"
#include "core/text.h"

namespace creel::cli {
namespace {

// "app delivered, books pending ×2": what became of an event, in one cell.
std::string deliveries_of(const Json& event) {
  std::vector<std::pair<std::string, int>> parts;
  for (const Json& delivery : event.items("deliveries")) {
    const std::string part = fmt::format("{} {}", delivery.text("destination"), delivery.text("state"));
    const auto same = std::ranges::find(parts, part, &std::pair<std::string, int>::first);
    if (same == parts.end()) {
      parts.emplace_back(part, 1);
    } else {
      ++same->second;
    }
  }
  std::string text;
  for (const auto& [part, count] : parts) {
    text += (text.empty() ? "" : ", ") + part;
    if (count > 1) text += fmt::format(" ×{}", count);
  }
  return text;
}

std::vector<std::string> row_of(const Json& event) {
  return {event.text("id"),      local_time(event.text("received")),
          event.text("source"),  event.text("type"),
          event.text("subject"), deliveries_of(event)};
}

std::string joined(const std::vector<std::string>& globs) {
  return fmt::format("{}", fmt::join(globs, ","));
}

void print_event(const Json& event, Time now, std::ostream& out) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const char* name : {"id", "source", "type", "subject", "provider_id"})
    fields.emplace_back(name, shown(event.find(name)));
  fields.emplace_back("received", local_time(event.text("received")));
  fields.emplace_back("occurred", local_time(event.text("occurred")));
  fields.emplace_back("bytes", shown(event.find("bytes")));
  if (const Json* request = event.find("request")) {
    fields.emplace_back("from", request->text("peer"));
    fields.emplace_back("secret", request->text("secret"));
  }
  std::erase_if(fields, [](const auto& field) { return field.second.empty(); });
  print_fields(out, fields);

  for (const Json& delivery : event.items("deliveries")) {
    out << '\n';
    print_timeline(delivery, now, out);
  }
}

}  // namespace

int events_list(const EventsListOptions& options, Io& io) {
  const auto select = selection_json(options.select, io);
  if (!select) return select.error();
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  QueryText query;
  add_selection(query, *select);
  query.add("cursor", options.cursor).add("limit", std::to_string(options.limit));
  if (options.oldest_first) query.add("order", "oldest");
  const auto page = client->get("/api/v1/events" + query.text());
  if (!page) return page.error();

  Table table({"EVENT", "RECEIVED", "SOURCE", "TYPE", "SUBJECT", "DELIVERIES"});
  const Json::Array& events = page->items("events");
  for (const Json& event : events) {
    if (options.format == Format::json) io.out << event.dump() << '\n';
    table.add(row_of(event));
  }
  if (options.format == Format::text && table.has_rows()) table.print(io.out);
  say_where_the_page_ended(*page, "events", events.size(), options.limit, io);
  return kFine;
}

int events_get(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto event = client->get("/api/v1/events/" + percent_encoded(options.id));
  if (!event) return event.error();
  if (options.format == Format::json) {
    io.out << event->dump() << '\n';
  } else {
    print_event(*event, io.clock.now(), io.out);
  }
  return kFine;
}

int events_raw(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto bytes = client->get_bytes("/api/v1/events/" + percent_encoded(options.id) + "/raw");
  if (!bytes) return bytes.error();
  io.out.write(bytes->data(), static_cast<std::streamsize>(bytes->size()));
  return io.out.flush() ? kFine : kInputOutput;
}

namespace {

void print_tailed(const Json& event, Format format, std::ostream& out) {
  if (format == Format::json) {
    out << event.dump() << '\n';
    return;
  }
  Table line({event.text("id"), local_time(event.text("received")), event.text("source"), event.text("type"),
              event.text("subject")});
  line.print(out);
}

}  // namespace

int events_tail(const EventsTailOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  // Where the newest event stands now; from there on, forwards.
  const auto newest = client->get("/api/v1/events?limit=1");
  if (!newest) return newest.error();
  std::string cursor = newest->items("events").empty() ? "" : newest->items("events").front().text("id");

  for (int count = 0;;) {
    QueryText query;
    query.add("order", "oldest").add("wait", "30").add("limit", "200").add("cursor", cursor);
    query.add("type", joined(options.types)).add("source", options.source);
    const auto page = get_through_restarts(*client, "/api/v1/events" + query.text(), {}, io);
    if (!page) return page.error();
    for (const Json& event : page->items("events")) {
      print_tailed(event, options.format, io.out);
      if (!io.out.flush()) return kInputOutput;
      if (++count == options.count) return kFine;
    }
    if (const std::string next = page->text("cursor"); !next.empty()) cursor = next;
  }
}

}  // namespace creel::cli
