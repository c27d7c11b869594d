// What was promised of attempts, held against each that is made.

#include <algorithm>
#include <utility>

#include "tests/simulation/world.h"

namespace creel::simulation {
namespace {

using namespace std::chrono_literals;

// How much of what is recorded each end may cost.
constexpr auto kLostByKill = 10ms;
constexpr auto kLostByPowerCut = 1s;

}  // namespace

void World::on_told(const DeliveryId& id, Sequence sequence) {
  Sequence& told = told_[id];
  told = std::max(told, sequence);
}

std::string_view World::key_of(std::string_view head) {
  const auto at = head.find(trial::kKeyHeader);
  return at == head.npos ? std::string_view() : head.substr(at, head.find('\r', at) - at);
}

bool World::runs(EventId event, std::size_t number) const {
  return std::ranges::any_of(running_, [&](const Running& one) {
    return one.order.destination == number && one.order.event == event;
  });
}

void World::on_start(AttemptOrder order) {
  const DeliveryId id{order.event, sites_[order.destination].settings.name, order.ordinal};
  note("attempt {} of {} to {} starts", order.number, creel::to_text(order.event), id.destination);
  ++tally_.attempts;
  if (!program_->has_begun()) fail("an attempt before the index has caught up");
  if (runs(order.event, order.destination))
    fail(fmt::format("two attempts of {} at a time", creel::to_text(id)));
  check_allowed(order, id);
  check_repeat(id, order.number);
  if (ok()) check_gate(order, id);
  if (ok()) check_pauses(order, id);
  if (ok()) check_order(order, id);
  made_[id].push_back({.number = order.number, .life = lives_.size()});
  const auto took = is_resting_ ? 1ms : moods_.at(id.destination).takes(random_);
  running_.push_back({std::move(order), clock_.ticks() + took});
}

// What keeps a destination's deliveries back as a whole: slots, rate, breaker, and what it asked for.
void World::check_gate(const AttemptOrder& order, const DeliveryId& id) {
  Site& site = sites_[order.destination];
  if (!site.is_active) fail(id, order.number, "the destination is not configured");
  const auto beside = std::ranges::count_if(
      running_, [&](const Running& one) { return one.order.destination == order.destination; });
  if (beside >= site.settings.concurrency)
    fail(fmt::format("more than {} attempts at {} at a time", site.settings.concurrency, id.destination));
  fail(id, order.number, site.rate.on_begun(clock_.ticks()));
  if (clock_.ticks() < site.held_until) fail(id, order.number, "the destination asked for more time");
  const BreakerState breaker = program_->dispatcher().gate(order.destination).breaker;
  if (breaker == BreakerState::open) fail(id, order.number, "its breaker is open");
  if (breaker != BreakerState::half_open) return;
  if (site.canary && runs(*site.canary, order.destination)) fail(id, order.number, "a canary is out already");
  site.canary = order.event;
}

void World::check_pauses(const AttemptOrder& order, const DeliveryId& id) {
  const auto holds = [&](std::span<const Pause> pauses) {
    return trial::is_paused(pauses, program_->routes(), id.destination, order.content->source,
                            order.content->type);
  };
  if (holds(program_->pauses())) fail(id, order.number, "it is paused");
  for (const auto& [key, pause] : promised_) {
    if (holds(std::span(&pause, 1))) fail(id, order.number, "somebody was told that it is paused");
  }
}

// A delivery as the journal will have it when it has all that the dispatcher recorded.
Version World::as_recorded(const DeliveryId& id, const TrueDelivery& delivery) const {
  Version version = delivery.now();
  const auto own = unsettled_.find(id);
  if (own == unsettled_.end() || own->second.attempt.number <= version.attempts) return version;
  version.attempts = own->second.attempt.number;
  if (version.state != DeliveryState::pending) return version;
  version.state = own->second.state;
  version.due = own->second.due;
  return version;
}

// It died under this order and in this life. What died before is learned from the index, where it is pending
// if an operator retried it first.
bool World::parks_for_certain(const DeliveryId& id, const Site& site) const {
  const auto made = made_.find(id);
  return made != made_.end() && std::ranges::any_of(made->second, [&](const Made& one) {
           return one.life == lives_.size() && one.recorded && *one.recorded >= site.ordered_at;
         });
}

void World::check_order(const AttemptOrder& order, const DeliveryId& id) {
  const OrderPolicy& policy = sites_[order.destination].settings.order;
  // Order is that of receipt, by the wall clock.
  if (policy.by.empty() || leaps_) return;
  const std::string_view key = key_of(order.content->head);
  if (key.empty()) return;
  ++tally_.in_order;
  for (const auto& [event, other] : truth_.events()) {
    if (event == order.event || key_of(other.head) != key) continue;
    const auto found = other.deliveries.find(id.destination);
    if (found == other.deliveries.end()) continue;
    const TrueDelivery& delivery = found->second;
    const DeliveryId other_id{.event = event, .destination = id.destination};
    const Version now = as_recorded(other_id, delivery);
    // What is dead goes with its time.
    const bool may_be_gone = now.state == DeliveryState::dead && retention_options_.age.count() > 0;
    fail(id, order.number,
         trial::order_wrong(
             policy, order.event,
             {.event = event,
              .state = now.state,
              .runs = runs(event, order.destination),
              .is_held = trial::is_paused(program_->pauses(), program_->routes(), id.destination,
                                          other.source, other.type),
              .is_aside = now.attempts > now.attempts_base,
              .is_moved = now.due != other.received || delivery.was_retried,
              .was_dead = delivery.was_dead && parks_for_certain(other_id, sites_[order.destination]),
              .is_unknown = may_be_gone || delivery.is_unclear || unordered_.contains(other_id)}));
  }
}

// Whether the dispatcher may make this attempt by what it has to know: what was in the journal at open, what
// it was told since, and what it has recorded itself. A page may have shown it more.
void World::check_allowed(const AttemptOrder& order, const DeliveryId& id) {
  const TrueDelivery* delivery = truth_.find(order.event, id.destination);
  if (delivery == nullptr)
    return fail(fmt::format("an attempt of {}, which there is not", creel::to_text(id)));
  const TrueEvent& event = truth_.events().at(order.event);
  if (!order.content || order.content->body != event.body || order.content->head != event.head)
    return fail(fmt::format("an attempt of {} with other bytes", creel::to_text(id)));
  if (order.content->transformed != event.transformed)
    return fail(fmt::format("an attempt of {} with other transforms", creel::to_text(id)));

  const auto base = std::ranges::max(delivery->versions, {}, &Version::attempts_base).attempts_base;
  if (order.number > base + attempts_most_.at(id.destination))
    fail(fmt::format("attempt {} of {}, of which {} do not count", order.number, creel::to_text(id), base));
  Sequence known = std::max(program_->end_at_open(), told_[id]);
  if (const auto own = unsettled_.find(id); own != unsettled_.end()) {
    const auto settled = std::ranges::find_if(
        delivery->versions, [&](const Version& one) { return one.attempts >= own->second.attempt.number; });
    const Outcome& last = own->second;
    const bool is_next = last.state == DeliveryState::pending && order.number == last.attempt.number + 1;
    if (settled == delivery->versions.end() && !is_next)
      return fail(fmt::format("attempt {} of {} although attempt {} ended with {}", order.number,
                              creel::to_text(id), last.attempt.number, creel::to_text(last.state)));
    // It goes on by what it recorded itself, until it is told what the journal has made of that.
    if (is_next && (settled == delivery->versions.end() || told_[id] < settled->sequence)) {
      if (!leaps_ && !reloads_ && last.due > clock_.now())
        fail(fmt::format("attempt {} of {} too early", order.number, creel::to_text(id)));
      return;
    }
    known = std::max(known, settled->sequence);
    unsettled_.erase(own);
    told_[id] = std::max(told_[id], known);
  }
  // A policy that became shorter cuts what the one before has given.
  bool any = false, on_time = leaps_ || reloads_;
  for (std::size_t i = 0; i < delivery->versions.size(); ++i) {
    const Version& version = delivery->versions[i];
    const bool is_over = i + 1 < delivery->versions.size() && delivery->versions[i + 1].sequence <= known;
    if (is_over || version.state != DeliveryState::pending || version.attempts + 1 != order.number) continue;
    any = true;
    on_time = on_time || version.due <= clock_.now();
  }
  if (!any) {
    fail(fmt::format("attempt {} of {}, which is {} after {} attempts since {}, and {} is known",
                     order.number, creel::to_text(id), creel::to_text(delivery->now().state),
                     delivery->now().attempts, delivery->now().sequence, known));
  } else if (!on_time) {
    fail(fmt::format("attempt {} of {} too early", order.number, creel::to_text(id)));
  }
}

// An attempt is repeated only where the record of the first one could be lost.
void World::check_repeat(const DeliveryId& id, std::uint32_t number) {
  for (const Made& made : made_[id]) {
    if (made.number < number || !made.recorded) continue;
    if (made.life == lives_.size())
      return fail(fmt::format("attempt {} of {} twice in one life", number, creel::to_text(id)));
    const Life& life = lives_[made.life];
    ++tally_.repeated;
    if (life.last_trouble && *life.last_trouble >= *made.recorded) {
      ++tally_.repeated_in_trouble;
      continue;
    }
    const auto age = life.ended - *made.recorded;
    const bool is_excused = (life.end == End::kill && age <= kLostByKill) ||
                            (life.end == End::power_cut && age <= kLostByPowerCut);
    if (!is_excused) {
      fail(fmt::format("attempt {} of {} again, although it was recorded {} ms before that life ended",
                       number, creel::to_text(id),
                       std::chrono::duration_cast<std::chrono::milliseconds>(age).count()));
    }
  }
}

void World::on_outcome(const Outcome& outcome) {
  for (Made& made : made_[outcome.delivery]) {
    if (made.number != outcome.attempt.number || made.life != lives_.size()) continue;
    made.recorded = clock_.ticks();
    made.was_accepted = outcome.attempt.result == AttemptResult::delivered;
  }
  unsettled_[outcome.delivery] = outcome;
  const TrueDelivery* delivery = truth_.find(outcome.delivery.event, outcome.delivery.destination);
  if (delivery == nullptr) return fail("an outcome of what there is not");
  // Closed by an operator meanwhile, whether or not that has been heard.
  if (delivery->now().state != DeliveryState::pending) return;
  const auto site = std::ranges::find(sites_, outcome.delivery.destination,
                                      [](const Site& one) { return one.settings.name; });
  const auto bases = std::ranges::minmax(delivery->versions, {}, &Version::attempts_base);
  fail(outcome.delivery, outcome.attempt.number,
       trial::outcome_wrong({.policy = site->settings.retry,
                             .report = *ending_,
                             .outcome = outcome,
                             .counted_least = outcome.attempt.number - bases.max.attempts_base,
                             .counted_most = outcome.attempt.number - bases.min.attempts_base,
                             .is_retried_by_hand = bases.max.attempts_base > 0,
                             .received = truth_.events().at(outcome.delivery.event).received,
                             .now = clock_.now()}));
}

// --- What the dispatcher goes by
// ---------------------------------------------------------------------------------------------------------

void World::on_configured(std::size_t number, const Destination* destination) {
  if (number >= sites_.size()) sites_.resize(number + 1);
  Site& site = sites_[number];
  const bool was_active = std::exchange(site.is_active, destination != nullptr);
  if (destination == nullptr) return;
  if (!was_active || site.settings.order != destination->order) {
    site.ordered_at = clock_.ticks();
    for (const auto& [id, event] : truth_.events()) {
      const auto found = event.deliveries.find(destination->name);
      if (found != event.deliveries.end() && found->second.was_retried)
        unordered_.insert({.event = id, .destination = destination->name});
    }
  }
  site.rate.set(destination->rate);
  if (site.settings.breaker != destination->breaker) site.canary.reset();
  site.settings = *destination;
}

void World::on_gone(std::size_t number) {
  note("{} is gone", sites_[number].settings.name);
  ++tally_.gone;
}

void World::on_breaker(std::size_t number, BreakerState state) {
  note("the breaker of {} is {}", sites_[number].settings.name, creel::to_text(state));
  tally_.opened += state == BreakerState::open;
}

}  // namespace creel::simulation
