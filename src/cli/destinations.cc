// creel destinations list
#include <ostream>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace creel::cli {

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
               destination.text("held")});
  }
  if (options.format == Format::text && table.has_rows()) table.print(io.out);
  if (!table.has_rows()) complain(io.err, "no destinations: events are kept and delivered nowhere");
  return kFine;
}

}  // namespace creel::cli
