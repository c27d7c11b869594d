// What must hold in every world of the model.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "deliver/dispatcher_model.h"

namespace creel::dispatcher_model {

void World::advance() {
  dispatcher_->advance(now_);
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const auto status = dispatcher_->status(i);
    EXPECT_EQ(trial::bounds_wrong(status, limits_), std::nullopt) << "seed " << seed_;
  }
}

void World::settle() {
  failures_of_ten_ = 0;
  for (auto& [name, mood] : moods_)
    mood.mend();
  configure_all();
  come_to_rest();
  expect_nothing_lost();
  pauses_.clear();
  mail_.emplace_back(pauses_);
  come_to_rest();
  expect_nothing_lost();
  broken_ = {};
  configure_all();
  come_to_rest();
  cancel_dead();
  come_to_rest();
  for (const auto& [id, row] : index_) {
    EXPECT_NE(row.state, DeliveryState::pending) << "lost " << to_text(id) << ", seed " << seed_;
  }
  for (std::size_t i = 0; i < known_.size(); ++i) {
    EXPECT_EQ(dispatcher_->known(i), 0u) << "seed " << seed_;
    EXPECT_FALSE(dispatcher_->status(i).spilled) << "seed " << seed_;
  }
}

// What is pending waits for an operator.
void World::expect_nothing_lost() {
  for (const auto& [id, row] : index_) {
    if (row.state != DeliveryState::pending) continue;
    const bool is_full = dispatcher_->is_full_of_held(numbers_.at(id.destination));
    EXPECT_TRUE(held_.contains(id) || is_full || is_paused(id, *row.content) || waits_for_another(id))
        << "lost " << to_text(id) << ", seed " << seed_;
  }
}

// Of its key, for one that a transform holds or that is dead.
bool World::waits_for_another(const DeliveryId& id) const {
  const OrderPolicy& order = known_[numbers_.at(id.destination)].order;
  if (order.by.empty() || key_of(id).empty()) return false;
  return std::ranges::any_of(index_, [&](const auto& each) {
    const auto& [other, row] = each;
    if (other.destination != id.destination || other == id || key_of(other) != key_of(id)) return false;
    const bool parks = order.on_failure == OrderPolicy::OnFailure::park && row.state == DeliveryState::dead &&
                       other.event < id.event;
    const bool blocks = order.on_failure != OrderPolicy::OnFailure::skip && held_.contains(other);
    return parks || blocks;
  });
}

// The operator cancels what is dead, and with it what parks a key.
void World::cancel_dead() {
  std::vector<DeliveryId> dead;
  for (const auto& [id, row] : truth_) {
    if (row.state == DeliveryState::dead) dead.push_back(id);
  }
  for (const DeliveryId& id : dead) {
    journal(Command{
        .kind = Command::Kind::cancel, .event = id.event, .destination = id.destination, .at = now_.wall});
  }
}

void World::come_to_rest() {
  for (int round = 0; round < 20'000; ++round) {
    while (indexed_ < journal_.size())
      index_some();
    while (!mail_.empty())
      tell_some();
    if (asked_) read_page();
    if (page_) bring_page();
    advance();
    while (!transforming_.empty())
      end_transform();
    while (!uncancelled_.empty())
      release();
    while (!running_.empty())
      end_attempt();
    if (asked_ || page_ || indexed_ != journal_.size() || !mail_.empty()) continue;
    const auto at = dispatcher_->wakes_at();
    if (!at) {
      advance();
      if (!asked_ && running_.empty() && transforming_.empty() && mail_.empty() &&
          indexed_ == journal_.size())
        return;
      continue;
    }
    const auto by =
        std::chrono::ceil<std::chrono::milliseconds>(std::max<Ticks::duration>(*at - now_.ticks, 1ms));
    EXPECT_LE(by, longest_) << "seed " << seed_;
    now_.ticks += by;
    now_.wall += by;
  }
  ADD_FAILURE() << "it does not come to rest, seed " << seed_;
}

void World::start(AttemptOrder order, Time) {
  const Destination& destination = known_[order.destination];
  const DeliveryId id{.event = order.event, .destination = destination.name, .ordinal = order.ordinal};
  ASSERT_TRUE(truth_.contains(id)) << "seed " << seed_;
  EXPECT_TRUE(active_.contains(order.destination)) << to_text(id) << " not configured, seed " << seed_;
  EXPECT_FALSE(held_.contains(id)) << to_text(id) << " is held, seed " << seed_;
  EXPECT_FALSE(closing_.contains(id)) << to_text(id) << " is being cancelled, seed " << seed_;
  ASSERT_TRUE(order.content);
  EXPECT_EQ(order.content->id, order.event) << "seed " << seed_;
  std::size_t beside = 0;
  for (const auto* list : {&running_, &transforming_}) {
    for (const AttemptOrder& other : *list) {
      if (other.destination != order.destination) continue;
      ++beside;
      EXPECT_FALSE(other.event == order.event && other.ordinal == order.ordinal)
          << to_text(id) << " twice at once, seed " << seed_;
    }
  }
  EXPECT_LT(beside, static_cast<std::size_t>(destination.concurrency)) << "seed " << seed_;
  EXPECT_FALSE(is_paused(id, *order.content)) << to_text(id) << " is paused, seed " << seed_;
  EXPECT_NE(dispatcher_->gate(order.destination).breaker, BreakerState::open) << "seed " << seed_;
  began_[order.destination][id] = now_.ticks;
  EXPECT_EQ(rates_[order.destination].on_begun(now_.ticks), std::nullopt) << "seed " << seed_;

  const Truth& row = truth_.at(id);
  // A cancel that overtook the news of it, in whatever order with our outcome, may cost an attempt; nothing
  // else may.
  if (!raced_.contains(id)) {
    EXPECT_TRUE(row.state == DeliveryState::pending || row.sequence > told_upto_)
        << to_text(id) << " again after its end, seed " << seed_;
    if (row.sequence <= told_upto_) {
      EXPECT_EQ(order.number, row.attempts + 1) << to_text(id) << " seed " << seed_;
    }
    if (row.sequence <= told_upto_ && !policies_changed_) {
      EXPECT_LE(order.number - row.attempts_base, static_cast<std::uint32_t>(destination.retry.attempts))
          << to_text(id) << " seed " << seed_;
    }
  }
  if (!clocks_jump_ && !raced_.contains(id) && row.sequence <= told_upto_ &&
      row.state == DeliveryState::pending) {
    // A policy that became shorter cuts what the one before has given.
    if (!reloads_) {
      EXPECT_LE(row.due, now_.wall) << to_text(id) << " too early, seed " << seed_;
    }
    // What is new has a lane of its own while there is a backlog.
    const bool is_fresh =
        row.attempts == 0 && limits_.deliveries_max >= 4 && dispatcher_->status(order.destination).spilled;
    if (row.due <= now_.wall && destination.order.by.empty() && !is_fresh) expect_first(id, row);
  }
  if (!clocks_jump_ && !raced_.contains(id) && !destination.order.by.empty()) expect_order(id, destination);
  (transforms_ ? transforming_ : running_).push_back(std::move(order));
}

void World::take_back(const AttemptOrder& order) {
  auto& began = began_[order.destination];
  const auto found = began.find({.event = order.event, .destination = known_[order.destination].name});
  rates_[order.destination].on_withdrawn(found->second);
  began.erase(found);
}

bool World::is_paused(const DeliveryId& id, const StoredEvent& event) const {
  return trial::is_paused(applied_pauses_, *applied_routes_, id.destination, event.source, event.type);
}

bool World::runs(const DeliveryId& id) const {
  const auto is_it = [&](const AttemptOrder& order) {
    return order.event == id.event && known_[order.destination].name == id.destination;
  };
  return std::ranges::any_of(running_, is_it) || std::ranges::any_of(transforming_, is_it);
}

std::string World::key_of(const DeliveryId& id) const {
  return truth_.at(id).content->head;
}

// No other of its key runs, and none that was accepted before waits, except where the policy says so.
void World::expect_order(const DeliveryId& id, const Destination& destination) {
  const std::string key = key_of(id);
  if (key.empty()) return;
  for (const auto& [other, row] : truth_) {
    if (other.destination != id.destination || other == id || key_of(other) != key) continue;
    const trial::OtherOfKey of_key{.event = other.event,
                                   .state = row.state,
                                   .runs = runs(other),
                                   .is_held = is_paused(other, *row.content) || closing_.contains(other),
                                   .is_aside = row.attempts > row.attempts_base || held_.contains(other),
                                   .is_moved = row.due != row.content->received,
                                   .was_dead = retried_.contains(other),
                                   .is_unknown = raced_.contains(other) || unordered_.contains(other)};
    EXPECT_EQ(trial::order_wrong(destination.order, id.event, of_key), std::nullopt)
        << to_text(id) << ", seed " << seed_;
  }
}

void World::expect_first(const DeliveryId& id, const Truth& row) {
  for (const auto& [other, other_row] : truth_) {
    if (other.destination != id.destination || other == id || raced_.contains(other)) continue;
    if (other_row.state != DeliveryState::pending || other_row.sequence > told_upto_) continue;
    if (std::pair(other_row.due, other.event) >= std::pair(row.due, id.event)) continue;
    EXPECT_TRUE(runs(other) || held_.contains(other) || closing_.contains(other) ||
                is_paused(other, *other_row.content))
        << to_text(other) << " was due before " << to_text(id) << ", seed " << seed_;
  }
}

void World::fetch(std::size_t destination, DueQuery query) {
  EXPECT_FALSE(fetching_[destination]) << "two pages at once, seed " << seed_;
  fetching_[destination] = true;
  asks_.push_back({.destination = destination, .query = std::move(query)});
  asked_ = true;
}

void World::fetch_dead(std::size_t destination, DueQuery query) {
  asks_.push_back({.destination = destination, .query = std::move(query), .is_of_dead = true});
  asked_ = true;
}

// The gateway keeps the pause and says what is paused now.
void World::on_gone(std::size_t destination) {
  const Pause pause{.what = Pause::What::destination, .name = known_[destination].name};
  applied_pauses_.push_back(pause);
  pauses_.push_back(pause);
  mail_.emplace_back(pauses_);
}

void World::record(std::size_t destination, Outcome outcome) {
  const Truth& row = truth_.at(outcome.delivery);
  if (row.state == DeliveryState::pending && !raced_.contains(outcome.delivery)) {
    const std::uint32_t counted = outcome.attempt.number - row.attempts_base;
    EXPECT_EQ(trial::outcome_wrong({.policy = known_[destination].retry,
                                    .report = *ending_,
                                    .outcome = outcome,
                                    .counted_least = counted,
                                    .counted_most = counted,
                                    .is_retried_by_hand = row.attempts_base != 0,
                                    .received = row.content->received,
                                    .now = now_.wall}),
              std::nullopt)
        << to_text(outcome.delivery) << ", seed " << seed_;
  }
  if (truth_.at(outcome.delivery).state != DeliveryState::pending) raced_.emplace(outcome.delivery, true);
  journal(std::move(outcome));
}

namespace {

TEST(DispatcherModel, MakesEveryDeliveryInOrderAndForgetsNone) {
  // CREEL_SEEDS=20000: so many for once.
  const char* asked = std::getenv("CREEL_SEEDS");
  const std::uint64_t seeds = asked ? std::strtoull(asked, nullptr, 10) : 1000;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    World world(seed);
    for (int i = 0; i < 400; ++i) {
      world.step();
      world.advance();
      world.maybe_restart();
    }
    world.settle();
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace creel::dispatcher_model
