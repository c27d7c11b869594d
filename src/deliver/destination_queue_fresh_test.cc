// What is new keeps a share while a backlog drains.
#include <gtest/gtest.h>

#include "deliver/destination_queue_fixture.h"

namespace creel {
namespace {

// One whose memory is full of what came before.
struct BackloggedQueue : Queue {
  BackloggedQueue() : Queue({.deliveries_max = 8}) {
    for (int i = 0; i < 8; ++i)
      backlog.push_back(arrive());
    backlog.push_back(spill());
  }
  // News without its content is left to the index.
  EventId spill() {
    const EventId id = EventId::of(++sequence, 0);
    queue->on_news({.event = id, .due = now.wall, .sequence = sequence}, now);
    return id;
  }
  AttemptOrder next() { return queue->next_attempt(now).value(); }
  std::vector<EventId> backlog;
};

TEST(DestinationQueueFresh, EverySecondAttemptIsOfTheNew) {
  BackloggedQueue q;
  ASSERT_TRUE(q.queue->status().spilled);
  EXPECT_TRUE(q.queue->wants_content());
  const EventId first = q.arrive();
  const EventId second = q.arrive();
  std::vector<EventId> made;
  for (int i = 0; i < 4; ++i) {
    const auto order = q.next();
    made.push_back(order.event);
    q.succeed(order);
  }
  EXPECT_EQ(made, (std::vector{q.backlog[0], first, q.backlog[1], second}));
}

TEST(DestinationQueueFresh, TakesAQuarterOfTheMemoryAndNoMore) {
  BackloggedQueue q;
  for (int i = 0; i < 10; ++i)
    q.arrive();
  EXPECT_EQ(q.queue->status().fresh, 2u);
  EXPECT_EQ(q.queue->status().queued, 8u);
  EXPECT_FALSE(q.queue->wants_content());
}

TEST(DestinationQueueFresh, AReplayIsNotNew) {
  BackloggedQueue q;
  const EventId id = EventId::of(++q.sequence, 0);
  q.queue->on_news(
      {.event = id, .ordinal = 2, .due = q.now.wall, .sequence = q.sequence, .content = Queue::content(id)},
      q.now);
  EXPECT_EQ(q.queue->status().fresh, 0u);
}

TEST(DestinationQueueFresh, ThePageThatShowsItFindsItRunning) {
  BackloggedQueue r;
  const EventId running = r.arrive();
  r.succeed(r.next());
  const auto order = r.next();
  ASSERT_EQ(order.event, running);
  for (int i = 0; i < 7; ++i)
    r.succeed(r.next());
  ASSERT_TRUE(r.queue->wanted_page(r.now));
  r.queue->on_page(r.page(running, r.now.wall, r.sequence), r.now);
  EXPECT_FALSE(r.queue->next_attempt(r.now));
  EXPECT_EQ(r.succeed(order).state, DeliveryState::delivered);
}

TEST(DestinationQueueFresh, JoinsTheOthersWhenTheHorizonPassesIt) {
  BackloggedQueue q;
  const EventId fresh = q.arrive();
  q.queue->read_again(false, q.now);
  EXPECT_EQ(q.queue->status().fresh, 0u) << "everything is asked for again";
  const EventId next = q.arrive();
  EXPECT_EQ(q.queue->status().fresh, 1u);
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  DuePage page = q.page(fresh, q.now.wall, q.sequence);
  page.deliveries.push_back(q.page(next, q.now.wall, q.sequence).deliveries.front());
  q.queue->on_page(page, q.now);
  EXPECT_EQ(q.queue->status().fresh, 0u);
  EXPECT_EQ(q.queue->status().queued, 2u);
  EXPECT_EQ(q.next().event, fresh);
  EXPECT_EQ(q.next().event, next);
}

}  // namespace
}  // namespace creel
