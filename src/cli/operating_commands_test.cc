// The commands that change many deliveries, jobs, dead letters and bookmarks: what they ask for, what they
// print, and how they end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/test_world.h"

namespace creel::cli {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::string plan_page(int events, int deliveries, const std::string& more = R"("more":false)") {
  return R"({"events":)" + std::to_string(events) + R"(,"deliveries":)" + std::to_string(deliveries) +
         R"(,"destinations":{"app":)" + std::to_string(deliveries) + R"(},"scanned":10,)" + more + "}";
}
std::string job(const std::string& state, const std::string& progress = "0.0", int deliveries = 0,
                const std::string& more = {}) {
  return R"({"id":"job_7","kind":"replay","state":")" + state + R"(","progress":)" + progress +
         R"(,"events":)" + std::to_string(deliveries) + R"(,"deliveries":)" + std::to_string(deliveries) +
         R"(,"select":{"source":"openai"})" + more + "}";
}

TEST(Replay, CountsEveryPageAndChangesNothingWithPlan) {
  Client client(
      {{200, plan_page(3, 5, R"("more":true,"cursor":"cev_9","upto":"cev_z")")}, {200, plan_page(2, 2)}});
  EXPECT_EQ(client.run({"replay", "--source", "openai", "--type", "batch.*,x", "--since", "1h", "--status",
                        "5xx", "--to", "books", "--rate", "100/s", "--plan"}),
            kFine);
  EXPECT_EQ(
      client.world.out,
      "would replay 7 deliveries of 5 events (20 looked at)\n  DESTINATION  DELIVERIES\n  app          7\n");
  const auto requests = client.server.requests();
  EXPECT_THAT(requests.at(0), StartsWith("POST /api/v1/jobs/plan HTTP/1.1\r\n"));
  EXPECT_THAT(
      requests.at(0),
      EndsWith(R"({"kind":"replay","select":{"types":["batch.*","x"],"source":"openai","status":"5xx",)"
               R"("since":"1749996400"},"to":["books"],"rate":"100/s"})"));
  EXPECT_THAT(requests.at(1), HasSubstr(R"(,"cursor":"cev_9","upto":"cev_z"})"));
}

TEST(Replay, IsOneObjectAsJson) {
  Client client({{200, plan_page(1, 1)}});
  EXPECT_EQ(client.run({"replay", "cev_0000000000001", "--plan", "--format", "json"}), kFine);
  EXPECT_EQ(client.world.out,
            R"({"kind":"replay","events":1,"deliveries":1,"destinations":{"app":1},"scanned":10})"
            "\n");
  EXPECT_THAT(client.server.requests().at(0),
              EndsWith(R"({"kind":"replay","select":{"ids":["cev_0000000000001"]}})"));
}

TEST(Replay, OfManyAsksOnATerminalAndNeedsYesElsewhere) {
  Client client({{200, plan_page(2, 2)}, {200, plan_page(2, 2)}});
  EXPECT_EQ(client.run({"replay", "--all"}), kUsage);
  EXPECT_THAT(client.world.err, AllOf(StartsWith("would replay 2 deliveries of 2 events"),
                                      EndsWith("creel: this would replay 2 deliveries: say --yes\n")));
  client.world.in_is_terminal = true;
  client.world.input = "n\n";
  EXPECT_EQ(client.run({"replay", "--all"}), kNegative);
  EXPECT_THAT(client.world.err, EndsWith("replay 2 deliveries? [y/N] "));
  EXPECT_THAT(client.world.out, IsEmpty());
  EXPECT_THAT(client.server.requests().at(0), EndsWith(R"({"kind":"replay","select":{},"all":true})"));
}

TEST(Replay, WantsToKnowOfWhat) {
  World world;
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"replay"}, {"retry"}, {"cancel", "--yes"}, {"dlq", "drop"}, {"dlq", "retry", "--yes"}}) {
    EXPECT_EQ(world.run(arguments), kUsage);
    EXPECT_THAT(world.err, HasSubstr("say which: ids, --source, --since 1h and the like, or --all"));
  }
  EXPECT_EQ(world.run({"replay", "--all", "--source", "openai"}), kUsage);
  EXPECT_EQ(world.run({"replay", "cev_1", "--rate", "quickly"}), kUsage);
  EXPECT_THAT(world.err, StartsWith("creel: --rate: "));
}

TEST(Replay, FollowsItsJobToTheEnd) {
  Client client({{202, job("running")},
                 {200, job("running", "0.25", 10)},
                 {200, job("running", "0.3", 12)},
                 {200, job("running", "0.5", 20, R"(,"waiting":"the store is full")")},
                 {200, job("done", "1.0", 40)}});
  EXPECT_EQ(client.run({"replay", "--source", "openai", "--yes", "--idempotency-key", "k 1"}), kFine);
  EXPECT_EQ(client.world.out, "job_7: done: 40 deliveries replayed, 40 events looked at\n");
  EXPECT_EQ(client.world.err,
            "creel: job_7 is on its way; ctrl-C leaves it running\n"
            "creel: job_7: 25 %, 10 events looked at, 10 deliveries\n"
            "creel: job_7: 50 %, 20 events looked at, 20 deliveries; it waits: the store is full\n");
  const auto requests = client.server.requests();
  EXPECT_THAT(requests.at(0),
              AllOf(StartsWith("POST /api/v1/jobs "), HasSubstr("\r\nIdempotency-Key: k 1\r\n")));
  EXPECT_THAT(requests.at(4), StartsWith("GET /api/v1/jobs/job_7 "));
}

TEST(Replay, WritesItsProgressOverOnATerminal) {
  Client client({{202, job("running")}, {200, job("running", "0.5", 10)}, {200, job("done", "1.0", 20)}});
  client.world.err_is_terminal = true;
  EXPECT_EQ(client.run({"replay", "--all", "--yes", "--format", "json"}), kFine);
  EXPECT_THAT(client.world.err, EndsWith("\r\x1b[Kjob_7: 50 %, 10 events looked at, 10 deliveries\r\x1b[K"));
  EXPECT_EQ(client.world.out, job("done", "1E0", 20) + "\n");
}

TEST(Replay, LeavesItsJobRunningAtCtrlC) {
  Client client({{202, job("running")}, {200, job("running", "0.5", 10)}});
  client.world.interrupted_after = 2;
  EXPECT_EQ(client.run({"replay", "--all", "--yes"}), kInterrupted);
  EXPECT_THAT(client.world.err, EndsWith("creel: job_7 goes on by itself: creel jobs wait job_7 follows it, "
                                         "creel jobs cancel job_7 stops it\n"));
  EXPECT_THAT(client.world.out, IsEmpty());
}

TEST(Replay, OutlivesARestartOfTheServer) {
  Client client({{202, job("running")}, {503, ""}, {503, ""}, {200, job("done", "1.0", 1)}});
  EXPECT_EQ(client.run({"replay", "--all", "--yes"}), kFine);
  EXPECT_THAT(client.world.err, EndsWith("creel: the server is away; waiting for it\n"
                                         "creel: connected again; going on where it stopped\n"));
}

TEST(Replay, EndsWithOneWhenItFailedOrWasCancelledOrFoundNothing) {
  for (const auto& [end, said] : std::vector<std::pair<std::string, std::string>>{
           {job("failed", "0.5", 3, R"(,"error":"gone")"), "job_7: failed (gone): 3 deliveries replayed"},
           {job("cancelled", "0.5", 3), "job_7: cancelled: 3 deliveries replayed"},
           {job("done", "1.0", 0), "job_7: done: 0 deliveries replayed"}}) {
    Client client({{202, end}});
    EXPECT_EQ(client.run({"replay", "--all", "--yes"}), kNegative);
    EXPECT_THAT(client.world.out, StartsWith(said));
  }
  Client client({{200, plan_page(0, 0)}});
  EXPECT_EQ(client.run({"retry", "--source", "openai"}), kNegative);
  EXPECT_EQ(client.world.err, "creel: nothing matched: without --state only dead deliveries are retried\n");
}

TEST(Replay, PrintsTheIdOfAJobThatItDoesNotWaitFor) {
  Client client({{202, job("running")}});
  EXPECT_EQ(client.run({"replay", "--all", "--yes", "--detach"}), kFine);
  EXPECT_EQ(client.world.out, "job_7\n");
}

TEST(Replay, TakesTheEventOfABookmark) {
  const char* bookmark =
      R"({"name":"paid","event":"cev_5","created":"2026-01-02T03:04:05.678Z","note":"two"})";
  Client client({{200, bookmark}, {200, plan_page(1, 1)}, {202, job("done", "1.0", 1)}});
  EXPECT_EQ(client.run({"bookmarks", "replay", "paid", "--to", "app"}), kFine);
  const auto requests = client.server.requests();
  EXPECT_THAT(requests.at(0), StartsWith("GET /api/v1/bookmarks/paid "));
  EXPECT_THAT(requests.at(2), EndsWith(R"({"kind":"replay","select":{"ids":["cev_5"]},"to":["app"]})"));
  World world;
  world.variables["CREEL_ADMIN_TOKEN"] = "sesame";
  EXPECT_EQ(world.run({"replay", "--bookmark", "paid", "--since", "1h"}), kUsage);
}

TEST(Selection, ChecksAFilterBeforeItAsks) {
  World world;
  EXPECT_EQ(world.run({"replay", "--filter", R"({"body":{"id":{"$regex":"x"}}})"}), kBadData);
  EXPECT_THAT(world.err, StartsWith("creel: --filter: body.id.$regex: "));
  EXPECT_EQ(world.run({"events", "list", "--filter", "{"}), kBadData);
  EXPECT_THAT(world.err, StartsWith("creel: --filter: "));
  EXPECT_EQ(world.run({"events", "list", "--filter", "@none.json"}), kNotFound);
  EXPECT_EQ(world.err, "creel: --filter: cannot read none.json\n");
  std::vector<std::string> many{"retry"};
  many.resize(1002, "cev_0000000000001");
  EXPECT_EQ(world.run(many), kUsage);
}

TEST(Selection, TakesOneIdOfTheProviders) {
  Client client({{200, plan_page(1, 1)}});
  EXPECT_EQ(client.run({"replay", "wh_1", "--plan"}), kFine);
  EXPECT_THAT(client.server.requests().at(0), EndsWith(R"({"kind":"replay","select":{"id":"wh_1"}})"));
}

TEST(Selection, SaysWhereABoundedSearchStopped) {
  Client client({{200, R"({"events":[{"id":"cev_1"}],"cursor":"cev_1","more":true,"scanned":5000})"},
                 {200, R"({"events":[],"cursor":"cev_0","more":true,"scanned":9000})"}});
  client.world.files["f.json"] = R"({"body": {"id": "x"}})";
  EXPECT_EQ(client.run({"events", "list", "--text", "a b", "--filter", "@f.json"}), kFine);
  EXPECT_EQ(client.world.err,
            "creel: not all events so far: the search stopped after 5000 events, where its time was up; it "
            "goes on with --cursor cev_1\n");
  EXPECT_EQ(client.run({"events", "list", "--error", "timeout", "--cursor", "cev_1"}), kFine);
  EXPECT_THAT(client.world.err, StartsWith("creel: no events so far: the search stopped after 9000 events"));
  EXPECT_THAT(client.server.requests().at(0),
              HasSubstr("?text=a%20b&filter=%7B%22body%22%3A%7B%22id%22%3A%22x%22%7D%7D&limit=50 "));
}

TEST(Retry, OfOneDeliveryNeedsNoJob) {
  const char* dead = R"({"id":"cev_0000000000001.app.2","destination":"app","state":"dead"})";
  Client client({{200, dead}, {202, dead}, {200, dead}});
  EXPECT_EQ(client.run({"retry", "cev_0000000000001.app.2"}), kFine);
  EXPECT_EQ(client.world.out, "cev_0000000000001.app.2: retry accepted\n");
  EXPECT_EQ(client.run({"cancel", "cev_0000000000001.app.2", "--plan"}), kFine);
  EXPECT_THAT(client.world.out, StartsWith("would cancel 1 delivery of 1 event "));
  EXPECT_THAT(client.server.requests().at(1),
              StartsWith("POST /api/v1/deliveries/cev_0000000000001.app.2/retry "));
}

TEST(Dlq, ListsWhatIsDead) {
  Client client(
      {{200,
        R"({"deliveries":[{"id":"cev_1.app.1","type":"batch.failed","state":"dead","attempts":12,)"
        R"("last_attempt":{"at":"2025-06-15T12:06:40.000Z","result":"status","status":503,"error":"no"}}],)"
        R"("cursor":"c","more":false,"scanned":1})"}});
  EXPECT_EQ(client.run({"dlq", "list", "--destination", "app"}), kFine);
  EXPECT_EQ(client.world.out,
            "DELIVERY     TYPE          LAST TRY       TRIES  WHY\n"
            "cev_1.app.1  batch.failed  3 h 0 min ago  12     status 503\n");
  EXPECT_THAT(client.server.requests().at(0),
              StartsWith("GET /api/v1/deliveries?destination=app&state=dead&limit=50 "));
}

TEST(Dlq, ShowsOneWithItsAttempts) {
  const std::string letter =
      R"({"id":"cev_0000000000001.app.1","destination":"app","state":"dead","attempts":2,"event":"cev_0000000000001","type":"a.b"})";
  const std::string other = R"({"id":"cev_0000000000001.app.2","state":"delivered"})";
  Client client({{200, letter},
                 {200, other},
                 {200, R"({"id":"cev_0000000000001","deliveries":[)" + letter + "," + other + "]}"}});
  EXPECT_EQ(client.run({"dlq", "get", "cev_0000000000001.app.1"}), kFine);
  EXPECT_THAT(client.world.out, AllOf(StartsWith("event  cev_0000000000001\ntype   a.b\n"),
                                      HasSubstr("\n\ndelivery     cev_0000000000001.app.1\n"),
                                      HasSubstr("state        dead\nattempts     2\n")));
  EXPECT_EQ(client.run({"dlq", "get", "cev_0000000000001.app.2"}), kNotFound);
  EXPECT_EQ(client.run({"dlq", "get", "cev_0000000000001", "--format", "json"}), kFine);
  EXPECT_EQ(client.world.out, letter + "\n");
}

TEST(Dlq, RetriesAndDropsNothingButTheDead) {
  Client client({{202, job("done", "1.0", 1)}, {202, job("done", "1.0", 1)}});
  EXPECT_EQ(client.run({"dlq", "retry", "--all", "--yes"}), kFine);
  EXPECT_EQ(client.run({"dlq", "drop", "cev_0000000000001", "--yes"}), kFine);
  const auto requests = client.server.requests();
  EXPECT_THAT(requests.at(0), EndsWith(R"({"kind":"retry","select":{"state":"dead"}})"));
  EXPECT_THAT(requests.at(1),
              EndsWith(R"({"kind":"cancel","select":{"ids":["cev_0000000000001"],"state":"dead"}})"));
}

TEST(Jobs, AreListedShownStoppedAndAwaited) {
  Client client({{200, R"({"jobs":[)" + job("running", "0.5", 3) + "]}"},
                 {200, R"({"jobs":[)" + job("running", "0.5", 3) + "]}"},
                 {200, job("running", "0.5", 3, R"(,"to":["a","b"],"rate":"5/s")")},
                 {200, job("running", "0.5", 3)},
                 {200, job("cancelled", "0.5", 3)},
                 {200, job("done", "1.0", 3)},
                 {200, job("done", "1.0", 3)}});
  EXPECT_EQ(client.run({"jobs", "list"}), kFine);
  EXPECT_THAT(client.world.out, AllOf(StartsWith("JOB    KIND    STATE    CREATED"), HasSubstr("50 %")));
  EXPECT_EQ(client.run({"jobs", "list", "--names"}), kFine);
  EXPECT_EQ(client.world.out, "job_7\n");
  EXPECT_EQ(client.run({"jobs", "get", "job_7"}), kFine);
  EXPECT_THAT(client.world.out, AllOf(HasSubstr("looked at   3 events\n"), HasSubstr("to          a, b\n"),
                                      HasSubstr(R"(select      {"source":"openai"})")));
  EXPECT_EQ(client.run({"jobs", "cancel", "job_7"}), kFine);
  EXPECT_EQ(client.world.out, "job_7: cancelled: 3 deliveries replayed, 3 events looked at\n");
  EXPECT_EQ(client.run({"jobs", "cancel", "job_7"}), kNegative);
  EXPECT_THAT(client.world.err, StartsWith("creel: job_7 has ended (done): there is nothing to stop\n"));
  EXPECT_EQ(client.run({"jobs", "wait", "job_7"}), kFine);
  EXPECT_THAT(client.server.requests().at(4), StartsWith("POST /api/v1/jobs/job_7/cancel "));
}

TEST(Bookmarks, AreMadeListedAndTakenAway) {
  const std::string paid =
      R"({"name":"paid","event":"cev_5","created":"2026-01-02T03:04:05.678Z","note":"two lines"})";
  Client client({{200, paid}, {200, R"({"bookmarks":[)" + paid + "]}"}, {200, paid}, {204, ""}});
  EXPECT_EQ(client.run({"bookmarks", "add", "paid", "cev_5", "--note", "two lines"}), kFine);
  EXPECT_EQ(client.world.out, "paid is event cev_5, and is kept until the bookmark is removed\n");
  EXPECT_EQ(client.run({"bookmarks", "list"}), kFine);
  EXPECT_THAT(client.world.out, AllOf(StartsWith("BOOKMARK  EVENT  CREATED"), EndsWith("  two lines\n")));
  EXPECT_EQ(client.run({"bookmarks", "get", "paid", "--format", "json"}), kFine);
  EXPECT_EQ(client.world.out, paid + "\n");
  EXPECT_EQ(client.run({"bookmarks", "remove", "paid"}), kFine);
  EXPECT_EQ(client.world.out, "paid is removed\n");
  const auto requests = client.server.requests();
  EXPECT_THAT(requests.at(0), AllOf(StartsWith("PUT /api/v1/bookmarks/paid "),
                                    EndsWith(R"({"event":"cev_5","note":"two lines"})")));
  EXPECT_THAT(requests.at(3), StartsWith("DELETE /api/v1/bookmarks/paid "));
}

}  // namespace
}  // namespace creel::cli
