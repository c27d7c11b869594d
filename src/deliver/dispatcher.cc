#include "deliver/dispatcher.h"

#include <algorithm>
#include <utility>

namespace creel {

Dispatcher::Dispatcher(std::span<const Destination> destinations, DestinationQueue::Limits limits,
                       std::uint64_t seed, Actions& actions)
    : limits_(limits), random_(seed), actions_(actions) {
  for (const Destination& destination : destinations)
    queues_.emplace_back(destination, queues_.size(), limits, &pauses_);
}

void Dispatcher::put(std::size_t number, Destination destination, Moment now) {
  if (number < queues_.size()) return queues_[number].configure(std::move(destination), now);
  DestinationQueue& queue = queues_.emplace_back(std::move(destination), queues_.size(), limits_, &pauses_);
  queue.set_paused(pauses_.has_destination(queue.name()), now);
  if (has_begun_) queue.begin();
  if (is_draining_) queue.drain();
}

void Dispatcher::remove(std::size_t number) {
  queues_[number].retire();
}

void Dispatcher::pause(const std::vector<Pause>& pauses, Moment now) {
  const Pauses::Change change = pauses_.set(pauses);
  for (DestinationQueue& queue : queues_)
    queue.set_paused(pauses_.has_destination(queue.name()), now);
  read_again(change, now);
}

void Dispatcher::set_routes(std::shared_ptr<const Routes> routes, Moment now) {
  read_again(pauses_.set_routes(std::move(routes)), now);
}

void Dispatcher::read_again(Pauses::Change change, Moment now) {
  if (!change.holds_others) return;
  for (DestinationQueue& queue : queues_)
    queue.read_again(change.has_resumed, now);
}

std::optional<std::size_t> Dispatcher::find(std::string_view destination) const {
  const auto found = std::ranges::find(queues_, destination, &DestinationQueue::name);
  if (found == queues_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - queues_.begin());
}

void Dispatcher::begin() {
  has_begun_ = true;
  for (DestinationQueue& queue : queues_)
    queue.begin();
}

void Dispatcher::drain() {
  is_draining_ = true;
  for (DestinationQueue& queue : queues_)
    queue.drain();
}

void Dispatcher::on_news(std::size_t destination, const DeliveryNews& news, Moment now) {
  if (destination < queues_.size()) queues_[destination].on_news(news, now);
}

void Dispatcher::on_page(std::size_t destination, DuePage page, Moment now) {
  queues_[destination].on_page(std::move(page), now);
}

void Dispatcher::on_page_failed(std::size_t destination, Moment now) {
  queues_[destination].on_page_failed(now);
}

void Dispatcher::on_dead_page(std::size_t destination, const DuePage& page, Moment now) {
  queues_[destination].on_dead_page(page, now);
}

void Dispatcher::on_dead_page_failed(std::size_t destination, Moment now) {
  queues_[destination].on_dead_page_failed(now);
}

void Dispatcher::on_attempt_ended(const AttemptOrder& order, AttemptReport report, Moment now) {
  --running_;
  Outcome outcome =
      queues_[order.destination].on_attempt_ended(order, std::move(report), now, random_.spread());
  actions_.record(order.destination, std::move(outcome));
  tell_breaker(order.destination);
  if (!queues_[order.destination].take_gone()) return;
  pauses_.add_destination(queues_[order.destination].name());
  actions_.on_gone(order.destination);
}

void Dispatcher::tell_breaker(std::size_t destination) {
  if (const auto state = queues_[destination].take_breaker_change()) actions_.on_breaker(destination, *state);
}

void Dispatcher::on_attempt_leaves(const AttemptOrder& order, Moment now) {
  queues_[order.destination].on_attempt_leaves(order, now);
}

bool Dispatcher::on_attempt_held(const AttemptOrder& order, DestinationQueue::Hold hold) {
  --running_;
  return queues_[order.destination].on_attempt_held(order, hold);
}

void Dispatcher::on_attempt_withdrawn(const AttemptOrder& order) {
  --running_;
  queues_[order.destination].on_attempt_withdrawn(order);
}

void Dispatcher::release(std::size_t destination, EventId event, std::uint32_t ordinal) {
  queues_[destination].release(event, ordinal);
}

bool Dispatcher::is_held(std::size_t destination, EventId event, std::uint32_t ordinal) const {
  return destination < queues_.size() && queues_[destination].is_held(event, ordinal);
}

void Dispatcher::advance(Moment now) {
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    while (auto order = queues_[i].next_attempt(now)) {
      ++running_;
      actions_.start(*std::move(order), now.wall);
    }
    tell_breaker(i);
    if (auto query = queues_[i].wanted_dead_page(now)) actions_.fetch_dead(i, *std::move(query));
    if (auto query = queues_[i].wanted_page(now)) actions_.fetch(i, *std::move(query));
  }
}

bool Dispatcher::has_ready() const {
  return std::ranges::any_of(queues_, &DestinationQueue::has_ready);
}

std::optional<Ticks> Dispatcher::wakes_at() const {
  std::optional<Ticks> first;
  for (const DestinationQueue& queue : queues_) {
    const auto at = queue.wakes_at();
    if (at && (!first || *at < *first)) first = at;
  }
  return first;
}

}  // namespace creel
