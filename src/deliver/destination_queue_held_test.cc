// A queue whose destination changes, and deliveries that a transform holds.
#include <gtest/gtest.h>

#include "deliver/destination_queue_fixture.h"

namespace creel {
namespace {

using Hold = DestinationQueue::Hold;

struct HeldQueue : Queue {
  using Queue::Queue;
  AttemptOrder next() { return queue->next_attempt(now).value(); }
  EventId hold_one() {
    const EventId event = arrive();
    EXPECT_TRUE(queue->on_attempt_held(next(), Hold::failed));
    return event;
  }
  // What the index has is asked for again, and is this one.
  void give_back(EventId event) {
    ASSERT_TRUE(queue->wanted_page(now));
    queue->on_page(page(event, now.wall, sequence), now);
  }
};

TEST(DestinationQueueReload, RunsMoreAndFewerAtOnce) {
  HeldQueue q;
  for (int i = 0; i < 4; ++i)
    q.arrive();
  q.next();
  const auto second = q.next();
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  q.destination.concurrency = 3;
  q.queue->configure(q.destination, q.now);
  q.next();
  q.destination.concurrency = 1;
  q.queue->configure(q.destination, q.now);
  q.succeed(second);
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  EXPECT_EQ(q.queue->status().running, 2u);
}

TEST(DestinationQueueReload, AShorterPolicyCutsTheWait) {
  HeldQueue q({}, {.initial = 10h, .max = 10h});
  q.arrive();
  q.fail(q.next());
  EXPECT_EQ(q.queue->wakes_at(), q.now.ticks + 10h);
  q.destination.retry = {.max = 30min};
  q.queue->configure(q.destination, q.now);
  EXPECT_EQ(q.queue->wakes_at(), q.now.ticks + 1h);  // as long as an answer may ask for
  q.pass(1h);
  EXPECT_EQ(q.next().number, 2u);
}

TEST(DestinationQueueReload, ARetiredOneAttemptsAndAsksNothing) {
  HeldQueue q;
  q.arrive();
  q.queue->retire();
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  EXPECT_FALSE(q.queue->wanted_page(q.now));
  EXPECT_FALSE(q.queue->wakes_at());
  EXPECT_FALSE(q.queue->wants_content());
  EXPECT_EQ(q.queue->known(), 0u);
}

TEST(DestinationQueueReload, OneThatIsBackAsksTheIndexForEverything) {
  HeldQueue q;
  const EventId event = q.arrive();
  q.queue->retire();
  q.queue->configure(q.destination, q.now);
  const auto query = q.queue->wanted_page(q.now);
  ASSERT_TRUE(query);
  EXPECT_FALSE(query->after);
  q.queue->on_page(q.page(event, q.now.wall, q.sequence), q.now);
  EXPECT_EQ(q.next().event, event);
}

TEST(DestinationQueueReload, ARetiredOneTakesNothingOfThePageOnItsWay) {
  HeldQueue q;
  q.tell(EventId::of(50, 0), DeliveryState::pending);
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  q.queue->retire();
  q.queue->on_page(q.page(EventId::of(50, 0), q.now.wall, 100), q.now);
  EXPECT_EQ(q.queue->status().queued, 0u);
}

TEST(DestinationQueueReload, OneThatIsBackDoesNotRepeatWhatRuns) {
  HeldQueue q;
  const EventId event = q.arrive();
  const auto order = q.next();
  q.queue->retire();
  q.queue->configure(q.destination, q.now);
  q.give_back(event);
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  EXPECT_EQ(q.succeed(order).state, DeliveryState::delivered);
}

TEST(DestinationQueueHeld, CostsNoAttempt) {
  HeldQueue q;
  const EventId event = q.hold_one();
  EXPECT_EQ(q.queue->status().held, 1u);
  EXPECT_EQ(q.queue->status().running, 0u);
  q.queue->configure(q.destination, q.now);
  q.give_back(event);
  EXPECT_EQ(q.next().number, 1u);
}

TEST(DestinationQueueHeld, IsNotTriedAgainWhateverTheIndexBrings) {
  HeldQueue q;
  const EventId event = q.hold_one();
  q.tell(EventId::of(50, 0), DeliveryState::pending);
  q.give_back(event);
  q.pass(1000h);
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  EXPECT_TRUE(q.queue->is_held(event, 1));
}

TEST(DestinationQueueHeld, OthersGoOnBehindAnyNumberOfThem) {
  HeldQueue q({.deliveries_max = 2});
  for (int i = 0; i < 100; ++i)
    q.hold_one();
  const EventId event = q.arrive();
  EXPECT_EQ(q.next().event, event);
}

TEST(DestinationQueueHeld, AnOutcomeToldLateDoesNotReleaseIt) {
  HeldQueue q;
  const EventId event = q.arrive();
  const Outcome outcome = q.fail(q.next());
  q.pass(1s);
  ASSERT_TRUE(q.queue->on_attempt_held(q.next(), Hold::failed));
  q.queue->on_news({.event = event, .due = outcome.due, .attempts = 1, .sequence = ++q.sequence}, q.now);
  EXPECT_TRUE(q.queue->is_held(event, 1));
}

TEST(DestinationQueueHeld, AManualRetryTriesItAgain) {
  HeldQueue q;
  const EventId event = q.hold_one();
  q.pass(1s);
  q.tell(event, DeliveryState::pending);
  EXPECT_FALSE(q.queue->is_held(event, 1));
  q.give_back(event);
  EXPECT_EQ(q.next().event, event);
}

TEST(DestinationQueueHeld, OneThatIsCancelledIsForgotten) {
  HeldQueue q;
  q.tell(q.hold_one(), DeliveryState::cancelled);
  EXPECT_EQ(q.queue->known(), 0u);
  EXPECT_EQ(q.queue->status().held, 0u);
}

TEST(DestinationQueueHeld, OneThatWasClosedMeanwhileIsNotHeld) {
  HeldQueue q;
  const EventId event = q.arrive();
  const auto order = q.next();
  q.tell(event, DeliveryState::cancelled);
  EXPECT_FALSE(q.queue->on_attempt_held(order, Hold::failed));
  EXPECT_EQ(q.queue->known(), 0u);
}

TEST(DestinationQueueHeld, OneThatItsTransformCancelledWaitsForTheIndex) {
  HeldQueue q;
  const EventId event = q.arrive();
  ASSERT_TRUE(q.queue->on_attempt_held(q.next(), Hold::cancelled));
  q.queue->configure(q.destination, q.now);
  EXPECT_FALSE(q.queue->wanted_page(q.now)) << "a reload does not release it";
  q.tell(event, DeliveryState::cancelled);
  EXPECT_EQ(q.queue->known(), 0u);
}

TEST(DestinationQueueHeld, OneThatCouldNotBeCancelledIsTriedAgain) {
  HeldQueue q;
  const EventId event = q.arrive();
  ASSERT_TRUE(q.queue->on_attempt_held(q.next(), Hold::cancelled));
  q.queue->release(event, 1);
  q.give_back(event);
  EXPECT_EQ(q.next().number, 1u);
}

TEST(DestinationQueueHeld, TooManyStopTheDestinationUntilItIsConfigured) {
  HeldQueue q({.held_max = 2});
  q.hold_one();
  const EventId last = q.hold_one();
  q.arrive();
  EXPECT_TRUE(q.queue->is_full_of_held());
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  EXPECT_FALSE(q.queue->wanted_page(q.now));
  q.queue->configure(q.destination, q.now);
  q.give_back(last);
  EXPECT_EQ(q.next().event, last);
}

}  // namespace
}  // namespace creel
