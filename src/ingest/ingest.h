// In: from an HTTP request to an event that is kept, or to a rejected one in quarantine.
//
// An Ingest stands behind the port that providers reach. It finds the source by its path, has its Receiver
// verify and read the request, has the routes decide where each event of it goes, and answers as the
// provider's row says, only after the store has synced it. An event that no route takes is kept all the same.
// What is not genuine goes to quarantine with its cause; the sender learns nothing but that. A handshake is
// answered and kept nowhere.
//
// Sources and routes can be replaced while requests run: each keeps those with which it began.
//
// Threads: one Ingest a loop, everything on that loop. Several may share a store, routes, log and metrics.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <creel/provider.h>
#include "core/clock.h"
#include "core/executor.h"
#include "core/log.h"
#include "core/metrics.h"
#include "http/http.h"
#include "ingest/accept.h"
#include "ingest/credentials.h"
#include "ingest/keep_append.h"
#include "rules/routes.h"
#include "store/store.h"

namespace creel {

// Where webhooks come in.
struct IngestSource {
  std::string name;
  std::string path;  // exact, without a query
  std::shared_ptr<const Receiver> receiver;
  std::size_t body_bytes_max = std::size_t{1} << 20;
  std::chrono::seconds dedupe_window = std::chrono::hours(7 * 24);
};

struct IngestOptions {
  std::vector<IngestSource> sources;            // names and paths differ
  std::array<std::uint8_t, 32> store_secret{};  // for masks of credentials and marks of secrets
  // Given one readable line for every new event of a source from which no route leads; none to print
  // nothing. On the loop.
  std::function<void(std::string_view line)> print;
  // Told of every request that is not accepted, or none. On the loop; returns at once.
  std::function<void(std::string_view source, const ReceiveError& error)> on_rejected;
};

class Ingest final : public http::Handler {
 public:
  // Everything given by reference outlives the Ingest, and the store and `loop` all tasks it has begun.
  Ingest(IngestOptions options, std::shared_ptr<const Routes> routes, Store& store, const Clock& clock,
         Log& log, Metrics& metrics, Executor& loop);
  ~Ingest() override;

  std::expected<http::HeadDecision, http::Response> admit(const http::Request& request) ON_LOOP override;
  Task<http::Response> handle(http::Request request) ON_LOOP override;
  void refused(int status, std::string_view reason, std::string_view peer) ON_LOOP override;

  // Other sources and routes from the next request on. What is under way ends with those it began with; the
  // counters of a source go on.
  void reload(std::vector<IngestSource> sources, std::shared_ptr<const Routes> routes) ON_LOOP;

  // Puts a rejected request to today's configuration, with its time of receipt as the clock. When it is
  // genuine now, it becomes an event like any that comes in: received now, for the destinations of today's
  // routes, and not twice, within the source's window counted from when the request came. `done` is called
  // once, on the loop, perhaps before this returns.
  void accept_rejected(RejectedRequest rejected, std::move_only_function<void(AcceptResult)> done) ON_LOOP;

  // From now on /-/ready says 503 and connections are closed after their answer.
  void drain() ON_LOOP;

 private:
  struct Source;
  struct Snapshot;
  struct Counts;
  // What the views of a NewEvent point into while its append is under way.
  struct Content {
    Received received;
    NewItem item;                // the one that almost every request has
    std::vector<NewItem> items;  // when it has another number
    std::string head;            // when credentials were replaced
    // Where the items go, when the routes had to look at them.
    std::vector<std::string_view> destinations;
    std::vector<Target> targets;
  };
  // A request that was found genuine, and what is known of it besides.
  struct Accepted {
    const Source& source;
    const Routes& routes;
    const http::Request& request;
    Time received;
    std::chrono::seconds dedupe_window;
    bool is_masked = false;                // its head holds no credential any more
    std::string_view key_without_id = {};  // of its only event, where that has no dedupe key of its own
  };

  std::shared_ptr<const Snapshot> snapshot_of(std::vector<IngestSource> sources,
                                              std::shared_ptr<const Routes> routes);
  http::Response answer_without_source(const http::Request& request, const Source* source) ON_LOOP;
  http::Response ready() ON_LOOP;
  http::Response greeted(const Source& source, const Reply& reply) ON_LOOP;
  http::Response reject(const Source& source, const http::Request& request, Time now,
                        const ReceiveError& error) ON_LOOP;
  Genuine<NewEvent> event_of(const Accepted& accepted, Genuine<Received> genuine, Content& content) ON_LOOP;
  void route(const Source& source, const Routes& routes, std::span<NewItem> items, Content& content,
             NewEvent& event) ON_LOOP;
  void route_one(const Routes& routes, const NewEvent& event, NewItem& item, Content& content) ON_LOOP;
  http::Response acknowledge_empty(const Source& source) ON_LOOP;
  http::Response acknowledge(const Source& source, const NewEvent& event, const Kept& kept) ON_LOOP;
  http::Response unavailable(const Source& source, StoreError error) ON_LOOP;
  void count_unrouted(const Source& source, const NewEvent& event, EventId first) ON_LOOP;
  void print(const Source& source, const NewEvent& event, EventId first) const ON_LOOP;
  http::Response closing(http::Response response) const ON_LOOP;

  Task<AcceptResult> accept_again(RejectedRequest rejected) ON_LOOP;
  AcceptResult accepted(const Source& source, const RejectedRow& row, const NewEvent& event,
                        const KeepAppend::Result& kept) ON_LOOP;

  std::shared_ptr<const Snapshot> snapshot_;
  const std::array<std::uint8_t, 32> store_secret_;
  CredentialMask mask_;
  std::function<void(std::string_view)> print_;
  std::function<void(std::string_view, const ReceiveError&)> on_rejected_;
  Store& store_;
  const Clock& clock_;
  Log& log_;
  AppendReturns returns_;
  std::unique_ptr<Counts> counts_;
  // Reused from event to event.
  RuleScratch rule_scratch_;
  std::vector<RouteMatch> matches_;
  bool draining_ = false;
};

// The name of a cause, as quarantine and log have it: "signature_mismatch", "invalid_json" …
std::string_view cause_name(const ReceiveError& error);

}  // namespace creel
