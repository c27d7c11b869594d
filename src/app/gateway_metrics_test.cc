#include "app/gateway_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace creel {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<Destination> destinations() {
  std::vector<Destination> all(2);
  all[0].name = "app";
  all[0].breaker.emplace();
  all[0].concurrency = 7;
  all[1].name = "books";
  return all;
}

TEST(DeliveryMetrics, CountEveryWayAnAttemptCanEnd) {
  Metrics metrics;
  DeliveryMetrics delivery(metrics, destinations());
  for (const AttemptResult result :
       {AttemptResult::delivered, AttemptResult::status, AttemptResult::connect, AttemptResult::dns,
        AttemptResult::tls, AttemptResult::timeout, AttemptResult::reset, AttemptResult::body_limit,
        AttemptResult::unsent, AttemptResult::exit, AttemptResult::refused, AttemptResult::auth}) {
    delivery.on_attempt("app", result, DeliveryState::pending, std::chrono::milliseconds(1));
    EXPECT_THAT(metrics.text(), HasSubstr("creel_attempts_total{destination=\"app\",outcome=\"" +
                                          std::string(to_text(result)) + "\"} 1"));
  }
}

TEST(DeliveryMetrics, ShowTheBreakersOfThoseThatHaveOne) {
  Metrics metrics;
  DeliveryMetrics delivery(metrics, destinations());
  EXPECT_THAT(metrics.text(), HasSubstr("creel_destination_breaker_state{destination=\"app\"} 0"));
  EXPECT_THAT(metrics.text(), Not(HasSubstr("creel_destination_breaker_state{destination=\"books\"}")));
  delivery.on_breaker("app", BreakerState::open);
  EXPECT_THAT(metrics.text(), HasSubstr("creel_destination_breaker_state{destination=\"app\"} 2"));
  EXPECT_THAT(metrics.text(),
              HasSubstr("creel_destination_breaker_changes_total{destination=\"app\",state=\"open\"} 1"));
  delivery.on_breaker("app", BreakerState::half_open);
  EXPECT_THAT(metrics.text(), HasSubstr("creel_destination_breaker_state{destination=\"app\"} 1"));

  auto without = destinations();
  without[0].breaker.reset();
  delivery.reload(without);
  EXPECT_THAT(metrics.text(), Not(HasSubstr("creel_destination_breaker_state{")));
  delivery.on_breaker("app", BreakerState::closed);
}

// Whose breaker nobody has closed meanwhile.
TEST(DeliveryMetrics, ShowTheBreakerOfOneThatIsBackAsItWas) {
  Metrics metrics;
  DeliveryMetrics delivery(metrics, destinations());
  delivery.on_breaker("app", BreakerState::open);
  delivery.reload({});
  EXPECT_THAT(metrics.text(), Not(HasSubstr("creel_destination_breaker_state{")));
  delivery.reload(destinations());
  EXPECT_THAT(metrics.text(), HasSubstr("creel_destination_breaker_state{destination=\"app\"} 2"));
}

TEST(DeliveryMetrics, FollowHowManyMayRun) {
  Metrics metrics;
  DeliveryMetrics delivery(metrics, destinations());
  delivery.on_queue("app", {.queued = 3, .slots = 2, .oldest_due = std::nullopt},
                    std::chrono::milliseconds(0));
  EXPECT_THAT(metrics.text(), HasSubstr("creel_destination_slots{destination=\"app\"} 2"));
}

TEST(DeliveryMetrics, ShowWhatIsPaused) {
  Metrics metrics;
  DeliveryMetrics delivery(metrics, destinations());
  EXPECT_THAT(metrics.text(), HasSubstr("creel_destination_slots{destination=\"app\"} 7"));
  const std::vector<Pause> pauses{
      {.what = Pause::What::destination, .name = "app", .since = {}, .reason = ""},
      {.what = Pause::What::source, .name = "books", .since = {}, .reason = ""},
      {.what = Pause::What::destination, .name = "later", .since = {}, .reason = ""}};
  delivery.set_paused(pauses);
  EXPECT_THAT(metrics.text(), HasSubstr("creel_destination_paused{destination=\"app\"} 1"));
  EXPECT_THAT(metrics.text(), HasSubstr("creel_destination_paused{destination=\"books\"} 0"));

  auto more = destinations();
  more.emplace_back().name = "later";
  delivery.reload(more);
  EXPECT_THAT(metrics.text(), HasSubstr("creel_destination_paused{destination=\"later\"} 1"));
  delivery.set_paused({});
  EXPECT_THAT(metrics.text(), HasSubstr("creel_destination_paused{destination=\"app\"} 0"));
}

}  // namespace
}  // namespace creel
