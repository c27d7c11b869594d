#include "ingest/ingest.h"

#include <utility>

#include "core/text.h"
#include "ingest/answers.h"
#include "ingest/ingest_parts.h"

namespace creel {
namespace {

bool is_health(std::string_view path) {
  return path == "/health" || path == "/-/healthy" || path == "/-/ready";
}

bool is_read(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

IncomingRequest incoming(const http::Request& request) {
  return {.method = request.method, .query = request.query, .headers = request.headers, .body = request.body};
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

Ingest::Ingest(IngestOptions options, std::shared_ptr<const Routes> routes, Store& store, const Clock& clock,
               Log& log, Metrics& metrics, Executor& loop)
    : store_secret_(options.store_secret),
      mask_(CredentialMask::key_of(options.store_secret)),
      print_(std::move(options.print)),
      on_rejected_(std::move(options.on_rejected)),
      store_(store),
      clock_(clock),
      log_(log),
      returns_(loop),
      counts_(std::make_unique<Counts>(metrics)) {
  snapshot_ = snapshot_of(std::move(options.sources), std::move(routes));
}

Ingest::~Ingest() = default;

void Ingest::reload(std::vector<IngestSource> sources, std::shared_ptr<const Routes> routes) {
  snapshot_ = snapshot_of(std::move(sources), std::move(routes));
}

void Ingest::drain() {
  draining_ = true;
}

std::expected<http::HeadDecision, http::Response> Ingest::admit(const http::Request& request) {
  const Source* source = snapshot_->find(request.path);
  if (source != nullptr && source->receiver().accepts(request.method))
    return http::HeadDecision{is_read(request.method) ? 0 : source->configured.body_bytes_max};
  if (source == nullptr && is_health(request.path) && is_read(request.method)) return http::HeadDecision{0};
  return std::unexpected(answer_without_source(request, source));
}

Task<http::Response> Ingest::handle(http::Request request) {
  // Held to the end: a reload must not take away what the event on its way to the store points into.
  const std::shared_ptr<const Snapshot> snapshot = snapshot_;
  const Source* source = snapshot->find(request.path);
  if (source == nullptr || !source->receiver().accepts(request.method))
    co_return answer_without_source(request, source);

  const Ticks began = clock_.ticks();
  const Time now = clock_.now();
  const std::optional<Reply> greeting = source->receiver().greet(incoming(request));
  if (greeting) co_return greeted(*source, *greeting);
  // Reading is for handshakes; no event comes by it.
  if (is_read(request.method)) co_return answer_without_source(request, source);

  auto received =
      source->receiver().receive(incoming(request), std::chrono::floor<std::chrono::seconds>(now));
  if (!received) co_return reject(*source, request, now, received.error());
  if ((*received)->reply) co_return greeted(*source, *(*received)->reply);
  if ((*received)->items.empty()) co_return acknowledge_empty(*source);

  Content content;
  const Accepted accepted{.source = *source,
                          .routes = *snapshot->routes,
                          .request = request,
                          .received = now,
                          .dedupe_window = source->configured.dedupe_window};
  KeepAppend keeping(event_of(accepted, *std::move(received), content), store_, returns_);
  const KeepAppend::Result kept = co_await keeping;

  counts_->seconds.Observe(std::chrono::duration<double>(clock_.ticks() - began).count());
  if (!kept) co_return unavailable(*source, kept.error());
  co_return acknowledge(*source, *keeping.event, *kept);
}

void Ingest::refused(int status, std::string_view reason, std::string_view peer) {
  counts_->refused.Increment();
  log_.info("request refused", {{"status", std::int64_t{status}}, {"reason", reason}, {"peer", peer}});
}

http::Response Ingest::answer_without_source(const http::Request& request, const Source* source) {
  if (source == nullptr && !is_health(request.path)) {
    counts_->not_found.Increment();
    return closing(plain_answer(404, "Not found"));
  }
  if (source != nullptr || !is_read(request.method)) {
    if (source != nullptr) source->wrong_method->Increment();
    http::Response response = plain_answer(405, "Method not allowed");
    response.headers.emplace_back("Allow", source != nullptr ? source->receiver().allow() : "GET, HEAD");
    return closing(std::move(response));
  }
  return request.path == "/-/ready" ? ready() : closing(json_answer(200, R"({"status":"ok"})"));
}

http::Response Ingest::ready() {
  if (draining_) return closing(json_answer(503, R"({"status":"unavailable","reason":"draining"})"));
  if (!store_.status().can_commit)
    return closing(json_answer(503, R"({"status":"unavailable","reason":"store"})"));
  return closing(json_answer(200, R"({"status":"ok"})"));
}

http::Response Ingest::greeted(const Source& source, const Reply& reply) {
  source.handshake->Increment();
  log_.info("handshake answered",
            {{"source", source.configured.name}, {"status", std::int64_t{reply.status}}});
  return closing(answer_of(reply));
}

http::Response Ingest::reject(const Source& source, const http::Request& request, Time now,
                              const ReceiveError& error) {
  // With no key that is good now the fault is ours, and the provider is told to come again.
  const bool ours = error.verify_error && is_ours(*error.verify_error);
  const Reply refusal = source.receiver().refusal(error, request.headers);
  const std::string_view cause = cause_name(error);
  const std::optional<std::string> head = mask_.masked_head(request, source.receiver());
  store_.reject({.source = source.configured.name,
                 .received = now,
                 .peer = request.peer,
                 .cause = cause,
                 .detail = error.detail,
                 .status = refusal.status,
                 .head = head ? *head : request.head,
                 .body = request.body});
  source.rejected->Increment();
  if (on_rejected_) on_rejected_(source.configured.name, error);
  log_.write(ours ? LogLevel::error : LogLevel::warning, "request rejected",
             {{"source", source.configured.name},
              {"cause", cause},
              {"status", std::int64_t{refusal.status}},
              {"peer", request.peer}});
  return closing(refusal.status == 503 ? unavailable_answer() : answer_of(refusal));
}

Genuine<NewEvent> Ingest::event_of(const Accepted& accepted, Genuine<Received> genuine, Content& content) {
  const http::Request& request = accepted.request;
  if (!accepted.is_masked) {
    std::optional<std::string> head = mask_.masked_head(request, accepted.source.receiver());
    if (head) content.head = *std::move(head);
  }
  return std::move(genuine).map([&](Received&& moved) {
    assume(on_loop);
    content.received = std::move(moved);
    const Received& received = content.received;
    const auto item_of = [&](const ReceivedItem& item) {
      const auto offset = item.body.empty() ? 0 : item.body.data() - request.body.data();
      return NewItem{.dedupe_key = item.dedupe_key,
                     .provider_id = item.provider_id,
                     .type = item.type,
                     .subject = item.subject,
                     .occurred = item.occurred,
                     .body_offset = static_cast<std::uint32_t>(offset),
                     .body_bytes = static_cast<std::uint32_t>(item.body.size())};
    };
    NewEvent event{.source = accepted.source.configured.name,
                   .received = accepted.received,
                   .dedupe_window = accepted.dedupe_window,
                   .peer = request.peer,
                   .secret_label = accepted.source.mark(received.key_index),
                   .head = content.head.empty() ? request.head : std::string_view(content.head),
                   .body = request.body,
                   .items = {},
                   .destinations = {}};
    std::span<NewItem> items;
    if (received.items.size() == 1) {
      content.item = item_of(received.items.front());
      if (content.item.dedupe_key.empty()) content.item.dedupe_key = accepted.key_without_id;
      items = std::span(&content.item, 1);
    } else {
      for (const ReceivedItem& item : received.items)
        content.items.push_back(item_of(item));
      items = content.items;
    }
    event.items = items;
    route(accepted.source, accepted.routes, items, content, event);
    return event;
  });
}

http::Response Ingest::acknowledge_empty(const Source& source) {
  source.accepted->Increment();
  log_.info("request without events accepted", {{"source", source.configured.name}});
  return closing(success_answer(source.receiver().provider(), "", false));
}

http::Response Ingest::acknowledge(const Source& source, const NewEvent& event, const Kept& kept) {
  const NewItem& first = event.items.front();
  const auto events = static_cast<std::int64_t>(event.items.size());
  const Provider& provider = source.receiver().provider();
  const std::string_view type = events == 1 ? first.type : std::string_view();
  if (kept.duplicate) {
    source.duplicate->Increment();
    log_.info("duplicate received",
              {{"source", event.source}, {"id", first.provider_id}, {"events", events}});
    return closing(success_answer(provider, type, true));
  }
  source.accepted->Increment();
  log_.info("event accepted", {{"source", event.source},
                               {"event", to_text(kept.first)},
                               {"type", first.type},
                               {"id", first.provider_id},
                               {"events", events},
                               {"bytes", static_cast<std::int64_t>(event.body.size())}});
  count_unrouted(source, event, kept.first);
  print(source, event, kept.first);
  return closing(success_answer(provider, type, false));
}

http::Response Ingest::unavailable(const Source& source, StoreError error) {
  source.unavailable->Increment();
  log_.error("event not kept", {{"source", source.configured.name}, {"cause", store_error_name(error)}});
  return closing(unavailable_answer(error));
}

void Ingest::print(const Source& source, const NewEvent& event, EventId first) const {
  if (!print_ || !source.always || !source.always->empty()) return;
  for (std::size_t i = first.item(); i < event.items.size(); ++i)
    print_(printed(event, event.items[i], EventId::of(first.sequence(), static_cast<std::uint16_t>(i))));
}

http::Response Ingest::closing(http::Response response) const {
  response.close = draining_;
  return response;
}

}  // namespace creel
