// Look: the REST API under /api/v1/ and /metrics, on a port of their own (docs/api.md).
//
// Operators and the command line find events here, see what became of their deliveries, and retry or cancel
// them. What is configured is not changed here. Questions run on the store's read threads, which also write
// the answer's JSON; the loop only passes them on.
//
// Threads: everything on the loop, but for AdminOptions::destinations.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/executor.h"
#include "core/log.h"
#include "core/metrics.h"
#include "http/http.h"
#include "store/store.h"

namespace creel {

// A configured destination as the API shows it.
struct DestinationStatus {
  std::string name;
  std::string url;  // without a password
  std::string
      held;  // why its deliveries wait, "" when they do not: "paused", "breaker open", "the key cannot sign"
};

struct AdminOptions {
  std::string token;               // admin/token.h
  std::string listen_address;      // "127.0.0.1"
  std::vector<std::string> hosts;  // further names, without a port, by which the port may be asked
  bool metrics_open = false;       // /metrics without the token
  std::string version;
  // What is configured and how it stands. Called on read threads; none: nothing is known of destinations.
  std::function<std::vector<DestinationStatus>()> destinations;
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

  // Ends the long polls: they are answered within a tenth of a second.
  void drain() ON_LOOP;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel
