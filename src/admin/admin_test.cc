#include <gmock/gmock.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>

#include "admin/admin_fixture.h"

namespace creel::admin {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

using Api = AdminTest;

TEST_F(Api, KnowsNothingElse) {
  for (std::string_view path :
       {"/", "/api", "/api/v1", "/api/v1/", "/api/v2/events", "/api/v1/event", "/metrics/x",
        "/api/v1/status/x", "/api/v1/events/cev_1/raw/x", "/api/v1/events/cev_1/replay",
        "/api/v1/rejected/1/x", "/api/v1/rejected/1/accept/x", "/api/v1/sources/openai/x",
        "/api/v1/routes/all/x", "/api/v1/destinations/app/pause/x", "/api/v1/destinations/app/"}) {
    const http::Response response = get(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_THAT(response.body, HasSubstr(R"("code":"not_found")")) << path;
  }
}

TEST_F(Api, SaysWhichMethodIsRight) {
  for (std::string_view path :
       {"/metrics", "/api/v1/events", "/api/v1/events/x", "/api/v1/events/x/raw", "/api/v1/destinations",
        "/api/v1/destinations/app", "/api/v1/routes", "/api/v1/routes/all", "/api/v1/rejected",
        "/api/v1/rejected/1", "/api/v1/rejected/1/explain", "/api/v1/sources", "/api/v1/sources/openai",
        "/api/v1/status"}) {
    const http::Response response = send("POST", path);
    EXPECT_EQ(response.status, 405) << path;
    EXPECT_EQ(header(response, "Allow"), "GET") << path;
  }
}

TEST_F(Api, AnswersHeadAsGet) {
  EXPECT_EQ(send("HEAD", "/api/v1/status").status, 200);
}

TEST_F(Api, LetsNobodyKeepItsAnswers) {
  EXPECT_EQ(header(get("/api/v1/status"), "Cache-Control"), "no-store");
  EXPECT_EQ(header(get("/nowhere"), "Cache-Control"), "no-store");
}

TEST_F(Api, ShowsTheStatus) {
  store_.current = {
      .can_commit = true, .reason = "", .synced = 12, .indexed = 10, .index_lag = 250ms, .bytes = 4096};
  EXPECT_EQ(
      get("/api/v1/status").body,
      R"({"version":"1.2.3","started":"2025-06-15T15:06:40.000Z","uptime_seconds":0,"store":{"can_commit":true,)"
      R"("synced":12,"indexed":10,"index_lag_seconds":0.25,"bytes":4096}})");
  store_.current.can_commit = false;
  store_.current.reason = "no space left";
  EXPECT_THAT(get("/api/v1/status").body, HasSubstr(R"("can_commit":false,"reason":"no space left")"));
}

TEST_F(Api, ShowsDestinationsWithTheirCountsAndThoseThatAreGone) {
  destinations_ = {
      {.name = "app",
       .url = "http://127.0.0.1:8080/",
       .held = "paused",
       .pause = Pause{Pause::What::destination, "app", clock_.now() - 1min, "it answered 410 Gone"},
       .breaker = "half_open",
       .running = 2,
       .slots = 8,
       .not_before = clock_.now() + 30s,
       .rate = "100/s",
       .order_by = "data.id"},
      {.name = "new",
       .url = "",
       .held = "",
       .held_by_transform = 2,
       .transform_error = "line 1",
       .kind = DestinationKind::exec}};
  store_.reader.counted = {{.destination = "app",
                            .pending = 3,
                            .delivered = 2,
                            .dead = 1,
                            .cancelled = 4,
                            .oldest_pending_due = clock_.now()},
                           {.destination = "old",
                            .pending = 1,
                            .delivered = 0,
                            .dead = 0,
                            .cancelled = 0,
                            .oldest_pending_due = {}}};
  EXPECT_EQ(
      get("/api/v1/destinations").body,
      R"({"destinations":[{"name":"app","kind":"http","url":"http://127.0.0.1:8080/","held":"paused",)"
      R"("pause":{"since":"2025-06-15T15:05:40.000Z","reason":"it answered 410 Gone"},"breaker":"half_open",)"
      R"("running":2,"slots":8,"not_before":"2025-06-15T15:07:10.000Z","rate":"100/s","order_by":"data.id",)"
      R"("pending":3,"delivered":2,"dead":1,"cancelled":4,"oldest_pending_due":"2025-06-15T15:06:40.000Z"},)"
      R"({"name":"new","kind":"exec","url":null,"held":null,"pause":null,"breaker":null,"running":0,"slots":0,)"
      R"("not_before":null,"rate":null,"order_by":null,"pending":0,"delivered":0,"dead":0,"cancelled":0,)"
      R"("oldest_pending_due":null,"held_by_transform":2,"transform_error":"line 1"},)"
      R"({"name":"old","kind":null,"url":null,"held":"destination unknown","pause":null,"breaker":null,)"
      R"("running":0,"slots":0,"not_before":null,"rate":null,"order_by":null,"pending":1,"delivered":0,"dead":0,)"
      R"("cancelled":0,"oldest_pending_due":null}]})");
}

TEST_F(Api, ServesTheMetricsOfTheWholeProcess) {
  store_.current.index_lag = 500ms;
  store_.reader.counted = {{.destination = "app",
                            .pending = 3,
                            .delivered = 2,
                            .dead = 1,
                            .cancelled = 0,
                            .oldest_pending_due = clock_.now() - 90s}};
  prometheus::BuildCounter().Name("creel_test_total").Register(metrics_.registry()).Add({}).Increment();
  const http::Response response = get("/metrics");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("creel_test_total 1"));
  EXPECT_THAT(response.body, HasSubstr("creel_deliveries{destination=\"app\",state=\"pending\"} 3"));
  EXPECT_THAT(response.body, HasSubstr("creel_oldest_pending_seconds{destination=\"app\"} 90"));
  EXPECT_THAT(response.body, HasSubstr("creel_index_lag_seconds 0.5"));
  EXPECT_THAT(response.body, HasSubstr("creel_build_info{version=\"1.2.3\"} 1"));
}

TEST_F(Api, ServesTheMetricsEvenWithoutAnIndex) {
  store_.reader.trouble = StoreError::broken;
  EXPECT_EQ(get("/metrics").status, 200);
}

}  // namespace
}  // namespace creel::admin
