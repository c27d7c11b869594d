// In: from an HTTP request to an event that is kept, or to a rejected one in quarantine.
//
// An Ingest stands behind the port that providers reach. It finds the source by its path, has its Receiver
// verify and read the request, decides the destinations, and answers 200 only after the store has synced the
// event. What is not genuine goes to quarantine with its cause; the sender learns nothing but that.
//
// Threads: one Ingest a loop, everything on that loop. Several may share a store, routes, log and metrics.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/executor.h"
#include "core/log.h"
#include "core/metrics.h"
#include "http/http.h"
#include "ingest/credentials.h"
#include "ingest/keep_append.h"
#include "rules/routes.h"
#include "store/store.h"
#include <creel/provider.h>

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
  std::vector<IngestSource> sources;   // paths differ
  CredentialMask::Key credential_key;  // the store's
  // Given one readable line for every new event of a source without destinations; none to print nothing. On
  // the loop.
  std::function<void(std::string_view line)> print;
};

class Ingest final : public http::Handler {
 public:
  // Everything given by reference outlives the Ingest, and the store and `loop` all tasks it has begun.
  Ingest(IngestOptions options, const Routes& routes, Store& store, const Clock& clock, Log& log,
         Metrics& metrics, Executor& loop);
  ~Ingest() override;

  std::expected<http::HeadDecision, http::Response> admit(const http::Request& request) ON_LOOP override;
  Task<http::Response> handle(http::Request request) ON_LOOP override;
  void refused(int status, std::string_view reason, std::string_view peer) ON_LOOP override;

  // From now on /-/ready says 503 and connections are closed after their answer.
  void drain() ON_LOOP;

 private:
  struct Source;
  struct Counts;
  // What the views of a NewEvent point into while its append is under way.
  struct Content {
    Received received;
    NewItem item;                // the one that almost every request has
    std::vector<NewItem> items;  // when it has another number
    std::string head;            // when credentials were replaced
  };

  const Source* find(std::string_view path) const;
  http::Response answer_without_source(const http::Request& request) ON_LOOP;
  http::Response ready() ON_LOOP;
  http::Response reject(const Source& source, const http::Request& request, Time now,
                        const ReceiveError& error) ON_LOOP;
  Genuine<NewEvent> accept(const Source& source, const http::Request& request, Time now,
                           Genuine<Received> received, Content& content) ON_LOOP;
  http::Response acknowledge(const Source& source, const NewEvent& event, const Kept& kept) ON_LOOP;
  http::Response unavailable(const Source& source, StoreError error) ON_LOOP;
  http::Response plain(int status, std::string_view text) const ON_LOOP;
  http::Response json(int status, std::string_view text) const ON_LOOP;

  std::vector<Source> sources_;  // by path
  CredentialMask mask_;
  std::function<void(std::string_view)> print_;
  Store& store_;
  const Clock& clock_;
  Log& log_;
  AppendReturns returns_;
  std::unique_ptr<Counts> counts_;
  bool draining_ = false;
};

// The name of a cause, as quarantine and log have it: "signature_mismatch", "invalid_json" …
std::string_view cause_name(const ReceiveError& error);

}  // namespace creel
