#include "deliver/breaker.h"

#include <gtest/gtest.h>

namespace creel {
namespace {

using namespace std::chrono_literals;

constexpr Ticks kStart{1h};
constexpr auto kAnswered = Breaker::Sign::answered, kFailed = Breaker::Sign::failed,
               kTimedOut = Breaker::Sign::timed_out;
constexpr BreakerPolicy kPolicy{.ratio = 0.5, .attempts = 10, .window = 16s, .probe_after = 30s};

void end_some(Breaker& breaker, int successes, int failures, Ticks now) {
  for (int i = 0; i < successes; ++i)
    breaker.on_ended(kAnswered, now, now);
  for (int i = 0; i < failures; ++i)
    breaker.on_ended(kFailed, now, now);
}

Breaker opened(Ticks now = kStart) {
  Breaker breaker(kPolicy);
  end_some(breaker, 0, 10, now);
  return breaker;
}

TEST(Breaker, TellsALoadedDestinationFromOneThatAnswers) {
  const auto sign_of = [](AttemptResult result, int status = 0) {
    return Breaker::sign_of({.result = result, .status = status});
  };
  EXPECT_EQ(sign_of(AttemptResult::delivered, 200), kAnswered);
  for (const int status : {301, 400, 401, 404, 410, 422})
    EXPECT_EQ(sign_of(AttemptResult::status, status), kAnswered) << status;
  for (const int status : {429, 500, 503, 599})
    EXPECT_EQ(sign_of(AttemptResult::status, status), kFailed) << status;
  for (const AttemptResult result : {AttemptResult::connect, AttemptResult::dns, AttemptResult::tls,
                                     AttemptResult::reset, AttemptResult::exit})
    EXPECT_EQ(sign_of(result), kFailed) << to_text(result);
  EXPECT_EQ(sign_of(AttemptResult::timeout), kTimedOut);
  EXPECT_EQ(Breaker::sign_of({.result = AttemptResult::exit, .status = 65, .is_final = true}), kAnswered)
      << "the program is there, and refuses this event";
}

TEST(Breaker, OpensAtTheShareAndNotBefore) {
  Breaker few(kPolicy), half(kPolicy), less(kPolicy);
  end_some(few, 0, 9, kStart);
  EXPECT_EQ(few.state(), BreakerState::closed) << "nine are too few to tell";
  end_some(half, 5, 5, kStart);
  EXPECT_EQ(half.state(), BreakerState::open);
  end_some(less, 6, 5, kStart);
  EXPECT_EQ(less.state(), BreakerState::closed);
}

// Of four places with a timeout of half a minute, eight attempts end in a minute.
TEST(Breaker, OpensWhenAFewGotNoAnswerAndNoneDid) {
  Breaker breaker({});
  for (const Ticks round : {kStart + 30s, kStart + 60s}) {
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(breaker.state(), i == 0 || round == kStart + 30s ? BreakerState::closed : BreakerState::open);
      breaker.on_ended(kTimedOut, round - 30s, round);
    }
  }
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST(Breaker, WaitsForMoreWhereSomethingIsAnswered) {
  for (const auto other : {kAnswered, kFailed}) {
    Breaker breaker(kPolicy);
    breaker.on_ended(other, kStart, kStart);
    for (int i = 0; i < 8; ++i)
      breaker.on_ended(kTimedOut, kStart, kStart);
    EXPECT_EQ(breaker.state(), BreakerState::closed);
    breaker.on_ended(kTimedOut, kStart, kStart);
    EXPECT_EQ(breaker.state(), BreakerState::open) << "they count like any failure";
  }
}

TEST(Breaker, ForgetsTimeoutsThatAreOlderThanItsWindow) {
  Breaker breaker(kPolicy);
  for (int i = 0; i < 20; ++i) {
    const Ticks now = kStart + i * kPolicy.window / 2;
    breaker.on_ended(kTimedOut, now, now);
  }
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

// As many as run at once by default, all of which hang.
TEST(Breaker, OpensByItsDefaultsInTheFirstRoundOfWhatHangsOrFails) {
  for (const auto sign : {kTimedOut, kFailed}) {
    Breaker breaker({});
    for (int i = 0; i < Destination().concurrency; ++i)
      breaker.on_ended(sign, kStart, kStart + Destination().timeout);
    EXPECT_EQ(breaker.state(), BreakerState::open);
  }
}

TEST(Breaker, OpensNeverWithoutAFailure) {
  Breaker breaker({.ratio = 0, .attempts = 1});
  breaker.on_ended(kAnswered, kStart, kStart);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST(Breaker, ForgetsWhatIsOlderThanItsWindow) {
  Breaker breaker(kPolicy);
  end_some(breaker, 0, 9, kStart);
  end_some(breaker, 0, 1, kStart + 17s);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  end_some(breaker, 0, 9, kStart + 25s);
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST(Breaker, SendsOneCanaryAfterAWhile) {
  Breaker breaker = opened();
  EXPECT_FALSE(breaker.admits(kStart + 29s));
  EXPECT_EQ(breaker.probes_at(), kStart + 30s);
  const Ticks probe = kStart + 30s;
  ASSERT_TRUE(breaker.admits(probe));
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
  breaker.on_begun(probe);
  EXPECT_FALSE(breaker.admits(probe + 1h)) << "one at a time";
  breaker.on_ended(kAnswered, probe, probe + 1s);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  EXPECT_TRUE(breaker.admits(probe + 1s));
  EXPECT_FALSE(breaker.probes_at());
}

TEST(Breaker, OpensAgainWhenTheCanaryFails) {
  Breaker breaker = opened();
  const Ticks probe = kStart + 30s;
  ASSERT_TRUE(breaker.admits(probe));
  breaker.on_begun(probe);
  breaker.on_ended(kFailed, probe, probe + 2s);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_EQ(breaker.probes_at(), probe + 32s);
}

TEST(Breaker, HearsNothingOfWhatBeganBeforeItChanged) {
  Breaker breaker = opened();
  breaker.on_ended(kAnswered, kStart - 1s, kStart + 1s);
  EXPECT_EQ(breaker.state(), BreakerState::open) << "a late success is of the time before";
  const Ticks probe = kStart + 30s;
  ASSERT_TRUE(breaker.admits(probe));
  breaker.on_begun(probe);
  breaker.on_ended(kFailed, kStart - 1s, probe + 1s);
  EXPECT_EQ(breaker.state(), BreakerState::half_open) << "the canary is still out";
  breaker.on_ended(kAnswered, probe, probe + 2s);
  for (int i = 0; i < 100; ++i)
    breaker.on_ended(kFailed, kStart - 1s, probe + 3s);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST(Breaker, SendsAnotherCanaryWhenTheFirstWasNotMade) {
  Breaker breaker = opened();
  const Ticks probe = kStart + 30s;
  ASSERT_TRUE(breaker.admits(probe));
  breaker.on_begun(probe);
  EXPECT_TRUE(breaker.is_probing());
  breaker.on_withdrawn(probe);
  EXPECT_FALSE(breaker.is_probing());
  EXPECT_TRUE(breaker.admits(probe));
}

TEST(Breaker, StartsCountingAnewWhenItCloses) {
  Breaker breaker = opened();
  const Ticks probe = kStart + 30s;
  ASSERT_TRUE(breaker.admits(probe));
  breaker.on_begun(probe);
  breaker.on_ended(kAnswered, probe, probe);
  end_some(breaker, 0, 9, probe);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  end_some(breaker, 0, 1, probe);
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

}  // namespace
}  // namespace creel
