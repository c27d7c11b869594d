#include "deliver/destination_queue.h"

#include <gtest/gtest.h>

#include "deliver/destination_queue_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;

TEST(DestinationQueue, BeginsNothingBeforeTheIndexHasCaughtUp) {
  const Destination destination;
  DestinationQueue queue(destination, 0, {});
  const Moment now{.wall = Time(1h), .ticks = Ticks(1h)};
  const EventId id = EventId::of(1, 0);
  queue.on_news({.event = id, .due = now.wall, .sequence = 1, .content = Queue::content(id)}, now);
  EXPECT_FALSE(queue.next_attempt(now));
  EXPECT_FALSE(queue.wanted_page(now));
  queue.begin();
  EXPECT_TRUE(queue.wanted_page(now));
}

TEST(DestinationQueue, RunsNoMoreThanItsConcurrency) {
  Queue q;
  for (int i = 0; i < 3; ++i)
    q.arrive();
  const auto first = q.queue->next_attempt(q.now);
  ASSERT_TRUE(first);
  EXPECT_TRUE(q.queue->next_attempt(q.now));
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  q.succeed(*first);
  EXPECT_TRUE(q.queue->next_attempt(q.now));
}

TEST(DestinationQueue, WaitsForAnIndexThatIsFarBehind) {
  Queue q({.awaited_max = 2});
  const EventId first = q.arrive();
  for (int i = 0; i < 2; ++i)
    q.arrive();
  q.fail(q.queue->next_attempt(q.now).value());
  q.succeed(q.queue->next_attempt(q.now).value());
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  q.tell(first, DeliveryState::pending, 1);
  EXPECT_TRUE(q.queue->next_attempt(q.now));
  EXPECT_FALSE(q.queue->next_attempt(q.now));
}

TEST(DestinationQueue, TriesAgainAfterTheDelay) {
  Queue q;
  q.arrive();
  const Outcome outcome = q.fail(q.queue->next_attempt(q.now).value());
  EXPECT_EQ(outcome.state, DeliveryState::pending);
  EXPECT_EQ(outcome.due, q.now.wall + 1s);
  EXPECT_EQ(q.queue->wakes_at(), q.now.ticks + 1s);
  q.pass(999ms);
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  q.pass(1ms);
  EXPECT_EQ(q.queue->next_attempt(q.now)->number, 2u);
}

TEST(DestinationQueue, WaitsAsTheAnswerAsks) {
  Queue q;
  q.arrive();
  EXPECT_EQ(q.fail(q.queue->next_attempt(q.now).value(), 90s).due, q.now.wall + 90s);
}

TEST(DestinationQueue, ARunningTimerSurvivesAWallClockThatJumps) {
  for (const auto jump : {-8760h, 8760h}) {
    Queue q;
    q.arrive();
    q.fail(q.queue->next_attempt(q.now).value());
    q.now.wall += jump;
    q.pass(999ms);
    EXPECT_FALSE(q.queue->next_attempt(q.now));
    q.pass(1ms);
    EXPECT_TRUE(q.queue->next_attempt(q.now));
  }
}

TEST(DestinationQueue, ADueTimeThatThePolicyCannotHaveGivenIsCutOnLoad) {
  Queue q;
  q.tell(EventId::of(50, 0), DeliveryState::pending, 1);  // without content: it has to be asked for
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  q.queue->on_page(q.page(EventId::of(50, 0), q.now.wall + 8760h, 100, 1), q.now);
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  q.pass(72min);  // an hour and a fifth
  EXPECT_TRUE(q.queue->next_attempt(q.now));
}

TEST(DestinationQueue, WhatWasNeverTriedIsDueWhateverTheClockSaid) {
  Queue q;
  q.tell(EventId::of(50, 0), DeliveryState::pending);
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  q.queue->on_page(q.page(EventId::of(50, 0), q.now.wall + 8760h, 100), q.now);
  EXPECT_TRUE(q.queue->next_attempt(q.now));
}

TEST(DestinationQueue, IsDeadAfterTheLastAttempt) {
  Queue q({}, {.attempts = 2});
  q.arrive();
  q.fail(q.queue->next_attempt(q.now).value());
  q.pass(1s);
  EXPECT_EQ(q.fail(q.queue->next_attempt(q.now).value()).state, DeliveryState::dead);
  q.pass(1h);
  EXPECT_FALSE(q.queue->next_attempt(q.now));
}

TEST(DestinationQueue, AManualRetryIsDueNowAndHasAFreshBudget) {
  Queue q({}, {.attempts = 2});
  const EventId event = q.arrive();
  q.fail(q.queue->next_attempt(q.now).value());
  q.tell(event, DeliveryState::pending, 1, 0);
  q.tell(event, DeliveryState::pending, 1, 1);
  const auto again = q.queue->next_attempt(q.now);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->number, 2u);
  EXPECT_EQ(q.fail(*again).state, DeliveryState::pending);
}

TEST(DestinationQueue, ACancelledDeliveryIsDropped) {
  Queue q;
  q.tell(q.arrive(), DeliveryState::cancelled);
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  EXPECT_EQ(q.queue->known(), 0u);
}

TEST(DestinationQueue, ACancelledAttemptMayEndAndRevivesNothing) {
  Queue q;
  const EventId event = q.arrive();
  const auto order = q.queue->next_attempt(q.now).value();
  q.tell(event, DeliveryState::cancelled);
  EXPECT_EQ(q.fail(order).state, DeliveryState::cancelled);
  q.pass(2h);
  EXPECT_FALSE(q.queue->next_attempt(q.now));
}

TEST(DestinationQueue, AnOldPageDoesNotReviveWhatHasEnded) {
  Queue q({.deliveries_max = 2});
  const EventId event = q.arrive();
  q.arrive();
  q.arrive();  // does not fit: left to the index
  const Sequence read_at = q.sequence;
  q.succeed(q.queue->next_attempt(q.now).value());
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  q.queue->on_page(q.page(event, q.now.wall, read_at), q.now);
  const auto next = q.queue->next_attempt(q.now);
  ASSERT_TRUE(next);
  EXPECT_NE(next->event, event);
}

TEST(DestinationQueue, AnOldPageDoesNotReviveWhatEndedWhileItWasRead) {
  Queue q({.deliveries_max = 2});
  const EventId event = q.arrive();
  q.arrive();
  q.arrive();
  const Sequence read_at = q.sequence;
  q.succeed(q.queue->next_attempt(q.now).value());
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  q.tell(event, DeliveryState::delivered, 1);  // the index has it, the page has not
  q.queue->on_page(q.page(event, q.now.wall, read_at), q.now);
  const auto next = q.queue->next_attempt(q.now);
  ASSERT_TRUE(next);
  EXPECT_NE(next->event, event);
}

TEST(DestinationQueue, LeavesWhatDoesNotFitToTheIndex) {
  Queue q({.deliveries_max = 100, .bytes_max = 1000});
  for (int i = 0; i < 50; ++i)
    q.arrive(100);
  EXPECT_EQ(q.queue->status().queued, 10u);
  EXPECT_TRUE(q.queue->status().spilled);
  EXPECT_FALSE(q.queue->wants_content());
  EXPECT_FALSE(q.queue->wanted_page(q.now)) << "memory has not drained";
}

TEST(DestinationQueue, TakesOneThatIsLargerThanItsMemory) {
  Queue q({.deliveries_max = 100, .bytes_max = 1000});
  q.arrive(5000);
  EXPECT_TRUE(q.queue->next_attempt(q.now));
}

TEST(DestinationQueue, AsksAgainAfterAPageCouldNotBeRead) {
  Queue q;
  q.tell(EventId::of(50, 0), DeliveryState::pending);
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  q.queue->on_page_failed(q.now);
  EXPECT_FALSE(q.queue->wanted_page(q.now));
  EXPECT_EQ(q.queue->wakes_at(), q.now.ticks + 1s);
  q.pass(1s);
  EXPECT_TRUE(q.queue->wanted_page(q.now));
}

TEST(DestinationQueue, BeginsNothingOnceItDrains) {
  Queue q;
  q.arrive();
  q.queue->drain();
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  EXPECT_FALSE(q.queue->wakes_at());
}

// A replay's news has no content: the index is asked for it, also for one that comes while a page is on its
// way.
TEST(DestinationQueue, FindsAReplayInTheIndex) {
  for (const bool is_reading : {false, true}) {
    Queue q;
    const EventId event = q.arrive();
    q.succeed(*q.queue->next_attempt(q.now));
    q.tell(event, DeliveryState::delivered, 1);
    if (is_reading) {
      q.tell(EventId::of(99, 0), DeliveryState::pending);
      ASSERT_TRUE(q.queue->wanted_page(q.now));
    }
    const DeliveryNews news{.event = event, .ordinal = 2, .due = q.now.wall, .sequence = ++q.sequence};
    q.queue->on_news(news, q.now);
    EXPECT_FALSE(q.queue->next_attempt(q.now)) << "nothing is known of it yet";
    if (is_reading) q.queue->on_page({.upto = q.sequence - 1}, q.now);
    ASSERT_TRUE(q.queue->wanted_page(q.now));
    DuePage page = q.page(event, q.now.wall, q.sequence);
    page.deliveries[0].id.ordinal = 2;
    q.queue->on_page(std::move(page), q.now);
    const auto order = q.queue->next_attempt(q.now);
    ASSERT_TRUE(order);
    EXPECT_EQ(order->event, event);
    EXPECT_EQ(order->ordinal, 2u);
    EXPECT_EQ(order->trigger, AttemptTrigger::replay);
    EXPECT_EQ(q.succeed(*order).delivery, (DeliveryId{event, "app", 2}));
  }
}

}  // namespace
}  // namespace creel
