// creel dlq list | get
#include <fmt/format.h>

#include <ostream>

#include "admin/json.h"
#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/selection.h"
#include "cli/timeline.h"
#include "core/ids.h"

namespace creel::cli {
namespace {

// "2 h 5 min ago".
std::string ago(const std::string& at, Time now) {
  const auto time = admin::parse_time(at);
  if (!time || *time > now) return local_time(at);
  return rough_seconds(std::chrono::duration_cast<std::chrono::seconds>(now - *time)) + " ago";
}

// "status 503", "timeout": how the last attempt ended.
std::string why(const Json& attempt) {
  const std::int64_t status = attempt.integer("status");
  return attempt.text("result") + (status > 0 ? fmt::format(" {}", status) : "");
}

// `about` has what is known of its event.
void print_letter(const Json& delivery, const std::string& event, const Json& about, Time now,
                  std::ostream& out) {
  std::vector<std::pair<std::string, std::string>> fields{{"event", event},
                                                          {"source", about.text("source")},
                                                          {"type", about.text("type")},
                                                          {"subject", about.text("subject")},
                                                          {"received", local_time(about.text("received"))}};
  std::erase_if(fields, [](const auto& field) { return field.second.empty(); });
  print_fields(out, fields);
  out << '\n';
  print_timeline(delivery, now, out);
}

int get_delivery(AdminClient& client, const OneOptions& options, Io& io) {
  const auto delivery = client.get("/api/v1/deliveries/" + percent_encoded(options.id));
  if (!delivery) return delivery.error();
  if (delivery->text("state") != "dead") {
    complain(io.err, fmt::format("delivery {} is {}, no dead letter", options.id, delivery->text("state")));
    return kNotFound;
  }
  if (options.format == Format::json) {
    io.out << delivery->dump() << '\n';
  } else {
    print_letter(*delivery, delivery->text("event"), *delivery, io.clock.now(), io.out);
  }
  return kFine;
}

int get_event(AdminClient& client, const OneOptions& options, Io& io) {
  const auto event = client.get("/api/v1/events/" + percent_encoded(options.id));
  if (!event) return event.error();
  bool has_any = false;
  for (const Json& delivery : event->items("deliveries")) {
    if (delivery.text("state") != "dead") continue;
    if (options.format == Format::json) {
      io.out << delivery.dump() << '\n';
    } else {
      io.out << (has_any ? "\n" : "");
      print_letter(delivery, event->text("id"), *event, io.clock.now(), io.out);
    }
    has_any = true;
  }
  if (has_any) return kFine;
  complain(io.err, fmt::format("event {} has no dead letter", options.id));
  return kNotFound;
}

}  // namespace

int dlq_list(const EventsListOptions& options, Io& io) {
  auto select = selection_json(options.select, io);
  if (!select) return select.error();
  select->set("state", Json::of(std::string_view("dead")));
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  QueryText query;
  add_selection(query, *select);
  query.add("cursor", options.cursor).add("limit", std::to_string(options.limit));
  if (options.oldest_first) query.add("order", "oldest");
  const auto page = client->get("/api/v1/deliveries" + query.text());
  if (!page) return page.error();

  Table table({"DELIVERY", "TYPE", "LAST TRY", "TRIES", "WHY"});
  const Json::Array& letters = page->items("deliveries");
  for (const Json& letter : letters) {
    if (options.format == Format::json) io.out << letter.dump() << '\n';
    const Json* last = letter.find("last_attempt");
    const Json attempt = last ? *last : Json::object();
    table.add({letter.text("id"), letter.text("type"), ago(attempt.text("at"), io.clock.now()),
               shown(letter.find("attempts")), why(attempt)});
  }
  if (options.format == Format::text && table.has_rows()) table.print(io.out);
  say_where_the_page_ended(*page, "dead letters", letters.size(), options.limit, io);
  return kFine;
}

int dlq_get(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  return parse_delivery_id(options.id) ? get_delivery(*client, options, io) : get_event(*client, options, io);
}

}  // namespace creel::cli
