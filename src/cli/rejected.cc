// creel rejected list | get | explain
#include <ostream>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {

namespace {

// "cev_…" once it was accepted; "yes" when its event is not known.
std::string acceptance_of(const Json& request) {
  const Json* accepted = request.find("accepted");
  if (accepted == nullptr || accepted->find("at") == nullptr) return {};
  const std::string event = accepted->text("event");
  return event.empty() ? "yes" : event;
}

std::vector<std::pair<std::string, std::string>> fields_of(const Json& request) {
  std::vector<std::pair<std::string, std::string>> fields{
      {"id", shown(request.find("id"))},         {"received", local_time(request.text("received"))},
      {"source", request.text("source")},        {"from", request.text("peer")},
      {"status", shown(request.find("status"))}, {"cause", request.text("cause")},
      {"detail", request.text("detail")}};
  if (const std::string accepted = acceptance_of(request); !accepted.empty())
    fields.emplace_back("accepted", accepted);
  return fields;
}

}  // namespace

int rejected_list(const RejectedOptions& options, Io& io) {
  const auto since = time_text(options.since, "--since", io);
  const auto until = time_text(options.until, "--until", io);
  if (!since || !until) return kUsage;
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  QueryText query;
  query.add("source", options.source).add("cause", options.cause).add("since", *since).add("until", *until);
  query.add("accepted", options.unaccepted ? "false" : "");
  query.add("limit", std::to_string(options.limit)).add("cursor", options.cursor);
  const auto page = client->get("/api/v1/rejected" + query.text());
  if (!page) return page.error();
  Table table({"REQUEST", "RECEIVED", "SOURCE", "STATUS", "CAUSE", "DETAIL", "FROM", "ACCEPTED"});
  for (const Json& request : page->items("rejected")) {
    if (options.format == Format::json) io.out << request.dump() << '\n';
    table.add({shown(request.find("id")), local_time(request.text("received")), request.text("source"),
               shown(request.find("status")), request.text("cause"), request.text("detail"),
               request.text("peer"), acceptance_of(request)});
  }
  if (options.format == Format::text && table.has_rows()) table.print(io.out);
  if (!table.has_rows()) complain(io.err, "no rejected requests");
  if (page->is_true("more")) complain(io.err, "more with --cursor " + shown(page->find("cursor")));
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
  print_fields(io.out, fields_of(*request));
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

int rejected_explain(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto request = client->get("/api/v1/rejected/" + percent_encoded(options.id) + "/explain");
  if (!request) return request.error();
  if (options.format == Format::json) {
    io.out << request->dump() << '\n';
    return kFine;
  }
  print_fields(io.out, fields_of(*request));
  io.out << '\n';
  for (const Json& finding : request->items("findings")) {
    io.out << displayed(finding.text("text"), 4096) << '\n';
    if (const std::string fix = finding.text("fix"); !fix.empty())
      io.out << "  to do: " << displayed(fix, 4096) << '\n';
  }
  const auto& findings = request->items("findings");
  const bool is_good = !findings.empty() && findings.front().text("kind") == "valid";
  if (is_good && acceptance_of(*request).empty())
    complain(io.err, "it would be accepted today: creel rejected accept " + options.id);
  return kFine;
}

}  // namespace creel::cli
