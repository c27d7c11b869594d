// What a queue asks of the index, and what it makes of the answer.
#include <algorithm>
#include <limits>
#include <utility>

#include "deliver/destination_queue.h"

namespace creel {
namespace {

constexpr auto kFetchAgainAfter = std::chrono::seconds(1);

}  // namespace

std::optional<DueQuery> DestinationQueue::wanted_page(Moment now) {
  go_on();
  if (fetch_again_at_ && now.ticks >= *fetch_again_at_) fetch_again_at_.reset();
  if (!begun_ || draining_ || is_retired_ || fetch_ || !horizon_ || fetch_again_at_) return std::nullopt;
  if (is_full_of_held() || !is_order_ready()) return std::nullopt;
  // While nothing else moves, what waits for others gives its room to what does not.
  if (blocked_ > 0 && running_ == 0 && ready_.empty() && !has_room_for_page()) skip_all_blocked();
  if (!has_room_for_page()) return std::nullopt;
  fetch_when_empty_ = false;
  fetch_.emplace(Fetch{.from = *horizon_});

  DueQuery query{.destination = destination_.name};
  if (pauses_) query.without_sources = pauses_->sources();
  query.limit = limits_.deliveries_max - queued_.size();
  query.bytes_max = limits_.bytes_max - std::min(bytes_, limits_.bytes_max);
  if (horizon_->due != Time::min()) {
    query.after = horizon_->event.value > 0 ? std::pair(horizon_->due, EventId{horizon_->event.value - 1})
                                            : std::pair(horizon_->due - std::chrono::milliseconds(1),
                                                        EventId{std::numeric_limits<std::uint64_t>::max()});
  }
  return query;
}

bool DestinationQueue::has_room_for_page() const {
  if (queued_.size() > limits_.deliveries_max / 2 || bytes_ > limits_.bytes_max / 2) return false;
  return !fetch_when_empty_ || queued_.empty();
}

void DestinationQueue::on_page(DuePage page, Moment now) {
  if (page.more && page.deliveries.empty() && !page.next) return on_page_failed(now);
  const Fetch fetch = *std::exchange(fetch_, std::nullopt);
  is_taking_page_ = true;
  if (order_) order_->forget_skipped_from(fetch.from);

  horizon_.reset();
  const auto bound = [this](const Place& place) {
    if (!horizon_ || place < *horizon_) horizon_ = place;
  };
  if (page.more) {
    const auto [due, event] =
        page.next ? *page.next : std::pair(page.deliveries.back().due, page.deliveries.back().id.event);
    bound({due, EventId{event.value + 1}, 0});
  }
  if (fetch.lowered) bound(*fetch.lowered);
  if (fetch.missed && (fetch.missed_upto > page.upto || *fetch.missed < fetch.from)) bound(*fetch.missed);

  const auto planned = horizon_;
  bool any_left = false;
  for (DueDelivery& delivery : page.deliveries) {
    const Place place{delivery.due, delivery.id.event, delivery.id.ordinal};
    if (horizon_ && place >= *horizon_) {
      any_left = true;
      continue;
    }
    const auto [found, is_new] = entries_.try_emplace(Key{place.event, place.ordinal});
    Entry& entry = found->second;
    if (!is_new) {
      const bool is_stale = entry.awaited != 0 || entry.sequence > page.upto;
      if (is_stale ||
          (entry.phase != Phase::none && entry.phase != Phase::early && entry.phase != Phase::fresh))
        continue;
      unqueue(found);
    }
    entry.sequence = page.upto;
    entry.due = delivery.due;
    entry.attempts = delivery.attempts;
    entry.attempts_base = delivery.attempts_base;
    entry.content = std::move(delivery.event);
    admit(found, ready_at(*found, now), now);
  }
  settle_early(page.upto, now);
  settle_fresh(page.upto, now);
  // Asking again before anything has left would give the same.
  // Where there is an order, what stays in memory may wait longer than what is left, and lines that go on
  // have lowered the horizon.
  fetch_when_empty_ = horizon_ != planned || (any_left && !order_);
  is_taking_page_ = false;
  forget_remembered();
}

void DestinationQueue::forget_remembered() {
  for (const Key& key : std::exchange(remembered_, {})) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) forget(found);
  }
}

// What came while the page was read, and is not in it, follows on it.
void DestinationQueue::settle_early(Sequence upto, Moment now) {
  while (!early_.empty()) {
    const Place place = *early_.begin();
    const auto found = entries_.find(Key{place.event, place.ordinal});
    Entry& entry = found->second;
    const auto content = entry.content;
    const bool is_covered = entry.sequence <= upto;  // and yet not in the page: beyond its end
    unqueue(found);
    if (horizon_ && place >= *horizon_) {
      forget(found);
    } else if (is_covered) {
      // The index did not give it as pending, so it is not.
      forget(found);
    } else {
      entry.content = content;
      admit(found, ready_at(*found, now), now);
    }
  }
}

void DestinationQueue::on_page_failed(Moment now) {
  fetch_.reset();
  while (!early_.empty()) {
    const auto found = entries_.find(Key{early_.begin()->event, early_.begin()->ordinal});
    unqueue(found);
    forget(found);
  }
  forget_remembered();
  fetch_again_at_ = now.ticks + kFetchAgainAfter;
}

}  // namespace creel
