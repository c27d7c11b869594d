// Deliveries of one key that wait for each other.
#include <algorithm>
#include <utility>

#include "deliver/destination_queue.h"
#include "deliver/retry.h"

namespace creel {

// --- The order itself
// ----------------------------------------------------------------------------------------------

// Everything is asked for again, and goes by this order.
void DestinationQueue::start_order() {
  const bool had_order = order_ != nullptr;
  if (!had_order && destination_.order.by.empty()) return;
  drop_fresh();
  lower_horizon(kBeginning);
  for (auto& [key, entry] : entries_) {
    entry.order_key = 0;
    entry.is_keyed = false;
  }
  retry_at_.clear();
  dead_after_.reset();
  is_dead_page_old_ = is_dead_page_asked_;
  order_.reset();
  if (!destination_.order.by.empty()) order_ = std::make_unique<DeliveryOrder>(destination_.order);
  is_order_starting_ = order_ != nullptr;
}

bool DestinationQueue::is_order_ready() {
  if (!order_) return true;
  if (running_ == 0 && awaited_ == 0) is_order_starting_ = false;
  return !is_order_starting_ && !order_->is_learning();
}

// Lines that came to the end of what memory had of them.
void DestinationQueue::go_on() {
  if (!order_) return;
  if (const auto from = order_->take_going()) lower_horizon(*from);
}

// --- Lines
// ---------------------------------------------------------------------------------------------------------

// False when it is left to the index until its line goes on.
bool DestinationQueue::joins_line(Entries::iterator found) {
  Entry& entry = found->second;
  if (!entry.is_keyed) entry.order_key = order_->key_of(*entry.content);
  entry.is_keyed = true;
  if (entry.order_key == 0) return true;
  if (order_->skips_failed() && entry.attempts > entry.attempts_base) return true;  // of no line any more
  const Place place = place_of(*found);
  if (const auto* line = order_->find(entry.order_key); line && !line->members.contains(found->first)) {
    const bool is_first = line->members.empty() || found->first < *line->members.begin();
    if (DeliveryOrder::is_behind(*line, found->first) || (!is_first && is_crowded() && is_stuck(*line))) {
      order_->skip(entry.order_key, place);
      return false;
    }
  }
  order_->line(entry.order_key).members.insert(found->first);
  return true;
}

// One that began by another order, and is held now.
void DestinationQueue::stay_in_line(Entries::iterator found, const StoredEvent& content) {
  Entry& entry = found->second;
  entry.order_key = order_->key_of(content);
  entry.is_keyed = true;
  if (entry.order_key == 0) return;
  order_->line(entry.order_key).members.insert(found->first);
  sort_line(entry.order_key);
}

// Comes to wait in memory: blocked, until it turns out that it may go.
void DestinationQueue::begin_in_line(Entries::iterator found) {
  Entry& entry = found->second;
  entry.phase = Phase::blocked;
  ++blocked_;
  blocked_bytes_ += bytes_of(entry);
  auto& line = order_->line(entry.order_key);
  if (!line.members.contains(found->first)) line.aside.insert(found->first);
  sort_line(entry.order_key);
  const auto* sorted = order_->find(entry.order_key);
  if (sorted && sorted->goes == found->first) set_unblocked(found->first);
}

// Lets the first go, if none of the line runs, and nobody else.
void DestinationQueue::sort_line(DeliveryOrder::Key key) {
  auto* line = order_->find(key);
  if (!line) return;
  std::optional<Key> first;
  if (line->running == 0 && !line->members.empty()) first = *line->members.begin();
  if (line->goes != first) {
    if (line->goes) set_blocked(*line->goes);
    line->goes = first;
    if (first) set_unblocked(*first);
  }
  if (line->running == 0) {
    for (const Key& each : std::exchange(line->aside, {}))
      set_unblocked(each);
  }
  order_->may_go_on(key);
}

void DestinationQueue::leave_line(Entries::iterator found) {
  const DeliveryOrder::Key key = found->second.order_key;
  auto* line = key != 0 ? order_->find(key) : nullptr;
  if (!line) return;
  line->members.erase(found->first);
  line->aside.erase(found->first);
  sort_line(key);
}

// An attempt of it has ended, or was not made.
void DestinationQueue::end_in_line(const Entries::value_type& each, DeliveryState state) {
  const auto& [delivery, entry] = each;
  if (state != DeliveryState::pending) retry_at_.erase(delivery);
  const DeliveryOrder::Key key = entry.order_key;
  if (key == 0) return;
  auto& line = order_->line(key);
  --line.running;
  const bool has_failed = order_->skips_failed() && entry.attempts > entry.attempts_base;
  if (state != DeliveryState::pending || has_failed) line.members.erase(delivery);
  if (state == DeliveryState::dead && order_->parks()) {
    order_->park(key, delivery);
    skip_blocked(key);
  } else if (state != DeliveryState::pending) {
    order_->unpark(delivery);
  }
  sort_line(key);
}

// The index has closed it: whether it was in memory, or dead and forgotten.
void DestinationQueue::close_in_line(const Key& delivery, DeliveryState state) {
  retry_at_.erase(delivery);
  if (state == DeliveryState::dead) return;
  if (order_->is_learning()) order_->on_cancelled_while_learning(delivery);
  if (const DeliveryOrder::Key key = order_->unpark(delivery); key != 0) sort_line(key);
}

void DestinationQueue::set_blocked(const Key& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  const Place place = place_of(*found);
  if (entry.phase == Phase::ready) {
    ready_.erase(place);
  } else if (entry.phase == Phase::waiting) {
    waiting_.erase({entry.ready_at, place});
  } else {
    return;
  }
  entry.phase = Phase::blocked;
  ++blocked_;
  blocked_bytes_ += bytes_of(entry);
}

void DestinationQueue::set_unblocked(const Key& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.phase != Phase::blocked) return;
  Entry& entry = found->second;
  --blocked_;
  blocked_bytes_ -= bytes_of(entry);
  entry.phase = Phase::waiting;
  entry.ready_at = std::min(entry.ready_at, asked_at_ + longest_delay(destination_.retry));
  waiting_.emplace(entry.ready_at, place_of(*found));
}

// --- What memory does not hold
// -------------------------------------------------------------------------------------

// Those that wait for others take so much room that others find none.
bool DestinationQueue::is_crowded() const {
  return blocked_ >= limits_.deliveries_max / 4 || blocked_bytes_ > limits_.bytes_max / 4;
}

// Its first neither runs nor is about to.
bool DestinationQueue::is_stuck(const DeliveryOrder::Line& line) const {
  if (line.running > 0 || line.members.empty()) return false;
  const auto first = entries_.find(*line.members.begin());
  if (first == entries_.end()) return true;
  const Entry& entry = first->second;
  return entry.phase != Phase::ready && (entry.phase != Phase::waiting || entry.ready_at > asked_at_);
}

// Leaves to the index what waits for a line that is stuck, or parked.
void DestinationQueue::skip_blocked(DeliveryOrder::Key key) {
  const auto* line = order_->find(key);
  if (!line || (line->parked.empty() && !is_stuck(*line))) return;
  const std::vector<Key> members(line->members.begin(), line->members.end());
  for (const Key& member : members) {
    const auto found = entries_.find(member);
    const auto* now = order_->find(key);
    if (found == entries_.end() || !now) continue;
    const Place place = place_of(*found);
    const bool is_behind = DeliveryOrder::is_behind(*now, member);
    const Phase phase = found->second.phase;
    const bool waits =
        phase == Phase::blocked || (is_behind && (phase == Phase::waiting || phase == Phase::ready));
    if (!waits) continue;
    order_->skip(key, place);
    unqueue(found);
    order_->line(key).members.erase(member);
    sort_line(key);
    forget(found);
  }
}

void DestinationQueue::skip_all_blocked() {
  const std::vector<Place> places(queued_.begin(), queued_.end());
  for (const Place& place : places) {
    const auto found = entries_.find(place.key());
    if (found != entries_.end() && found->second.phase == Phase::blocked)
      skip_blocked(found->second.order_key);
  }
}

// A failed one does not move, so that what comes after it stays behind it.
bool DestinationQueue::keeps_place(const Entry& entry) const {
  return order_ && !order_->skips_failed() && (!entry.is_keyed || entry.order_key != 0);
}

void DestinationQueue::remember_retry(const Key& key, Ticks at, Moment now) {
  if (retry_at_.size() >= 4 * limits_.deliveries_max) {
    std::erase_if(retry_at_, [now](const auto& each) { return each.second <= now.ticks; });
    if (retry_at_.size() >= 4 * limits_.deliveries_max) return;
  }
  retry_at_.insert_or_assign(key, at);
}

// --- What is parked
// ------------------------------------------------------------------------------------------------

std::optional<DueQuery> DestinationQueue::wanted_dead_page(Moment now) {
  if (!order_ || !order_->is_learning() || !begun_ || draining_ || is_retired_) return std::nullopt;
  if (is_dead_page_asked_ || (fetch_again_at_ && now.ticks < *fetch_again_at_)) return std::nullopt;
  is_order_ready();
  if (is_order_starting_) return std::nullopt;
  is_dead_page_asked_ = true;
  DueQuery query{.destination = destination_.name};
  if (dead_after_) query.after = std::pair(Time::min(), *dead_after_);
  return query;
}

void DestinationQueue::on_dead_page(const DuePage& page, Moment now) {
  is_dead_page_asked_ = false;
  if (std::exchange(is_dead_page_old_, false)) return;
  if (page.more && page.deliveries.empty() && !page.next) return on_dead_page_failed(now);
  order_->on_dead_page(page.deliveries);
  if (!page.more || is_full_of_held()) return order_->learned();
  dead_after_ = page.next ? page.next->second : page.deliveries.back().id.event;
}

void DestinationQueue::on_dead_page_failed(Moment now) {
  is_dead_page_asked_ = false;
  if (std::exchange(is_dead_page_old_, false)) return;
  fetch_again_at_ = now.ticks + std::chrono::seconds(1);
}

}  // namespace creel
