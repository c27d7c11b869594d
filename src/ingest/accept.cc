// A rejected request becomes an event after all.
#include <algorithm>
#include <utility>

#include "http/head.h"
#include "ingest/answers.h"
#include "ingest/ingest.h"
#include "ingest/ingest_parts.h"

namespace creel {
namespace {

// A request as it was kept, whole again. Its views point into what is kept with it, so it stays where it is.
struct StoredRequest {
  StoredRequest() = default;
  StoredRequest(const StoredRequest&) = delete;
  StoredRequest& operator=(const StoredRequest&) = delete;

  // False when `head` is none, or not all of one.
  bool read(std::string_view kept_head, const RejectedRequest& rejected) {
    // Masks make a head longer than the one that came.
    constexpr http::HeadLimits kLimits{.bytes_max = std::size_t{1} << 20, .headers_max = 1000};
    head.assign(kept_head).append("\r\n");
    const auto parsed = http::check_head(head, kLimits, headers);
    if (!parsed) return false;
    request = {.method = parsed->method,
               .target = parsed->target,
               .path = parsed->path,
               .query = parsed->query,
               .head = std::string_view(head).substr(0, kept_head.size()),
               .headers = headers,
               .body = rejected.body,
               .peer = rejected.row.peer};
    return true;
  }
  IncomingRequest incoming() const {
    return {
        .method = request.method, .query = request.query, .headers = request.headers, .body = request.body};
  }

  std::string head;  // with its empty line
  std::vector<Header> headers;
  http::Request request;
};

AcceptResult cannot(std::string_view cause, std::string text) {
  return {.status = AcceptResult::Status::cannot,
          .event = {},
          .cause = std::string(cause),
          .text = std::move(text)};
}

AcceptResult still_rejected(const ReceiveError& error) {
  return {.status = AcceptResult::Status::still_rejected,
          .event = {},
          .cause = std::string(cause_name(error)),
          .text = error.detail};
}

AcceptResult body_cut(const RejectedRequest& rejected) {
  return cannot("body_cut", "the quarantine kept " + std::to_string(rejected.body.size()) + " of the " +
                                std::to_string(rejected.row.body_bytes) +
                                " bytes of its body; it can be verified only whole");
}

AcceptResult unknown_source(const RejectedRequest& rejected) {
  return cannot("unknown_source", "no source \"" + rejected.row.source + "\" is configured");
}

AcceptResult head_unreadable() {
  return cannot("head_unreadable", "what was kept of its head is no whole request head");
}

AcceptResult no_event() {
  return cannot("no_event", "it is genuine, but holds no event: a handshake or an empty list");
}

}  // namespace

void Ingest::accept_rejected(RejectedRequest rejected, std::move_only_function<void(AcceptResult)> done) {
  start(accept_again(std::move(rejected)), std::move(done));
}

Task<AcceptResult> Ingest::accept_again(RejectedRequest rejected) {
  const std::shared_ptr<const Snapshot> snapshot = snapshot_;
  const Source* source = snapshot->named(rejected.row.source);
  if (source == nullptr) co_return unknown_source(rejected);
  if (rejected.body.size() != rejected.row.body_bytes) co_return body_cut(rejected);

  StoredRequest stored;
  if (!stored.read(rejected.head, rejected)) co_return head_unreadable();
  // What only today's configuration calls a credential was kept as it came.
  const std::optional<std::string> masked_head = mask_.masked_again(stored.request, source->receiver());
  if (masked_head && !stored.read(*masked_head, rejected)) co_return head_unreadable();

  const Masking masked = [this](std::string_view credential) { return mask_.masked(credential); };
  auto received = source->receiver().receive_stored(
      stored.incoming(), std::chrono::floor<std::chrono::seconds>(rejected.row.received), masked);
  if (!received) co_return still_rejected(received.error());
  if ((*received)->items.empty()) co_return no_event();

  // A repetition that was accepted soon after this one came counts, however long ago that is by now.
  const Time now = clock_.now();
  const auto age = std::chrono::ceil<std::chrono::seconds>(now - rejected.row.received);
  Content content;
  // Without an id it is still one request: a crash before it is marked as accepted must not make two events.
  const std::string key = "rejected " + std::to_string(rejected.row.id);
  const Accepted accepting{
      .source = *source,
      .routes = *snapshot->routes,
      .request = stored.request,
      .received = now,
      .dedupe_window = source->configured.dedupe_window + std::max(age, std::chrono::seconds(0)),
      .is_masked = true,
      .key_without_id = key};
  KeepAppend keeping(event_of(accepting, *std::move(received), content), store_, returns_);
  const KeepAppend::Result kept = co_await keeping;
  co_return accepted(*source, rejected.row, *keeping.event, kept);
}

AcceptResult Ingest::accepted(const Source& source, const RejectedRow& row, const NewEvent& event,
                              const KeepAppend::Result& kept) {
  const auto rejected = static_cast<std::int64_t>(row.id);
  if (!kept) {
    log_.error("event not kept", {{"source", event.source}, {"cause", store_error_name(kept.error())}});
    return cannot(store_error_name(kept.error()),
                  "it is genuine, but the store could not keep it; try again");
  }
  if (kept->duplicate) {
    log_.info("rejected request is a duplicate", {{"source", event.source}, {"rejected", rejected}});
    return {.status = AcceptResult::Status::duplicate, .event = {}, .cause = {}, .text = {}};
  }
  log_.info("rejected request accepted", {{"source", event.source},
                                          {"rejected", rejected},
                                          {"event", to_text(kept->first)},
                                          {"events", static_cast<std::int64_t>(event.items.size())}});
  count_unrouted(source, event, kept->first);
  print(source, event, kept->first);
  return {.status = AcceptResult::Status::accepted, .event = kept->first, .cause = {}, .text = {}};
}

}  // namespace creel
