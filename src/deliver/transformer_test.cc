#include "deliver/transformer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <vector>

#include "rules/routes.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using Kind = TransformResult::Kind;

constexpr const char* kAdds = "function(event) event.body.added = true return event end";
constexpr const char* kEndless = "function(event) while true do end end";

TransformJob job(std::vector<Route> routes, bool is_flagged = false) {
  auto event = std::make_shared<StoredEvent>();
  event->id = EventId::of(7, 0);
  event->source = "openai";
  event->type = "batch.completed";
  event->head = "POST /webhooks/openai HTTP/1.1\r\nContent-Type: application/json\r\n";
  event->body = R"({"a":1})";
  if (is_flagged) event->transformed.push_back("app");
  TransformJob job{.order = {.event = event->id, .content = event}, .destination = "app", .generation = 3};
  job.routes = Routes::make(std::move(routes)).value();
  return job;
}

Route route(std::string transform, std::vector<std::string> types = {}) {
  return {.name = "the route",
          .from = {"openai"},
          .types = std::move(types),
          .transform = std::move(transform),
          .to = {"app"}};
}

TEST(RouteTransforms, ChangesTheEventAndKeepsTheOneBefore) {
  RouteTransforms transforms;
  const auto result = transforms.apply(job({route(kAdds)}));
  ASSERT_EQ(result.kind, Kind::goes) << result.error;
  EXPECT_EQ(result.generation, 3u);
  EXPECT_EQ(result.order.content->body, R"({"a":1,"added":true})");
  EXPECT_EQ(result.order.content->id, EventId::of(7, 0));
  ASSERT_TRUE(result.order.kept);
  EXPECT_EQ(result.order.kept->body, R"({"a":1})");
}

TEST(RouteTransforms, TheFirstRouteThatMatchesDecides) {
  RouteTransforms transforms;
  const auto result = transforms.apply(job({route(kEndless, {"response.*"}), route(""), route(kAdds)}));
  EXPECT_EQ(result.kind, Kind::goes);
  EXPECT_EQ(result.order.content->body, R"({"a":1})");
  EXPECT_FALSE(result.order.kept);
}

TEST(RouteTransforms, NilCancels) {
  RouteTransforms transforms;
  EXPECT_EQ(transforms.apply(job({route("function(event) return nil end")})).kind, Kind::cancelled);
}

TEST(RouteTransforms, AnErrorHoldsAndNamesTheRoute) {
  RouteTransforms transforms;
  const auto result = transforms.apply(job({route("function(event) error('no such thing') end")}));
  EXPECT_EQ(result.kind, Kind::failed);
  EXPECT_TRUE(result.error.starts_with("the route: ")) << result.error;
  EXPECT_NE(result.error.find("no such thing"), std::string::npos) << result.error;
  EXPECT_TRUE(result.order.content);
}

TEST(RouteTransforms, AScriptThatIsNoneHolds) {
  RouteTransforms transforms;
  EXPECT_EQ(transforms.apply(job({route("function(")})).kind, Kind::failed);
}

TEST(RouteTransforms, WithoutARouteOnlyWhatWasNeverToBeTransformedGoes) {
  RouteTransforms transforms;
  EXPECT_EQ(transforms.apply(job({})).kind, Kind::goes);
  const auto result = transforms.apply(job({}, true));
  EXPECT_EQ(result.kind, Kind::failed);
  EXPECT_EQ(result.error, "no route leads this event to app any more, and it was to be transformed");
}

TEST(RouteTransforms, WithoutRoutesNothingThatWasToBeTransformedGoes) {
  RouteTransforms transforms;
  TransformJob without = job({}, true);
  without.routes = nullptr;
  EXPECT_EQ(transforms.apply(std::move(without)).kind, Kind::failed);
}

TEST(RouteTransforms, ARouteThatNowLeadsThereWithoutATransformDecides) {
  RouteTransforms transforms;
  EXPECT_EQ(transforms.apply(job({route("")}, true)).kind, Kind::goes);
}

TEST(RouteTransforms, OtherRoutesBringOtherTransforms) {
  RouteTransforms transforms;
  EXPECT_EQ(transforms.apply(job({route("function(")})).kind, Kind::failed);
  EXPECT_EQ(transforms.apply(job({route(kAdds)})).order.content->body, R"({"a":1,"added":true})");
}

// Gathers what comes back.
struct Results {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<TransformResult> all;

  Transformer::Done done() {
    return [this](TransformResult result) {
      std::lock_guard lock(mutex);
      all.push_back(std::move(result));
      changed.notify_all();
    };
  }
  bool until(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 20s, [&] { return all.size() >= count; });
  }
};

TEST(Transformer, BringsEveryJobBackOnce) {
  assume(on_deliver);
  Results results;
  Transformer transformer(results.done());
  for (std::size_t i = 0; i < 300; ++i) {
    TransformJob one = job({route(kAdds)});
    one.order.destination = i % 3;
    transformer.submit(std::move(one));
  }
  ASSERT_TRUE(results.until(300));
  transformer.stop();
  EXPECT_EQ(results.all.size(), 300u);
}

TEST(Transformer, ASlowDestinationHoldsUpAnotherByOneRunAtMost) {
  assume(on_deliver);
  Results results;
  Transformer transformer(results.done());
  const TransformJob slow = job({route(kEndless)}), quick = job({route(kAdds)});
  for (int i = 0; i < 20; ++i) {
    TransformJob one = slow;
    one.order.destination = 1;
    transformer.submit(std::move(one));
  }
  TransformJob one = quick;
  one.order.destination = 2;
  transformer.submit(std::move(one));
  ASSERT_TRUE(results.until(3));
  transformer.stop();
  const auto found = std::ranges::find(
      results.all, std::size_t{2}, [](const TransformResult& result) { return result.order.destination; });
  ASSERT_NE(found, results.all.end());
  EXPECT_LE(found - results.all.begin(), 2);
}

// Else a hundred quick ones would take as long as a hundred slow ones.
TEST(Transformer, SharesItsTimeAndNotItsRuns) {
  assume(on_deliver);
  Results results;
  Transformer transformer(results.done());
  const TransformJob slow = job({route(kEndless)}), quick = job({route(kAdds)});
  for (std::size_t i = 0; i < 60; ++i) {
    TransformJob one = i % 2 == 0 ? slow : quick;
    one.order.destination = 1 + i % 2;
    transformer.submit(std::move(one));
  }
  ASSERT_TRUE(results.until(35));
  transformer.stop();
  EXPECT_EQ(std::ranges::count(results.all, std::size_t{2},
                               [](const TransformResult& result) { return result.order.destination; }),
            30)
      << "all of the quick ones, before a handful of the slow ones";
}

TEST(Transformer, StopsAfterTheScriptThatRuns) {
  assume(on_deliver);
  Results results;
  Transformer transformer(results.done());
  for (int i = 0; i < 1000; ++i)
    transformer.submit(job({route(kEndless)}));
  ASSERT_TRUE(results.until(1));
  transformer.stop();
  EXPECT_LT(results.all.size(), 1000u);
}

}  // namespace
}  // namespace creel
