#include "rules/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace creel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RoutesTest : public testing::Test {
 protected:
  static std::shared_ptr<const Routes> made(std::vector<Route> routes) {
    auto made = Routes::make(std::move(routes));
    EXPECT_TRUE(made) << made.error().filter.message;
    return *made;
  }
  // "app by first": where an event goes, and by which route.
  std::vector<std::string> match(const Routes& routes, std::string_view type,
                                 std::string_view source = "openai") {
    std::vector<RouteMatch> matches;
    routes.match({.source = source, .type = type, .head = {}, .body = body_}, scratch_, matches);
    std::vector<std::string> names;
    for (const RouteMatch& each : matches)
      names.push_back(std::string(each.destination) + " by " + each.route->name);
    return names;
  }
  std::string deciding(const Routes& routes, std::string_view type, std::string_view destination) {
    const Route* route =
        routes.deciding({.source = "openai", .type = type, .head = {}, .body = body_}, scratch_, destination);
    return route == nullptr ? "none" : route->name;
  }
  static bool takes(std::string_view glob, std::string_view type) {
    const auto routes = made({{.name = "r", .from = {"s"}, .types = {std::string(glob)}, .to = {"d"}}});
    RuleScratch scratch;
    return routes->deciding({.source = "s", .type = type, .head = {}, .body = {}}, scratch, "d") != nullptr;
  }

  RuleScratch scratch_;
  std::string body_;
};

TEST_F(RoutesTest, GiveEveryDestinationOfASourceOnceInTheOrderOfTheFile) {
  const auto routes = made({{.name = "first", .from = {"openai"}, .to = {"b", "a"}},
                            {.name = "second", .from = {"openai", "stripe"}, .to = {"a", "c", "c"}}});
  EXPECT_THAT(*routes->always("openai"), ElementsAre("b", "a", "c"));
  EXPECT_THAT(*routes->always("stripe"), ElementsAre("a", "c"));
  EXPECT_THAT(match(*routes, "x"), ElementsAre("b by first", "a by first", "c by second"));
}

TEST_F(RoutesTest, GiveNothingForASourceWithoutARoute) {
  const auto routes = made({});
  ASSERT_TRUE(routes->always("openai"));
  EXPECT_THAT(*routes->always("openai"), IsEmpty());
  EXPECT_THAT(match(*routes, "x"), IsEmpty());
  EXPECT_EQ(deciding(*routes, "x", "a"), "none");
}

TEST_F(RoutesTest, NeedALookAtTheEventWhenOneOfTheSourcesRoutesHasACondition) {
  const auto routes = made({{.from = {"types"}, .types = {"a"}, .to = {"x"}},
                            {.from = {"transform"}, .transform = "function(e) return e end", .to = {"x"}},
                            {.from = {"types", "plain", "any"}, .to = {"y"}},
                            {.from = {"any"}, .types = {"a", "*"}, .to = {"z"}}});
  EXPECT_FALSE(routes->always("types"));
  EXPECT_FALSE(routes->always("transform"));
  EXPECT_THAT(*routes->always("plain"), ElementsAre("y"));
  EXPECT_THAT(*routes->always("any"), ElementsAre("y", "z")) << "every type is no condition";
}

TEST_F(RoutesTest, LetTheFirstRouteThatMatchesDecideAboutADestination) {
  const auto routes = made({{.name = "batches", .from = {"openai"}, .types = {"batch.*"}, .to = {"app"}},
                            {.name = "others", .from = {"stripe"}, .to = {"app"}},
                            {.name = "rest", .from = {"openai"}, .to = {"copy", "app"}}});
  EXPECT_THAT(match(*routes, "batch.failed"), ElementsAre("app by batches", "copy by rest"));
  EXPECT_THAT(match(*routes, "response.failed"), ElementsAre("copy by rest", "app by rest"));
  EXPECT_EQ(deciding(*routes, "batch.failed", "app"), "batches");
  EXPECT_EQ(deciding(*routes, "response.failed", "app"), "rest");
  EXPECT_EQ(deciding(*routes, "batch.failed", "copy"), "rest");
  EXPECT_EQ(deciding(*routes, "batch.failed", "nowhere"), "none");
}

TEST_F(RoutesTest, AppendToWhatIsThere) {
  const auto routes = made({{.name = "r", .from = {"s"}, .to = {"a"}}});
  std::vector<RouteMatch> matches{{.destination = "a", .route = nullptr}};
  routes->match({.source = "s", .type = {}, .head = {}, .body = {}}, scratch_, matches);
  ASSERT_EQ(matches.size(), 2u);
  EXPECT_EQ(matches[1].route, &routes->routes()[0]);
}

TEST_F(RoutesTest, KnowWhichDestinationsAreReachedByWayOfATransform) {
  const auto routes =
      made({{.from = {"s"}, .to = {"plain", "both"}},
            {.from = {"t"}, .transform = "function(e) return e end", .to = {"both", "made"}}});
  EXPECT_FALSE(routes->transforms("plain"));
  EXPECT_TRUE(routes->transforms("both"));
  EXPECT_TRUE(routes->transforms("made"));
  EXPECT_FALSE(routes->transforms("nowhere"));
}

TEST_F(RoutesTest, TakeTypesByGlobs) {
  const struct {
    std::string_view glob, type;
    bool taken;
  } rows[] = {
      {"batch.completed", "batch.completed", true},
      {"batch.completed", "batch.completed.", false},
      {"batch.completed", "Batch.completed", false},
      {"batch.*", "batch.completed", true},
      {"batch.*", "batch.", true},
      {"batch.*", "batch", false},
      {"batch.*", "batch.a.b", true},
      {"*.failed", "batch.failed", true},
      {"*.failed", ".failed", true},
      {"*.failed", "failed", false},
      {"*.failed", "batch.failed.x", false},
      {"*", "", true},
      {"*", "anything", true},
      {"**", "", true},
      {"?", "", false},
      {"?", "a", true},
      {"batch.?", "batch.a", true},
      {"batch.?", "batch.ab", false},
      {"*.order.*", "eu.order.paid", true},
      {"*.order.*", "eu.orders.paid", false},
      {"a*z", "az", true},
      {"a*z", "abcz", true},
      {"a*z", "abc", false},
      {"", "", true},
      {"", "a", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(takes(row.glob, row.type), row.taken) << row.glob << " " << row.type;
}

TEST_F(RoutesTest, TakeWhatTheirTypesAndTheirFilterTake) {
  const auto routes = made({{.name = "large",
                             .from = {"openai"},
                             .types = {"batch.*"},
                             .filter = R"({"body":{"n":{"$gt":5}}})",
                             .to = {"app"}},
                            {.name = "small",
                             .from = {"openai"},
                             .filter = R"({"body":{"n":{"$lte":5}}})",
                             .to = {"app", "copy"}}});
  EXPECT_FALSE(routes->always("openai"));
  body_ = R"({"n":6})";
  EXPECT_THAT(match(*routes, "batch.failed"), ElementsAre("app by large"));
  EXPECT_THAT(match(*routes, "response.failed"), IsEmpty());
  body_ = R"({"n":5})";
  EXPECT_THAT(match(*routes, "batch.failed"), ElementsAre("app by small", "copy by small"));
  EXPECT_EQ(deciding(*routes, "batch.failed", "app"), "small");
  body_ = R"({"n":6})";
  EXPECT_EQ(deciding(*routes, "batch.failed", "app"), "large") << "another event in the same memory";
}

TEST_F(RoutesTest, AreNotMadeOfAFilterThatCannotBeRead) {
  const auto made =
      Routes::make({{.name = "good", .from = {"s"}, .filter = R"({"body":{"a":1}})", .to = {"d"}},
                    {.name = "bad", .from = {"s"}, .filter = R"({"body":{"a":{"$x":1}}})", .to = {"d"}}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().route, 1u);
  EXPECT_EQ(made.error().filter.where, "body.a.$x");
}

TEST_F(RoutesTest, TakeAnEventOfAnyOfTheirTypes) {
  const auto routes = made({{.name = "r", .from = {"openai"}, .types = {"a", "b.*"}, .to = {"d"}}});
  EXPECT_EQ(deciding(*routes, "a", "d"), "r");
  EXPECT_EQ(deciding(*routes, "b.x", "d"), "r");
  EXPECT_EQ(deciding(*routes, "c", "d"), "none");
}

}  // namespace
}  // namespace creel
