#include "deliver/rate_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/random.h"

namespace creel {
namespace {

using namespace std::chrono_literals;

constexpr Ticks kStart{1h};

int taken_at(RateLimit& limit, Ticks now) {
  int taken = 0;
  for (; limit.has_token(now); ++taken)
    limit.take(now);
  return taken;
}

TEST(RateLimit, StartsFullWithOneSecondsWorth) {
  RateLimit a_second({.count = 50, .per = 1s}, kStart), a_minute({.count = 600, .per = 1min}, kStart),
      an_hour({.count = 10, .per = 1h}, kStart);
  EXPECT_EQ(taken_at(a_second, kStart), 50);
  EXPECT_EQ(taken_at(a_minute, kStart), 10);
  EXPECT_EQ(taken_at(an_hour, kStart), 1);
}

TEST(RateLimit, TakesTheBurstItIsTold) {
  RateLimit limit({.count = 100, .per = 1min, .burst = 20}, kStart),
      none({.count = 5, .per = 1s, .burst = 0}, kStart);
  EXPECT_EQ(taken_at(limit, kStart), 20);
  EXPECT_EQ(taken_at(none, kStart), 1) << "a bucket that holds nothing would never open";
}

TEST(RateLimit, SaysWhenTheNextTokenIsThere) {
  RateLimit limit({.count = 3, .per = 1s, .burst = 1}, kStart);
  EXPECT_EQ(limit.next_at(kStart), kStart);
  limit.take(kStart);
  const Ticks next = limit.next_at(kStart);
  EXPECT_EQ(next, kStart + 333333334ns) << "rounded up: never too soon";
  EXPECT_FALSE(limit.has_token(next - 1ns));
  EXPECT_TRUE(limit.has_token(next));
}

TEST(RateLimit, FillsUpToTheBurstAndNoFurther) {
  RateLimit limit({.count = 10, .per = 1s, .burst = 4}, kStart);
  EXPECT_EQ(taken_at(limit, kStart), 4);
  EXPECT_EQ(taken_at(limit, kStart + 200ms), 2);
  EXPECT_EQ(taken_at(limit, kStart + 24h), 4);
}

TEST(RateLimit, GivesBackWhatWasTakenForNothing) {
  RateLimit limit({.count = 1, .per = 1h}, kStart);
  limit.take(kStart);
  EXPECT_FALSE(limit.has_token(kStart + 1s));
  limit.give_back(kStart + 1s);
  EXPECT_TRUE(limit.has_token(kStart + 1s));
}

TEST(RateLimit, KeepsWhatItHoldsWhenTheRateChanges) {
  RateLimit limit({.count = 10, .per = 1s, .burst = 10}, kStart);
  EXPECT_EQ(taken_at(limit, kStart), 10);
  limit.configure({.count = 100, .per = 1s, .burst = 100}, kStart);
  EXPECT_LE(taken_at(limit, kStart), 90) << "ten were taken";
  limit.configure({.count = 1, .per = 1s, .burst = 1}, kStart);
  EXPECT_EQ(taken_at(limit, kStart), 0) << "an empty bucket stays empty";
  EXPECT_EQ(taken_at(limit, kStart + 1s), 1);
}

// Whatever the moments at which it is asked: no window of the rate's length has more than it may, and whoever
// waits for next_at() always gets one.
TEST(RateLimit, NeverExceedsTheRateInAnyWindow) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    const Rate rate{.count = static_cast<std::uint32_t>(1 + random.below(200)),
                    .per = std::vector<std::chrono::milliseconds>{1s, 1min, 1h}[random.below(3)],
                    .burst = static_cast<std::uint32_t>(1 + random.below(30))};
    RateLimit limit(rate, kStart);
    std::vector<Ticks> begins;
    for (Ticks now = kStart; begins.size() < 1000;) {
      if (random.below(3) == 0) now += std::chrono::nanoseconds(rate.per) * random.below(100) / 1000;
      if (!limit.has_token(now)) {
        now = limit.next_at(now);
        ASSERT_TRUE(limit.has_token(now)) << "seed " << seed;
      }
      limit.take(now);
      begins.push_back(now);
    }
    for (std::size_t i = 0; i < begins.size(); ++i) {
      const auto end = std::ranges::lower_bound(begins, begins[i] + rate.per);
      ASSERT_LE(end - begins.begin() - static_cast<std::ptrdiff_t>(i), rate.count + *rate.burst)
          << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace creel
