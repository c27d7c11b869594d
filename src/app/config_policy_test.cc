#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_fixture.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

std::string app(std::string_view lines) {
  return "[destinations.app]\nurl = 'https://app.example/'\n" + std::string(lines) +
         "\n[[routes]]\nfrom = ['openai']\nto = ['app']\n";
}

Destination destination_of(std::string_view lines) {
  auto loaded = Machine{}.load(app(lines));
  EXPECT_THAT(texts_of(loaded), IsEmpty()) << lines;
  return loaded.config ? loaded.config->destinations.at(0) : Destination{};
}

TEST(Retry, WaitsLongerEachTimeByDefault) {
  EXPECT_EQ(destination_of("").retry, RetryPolicy{});
}

TEST(Retry, MayWaitByAList) {
  const RetryPolicy retry =
      destination_of("retry = { delays = ['5s', '1m'], attempts = 3, age = '3d' }").retry;
  EXPECT_EQ(retry.growth, RetryPolicy::Growth::list);
  EXPECT_THAT(retry.delays, ElementsAre(5s, 1min));
  EXPECT_EQ(retry.attempts, 3);
  EXPECT_EQ(retry.age, 72h);
  EXPECT_EQ(destination_of("retry = { backoff = 'linear', initial = '2s' }").retry.growth,
            RetryPolicy::Growth::linear);
}

TEST(Retry, MaySayWhichStatusesAreTriedAgain) {
  const auto statuses =
      destination_of("retry = { statuses = ['5xx', 429, '400-409', '!501', '!503-504'] }").retry.statuses;
  EXPECT_THAT(statuses, ElementsAre(StatusRange{.from = 500, .to = 599}, StatusRange{.from = 429, .to = 429},
                                    StatusRange{.from = 400, .to = 409},
                                    StatusRange{.from = 501, .to = 501, .is_excluded = true},
                                    StatusRange{.from = 503, .to = 504, .is_excluded = true}));
}

TEST(Limits, MayBeARate) {
  EXPECT_FALSE(destination_of("").rate);
  EXPECT_EQ(destination_of("rate = '50/s'").rate, (Rate{.count = 50, .per = 1s, .burst = std::nullopt}));
  EXPECT_EQ(destination_of("rate = '1000/h'").rate, (Rate{.count = 1000, .per = 1h, .burst = std::nullopt}));
  EXPECT_EQ(destination_of("rate = { rate = '100/m', burst = 20 }").rate,
            (Rate{.count = 100, .per = 1min, .burst = 20}));
}

TEST(Limits, MayFollowHowTheDestinationDoes) {
  const Destination app = destination_of("concurrency = 8\nadaptive_concurrency = true\ntimeout = '24h'");
  EXPECT_TRUE(app.is_adaptive);
  EXPECT_EQ(app.concurrency, 8);
  EXPECT_EQ(app.timeout, 24h);
}

TEST(Breaker, IsOffUnlessItIsThere) {
  EXPECT_FALSE(destination_of("").breaker);
  EXPECT_EQ(destination_of("breaker = {}").breaker, BreakerPolicy{});
  EXPECT_EQ(
      destination_of("breaker = { ratio = 1, attempts = 5, window = '30s', probe_after = '1s' }").breaker,
      (BreakerPolicy{.ratio = 1, .attempts = 5, .window = 30s, .probe_after = 1s}));
}

TEST(Order, IsByAFieldOrAHeader) {
  EXPECT_EQ(destination_of("").order, OrderPolicy{});
  EXPECT_EQ(destination_of("order_by = 'data.id'").order, (OrderPolicy{.by = "data.id"}));
  EXPECT_EQ(destination_of("order_by = 'header:X-Account'\non_failure = 'park'").order,
            (OrderPolicy{.by = "header:X-Account", .on_failure = OrderPolicy::OnFailure::park}));
}

struct BadPolicy {
  std::string lines;
  std::string problem;  // after "creel.toml:"
};

class BadPolicies : public testing::TestWithParam<BadPolicy> {};

TEST_P(BadPolicies, AreReportedWhereTheyAreWrong) {
  const auto loaded = Machine{}.load(app(GetParam().lines));
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(texts_of(loaded), ElementsAre("creel.toml:" + GetParam().problem));
}

const std::string kStatus =
    "statuses: write a number, \"5xx\", \"500-599\", or one of these after ! for what is not tried again";
const std::string kKey =
    "order_by must be the path of a field of the body, such as \"data.id\", or a header, such as "
    "\"header:X-Account\"";

INSTANTIATE_TEST_SUITE_P(
    Retry, BadPolicies,
    testing::Values(
        BadPolicy{"retry = { backoff = 'list' }",
                  "3:9: backoff = \"list\" needs delays, such as [\"5s\", \"1m\", \"10m\"]"},
        BadPolicy{"retry = { delays = [] }",
                  "3:20: backoff = \"list\" needs delays, such as [\"5s\", \"1m\", \"10m\"]"},
        BadPolicy{"retry = { delays = ['0s'] }", "3:21: every element of delays must be at least 1ms"},
        BadPolicy{"retry = { delays = ['1s'], initial = '1s' }",
                  "3:38: initial has no meaning with backoff = \"list\""},
        BadPolicy{"retry = { backoff = 'linear', factor = 3 }",
                  "3:40: factor has no meaning with backoff = \"linear\""},
        BadPolicy{"retry = { backoff = 'exponential', delays = ['1s'] }",
                  "3:45: delays has no meaning with backoff = \"exponential\""},
        BadPolicy{"retry = { backoff = 'linear', initial = '2h' }",
                  "3:9: max (1h) is shorter than initial (2h)"},
        BadPolicy{"retry = { backof = 'linear' }",
                  "3:11: unknown key \"backof\" in retry of [destinations.app]; did you mean \"backoff\"?"},
        BadPolicy{"retry = { age = '10ms' }", "3:17: age must be at least 1s"},
        BadPolicy{
            "retry = { statuses = [] }",
            "3:22: statuses must be an array of those that are tried again, such as [\"5xx\", 429]; leave it "
            "out for all"},
        BadPolicy{"retry = { statuses = ['6x'] }", "3:23: " + kStatus},
        BadPolicy{"retry = { statuses = ['599-500'] }", "3:23: " + kStatus},
        BadPolicy{"retry = { statuses = [5] }", "3:23: " + kStatus},
        BadPolicy{"retry = { statuses = [true] }", "3:23: " + kStatus},
        BadPolicy{"retry = { statuses = ['2xx'] }", "3:23: statuses are from 300 to 999: 2xx is a success"}));

INSTANTIATE_TEST_SUITE_P(
    Others, BadPolicies,
    testing::Values(
        BadPolicy{"rate = 50", "3:8: rate must be a string, not an integer"},
        BadPolicy{
            "rate = '50'",
            "3:8: rate: \"50\" is not a rate; write a number from 1 up and /s, /m or /h, such as \"50/s\""},
        BadPolicy{"rate = '9999999/s'", "3:8: rate: \"9999999/s\" is more than 1000000"},
        BadPolicy{"rate = { burst = 5 }",
                  "3:8: rate of [destinations.app] needs a rate, such as { rate = \"100/m\", burst = 20 }"},
        BadPolicy{"rate = { rate = '1/s', burst = 0 }", "3:32: burst must be from 1 to 1000000"},
        BadPolicy{"timeout = '25h'", "3:11: timeout must be at most 1d"},
        BadPolicy{"breaker = true", "3:11: breaker of [destinations.app] must be a table, not a boolean"},
        BadPolicy{"breaker = { ratio = 0 }", "3:21: ratio must be from 0.01 to 1"},
        BadPolicy{"breaker = { window = '10ms' }", "3:22: window must be at least 1s"},
        BadPolicy{"on_failure = 'park'", "3:14: on_failure is only for a destination with order_by"},
        BadPolicy{"order_by = ''", "3:12: " + kKey}, BadPolicy{"order_by = 'data..id'", "3:12: " + kKey},
        BadPolicy{"order_by = '/data/id'", "3:12: " + kKey},
        BadPolicy{"order_by = '$$.data.id'", "3:12: " + kKey},
        BadPolicy{"order_by = 'data[0]'", "3:12: " + kKey},
        BadPolicy{"order_by = 'header:'", "3:12: " + kKey},
        BadPolicy{
            "order_by = 'data.id'\non_failure = 'stop'",
            "4:14: on_failure cannot be \"stop\"; it is one of block, park, skip; did you mean \"skip\"?"}));

TEST(Warning, IsOfWhatComesToNothing) {
  EXPECT_THAT(
      problems_of(app("concurrency = 1\nadaptive_concurrency = true")),
      ElementsAre("creel.toml:4:24: warning: [destinations.app]: adaptive_concurrency never falls below "
                  "1, which concurrency is already"));
  EXPECT_THAT(problems_of(app("rate = '10/m'\nbreaker = {}")),
              ElementsAre("creel.toml:4:11: warning: the breaker of [destinations.app] opens on nothing but "
                          "timeouts: rate = \"10/m\" lets fewer than 20 attempts end within 1m"));
  EXPECT_THAT(
      problems_of(app("breaker = { window = '10s' }")),
      ElementsAre("creel.toml:3:11: warning: the breaker of [destinations.app] looks at 10s only, and an "
                  "attempt may take 30s (timeout): it opens late, or never"));
}

TEST(RateText, IsAsTheFileSaysIt) {
  for (const std::string_view text : {"50/s", "100/m", "1000/h"})
    EXPECT_EQ(rate_text(parse_rate_limit(text).value()), text);
  EXPECT_EQ(rate_text({.count = 5, .per = 60s, .burst = 9}), "5/m, burst 9");
}

}  // namespace
}  // namespace creel
