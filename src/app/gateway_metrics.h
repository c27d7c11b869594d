// Commits, attempts and reloads as Prometheus sees them. What ingest counts is its own; what is kept, the
// admin port shows.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

#include "core/metrics.h"
#include "core/model.h"
#include "deliver/deliverer.h"
#include "store/journal_committer.h"

namespace creel {

class CommitMetrics final : public store::CommitObserver {
 public:
  explicit CommitMetrics(Metrics& metrics);
  ~CommitMetrics() override;
  void on_commit(std::size_t records, std::size_t bytes, std::chrono::nanoseconds took) override ON_JOURNAL;
  void on_refused(StoreError error, std::size_t appends) override ON_JOURNAL;

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

class ReloadMetrics {
 public:
  explicit ReloadMetrics(Metrics& metrics);
  ~ReloadMetrics();
  void on_reload(bool is_applied);

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

class DeliveryMetrics final : public DeliveryObserver {
 public:
  DeliveryMetrics(Metrics& metrics, std::span<const Destination> destinations);
  ~DeliveryMetrics() override;
  void on_attempt(std::string_view destination, AttemptResult result, DeliveryState state,
                  std::chrono::milliseconds took) override;
  void on_queue(std::string_view destination, const DestinationQueue::Status& status,
                std::chrono::milliseconds oldest) override;
  void on_breaker(std::string_view destination, BreakerState state) override;

  // What is paused from now on, from any thread.
  void set_paused(std::span<const Pause> pauses);
  // The destinations that are configured from now on, from any thread. What was counted stays and goes on
  // when one comes back; what only describes the moment goes with its destination.
  void reload(std::span<const Destination> destinations);

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace creel
