#include <gmock/gmock.h>

#include "admin/admin_fixture.h"

namespace creel::admin {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class Events : public AdminTest {
 protected:
  static std::string id(Sequence sequence) { return to_text(EventId::of(sequence, 0)); }
  static std::string path(Sequence sequence, std::string_view rest = "") {
    return "/api/v1/events/" + id(sequence) + std::string(rest);
  }
};

TEST_F(Events, AreListedNewestFirstInPages) {
  for (Sequence sequence = 1; sequence <= 3; ++sequence)
    add_event(sequence, "wh", "batch.completed");
  const http::Response first = get("/api/v1/events?limit=2");
  EXPECT_EQ(first.status, 200);
  EXPECT_LT(first.body.find(id(3)), first.body.find(id(2)));
  EXPECT_THAT(first.body, Not(HasSubstr(id(1))));
  EXPECT_THAT(first.body, HasSubstr("\"cursor\":\"" + id(2) + "\",\"scanned\":2,\"more\":true}"));

  const http::Response second = get("/api/v1/events?limit=2&cursor=" + id(2));
  EXPECT_THAT(second.body, HasSubstr(id(1)));
  EXPECT_THAT(second.body, HasSubstr("\"more\":false}"));
}

TEST_F(Events, AreShownAsDocumented) {
  EventRow& row = add_event(1, "wh_1", "batch.completed");
  row.deliveries.push_back(delivery(row.id, "app", DeliveryState::pending));
  row.deliveries.back().due = clock_.now() + 1s;
  row.deliveries.back().attempts = 2;
  destinations_ = {{.name = "app", .url = "http://127.0.0.1:8080/", .held = ""}};
  EXPECT_EQ(
      get("/api/v1/events").body,
      R"({"events":[{"id":")" + id(1) +
          R"(","source":"openai","type":"batch.completed","provider_id":"wh_1","subject":"batch_1",)"
          R"("received":"2025-06-15T15:06:40.000Z","occurred":null,"bytes":2,"deliveries":[{"id":")" +
          id(1) +
          R"(.app.1","destination":"app","state":"pending","due":"2025-06-15T15:06:41.000Z","attempts":2}]}],)" +
          R"("cursor":")" + id(1) + R"(","scanned":1,"more":false})");
}

TEST_F(Events, GiveEveryFilterToTheStore) {
  get("/api/v1/"
      "events?source=openai&type=batch.*,response.completed&id=wh_1&subject=batch_1&destination=app&state="
      "dead"
      "&since=2025-06-15T15:06:40Z&until=1750000001&order=oldest&limit=7&cursor=" +
      id(9));
  ASSERT_EQ(store_.reader.queries.size(), 1u);
  const EventQuery& query = store_.reader.queries[0];
  EXPECT_EQ(query.filter.source, "openai");
  EXPECT_THAT(query.filter.types, testing::ElementsAre("batch.*", "response.completed"));
  EXPECT_EQ(query.filter.id, "wh_1");
  EXPECT_EQ(query.filter.subject, "batch_1");
  EXPECT_EQ(query.filter.destination, "app");
  EXPECT_EQ(query.filter.state, DeliveryState::dead);
  EXPECT_EQ(query.filter.since, Time(1'750'000'000s));
  EXPECT_EQ(query.filter.until, Time(1'750'000'001s));
  EXPECT_FALSE(query.newest_first);
  EXPECT_EQ(query.limit, 7u);
  EXPECT_EQ(query.after, EventId::of(9, 0));
  EXPECT_EQ(store_.last_freshness, Freshness::current);
}

TEST_F(Events, RefuseParametersThatTheyDoNotUnderstand) {
  for (std::string_view query :
       {"tpye=x",     "state=held",     "state=",    "since=yesterday",    "until=",           "limit=0",
        "limit=1001", "limit=x",        "limit=",    "order=up",           "cursor=wh_1",      "cursor=",
        "status=6xx",  "status=500-400", "error=bad", "filter={",           "filter={\"x\":1}", "wait=31",
        "wait=-1",    "wait=1s",        "wait=5",    "wait=5&order=newest"}) {
    const http::Response response = get("/api/v1/events?" + std::string(query));
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_THAT(response.body, HasSubstr("\"detail\"")) << query;
  }
  EXPECT_TRUE(store_.reader.queries.empty());
}

TEST_F(Events, SayHowFarBehindTheAnswerIs) {
  EXPECT_THAT(get("/api/v1/events").body, Not(HasSubstr("behind")));
  store_.staleness.behind = 17;
  EXPECT_THAT(get("/api/v1/events").body, HasSubstr("\"behind\":17"));
}

TEST_F(Events, AreFoundByOurIdAndByTheProviders) {
  add_event(1, "wh_1", "a");
  add_event(2, "wh_2", "b");
  for (const std::string& which : {id(2), std::string("wh_2"), std::string("wh%5f2")}) {
    const http::Response response = get("/api/v1/events/" + which);
    EXPECT_EQ(response.status, 200) << which;
    EXPECT_THAT(response.body, testing::StartsWith("{\"id\":\"" + id(2) + "\""));
    EXPECT_THAT(response.body,
                HasSubstr(R"("request":{"peer":"192.0.2.1","secret":"current","head":"POST )"));
  }
}

TEST_F(Events, ThatAreNotThereAre404) {
  add_event(1, "wh_1", "a");
  for (const std::string& which : {id(2), std::string("wh_9"), std::string("")}) {
    const http::Response response = get("/api/v1/events/" + which);
    EXPECT_EQ(response.status, 404) << which;
    EXPECT_THAT(response.body, HasSubstr("not_found"));
  }
}

TEST_F(Events, WithOneProvidersIdAreNotGuessed) {
  add_event(1, "wh_1", "a");
  add_event(2, "wh_1", "b");
  const http::Response response = get("/api/v1/events/wh_1");
  EXPECT_EQ(response.status, 409);
  EXPECT_THAT(response.body, HasSubstr(id(1)));
  EXPECT_THAT(response.body, HasSubstr(id(2)));
}

TEST_F(Events, ShowEveryAttemptOfADelivery) {
  EventRow& row = add_event(1, "wh_1", "a");
  DeliveryRow dead = delivery(row.id, "app", DeliveryState::dead);
  dead.attempts = 2;
  dead.history.push_back({.number = 1,
                          .started = clock_.now(),
                          .took = 12ms,
                          .result = AttemptResult::status,
                          .status = 500,
                          .reply = "HTTP/1.1 500 \xff",
                          .error = "the answer was 500",
                          .timings = {.dns = 310us, .connect = 95us, .tls = 2100us, .first_byte = 9200us}});
  dead.history.push_back({.number = 2,
                          .started = clock_.now(),
                          .took = 3ms,
                          .result = AttemptResult::connect,
                          .trigger = AttemptTrigger::resume});
  row.deliveries.push_back(dead);
  EXPECT_THAT(
      get(path(1)).body,
      HasSubstr(
          R"("state":"dead","attempts":2,"history":[{"number":1,"trigger":"first",)"
          R"("started":"2025-06-15T15:06:40.000Z","took_ms":12,)"
          R"("timings_us":{"dns":310,"connect":95,"tls":2100,"first_byte":9200},"result":"status","status":500,"error":"the answer was 500",)"
          R"("reply":"HTTP/1.1 500 \\xff"},{"number":2,"trigger":"resume",)"
          R"("started":"2025-06-15T15:06:40.000Z","took_ms":3,)"
          R"("timings_us":{"dns":0,"connect":0,"tls":0,"first_byte":0},"result":"connect"}]}])"));
}

TEST_F(Events, ShowADeliveryAsHeldWithTheReason) {
  EventRow& row = add_event(1, "wh_1", "a");
  row.deliveries.push_back(delivery(row.id, "app", DeliveryState::pending));
  row.deliveries.push_back(delivery(row.id, "gone", DeliveryState::pending));
  row.deliveries.push_back(delivery(row.id, "old", DeliveryState::delivered));
  destinations_ = {{.name = "app", .url = "", .held = "paused"}};
  const std::string body = get(path(1)).body;
  EXPECT_THAT(body, HasSubstr(R"("destination":"app","state":"held","held":"paused")"));
  EXPECT_THAT(body, HasSubstr(R"("destination":"gone","state":"held","held":"destination unknown")"));
  EXPECT_THAT(body, HasSubstr(R"("destination":"old","state":"delivered","attempts":0)"));
}

TEST_F(Events, ShowADeliveryWhoseTransformFailedAsHeldWithItsError) {
  AdminOptions options;
  options.held = [](const DeliveryId& id, std::string_view, const StoredEvent*) {
    return id.destination == "app" ? "transform failed: line 1" : "";
  };
  restart(std::move(options));
  EventRow& row = add_event(1, "wh_1", "a");
  row.deliveries.push_back(delivery(row.id, "app", DeliveryState::pending));
  row.deliveries.push_back(delivery(row.id, "other", DeliveryState::pending));
  destinations_ = {{.name = "app", .url = "", .held = ""}, {.name = "other", .url = "", .held = ""}};
  const std::string body = get(path(1)).body;
  EXPECT_THAT(body, HasSubstr(R"("destination":"app","state":"held","held":"transform failed: line 1")"));
  EXPECT_THAT(body, HasSubstr(R"("destination":"other","state":"pending")"));
  EXPECT_THAT(get("/api/v1/events").body, HasSubstr(R"("state":"held","held":"transform failed: line 1")"));
}

TEST_F(Events, ShowADeliveryAsHeldByItsSourceInAListAndByItsRouteAloneToo) {
  AdminOptions options;
  options.held = [](const DeliveryId&, std::string_view source, const StoredEvent* event) -> std::string {
    if (source == "stripe") return "source stripe is paused";
    return event != nullptr && event->body == "{}" ? "route small is paused" : "";
  };
  restart(std::move(options));
  destinations_ = {{.name = "app", .url = "", .held = "breaker open"}};
  EventRow& row = add_event(1, "wh_1", "a");
  row.deliveries = {delivery(row.id, "app", DeliveryState::pending),
                    delivery(row.id, "app", DeliveryState::delivered)};
  // What route an event goes by is seen of its bytes, which a list does not read.
  EXPECT_THAT(get("/api/v1/events").body, HasSubstr(R"("state":"held","held":"breaker open")"));
  EXPECT_THAT(get(path(1)).body, HasSubstr(R"("state":"held","held":"route small is paused")"));
  EXPECT_THAT(get(path(1)).body, HasSubstr(R"("state":"delivered")"));
  row.source = "stripe";
  EXPECT_THAT(get("/api/v1/events").body, HasSubstr(R"("state":"held","held":"source stripe is paused")"));
}

TEST_F(Events, GiveTheirBytesBackUnchanged) {
  add_event(1, "wh_1", "a");
  store_.reader.contents[EventId::of(1, 0)].body = std::string("\0\xff\r\n{}", 6);
  const http::Response body = get(path(1, "/raw"));
  EXPECT_EQ(body.body, std::string("\0\xff\r\n{}", 6));
  EXPECT_EQ(body.content_type, "application/octet-stream");
  EXPECT_EQ(header(body, "X-Content-Type-Options"), "nosniff");

  const http::Response head = get(path(1, "/raw?part=head"));
  EXPECT_EQ(head.body, "POST /webhooks/openai HTTP/1.1\r\nHost: example.org\r\n");
  EXPECT_EQ(get(path(1, "/raw?part=tail")).status, 400);
}

TEST_F(Events, AreShownWithoutTheirRequestOnceItsBytesAreGone) {
  add_event(1, "wh_1", "a");
  store_.reader.contents.clear();
  EXPECT_EQ(get(path(1)).status, 200);
  EXPECT_THAT(get(path(1)).body, Not(HasSubstr("\"request\"")));
  EXPECT_EQ(get(path(1, "/raw")).status, 404);
}

TEST_F(Events, AnswerTroubleOfTheStoreByItsKind) {
  for (const auto& [trouble, status] :
       {std::pair(StoreError::busy, 503), std::pair(StoreError::broken, 503),
        std::pair(StoreError::failed, 503), std::pair(StoreError::stopping, 503)}) {
    store_.reader.trouble = trouble;
    for (const std::string& target :
         {std::string("/api/v1/events"), path(1), std::string("/api/v1/events/wh_1")}) {
      const http::Response response = get(target);
      EXPECT_EQ(response.status, status);
      EXPECT_NE(header(response, "Retry-After"), "");
    }
  }
}

TEST_F(Events, AreAnsweredEvenWhenAStoppingStoreDropsTheQuestion) {
  store_.drops_questions = true;
  EXPECT_EQ(get("/api/v1/events").status, 503);
}

// --- Waiting
// ---------------------------------------------------------------------------------------------------------

TEST_F(Events, ThatComeWhileWaitingAreAnsweredAtOnce) {
  begin("GET", "/api/v1/events?order=oldest&wait=30");
  settle();
  EXPECT_FALSE(answer_);
  fire_timers();
  EXPECT_FALSE(answer_);
  EXPECT_EQ(store_.reader.queries.size(), 1u) << "nothing new was indexed, so nothing is asked";

  add_event(1, "wh_1", "a");
  store_.current.indexed = 1;
  fire_timers();
  ASSERT_TRUE(answer_);
  EXPECT_THAT(answer_->body, HasSubstr(id(1)));
}

TEST_F(Events, AreNotWaitedForWhenThereIsSomethingAlready) {
  add_event(1, "wh_1", "a");
  EXPECT_THAT(get("/api/v1/events?order=oldest&wait=30").body, HasSubstr(id(1)));
}

TEST_F(Events, AreWaitedForNoLongerThanAsked) {
  begin("GET", "/api/v1/events?order=oldest&wait=5&cursor=" + id(4));
  settle();
  clock_.at += 4999ms;
  fire_timers();
  EXPECT_FALSE(answer_);
  clock_.at += 1ms;
  fire_timers();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->body, R"({"events":[],"cursor":")" + id(4) + R"(","scanned":0,"more":false})");
}

TEST_F(Events, ThatTheFilterLeavesOutDoNotEndTheWaitAndAreLookedAtOnce) {
  begin("GET", "/api/v1/events?order=oldest&wait=5&type=b");
  settle();
  add_event(1, "wh_1", "a");
  store_.current.indexed = 1;
  fire_timers();
  EXPECT_FALSE(answer_);
  add_event(2, "wh_2", "b");
  store_.current.indexed = 2;
  fire_timers();
  ASSERT_TRUE(answer_);
  EXPECT_THAT(answer_->body, HasSubstr(id(2)));
  EXPECT_EQ(store_.reader.queries.back().after, EventId::of(1, 0));
}

TEST_F(Events, AreNotWaitedForWhileDraining) {
  assume(on_loop);
  begin("GET", "/api/v1/events?order=oldest&wait=30");
  settle();
  admin_->drain();
  fire_timers();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 200);
}

// --- Commands
// --------------------------------------------------------------------------------------------------------

TEST_F(Events, AreRetriedAndAnsweredAfterTheSync) {
  EventRow& row = add_event(1, "wh_1", "a");
  row.deliveries.push_back(delivery(row.id, "app", DeliveryState::dead));
  begin("POST", "/api/v1/events/wh_1/retry");
  settle();
  EXPECT_FALSE(answer_);
  ASSERT_EQ(store_.commands.size(), 1u);
  EXPECT_EQ(store_.commands[0].kind, Command::Kind::retry);
  EXPECT_EQ(store_.commands[0].event, EventId::of(1, 0));
  EXPECT_EQ(store_.commands[0].destination, "");
  EXPECT_EQ(store_.commands[0].at, clock_.now());

  store_.reader.rows[0].deliveries[0].state = DeliveryState::pending;
  store_.sync(Sequence{2});
  settle();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 200);
  EXPECT_THAT(answer_->body, HasSubstr(R"("destination":"app","state":"held")"));
}

TEST_F(Events, AreCancelledForOneDestination) {
  EventRow& row = add_event(1, "wh_1", "a");
  row.deliveries.push_back(delivery(row.id, "app", DeliveryState::pending));
  begin("POST", path(1, "/cancel?destination=app"));
  settle();
  store_.sync(Sequence{2});
  settle();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 200);
  ASSERT_EQ(store_.commands.size(), 1u);
  EXPECT_EQ(store_.commands[0].kind, Command::Kind::cancel);
  EXPECT_EQ(store_.commands[0].destination, "app");
}

TEST_F(Events, TakeNoCommandForWhatIsNotThere) {
  EventRow& row = add_event(1, "wh_1", "a");
  row.deliveries.push_back(delivery(row.id, "app", DeliveryState::pending));
  add_event(2, "wh_2", "a");
  EXPECT_EQ(send("POST", "/api/v1/events/wh_9/retry").status, 404);
  EXPECT_EQ(send("POST", path(1, "/retry?destination=other")).status, 404);
  EXPECT_EQ(send("POST", path(2, "/cancel")).status, 409);
  EXPECT_EQ(send("POST", path(1, "/retry?to=app")).status, 400);
  EXPECT_EQ(send("GET", path(1, "/retry")).status, 405);
  EXPECT_EQ(header(send("GET", path(1, "/retry")), "Allow"), "POST");
  EXPECT_TRUE(store_.commands.empty());
}

TEST_F(Events, DoNotSayThatACommandIsDoneWhenItWasNotSynced) {
  EventRow& row = add_event(1, "wh_1", "a");
  row.deliveries.push_back(delivery(row.id, "app", DeliveryState::dead));
  begin("POST", path(1, "/retry"));
  settle();
  store_.sync(std::unexpected(StoreError::failed));
  settle();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 503);
}

}  // namespace
}  // namespace creel::admin
