// Look: the REST API under /api/v1/ and /metrics, on a port of their own (docs/api.md).
//
// Operators and the command line find events here, see what became of their deliveries, and retry or cancel
// them. What is configured is not changed here. Questions run on the store's read threads, which also write
// the answer's JSON; the loop only passes them on.
//
// Threads: everything on the loop, but for what AdminOptions says is called on read threads.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <creel/provider.h>

#include "core/clock.h"
#include "core/executor.h"
#include "core/log.h"
#include "core/metrics.h"
#include "http/http.h"
#include "rules/routes.h"
#include "store/store.h"
#include "verify/forensics.h"

namespace creel {

// A configured destination as the API shows it.
struct DestinationStatus {
  std::string name;
  std::string url;  // without a password
  std::string
      held;  // why its deliveries wait, "" when they do not: "paused", "breaker open", "the key cannot sign"
  std::uint64_t held_by_transform =
      0;                        // deliveries whose transform failed; they wait for another configuration
  std::string transform_error;  // of the latest of these
  DestinationKind kind = DestinationKind::http;
  std::optional<Pause> pause;
  std::string breaker;                 // "closed", "open", "half_open"; "" without one
  std::size_t running = 0, slots = 0;  // attempts at the moment, and how many there may be
  std::optional<Time> not_before;      // as an answer's Retry-After asked, or the breaker's next probe
  std::string rate, order_by;          // as the configuration says them: "100/s"; "" for none
};

// What became of a word about a source, a route or a destination.
enum class PauseAnswer {
  done,       // it is so now, or was before
  not_found,  // there is none of that name
  unnamed,    // a route that has no name of its own cannot be paused: its number changes with the file
  failed,     // the store could not keep it: nothing changed
};

// A configured source and its secrets, of which nothing is shown but labels and fingerprints.
struct SecretStatus {
  std::string label;         // as the configuration calls it
  std::string stored_label;  // as it stands with the events that it verified
  std::string fingerprint;
  std::optional<Time> not_before, not_after;
};
// Of a generic provider, what a source's row is made of: names and texts, as SourceConfig::options has them.
using RowOptions = std::vector<std::pair<std::string, std::vector<std::string>>>;
struct SourceStatus {
  std::string name, provider, path;
  std::vector<SecretStatus> secrets;
  // What decides which of its events are duplicates: for `creel plan`, which compares it with another
  // configuration's.
  RowOptions options;
  std::chrono::seconds dedupe{0};
  bool dedupe_by_body = false;
};

// What became of a rejected request that was put to today's configuration.
struct AcceptAnswer {
  enum class Status {
    accepted,        // `event` is new
    duplicate,       // its event was there already: `event`, or 0 when it is not known which
    still_rejected,  // for `cause`, as the quarantine names causes; `text` is a sentence
    cannot,          // nothing was decided: `cause` is a name, `text` says what to do
  };
  Status status = Status::cannot;
  EventId event;
  std::string cause, text;
};

struct AdminOptions {
  std::string token;               // admin/token.h
  std::string listen_address;      // "127.0.0.1"
  std::vector<std::string> hosts;  // further names, without a port, by which the port may be asked
  bool metrics_open = false;       // /metrics without the token
  std::string version;
  // What is configured and how it stands. Called on read threads; none: nothing is known of destinations.
  std::function<std::vector<DestinationStatus>()> destinations;
  // The routes as they are now. Called on the loop and on read threads; none: nothing is known of routes.
  std::function<std::shared_ptr<const Routes>()> routes;
  // Why this pending delivery is held, "" when it is not: its transform failed, or something it comes from or
  // goes to is paused. `event` is null where it is not at hand; then what a paused route holds is not known.
  // Called on read threads.
  std::function<std::string(const DeliveryId&, std::string_view source, const StoredEvent* event)> held;
  // What is paused, in order of kind and name. Called on read threads.
  std::function<std::vector<Pause>()> pauses;
  // Pauses or resumes. Called on the loop; `done` is called once, on any thread, after it is synced and the
  // dispatcher obeys.
  std::function<void(Pause::What what, std::string name, bool is_paused,
                     std::move_only_function<void(PauseAnswer)> done)>
      pause;
  // The sources and their secrets. Called on read threads; none: nothing is known of sources.
  std::function<std::vector<SourceStatus>()> sources;
  // The row of a provider, for a generic one completed by a source's options; what is wrong with them as a
  // sentence. Called on read threads. None: a plan cannot say what other options would make of dedupe keys.
  std::function<std::expected<std::shared_ptr<const Provider>, std::string>(std::string_view provider,
                                                                            const RowOptions& options)>
      row_of;
  // Why a rejected request was rejected, and would be today; the most telling first. Called on read threads.
  // None: it cannot be said.
  std::function<std::vector<Finding>(const RejectedRequest&)> explain;
  // Verifies a rejected request again, with its time of receipt as the clock, and keeps its event. Called on
  // the loop; `done` is called once, on any thread. Admin asks only for what has its whole body and is not
  // accepted yet, and marks it accepted in the store itself. None: nothing can be accepted.
  std::function<void(RejectedRequest, std::move_only_function<void(AcceptAnswer)> done)> accept;
  // Loop::after. None: `wait` answers at once.
  std::function<void(std::chrono::milliseconds, std::move_only_function<void()>)> after;
};

class Admin final : public http::Handler {
 public:
  // Everything given by reference outlives the Admin, and the store and `loop` all tasks it has begun.
  Admin(AdminOptions options, Store& store, const Clock& clock, Log& log, Metrics& metrics, Executor& loop);
  ~Admin() override;

  std::expected<http::HeadDecision, http::Response> admit(const http::Request& request) ON_LOOP override;
  Task<http::Response> handle(http::Request request) ON_LOOP override;

  // Goes on with the jobs that the store holds. Once, after the store was started.
  void start() ON_LOOP;
  // Ends the long polls, which are answered within a tenth of a second, and begins nothing more of a job.
  void drain() ON_LOOP;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel
