// What becomes of a queue when its destination is configured anew or paused, and of deliveries that a
// transform holds.
#include <iterator>
#include <utility>

#include "deliver/destination_queue.h"
#include "deliver/retry.h"

namespace creel {

void DestinationQueue::configure(Destination destination, Moment now) {
  const bool has_another_order = is_retired_ || destination.order != destination_.order;
  destination_ = std::move(destination);
  is_retired_ = false;
  gate_.configure(destination_, now.ticks);
  const Ticks latest = now.ticks + longest_delay(destination_.retry);
  while (!waiting_.empty() && waiting_.rbegin()->first > latest) {
    const Place place = waiting_.rbegin()->second;
    waiting_.erase(std::prev(waiting_.end()));
    entries_.find(Key{place.event, place.ordinal})->second.ready_at = latest;
    waiting_.emplace(latest, place);
  }
  if (held_ > 0) resumed_at_ = now.wall;
  release_held();
  if (has_another_order) start_order();
}

void DestinationQueue::retire() {
  is_retired_ = true;
  release_held();
  drop_fresh();
  lower_horizon(kBeginning);
}

void DestinationQueue::set_paused(bool is_paused, Moment now) {
  if (gate_.is_paused() && !is_paused) resumed_at_ = now.wall;
  gate_.set_paused(is_paused);
}

void DestinationQueue::read_again(bool has_resumed, Moment now) {
  if (has_resumed) resumed_at_ = now.wall;
  drop_fresh();
  lower_horizon(kBeginning);
}

// By its source or its route; the destination's own pause closes the gate.
bool DestinationQueue::is_paused_elsewhere(const Entry& entry) const {
  return pauses_ && pauses_->looks_at_events() && pauses_->holds(*entry.content, destination_.name);
}

// Their content is with the index, so they are left to it, and with them what follows the first.
void DestinationQueue::release_held() {
  if (held_ == 0) return;
  std::optional<Place> first;
  for (auto next = entries_.begin(); next != entries_.end();) {
    const auto found = next++;
    if (found->second.phase != Phase::held) continue;
    const Place place = place_of(*found);
    if (!first || place < *first) first = place;
    unqueue(found);
    forget(found);
  }
  if (first) lower_horizon(*first);
}

void DestinationQueue::on_attempt_leaves(const AttemptOrder& order, Moment now) {
  Entry& entry = entries_.find(Key{order.event, order.ordinal})->second;
  entry.started = now.wall;
  entry.started_at = now.ticks;
}

bool DestinationQueue::on_attempt_held(const AttemptOrder& order, Hold hold) {
  const auto found = stopped(order);
  if (found == entries_.end()) return false;
  found->second.phase = hold == Hold::failed ? Phase::held : Phase::closing;
  ++held_;
  if (order_ && !found->second.is_keyed) stay_in_line(found, order.kept ? *order.kept : *order.content);
  if (order_ && order_->skips_failed()) leave_line(found);
  if (order_ && is_crowded()) skip_blocked(found->second.order_key);
  return true;
}

void DestinationQueue::on_attempt_withdrawn(const AttemptOrder& order) {
  const auto found = stopped(order);
  if (found != entries_.end()) leave(found);
}

// The entry of an attempt that was not made; none when the index has closed the delivery.
DestinationQueue::Entries::iterator DestinationQueue::stopped(const AttemptOrder& order) {
  const auto found = entries_.find(Key{order.event, order.ordinal});
  Entry& entry = found->second;
  gate_.on_withdrawn(entry.started_at, asked_at_);
  --running_;
  entry.phase = Phase::none;
  if (order_) end_in_line(*found, entry.closed.value_or(DeliveryState::pending));
  if (!entry.closed) return found;
  await(entry, 0);
  forget(found);
  return entries_.end();
}

void DestinationQueue::release(EventId event, std::uint32_t ordinal) {
  const auto found = entries_.find(Key{event, ordinal});
  if (found == entries_.end() || found->second.phase != Phase::closing) return;
  unqueue(found);
  leave(found);
}

bool DestinationQueue::is_held(EventId event, std::uint32_t ordinal) const {
  const auto found = entries_.find(Key{event, ordinal});
  return found != entries_.end() && found->second.phase == Phase::held;
}

// To the index, which has it as pending where the entry says. A page on its way may be too old to count.
void DestinationQueue::leave(Entries::iterator found) {
  const Place place = place_of(*found);
  forget(found);
  lower_horizon(place);
}

}  // namespace creel
