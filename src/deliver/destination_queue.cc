#include "deliver/destination_queue.h"

#include <algorithm>
#include <utility>

#include "deliver/retry.h"

namespace creel {

DestinationQueue::DestinationQueue(Destination destination, std::size_t number, Limits limits, Pauses* pauses)
    : destination_(std::move(destination)),
      number_(number),
      limits_({.deliveries_max = std::max<std::size_t>(limits.deliveries_max, 1),
               .bytes_max = limits.bytes_max,
               .awaited_max = std::max<std::size_t>(limits.awaited_max, 1),
               .held_max = std::max<std::size_t>(limits.held_max, 1)}),
      pauses_(pauses),
      gate_(destination_, Ticks{}),  // a bucket starts full
      horizon_(kBeginning) {
  start_order();
}

std::size_t DestinationQueue::bytes_of(const Entry& entry) {
  return entry.content ? entry.content->head.size() + entry.content->body.size() : 0;
}

bool DestinationQueue::over_limits() const {
  return queued_.size() + early_.size() > limits_.deliveries_max || bytes_ > limits_.bytes_max;
}

// --- News of the index
// ---------------------------------------------------------------------------------------------

void DestinationQueue::on_news(const DeliveryNews& news, Moment now) {
  const auto found = entries_.find(Key{news.event, news.ordinal});
  if (found != entries_.end()) {
    Entry& entry = found->second;
    if (news.sequence <= entry.sequence) return;  // a page has told it already
    entry.sequence = news.sequence;
    if (news.attempts >= entry.awaited) await(entry, 0);
  }
  if (news.state == DeliveryState::pending) {
    on_pending(news, now);
  } else {
    on_closed(news);
  }
}

void DestinationQueue::on_closed(const DeliveryNews& news) {
  if (order_) close_in_line({news.event, news.ordinal}, news.state);
  auto found = entries_.find(Key{news.event, news.ordinal});
  if (found == entries_.end()) {
    if (!fetch_) return;
    // The page on its way may still show it as pending.
    found = entries_.try_emplace(Key{news.event, news.ordinal}).first;
    found->second.sequence = news.sequence;
  }
  Entry& entry = found->second;
  if (entry.phase == Phase::running) {
    entry.closed = news.state;
    return;
  }
  // The index will not bring an outcome for what it has closed.
  await(entry, 0);
  unqueue(found);
  forget(found);
}

void DestinationQueue::on_pending(const DeliveryNews& news, Moment now) {
  const auto [found, is_new] = entries_.try_emplace(Key{news.event, news.ordinal});
  Entry& entry = found->second;
  entry.sequence = news.sequence;
  const bool has_fresh_budget = std::exchange(entry.attempts_base, news.attempts_base) != news.attempts_base;
  if (entry.phase == Phase::running) {
    entry.closed = std::nullopt;
    entry.due = news.due;  // where the index has it, should the attempt not be made
    return;
  }
  // An operator's word from before our outcome: the index will say what becomes of it after the outcome.
  if (entry.awaited != 0) return;
  if (entry.phase == Phase::closing) {
    // The command to cancel is on its way and comes after this.
    entry.due = news.due;
    entry.attempts = news.attempts;
    return;
  }
  const bool unchanged = entry.phase != Phase::none && !has_fresh_budget && entry.due == news.due &&
                         entry.attempts == news.attempts;
  if (unchanged) return;  // our own outcome, told back: its timer runs already, or it is held since
  take_or_leave(found, news, now);
}

void DestinationQueue::take_or_leave(Entries::iterator found, const DeliveryNews& news, Moment now) {
  Entry& entry = found->second;
  auto content = entry.content ? entry.content : news.content;
  unqueue(found);
  entry.due = news.due;
  entry.attempts = news.attempts;
  const Place place = place_of(*found);

  if (content && (!horizon_ || place < *horizon_)) {
    entry.content = std::move(content);
    admit(found, ready_at(*found, now), now);
    return;
  }
  if (takes_fresh(found, news)) return;
  if (content && fetch_) {
    entry.content = std::move(content);
    entry.phase = Phase::early;
    early_.insert(place);
    bytes_ += bytes_of(entry);
    make_room();
    return;
  }
  miss(place, news.sequence);
  if (!horizon_ || place < *horizon_) lower_horizon(place);
  forget(found);
}

void DestinationQueue::miss(const Place& place, Sequence sequence) {
  if (!fetch_) return;
  if (!fetch_->missed || place < *fetch_->missed) fetch_->missed = place;
  fetch_->missed_upto = std::max(fetch_->missed_upto, sequence);
}

// --- What is in memory
// ---------------------------------------------------------------------------------------------

// When a delivery that was loaded is due by the clock that does not jump. A due time that the policy could
// not have given comes from a wall clock that was wrong; one that nothing has delayed yet is due now,
// whatever the clock said then.
Ticks DestinationQueue::ready_at(const Entries::value_type& each, Moment now) const {
  const auto& [key, entry] = each;
  if (entry.attempts <= entry.attempts_base) return now.ticks;
  const Ticks latest = now.ticks + longest_delay(destination_.retry);
  if (const auto kept = retry_at_.find(key); kept != retry_at_.end())
    return std::clamp(kept->second, now.ticks, latest);
  if (entry.due <= now.wall) return now.ticks;
  return std::min<Ticks>(now.ticks + (entry.due - now.wall), latest);
}

void DestinationQueue::admit(Entries::iterator found, Ticks ready_at, Moment now) {
  Entry& entry = found->second;
  if (is_paused_elsewhere(entry) || (order_ && !joins_line(found))) {
    entry.content = nullptr;
    return forget(found);
  }
  const Place place = place_of(*found);
  entry.ready_at = ready_at;
  queued_.insert(place);
  bytes_ += bytes_of(entry);
  if (order_ && entry.order_key != 0) {
    begin_in_line(found);
  } else if (ready_at <= now.ticks) {
    entry.phase = Phase::ready;
    ready_.insert(place);
  } else {
    entry.phase = Phase::waiting;
    waiting_.emplace(ready_at, place);
  }
  make_room();
}

void DestinationQueue::make_room() {
  while (over_limits() && !early_.empty()) {
    const Place last = *early_.rbegin();
    const auto found = entries_.find(Key{last.event, last.ordinal});
    const Sequence sequence = found->second.sequence;
    unqueue(found);
    forget(found);
    if (fetch_) {
      miss(last, sequence);
    } else {
      lower_horizon(last);
    }
  }
  while (over_limits() && queued_.size() > 1)
    lower_horizon(*queued_.rbegin());
}

// Leaves `place` and everything after it to the index.
void DestinationQueue::lower_horizon(Place place) {
  if (!horizon_ || place < *horizon_) horizon_ = place;
  if (fetch_ && (!fetch_->lowered || place < *fetch_->lowered)) fetch_->lowered = place;
  while (!queued_.empty() && *queued_.rbegin() >= place) {
    const Place last = *queued_.rbegin();
    const auto found = entries_.find(Key{last.event, last.ordinal});
    unqueue(found);
    forget(found);
  }
}

void DestinationQueue::unqueue(Entries::iterator found) {
  Entry& entry = found->second;
  if (entry.phase == Phase::none || entry.phase == Phase::running) return;
  if (entry.phase == Phase::held || entry.phase == Phase::closing) {
    --held_;
    entry.phase = Phase::none;
    return;
  }
  const Place place = place_of(*found);
  if (entry.phase == Phase::fresh) {
    fresh_.erase(place);
    fresh_bytes_ -= bytes_of(entry);
    entry.phase = Phase::none;
    entry.content = nullptr;
    return;
  }
  if (entry.phase == Phase::early) {
    early_.erase(place);
  } else {
    queued_.erase(place);
    if (entry.phase == Phase::ready) ready_.erase(place);
    if (entry.phase == Phase::waiting) waiting_.erase({entry.ready_at, place});
    if (entry.phase == Phase::blocked) {
      --blocked_;
      blocked_bytes_ -= bytes_of(entry);
    }
  }
  bytes_ -= bytes_of(entry);
  entry.phase = Phase::none;
  entry.content = nullptr;
}

// The index is to tell back the outcome of this attempt; 0: of none any more.
void DestinationQueue::await(Entry& entry, std::uint32_t attempt) {
  awaited_ += (attempt != 0 ? 1 : 0);
  awaited_ -= (entry.awaited != 0 ? 1 : 0);
  entry.awaited = attempt;
}

// Drops what nothing is left to know about.
void DestinationQueue::forget(Entries::iterator found) {
  const Entry& entry = found->second;
  if (entry.phase != Phase::none || entry.awaited != 0) return;
  if (order_) leave_line(found);
  if (fetch_ || is_taking_page_) {
    remembered_.push_back(found->first);
  } else {
    entries_.erase(found);
  }
}

// --- Asked from outside
// --------------------------------------------------------------------------------------------

DestinationQueue::Status DestinationQueue::status() const {
  Status status{.queued = queued_.size(),
                .queued_bytes = bytes_,
                .running = running_,
                .slots = gate_.status().slots,
                .held = held_,
                .fresh = fresh_.size(),
                .parked = order_ ? order_->parked() : 0,
                .spilled = horizon_.has_value()};
  if (!queued_.empty()) status.oldest_due = queued_.begin()->due;
  return status;
}

}  // namespace creel
