// Which attempt a queue makes next, and what follows from its end.
#include <algorithm>
#include <utility>

#include "deliver/destination_queue.h"
#include "deliver/retry.h"

namespace creel {
namespace {

constexpr int kGone = 410;

}  // namespace

// --- The next
// ------------------------------------------------------------------------------------------------------

void DestinationQueue::wake_waiting(Moment now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now.ticks) {
    const Place place = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    entries_.find(place.key())->second.phase = Phase::ready;
    ready_.insert(place);
  }
}

std::optional<AttemptOrder> DestinationQueue::next_attempt(Moment now) {
  asked_at_ = now.ticks;
  go_on();
  wake_waiting(now);
  if (!begun_ || draining_ || (ready_.empty() && fresh_.empty()) || !is_order_ready()) return std::nullopt;
  if (awaited_ + running_ >= limits_.awaited_max || is_full_of_held()) return std::nullopt;
  const auto place = first_to_go();
  if (!place || !gate_.admits(now.ticks)) return std::nullopt;

  const auto found = entries_.find(place->key());
  Entry& entry = found->second;
  AttemptOrder order{.destination = number_,
                     .event = place->event,
                     .ordinal = place->ordinal,
                     .number = entry.attempts + 1,
                     .content = entry.content,
                     .trigger = trigger_of(*found)};
  is_turn_of_fresh_ = entry.phase != Phase::fresh;
  unqueue(found);
  entry.phase = Phase::running;
  entry.closed = std::nullopt;
  entry.started = now.wall;
  entry.started_at = now.ticks;
  entry.admitted_at = now.ticks;
  gate_.on_begun(now.ticks);
  ++running_;
  if (entry.order_key != 0) {
    ++order_->line(entry.order_key).running;
    sort_line(entry.order_key);
  }
  return order;
}

// Of a line only one runs: what is ready beside it waits for its end.
std::optional<DestinationQueue::Place> DestinationQueue::first_ready() {
  while (!ready_.empty()) {
    const Place place = *ready_.begin();
    if (!order_) return place;
    const DeliveryOrder::Key key = entries_.find(place.key())->second.order_key;
    const auto* line = key != 0 ? order_->find(key) : nullptr;
    if (!line || line->running == 0) return place;
    set_blocked(place.key());
    order_->line(key).aside.insert(place.key());
  }
  return std::nullopt;
}

AttemptTrigger DestinationQueue::trigger_of(const Entries::value_type& each) const {
  const auto& [key, entry] = each;
  if (entry.attempts_base > 0 && entry.attempts == entry.attempts_base) return AttemptTrigger::manual;
  if (resumed_at_ && entry.due < *resumed_at_ && entry.started < *resumed_at_) return AttemptTrigger::resume;
  if (entry.attempts > 0) return AttemptTrigger::retry;
  return key.ordinal > 1 ? AttemptTrigger::replay : AttemptTrigger::first;
}

bool DestinationQueue::has_ready() const {
  if (ready_.empty() && fresh_.empty()) return false;
  const Gate::Status gate = gate_.status();
  return !gate.is_paused && gate.running >= gate.slots;
}

std::optional<Ticks> DestinationQueue::wakes_at() const {
  if (!begun_ || draining_ || is_retired_) return std::nullopt;
  std::optional<Ticks> at = fetch_again_at_;
  const auto also = [&at](std::optional<Ticks> other) {
    if (other && (!at || *other < *at)) at = other;
  };
  if (!waiting_.empty()) also(waiting_.begin()->first);
  if (!ready_.empty() || !fresh_.empty()) also(gate_.opens_at(asked_at_));
  return at;
}

// --- Its end
// -------------------------------------------------------------------------------------------------------

Outcome DestinationQueue::on_attempt_ended(const AttemptOrder& order, AttemptReport report, Moment now,
                                           double spread) {
  const auto found = entries_.find(Key{order.event, order.ordinal});
  Entry& entry = found->second;
  asked_at_ = now.ticks;
  gate_.on_ended(report, entry.admitted_at, now.ticks);
  --running_;
  entry.phase = Phase::none;
  entry.attempts = order.number;
  await(entry, order.number);
  const bool is_delivered = report.result == AttemptResult::delivered;
  const DeliveryOrder::Key key = entry.order_key;
  const auto delay = delay_after(order, report, entry, now, spread);
  if (is_gone(report) && !gate_.is_paused()) {
    gate_.set_paused(true);
    is_gone_ = true;
  }

  Outcome outcome;
  outcome.delivery = {.event = order.event, .destination = destination_.name, .ordinal = order.ordinal};
  outcome.attempt = {.number = order.number,
                     .started = entry.started,
                     .took = std::chrono::round<std::chrono::milliseconds>(now.ticks - entry.started_at),
                     .result = report.result,
                     .status = report.status,
                     .reply = std::move(report.reply),
                     .error = std::move(report.error),
                     .trigger = order.trigger,
                     .timings = report.timings};
  outcome.due = now.wall;
  if (is_delivered) outcome.state = DeliveryState::delivered;
  if (entry.closed) {
    if (!is_delivered) outcome.state = *entry.closed;
    // The index has closed it already and may have nothing to tell back.
    await(entry, 0);
  } else if (!is_delivered && !delay) {
    outcome.state = DeliveryState::dead;
  }
  if (order_) end_in_line(*found, outcome.state);
  if (entry.closed) {
    forget(found);
    return outcome;
  }
  if (outcome.state != DeliveryState::pending) return outcome;
  if (keeps_place(entry)) {
    outcome.due = entry.due;
    remember_retry(found->first, now.ticks + *delay, now);
  } else {
    outcome.due = now.wall + *delay;
    entry.due = outcome.due;
  }
  if (!horizon_ || place_of(*found) < *horizon_) {
    entry.content = order.kept ? order.kept : order.content;
    admit(found, now.ticks + *delay, now);
  }
  if (key != 0 && is_crowded()) skip_blocked(key);
  return outcome;
}

// It is told that nobody wants to hear from us; who told us so in as many words that it is to be tried again,
// or not, means what they say.
bool DestinationQueue::is_gone(const AttemptReport& report) const {
  if (report.result != AttemptResult::status || report.status != kGone) return false;
  return std::ranges::none_of(destination_.retry.statuses, [](const StatusRange& range) {
    return range.from == kGone && range.to == kGone;
  });
}

// How long the next attempt waits; nothing when there is to be none.
std::optional<std::chrono::milliseconds> DestinationQueue::delay_after(const AttemptOrder& order,
                                                                       const AttemptReport& report,
                                                                       const Entry& entry, Moment now,
                                                                       double spread) const {
  const RetryPolicy& policy = destination_.retry;
  if (report.is_final) return std::nullopt;
  if (!is_gone(report) && !is_tried_again(policy, report.result, report.status)) return std::nullopt;
  const auto delay =
      next_delay(policy, report.result, order.number - entry.attempts_base, spread, report.retry_after);
  const bool is_bound_by_age = policy.age > policy.age.zero() && entry.attempts_base == 0;
  if (delay && is_bound_by_age && now.wall + *delay > order.content->received + policy.age)
    return std::nullopt;
  return delay;
}

}  // namespace creel
