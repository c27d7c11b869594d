// What happens to the dispatcher in the model: operators, attempts, crashes and time.
#include "deliver/dispatcher_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace creel::dispatcher_model {

World::World(std::uint64_t seed) : random_(seed), seed_(seed) {
  clocks_jump_ = random_.below(4) == 0;
  index_tells_ignored_outcomes_ = random_.below(2) == 0;
  failures_of_ten_ = random_.below(10);
  limits_ = {.deliveries_max = 1 + random_.below(8),
             .bytes_max = 50 + random_.below(400),
             .awaited_max = 1 + random_.below(12),
             .held_max = random_.below(3) == 0 ? 1 + random_.below(3) : 100'000};
  reloads_ = random_.below(4) != 0;
  transforms_ = random_.below(3) != 0;
  limits_destinations_ = random_.below(2) == 0;
  pauses_things_ = random_.below(2) == 0;
  orders_ = random_.below(2) == 0;
  routes_ = trial::routes(false);
  for (const std::string& name : kNames) {
    moods_.emplace(name, trial::Moody(!limits_destinations_, random_));
    configured_.emplace(name, destination(name));
  }
  if (reloads_) configured_.erase("third");
  restart();
}

void World::step() {
  switch (random_.below(15)) {
    case 0:
    case 1:
      return make_event();
    case 2:
    case 3:
      return index_some();
    case 4:
    case 5:
      return tell_some();
    case 6:
      return read_page();
    case 7:
      return bring_page();
    case 8:
    case 9:
      return end_attempt();
    case 10:
      return command();
    case 11:
      return random_.below(4) == 0 ? release() : end_transform();
    case 12:
      if (reloads_ && random_.below(5) == 0) reload();
      return;
    case 13:
      if (pauses_things_ && random_.below(4) == 0) repause();
      return;
    default:
      return pass_time();
  }
}

void World::maybe_restart() {
  if (random_.below(400) == 0) restart();
}

Destination World::destination(std::string name) {
  return trial::random_destination(name, {.are_limited = limits_destinations_, .are_ordered = orders_},
                                   random_);
}

void World::publish() {
  Reload reload{.routes = routes_, .broken = broken_};
  for (const auto& [name, destination] : configured_) {
    const auto [found, is_new] = numbers_.emplace(name, numbers_.size());
    reload.destinations.emplace(found->second, destination);
  }
  mail_.emplace_back(std::move(reload));
}

void World::reload() {
  if (random_.below(3) == 0) routes_ = trial::routes(random_.below(2) == 0);
  for (const std::string& name : kNames) {
    switch (random_.below(4)) {
      case 0:
        configured_.erase(name);
        break;
      case 1:
        configured_.insert_or_assign(name, destination(name));
        break;
      default:
        break;
    }
    if (transforms_ && random_.below(2) == 0) broken_.at(random_.below(broken_.size())) ^= true;
  }
  policies_changed_ = true;
  publish();
}

void World::configure_all() {
  policies_changed_ = true;
  for (const std::string& name : kNames)
    configured_.insert_or_assign(name, destination(name));
  publish();
}

// One more, or one fewer; answered when the dispatcher obeys.
void World::repause() {
  if (!pauses_.empty() && random_.below(2) == 0) {
    pauses_.erase(pauses_.begin() + static_cast<std::ptrdiff_t>(random_.below(pauses_.size())));
  } else {
    pauses_.push_back(trial::random_pause(random_));
  }
  mail_.emplace_back(pauses_);
}

void World::tell_some() {
  for (auto count = 1 + random_.below(6); count > 0 && !mail_.empty(); --count) {
    if (const auto* reload = std::get_if<Reload>(&mail_.front())) {
      apply_reload(*reload);
    } else if (const auto* pauses = std::get_if<Repause>(&mail_.front())) {
      apply(*pauses);
    } else {
      tell(std::get<Told>(mail_.front()));
    }
    mail_.pop_front();
  }
  if (mail_.empty()) told_upto_ = indexed_;
}

void World::tell(const Told& told) {
  told_upto_ = std::max(told_upto_, told.news.sequence);
  dispatcher_->on_news(told.number, told.news, now_);
  if (!dispatcher_->is_held(told.number, told.id.event, told.id.ordinal)) held_.erase(told.id);
  if (told.news.state != DeliveryState::pending) closing_.erase(told.id);
}

void World::apply_reload(const Reload& reload) {
  applied_broken_ = reload.broken;
  applied_routes_ = reload.routes;
  held_.clear();
  const auto was_active = std::exchange(active_, {});
  dispatcher_->set_routes(reload.routes, now_);
  for (const auto& [number, destination] : reload.destinations) {
    if (number >= known_.size()) {
      known_.resize(number + 1);
      fetching_.resize(number + 1, false);
      began_.resize(number + 1);
      rates_.resize(number + 1);
    }
    if (known_[number].order != destination.order || !was_active.contains(number))
      unordered_.insert(retried_.begin(), retried_.end());
    rates_[number].set(destination.rate);
    known_[number] = destination;
    active_.insert(number);
    dispatcher_->put(number, destination, now_);
  }
  for (std::size_t number = 0; number < known_.size(); ++number) {
    if (!active_.contains(number)) dispatcher_->remove(number);
  }
}

void World::apply(const Repause& pauses) {
  applied_pauses_ = pauses;
  dispatcher_->pause(pauses, now_);
}

void World::end_attempt() {
  if (running_.empty()) return;
  const auto which = static_cast<std::ptrdiff_t>(random_.below(running_.size()));
  AttemptOrder order = std::move(running_[static_cast<std::size_t>(which)]);
  running_.erase(running_.begin() + which);
  began_[order.destination].erase({.event = order.event, .destination = known_[order.destination].name});
  AttemptReport report = moods_.at(known_[order.destination].name).answer(now_.ticks, random_);
  const AttemptReport ending = report;
  ending_ = &ending;
  dispatcher_->on_attempt_ended(order, std::move(report), now_);
  ending_ = nullptr;
}

void World::end_transform() {
  if (transforming_.empty()) return;
  const auto which = static_cast<std::ptrdiff_t>(random_.below(transforming_.size()));
  AttemptOrder order = std::move(transforming_[static_cast<std::size_t>(which)]);
  transforming_.erase(transforming_.begin() + which);
  const DeliveryId id{
      .event = order.event, .destination = known_[order.destination].name, .ordinal = order.ordinal};
  if (!active_.contains(order.destination)) {
    take_back(order);
    return dispatcher_->on_attempt_withdrawn(order);
  }
  const auto kind = order.event.sequence() % 5;
  if (kind < 2 && applied_broken_[kind]) {
    take_back(order);
    if (dispatcher_->on_attempt_held(order, DestinationQueue::Hold::failed)) held_.insert(id);
  } else if (kind == 2 && applied_broken_[2]) {
    take_back(order);
    if (!dispatcher_->on_attempt_held(order, DestinationQueue::Hold::cancelled)) return;
    closing_.insert(id);
    if (failures_of_ten_ > 0 && random_.below(3) == 0) return uncancelled_.push_back(std::move(order));
    if (truth_.at(id).sequence > told_upto_) raced_.emplace(id, true);
    journal(Command{
        .kind = Command::Kind::cancel, .event = id.event, .destination = id.destination, .at = now_.wall});
  } else {
    dispatcher_->on_attempt_leaves(order, now_);
    running_.push_back(std::move(order));
  }
}

void World::release() {
  if (uncancelled_.empty()) return;
  const AttemptOrder order = std::move(uncancelled_.front());
  uncancelled_.pop_front();
  closing_.erase({.event = order.event, .destination = known_[order.destination].name});
  dispatcher_->release(order.destination, order.event, order.ordinal);
}

void World::pass_time() {
  const auto by = std::chrono::milliseconds(random_.below(random_.below(3) == 0 ? 5000 : 50));
  now_.ticks += by;
  now_.wall += by;
  if (clocks_jump_ && random_.below(10) == 0) {
    now_.wall += std::chrono::hours(static_cast<std::int64_t>(random_.below(20'000)) - 10'000);
  }
}

void World::restart() {
  running_.clear();
  transforming_.clear();
  held_.clear();
  closing_.clear();
  uncancelled_.clear();
  unordered_.insert(retried_.begin(), retried_.end());
  asks_.clear();
  asked_ = false;
  page_.reset();
  mail_.clear();
  known_.clear();
  numbers_.clear();
  active_.clear();
  applied_broken_ = broken_;
  for (const auto& [name, destination] : configured_) {
    numbers_.emplace(name, known_.size());
    active_.insert(known_.size());
    known_.push_back(destination);
  }
  fetching_.assign(known_.size(), false);
  began_.assign(known_.size(), {});
  rates_.assign(known_.size(), {});
  for (std::size_t i = 0; i < known_.size(); ++i)
    rates_[i].set(known_[i].rate);
  Actions& actions = *this;
  dispatcher_.emplace(known_, limits_, random_.next(), actions);
  apply(pauses_);
  applied_routes_ = routes_;
  dispatcher_->set_routes(routes_, now_);
  while (indexed_ < journal_.size())
    index_some();
  while (!mail_.empty())
    tell_some();
  told_upto_ = indexed_;
  advance();
  EXPECT_TRUE(running_.empty()) << "an attempt before the index has caught up, seed " << seed_;
  dispatcher_->begin();
}

}  // namespace creel::dispatcher_model
