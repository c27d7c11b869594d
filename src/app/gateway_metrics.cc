#include "app/gateway_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace creel {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

prometheus::Family<prometheus::Histogram>& histogram(Metrics& metrics, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(metrics.registry());
}

prometheus::Family<prometheus::Counter>& counter(Metrics& metrics, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(metrics.registry());
}

prometheus::Family<prometheus::Gauge>& gauge(Metrics& metrics, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(metrics.registry());
}

double value_of(BreakerState state) {
  switch (state) {
    case BreakerState::closed:
      return 0;
    case BreakerState::half_open:
      return 1;
    case BreakerState::open:
      return 2;
  }
  std::unreachable();
}

}  // namespace

struct CommitMetrics::Series {
  explicit Series(Metrics& metrics)
      : seconds(
            histogram(metrics, "creel_commit_seconds", "Writing and syncing one batch of the journal.")
                .Add({}, Buckets{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5})),
        records(histogram(metrics, "creel_commit_records", "Records that shared one sync.")
                    .Add({}, Buckets{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024})),
        bytes(counter(metrics, "creel_commit_bytes_total", "Bytes written to the journal.").Add({})),
        refused(counter(metrics, "creel_appends_refused_total",
                        "Appends that were not kept and not acknowledged, by reason.")),
        refused_full(refused.Add({{"reason", "full"}})),
        refused_failed(refused.Add({{"reason", "failed"}})) {}

  prometheus::Histogram& seconds;
  prometheus::Histogram& records;
  prometheus::Counter& bytes;
  prometheus::Family<prometheus::Counter>& refused;
  prometheus::Counter& refused_full;
  prometheus::Counter& refused_failed;
};

CommitMetrics::CommitMetrics(Metrics& metrics) : series_(std::make_unique<Series>(metrics)) {}
CommitMetrics::~CommitMetrics() = default;

void CommitMetrics::on_commit(std::size_t records, std::size_t bytes, std::chrono::nanoseconds took) {
  series_->seconds.Observe(std::chrono::duration<double>(took).count());
  series_->records.Observe(static_cast<double>(records));
  series_->bytes.Increment(static_cast<double>(bytes));
}

void CommitMetrics::on_refused(StoreError error, std::size_t appends) {
  auto& series = error == StoreError::full ? series_->refused_full : series_->refused_failed;
  series.Increment(static_cast<double>(appends));
}

struct ReloadMetrics::Series {
  explicit Series(Metrics& metrics)
      : reloads(counter(metrics, "creel_config_reloads_total", "Reloads of the configuration, by result.")),
        applied(reloads.Add({{"result", "applied"}})),
        refused(reloads.Add({{"result", "refused"}})) {}

  prometheus::Family<prometheus::Counter>& reloads;
  prometheus::Counter& applied;
  prometheus::Counter& refused;
};

ReloadMetrics::ReloadMetrics(Metrics& metrics) : series_(std::make_unique<Series>(metrics)) {}
ReloadMetrics::~ReloadMetrics() = default;

void ReloadMetrics::on_reload(bool is_applied) {
  (is_applied ? series_->applied : series_->refused).Increment();
}

struct DeliveryMetrics::Series {
  static constexpr std::size_t kResults = static_cast<std::size_t>(AttemptResult::auth) + 1;
  // Of the moment.
  struct Gauges {
    prometheus::Gauge* depth;
    prometheus::Gauge* running;
    prometheus::Gauge* spilled;
    prometheus::Gauge* oldest;
    prometheus::Gauge* held;
    prometheus::Gauge* paused;
    prometheus::Gauge* slots;
    prometheus::Gauge* breaker;  // null without one
  };
  struct OfDestination {
    prometheus::Histogram* seconds = nullptr;
    prometheus::Counter* dead = nullptr;
    // By outcome; made when one first occurs, so that what never happens is not listed.
    std::array<prometheus::Counter*, kResults> attempts{};
    std::array<prometheus::Counter*, 3> breaker_changes{};  // by state
    BreakerState breaker = BreakerState::closed;            // also while the destination is gone
    std::optional<Gauges> gauges;                           // while it is configured
  };

  explicit Series(Metrics& metrics)
      : attempts(counter(metrics, "creel_attempts_total", "Attempts by destination and outcome.")),
        dead(counter(metrics, "creel_dead_letters_total", "Deliveries given up, by destination.")),
        seconds(histogram(metrics, "creel_attempt_seconds", "Duration of an attempt, by destination.")),
        depth(gauge(metrics, "creel_queue_depth",
                    "Deliveries in memory that wait for an attempt, by destination.")),
        running(gauge(metrics, "creel_attempts_running", "Attempts under way, by destination.")),
        spilled(gauge(metrics, "creel_queue_spilled",
                      "1 while deliveries of the destination wait in the index alone.")),
        oldest(gauge(metrics, "creel_queue_oldest_seconds",
                     "For how long the first delivery in memory has been due.")),
        held(gauge(metrics, "creel_deliveries_held",
                   "Deliveries in memory whose transform failed, by destination: they wait for another "
                   "configuration.")),
        paused(gauge(metrics, "creel_destination_paused", "1 while the destination is paused.")),
        slots(gauge(metrics, "creel_destination_slots",
                    "How many attempts may run at once: fewer than configured while adaptive concurrency "
                    "holds them back.")),
        breaker(gauge(metrics, "creel_destination_breaker_state",
                      "Of destinations with a breaker: 0 closed, 1 half open, 2 open.")),
        breaker_changes(counter(metrics, "creel_destination_breaker_changes_total",
                                "Changes of the breaker, by destination and the state it came to.")) {}

  OfDestination& of(std::string_view name) {
    const auto found = destinations.find(name);
    if (found != destinations.end()) return found->second;
    OfDestination& made = destinations[std::string(name)];
    const prometheus::Labels labels{{"destination", std::string(name)}};
    made.seconds = &seconds.Add(
        labels, Buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30});
    made.dead = &dead.Add(labels);
    return made;
  }

  void show(const Destination& destination) {
    OfDestination& shown = of(destination.name);
    const prometheus::Labels labels{{"destination", destination.name}};
    show(shown, labels, destination);
    const bool has_breaker = shown.gauges->breaker != nullptr;
    if (destination.breaker && !has_breaker) {
      shown.gauges->breaker = &breaker.Add(labels);
      shown.gauges->breaker->Set(value_of(shown.breaker));
    }
    if (!destination.breaker && has_breaker) breaker.Remove(std::exchange(shown.gauges->breaker, nullptr));
  }

  void show(OfDestination& shown, const prometheus::Labels& labels, const Destination& destination) {
    if (shown.gauges) return;
    shown.gauges = Gauges{.depth = &depth.Add(labels),
                          .running = &running.Add(labels),
                          .spilled = &spilled.Add(labels),
                          .oldest = &oldest.Add(labels),
                          .held = &held.Add(labels),
                          .paused = &paused.Add(labels),
                          .slots = &slots.Add(labels),
                          .breaker = nullptr};
    shown.gauges->slots->Set(destination.concurrency);
    shown.gauges->paused->Set(is_paused(destination.name) ? 1 : 0);
  }

  bool is_paused(std::string_view name) const {
    return std::ranges::any_of(pauses, [name](const Pause& pause) {
      return pause.what == Pause::What::destination && pause.name == name;
    });
  }

  void hide(OfDestination& hidden) {
    if (!hidden.gauges) return;
    depth.Remove(hidden.gauges->depth);
    running.Remove(hidden.gauges->running);
    spilled.Remove(hidden.gauges->spilled);
    oldest.Remove(hidden.gauges->oldest);
    held.Remove(hidden.gauges->held);
    paused.Remove(hidden.gauges->paused);
    slots.Remove(hidden.gauges->slots);
    if (hidden.gauges->breaker) breaker.Remove(hidden.gauges->breaker);
    hidden.gauges.reset();
  }

  prometheus::Family<prometheus::Counter>&attempts, &dead;
  prometheus::Family<prometheus::Histogram>& seconds;
  prometheus::Family<prometheus::Gauge>&depth, &running, &spilled, &oldest, &held, &paused, &slots, &breaker;
  prometheus::Family<prometheus::Counter>& breaker_changes;
  // The crossing between the deliver thread, which counts, and the loop, which reloads.
  std::mutex mutex;
  std::map<std::string, OfDestination, std::less<>> destinations;
  std::vector<Pause> pauses;
};

DeliveryMetrics::DeliveryMetrics(Metrics& metrics, std::span<const Destination> destinations)
    : series_(std::make_unique<Series>(metrics)) {
  reload(destinations);
}
DeliveryMetrics::~DeliveryMetrics() = default;

void DeliveryMetrics::reload(std::span<const Destination> destinations) {
  const std::lock_guard lock(series_->mutex);
  for (auto& [name, of] : series_->destinations) {
    if (std::ranges::find(destinations, name, &Destination::name) == destinations.end()) series_->hide(of);
  }
  for (const Destination& destination : destinations)
    series_->show(destination);
}

// A destination that is gone may still be told about: its last attempts end.
void DeliveryMetrics::on_attempt(std::string_view destination, AttemptResult result, DeliveryState state,
                                 std::chrono::milliseconds took) {
  const std::lock_guard lock(series_->mutex);
  auto& of = series_->of(destination);
  prometheus::Counter*& attempts = of.attempts.at(static_cast<std::size_t>(result));
  if (attempts == nullptr) {
    attempts = &series_->attempts.Add(
        {{"destination", std::string(destination)}, {"outcome", std::string(to_text(result))}});
  }
  attempts->Increment();
  of.seconds->Observe(std::chrono::duration<double>(took).count());
  if (state == DeliveryState::dead) of.dead->Increment();
}

void DeliveryMetrics::on_queue(std::string_view destination, const DestinationQueue::Status& status,
                               std::chrono::milliseconds oldest) {
  const std::lock_guard lock(series_->mutex);
  const auto& gauges = series_->of(destination).gauges;
  if (!gauges) return;
  gauges->depth->Set(static_cast<double>(status.queued));
  gauges->running->Set(static_cast<double>(status.running));
  gauges->spilled->Set(status.spilled ? 1 : 0);
  gauges->oldest->Set(std::chrono::duration<double>(oldest).count());
  gauges->held->Set(static_cast<double>(status.held));
  gauges->slots->Set(static_cast<double>(status.slots));
}

void DeliveryMetrics::on_breaker(std::string_view destination, BreakerState state) {
  const std::lock_guard lock(series_->mutex);
  auto& of = series_->of(destination);
  prometheus::Counter*& changes = of.breaker_changes.at(static_cast<std::size_t>(state));
  if (changes == nullptr) {
    changes = &series_->breaker_changes.Add(
        {{"destination", std::string(destination)}, {"state", std::string(to_text(state))}});
  }
  changes->Increment();
  of.breaker = state;
  if (of.gauges && of.gauges->breaker) of.gauges->breaker->Set(value_of(state));
}

void DeliveryMetrics::set_paused(std::span<const Pause> pauses) {
  const std::lock_guard lock(series_->mutex);
  series_->pauses.assign(pauses.begin(), pauses.end());
  for (auto& [name, of] : series_->destinations) {
    if (of.gauges) of.gauges->paused->Set(series_->is_paused(name) ? 1 : 0);
  }
}

}  // namespace creel
