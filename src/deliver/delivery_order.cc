#include "deliver/delivery_order.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace creel {

DeliveryOrder::DeliveryOrder(OrderPolicy policy)
    : policy_(std::move(policy)), key_(EventKey::parse(policy_.by)), is_learning_(parks()) {}

DeliveryOrder::Key DeliveryOrder::key_of(const StoredEvent& event) {
  if (!key_) return 0;
  scratch_.forget();
  const RuleInput input{.source = event.source, .type = event.type, .head = event.head, .body = event.body};
  if (!key_->read(input, scratch_, text_)) return 0;
  const Key hash = std::hash<std::string_view>{}(text_);
  return hash != 0 ? hash : 1;
}

DeliveryOrder::Line* DeliveryOrder::find(Key key) {
  const auto found = lines_.find(key);
  return found == lines_.end() ? nullptr : &found->second;
}

void DeliveryOrder::tidy(Key key) {
  const auto found = lines_.find(key);
  if (found == lines_.end()) return;
  const Line& line = found->second;
  if (line.is_idle() && line.parked.empty() && !line.skipped) lines_.erase(found);
}

// --- What is skipped
// -----------------------------------------------------------------------------------------------

void DeliveryOrder::skip(Key key, const DeliveryPlace& place) {
  Line& line = lines_[key];
  line.skipped_first = line.skipped ? std::min(line.skipped_first, place.key()) : place.key();
  if (line.skipped && *line.skipped <= place) return;
  if (line.skipped) skipped_.erase({*line.skipped, key});
  line.skipped = place;
  skipped_.emplace(place, key);
}

bool DeliveryOrder::is_behind(const Line& line, const DeliveryKey& delivery) {
  if (line.skipped && delivery > line.skipped_first) return true;
  return !line.parked.empty() && delivery > *line.parked.begin();
}

void DeliveryOrder::forget_skipped_from(const DeliveryPlace& place) {
  const auto from = skipped_.lower_bound({place, 0});
  for (auto each = from; each != skipped_.end(); ++each) {
    lines_.at(each->second).skipped.reset();
    // An idle line that is not parked has been told to go on, and is tidied there.
  }
  skipped_.erase(from, skipped_.end());
}

void DeliveryOrder::may_go_on(Key key) {
  const Line* line = find(key);
  if (!line || !line->is_idle()) return;
  if (line->skipped) {
    going_.push_back(key);
  } else {
    tidy(key);
  }
}

std::optional<DeliveryPlace> DeliveryOrder::take_going() {
  if (going_.empty()) return std::nullopt;
  std::optional<DeliveryPlace> least;
  for (const Key key : std::exchange(going_, {})) {
    Line* line = find(key);
    if (!line || !line->is_idle()) continue;
    const bool waits = line->skipped && !line->parked.empty() && line->skipped_first > *line->parked.begin();
    if (waits) continue;
    if (line->skipped) {
      if (!least || *line->skipped < *least) least = line->skipped;
      skipped_.erase({*line->skipped, key});
      line->skipped.reset();
    }
    tidy(key);
  }
  return least;
}

// --- What is parked
// ------------------------------------------------------------------------------------------------

void DeliveryOrder::park(Key key, const DeliveryKey& delivery) {
  if (!parked_.emplace(delivery, key).second) return;
  lines_[key].parked.insert(delivery);
}

DeliveryOrder::Key DeliveryOrder::unpark(const DeliveryKey& delivery) {
  const auto found = parked_.find(delivery);
  if (found == parked_.end()) return 0;
  const Key key = found->second;
  parked_.erase(found);
  lines_.at(key).parked.erase(delivery);
  return key;
}

void DeliveryOrder::on_dead_page(const std::vector<DueDelivery>& dead) {
  for (const DueDelivery& each : dead) {
    const DeliveryKey delivery{each.id.event, each.id.ordinal};
    if (cancelled_.contains(delivery) || !each.event) continue;
    if (const Key key = key_of(*each.event); key != 0) park(key, delivery);
  }
}

void DeliveryOrder::learned() {
  is_learning_ = false;
  cancelled_.clear();
}

}  // namespace creel
