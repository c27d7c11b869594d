#include "ingest/ingest.h"

#include <algorithm>
#include <array>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>

#include "core/text.h"

namespace creel {
namespace {

constexpr std::string_view kInvalidSignature = "Invalid signature";
constexpr std::string_view kInvalidJson = "Invalid JSON payload";

bool is_health(std::string_view path) {
  return path == "/health" || path == "/-/healthy" || path == "/-/ready";
}

bool is_read(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

// What a provider is asked to wait before it comes again.
std::string retry_after(StoreError error) {
  switch (error) {
    case StoreError::full:
    case StoreError::too_large:
      return "60";
    case StoreError::failed:
      return "30";
    case StoreError::stopping:
      return "5";
    case StoreError::not_found:
    case StoreError::busy:
    case StoreError::broken:
      return "10";
  }
  std::unreachable();
}

// For the log and for /-/ready: which kind of trouble, and no detail of it.
std::string_view name(StoreError error) {
  switch (error) {
    case StoreError::full:
      return "store_full";
    case StoreError::failed:
      return "store_failed";
    case StoreError::stopping:
      return "store_stopping";
    case StoreError::not_found:
      return "store_not_found";
    case StoreError::too_large:
      return "store_too_large";
    case StoreError::busy:
      return "store_busy";
    case StoreError::broken:
      return "store_broken";
  }
  std::unreachable();
}

// "batch.completed  batch_123  wh_456  cev_…": what a person wants to see pass by.
std::string printed(const NewEvent& event, const NewItem& item, EventId id) {
  std::string line(event.source);
  line += "  ";
  line += item.type.empty() ? "(no type)" : displayed(item.type);
  for (std::string_view text : {item.subject, item.provider_id}) {
    if (!text.empty()) line.append("  ").append(displayed(text));
  }
  return line.append("  ").append(to_text(id));
}

}  // namespace

struct Ingest::Source {
  IngestSource configured;
  std::span<const std::string_view> destinations;
  prometheus::Counter* accepted;
  prometheus::Counter* duplicate;
  prometheus::Counter* rejected;
  prometheus::Counter* unavailable;
  prometheus::Counter* wrong_method;
};

// The same families in every Ingest of the process: the registry gives each the metrics that are there
// already.
struct Ingest::Counts {
  explicit Counts(Metrics& metrics)
      : requests(prometheus::BuildCounter()
                     .Name("creel_requests_total")
                     .Help("Requests to the ingest port by source and outcome.")
                     .Register(metrics.registry())),
        seconds(
            prometheus::BuildHistogram()
                .Name("creel_ingest_seconds")
                .Help("From a whole request to its answer, the sync included; requests to sources alone.")
                .Register(metrics.registry())
                .Add({}, prometheus::Histogram::BucketBoundaries{0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                                 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5})),
        not_found(of("", "not_found")),
        refused(of("", "refused")) {}

  prometheus::Counter& of(const std::string& source, const char* outcome) {
    return requests.Add({{"source", source}, {"outcome", outcome}});
  }

  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Histogram& seconds;
  prometheus::Counter& not_found;
  prometheus::Counter& refused;
};

Ingest::Ingest(IngestOptions options, const Routes& routes, Store& store, const Clock& clock, Log& log,
               Metrics& metrics, Executor& loop)
    : mask_(options.credential_key),
      print_(std::move(options.print)),
      store_(store),
      clock_(clock),
      log_(log),
      returns_(loop),
      counts_(std::make_unique<Counts>(metrics)) {
  for (IngestSource& source : options.sources) {
    const std::string name = source.name;
    sources_.push_back({.configured = std::move(source),
                        .destinations = routes.destinations(name),
                        .accepted = &counts_->of(name, "accepted"),
                        .duplicate = &counts_->of(name, "duplicate"),
                        .rejected = &counts_->of(name, "rejected"),
                        .unavailable = &counts_->of(name, "unavailable"),
                        .wrong_method = &counts_->of(name, "wrong_method")});
  }
  std::ranges::sort(sources_, {},
                    [](const Source& source) -> const std::string& { return source.configured.path; });
}

Ingest::~Ingest() = default;

void Ingest::drain() {
  draining_ = true;
}

const Ingest::Source* Ingest::find(std::string_view path) const {
  const auto found = std::ranges::lower_bound(
      sources_, path, {}, [](const Source& source) -> std::string_view { return source.configured.path; });
  return found != sources_.end() && found->configured.path == path ? &*found : nullptr;
}

std::expected<http::HeadDecision, http::Response> Ingest::admit(const http::Request& request) {
  const Source* source = find(request.path);
  if (source != nullptr && request.method == "POST")
    return http::HeadDecision{source->configured.body_bytes_max};
  if (source == nullptr && is_health(request.path) && is_read(request.method)) return http::HeadDecision{0};
  return std::unexpected(answer_without_source(request));
}

Task<http::Response> Ingest::handle(http::Request request) {
  const Source* source = find(request.path);
  if (source == nullptr || request.method != "POST") co_return answer_without_source(request);

  const Ticks began = clock_.ticks();
  const Time now = clock_.now();
  const IncomingRequest incoming{
      .method = request.method, .query = request.query, .headers = request.headers, .body = request.body};
  auto received =
      source->configured.receiver->receive(incoming, std::chrono::floor<std::chrono::seconds>(now));
  if (!received) co_return reject(*source, request, now, received.error());

  Content content;
  KeepAppend keeping(accept(*source, request, now, *std::move(received), content), store_, returns_);
  const KeepAppend::Result kept = co_await keeping;

  counts_->seconds.Observe(std::chrono::duration<double>(clock_.ticks() - began).count());
  if (!kept) co_return unavailable(*source, kept.error());
  co_return acknowledge(*source, *keeping.event, *kept);
}

void Ingest::refused(int status, std::string_view reason, std::string_view peer) {
  counts_->refused.Increment();
  log_.info("request refused", {{"status", std::int64_t{status}}, {"reason", reason}, {"peer", peer}});
}

http::Response Ingest::answer_without_source(const http::Request& request) {
  const Source* source = find(request.path);
  if (source == nullptr && !is_health(request.path)) {
    counts_->not_found.Increment();
    return plain(404, "Not found");
  }
  if (source != nullptr || !is_read(request.method)) {
    if (source != nullptr) source->wrong_method->Increment();
    http::Response response = plain(405, "Method not allowed");
    response.headers.emplace_back("Allow", source != nullptr ? "POST" : "GET, HEAD");
    return response;
  }
  return request.path == "/-/ready" ? ready() : json(200, R"({"status":"ok"})");
}

http::Response Ingest::ready() {
  if (draining_) return json(503, R"({"status":"unavailable","reason":"draining"})");
  if (!store_.status().can_commit) return json(503, R"({"status":"unavailable","reason":"store"})");
  return json(200, R"({"status":"ok"})");
}

http::Response Ingest::reject(const Source& source, const http::Request& request, Time now,
                              const ReceiveError& error) {
  const bool is_json = error.cause == ReceiveCause::invalid_json;
  // With no key that is good now the fault is ours: the provider shall come again, as with a store that
  // cannot commit.
  const bool ours = error.verify_error && is_ours(*error.verify_error);
  const int status = ours ? 503 : is_json ? 400 : source.configured.receiver->provider().reject_status;
  const std::string_view cause = cause_name(error);

  const std::optional<std::string> head = mask_.masked_head(request, *source.configured.receiver);
  store_.reject({.source = source.configured.name,
                 .received = now,
                 .peer = request.peer,
                 .cause = cause,
                 .detail = error.detail,
                 .status = status,
                 .head = head ? *head : request.head,
                 .body = request.body});
  source.rejected->Increment();
  log_.write(ours ? LogLevel::error : LogLevel::warning, "request rejected",
             {{"source", source.configured.name},
              {"cause", cause},
              {"status", std::int64_t{status}},
              {"peer", request.peer}});

  if (!ours) return plain(status, is_json ? kInvalidJson : kInvalidSignature);
  http::Response response = plain(status, "Service unavailable");
  response.headers.emplace_back("Retry-After", "60");
  return response;
}

Genuine<NewEvent> Ingest::accept(const Source& source, const http::Request& request, Time now,
                                 Genuine<Received> genuine, Content& content) {
  std::optional<std::string> head = mask_.masked_head(request, *source.configured.receiver);
  if (head) content.head = *std::move(head);

  return std::move(genuine).map([&](Received&& moved) {
    content.received = std::move(moved);
    const Received& received = content.received;
    const auto item_of = [&](const ReceivedItem& item) {
      return NewItem{.dedupe_key = item.dedupe_key,
                     .provider_id = item.provider_id,
                     .type = item.type,
                     .subject = item.subject,
                     .occurred = item.occurred,
                     .body_offset = static_cast<std::uint32_t>(item.body.data() - request.body.data()),
                     .body_bytes = static_cast<std::uint32_t>(item.body.size())};
    };
    NewEvent event{.source = source.configured.name,
                   .received = now,
                   .dedupe_window = source.configured.dedupe_window,
                   .peer = request.peer,
                   .secret_label = source.configured.receiver->key_label(received.key_index),
                   .head = content.head.empty() ? request.head : std::string_view(content.head),
                   .body = request.body,
                   .items = {},
                   .destinations = source.destinations};
    if (received.items.size() == 1) {
      content.item = item_of(received.items.front());
      event.items = std::span(&content.item, 1);
    } else {
      for (const ReceivedItem& item : received.items)
        content.items.push_back(item_of(item));
      event.items = content.items;
    }
    return event;
  });
}

http::Response Ingest::acknowledge(const Source& source, const NewEvent& event, const Kept& kept) {
  const std::string_view provider_id =
      event.items.empty() ? std::string_view() : event.items.front().provider_id;
  if (kept.duplicate) {
    source.duplicate->Increment();
    log_.info("duplicate received", {{"source", event.source}, {"id", provider_id}});
    return json(200, R"({"received":true,"duplicate":true})");
  }
  source.accepted->Increment();
  log_.info("event accepted", {{"source", event.source},
                               {"event", to_text(kept.first)},
                               {"type", event.items.empty() ? std::string_view() : event.items.front().type},
                               {"id", provider_id},
                               {"events", static_cast<std::int64_t>(event.items.size())},
                               {"bytes", static_cast<std::int64_t>(event.body.size())}});
  if (print_ && event.destinations.empty()) {
    for (std::size_t i = kept.first.item(); i < event.items.size(); ++i) {
      print_(
          printed(event, event.items[i], EventId::of(kept.first.sequence(), static_cast<std::uint16_t>(i))));
    }
  }
  return json(200, R"({"received":true})");
}

http::Response Ingest::unavailable(const Source& source, StoreError error) {
  source.unavailable->Increment();
  log_.error("event not kept", {{"source", source.configured.name}, {"cause", name(error)}});
  http::Response response = plain(503, "Service unavailable");
  response.headers.emplace_back("Retry-After", retry_after(error));
  return response;
}

http::Response Ingest::plain(int status, std::string_view text) const {
  return {.status = status,
          .body = std::string(text),
          .content_type = "text/plain; charset=utf-8",
          .headers = {},
          .close = draining_};
}

http::Response Ingest::json(int status, std::string_view text) const {
  return {.status = status,
          .body = std::string(text),
          .content_type = "application/json",
          .headers = {},
          .close = draining_};
}

}  // namespace creel
