#include "deliver/dispatcher.h"

#include <algorithm>
#include <utility>

namespace creel {

Dispatcher::Dispatcher(std::span<const Destination> destinations, DestinationQueue::Limits limits,
                       std::uint64_t seed, Actions& actions)
    : destinations_(destinations), random_(seed), actions_(actions) {
  queues_.reserve(destinations.size());
  for (std::size_t i = 0; i < destinations.size(); ++i)
    queues_.emplace_back(destinations[i], i, limits);
}

std::optional<std::size_t> Dispatcher::find(std::string_view destination) const {
  const auto found = std::ranges::find(destinations_, destination, &Destination::name);
  if (found == destinations_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - destinations_.begin());
}

void Dispatcher::begin() {
  for (DestinationQueue& queue : queues_)
    queue.begin();
}

void Dispatcher::drain() {
  for (DestinationQueue& queue : queues_)
    queue.drain();
}

void Dispatcher::on_news(std::size_t destination, const DeliveryNews& news, Moment now) {
  queues_[destination].on_news(news, now);
}

void Dispatcher::on_page(std::size_t destination, DuePage page, Moment now) {
  queues_[destination].on_page(std::move(page), now);
}

void Dispatcher::on_page_failed(std::size_t destination, Moment now) {
  queues_[destination].on_page_failed(now);
}

void Dispatcher::on_attempt_ended(const AttemptOrder& order, AttemptReport report, Moment now) {
  --running_;
  Outcome outcome =
      queues_[order.destination].on_attempt_ended(order, std::move(report), now, random_.spread());
  actions_.record(order.destination, std::move(outcome));
}

void Dispatcher::advance(Moment now) {
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    while (auto order = queues_[i].next_attempt(now)) {
      ++running_;
      actions_.start(*std::move(order), now.wall);
    }
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
