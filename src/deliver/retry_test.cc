#include "deliver/retry.h"

#include <gtest/gtest.h>

#include "deliver/retry_after.h"

namespace creel {
namespace {

using namespace std::chrono_literals;

constexpr auto kFailed = AttemptResult::status;

TEST(NextDelay, DoublesFromTheFirstToTheLongest) {
  const RetryPolicy policy;
  EXPECT_EQ(next_delay(policy, kFailed, 1, 0.0, {}), 1s);
  EXPECT_EQ(next_delay(policy, kFailed, 2, 0.0, {}), 2s);
  EXPECT_EQ(next_delay(policy, kFailed, 12, 0.0, {}), 2048s);
  EXPECT_EQ(next_delay(policy, kFailed, 13, 0.0, {}), 1h);
  EXPECT_EQ(next_delay(policy, kFailed, 99, 0.0, {}), 1h);
}

TEST(NextDelay, GrowsInALineAndByAList) {
  const RetryPolicy line{.initial = 10s, .max = 35s, .growth = RetryPolicy::Growth::linear};
  EXPECT_EQ(next_delay(line, kFailed, 1, 0.0, {}), 10s);
  EXPECT_EQ(next_delay(line, kFailed, 3, 0.0, {}), 30s);
  EXPECT_EQ(next_delay(line, kFailed, 4, 0.0, {}), 35s);
  const RetryPolicy list{.growth = RetryPolicy::Growth::list, .delays = {5s, 1min, 6h}};
  EXPECT_EQ(next_delay(list, kFailed, 1, 0.0, {}), 5s);
  EXPECT_EQ(next_delay(list, kFailed, 2, 0.0, {}), 1min);
  EXPECT_EQ(next_delay(list, kFailed, 3, 0.0, {}), 6h);
  EXPECT_EQ(next_delay(list, kFailed, 50, 0.0, {}), 6h) << "the last one again and again";
}

TEST(LongestDelay, CoversWhatAListSays) {
  const RetryPolicy list{.jitter = 0.5, .growth = RetryPolicy::Growth::list, .delays = {48h, 1s}};
  EXPECT_EQ(longest_delay(list), 72h);
}

TEST(IsTriedAgain, FollowsTheStatusesOfThePolicy) {
  constexpr StatusRange kServer{.from = 500, .to = 599}, kSlow{.from = 429, .to = 429},
      kNot501{.from = 501, .to = 501, .is_excluded = true};
  struct Case {
    std::vector<StatusRange> statuses;
    std::vector<int> again, final;
  };
  const Case cases[] = {
      {.statuses = {}, .again = {301, 400, 404, 410, 500}, .final = {}},
      {.statuses = {kServer, kSlow}, .again = {429, 500, 501, 599}, .final = {302, 400, 428, 430}},
      {.statuses = {kServer, kNot501}, .again = {500, 502}, .final = {501, 404}},
      {.statuses = {kNot501}, .again = {400, 500, 502}, .final = {501}},
  };
  for (const Case& one : cases) {
    const RetryPolicy policy{.statuses = one.statuses};
    for (const int status : one.again)
      EXPECT_TRUE(is_tried_again(policy, AttemptResult::status, status)) << status;
    for (const int status : one.final)
      EXPECT_FALSE(is_tried_again(policy, AttemptResult::status, status)) << status;
    EXPECT_TRUE(is_tried_again(policy, AttemptResult::timeout, 0)) << "no answer is always tried again";
    EXPECT_FALSE(is_tried_again(policy, AttemptResult::delivered, 200));
  }
}

TEST(NextDelay, SpreadsEvenlyAroundTheDelay) {
  const RetryPolicy policy;
  EXPECT_EQ(next_delay(policy, kFailed, 1, -1.0, {}), 800ms);
  EXPECT_EQ(next_delay(policy, kFailed, 1, 0.5, {}), 1100ms);
}

TEST(NextDelay, StopsAfterTheLastAttempt) {
  const RetryPolicy policy{.attempts = 3};
  EXPECT_TRUE(next_delay(policy, kFailed, 2, 0.0, {}));
  EXPECT_FALSE(next_delay(policy, kFailed, 3, 0.0, {}));
  EXPECT_FALSE(next_delay(policy, kFailed, 4, 0.0, 1s));
}

TEST(NextDelay, OneAttemptMeansNoSecond) {
  EXPECT_FALSE(next_delay(RetryPolicy{.attempts = 1}, kFailed, 1, 0.0, {}));
}

TEST(NextDelay, GivesNoneAfterSuccess) {
  EXPECT_FALSE(next_delay(RetryPolicy{}, AttemptResult::delivered, 1, 0.0, {}));
}

TEST(NextDelay, AHundredAttemptsTakeAboutThreeDaysAndAHalf) {
  const RetryPolicy policy;
  std::chrono::milliseconds sum{0};
  for (std::uint32_t made = 1; made < 100; ++made)
    sum += next_delay(policy, kFailed, made, 0.0, {}).value();
  EXPECT_GT(sum, 84h);
  EXPECT_LT(sum, 90h);
}

TEST(NextDelay, SurvivesGrowthBeyondAllNumbers) {
  const RetryPolicy policy{.factor = 1e6, .attempts = 2'000'000'000};
  EXPECT_EQ(next_delay(policy, kFailed, 1'000'000'000, 0.0, {}), 1h);
}

TEST(NextDelay, WaitsAsLongAsTheAnswerAsks) {
  const RetryPolicy policy{.max = 1s};
  EXPECT_EQ(next_delay(policy, kFailed, 1, 0.0, 30s), 30s);
  EXPECT_EQ(next_delay(policy, kFailed, 1, 0.0, 0s), 1s);
}

TEST(NextDelay, LetsNoAnswerAskForEver) {
  EXPECT_EQ(next_delay(RetryPolicy{}, kFailed, 1, 0.0, 999'999'999s), 1h);
  EXPECT_EQ(next_delay(RetryPolicy{.max = 5h}, kFailed, 1, 0.0, 999'999'999s), 5h);
  const RetryPolicy list{.growth = RetryPolicy::Growth::list, .delays = {5s, 6h}};
  EXPECT_EQ(next_delay(list, kFailed, 1, 0.0, 999'999'999s), 6h);
}

TEST(LongestDelay, IsNeverExceeded) {
  for (const RetryPolicy& policy : {RetryPolicy{}, RetryPolicy{.initial = 1ms, .max = 2ms},
                                    RetryPolicy{.max = 30h}, RetryPolicy{.max = 90min, .jitter = 1.0}}) {
    for (std::uint32_t made = 1; made < 100; ++made) {
      for (const double spread : {-1.0, 0.0, 0.999999}) {
        const auto longest = longest_delay(policy);
        EXPECT_LE(next_delay(policy, kFailed, made, spread, {}).value(), longest);
        EXPECT_LE(next_delay(policy, kFailed, made, spread, 1'000'000s).value(), longest);
      }
    }
  }
}

// --- Retry-After
// ---------------------------------------------------------------------------------------------------

// Sun, 06 Nov 1994 08:49:00 GMT
constexpr Time kNow{784'111'740'000ms};

TEST(RetryAfter, ReadsSeconds) {
  EXPECT_EQ(parse_retry_after("120", kNow), 120s);
  EXPECT_EQ(parse_retry_after(" 0 ", kNow), 0s);
  EXPECT_EQ(parse_retry_after("00007", kNow), 7s);
}

TEST(RetryAfter, TakesNumbersBeyondAllReasonAsVeryLong) {
  EXPECT_EQ(parse_retry_after("99999999999999999999999999", kNow), 999'999'999s);
}

TEST(RetryAfter, ReadsEachFormOfDate) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow), 37s);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", kNow), 37s);
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", kNow), 37s);
}

TEST(RetryAfter, RoundsPartsOfASecondUp) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow + 500ms), 37s);
}

TEST(RetryAfter, ADateThatIsPastIsNow) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:48:37 GMT", kNow), 0s);
}

TEST(RetryAfter, RefusesWhatIsNeither) {
  for (const std::string_view text :
       {"", " ", "-1", "1.5", "1s", "soon", "Sun, 06 Nov 1994 08:49:37 PST", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nob 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
        "a b c d e f g h", "Sun, 06 Nov 99999 08:49:37 GMT", "----", "1994-11-06T08:49:37Z"}) {
    EXPECT_FALSE(parse_retry_after(text, kNow)) << text;
  }
}

}  // namespace
}  // namespace creel
