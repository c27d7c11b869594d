// Deliveries of one key that wait for each other.
#include <gtest/gtest.h>

#include "deliver/destination_queue_fixture.h"

namespace creel {
namespace {

using OnFailure = OrderPolicy::OnFailure;

struct OrderedQueue : Queue {
  // With a page of what is dead, where the policy asks for it.
  explicit OrderedQueue(OnFailure on_failure, DestinationQueue::Limits limits = {},
                        const DuePage& dead = {}) {
    destination.order = {.by = "header:X-Key", .on_failure = on_failure};
    destination.concurrency = 8;
    destination.retry.attempts = 2;
    queue.emplace(destination, 0, limits);
    queue->begin();
    if (queue->wanted_dead_page(now)) queue->on_dead_page(dead, now);
    queue->wanted_page(now);
    queue->on_page({}, now);
  }
  static std::shared_ptr<const StoredEvent> keyed(EventId id, const std::string& key) {
    auto event = std::make_shared<StoredEvent>();
    event->id = id;
    event->head = "POST / HTTP/1.1\r\nX-Key: " + key + "\r\n";
    return event;
  }
  EventId arrive(const std::string& key) {
    const EventId id = EventId::of(++sequence, 0);
    queue->on_news({.event = id, .due = now.wall, .sequence = sequence, .content = keyed(id, key)}, now);
    return id;
  }
  std::optional<AttemptOrder> next() { return queue->next_attempt(now); }
  DuePage read(const std::vector<std::pair<EventId, std::string>>& events, Time due) {
    DuePage page{.upto = sequence};
    for (const auto& [event, key] : events)
      page.deliveries.push_back(
          {.id = {.event = event, .destination = "app"}, .due = due, .event = keyed(event, key)});
    return page;
  }
};

TEST(DestinationQueueOrder, OneAfterAnotherAndOtherKeysBeside) {
  OrderedQueue q(OnFailure::block);
  q.arrive("a");
  const EventId second = q.arrive("a");
  const EventId other = q.arrive("b");
  const auto first = q.next().value();
  EXPECT_EQ(q.next().value().event, other);
  EXPECT_FALSE(q.next());
  q.succeed(first);
  EXPECT_EQ(q.next().value().event, second);
}

TEST(DestinationQueueOrder, EventsWithoutTheKeyHaveNoOrder) {
  OrderedQueue q(OnFailure::block);
  q.arrive("");
  q.arrive("");
  EXPECT_TRUE(q.next());
  EXPECT_TRUE(q.next());
}

TEST(DestinationQueueOrder, AFailedOneKeepsItsPlaceAndBlocksItsKey) {
  OrderedQueue q(OnFailure::block);
  const Time due = q.now.wall;
  const EventId first = q.arrive("a");
  const EventId second = q.arrive("a");
  EXPECT_EQ(q.fail(q.next().value()).due, due);
  EXPECT_FALSE(q.next());
  EXPECT_EQ(q.queue->wakes_at(), q.now.ticks + 1s) << "its timer is in memory";
  q.pass(1s);
  const auto again = q.next().value();
  EXPECT_EQ(again.event, first);
  EXPECT_EQ(again.trigger, AttemptTrigger::retry);
  EXPECT_EQ(q.fail(again).state, DeliveryState::dead);
  EXPECT_EQ(q.next().value().event, second) << "a dead one blocks nobody";
}

TEST(DestinationQueueOrder, AFailedOneLetsTheNextGoWhereThePolicySkips) {
  OrderedQueue q(OnFailure::skip);
  const EventId first = q.arrive("a");
  const EventId second = q.arrive("a");
  const EventId third = q.arrive("a");
  EXPECT_EQ(q.fail(q.next().value()).due, q.now.wall + 1s);
  const auto running = q.next().value();
  EXPECT_EQ(running.event, second);
  q.pass(1s);
  EXPECT_FALSE(q.next()) << "never two of a key at once";
  q.succeed(running);
  const auto last = q.next().value();
  EXPECT_EQ(last.event, third) << "it was due before";
  q.succeed(last);
  EXPECT_EQ(q.next().value().event, first);
}

TEST(DestinationQueueOrder, ADeadOneParksItsKeyUntilItIsCancelled) {
  OrderedQueue q(OnFailure::park);
  const Time due = q.now.wall;
  const EventId first = q.arrive("a");
  const EventId second = q.arrive("a");
  q.fail(q.next().value());
  q.pass(1s);
  q.fail(q.next().value());
  q.tell(first, DeliveryState::dead, 2);
  EXPECT_FALSE(q.next());
  EXPECT_EQ(q.queue->status().parked, 1u);
  EXPECT_EQ(q.queue->status().queued, 0u) << "what waits takes no memory";
  q.arrive("b");
  EXPECT_TRUE(q.next()) << "other keys go on";
  q.tell(first, DeliveryState::cancelled, 2);
  q.next();
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  q.queue->on_page(q.read({{second, "a"}}, due), q.now);
  EXPECT_EQ(q.next().value().event, second);
  EXPECT_EQ(q.queue->status().parked, 0u);
}

TEST(DestinationQueueOrder, AParkedKeyGoesOnOnceTheDeadOneIsDeliveredAfterAll) {
  OrderedQueue q(OnFailure::park);
  const Time due = q.now.wall;
  const EventId first = q.arrive("a");
  const EventId second = q.arrive("a");
  q.fail(q.next().value());
  q.pass(1s);
  q.fail(q.next().value());
  q.tell(first, DeliveryState::dead, 2);
  q.tell(first, DeliveryState::pending, 2, 2);
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  q.queue->on_page(q.read({{first, "a"}}, q.now.wall), q.now);
  const auto again = q.next().value();
  EXPECT_EQ(again.event, first);
  EXPECT_FALSE(q.next());
  q.succeed(again);
  q.next();
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  q.queue->on_page(q.read({{second, "a"}}, due), q.now);
  EXPECT_EQ(q.next().value().event, second);
}

TEST(DestinationQueueOrder, LearnsAtStartWhatIsParked) {
  OrderedQueue fixture(OnFailure::block);
  const EventId dead = EventId::of(1, 0);
  OrderedQueue q(OnFailure::park, {}, fixture.read({{dead, "a"}}, fixture.now.wall));
  q.sequence = 10;
  q.arrive("a");
  EXPECT_FALSE(q.next());
  q.arrive("b");
  EXPECT_TRUE(q.next());
}

TEST(DestinationQueueOrder, AttemptsNothingBeforeItHasLearned) {
  OrderedQueue q(OnFailure::block);
  q.destination.order.on_failure = OnFailure::park;
  q.queue->configure(q.destination, q.now);
  EXPECT_FALSE(q.queue->wanted_page(q.now));
  ASSERT_TRUE(q.queue->wanted_dead_page(q.now));
  EXPECT_FALSE(q.queue->wanted_dead_page(q.now)) << "one at a time";
  q.queue->on_dead_page_failed(q.now);
  EXPECT_FALSE(q.queue->wanted_dead_page(q.now));
  q.pass(1s);
  ASSERT_TRUE(q.queue->wanted_dead_page(q.now));
  q.queue->on_dead_page({}, q.now);
  EXPECT_TRUE(q.queue->wanted_page(q.now));
}

TEST(DestinationQueueOrder, AnotherOrderBeginsWhenWhatRunsHasEnded) {
  OrderedQueue q(OnFailure::block);
  const EventId first = q.arrive("a");
  const auto order = q.next().value();
  q.destination.order.by = "id";
  q.queue->configure(q.destination, q.now);
  EXPECT_FALSE(q.queue->wanted_page(q.now));
  q.succeed(order);
  q.tell(first, DeliveryState::delivered, 1);
  EXPECT_TRUE(q.queue->wanted_page(q.now));
}

TEST(DestinationQueueOrder, WhatWaitsForAStuckKeyLeavesItsRoomToOthers) {
  OrderedQueue q(OnFailure::block, {.deliveries_max = 8});
  q.arrive("a");
  q.fail(q.next().value());
  for (int i = 0; i < 100; ++i)
    q.arrive("a");
  EXPECT_LE(q.queue->status().queued, 4u);
  EXPECT_FALSE(q.queue->status().spilled);
  const EventId other = q.arrive("b");
  EXPECT_EQ(q.next().value().event, other);
}

TEST(DestinationQueueOrder, ARetryTimerOutlivesLeavingMemory) {
  OrderedQueue q(OnFailure::block);
  const EventId first = q.arrive("a");
  const Outcome outcome = q.fail(q.next().value());
  q.queue->on_news({.event = first, .due = outcome.due, .attempts = 1, .sequence = ++q.sequence}, q.now);
  q.queue->read_again(false, q.now);
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  DuePage page = q.read({{first, "a"}}, outcome.due);
  page.deliveries.front().attempts = 1;
  q.queue->on_page(page, q.now);
  EXPECT_FALSE(q.next());
  q.pass(1s);
  EXPECT_EQ(q.next().value().number, 2u);
}

}  // namespace
}  // namespace creel
