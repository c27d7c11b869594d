// What must hold of every attempt, whoever keeps the deliveries: the dispatcher's model and the simulation of
// store and dispatcher ask the same questions.
//
// Each answers with a sentence when a promise is broken, and knows nothing of how the dispatcher works.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/ids.h"
#include "core/model.h"
#include "deliver/destination.h"
#include "deliver/destination_queue.h"
#include "rules/routes.h"

namespace creel::trial {

using Wrong = std::optional<std::string>;

// Attempts at one destination: in no window of the rate's length begin more than it and its burst.
class RateWatch {
 public:
  // Another rate begins anew.
  void set(const std::optional<Rate>& rate);
  Wrong on_begun(Ticks at);
  // One that had begun then was not made after all.
  void on_withdrawn(Ticks at);

 private:
  std::optional<Rate> rate_;
  std::multiset<Ticks> begins_;
};

// Whether a delivery is held: by its destination, by the event's source, or by the route that decides now.
bool is_paused(std::span<const Pause> pauses, Pause::What what, std::string_view name);
bool is_paused(std::span<const Pause> pauses, const Routes& routes, std::string_view destination,
               std::string_view source, std::string_view type);

// Another delivery of the same destination and key as one that begins.
struct OtherOfKey {
  EventId event;
  DeliveryState state = DeliveryState::pending;
  bool runs = false;
  bool is_held = false;     // by a pause, or as something that is being cancelled
  bool is_aside = false;    // it failed or a transform holds it, so that `skip` goes on without it
  bool is_moved = false;    // due at another time than when it came: by an operator, or without this order
  bool was_dead = false;    // and is retried by an operator's word
  bool is_unknown = false;  // an operator's word about it overtook the news of it
};
Wrong order_wrong(const OrderPolicy& order, EventId begins, const OtherOfKey& other);

// What is recorded of an attempt that ended so.
struct Ending {
  const RetryPolicy& policy;
  const AttemptReport& report;
  const Outcome& outcome;
  // Attempts that the policy counts, this one included. Where an operator's word may or may not have been
  // heard, the fewest and the most that can be.
  std::uint32_t counted_least = 0, counted_most = 0;
  bool is_retried_by_hand = false;
  Time received, now;
};
Wrong outcome_wrong(const Ending& ending);

// Memory is bounded, however long the backlog.
Wrong bounds_wrong(const DestinationQueue::Status& status, const DestinationQueue::Limits& limits);

}  // namespace creel::trial
