// creel destinations list
#include <fmt/format.h>

#include <ostream>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace creel::cli {
namespace {

// Why its deliveries wait: all of them, or some whose transform failed.
std::string held_of(const Json& destination) {
  const std::int64_t failed = destination.integer("held_by_transform");
  if (failed == 0) return destination.text("held");
  std::string held = fmt::format("{} by a transform: {}", failed, destination.text("transform_error"));
  if (const std::string all = destination.text("held"); !all.empty()) held = all + "; " + held;
  return held;
}

}  // namespace

int destinations_list(const ListOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto answer = client->get("/api/v1/destinations");
  if (!answer) return answer.error();
  Table table({"DESTINATION", "URL", "PENDING", "DELIVERED", "DEAD", "CANCELLED", "OLDEST PENDING", "HELD"});
  for (const Json& destination : answer->items("destinations")) {
    if (options.format == Format::json) io.out << destination.dump() << '\n';
    table.add({destination.text("name"), destination.text("url"), shown(destination.find("pending")),
               shown(destination.find("delivered")), shown(destination.find("dead")),
               shown(destination.find("cancelled")), local_time(destination.text("oldest_pending_due")),
               held_of(destination)});
  }
  if (options.format == Format::text && table.has_rows()) table.print(io.out);
  if (!table.has_rows()) complain(io.err, "no destinations: events are kept and delivered nowhere");
  return kFine;
}

}  // namespace creel::cli
