#include "deliver/adaptive_concurrency.h"

#include <gtest/gtest.h>

namespace creel {
namespace {

using namespace std::chrono_literals;

constexpr Ticks kStart{1h};
const AttemptReport kDelivered{.result = AttemptResult::delivered, .status = 200};

AttemptReport answered(int status) {
  return {.result = AttemptResult::status, .status = status};
}

// So many successes, each of which took so long.
Ticks succeed(AdaptiveConcurrency& adaptive, int times, std::chrono::milliseconds took, Ticks now) {
  for (int i = 0; i < times; ++i, now += took)
    adaptive.on_ended(kDelivered, now, now + took);
  return now;
}

TEST(AdaptiveConcurrency, StartsAtWhatIsConfigured) {
  EXPECT_EQ(AdaptiveConcurrency(32).slots(), 32u);
  EXPECT_EQ(AdaptiveConcurrency(0).slots(), 1u);
}

TEST(AdaptiveConcurrency, FallsWhenItIsPushedBack) {
  const AttemptReport reports[] = {
      answered(429), answered(503), {.result = AttemptResult::timeout}, {.result = AttemptResult::connect}};
  for (const AttemptReport& report : reports) {
    AdaptiveConcurrency adaptive(10);
    adaptive.on_ended(report, kStart, kStart + 1s);
    EXPECT_EQ(adaptive.slots(), 7u) << to_text(report.result) << " " << report.status;
  }
}

TEST(AdaptiveConcurrency, StaysWhereAnAnswerSaysNothingOfLoad) {
  AdaptiveConcurrency adaptive(10);
  for (const int status : {301, 400, 404, 422})
    adaptive.on_ended(answered(status), kStart, kStart + 1s);
  const AttemptReport refused{.result = AttemptResult::exit, .status = 65, .is_final = true};
  adaptive.on_ended(refused, kStart, kStart + 1s);
  EXPECT_EQ(adaptive.slots(), 10u);
}

TEST(AdaptiveConcurrency, FallsOnceForAllThatRanTogether) {
  AdaptiveConcurrency adaptive(10);
  for (int i = 0; i < 10; ++i)
    adaptive.on_ended(answered(500), kStart, kStart + 1s + i * 1ms);
  EXPECT_EQ(adaptive.slots(), 7u);
  adaptive.on_ended(answered(500), kStart + 2s, kStart + 3s);
  EXPECT_EQ(adaptive.slots(), 4u);
}

TEST(AdaptiveConcurrency, NeverFallsBelowOne) {
  AdaptiveConcurrency adaptive(32);
  for (int i = 0; i < 100; ++i)
    adaptive.on_ended(answered(500), kStart + i * 2s, kStart + i * 2s + 1s);
  EXPECT_EQ(adaptive.slots(), 1u);
}

TEST(AdaptiveConcurrency, GrowsByOneInARound) {
  AdaptiveConcurrency adaptive(10);
  adaptive.on_ended(answered(500), kStart, kStart);
  Ticks now = succeed(adaptive, 6, 1ms, kStart + 1s);
  EXPECT_EQ(adaptive.slots(), 7u);
  now = succeed(adaptive, 3, 1ms, now);
  EXPECT_EQ(adaptive.slots(), 8u);
  succeed(adaptive, 1000, 1ms, now);
  EXPECT_EQ(adaptive.slots(), 10u) << "and no further than it is allowed";
}

TEST(AdaptiveConcurrency, FallsWhenItBecomesSlow) {
  AdaptiveConcurrency adaptive(32);
  const Ticks now = succeed(adaptive, 100, 20ms, kStart);
  EXPECT_EQ(adaptive.slots(), 32u);
  succeed(adaptive, 40, 200ms, now);
  EXPECT_LT(adaptive.slots(), 32u);
}

TEST(AdaptiveConcurrency, GetsUsedToADestinationThatIsSlowNow) {
  AdaptiveConcurrency adaptive(8);
  Ticks now = succeed(adaptive, 100, 20ms, kStart);
  now = succeed(adaptive, 5000, 200ms, now);
  EXPECT_EQ(adaptive.slots(), 8u);
}

TEST(AdaptiveConcurrency, TakesNoNoticeOfAMillisecond) {
  AdaptiveConcurrency adaptive(32);
  const Ticks now = succeed(adaptive, 100, 0ms, kStart);
  succeed(adaptive, 100, 1ms, now);
  EXPECT_EQ(adaptive.slots(), 32u);
}

TEST(AdaptiveConcurrency, KeepsWhatItLearntWhenItMayHaveMore) {
  AdaptiveConcurrency adaptive(10);
  adaptive.on_ended(answered(500), kStart, kStart);
  adaptive.set_max(20);
  EXPECT_EQ(adaptive.slots(), 7u);
  adaptive.set_max(3);
  EXPECT_EQ(adaptive.slots(), 3u);
}

}  // namespace
}  // namespace creel
