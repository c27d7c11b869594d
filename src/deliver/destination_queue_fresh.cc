// What is new keeps a share while a backlog drains.
#include <utility>

#include "deliver/destination_queue.h"

namespace creel {

// A replay is a backlog of its own, and a retry is not new.
bool DestinationQueue::takes_fresh(Entries::iterator found, const DeliveryNews& news) {
  if (!news.content || news.attempts > 0 || news.ordinal > 1) return false;
  if (!begun_ || is_retired_ || !has_room_for_fresh()) return false;
  Entry& entry = found->second;
  entry.content = news.content;
  if (is_paused_elsewhere(entry)) {
    entry.content = nullptr;
    return false;
  }
  entry.phase = Phase::fresh;
  fresh_.insert(place_of(*found));
  fresh_bytes_ += bytes_of(entry);
  return true;
}

// In turns, while both wait.
std::optional<DestinationQueue::Place> DestinationQueue::first_to_go() {
  if (!fresh_.empty() && (is_turn_of_fresh_ || ready_.empty())) return *fresh_.begin();
  return first_ready();
}

// Those that the horizon has passed are like any other now.
void DestinationQueue::settle_fresh(Sequence upto, Moment now) {
  while (!fresh_.empty() && (!horizon_ || *fresh_.begin() < *horizon_)) {
    const auto found = entries_.find(fresh_.begin()->key());
    Entry& entry = found->second;
    auto content = entry.content;
    unqueue(found);
    if (entry.sequence <= upto) {
      // The page did not give it as pending, so it is not.
      forget(found);
    } else {
      entry.content = std::move(content);
      admit(found, ready_at(*found, now), now);
    }
  }
}

// They are left to the index; who calls this asks it for everything again.
void DestinationQueue::drop_fresh() {
  while (!fresh_.empty()) {
    const auto found = entries_.find(fresh_.begin()->key());
    unqueue(found);
    forget(found);
  }
}

}  // namespace creel
