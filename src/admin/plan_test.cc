// A plan's pages: what they count, where they begin and end, and what is wrong with a request.
#include <gmock/gmock.h>

#include "admin/admin_fixture.h"

namespace creel::admin {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class PlanTest : public AdminTest {
 protected:
  PlanTest() {
    AdminOptions options;
    Route route;
    route.name = "all";
    route.from = {"openai"};
    route.to = {"app"};
    options.routes = [routes = *Routes::make({route})] { return routes; };
    options.sources = [this] { return sources_; };
    options.row_of =
        [](std::string_view provider,
           const RowOptions& row) -> std::expected<std::shared_ptr<const Provider>, std::string> {
      if (!row.empty()) return std::unexpected("no options here");
      return std::shared_ptr<const Provider>(std::shared_ptr<void>(), find_provider(provider));
    };
    restart(std::move(options));
    SourceStatus source;
    source.name = source.provider = "openai";
    source.dedupe = 24h;
    sources_.push_back(source);
  }
  StoredEvent& add(Sequence sequence, std::string type, std::string body = "{}") {
    add_event(sequence, "wh_" + std::to_string(sequence), type);
    StoredEvent& event = store_.reader.contents[EventId::of(sequence, 0)];
    event.source = "openai";
    event.type = std::move(type);
    event.dedupe_key = "wh_" + std::to_string(sequence);
    event.received = clock_.now();
    event.body = std::move(body);
    return event;
  }
  http::Response plan(std::string body) {
    body_ = std::move(body);
    return send("POST", "/api/v1/plan");
  }
  std::vector<SourceStatus> sources_;
};

constexpr const char* kToday = R"({"name":"all","from":["openai"],"to":["app"]})";

std::string routes(std::string_view route, std::string_view more = "") {
  return R"({"routes":[)" + std::string(route) + "]" + std::string(more) + "}";
}

TEST_F(PlanTest, FindsNoDifferenceInWhatRuns) {
  add(1, "batch.completed");
  add(2, "response.completed");
  EXPECT_EQ(plan(routes(kToday)).body,
            R"({"differences":[],"keys":[],"counts":{"events":2,"unchanged":2,"more":0,"fewer":0,"other":0,)"
            R"("filtered":0,"transformed":0,"failed":0,"not_tried":0},"notes":[],)"
            R"("cursor":"cev_0000000004000","more":false})");
}

TEST_F(PlanTest, ShowsWhatWouldBeFiltered) {
  add(1, "batch.completed");
  add(2, "response.completed");
  const std::string body =
      plan(routes(R"({"name":"few","from":["openai"],"types":["batch.*"],"to":["app"]})")).body;
  EXPECT_THAT(body, HasSubstr(R"("unchanged":1)"));
  EXPECT_THAT(body, HasSubstr(R"("filtered":1)"));
  EXPECT_THAT(
      body,
      HasSubstr(
          R"([{"id":"cev_0000000004000","source":"openai","type":"response.completed",)"
          R"("received":"2025-06-15T15:06:40.000Z","kinds":["filtered"],"deliveries":[{"destination":"app",)"
          R"("before":{"route":"all","transform":false,"result":"as_is"},"after":null,"bytes_differ":false}]}])"));
}

TEST_F(PlanTest, ShowsTheBodiesOfATransform) {
  add(1, "batch.completed", R"({"a":1})");
  const std::string body = plan(routes(R"({"name":"cut","from":["openai"],"to":["app"],)"
                                       R"("transform":"function(event) event.body.a = 2 return event end"})"))
                               .body;
  EXPECT_THAT(body, HasSubstr(R"("transformed":1)"));
  EXPECT_THAT(body, HasSubstr(R"("result":"made")"));
  EXPECT_THAT(body, HasSubstr(R"("body":"{\"a\":2}")"));
  EXPECT_THAT(body, HasSubstr(R"("body":"{\"a\":1}")"));
}

TEST_F(PlanTest, GoesOnWhereAPageEnded) {
  for (Sequence i = 1; i <= 5; ++i)
    add(i, "batch.completed");
  const std::string first = plan(routes(kToday, R"(,"limit":2)")).body;
  EXPECT_THAT(first, HasSubstr(R"("events":2)"));
  EXPECT_THAT(first, HasSubstr(R"("cursor":"cev_0000000004000","more":true)"));
  const std::string second = plan(routes(kToday, R"(,"after":"cev_0000000004000")")).body;
  EXPECT_THAT(second, HasSubstr(R"("events":3)"));
  EXPECT_THAT(second, HasSubstr(R"("more":false)"));
}

TEST_F(PlanTest, BeginsWithTheLastSoManyOfASource) {
  for (Sequence i = 1; i <= 5; ++i)
    add(i, "batch.completed").source = i % 2 == 1 ? "openai" : "stripe";
  EXPECT_THAT(plan(routes(kToday, R"(,"last":3)")).body, HasSubstr(R"("events":3)"));
  EXPECT_THAT(plan(routes(kToday, R"(,"last":2,"source":"openai")")).body, HasSubstr(R"("events":2)"));
  EXPECT_THAT(plan(routes(kToday, R"(,"last":0)")).body, HasSubstr(R"("cursor":null,"more":false)"));
}

TEST_F(PlanTest, LeavesOutWhatCameBefore) {
  add(1, "batch.completed").received = clock_.now() - 2h;
  add(2, "batch.completed");
  EXPECT_THAT(plan(routes(kToday, R"(,"since":"2025-06-15T15:00:00Z")")).body, HasSubstr(R"("events":1)"));
}

TEST_F(PlanTest, GivesTheKeysOfASourceWhoseWindowGrows) {
  add(1, "batch.completed");
  const auto source = [](std::string_view seconds, std::string_view more = "") {
    return R"(,"sources":[{"name":"openai","provider":"openai","dedupe_seconds":)" + std::string(seconds) +
           std::string(more) + "}]";
  };
  EXPECT_THAT(plan(routes(kToday, source("86400"))).body, HasSubstr(R"("keys":[])"));
  EXPECT_THAT(plan(routes(kToday, source("172800"))).body,
              HasSubstr(R"("keys":[{"id":"cev_0000000002000","source":"openai","type":"batch.completed",)"));
  const std::string shorter = plan(routes(kToday, source("3600"))).body;
  EXPECT_THAT(shorter, HasSubstr(R"("keys":[])"));
  EXPECT_THAT(shorter, HasSubstr("duplicates are not kept"));
}

TEST_F(PlanTest, MakesKeysOfBodiesWhereThatIsNew) {
  for (Sequence i = 1; i <= 2; ++i) {
    StoredEvent& event = add(i, "batch.completed", R"({"a":1})");
    event.head += "webhook-id: wh_" + std::to_string(i) + "\r\n";
  }
  const std::string body =
      plan(routes(kToday, R"(,"sources":[{"name":"openai","provider":"openai","dedupe_seconds":86400,)"
                          R"("dedupe_by_body":true}])"))
          .body;
  const std::size_t first = body.find(R"("key":")"), second = body.rfind(R"("key":")");
  ASSERT_NE(first, second);
  EXPECT_EQ(body.substr(first, 40), body.substr(second, 40));
}

TEST_F(PlanTest, SaysThatKeysOfAnUnknownRowCannotBeTold) {
  add(1, "batch.completed");
  EXPECT_THAT(
      plan(routes(kToday, R"(,"sources":[{"name":"openai","provider":"hmac","options":{"id":["/id"]}}])"))
          .body,
      HasSubstr("what would be a duplicate cannot be told: no options here"));
}

TEST_F(PlanTest, ComparesWithAnotherConfiguration) {
  add(1, "batch.completed");
  const std::string body =
      plan(R"({"routes":[],"against":{"routes":[{"from":["openai"],"to":["x"]}],"sources":[]}})").body;
  EXPECT_THAT(body, HasSubstr(R"({"destination":"x","before":{"route":"route 1")"));
}

TEST_F(PlanTest, SaysWhatIsWrongWithARequest) {
  for (std::string_view wrong :
       {"", "[]", "{}", R"({"routes":{}})", R"({"routes":[{"form":["openai"]}]})",
        R"({"routes":[],"lsat":1})", R"({"routes":[],"last":-1})", R"({"routes":[],"limit":100000})",
        R"({"routes":[],"after":"x"})", R"({"routes":[],"since":"yesterday"})",
        R"({"routes":[],"sources":[{"options":{"id":"x"}}]})", R"({"routes":[],"against":{}})",
        R"({"routes":[{"filter":{"body":{"a":{"$regex":"x"}}}}]})"}) {
    EXPECT_EQ(plan(std::string(wrong)).status, 400) << wrong;
  }
  EXPECT_THAT(plan(R"({"routes":[{"name":"r","filter":{"body":{"a":{"$regex":"x"}}}}]})").body,
              HasSubstr("The filter of r"));
  EXPECT_EQ(get("/api/v1/plan").status, 405);
}

TEST_F(PlanTest, TakesTheRulesOfTwoConfigurations) {
  const http::Request request = this->request("POST", "/api/v1/plan");
  assume(on_loop);
  ASSERT_TRUE(admin_->admit(request));
  EXPECT_GE(admin_->admit(request)->body_bytes_max, std::size_t{2} << 20);
}

TEST_F(PlanTest, ListsTheRoutesThatRun) {
  const std::string all =
      R"({"name":"all","from":["openai"],"types":[],"filter":null,"transform":null,"to":["app"],"pause":null})";
  EXPECT_EQ(get("/api/v1/routes").body, R"({"routes":[)" + all + "]}");
  EXPECT_EQ(get("/api/v1/routes/all").body, all);
  EXPECT_EQ(plan(R"({"routes":[)" + all + "]}").status, 200) << "what is shown can be planned";
  EXPECT_EQ(get("/api/v1/routes/none").status, 404);
  EXPECT_EQ(get("/api/v1/routes?x=1").status, 400);
  EXPECT_EQ(send("POST", "/api/v1/routes").status, 405);
}

}  // namespace
}  // namespace creel::admin
