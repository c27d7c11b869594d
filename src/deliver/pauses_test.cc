#include "deliver/pauses.h"

#include <gtest/gtest.h>

#include "deliver/destination_queue_fixture.h"
#include "rules/routes.h"

namespace creel {
namespace {

StoredEvent event(std::string source, std::string type) {
  StoredEvent event;
  event.source = std::move(source);
  event.type = std::move(type);
  return event;
}
std::shared_ptr<const Routes> routes() {
  return Routes::make({{.name = "batches", .from = {"openai"}, .types = {"batch.*"}, .to = {"app"}},
                       {.name = "all", .from = {"openai"}, .to = {"app", "archive"}}})
      .value();
}
Pause pause(Pause::What what, std::string name) {
  return {.what = what, .name = std::move(name)};
}

TEST(Pauses, HoldTheEventsOfASource) {
  Pauses pauses;
  const auto change = pauses.set({pause(Pause::What::source, "stripe")});
  EXPECT_TRUE(change.holds_others);
  EXPECT_FALSE(change.has_resumed);
  EXPECT_TRUE(pauses.holds(event("stripe", "x"), "app"));
  EXPECT_FALSE(pauses.holds(event("openai", "x"), "app"));
  EXPECT_TRUE(pauses.set({}).has_resumed);
  EXPECT_FALSE(pauses.holds(event("stripe", "x"), "app"));
}

TEST(Pauses, HoldWhatTheRouteLeadsThatDecidesNow) {
  Pauses pauses;
  pauses.set_routes(routes());
  pauses.set({pause(Pause::What::route, "batches")});
  EXPECT_TRUE(pauses.holds(event("openai", "batch.completed"), "app"));
  EXPECT_FALSE(pauses.holds(event("openai", "batch.completed"), "archive")) << "by the other route";
  EXPECT_FALSE(pauses.holds(event("openai", "response.completed"), "app"));
  pauses.set_routes(nullptr);
  EXPECT_FALSE(pauses.holds(event("openai", "batch.completed"), "app"));
}

TEST(Pauses, OfDestinationsMatterToNoSingleEvent) {
  Pauses pauses;
  EXPECT_FALSE(pauses.set({pause(Pause::What::destination, "app")}).holds_others);
  EXPECT_TRUE(pauses.has_destination("app"));
  EXPECT_FALSE(pauses.looks_at_events());
}

TEST(Pauses, OtherRoutesMatterWhileARouteIsPaused) {
  Pauses pauses;
  EXPECT_FALSE(pauses.set_routes(routes()).holds_others);
  pauses.set({pause(Pause::What::route, "all")});
  EXPECT_TRUE(pauses.set_routes(routes()).holds_others);
}

TEST(DestinationQueuePause, HoldsWhatIsInMemoryAndGivesItAsResumed) {
  Queue q;
  q.arrive();
  q.queue->set_paused(true, q.now);
  q.pass(1h);
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  EXPECT_FALSE(q.queue->wakes_at());
  EXPECT_EQ(q.queue->status().queued, 1u);
  q.queue->set_paused(false, q.now);
  EXPECT_EQ(q.queue->next_attempt(q.now).value().trigger, AttemptTrigger::resume);
  q.arrive();
  EXPECT_EQ(q.queue->next_attempt(q.now).value().trigger, AttemptTrigger::first);
}

TEST(DestinationQueuePause, SkipsWhatItsSourceHoldsUntilEverythingIsReadAgain) {
  Pauses pauses;
  pauses.set({pause(Pause::What::source, "")});  // as the events of the fixture have it
  Queue q;
  q.queue.emplace(q.destination, 0, DestinationQueue::Limits{}, &pauses);
  q.queue->begin();
  EXPECT_EQ(q.queue->wanted_page(q.now).value().without_sources.size(), 1u);
  q.queue->on_page({}, q.now);
  const EventId event = q.arrive();
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  EXPECT_EQ(q.queue->known(), 0u);
  pauses.set({});
  q.pass(1s);
  q.queue->read_again(true, q.now);
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  q.queue->on_page(q.page(event, q.now.wall - 1s, q.sequence), q.now);
  EXPECT_EQ(q.queue->next_attempt(q.now).value().trigger, AttemptTrigger::resume);
}

TEST(DestinationQueuePause, APageOfHeldOnesOnlyLeadsToTheNext) {
  Queue q;
  q.tell(EventId::of(50, 0), DeliveryState::pending);
  ASSERT_TRUE(q.queue->wanted_page(q.now));
  const std::pair place(q.now.wall, EventId::of(60, 3));
  q.queue->on_page({.more = true, .upto = 100, .next = place}, q.now);
  EXPECT_EQ(q.queue->wanted_page(q.now).value().after, place);
}

TEST(DestinationQueuePause, AnAnswerThatItIsGonePausesAndLosesNothing) {
  Queue q;
  q.arrive();
  q.arrive();
  const auto first = q.queue->next_attempt(q.now).value();
  const auto second = q.queue->next_attempt(q.now).value();
  const AttemptReport gone{.result = AttemptResult::status, .status = 410};
  EXPECT_EQ(q.queue->on_attempt_ended(first, gone, q.now, 0.0).state, DeliveryState::pending);
  EXPECT_TRUE(q.queue->take_gone());
  q.queue->on_attempt_ended(second, gone, q.now, 0.0);
  EXPECT_FALSE(q.queue->take_gone()) << "said once";
  q.pass(10s);
  EXPECT_FALSE(q.queue->next_attempt(q.now));
  q.queue->set_paused(false, q.now);
  EXPECT_EQ(q.queue->next_attempt(q.now).value().number, 2u);
}

TEST(DestinationQueuePause, AnAnswerThatItIsGoneIsLikeAnyOtherWhereThePolicyNamesIt) {
  Queue q({}, {.statuses = {{.from = 410, .to = 410}}});
  q.arrive();
  const AttemptReport gone{.result = AttemptResult::status, .status = 410};
  EXPECT_EQ(q.queue->on_attempt_ended(q.queue->next_attempt(q.now).value(), gone, q.now, 0.0).state,
            DeliveryState::pending);
  EXPECT_FALSE(q.queue->take_gone());
}

TEST(DestinationQueueEnd, IsDeadWhenTheEndpointSaysSo) {
  Queue q;
  q.arrive();
  const AttemptReport report{.result = AttemptResult::exit, .status = 65, .is_final = true};
  EXPECT_EQ(q.queue->on_attempt_ended(q.queue->next_attempt(q.now).value(), report, q.now, 0.0).state,
            DeliveryState::dead);
}

TEST(DestinationQueueEnd, IsDeadAfterAStatusThatThePolicyDoesNotTryAgain) {
  Queue q({}, {.statuses = {{.from = 429, .to = 429}}});
  q.arrive();
  EXPECT_EQ(q.fail(q.queue->next_attempt(q.now).value()).state, DeliveryState::dead);
}

TEST(DestinationQueueEnd, IsDeadWhenTheNextAttemptWouldBeTooLate) {
  Queue q({}, {.initial = 1min, .age = 3min});
  // As the fixture has it, the event was received at the beginning of time.
  q.now.wall = Time(0ms);
  q.arrive();
  q.pass(1min);
  EXPECT_EQ(q.fail(q.queue->next_attempt(q.now).value()).state, DeliveryState::pending);
  q.pass(1min);
  EXPECT_EQ(q.fail(q.queue->next_attempt(q.now).value()).state, DeliveryState::dead) << "two minutes later";
}

TEST(DestinationQueueEnd, KeepsWhatTheAttemptTellsOfItself) {
  Queue q;
  q.arrive();
  AttemptReport report{.result = AttemptResult::delivered, .status = 200};
  report.timings.dns = 3ms;
  const Outcome outcome = q.queue->on_attempt_ended(q.queue->next_attempt(q.now).value(), report, q.now, 0.0);
  EXPECT_EQ(outcome.attempt.timings.dns, 3ms);
  EXPECT_EQ(outcome.attempt.trigger, AttemptTrigger::first);
}

TEST(DestinationQueueEnd, SaysWhyEachAttemptWasMade) {
  Queue q;
  const EventId event = q.arrive();
  q.fail(q.queue->next_attempt(q.now).value());
  q.tell(event, DeliveryState::pending, 1, 0);
  q.pass(1s);
  const auto retry = q.queue->next_attempt(q.now).value();
  EXPECT_EQ(retry.trigger, AttemptTrigger::retry);
  q.succeed(retry);
  q.tell(event, DeliveryState::delivered, 2);
  q.queue->on_news({.event = event,
                    .due = q.now.wall,
                    .attempts = 2,
                    .attempts_base = 2,
                    .sequence = ++q.sequence,
                    .content = Queue::content(event)},
                   q.now);
  EXPECT_EQ(q.queue->next_attempt(q.now).value().trigger, AttemptTrigger::manual);
  q.queue->on_news({.event = event,
                    .ordinal = 2,
                    .due = q.now.wall,
                    .sequence = ++q.sequence,
                    .content = Queue::content(event)},
                   q.now);
  EXPECT_EQ(q.queue->next_attempt(q.now).value().trigger, AttemptTrigger::replay);
}

}  // namespace
}  // namespace creel
