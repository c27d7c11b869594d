// Commands that ask a running creel: what they send, what they print, and how they end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/client.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/test_world.h"

namespace creel::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kEvent =
    R"({"id":"cev_1","source":"openai","type":"batch.completed","subject":"batch_\u001b[31m","received":"2026-01-02T03:04:05.678Z",)"
    R"("bytes":25,"deliveries":[{"id":"cev_1.app.1","destination":"app","state":"dead","attempts":2,)"
    R"("history":[{"number":1,"started":"2026-01-02T03:04:06.000Z","took_ms":2,"result":"status","status":500,"error":"answered 500"}]}]})";
constexpr const char* kTwoDeliveries =
    R"({"id":"cev_1","deliveries":[{"destination":"a","state":"pending"},{"destination":"b","state":"held"}]})";

TEST(Client, GivesStatusHeadersAndBody) {
  LoopbackServer server({{404, "none"}});
  const auto answer = exchange({.method = "POST",
                                .url = server.url() + "/x",
                                .headers = {{"A", "b"}, {"Empty", ""}},
                                .body = "hello"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->header("content-length"), "4");
  EXPECT_EQ(answer->body, "none");
  const std::string request = server.requests().at(0);
  EXPECT_THAT(request, StartsWith("POST /x HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nA: b\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nEmpty:\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("Expect")));
  EXPECT_THAT(request, testing::EndsWith("\r\n\r\nhello"));
}

TEST(Client, SpeaksNothingButHttp) {
  EXPECT_FALSE(exchange({.url = "file:///etc/hostname"}));
  EXPECT_FALSE(exchange({.url = unreachable_url()}));
}

TEST(Client, EncodesForAQuery) {
  EXPECT_EQ(percent_encoded("a b*c/é"), "a%20b%2Ac%2F%C3%A9");
}

TEST(EventsList, AsksWithFiltersAndPrintsATable) {
  Client client({{200, std::string("{\"events\":[") + kEvent + "],\"cursor\":\"cev_1\",\"more\":true}"}});
  EXPECT_EQ(
      client.run({"events", "list", "-e", "batch.*,x", "--since", "1h", "--state", "dead", "--limit", "1"}),
      kFine);
  const std::string request = client.server.requests().at(0);
  EXPECT_THAT(
      request,
      StartsWith("GET /api/v1/events?type=batch.%2A%2Cx&state=dead&since=1749996400&limit=1 HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer sesame\r\n"));
  EXPECT_THAT(client.world.out, StartsWith("EVENT  RECEIVED"));
  EXPECT_THAT(client.world.out, HasSubstr("app dead"));
  EXPECT_THAT(client.world.out, HasSubstr("batch_\\x1b[31m"));
  EXPECT_THAT(client.world.out, Not(HasSubstr("\x1b")));
  EXPECT_EQ(client.world.err, "creel: more with --cursor cev_1\n");
}

TEST(EventsList, IsOneObjectALineAsJson) {
  Client client({{200, R"({"events":[{"id":"a"},{"id":"b"}],"cursor":"b","more":false})"}});
  EXPECT_EQ(client.run({"events", "list", "--format", "json", "--oldest-first"}), kFine);
  EXPECT_EQ(client.world.out, "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
  EXPECT_THAT(client.world.err, IsEmpty());
  EXPECT_THAT(client.server.requests().at(0), HasSubstr("&order=oldest "));
}

TEST(EventsList, CountsEqualDeliveriesOfOneEvent) {
  const char* replayed =
      R"({"events":[{"id":"a","deliveries":[{"destination":"app","state":"delivered"},{"destination":"books","state":"dead"},)"
      R"({"destination":"app","state":"delivered"}]}],"cursor":"a","more":false})";
  Client client({{200, replayed}});
  EXPECT_EQ(client.run({"events", "list"}), kFine);
  EXPECT_THAT(client.world.out, testing::EndsWith("  app delivered ×2, books dead\n"));
}

TEST(EventsList, SaysWhenThereAreNone) {
  Client client({{200, R"({"events":[],"cursor":null,"more":false})"}});
  EXPECT_EQ(client.run({"events", "list"}), kFine);
  EXPECT_THAT(client.world.out, IsEmpty());
  EXPECT_EQ(client.world.err, "creel: no events\n");
}

TEST(EventsGet, ShowsDeliveriesAndAttempts) {
  Client client({{200, kEvent}});
  EXPECT_EQ(client.run({"events", "get", "cev_1"}), kFine);
  EXPECT_THAT(client.server.requests().at(0), StartsWith("GET /api/v1/events/cev_1 "));
  EXPECT_THAT(client.world.out, HasSubstr("destination  app\n"));
  EXPECT_THAT(client.world.out, HasSubstr("  2.0 ms  status 500: answered 500\n"));
}

TEST(EventsRaw, WritesTheBytes) {
  const std::string bytes("a\0b\r\n", 5);
  Client client({{200, bytes}});
  EXPECT_EQ(client.run({"events", "raw", "cev_1"}), kFine);
  EXPECT_EQ(client.world.out, bytes);
  EXPECT_THAT(client.server.requests().at(0), StartsWith("GET /api/v1/events/cev_1/raw "));
}

TEST(EventsTail, BeginsBehindTheNewestAndFollowsTheCursor) {
  Client client(
      {{200, R"({"events":[{"id":"cev_5"}],"cursor":"cev_5","more":true})"},
       {200, R"({"events":[],"cursor":"cev_6","more":false})"},
       {200, R"({"events":[{"id":"cev_7","type":"batch.failed"}],"cursor":"cev_7","more":false})"}});
  EXPECT_EQ(client.run({"events", "tail", "-e", "batch.*", "--count", "1", "--format", "json"}), kFine);
  EXPECT_EQ(client.world.out, "{\"id\":\"cev_7\",\"type\":\"batch.failed\"}\n");
  const auto requests = client.server.requests();
  EXPECT_THAT(requests.at(1),
              StartsWith("GET /api/v1/events?order=oldest&wait=30&limit=200&cursor=cev_5&type=batch.%2A "));
  EXPECT_THAT(requests.at(2), HasSubstr("&cursor=cev_6&"));
}

TEST(Retry, ActsAtOnceOnASingleDelivery) {
  Client client({{200, kEvent}, {200, kEvent}});
  EXPECT_EQ(client.run({"retry", "cev_1"}), kFine);
  EXPECT_THAT(client.server.requests().at(1), StartsWith("POST /api/v1/events/cev_1/retry "));
  EXPECT_EQ(client.world.out, "cev_1: retry accepted for 1 delivery\n");
}

TEST(Retry, WantsYesForMoreThanOneDelivery) {
  Client client({{200, kTwoDeliveries},
                 {200, kTwoDeliveries},
                 {200, kTwoDeliveries},
                 {200, kTwoDeliveries},
                 {200, kTwoDeliveries}});
  EXPECT_EQ(client.run({"cancel", "cev_1"}), kUsage);
  EXPECT_EQ(client.world.err,
            "creel: this would cancel 2 deliveries: say --yes, or name one with --destination\n");
  EXPECT_EQ(client.run({"cancel", "cev_1", "--yes"}), kFine);
  EXPECT_EQ(client.run({"retry", "cev_1", "--destination", "b"}), kFine);
  const auto requests = client.server.requests();
  EXPECT_THAT(requests.at(2), StartsWith("POST /api/v1/events/cev_1/cancel "));
  EXPECT_THAT(requests.at(4), StartsWith("POST /api/v1/events/cev_1/retry?destination=b "));
}

TEST(EventsTail, OutlivesARestartOfTheServer) {
  const std::string page = R"({"events":[)" + std::string(kEvent) + R"(],"cursor":"cev_1"})";
  Client client({{200, R"({"events":[{"id":"cev_0"}]})"}, {503, ""}, {503, ""}, {200, page}});
  EXPECT_EQ(client.run({"events", "tail", "--count", "1", "--format", "json"}), kFine);
  EXPECT_THAT(client.world.out, StartsWith(R"({"id":"cev_1")"));
  EXPECT_EQ(client.world.err,
            "creel: the server is away; waiting for it\ncreel: connected again; going on where it stopped\n");
  EXPECT_EQ(client.world.paused, std::chrono::seconds(2));
  EXPECT_THAT(client.server.requests().at(3), HasSubstr("cursor=cev_0"));
}

TEST(EventsTail, EndsWhenTheTokenIsNoLongerGood) {
  Client client({{200, R"({"events":[]})"}, {401, ""}, {401, R"({"detail":"no"})"}});
  EXPECT_EQ(client.run({"events", "tail"}), kNoPermission);
  EXPECT_THAT(client.world.err, HasSubstr("does not take the token"));
}

TEST(Retry, CancelsWhatIsStillToComeOrDead) {
  const char* delivered = R"({"id":"cev_1","deliveries":[{"destination":"app","state":"delivered"}]})";
  Client client({{200, delivered}, {200, kEvent}, {200, kEvent}});
  EXPECT_EQ(client.run({"cancel", "cev_1"}), kNegative);
  EXPECT_EQ(client.world.err,
            "creel: event cev_1 has nothing to cancel: no delivery of it is pending or dead\n");
  EXPECT_EQ(client.run({"cancel", "cev_1"}), kFine);
  EXPECT_EQ(client.world.out, "cev_1: cancel accepted for 1 delivery\n");
}

TEST(Events, UnderstandATimeBeforeTheyAsk) {
  World world;
  EXPECT_EQ(world.run({"events", "list", "--since", "yesterday"}), kUsage);
  EXPECT_THAT(world.err, HasSubstr("--since \"yesterday\": write how long ago"));
}

TEST(Retry, AsksOnATerminal) {
  Client client({{200, kTwoDeliveries}, {200, kTwoDeliveries}, {200, kTwoDeliveries}});
  client.world.in_is_terminal = true;
  client.world.input = "n\n";
  EXPECT_EQ(client.run({"retry", "cev_1"}), kNegative);
  EXPECT_EQ(client.world.err, "retry 2 deliveries? [y/N] ");
  client.world.input = "y\n";
  EXPECT_EQ(client.run({"retry", "cev_1"}), kFine);
}

TEST(Retry, KnowsThatThereIsNothingToRetry) {
  Client client({{200, R"({"id":"cev_1","deliveries":[]})"}, {200, kTwoDeliveries}});
  EXPECT_EQ(client.run({"retry", "cev_1"}), kNotFound);
  EXPECT_EQ(client.run({"retry", "cev_1", "--destination", "c"}), kNotFound);
  EXPECT_EQ(client.world.err, "creel: event cev_1 has no delivery for c\n");
}

TEST(Destinations, AreListedWithTheirCounts) {
  Client client(
      {{200,
        R"({"destinations":[{"name":"app","kind":"http","url":"http://a/","held":"breaker open","pending":3,"delivered":5,"dead":0,)"
        R"("cancelled":0,"oldest_pending_due":null}]})"}});
  EXPECT_EQ(client.run({"destinations", "list"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr("app          http  http://a/  3        5          0     0"));
  EXPECT_THAT(client.world.out, HasSubstr("breaker open\n"));
}

TEST(AdminClient, TurnsAnswersIntoExitCodes) {
  const std::vector<std::pair<int, int>> codes{{400, kBadData},  {401, kNoPermission}, {403, kNoPermission},
                                               {404, kNotFound}, {503, kTryAgain},     {500, kInternal}};
  for (const auto& [status, code] : codes) {
    Client client({{status, R"({"type":"urn:creel:problem:x","title":"X","detail":"Because.","code":"x"})"}});
    EXPECT_EQ(client.run({"events", "get", "cev_1"}), code);
    EXPECT_THAT(client.world.err,
                HasSubstr(status == 401 ? "does not take the token of CREEL_ADMIN_TOKEN"
                                        : "creel: Because. (" + std::to_string(status) + ")\n"));
    EXPECT_THAT(client.world.out, IsEmpty());
  }
}

TEST(AdminClient, SaysWhenNobodyListensOrSomebodyElseDoes) {
  World world;
  EXPECT_EQ(world.run({"events", "list", "--server", unreachable_url(), "--token", "t"}), kUnreachable);
  Client client({{200, "<html>"}});
  EXPECT_EQ(client.run({"events", "list"}), kBadData);
  EXPECT_THAT(client.world.err, HasSubstr("is this creel's admin port?"));
  EXPECT_EQ(world.run({"events", "list", "--server", "nonsense", "--token", "t"}), kUsage);
}

TEST(AdminClient, FindsTheTokenInTheStoresFolder) {
  World world;
  EXPECT_EQ(world.run({"events", "list"}), kNoPermission);
  EXPECT_EQ(
      world.err,
      "creel: no token: cannot read creel-data/admin.token. creel serve makes it in its store's folder: "
      "name that with --store FOLDER, or give the token with --token or CREEL_ADMIN_TOKEN\n");
  world.files["kept/admin.token"] = "f00d\n";
  LoopbackServer server({{200, R"({"events":[]})"}});
  EXPECT_EQ(world.run({"events", "list", "--store", "kept", "--server", server.url() + "/"}), kFine);
  EXPECT_THAT(server.requests().at(0), HasSubstr("\r\nAuthorization: Bearer f00d\r\n"));
}

TEST(Healthcheck, IsYesOrNo) {
  World world;
  LoopbackServer server({{200, "{}"}, {503, "{}"}});
  EXPECT_EQ(world.run({"healthcheck", "--url", server.url() + "/-/ready"}), kFine);
  EXPECT_EQ(world.out, "ready\n");
  const std::string port = server.url().substr(server.url().rfind(':') + 1);
  world.variables.clear();
  EXPECT_EQ(world.run({"healthcheck", "--port", port}), kNegative);
  EXPECT_EQ(world.out, "not ready (503)\n");
  EXPECT_THAT(server.requests().at(1), StartsWith("GET /-/ready HTTP/1.1\r\n"));
  EXPECT_EQ(world.run({"healthcheck", "--url", unreachable_url()}), kNegative);
}

TEST(LocalTime, KeepsTheMomentAndShowsTheZone) {
  const std::string shown = local_time("2026-01-02T03:04:05.678Z");
  EXPECT_THAT(shown,
              testing::MatchesRegex("2026-01-0[123]T[0-9][0-9]:[0-9][0-9]:05[+-][0-9][0-9]:[0-9][0-9]"));
  EXPECT_EQ(local_time(""), "");
  EXPECT_EQ(local_time("soon"), "soon");
}

TEST(JsonValue, KeepsItsOrder) {
  const auto json = Json::parse(R"({"b":1,"a":[true,null,-2,1.5,"x"]})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->dump(), R"({"b":1,"a":[true,null,-2,1.5E0,"x"]})");
  EXPECT_FALSE(Json::parse("{"));
  EXPECT_FALSE(Json::parse("{} x"));
}

}  // namespace
}  // namespace creel::cli
