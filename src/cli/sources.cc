// creel sources list | get
#include <algorithm>
#include <ostream>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/pauses.h"

namespace creel::cli {
namespace {

// The latest of its secrets' last uses. RFC 3339 in UTC sorts as the times do.
std::string last_use(const Json& source) {
  std::string last;
  for (const Json& secret : source.items("secrets"))
    last = std::max(last, secret.text("last_used"));
  return local_time(last);
}

}  // namespace

int sources_list(const ListOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto answer = client->get("/api/v1/sources");
  if (!answer) return answer.error();
  Table table({"SOURCE", "PROVIDER", "PATH", "SECRETS", "LAST USED", "HELD"});
  for (const Json& source : answer->items("sources")) {
    if (options.names) {
      io.out << source.text("name") << '\n';
    } else if (options.format == Format::json) {
      io.out << source.dump() << '\n';
    }
    table.add({source.text("name"), source.text("provider"), source.text("path"),
               std::to_string(source.items("secrets").size()), last_use(source), pause_text(source)});
  }
  if (options.format == Format::text && !options.names && table.has_rows()) table.print(io.out);
  if (!table.has_rows()) complain(io.err, "no sources");
  return kFine;
}

int sources_get(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto source = client->get("/api/v1/sources/" + percent_encoded(options.id));
  if (!source) return source.error();
  if (options.format == Format::json) {
    io.out << source->dump() << '\n';
    return kFine;
  }
  auto fields = pause_fields(*source, Pause::What::source);
  fields.insert(fields.begin(), {{"source", source->text("name")},
                                 {"provider", source->text("provider")},
                                 {"path", source->text("path")}});
  print_fields(io.out, fields);
  Table table({"SECRET", "FINGERPRINT", "VALID FROM", "VALID UNTIL", "LAST USED", "EVENTS", "HINT"});
  for (const Json& secret : source->items("secrets")) {
    table.add({secret.text("label"), secret.text("fingerprint"), local_time(secret.text("not_before")),
               local_time(secret.text("not_after")), local_time(secret.text("last_used")),
               shown(secret.find("events")), secret.text("hint")});
  }
  if (table.has_rows()) {
    io.out << '\n';
    table.print(io.out);
  }
  return kFine;
}

}  // namespace creel::cli
