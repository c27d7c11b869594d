// creel routes test: one event through the routes, here and now.
//
// The routes are a file's or a running creel's, the event one that it keeps or a body; the decision is made
// here, by the same code that makes it there.
#include <fmt/format.h>

#include <ostream>

#include "admin/json.h"
#include "admin/reread.h"
#include "cli/admin_client.h"
#include "cli/captured.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/rules.h"
#include "core/text.h"
#include "verify/items.h"

namespace creel::cli {
namespace {

using Result = PlannedBytes::Result;

// Of a request that is an array of events each goes its own way, without the array around it. False when it
// holds several.
bool take_item(StoredEvent& event) {
  ArrayItems items(event.body);
  const auto first = items.next();
  if (!first) return true;
  if (items.next()) return false;
  event.body = std::string(*first);
  event.is_whole = false;
  return true;
}

// What the event is put to. A server is asked only for what is not given.
class Trial {
 public:
  Trial(const RoutesTestOptions& options, Io& io) : options_(options), io_(io) {}

  // The error of all of these is an exit code; it was said.
  std::expected<void, int> open() {
    if (options_.id.empty() == options_.body.empty()) {
      complain(io_.err, "say one event: the id of one that is kept, or --body FILE");
      return std::unexpected(kUsage);
    }
    if (options_.server.config) {
      auto config = configuration({.config = options_.server.config}, io_);
      if (!config) return std::unexpected(config.error());
      config_ = *std::move(config);
    }
    if (config_ && options_.id.empty()) return {};
    auto client = AdminClient::open(options_.server, io_);
    if (!client) return std::unexpected(client.error());
    client_ = *std::move(client);
    return {};
  }

  std::expected<std::shared_ptr<const Routes>, int> routes() {
    std::vector<Route> list;
    if (config_) {
      list = config_->routes;
    } else {
      const auto answer = client_->get("/api/v1/routes");
      if (!answer) return std::unexpected(answer.error());
      for (const Json& item : answer->items("routes"))
        list.push_back(route_of(item));
    }
    auto made = Routes::make(std::move(list));
    if (made) return *std::move(made);
    complain(io_.err, "a filter cannot be read: " + made.error().filter.message);
    return std::unexpected(kConfiguration);
  }

  std::expected<StoredEvent, int> event() { return options_.id.empty() ? given() : kept(); }

 private:
  std::expected<StoredEvent, int> kept() {
    const std::string path = "/api/v1/events/" + percent_encoded(options_.id);
    const auto answer = client_->get(path);
    if (!answer) return std::unexpected(answer.error());
    auto body = client_->get_bytes(path + "/raw");
    if (!body) return std::unexpected(body.error());
    StoredEvent event;
    event.id = parse_event_id(answer->text("id")).value_or(EventId());
    event.source = answer->text("source");
    event.received = admin::parse_time(answer->text("received")).value_or(Time());
    event.provider_id = answer->text("provider_id");
    event.type = answer->text("type");
    event.subject = answer->text("subject");
    if (const Json* request = answer->find("request")) event.head = request->text("head");
    event.body = *std::move(body);
    return event;
  }

  std::expected<StoredEvent, int> given() {
    VerifyOptions from;
    from.body = options_.body;
    from.headers_file = options_.headers_file;
    from.headers = options_.headers;
    auto request = captured(from, io_);
    if (!request) return std::unexpected(request.error());
    StoredEvent event;
    event.received = io_.clock.now();
    event.body = std::move(request->body);
    event.source = options_.source;
    std::string path;
    const auto row = row_of(event.source, path);
    if (!row) return std::unexpected(row.error());
    event.head = fmt::format("POST {} HTTP/1.1\r\n", path.empty() ? "/" : path);
    bool has_host = false, has_type = false;
    for (const auto& [name, value] : request->headers) {
      event.head += fmt::format("{}: {}\r\n", name, value);
      has_host |= equal_ignoring_case(name, "host");
      has_type |= equal_ignoring_case(name, "content-type");
    }
    if (!has_host) event.head += "Host: localhost\r\n";
    if (!has_type) event.head += "Content-Type: application/json\r\n";
    if (*row && (*row)->is_array && !take_item(event)) {
      complain(io_.err, "the body holds several events, which are routed each by itself: give one of them");
      return std::unexpected(kBadData);
    }
    if (*row) {
      // What the provider's row reads of it.
      if (auto read = admin::reread(event, **row, false)) {
        event.type = std::move(read->type);
        event.subject = std::move(read->subject);
        event.provider_id = std::move(read->provider_id);
      }
    }
    if (!options_.type.empty()) event.type = options_.type;
    return event;
  }

  // The row of a source, and its path; of the only one where none is named. Null for one that only the
  // server's configuration can describe.
  std::expected<std::shared_ptr<const Provider>, int> row_of(std::string& source, std::string& path) {
    if (config_) {
      for (const SourceConfig& each : config_->sources) {
        if (source.empty() ? config_->sources.size() > 1 : each.name != source) continue;
        source = each.name;
        path = each.path;
        return each.provider;
      }
      return unknown(source);
    }
    const auto answer = client_->get("/api/v1/sources");
    if (!answer) return std::unexpected(answer.error());
    const Json::Array& sources = answer->items("sources");
    for (const Json& each : sources) {
      if (source.empty() ? sources.size() > 1 : each.text("name") != source) continue;
      source = each.text("name");
      path = each.text("path");
      return std::shared_ptr<const Provider>(std::shared_ptr<void>(), find_provider(each.text("provider")));
    }
    return unknown(source);
  }

  std::unexpected<int> unknown(const std::string& source) {
    complain(io_.err, source.empty() ? "say with --source whose event it is: there are several sources"
                                     : fmt::format("no source has the name \"{}\"", displayed(source)));
    return std::unexpected(source.empty() ? kUsage : kNotFound);
  }

  const RoutesTestOptions& options_;
  Io& io_;
  std::optional<Config> config_;
  std::optional<AdminClient> client_;
};

// What a route's answer is, for people.
std::string answer_of(const RouteTrace& traced) {
  if (traced.refused_by.empty()) return "yes";
  if (traced.refused_by == "filter" && !traced.where.empty()) return "no: filter, " + traced.where;
  return fmt::format("no: {}", traced.refused_by);
}

std::string what_goes_out(const PlannedBytes& bytes) {
  switch (bytes.result) {
    case Result::as_is:
    case Result::same:
      return "as it is";
    case Result::made:
      return "transformed";
    case Result::nothing:
      return "not at all: the transform returns nil";
    case Result::failed:
    case Result::not_tried:
      return "held: " + bytes.error;
  }
  return "";
}

struct Decision {
  RouteMatch match;
  PlannedBytes bytes;
};

void print_text(const StoredEvent& event, const std::vector<RouteTrace>& traces,
                const std::vector<Decision>& decisions, Io& io) {
  std::vector<std::pair<std::string, std::string>> fields{{"source", event.source}, {"type", event.type}};
  if (event.id.value != 0) fields.insert(fields.begin(), {"event", to_text(event.id)});
  print_fields(io.out, fields);
  Table routes({"ROUTE", "TAKES IT"});
  for (const RouteTrace& traced : traces)
    routes.add({traced.route->name, answer_of(traced)});
  io.out << '\n';
  if (routes.has_rows()) routes.print(io.out);
  Table table({"DESTINATION", "DECIDED BY", "GOES OUT"});
  for (const Decision& each : decisions)
    table.add({std::string(each.match.destination), each.match.route->name, what_goes_out(each.bytes)});
  io.out << '\n';
  if (table.has_rows()) {
    table.print(io.out);
  } else {
    io.out << "It goes nowhere.\n";
  }
  for (const Decision& each : decisions) {
    if (!each.bytes.made) continue;
    io.out << '\n' << displayed(each.match.destination) << '\n';
    print_difference({event.head, event.body}, {each.bytes.made->head, each.bytes.made->body}, 2, io.out);
  }
}

void print_json(const StoredEvent& event, const std::vector<RouteTrace>& traces,
                const std::vector<Decision>& decisions, Io& io) {
  Json::Array routes, deliveries;
  for (const RouteTrace& traced : traces) {
    Json route = Json::object().set("name", Json::of(traced.route->name));
    route.set("takes", Json::of(traced.refused_by.empty()));
    if (!traced.refused_by.empty()) route.set("refused_by", Json::of(traced.refused_by));
    if (!traced.where.empty()) route.set("where", Json::of(traced.where));
    routes.push_back(std::move(route));
  }
  for (const Decision& each : decisions) {
    Json delivery = Json::object().set("destination", Json::of(each.match.destination));
    delivery.set("route", Json::of(each.match.route->name))
        .set("result", Json::of(to_text(each.bytes.result)));
    if (!each.bytes.error.empty()) delivery.set("error", Json::of(each.bytes.error));
    if (each.bytes.made)
      delivery.set("head", Json::of(each.bytes.made->head)).set("body", Json::of(each.bytes.made->body));
    deliveries.push_back(std::move(delivery));
  }
  io.out << Json::object()
                .set("event", event.id.value == 0 ? Json() : Json::of(to_text(event.id)))
                .set("source", Json::of(event.source))
                .set("type", Json::of(event.type))
                .set("routes", {std::move(routes)})
                .set("deliveries", {std::move(deliveries)})
                .dump()
         << '\n';
}

}  // namespace

int routes_test(const RoutesTestOptions& options, Io& io) {
  Trial trial(options, io);
  if (const auto opened = trial.open(); !opened) return opened.error();
  const auto routes = trial.routes();
  if (!routes) return routes.error();
  const auto event = trial.event();
  if (!event) return event.error();

  const RuleInput input = rule_input(*event);
  RuleScratch scratch;
  std::vector<RouteMatch> matches;
  (*routes)->match(input, scratch, matches);
  PlanRules rules(*routes, io.clock);
  std::vector<Decision> decisions;
  bool goes_everywhere = !matches.empty();
  for (const RouteMatch& match : matches) {
    decisions.push_back({match, rules.apply(*match.route, *event)});
    goes_everywhere &= decisions.back().bytes.result != Result::failed;
  }
  const auto traces = trace(**routes, input);
  if (options.format == Format::json) {
    print_json(*event, traces, decisions, io);
  } else {
    print_text(*event, traces, decisions, io);
  }
  return goes_everywhere ? kFine : kNegative;
}

}  // namespace creel::cli
