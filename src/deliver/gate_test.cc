#include "deliver/gate.h"

#include <gtest/gtest.h>

namespace creel {
namespace {

using namespace std::chrono_literals;

constexpr Ticks kStart{1h};
const AttemptReport kDelivered{.result = AttemptResult::delivered, .status = 200};

AttemptReport told_to_wait(int status, std::chrono::seconds time) {
  return {.result = AttemptResult::status, .status = status, .retry_after = time};
}

int begin_all(Gate& gate, Ticks now) {
  int begun = 0;
  for (; gate.admits(now); ++begun)
    gate.on_begun(now);
  return begun;
}

TEST(Gate, AdmitsAsManyAsItHasSlots) {
  Gate gate({.name = "app", .concurrency = 3}, kStart);
  EXPECT_EQ(begin_all(gate, kStart), 3);
  EXPECT_FALSE(gate.opens_at(kStart)) << "only an end can open it";
  gate.on_ended(kDelivered, kStart, kStart + 1s);
  EXPECT_EQ(begin_all(gate, kStart + 1s), 1);
  EXPECT_EQ(gate.status().running, 3u);
}

TEST(Gate, AdmitsNothingWhilePaused) {
  Gate gate({.name = "app"}, kStart);
  gate.set_paused(true);
  EXPECT_FALSE(gate.admits(kStart));
  EXPECT_FALSE(gate.opens_at(kStart));
  EXPECT_TRUE(gate.status().is_paused);
  gate.set_paused(false);
  EXPECT_TRUE(gate.admits(kStart));
}

TEST(Gate, KeepsTheRate) {
  Gate gate({.name = "app", .rate = Rate{.count = 2, .per = 1s}}, kStart);
  EXPECT_EQ(begin_all(gate, kStart), 2);
  EXPECT_EQ(gate.opens_at(kStart), kStart + 500ms);
  EXPECT_FALSE(gate.admits(kStart + 499ms));
  EXPECT_EQ(begin_all(gate, kStart + 500ms), 1);
}

TEST(Gate, HoldsEverythingForAsLongAsAnAnswerAsks) {
  for (const int status : {429, 503}) {
    Gate gate({.name = "app"}, kStart);
    gate.on_begun(kStart);
    gate.on_ended(told_to_wait(status, 90s), kStart, kStart + 1s);
    EXPECT_FALSE(gate.admits(kStart + 90s)) << status;
    EXPECT_EQ(gate.opens_at(kStart + 2s), kStart + 91s);
    EXPECT_EQ(gate.status().not_before, kStart + 91s);
    EXPECT_TRUE(gate.admits(kStart + 91s));
  }
}

TEST(Gate, WaitsForTheLongestThatWasAsked) {
  Gate gate({.name = "app"}, kStart);
  gate.on_begun(kStart);
  gate.on_begun(kStart);
  gate.on_ended(told_to_wait(503, 60s), kStart, kStart);
  gate.on_ended(told_to_wait(503, 5s), kStart, kStart);
  EXPECT_EQ(gate.opens_at(kStart), kStart + 60s);
}

TEST(Gate, WaitsNoLongerThanIsAllowed) {
  const auto opens_after = [](const RetryPolicy& retry, std::chrono::seconds asked) {
    Gate gate({.name = "app", .retry = retry}, kStart);
    gate.on_begun(kStart);
    gate.on_ended(told_to_wait(503, asked), kStart, kStart);
    return gate.opens_at(kStart).value() - kStart;
  };
  EXPECT_EQ(opens_after({}, std::chrono::seconds::max()), 1h);
  EXPECT_EQ(opens_after({.max = 24h}, 12h), 12h);
  EXPECT_EQ(opens_after({.growth = RetryPolicy::Growth::list, .delays = {1s, 6h}}, 12h), 6h);
}

TEST(Gate, TakesNoWishesOfOtherAnswers) {
  Gate gate({.name = "app"}, kStart);
  for (const int status : {301, 404, 500}) {
    gate.on_begun(kStart);
    gate.on_ended(told_to_wait(status, 60s), kStart, kStart);
    EXPECT_TRUE(gate.admits(kStart)) << status;
  }
}

TEST(Gate, LetsACanaryGoAndThenEverything) {
  Gate gate({.name = "app", .concurrency = 4, .breaker = BreakerPolicy{.attempts = 4}}, kStart);
  ASSERT_EQ(begin_all(gate, kStart), 4);
  EXPECT_FALSE(gate.take_change());
  for (int i = 0; i < 4; ++i)
    gate.on_ended({.result = AttemptResult::timeout}, kStart, kStart + 1s);
  EXPECT_EQ(gate.take_change(), BreakerState::open);
  EXPECT_FALSE(gate.take_change()) << "said once";
  EXPECT_EQ(gate.opens_at(kStart + 1s), kStart + 31s);
  EXPECT_EQ(begin_all(gate, kStart + 31s), 1);
  EXPECT_EQ(gate.take_change(), BreakerState::half_open);
  EXPECT_FALSE(gate.opens_at(kStart + 31s)) << "only the canary's end can open it";
  gate.on_ended(kDelivered, kStart + 31s, kStart + 32s);
  EXPECT_EQ(gate.take_change(), BreakerState::closed);
  EXPECT_EQ(begin_all(gate, kStart + 32s), 4);
}

TEST(Gate, GivesBackWhatAnAttemptThatWasNotMadeHadTaken) {
  Gate gate({.name = "app",
             .concurrency = 1,
             .rate = Rate{.count = 1, .per = 1h},
             .breaker = BreakerPolicy{.attempts = 1}},
            kStart);
  gate.on_begun(kStart);
  gate.on_withdrawn(kStart, kStart);
  EXPECT_TRUE(gate.admits(kStart)) << "slot and token";
  gate.on_begun(kStart);
  gate.on_ended({.result = AttemptResult::timeout}, kStart, kStart + 1s);
  const Ticks later = kStart + 2h;
  ASSERT_TRUE(gate.admits(later));
  gate.on_begun(later);
  gate.on_withdrawn(later, later);
  EXPECT_TRUE(gate.admits(later)) << "the canary too";
}

TEST(Gate, TakesOtherSettingsWhileAttemptsRun) {
  Destination destination{.name = "app", .concurrency = 4, .breaker = BreakerPolicy{.attempts = 1}};
  Gate gate(destination, kStart);
  ASSERT_EQ(begin_all(gate, kStart), 4);
  destination.concurrency = 2;
  gate.configure(destination, kStart);
  gate.on_ended(kDelivered, kStart, kStart);
  EXPECT_FALSE(gate.admits(kStart)) << "three run, two may";
  gate.on_ended({.result = AttemptResult::timeout}, kStart, kStart);
  EXPECT_EQ(gate.status().breaker, BreakerState::open);
  destination.timeout = 1s;
  gate.configure(destination, kStart);
  EXPECT_EQ(gate.status().breaker, BreakerState::open) << "its policy did not change";
  destination.breaker.reset();
  gate.configure(destination, kStart);
  EXPECT_EQ(gate.status().breaker, BreakerState::closed);
}

TEST(Gate, FollowsHowTheDestinationDoes) {
  Gate gate({.name = "app", .concurrency = 10, .is_adaptive = true}, kStart);
  gate.on_begun(kStart);
  gate.on_ended({.result = AttemptResult::timeout}, kStart, kStart + 30s);
  EXPECT_EQ(gate.status().slots, 7u);
  EXPECT_EQ(begin_all(gate, kStart + 31s), 7);
}

}  // namespace
}  // namespace creel
