#include "admin/jobs.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "admin/admin_fixture.h"
#include "admin/bookmarks.h"
#include "core/random.h"

namespace creel::admin {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class JobsTest : public AdminTest {
 protected:
  JobsTest() {
    destinations_ = {{.name = "app", .url = "", .held = ""}, {.name = "books", .url = "", .held = ""}};
    begin_again();
  }
  // As a process does that starts over the same store.
  void begin_again() {
    restart({});
    assume(on_loop);
    admin_->start();
  }
  DeliveryRow& add(Sequence sequence, DeliveryState state, const std::string& destination = "app") {
    EventRow& row = add_event(sequence, "wh_" + std::to_string(sequence), "batch.completed");
    row.deliveries.push_back(delivery(row.id, destination, state));
    store_.current.synced = std::max(store_.current.synced, sequence);
    return row.deliveries.back();
  }
  // Everything to its end, with a disk that syncs.
  void run() {
    for (int i = 0; i < 10'000; ++i) {
      settle();
      if (store_.unsynced() > 0) {
        store_.sync(1);
      } else if (!timers_.empty()) {
        clock_.at += 250ms;
        fire_timers();
      } else {
        return;
      }
    }
    FAIL() << "it never ends";
  }
  http::Response post(std::string_view target, std::string body = {}) {
    body_ = std::move(body);
    begin("POST", target);
    for (int i = 0; i < 100 && !answer_; ++i) {
      settle();
      if (!answer_) store_.sync(1);
    }
    body_.clear();
    EXPECT_TRUE(answer_) << target;
    return answer_.value_or(http::Response{});
  }
  std::vector<DeliveryId> ordered() const {
    std::vector<DeliveryId> all;
    for (const Orders& orders : store_.ordered)
      all.insert(all.end(), orders.deliveries.begin(), orders.deliveries.end());
    return all;
  }
  static DeliveryId one(Sequence sequence, std::uint32_t ordinal = 1, std::string destination = "app") {
    return {.event = EventId::of(sequence, 0), .destination = std::move(destination), .ordinal = ordinal};
  }
};

TEST_F(JobsTest, RetriesWhatIsDeadAndNothingElse) {
  add(1, DeliveryState::dead);
  add(2, DeliveryState::delivered);
  add(3, DeliveryState::dead, "books");
  const http::Response made = post("/api/v1/jobs", R"({"kind":"retry","select":{"source":"openai"}})");
  EXPECT_EQ(made.status, 202);
  EXPECT_EQ(header(made, "Location"), "/api/v1/jobs/job_1");
  EXPECT_THAT(made.body, HasSubstr(R"({"id":"job_1","kind":"retry","state":"running")"));
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(1), one(3, 1, "books")));
  ASSERT_THAT(store_.ordered, SizeIs(1));
  EXPECT_EQ(store_.ordered[0].kind, Orders::Kind::retry);
  EXPECT_THAT(store_.ordered[0].states, ElementsAre(DeliveryState::dead));
  EXPECT_THAT(get("/api/v1/jobs/job_1").body,
              AllOf(HasSubstr(R"("state":"done")"), HasSubstr(R"("deliveries":2,"progress":1)"),
                    HasSubstr(R"("select":{"source":"openai"},"to":[],"rate":null)")));
}

TEST_F(JobsTest, ReplaysEachEventOnceToEachOfItsDestinations) {
  EventRow& row = add_event(1, "wh_1", "a");
  row.deliveries = {delivery(row.id, "app", DeliveryState::delivered),
                    delivery(row.id, "app", DeliveryState::delivered)};
  row.deliveries[1].id.ordinal = 2;
  row.deliveries.push_back(delivery(row.id, "books", DeliveryState::dead));
  store_.current.synced = 1;
  post("/api/v1/jobs", R"({"kind":"replay","all":true})");
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(1), one(1, 1, "books")));
}

TEST_F(JobsTest, ReplaysToADestinationThatNoRouteLeadsTo) {
  add_event(1, "wh_1", "a");
  store_.current.synced = 1;
  post("/api/v1/jobs", R"({"kind":"replay","select":{"id":"wh_1"},"to":["books","books"]})");
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(1, 0, "books")));
  const http::Response unknown =
      post("/api/v1/jobs", R"({"kind":"replay","select":{"id":"wh_1"},"to":["nowhere"]})");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_THAT(unknown.body, HasSubstr("no destination `nowhere`"));
}

TEST_F(JobsTest, LooksAtNothingThatCameAfterwards) {
  add(1, DeliveryState::dead);
  body_ = R"({"kind":"retry","all":true})";
  begin("POST", "/api/v1/jobs");
  settle();
  add(2, DeliveryState::dead);
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(1)));
}

TEST_F(JobsTest, TakesOneDeliveryByItsIdAndIgnoresWhatIsGone) {
  add(1, DeliveryState::delivered);
  add(2, DeliveryState::dead);
  post("/api/v1/jobs", R"({"kind":"retry","select":{"ids":[")" + to_text(one(1)) + R"(",")" +
                           to_text(one(2)) + R"(",")" + to_text(one(9)) + R"("]}})");
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(2))) << "what is delivered is retried only when the state says so";
  post("/api/v1/jobs",
       R"({"kind":"retry","select":{"state":"delivered","ids":[")" + to_text(one(1).event) + R"("]}})");
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(2), one(1)));
}

TEST_F(JobsTest, ChoosesByTheNewestAttemptTextAndFilter) {
  add(1, DeliveryState::dead).history = {{.number = 1, .result = AttemptResult::timeout}};
  add(2, DeliveryState::dead).history = {{.number = 1, .result = AttemptResult::timeout},
                                         {.number = 2, .result = AttemptResult::status, .status = 503}};
  store_.reader.contents[EventId::of(1, 0)].body = R"({"data":{"id":"batch_1"}})";
  store_.reader.contents[EventId::of(2, 0)].body = R"({"data":{"id":"batch_2"}})";
  post("/api/v1/jobs", R"({"kind":"retry","select":{"status":"5xx"}})");
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(2)));
  post("/api/v1/jobs", R"({"kind":"retry","select":{"error":"timeout"}})");
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(2), one(1)));
  post("/api/v1/jobs", R"({"kind":"retry","select":{"filter":{"body":{"data":{"id":"batch_2"}}}}})");
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(2), one(1), one(2)));
  post("/api/v1/jobs", R"({"kind":"retry","select":{"text":"batch_1"}})");
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(2), one(1), one(2), one(1)));
}

TEST_F(JobsTest, RefusesWhatItDoesNotUnderstand) {
  for (const std::string_view body :
       {"", "[]", "{}", R"({"kind":"drop","all":true})", R"({"kind":"retry"})",
        R"({"kind":"retry","select":{}})", R"({"kind":"retry","select":{"source":"a"},"all":true})",
        R"({"kind":"retry","all":true,"to":["app"]})", R"({"kind":"retry","all":true,"x":1})",
        R"({"kind":"retry","select":{"x":1}})", R"({"kind":"retry","select":{"state":"held"}})",
        R"({"kind":"cancel","select":{"state":"delivered"}})",
        R"({"kind":"retry","select":{"ids":["wh_1"]}})",
        R"({"kind":"retry","select":{"ids":["cev_0000000002000"],"text":"x"}})",
        R"({"kind":"retry","select":{"filter":{"body":{"a":{"$regex":"x"}}}}})",
        R"({"kind":"retry","all":true,"rate":"fast"})", R"({"kind":"retry","all":true,"rate":"0/s"})",
        R"({"kind":"retry","all":true,"cursor":null})",
        R"({"kind":"retry","select":{"since":"tomorrow"}})"}) {
    const http::Response response = post("/api/v1/jobs", std::string(body));
    EXPECT_EQ(response.status, 400) << body;
  }
  EXPECT_THAT(store_.states, IsEmpty());
}

TEST_F(JobsTest, MakesOneJobOfTheSameKey) {
  add(1, DeliveryState::dead);
  headers_.emplace_back("Idempotency-Key", "abc");
  EXPECT_EQ(post("/api/v1/jobs", R"({"kind":"retry","all":true})").status, 202);
  const http::Response again = post("/api/v1/jobs", R"({ "kind": "retry", "all": true })");
  EXPECT_EQ(again.status, 200);
  EXPECT_THAT(again.body, HasSubstr(R"("id":"job_1")"));
  EXPECT_EQ(post("/api/v1/jobs", R"({"kind":"cancel","all":true})").status, 422);
  run();
  begin_again();
  headers_.emplace_back("Idempotency-Key", "abc");
  EXPECT_EQ(post("/api/v1/jobs", R"({"kind":"retry","all":true})").status, 200);
  EXPECT_THAT(ordered(), SizeIs(1));
}

TEST_F(JobsTest, MakesOneJobOfTheSameKeyWhileTheFirstIsBeingKept) {
  headers_.emplace_back("Idempotency-Key", "abc");
  body_ = R"({"kind":"retry","all":true})";
  begin("POST", "/api/v1/jobs");
  settle();
  ASSERT_EQ(store_.unsynced(), 1u);
  const http::Response again = send("POST", "/api/v1/jobs");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(store_.unsynced(), 1u);
}

TEST_F(JobsTest, IsCancelledWhereItStands) {
  for (Sequence sequence = 1; sequence <= 1200; ++sequence)
    add(sequence, DeliveryState::dead);
  post("/api/v1/jobs", R"({"kind":"retry","all":true})");
  settle();
  store_.sync(1);  // the first chunk
  const http::Response cancelled = post("/api/v1/jobs/job_1/cancel");
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_THAT(cancelled.body, HasSubstr(R"("state":"cancelled")"));
  run();
  EXPECT_LT(ordered().size(), 1200u);
  EXPECT_GE(ordered().size(), 500u);
  EXPECT_EQ(post("/api/v1/jobs/job_1/cancel").status, 409);
  EXPECT_EQ(post("/api/v1/jobs/job_2/cancel").status, 404);
}

TEST_F(JobsTest, WaitsForAFullStoreAndForTheIndex) {
  add(1, DeliveryState::dead);
  store_.staleness.behind = 3;
  post("/api/v1/jobs", R"({"kind":"retry","all":true})");
  for (int i = 0; i < 3; ++i) {
    settle();
    store_.sync(std::unexpected(StoreError::full));
    settle();
    EXPECT_THAT(get("/api/v1/jobs/job_1").body, HasSubstr(R"("waiting":"the store is full")"));
    clock_.at += 2s;
    fire_timers();
  }
  settle();
  store_.sync(1);
  for (int i = 0; i < 3; ++i) {
    settle();
    clock_.at += 250ms;
    fire_timers();
  }
  EXPECT_THAT(get("/api/v1/jobs/job_1").body, HasSubstr(R"("state":"running")"));
  add(2, DeliveryState::dead);  // the index comes to it only now
  store_.reader.rows.back().id = EventId::of(1, 5);
  store_.reader.rows.back().deliveries[0].id.event = EventId::of(1, 5);
  store_.staleness.behind = 0;
  run();
  EXPECT_THAT(ordered(), SizeIs(2));
}

TEST_F(JobsTest, KeepsToItsRate) {
  for (Sequence sequence = 1; sequence <= 40; ++sequence)
    add(sequence, DeliveryState::dead);
  post("/api/v1/jobs", R"({"kind":"retry","all":true,"rate":"10/s"})");
  const Ticks begun = clock_.at;
  std::map<std::int64_t, std::size_t> by_second;
  std::size_t before = 0;
  for (int i = 0; i < 1000 && ordered().size() < 40; ++i) {
    settle();
    store_.sync(1);
    settle();
    by_second[(clock_.at - begun) / 1s] += ordered().size() - before;
    before = ordered().size();
    clock_.at += 20ms;
    fire_timers();
  }
  EXPECT_EQ(before, 40u);
  for (const auto& [second, count] : by_second)
    EXPECT_LE(count, 12u) << second;
  EXPECT_LE(by_second.rbegin()->first, 4);
}

TEST_F(JobsTest, ASlowJobIsCancelledAtOnceAndHoldsUpNobody) {
  for (Sequence sequence = 1; sequence <= 3; ++sequence)
    add(sequence, DeliveryState::dead);
  post("/api/v1/jobs", R"({"kind":"retry","all":true,"rate":"1/h"})");
  settle();
  EXPECT_THAT(ordered(), IsEmpty());
  store_.sync(1);
  settle();
  ASSERT_THAT(ordered(), SizeIs(1));
  ASSERT_THAT(timers_, SizeIs(1)) << "it waits for an hour";
  post("/api/v1/jobs", R"({"kind":"retry","all":true,"rate":"10/s"})");
  for (int i = 0; i < 100 && ordered().size() < 4; ++i) {
    settle();
    store_.sync(1);
    settle();
    clock_.at += 100ms;
    fire_timers();
  }
  EXPECT_THAT(ordered(), SizeIs(4));
  EXPECT_THAT(post("/api/v1/jobs/job_1/cancel").body, HasSubstr(R"("state":"cancelled")"));
}

// A chunk was under way: its rate does not hold up the cancellation either.
TEST_F(JobsTest, ASlowJobIsCancelledBehindItsChunk) {
  add(1, DeliveryState::dead);
  add(2, DeliveryState::dead);
  post("/api/v1/jobs", R"({"kind":"retry","all":true,"rate":"1/h"})");
  settle();
  ASSERT_EQ(store_.unsynced(), 1u);
  EXPECT_THAT(post("/api/v1/jobs/job_1/cancel").body, HasSubstr(R"("state":"cancelled")"));
  EXPECT_THAT(ordered(), SizeIs(1));
}

TEST_F(JobsTest, RemembersTheLastTwentyThatEnded) {
  for (int i = 0; i < 25; ++i) {
    post("/api/v1/jobs", R"({"kind":"retry","all":true})");
    run();
  }
  EXPECT_THAT(store_.states, SizeIs(20));
  EXPECT_EQ(get("/api/v1/jobs/job_5").status, 404);
  EXPECT_EQ(get("/api/v1/jobs/job_6").status, 200);
  begin_again();
  post("/api/v1/jobs", R"({"kind":"retry","all":true})");
  EXPECT_EQ(get("/api/v1/jobs/job_26").status, 200);
}

TEST_F(JobsTest, AJobThatCannotBeReadHasFailed) {
  store_.states["job/3"] = "{";
  begin_again();
  EXPECT_THAT(get("/api/v1/jobs").body, HasSubstr(R"("id":"job_3","kind":"replay","state":"failed")"));
}

TEST_F(JobsTest, IsCountedFirst) {
  for (Sequence sequence = 1; sequence <= 700; ++sequence)
    add(sequence, sequence % 2 == 0 ? DeliveryState::dead : DeliveryState::delivered);
  const http::Response page = post("/api/v1/jobs/plan", R"({"kind":"retry","all":true})");
  EXPECT_EQ(page.body,
            R"({"events":350,"deliveries":350,"destinations":{"app":350},"scanned":700,"cursor":")" +
                to_text(EventId::of(700, 0)) + R"(","upto":")" + to_text(EventId::of(700, 0xffff)) +
                R"(","more":false})");
  EXPECT_THAT(store_.ordered, IsEmpty());
  EXPECT_THAT(
      post("/api/v1/jobs/plan", R"({"kind":"retry","all":true,"cursor":")" + to_text(EventId::of(600, 0)) +
                                    R"(","upto":")" + to_text(EventId::of(650, 0)) + R"("})")
          .body,
      HasSubstr(R"({"events":25,"deliveries":25)"));
}

// Whatever the store says and whenever the process ends: what a job is about is ordered once.
TEST_F(JobsTest, OrdersEverythingOnceWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    store_.states.clear();
    store_.ordered.clear();
    store_.reader.rows.clear();
    store_.reader.contents.clear();
    store_.current.synced = 0;
    timers_.clear();
    begin_again();
    const std::size_t events = 1 + random.below(1500);
    std::size_t dead = 0;
    for (Sequence sequence = 1; sequence <= events; ++sequence) {
      const bool is_dead = random.below(3) != 0;
      dead += is_dead;
      add(sequence, is_dead ? DeliveryState::dead : DeliveryState::delivered);
    }
    ASSERT_EQ(post("/api/v1/jobs", R"({"kind":"retry","all":true})").status, 202);
    for (int i = 0; i < 60; ++i) {
      store_.reader.trouble.reset();
      if (random.below(8) == 0) store_.reader.trouble = StoreError::busy;
      store_.staleness.behind = random.below(4) == 0 ? 1 : 0;
      settle();
      if (random.below(5) == 0) {
        store_.crash(random.below(2));
        timers_.clear();
        begin_again();
      } else if (random.below(6) == 0) {
        store_.sync(std::unexpected(StoreError::full));
      } else {
        store_.sync(1);
      }
      settle();
      clock_.at += 1100ms;
      fire_timers();
    }
    store_.reader.trouble.reset();
    store_.staleness.behind = 0;
    run();
    std::vector<DeliveryId> all = ordered();
    EXPECT_EQ(all.size(), dead) << "seed " << seed;
    std::ranges::sort(all);
    EXPECT_EQ(std::ranges::adjacent_find(all), all.end()) << "seed " << seed;
    ASSERT_THAT(get("/api/v1/jobs/job_1").body, HasSubstr(R"("state":"done")")) << "seed " << seed;
    ASSERT_FALSE(HasFailure());
  }
}

// --- Bookmarks
// -----------------------------------------------------------------------------------------------------

TEST_F(JobsTest, NamesAnEventAndReplaysIt) {
  add(1, DeliveryState::delivered);
  body_ = R"({"event":"wh_1","note":"the odd one"})";
  begin("PUT", "/api/v1/bookmarks/odd");
  settle();
  EXPECT_FALSE(answer_) << "it is not kept yet";
  store_.sync(1);
  settle();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->body,
            R"({"name":"odd","event":"cev_0000000002000","created":"2025-06-15T15:06:40.000Z",)"
            R"("note":"the odd one"})");
  EXPECT_THAT(bookmarked_events(store_.state()), ElementsAre(EventId::of(1, 0)));
  EXPECT_THAT(get("/api/v1/bookmarks").body, HasSubstr(R"({"bookmarks":[{"name":"odd")"));
  EXPECT_EQ(post("/api/v1/bookmarks/odd/replay", R"({"to":["books"]})").status, 202);
  run();
  EXPECT_THAT(ordered(), ElementsAre(one(1, 0, "books")));
  EXPECT_EQ(post("/api/v1/bookmarks/other/replay").status, 404);

  begin("DELETE", "/api/v1/bookmarks/odd");
  run();
  EXPECT_EQ(answer_->status, 204);
  EXPECT_EQ(get("/api/v1/bookmarks/odd").status, 404);
  EXPECT_THAT(bookmarked_events(store_.state()), IsEmpty());
}

TEST_F(JobsTest, GivesUpABookmarkWhoseEventWentMeanwhile) {
  add(1, DeliveryState::delivered);
  body_ = R"({"event":"wh_1"})";
  begin("PUT", "/api/v1/bookmarks/odd");
  settle();
  store_.reader.rows.clear();  // retention was faster
  run();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 404);
  EXPECT_THAT(store_.states, IsEmpty());
}

TEST_F(JobsTest, RefusesBookmarksThatMakeNoSense) {
  add(1, DeliveryState::delivered);
  for (const auto& [name, body] :
       std::vector<std::pair<std::string, std::string>>{{"odd%20one", R"({"event":"wh_1"})"},
                                                        {"odd", "{}"},
                                                        {"odd", R"({"event":1})"},
                                                        {"odd", R"({"x":"y"})"}}) {
    body_ = body;
    EXPECT_EQ(send("PUT", "/api/v1/bookmarks/" + name).status, 400) << name << body;
  }
  body_ = R"({"event":"wh_9"})";
  EXPECT_EQ(send("PUT", "/api/v1/bookmarks/odd").status, 404);
}

// --- Deliveries
// ----------------------------------------------------------------------------------------------------

TEST_F(JobsTest, ListsDeliveriesWithTheirLastAttempt) {
  add(1, DeliveryState::dead).history = {{.number = 3,
                                          .started = clock_.now(),
                                          .result = AttemptResult::status,
                                          .status = 503,
                                          .error = "it said 503"}};
  add(2, DeliveryState::delivered);
  EXPECT_THAT(
      get("/api/v1/deliveries?state=dead").body,
      AllOf(HasSubstr(R"({"deliveries":[{"id":"cev_0000000002000.app.1","destination":"app","state":"dead")"),
            HasSubstr(R"("event":"cev_0000000002000","source":"openai","type":"batch.completed")"),
            HasSubstr(R"("last_attempt":{"number":3,"at":"2025-06-15T15:06:40.000Z","result":"status",)"
                      R"("status":503,"error":"it said 503"}}],"cursor":)")));
  EXPECT_EQ(get("/api/v1/deliveries?wait=3").status, 400);
}

TEST_F(JobsTest, ShowsAndRetriesOneDelivery) {
  EventRow& row = add_event(1, "wh_1", "a");
  row.deliveries = {delivery(row.id, "app", DeliveryState::delivered),
                    delivery(row.id, "app", DeliveryState::dead)};
  row.deliveries[1].id.ordinal = 2;
  const std::string path = "/api/v1/deliveries/" + to_text(one(1, 2));
  EXPECT_THAT(get(path).body, AllOf(HasSubstr(R"("state":"dead")"),
                                    HasSubstr(R"("event":{"id":"cev_0000000002000","source":"openai")")));
  EXPECT_EQ(post(path + "/retry").status, 200);
  ASSERT_THAT(store_.commands, SizeIs(1));
  EXPECT_EQ(store_.commands[0].destination, "app");
  EXPECT_EQ(store_.commands[0].ordinal, 2u);
  EXPECT_EQ(post("/api/v1/deliveries/" + to_text(one(1, 3)) + "/cancel").status, 404);
  EXPECT_EQ(get("/api/v1/deliveries/x").status, 404);
}

}  // namespace
}  // namespace creel::admin
