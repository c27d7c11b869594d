// The metrics of the whole process, with gauges of what is kept.
#include <algorithm>

#include <prometheus/family.h>
#include <prometheus/gauge.h>

#include "admin/resources.h"

namespace creel::admin {

struct StoreMetrics::Gauges {
  Gauges(Metrics& of, std::string_view version)
      : metrics(of),
        deliveries(family("creel_deliveries", "Deliveries that are kept, by destination and state.")),
        oldest(
            family("creel_oldest_pending_seconds", "For how long the oldest pending delivery has been due.")),
        lag(family("creel_index_lag_seconds", "Age of the oldest record that is synced and not yet indexed.")
                .Add({})),
        bytes(family("creel_store_bytes", "Size of the store on disk.").Add({})),
        can_commit(
            family("creel_store_can_commit", "1 while the store can commit, 0 when it cannot.").Add({})) {
    family("creel_build_info", "Always 1; the version is in the label.")
        .Add({{"version", std::string(version)}})
        .Set(1);
  }

  prometheus::Family<prometheus::Gauge>& family(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(metrics.registry());
  }

  void show(const StoreStatus& status) {
    lag.Set(std::chrono::duration<double>(status.index_lag).count());
    bytes.Set(static_cast<double>(status.bytes));
    can_commit.Set(status.can_commit ? 1 : 0);
  }

  // Destinations are names from the configuration, so the labels are few and ours.
  void show(const std::vector<DeliveryCounts>& counts, Time now) {
    for (const DeliveryCounts& each : counts) {
      const auto set = [&](DeliveryState state, std::uint64_t count) {
        deliveries.Add({{"destination", each.destination}, {"state", std::string(to_text(state))}})
            .Set(static_cast<double>(count));
      };
      set(DeliveryState::pending, each.pending);
      set(DeliveryState::delivered, each.delivered);
      set(DeliveryState::dead, each.dead);
      set(DeliveryState::cancelled, each.cancelled);
      const auto age =
          each.oldest_pending_due ? now - *each.oldest_pending_due : std::chrono::milliseconds(0);
      oldest.Add({{"destination", each.destination}})
          .Set(std::max(0.0, std::chrono::duration<double>(age).count()));
    }
  }

  Metrics& metrics;
  prometheus::Family<prometheus::Gauge>& deliveries;
  prometheus::Family<prometheus::Gauge>& oldest;
  prometheus::Gauge& lag;
  prometheus::Gauge& bytes;
  prometheus::Gauge& can_commit;
};

StoreMetrics::StoreMetrics(Metrics& metrics, std::string_view version)
    : gauges_(std::make_shared<Gauges>(metrics, version)) {}
StoreMetrics::~StoreMetrics() = default;

Question StoreMetrics::exposition(const Store& store, Time now) {
  return [gauges = gauges_, status = store.status(), now](Reader& reader, Staleness) -> Answer {
    assume(on_read);
    gauges->show(status);
    // Without an index the last counts stand; everything else is said all the same.
    if (const auto counts = reader.counts()) gauges->show(*counts, now);
    return {.response = bytes_response(gauges->metrics.text(), "text/plain; version=0.0.4; charset=utf-8")};
  };
}

}  // namespace creel::admin
