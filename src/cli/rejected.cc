// creel rejected list | get
#include <ostream>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {

int rejected_list(const ListOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto page = client->get("/api/v1/rejected?limit=" + std::to_string(options.limit));
  if (!page) return page.error();
  Table table({"REQUEST", "RECEIVED", "SOURCE", "STATUS", "CAUSE", "DETAIL", "FROM"});
  for (const Json& request : page->items("rejected")) {
    if (options.format == Format::json) io.out << request.dump() << '\n';
    table.add({shown(request.find("id")), local_time(request.text("received")), request.text("source"),
               shown(request.find("status")), request.text("cause"), request.text("detail"),
               request.text("peer")});
  }
  if (options.format == Format::text && table.has_rows()) table.print(io.out);
  if (!table.has_rows()) complain(io.err, "no rejected requests");
  return kFine;
}

int rejected_get(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto request = client->get("/api/v1/rejected/" + percent_encoded(options.id));
  if (!request) return request.error();
  if (options.format == Format::json) {
    io.out << request->dump() << '\n';
    return kFine;
  }
  print_fields(io.out, {{"id", shown(request->find("id"))},
                        {"received", local_time(request->text("received"))},
                        {"source", request->text("source")},
                        {"from", request->text("peer")},
                        {"status", shown(request->find("status"))},
                        {"cause", request->text("cause")},
                        {"detail", request->text("detail")}});
  io.out << '\n';
  std::string head = request->text("head");
  for (std::size_t at = 0; at < head.size();) {
    const std::size_t end = std::min(head.find("\r\n", at), head.size());
    io.out << displayed(std::string_view(head).substr(at, end - at), 4096) << '\n';
    at = end + 2;
  }
  const Json* body = request->find("body");
  io.out << '\n'
         << (body ? displayed(shown(body), std::size_t{64} << 10) : "base64: " + request->text("body_base64"))
         << '\n';
  return kFine;
}

}  // namespace creel::cli
