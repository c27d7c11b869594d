// creel destinations list | get
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/pauses.h"

namespace creel::cli {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// How many of its deliveries a transform holds, and why; "" for none.
std::string held_by_transform(const Json& destination) {
  const std::int64_t failed = destination.integer("held_by_transform");
  if (failed == 0) return {};
  return fmt::format("{} by a transform: {}", failed, destination.text("transform_error"));
}

// Why its deliveries wait: all of them, or some whose transform failed.
std::string held_of(const Json& destination) {
  const std::string all = destination.text("held"), some = held_by_transform(destination);
  return all + (all.empty() || some.empty() ? "" : "; ") + some;
}

std::string pending_of(const Json& destination) {
  const std::string oldest = local_time(destination.text("oldest_pending_due"));
  return shown(destination.find("pending")) +
         (oldest.empty() ? "" : fmt::format(", the oldest due {}", oldest));
}

void print_destination(const Json& destination, std::ostream& out) {
  const std::string kind = destination.text("kind");
  Fields fields{{"destination", destination.text("name")}, {"kind", kind}, {"url", destination.text("url")}};
  // A pause has a reason and an end.
  const Fields pause = pause_fields(destination, Pause::What::destination);
  fields.insert(fields.end(), pause.begin(), pause.end());
  if (pause.empty()) fields.emplace_back("held", destination.text("held"));
  if (!kind.empty()) {
    fields.emplace_back(
        "running", fmt::format("{} of {}", destination.integer("running"), destination.integer("slots")));
  }
  // Until when nothing goes there is the breaker's next probe while it is open, else what was asked for.
  std::string breaker = destination.text("breaker"), not_before = local_time(destination.text("not_before"));
  if (breaker == "open" && !not_before.empty())
    breaker += ", tries one " + std::exchange(not_before, std::string());
  std::ranges::replace(breaker, '_', ' ');
  fields.insert(fields.end(), {{"breaker", breaker},
                               {"not before", not_before},
                               {"rate", destination.text("rate")},
                               {"order by", destination.text("order_by")},
                               {"pending", pending_of(destination)},
                               {"held", held_by_transform(destination)},
                               {"delivered", shown(destination.find("delivered"))},
                               {"dead", shown(destination.find("dead"))},
                               {"cancelled", shown(destination.find("cancelled"))}});
  std::erase_if(fields, [](const auto& field) { return field.second.empty(); });
  print_fields(out, fields);
}

}  // namespace

int destinations_list(const ListOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto answer = client->get("/api/v1/destinations");
  if (!answer) return answer.error();
  Table table(
      {"DESTINATION", "KIND", "URL", "PENDING", "DELIVERED", "DEAD", "CANCELLED", "OLDEST PENDING", "HELD"});
  for (const Json& destination : answer->items("destinations")) {
    if (options.names) {
      io.out << destination.text("name") << '\n';
    } else if (options.format == Format::json) {
      io.out << destination.dump() << '\n';
    }
    table.add({destination.text("name"), destination.text("kind"), destination.text("url"),
               shown(destination.find("pending")), shown(destination.find("delivered")),
               shown(destination.find("dead")), shown(destination.find("cancelled")),
               local_time(destination.text("oldest_pending_due")), held_of(destination)});
  }
  if (options.format == Format::text && !options.names && table.has_rows()) table.print(io.out);
  if (!table.has_rows()) complain(io.err, "no destinations: events are kept and delivered nowhere");
  return kFine;
}

int destinations_get(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto destination = client->get("/api/v1/destinations/" + percent_encoded(options.id));
  if (!destination) return destination.error();
  if (options.format == Format::json) {
    io.out << destination->dump() << '\n';
  } else {
    print_destination(*destination, io.out);
  }
  return kFine;
}

}  // namespace creel::cli
