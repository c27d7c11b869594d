#include "rules/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace creel {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using Result = PlannedBytes::Result;

// Goes on by so much whenever it is looked at, so that a script can be slow without taking time.
class SteppingClock final : public Clock {
 public:
  Time now() const override { return {}; }
  Ticks ticks() const override { return at_ += step; }
  milliseconds step{0};

 private:
  mutable Ticks at_{};
};

Route route(std::string name, std::vector<std::string> to, std::string transform = "") {
  Route made;
  made.name = std::move(name);
  made.from = {"openai"};
  made.to = std::move(to);
  made.transform = std::move(transform);
  return made;
}

StoredEvent event(std::string type = "batch.completed") {
  StoredEvent made;
  made.id = EventId::of(1, 0);
  made.source = "openai";
  made.type = std::move(type);
  made.head = "POST /webhooks/openai HTTP/1.1\r\nHost: example.org\r\nContent-Type: application/json\r\n";
  made.body = R"({"id":"evt_1","data":{"n":1}})";
  return made;
}

class Plan : public testing::Test {
 protected:
  PlanRules rules(std::vector<Route> routes) {
    auto made = Routes::make(std::move(routes));
    EXPECT_TRUE(made);
    return PlanRules(*std::move(made), clock_);
  }
  PlanDifference plan(std::vector<Route> today, std::vector<Route> then, const StoredEvent& about) {
    rules_.clear();
    rules_.push_back(rules(std::move(today)));
    rules_.push_back(rules(std::move(then)));
    return compare(rules_[0], rules_[1], about, scratch_);
  }
  PlanDifference plan(std::vector<Route> today, std::vector<Route> then) {
    return plan(std::move(today), std::move(then), event());
  }

  SteppingClock clock_;
  RuleScratch scratch_;
  std::vector<PlanRules> rules_;
};

constexpr const char* kSetsN = "function(event) event.body.data.n = 2 return event end";
constexpr const char* kFails = "function(event) return event.body.missing.field end";

TEST_F(Plan, FindsNoDifferenceBetweenTheSameRoutes) {
  const std::vector<Route> routes{route("a", {"app"}), route("b", {"other"}, kSetsN)};
  const PlanDifference difference = plan(routes, routes);
  EXPECT_FALSE(difference.differs());
  ASSERT_EQ(difference.deliveries.size(), 2u);
  EXPECT_EQ(difference.deliveries[0].bytes_after.result, Result::as_is);
  EXPECT_EQ(difference.deliveries[1].bytes_after.result, Result::same);
}

TEST_F(Plan, SaysWhichRouteDecidesOnEachSide) {
  const PlanDifference difference = plan({route("old", {"app"})}, {route("new", {"app"})});
  EXPECT_FALSE(difference.differs());
  EXPECT_EQ(difference.deliveries[0].before->name, "old");
  EXPECT_EQ(difference.deliveries[0].after->name, "new");
}

TEST_F(Plan, TellsMoreFromFewerFromOtherDestinations) {
  EXPECT_TRUE(plan({}, {route("a", {"app"})}).goes_to_more);
  EXPECT_TRUE(plan({route("a", {"app"})}, {route("a", {"app", "b"})}).goes_to_more);
  EXPECT_TRUE(plan({route("a", {"app", "b"})}, {route("a", {"app"})}).goes_to_fewer);
  EXPECT_TRUE(plan({route("a", {"app"})}, {route("a", {"b"})}).goes_elsewhere);
  const PlanDifference filtered = plan({route("a", {"app"})}, {});
  EXPECT_TRUE(filtered.is_filtered);
  EXPECT_FALSE(filtered.goes_to_fewer);
}

TEST_F(Plan, LooksAtTypesAndFilters) {
  std::vector<Route> then{route("a", {"app"})};
  then[0].types = {"response.*"};
  EXPECT_TRUE(plan({route("a", {"app"})}, then).is_filtered);
  EXPECT_FALSE(plan({route("a", {"app"})}, then, event("response.completed")).differs());
  then[0].types.clear();
  then[0].filter = R"({"body":{"data":{"n":{"$gt":1}}}})";
  EXPECT_TRUE(plan({route("a", {"app"})}, then).is_filtered);
}

TEST_F(Plan, ShowsWhatATransformMakesOfABody) {
  const PlanDifference difference = plan({route("a", {"app"})}, {route("a", {"app"}, kSetsN)});
  EXPECT_TRUE(difference.is_transformed);
  EXPECT_FALSE(difference.goes_to_more || difference.is_filtered || difference.has_failed);
  const PlannedDelivery& delivery = difference.deliveries[0];
  EXPECT_EQ(delivery.bytes_before.result, Result::as_is);
  ASSERT_TRUE(delivery.bytes_after.made);
  EXPECT_EQ(delivery.bytes_after.made->body, R"({"data":{"n":2},"id":"evt_1"})");
}

TEST_F(Plan, FindsNoDifferenceBetweenScriptsThatMakeTheSame) {
  const std::string other = std::string("-- said otherwise\nlocal n = 2\nreturn ") +
                            "function(event) event.body.data.n = n return event end";
  EXPECT_FALSE(plan({route("a", {"app"}, kSetsN)}, {route("a", {"app"}, other)}).differs());
}

TEST_F(Plan, TakesNilForADifferenceAndTwoNilsForNone) {
  const std::string nothing = "function(event) return nil end", same = "return function(e) return nil end";
  const PlanDifference difference = plan({route("a", {"app"})}, {route("a", {"app"}, nothing)});
  EXPECT_TRUE(difference.is_transformed);
  EXPECT_EQ(difference.deliveries[0].bytes_after.result, Result::nothing);
  EXPECT_FALSE(plan({route("a", {"app"}, same)}, {route("a", {"app"}, nothing)}).differs());
}

TEST_F(Plan, SaysHowATransformFails) {
  const PlanDifference difference = plan({route("a", {"app"})}, {route("a", {"app"}, kFails)});
  EXPECT_TRUE(difference.has_failed);
  EXPECT_FALSE(difference.is_transformed);
  EXPECT_THAT(difference.deliveries[0].bytes_after.error, HasSubstr("missing"));
  // One that fails today and not then is mended.
  EXPECT_TRUE(plan({route("a", {"app"}, kFails)}, {route("a", {"app"}, kSetsN)}).is_transformed);
  // One that fails today already is no difference.
  EXPECT_FALSE(plan({route("a", {"app"}, kFails)}, {route("b", {"app"}, kFails)}).differs());
}

TEST_F(Plan, SaysOfAScriptThatIsNoneThatItFails) {
  const PlanDifference difference = plan({route("a", {"app"})}, {route("a", {"app"}, "function(")});
  EXPECT_TRUE(difference.has_failed);
  EXPECT_NE(difference.deliveries[0].bytes_after.error, "");
}

TEST_F(Plan, RunsTheTransformOfADestinationThatIsNew) {
  const PlanDifference difference = plan({}, {route("a", {"app"}, kFails)});
  EXPECT_TRUE(difference.goes_to_more);
  EXPECT_TRUE(difference.has_failed);
}

TEST_F(Plan, GivesUpOnATransformThatFailsSlowly) {
  PlanRules today = rules({route("a", {"app"})}), then = rules({route("a", {"app"}, kFails)});
  clock_.step = milliseconds(60);
  EXPECT_TRUE(compare(today, then, event(), scratch_).has_failed);
  EXPECT_TRUE(compare(today, then, event(), scratch_).has_failed);
  const PlanDifference third = compare(today, then, event(), scratch_);
  EXPECT_TRUE(third.is_undecided);
  EXPECT_FALSE(third.has_failed);
  EXPECT_EQ(third.deliveries[0].bytes_after.result, Result::not_tried);
}

TEST_F(Plan, TriesATransformThatFailsFastEveryTime) {
  PlanRules today = rules({route("a", {"app"})}), then = rules({route("a", {"app"}, kFails)});
  for (int i = 0; i < 50; ++i)
    EXPECT_TRUE(compare(today, then, event(), scratch_).has_failed);
}

}  // namespace
}  // namespace creel
