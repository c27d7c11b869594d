// creel routes list | get
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ostream>

#include "cli/admin_client.h"
#include "cli/diff.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/pauses.h"
#include "cli/rules.h"
#include "core/text.h"

namespace creel::cli {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

int routes_list(const ListOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto answer = client->get("/api/v1/routes");
  if (!answer) return answer.error();
  Table table({"ROUTE", "FROM", "TYPES", "FILTER", "TRANSFORM", "TO", "HELD"});
  for (const Json& item : answer->items("routes")) {
    const Route route = route_of(item);
    if (options.names) {
      io.out << route.name << '\n';
    } else if (options.format == Format::json) {
      io.out << item.dump() << '\n';
    }
    table.add({route.name, joined(route.from), joined(route.types), route.filter.empty() ? "" : "yes",
               route.transform.empty() ? "" : "yes", joined(route.to), pause_text(item)});
  }
  if (options.format == Format::text && !options.names && table.has_rows()) table.print(io.out);
  if (!table.has_rows()) complain(io.err, "no routes: events are kept and delivered nowhere");
  return kFine;
}

int routes_get(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto answer = client->get("/api/v1/routes/" + percent_encoded(options.id));
  if (!answer) return answer.error();
  if (options.format == Format::json) {
    io.out << answer->dump() << '\n';
    return kFine;
  }
  const Route route = route_of(*answer);
  auto fields = pause_fields(*answer, Pause::What::route);
  fields.insert(fields.begin(), {{"route", route.name},
                                 {"from", joined(route.from)},
                                 {"types", route.types.empty() ? "any" : joined(route.types)},
                                 {"to", joined(route.to)}});
  print_fields(io.out, fields);
  for (const auto& [title, text] : {std::pair("filter", &route.filter), {"transform", &route.transform}}) {
    if (text->empty()) continue;
    io.out << title << '\n';
    for (const std::string& line : shown_lines(*text))
      io.out << "  " << displayed(line, 4096) << '\n';
  }
  return kFine;
}

}  // namespace creel::cli
