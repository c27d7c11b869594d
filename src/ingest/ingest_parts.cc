#include "ingest/ingest_parts.h"

#include <algorithm>
#include <utility>

namespace creel {

Ingest::Counts::Counts(Metrics& metrics)
    : requests(prometheus::BuildCounter()
                   .Name("creel_requests_total")
                   .Help("Requests to the ingest port by source and outcome.")
                   .Register(metrics.registry())),
      unrouted(prometheus::BuildCounter()
                   .Name("creel_events_unrouted_total")
                   .Help("New events that no route takes, by source.")
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

const Ingest::Source* Ingest::Snapshot::find(std::string_view path) const {
  const auto found = std::ranges::lower_bound(
      sources, path, {}, [](const Source& source) -> std::string_view { return source.configured.path; });
  return found != sources.end() && found->configured.path == path ? &*found : nullptr;
}

const Ingest::Source* Ingest::Snapshot::named(std::string_view name) const {
  const auto found =
      std::ranges::find_if(sources, [name](const Source& source) { return source.configured.name == name; });
  return found != sources.end() ? &*found : nullptr;
}

std::shared_ptr<const Ingest::Snapshot> Ingest::snapshot_of(std::vector<IngestSource> sources,
                                                            std::shared_ptr<const Routes> routes) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->routes = std::move(routes);
  for (IngestSource& given : sources) {
    const std::string name = given.name;
    Source& source =
        snapshot->sources.emplace_back(Source{.configured = std::move(given),
                                              .always = snapshot->routes->always(name),
                                              .marks = {},
                                              .accepted = &counts_->of(name, "accepted"),
                                              .duplicate = &counts_->of(name, "duplicate"),
                                              .rejected = &counts_->of(name, "rejected"),
                                              .handshake = &counts_->of(name, "handshake"),
                                              .unavailable = &counts_->of(name, "unavailable"),
                                              .wrong_method = &counts_->of(name, "wrong_method"),
                                              .unrouted = &counts_->unrouted.Add({{"source", name}})});
    for (const Key& key : source.receiver().keys())
      source.marks.push_back(secret_mark(key, store_secret_));
  }
  std::ranges::sort(snapshot->sources, {},
                    [](const Source& source) -> const std::string& { return source.configured.path; });
  return snapshot;
}

}  // namespace creel
