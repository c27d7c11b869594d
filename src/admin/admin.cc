#include "admin/admin.h"

#include <utility>
#include <variant>

#include "admin/accept.h"
#include "admin/guard.h"
#include "admin/pauses.h"
#include "admin/plan.h"
#include "admin/query.h"
#include "admin/resources.h"
#include "admin/waits.h"

namespace creel {

using namespace admin;

namespace {

constexpr std::size_t kBodyBytesMax = 4096;                  // A body says little here, or is ignored.
constexpr std::size_t kPlanBytesMax = std::size_t{4} << 20;  // But for the rules of two configurations.
constexpr std::string_view kPlanPath = "/api/v1/plan";
constexpr std::chrono::milliseconds kPollEvery{50};

// What is to be done about a request.
struct Order {
  Command::Kind kind;
  std::string event;
  std::string destination;
};
struct PauseOrder {
  Pause::What what;
  std::string name;
  bool is_paused;
};
struct AcceptOne {
  std::uint64_t id;
};
using Plan = std::variant<http::Response, Question, EventList, Order, PauseOrder, AcceptOne, AcceptMany>;

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> parts;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    parts.push_back(percent_decoded(part, false));
    path.remove_prefix(part.size());
  }
  return parts;
}

bool is_read(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

http::Response wrong_method(std::string_view allowed) {
  http::Response response = error(405, "method_not_allowed", "Use " + std::string(allowed) + " here.");
  response.headers.emplace_back("Allow", std::string(allowed));
  return response;
}

// The object of one that is not configured any more.
http::Response resumed(std::string_view name) {
  JsonWriter json;
  json.begin_object().member("name", name).key("pause").null().end_object();
  return json_response(json);
}

}  // namespace

struct Admin::Impl {
  Impl(AdminOptions given, Store& of_store, const Clock& of_clock, Log& of_log, Metrics& of_metrics,
       Executor& of_loop)
      : options(std::move(given)),
        guard({.token = options.token,
               .listen_address = options.listen_address,
               .hosts = options.hosts,
               .metrics_open = options.metrics_open}),
        store_metrics(of_metrics, options.version),
        store(of_store),
        clock(of_clock),
        log(of_log),
        loop(of_loop),
        acceptor(options, of_store, of_clock, of_log, of_loop),
        started(of_clock.now()) {}

  Plan plan(const http::Request& request) ON_LOOP;
  Plan plan_api(std::string_view method, std::span<const std::string> path, const Query& query,
                std::string_view body) ON_LOOP;
  Plan plan_event(std::string_view method, std::span<const std::string> path, const Query& query) ON_LOOP;
  Plan plan_rejected(std::string_view method, std::span<const std::string> path, const Query& query,
                     std::string_view body) ON_LOOP;
  // Sources, routes and destinations.
  Plan plan_configured(Pause::What what, std::string_view method, std::span<const std::string> path,
                       const Query& query) ON_LOOP;
  Question list_of(Pause::What what) ON_LOOP;
  Question one_of(Pause::What what, std::string name) ON_LOOP;

  Task<http::Response> ask(Question question) ON_LOOP;
  Task<http::Response> wait_for_events(EventList list) ON_LOOP;
  Task<http::Response> carry_out(Order order) ON_LOOP;
  Task<http::Response> carry_out_pause(PauseOrder order) ON_LOOP;

  AdminOptions options;
  Guard guard;
  StoreMetrics store_metrics;
  Store& store;
  const Clock& clock;
  Log& log;
  Executor& loop;
  Acceptor acceptor;
  Time started;
  bool is_draining = false;
};

Admin::Admin(AdminOptions options, Store& store, const Clock& clock, Log& log, Metrics& metrics,
             Executor& loop)
    : impl_(std::make_unique<Impl>(std::move(options), store, clock, log, metrics, loop)) {}
Admin::~Admin() = default;

void Admin::drain() {
  impl_->is_draining = true;
  impl_->acceptor.drain();
}

std::expected<http::HeadDecision, http::Response> Admin::admit(const http::Request& request) {
  std::optional<http::Response> refusal = impl_->guard.refusal(request);
  if (refusal) {
    impl_->log.warning("admin request refused",
                       {{"status", std::int64_t{refusal->status}}, {"peer", request.peer}});
    return std::unexpected(*std::move(refusal));
  }
  return http::HeadDecision{request.path == kPlanPath ? kPlanBytesMax : kBodyBytesMax};
}

Task<http::Response> Admin::handle(http::Request request) {
  // Also here, so that nothing hangs on whether admit() was asked.
  std::optional<http::Response> refusal = impl_->guard.refusal(request);
  if (refusal) co_return *std::move(refusal);

  Plan plan = impl_->plan(request);
  if (Question* question = std::get_if<Question>(&plan)) {
    Task<http::Response> asking = impl_->ask(std::move(*question));
    http::Response response = co_await asking;
    co_return response;
  }
  if (EventList* list = std::get_if<EventList>(&plan)) {
    Task<http::Response> waiting = impl_->wait_for_events(std::move(*list));
    http::Response response = co_await waiting;
    co_return response;
  }
  if (Order* order = std::get_if<Order>(&plan)) {
    Task<http::Response> carrying_out = impl_->carry_out(std::move(*order));
    http::Response response = co_await carrying_out;
    co_return response;
  }
  if (PauseOrder* order = std::get_if<PauseOrder>(&plan)) {
    Task<http::Response> pausing = impl_->carry_out_pause(std::move(*order));
    http::Response response = co_await pausing;
    co_return response;
  }
  if (const AcceptOne* one = std::get_if<AcceptOne>(&plan)) {
    Task<http::Response> accepting = impl_->acceptor.one(one->id);
    http::Response response = co_await accepting;
    co_return response;
  }
  if (AcceptMany* many = std::get_if<AcceptMany>(&plan)) {
    Task<http::Response> accepting = impl_->acceptor.many(std::move(*many));
    http::Response response = co_await accepting;
    co_return response;
  }
  co_return std::get<http::Response>(std::move(plan));
}

Plan Admin::Impl::plan(const http::Request& request) {
  const std::vector<std::string> path = segments(request.path);
  const Query query(request.query);
  if (path.size() == 1 && path[0] == "metrics") {
    if (!is_read(request.method)) return wrong_method("GET");
    return store_metrics.exposition(store, clock.now());
  }
  if (path.size() > 2 && path[0] == "api" && path[1] == "v1") {
    return plan_api(request.method, std::span(path).subspan(2), query, request.body);
  }
  return error(404, "not_found", "There is nothing at this path; the API begins at /api/v1/.");
}

Plan Admin::Impl::plan_api(std::string_view method, std::span<const std::string> path, const Query& query,
                           std::string_view body) {
  if (path[0] == "events" && path.size() > 1) return plan_event(method, path.subspan(1), query);
  if (path[0] == "rejected") return plan_rejected(method, path.subspan(1), query, body);
  for (const Pause::What what : {Pause::What::source, Pause::What::route, Pause::What::destination}) {
    if (path[0] == std::string(to_text(what)) + "s")
      return plan_configured(what, method, path.subspan(1), query);
  }
  if (path[0] == "plan" && path.size() == 1) {
    if (method != "POST") return wrong_method("POST");
    if (auto complaint = complain_of_unknown(query, {})) return *std::move(complaint);
    return plan_page(std::string(body), options, clock);
  }

  const bool is_known = path.size() == 1 && (path[0] == "events" || path[0] == "status");
  if (!is_known) {
    return error(
        404, "not_found",
        "The API has events, rejected, sources, routes, destinations, plan and status under /api/v1/.");
  }
  if (!is_read(method)) return wrong_method("GET");
  if (path[0] == "events") {
    auto list = parse_event_list(query);
    if (!list) return std::move(list.error());
    if (list->wait.count() > 0 && options.after) return *std::move(list);
    return list_events(std::move(list->query), options);
  }
  if (auto complaint = complain_of_unknown(query, {})) return *std::move(complaint);
  return show_status(store.status(), options.version, started, clock.now());
}

Question Admin::Impl::list_of(Pause::What what) {
  switch (what) {
    case Pause::What::source:
      return list_sources(options, clock.now());
    case Pause::What::route:
      return list_routes(options);
    case Pause::What::destination:
      return list_destinations(options);
  }
  std::unreachable();
}

Question Admin::Impl::one_of(Pause::What what, std::string name) {
  switch (what) {
    case Pause::What::source:
      return show_source(std::move(name), options, clock.now());
    case Pause::What::route:
      return show_route(std::move(name), options);
    case Pause::What::destination:
      return show_destination(std::move(name), options);
  }
  std::unreachable();
}

Plan Admin::Impl::plan_configured(Pause::What what, std::string_view method,
                                  std::span<const std::string> path, const Query& query) {
  const std::string_view act = path.size() == 2 ? std::string_view(path[1]) : std::string_view();
  const bool changes = act == "pause" || act == "resume";
  if (path.size() > 1 && !changes)
    return error(404, "not_found", "A " + std::string(to_text(what)) + " has pause and resume.");
  if (changes ? method != "POST" : !is_read(method)) return wrong_method(changes ? "POST" : "GET");
  if (auto complaint = complain_of_unknown(query, {})) return *std::move(complaint);
  if (path.empty()) return list_of(what);
  if (!changes) return one_of(what, path[0]);
  if (!options.pause) return error(409, "cannot_pause", "Nothing can be paused here.");
  return PauseOrder{.what = what, .name = path[0], .is_paused = act == "pause"};
}

Plan Admin::Impl::plan_rejected(std::string_view method, std::span<const std::string> path,
                                const Query& query, std::string_view body) {
  if (path.empty()) {
    if (!is_read(method)) return wrong_method("GET");
    auto question = list_rejected(query);
    if (!question) return std::move(question.error());
    return *std::move(question);
  }
  const std::string_view act = path.size() == 2 ? std::string_view(path[1]) : std::string_view();
  const bool is_many = path.size() == 1 && path[0] == "accept";
  if (path.size() > 1 && act != "explain" && act != "accept")
    return error(404, "not_found", "A rejected request has explain and accept.");
  const bool changes = is_many || act == "accept";
  if (changes ? method != "POST" : !is_read(method)) return wrong_method(changes ? "POST" : "GET");
  if (auto complaint = complain_of_unknown(query, {})) return *std::move(complaint);
  if (is_many) {
    auto many = parse_accept_many(body);
    if (!many) return std::move(many.error());
    return *std::move(many);
  }
  if (act == "explain") return explain_rejected(path[0], options.explain);
  const auto id = parse_number(path[0]);
  if (act == "accept" && id) return AcceptOne{*id};
  return show_rejected(path[0]);  // Of no number it says that there is none.
}

Plan Admin::Impl::plan_event(std::string_view method, std::span<const std::string> path, const Query& query) {
  const std::string& id = path[0];
  const std::string_view act = path.size() == 2 ? std::string_view(path[1]) : std::string_view();
  if (path.size() == 1) {
    if (!is_read(method)) return wrong_method("GET");
    if (auto complaint = complain_of_unknown(query, {})) return *std::move(complaint);
    return show_event(id, options);
  }
  if (act == "raw") {
    if (!is_read(method)) return wrong_method("GET");
    if (auto complaint = complain_of_unknown(query, {"part"})) return *std::move(complaint);
    const std::string_view part = query.has("part") ? query.get("part") : "body";
    if (part != "head" && part != "body") return error(400, "bad_parameter", "`part` is body or head.");
    return event_bytes(id, part == "head" ? EventPart::head : EventPart::body);
  }
  if (act == "retry" || act == "cancel") {
    if (method != "POST") return wrong_method("POST");
    if (auto complaint = complain_of_unknown(query, {"destination"})) return *std::move(complaint);
    return Order{.kind = act == "retry" ? Command::Kind::retry : Command::Kind::cancel,
                 .event = id,
                 .destination = std::string(query.get("destination"))};
  }
  return error(404, "not_found", "An event has raw, retry and cancel.");
}

Task<http::Response> Admin::Impl::ask(Question question) {
  Asking asking(store, loop, Freshness::current, std::move(question));
  Answer answer = co_await asking;
  co_return std::move(answer.response);
}

Task<http::Response> Admin::Impl::wait_for_events(EventList list) {
  const Ticks until = clock.ticks() + list.wait;
  while (true) {
    const Sequence indexed = store.status().indexed;
    Question question = list_events(list.query, options);
    Asking asking(store, loop, Freshness::current, std::move(question));
    Answer answer = co_await asking;

    const bool is_over =
        answer.response.status != 200 || !answer.is_empty || is_draining || clock.ticks() >= until;
    if (is_over) co_return std::move(answer.response);
    // What was looked at and left out by the filter is not looked at again.
    list.query.after = answer.next;
    if (answer.has_more) continue;

    bool is_waiting = true;
    while (is_waiting) {
      Pausing pausing(options.after, kPollEvery);
      co_await pausing;
      is_waiting = store.status().indexed == indexed && !is_draining && clock.ticks() < until;
    }
  }
}

Task<http::Response> Admin::Impl::carry_out(Order order) {
  Asking finding(store, loop, Freshness::current, find_deliveries(order.event, order.destination));
  Answer found = co_await finding;
  if (!found.event) co_return std::move(found.response);

  Command command{
      .kind = order.kind, .event = *found.event, .destination = order.destination, .at = clock.now()};
  Commanding commanding(store, loop, std::move(command));
  const Commanding::Result synced = co_await commanding;
  if (!synced) co_return error(synced.error());
  log.info(order.kind == Command::Kind::retry ? "retry ordered" : "cancel ordered",
           {{"event", to_text(*found.event)}, {"destination", order.destination}});

  Asking showing(store, loop, Freshness::current, show_event(to_text(*found.event), options));
  Answer shown = co_await showing;
  co_return std::move(shown.response);
}

Task<http::Response> Admin::Impl::carry_out_pause(PauseOrder order) {
  OrderingPause ordering(options.pause, loop, order.what, order.name, order.is_paused);
  const std::optional<PauseAnswer> answer = co_await ordering;
  if (!answer) co_return error(StoreError::stopping);
  if (*answer != PauseAnswer::done) co_return refusal(*answer, order.what, order.name);
  Asking showing(store, loop, Freshness::current, one_of(order.what, order.name));
  Answer shown = co_await showing;
  // What was paused may have gone from the configuration since.
  if (shown.response.status == 404) co_return resumed(order.name);
  co_return std::move(shown.response);
}

}  // namespace creel
