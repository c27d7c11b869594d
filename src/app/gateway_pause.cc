// Pauses between the admin port, the store and the dispatcher, and why a delivery waits.
#include <algorithm>
#include <utility>

#include "app/gateway_impl.h"
#include "app/units.h"
#include "core/text.h"
#include "rules/plan.h"

namespace creel {
namespace {

template <class Things>
bool has(const Things& things, std::string_view name) {
  return std::ranges::find(things, name, &Things::value_type::name) != things.end();
}

bool is_configured(const Config& config, Pause::What what, std::string_view name) {
  switch (what) {
    case Pause::What::source:
      return has(config.sources, name);
    case Pause::What::route:
      return has(config.routes, name);
    case Pause::What::destination:
      return has(config.destinations, name);
  }
  std::unreachable();
}

// A route without a name of its own is called by its place, with a space that no name has.
bool is_unnamed(Pause::What what, std::string_view name) {
  return what == Pause::What::route && name.find(' ') != std::string_view::npos;
}

std::string said(const Pause& pause) {
  if (pause.what == Pause::What::destination) return "paused: " + pause.reason;
  return std::string(to_text(pause.what)) + " " + pause.name + " is paused: " + pause.reason;
}

}  // namespace

PauseBook::Parts Gateway::pause_parts() {
  return {.keep =
              [this](std::string name, std::string value, std::move_only_function<void(bool)> done) {
                store_->set_state(
                    std::move(name), std::move(value),
                    [done = std::move(done)](const std::expected<Sequence, StoreError>& kept) mutable {
                      done(kept.has_value());
                    });
              },
          .obey =
              [this](std::vector<Pause> pauses, std::move_only_function<void()> done) {
                deliverer_->pause(std::move(pauses), std::move(done));
              },
          .changed = [this](const std::vector<Pause>& pauses) { delivery_metrics_.set_paused(pauses); }};
}

void Gateway::pause(Pause::What what, std::string name, bool is_paused,
                    std::move_only_function<void(PauseAnswer)> done) {
  const auto live = live_.now();
  const bool is_known = is_configured(live->config, what, name);
  // What is paused and gone from the file can still be resumed.
  if (!is_known && (is_paused || !pauses_.contains(what, name))) return done(PauseAnswer::not_found);
  if (is_unnamed(what, name)) return done(PauseAnswer::unnamed);
  pauses_.set(what, std::move(name), is_paused, "by hand", [done = std::move(done)](bool is_kept) mutable {
    done(is_kept ? PauseAnswer::done : PauseAnswer::failed);
  });
}

// A name that is not there any more may be a mistake: what it held goes on, or waits for another reason.
void Gateway::warn_of_dangling_pauses(const Config& config) {
  for (const Pause& pause : pauses_.all()) {
    if (is_configured(config, pause.what, pause.name)) continue;
    log_.warning("paused, but not in the configuration: the pause waits until it is back, or is resumed",
                 {{"what", to_text(pause.what)}, {"name", pause.name}});
  }
}

std::string Gateway::held_reason(const DeliveryId& delivery, std::string_view source,
                                 const StoredEvent* event) const {
  if (std::string reason = deliverer_->held_reason(delivery); !reason.empty()) return reason;
  const auto pauses = pauses_.all();
  const auto find = [&pauses](Pause::What what, std::string_view name) {
    return std::ranges::find_if(pauses,
                                [&](const Pause& pause) { return pause.what == what && pause.name == name; });
  };
  const auto destination = find(Pause::What::destination, delivery.destination);
  if (destination != pauses.end()) return said(*destination);
  if (const auto of = find(Pause::What::source, source); of != pauses.end()) return said(*of);
  const bool has_route = std::ranges::find(pauses, Pause::What::route, &Pause::what) != pauses.end();
  if (!event || !has_route) return {};
  const auto live = live_.now();
  RuleScratch scratch;
  const Route* route = live->routes->deciding(rule_input(*event), scratch, delivery.destination);
  if (!route) return {};
  const auto of = find(Pause::What::route, route->name);
  return of == pauses.end() ? std::string() : said(*of);
}

// How it stands with the dispatcher, and what holds all of its deliveries.
void Gateway::add_standing(const Destination& destination, const Deliverer::Standing* standing,
                           const std::vector<Pause>& pauses, DestinationStatus& status) {
  status.kind = destination.kind;
  if (destination.rate) status.rate = rate_text(*destination.rate);
  status.order_by = destination.order.by;
  const auto pause = std::ranges::find_if(pauses, [&](const Pause& each) {
    return each.what == Pause::What::destination && each.name == destination.name;
  });
  if (pause != pauses.end()) {
    status.pause = *pause;
    status.held = "paused";
  }
  if (!standing) return;
  status.running = standing->gate.running;
  status.slots = standing->gate.slots;
  status.not_before = standing->not_before;
  if (!destination.breaker) return;
  status.breaker = to_text(standing->gate.breaker);
  const bool is_closed = standing->gate.breaker == BreakerState::closed;
  if (status.held.empty() && !is_closed)
    status.held = standing->gate.breaker == BreakerState::open ? "breaker open" : "breaker half open";
}

}  // namespace creel
