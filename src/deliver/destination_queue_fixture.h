// What the tests of a queue stand on.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "deliver/destination_queue.h"

namespace creel {

using namespace std::chrono_literals;  // of tests only

// A queue with a clock in hand.
struct Queue {
  Destination destination;
  Moment now{.wall = Time(1'700'000'000'000ms), .ticks = Ticks(1h)};
  std::optional<DestinationQueue> queue;
  Sequence sequence = 0;

  explicit Queue(DestinationQueue::Limits limits = {}, RetryPolicy retry = {}) {
    destination.name = "app";
    destination.concurrency = 2;
    destination.retry = retry;
    queue.emplace(destination, 0, limits);
    queue->begin();
    queue->wanted_page(now);
    queue->on_page({}, now);  // an empty index
  }
  void pass(std::chrono::milliseconds by) {
    now.ticks += by;
    now.wall += by;
  }
  static std::shared_ptr<const StoredEvent> content(EventId id, std::size_t bytes = 10) {
    auto event = std::make_shared<StoredEvent>();
    event->id = id;
    event->body.assign(bytes, 'x');
    return event;
  }
  EventId arrive(std::size_t bytes = 10) {
    const EventId id = EventId::of(++sequence, 0);
    queue->on_news({.event = id, .due = now.wall, .sequence = sequence, .content = content(id, bytes)}, now);
    return id;
  }
  void tell(EventId event, DeliveryState state, std::uint32_t attempts = 0, std::uint32_t base = 0) {
    queue->on_news({.event = event,
                    .state = state,
                    .due = now.wall,
                    .attempts = attempts,
                    .attempts_base = base,
                    .sequence = ++sequence},
                   now);
  }
  Outcome fail(const AttemptOrder& order, std::optional<std::chrono::seconds> retry_after = {}) {
    return queue->on_attempt_ended(
        order, {.result = AttemptResult::status, .status = 500, .retry_after = retry_after}, now, 0.0);
  }
  Outcome succeed(const AttemptOrder& order) {
    return queue->on_attempt_ended(order, {.result = AttemptResult::delivered, .status = 200}, now, 0.0);
  }
  // A page with one delivery that was read when the index stood at `upto`.
  DuePage page(EventId event, Time due, Sequence upto, std::uint32_t attempts = 0) {
    DuePage page{.upto = upto};
    page.deliveries.push_back({.id = {.event = event, .destination = "app"},
                               .due = due,
                               .attempts = attempts,
                               .event = content(event)});
    return page;
  }
};

}  // namespace creel
