#include "admin/admin.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "admin/accept.h"
#include "admin/bookmarks.h"
#include "admin/guard.h"
#include "admin/jobs.h"
#include "admin/pauses.h"
#include "admin/plan.h"
#include "admin/query.h"
#include "admin/resources.h"
#include "admin/routes_table.h"
#include "admin/waits.h"

namespace creel {

using namespace admin;

namespace {

constexpr std::size_t kBodyBytesMax = 4096;                  // A body says little here, or is ignored.
constexpr std::size_t kPlanBytesMax = std::size_t{4} << 20;  // But for the rules of two configurations.
constexpr std::size_t kJobBytesMax = std::size_t{64} << 10;  // A thousand ids.
constexpr std::string_view kPlanPath = "/api/v1/plan", kJobsPath = "/api/v1/jobs";
constexpr std::size_t kKeyBytesMax = 255;
constexpr std::chrono::milliseconds kPollEvery{50};

// What becomes of a request: an answer, a question to the store, or something longer.
using Plan = std::variant<http::Response, Question, Task<http::Response>>;

// An operator's word about deliveries of one event.
struct Order {
  Command::Kind kind;
  std::string id;           // of the event, or of the delivery
  std::string destination;  // "": every one
  bool is_delivery = false;
};

// Which parameters a route takes that are not read elsewhere.
std::vector<std::string_view> parameters_of(Endpoint endpoint) {
  if (endpoint == Endpoint::raw_event) return {"part"};
  if (endpoint == Endpoint::retry_event || endpoint == Endpoint::cancel_event) return {"destination"};
  return {};
}

Pause::What what_of(std::string_view path) {
  if (path.starts_with("/api/v1/sources")) return Pause::What::source;
  return path.starts_with("/api/v1/routes") ? Pause::What::route : Pause::What::destination;
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
        jobs(options, of_store, of_clock, of_log, of_metrics, of_loop),
        bookmarks(of_store, of_clock, of_loop, jobs),
        started(of_clock.now()) {}

  Plan plan(const http::Request& request) ON_LOOP;
  Plan plan_kept(Endpoint endpoint, const std::string& id, const Query& query) ON_LOOP;
  Plan plan_operation(Endpoint endpoint, const std::string& id, const http::Request& request) ON_LOOP;
  Plan plan_rejected(Endpoint endpoint, const std::string& id, const Query& query,
                     std::string_view body) ON_LOOP;
  Plan plan_configured(const MatchedRoute& route) ON_LOOP;
  Question list_of(Pause::What what) ON_LOOP;
  Question one_of(Pause::What what, std::string name) ON_LOOP;

  Task<http::Response> ask(Question question) ON_LOOP;
  Task<http::Response> wait_for_events(EventList list) ON_LOOP;
  Task<http::Response> carry_out(Order order) ON_LOOP;
  Task<http::Response> carry_out_pause(Pause::What what, std::string name, bool is_paused) ON_LOOP;

  AdminOptions options;
  Guard guard;
  StoreMetrics store_metrics;
  Store& store;
  const Clock& clock;
  Log& log;
  Executor& loop;
  Acceptor acceptor;
  Jobs jobs;
  Bookmarks bookmarks;
  Time started;
  bool is_draining = false;
};

Admin::Admin(AdminOptions options, Store& store, const Clock& clock, Log& log, Metrics& metrics,
             Executor& loop)
    : impl_(std::make_unique<Impl>(std::move(options), store, clock, log, metrics, loop)) {}
Admin::~Admin() = default;

void Admin::start() {
  impl_->jobs.start();
}

void Admin::drain() {
  impl_->is_draining = true;
  impl_->jobs.drain();
  impl_->acceptor.drain();
}

std::expected<http::HeadDecision, http::Response> Admin::admit(const http::Request& request) {
  std::optional<http::Response> refusal = impl_->guard.refusal(request);
  if (refusal) {
    impl_->log.warning("admin request refused",
                       {{"status", std::int64_t{refusal->status}}, {"peer", request.peer}});
    return std::unexpected(*std::move(refusal));
  }
  if (request.path == kPlanPath) return http::HeadDecision{kPlanBytesMax};
  return http::HeadDecision{request.path.starts_with(kJobsPath) ? kJobBytesMax : kBodyBytesMax};
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
  if (auto* task = std::get_if<Task<http::Response>>(&plan)) {
    http::Response response = co_await *task;
    co_return response;
  }
  co_return std::get<http::Response>(std::move(plan));
}

Plan Admin::Impl::plan(const http::Request& request) {
  const auto route = match_route(request.method, request.path);
  if (!route) return route.error();
  const Query query(request.query);
  const std::string id = route->parameters.empty() ? std::string() : route->parameters.front();
  switch (route->endpoint) {
    case Endpoint::metrics:
      return store_metrics.exposition(store, clock.now());
    case Endpoint::list_events:
    case Endpoint::list_deliveries:
      return plan_kept(route->endpoint, id, query);
    case Endpoint::list_rejected:
      return plan_rejected(route->endpoint, id, query, request.body);
    default:
      break;
  }
  if (auto complaint = complain_of_unknown(query, parameters_of(route->endpoint)))
    return *std::move(complaint);
  switch (route->endpoint) {
    case Endpoint::status:
      return show_status(store.status(), options.version, started, clock.now());
    case Endpoint::plan:
      return plan_page(std::string(request.body), options, clock);
    case Endpoint::accept_all_rejected:
    case Endpoint::show_rejected:
    case Endpoint::explain_rejected:
    case Endpoint::accept_rejected:
      return plan_rejected(route->endpoint, id, query, request.body);
    case Endpoint::list_configured:
    case Endpoint::show_configured:
    case Endpoint::pause_configured:
    case Endpoint::resume_configured:
      return plan_configured(*route);
    case Endpoint::show_event:
    case Endpoint::raw_event:
    case Endpoint::retry_event:
    case Endpoint::cancel_event:
    case Endpoint::show_delivery:
    case Endpoint::retry_delivery:
    case Endpoint::cancel_delivery:
      return plan_kept(route->endpoint, id, query);
    default:
      return plan_operation(route->endpoint, id, request);
  }
}

// Events and their deliveries.
Plan Admin::Impl::plan_kept(Endpoint endpoint, const std::string& id, const Query& query) {
  switch (endpoint) {
    case Endpoint::list_events: {
      auto list = parse_event_list(query, true);
      if (!list) return std::move(list.error());
      if (list->wait.count() > 0 && options.after) return wait_for_events(*std::move(list));
      return list_events(*list, options);
    }
    case Endpoint::list_deliveries: {
      auto question = list_deliveries(query, options);
      if (!question) return std::move(question.error());
      return *std::move(question);
    }
    case Endpoint::show_event:
      return show_event(id, options);
    case Endpoint::raw_event: {
      const std::string_view part = query.has("part") ? query.get("part") : "body";
      if (part != "head" && part != "body") return error(400, "bad_parameter", "`part` is body or head.");
      return event_bytes(id, part == "head" ? EventPart::head : EventPart::body);
    }
    case Endpoint::show_delivery:
      return show_delivery(id, options);
    default:
      break;
  }
  const bool is_retry = endpoint == Endpoint::retry_event || endpoint == Endpoint::retry_delivery;
  return carry_out(
      {.kind = is_retry ? Command::Kind::retry : Command::Kind::cancel,
       .id = id,
       .destination = std::string(query.get("destination")),
       .is_delivery = endpoint == Endpoint::retry_delivery || endpoint == Endpoint::cancel_delivery});
}

// Jobs and bookmarks.
Plan Admin::Impl::plan_operation(Endpoint endpoint, const std::string& id, const http::Request& request) {
  const std::string_view key = request.header("idempotency-key");
  if (key.size() > kKeyBytesMax ||
      !std::ranges::all_of(key, [](char letter) { return letter > ' ' && letter < 0x7f; })) {
    return error(400, "bad_parameter", "An Idempotency-Key has at most 255 visible ASCII characters.");
  }
  switch (endpoint) {
    case Endpoint::list_jobs:
      return jobs.list();
    case Endpoint::create_job:
      return jobs.create(std::string(request.body), std::string(key));
    case Endpoint::plan_job:
      return plan_job_page(std::string(request.body), options, EventId::of(store.status().synced, 0xffff));
    case Endpoint::show_job:
      return jobs.show(id);
    case Endpoint::cancel_job:
      return jobs.cancel(id);
    case Endpoint::list_bookmarks:
      return bookmarks.list();
    case Endpoint::show_bookmark:
      return bookmarks.show(id);
    case Endpoint::set_bookmark:
      return bookmarks.set(id, std::string(request.body));
    case Endpoint::remove_bookmark:
      return bookmarks.remove(id);
    case Endpoint::replay_bookmark:
      return bookmarks.replay(id, std::string(request.body), std::string(key));
    default:
      std::unreachable();
  }
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

// Sources, routes and destinations.
Plan Admin::Impl::plan_configured(const MatchedRoute& route) {
  const Pause::What what = what_of(route.path);
  if (route.endpoint == Endpoint::list_configured) return list_of(what);
  const std::string& name = route.parameters.front();
  if (route.endpoint == Endpoint::show_configured) return one_of(what, name);
  if (!options.pause) return error(409, "cannot_pause", "Nothing can be paused here.");
  return carry_out_pause(what, name, route.endpoint == Endpoint::pause_configured);
}

Plan Admin::Impl::plan_rejected(Endpoint endpoint, const std::string& id, const Query& query,
                                std::string_view body) {
  switch (endpoint) {
    case Endpoint::list_rejected: {
      auto question = list_rejected(query);
      if (!question) return std::move(question.error());
      return *std::move(question);
    }
    case Endpoint::accept_all_rejected: {
      auto many = parse_accept_many(body);
      if (!many) return std::move(many.error());
      return acceptor.many(*std::move(many));
    }
    case Endpoint::explain_rejected:
      return explain_rejected(id, options.explain);
    case Endpoint::accept_rejected:
      if (const auto number = parse_number(id)) return acceptor.one(*number);
      return show_rejected(id);  // Of no number it says that there is none.
    default:
      return show_rejected(id);
  }
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
    Question question = list_events(list, options);
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
  std::optional<DeliveryId> delivery;
  if (order.is_delivery) delivery = parse_delivery_id(order.id);
  Question question =
      order.is_delivery ? show_delivery(order.id, options) : find_deliveries(order.id, order.destination);
  Asking finding(store, loop, Freshness::current, std::move(question));
  Answer found = co_await finding;
  if (!found.event) co_return std::move(found.response);

  Command command{
      .kind = order.kind, .event = *found.event, .destination = order.destination, .at = clock.now()};
  if (delivery) {
    command.destination = delivery->destination;
    command.ordinal = delivery->ordinal;
  }
  const std::string destination = command.destination;
  Commanding commanding(store, loop, std::move(command));
  const Commanding::Result synced = co_await commanding;
  if (!synced) co_return error(synced.error());
  log.info(order.kind == Command::Kind::retry ? "retry ordered" : "cancel ordered",
           {{"event", to_text(*found.event)}, {"destination", destination}});

  Question shown_as =
      order.is_delivery ? show_delivery(order.id, options) : show_event(to_text(*found.event), options);
  Asking showing(store, loop, Freshness::current, std::move(shown_as));
  Answer shown = co_await showing;
  co_return std::move(shown.response);
}

Task<http::Response> Admin::Impl::carry_out_pause(Pause::What what, std::string name, bool is_paused) {
  OrderingPause ordering(options.pause, loop, what, name, is_paused);
  const std::optional<PauseAnswer> answer = co_await ordering;
  if (!answer) co_return error(StoreError::stopping);
  if (*answer != PauseAnswer::done) co_return refusal(*answer, what, name);
  Asking showing(store, loop, Freshness::current, one_of(what, name));
  Answer shown = co_await showing;
  // What was paused may have gone from the configuration since.
  if (shown.response.status == 404) co_return resumed(name);
  co_return std::move(shown.response);
}

}  // namespace creel
