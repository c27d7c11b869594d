// creel routes and creel plan: what they send, what they print, and how they end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/test_world.h"

namespace creel::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kRoutes =
    R"({"routes":[{"name":"batches","from":["openai"],"types":["batch.*"],)"
    R"("filter":{"body":{"data":{"id":{"$startsWith":"batch_"}},"n":1}},"transform":null,"to":["app"]},)"
    R"({"name":"all","from":["openai"],"types":[],"filter":null,)"
    R"("transform":"function(event)\n  return event\nend","to":["app","log"]}]})";

constexpr const char* kEvent =
    R"({"id":"cev_0000000002000","source":"openai","type":"batch.completed","provider_id":"wh_1","subject":"",)"
    R"("received":"2026-01-02T03:04:05.000Z","deliveries":[],)"
    R"("request":{"peer":"127.0.0.1","secret":"s","head":"POST /webhooks/openai HTTP/1.1\r\nHost: h\r\n"}})";

constexpr const char* kConfig = R"(
[sources.openai]
secrets = ["${OPENAI_WEBHOOK_SECRET}"]
dedupe = "14d"
[destinations.app]
url = "http://127.0.0.1:8080/"
[[routes]]
name = "all"
from = ["openai"]
to = ["app"]
)";

TEST(Routes, AreListedInTheirOrder) {
  Client client({{200, kRoutes}, {200, kRoutes}});
  EXPECT_EQ(client.run({"routes", "list"}), kFine);
  EXPECT_EQ(client.world.out,
            "ROUTE    FROM    TYPES    FILTER  TRANSFORM  TO        HELD\n"
            "batches  openai  batch.*  yes                app\n"
            "all      openai                   yes        app, log\n");
  EXPECT_EQ(client.run({"routes", "list", "--format", "json"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr(R"({"name":"batches","from":["openai"],)"));
}

TEST(Routes, AreShownWithTheirScript) {
  Client client({{200, R"({"name":"all","from":["openai"],"types":[],"filter":{"body":{"a":1.5}},)"
                       R"("transform":"function(event)\n  return event\nend","to":["app"]})"}});
  EXPECT_EQ(client.run({"routes", "get", "all"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr("types  any\n"));
  EXPECT_THAT(client.world.out, HasSubstr("transform\n  function(event)\n    return event\n  end\n"));
  EXPECT_THAT(client.world.out, HasSubstr("    \"a\": 1.5\n"));
}

TEST(RoutesTest, SaysWhichConditionOfAFilterRefusesAKeptEvent) {
  Client client({{200, kRoutes}, {200, kEvent}, {200, R"({"data":{"id":"resp_1"},"n":1})"}});
  EXPECT_EQ(client.run({"routes", "test", "cev_0000000002000"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr("batches  no: filter, body.data.id.$startsWith\n"));
  EXPECT_THAT(client.world.out, HasSubstr("all      yes\n"));
  EXPECT_THAT(client.world.out, HasSubstr("log          all         transformed\n"));
}

TEST(RoutesTest, TakesABodyAndAFileWithoutAServer) {
  World world;
  world.files["creel.toml"] = kConfig;
  world.files["body.json"] = R"({"id":"evt_1","type":"response.completed","data":{"id":"resp_1"}})";
  EXPECT_EQ(world.run({"routes", "test", "--body", "body.json", "--config", "creel.toml"}), kFine)
      << world.err;
  EXPECT_EQ(world.out,
            "source  openai\ntype    response.completed\n\n"
            "ROUTE  TAKES IT\nall    yes\n\n"
            "DESTINATION  DECIDED BY  GOES OUT\napp          all         as it is\n");
  EXPECT_EQ(world.run({"routes", "test", "--body", "body.json", "--config", "creel.toml", "--source", "x"}),
            kNotFound);
  EXPECT_EQ(world.run({"routes", "test", "--config", "creel.toml"}), kUsage);
}

// As it is routed and transformed when it comes: without the array of its request.
TEST(RoutesTest, TakesTheOneEventOutOfAnArray) {
  World world;
  world.files["creel.toml"] = R"(
[sources.sendgrid]
secrets = ["MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="]
[destinations.app]
url = "http://127.0.0.1:8080/"
sign = "none"
[[routes]]
from = "sendgrid"
types = "open"
to = "app"
transform = "function(event) event.body = {mail = event.body.email} return event end"
)";
  world.input = R"([{"email":"a@b.example","event":"open","sg_event_id":"1","timestamp":1}])";
  EXPECT_EQ(world.run({"routes", "test", "--body", "-", "--config", "creel.toml"}), kFine) << world.err;
  EXPECT_THAT(world.out, HasSubstr(R"(+  "mail": "a@b.example")"));

  world.input = R"([{"event":"open"},{"event":"click"}])";
  EXPECT_EQ(world.run({"routes", "test", "--body", "-", "--config", "creel.toml"}), kBadData);
  EXPECT_THAT(world.err, HasSubstr("several events"));
}

TEST(RoutesTest, EndsWithOneWhenAnEventGoesNowhere) {
  World world;
  world.files["creel.toml"] = std::string(kConfig) + "types = [\"batch.*\"]\n";
  world.input = "{}";
  EXPECT_EQ(world.run({"routes", "test", "--body", "-", "--type", "x", "--config", "creel.toml", "--format",
                       "json"}),
            kNegative);
  EXPECT_EQ(world.out, R"({"event":null,"source":"openai","type":"x",)"
                       R"("routes":[{"name":"all","takes":false,"refused_by":"types"}],"deliveries":[]})"
                       "\n");
}

// A page of a plan with nothing in it.
std::string page(std::string_view counts, std::string_view differences = "", std::string_view keys = "",
                 bool more = false) {
  return R"({"differences":[)" + std::string(differences) + R"(],"keys":[)" + std::string(keys) +
         R"(],"counts":{)" + std::string(counts) + R"(},"notes":[],"cursor":"cev_0000000004000","more":)" +
         (more ? "true}" : "false}");
}

TEST(PlanCommand, SendsRulesAndNoSecret) {
  Client client({{200, page(R"("events":2,"unchanged":2)")}});
  client.world.files["creel.toml"] = kConfig;
  EXPECT_EQ(client.run({"plan", "--last", "50", "--source", "openai", "--since", "1750000000"}), kFine);
  EXPECT_EQ(client.world.out, "2 events\n  2  unchanged\n");
  const std::string request = client.server.requests().at(0);
  EXPECT_THAT(
      request,
      HasSubstr(R"({"routes":[{"name":"all","from":["openai"],"types":[],"filter":null,"transform":null,)"
                R"("to":["app"]}],"sources":[{"name":"openai","provider":"openai","options":{},)"
                R"("dedupe_seconds":1209600,"dedupe_by_body":false}],"source":"openai","since":"1750000000",)"
                R"("last":50,"limit":50,"details":20})"));
  EXPECT_THAT(request, Not(HasSubstr("whsec_")));
}

TEST(PlanCommand, GoesOnFromPageToPage) {
  Client client({{200, page(R"("events":30,"unchanged":30)", "", "", true)},
                 {200, page(R"("events":20,"unchanged":20)", "", "", true)}});
  client.world.files["creel.toml"] = kConfig;
  EXPECT_EQ(client.run({"plan", "--last", "50"}), kFine);
  EXPECT_EQ(client.world.out, "50 events\n  50  unchanged\n");
  EXPECT_THAT(client.server.requests().at(1),
              HasSubstr(R"("limit":20,"details":20,"after":"cev_0000000004000")"));
}

TEST(PlanCommand, ShowsWhatDiffersWithADiffOfBodies) {
  Client client(
      {{200,
        page(
            R"("events":3,"unchanged":1,"filtered":1,"transformed":1)",
            R"({"id":"cev_1","source":"openai","type":"a","kinds":["transformed"],"deliveries":[{"destination":"app",)"
            R"("before":{"route":"old","transform":false,"result":"as_is"},)"
            R"("after":{"route":"all","transform":true,"result":"made","body":"{\"n\":2}"},"bytes_differ":true}],)"
            R"("head":"POST / HTTP/1.1\r\n","body":"{\"n\":1}"},)"
            R"({"id":"cev_2","source":"openai","type":"b","kinds":["filtered"],"deliveries":[{"destination":"app",)"
            R"("before":{"route":"old","transform":false,"result":"as_is"},"after":null,"bytes_differ":false}]})")}});
  client.world.files["creel.toml"] = kConfig;
  EXPECT_EQ(client.run({"plan"}), kNegative);
  EXPECT_EQ(client.world.out,
            "3 events\n"
            "  1  unchanged\n"
            "  1  to no destination any more\n"
            "  1  transformed differently\n"
            "\n"
            "cev_1  openai  a: transformed\n"
            "    app: old → all, transformed (sign = \"source\" signs creel's bytes)\n"
            "      body\n"
            "        @@ -1,3 +1,3 @@\n"
            "         {\n"
            "        -  \"n\": 1\n"
            "        +  \"n\": 2\n"
            "         }\n"
            "\n"
            "cev_2  openai  b: filtered\n"
            "  - app: old → -\n");
}

std::string key(std::string_view id, std::string_view received, bool differs = false) {
  return R"({"id":")" + std::string(id) + R"(","source":"openai","type":"a","received":")" +
         std::string(received) + R"(","key":"k","differs":)" + (differs ? "true}" : "false}");
}

TEST(PlanCommand, FindsDuplicatesByTheNewWindow) {
  // A week apart each: the second is a duplicate of the first, the third is two weeks from it and none.
  const std::string keys = key("cev_1", "2026-01-01T00:00:00.000Z") + "," +
                           key("cev_2", "2026-01-08T00:00:00.000Z") + "," +
                           key("cev_3", "2026-01-15T00:00:00.000Z");
  Client client({{200, page(R"("events":3,"unchanged":3)", "", keys)},
                 {200, page(R"("events":3,"unchanged":3)", "", keys)}});
  client.world.files["creel.toml"] = kConfig;
  EXPECT_EQ(client.run({"plan"}), kNegative);
  EXPECT_EQ(client.world.out,
            "3 events\n  2  unchanged\n  1  duplicates of another\n\n"
            "cev_2  openai  a: a duplicate of cev_1\n");
  EXPECT_EQ(client.run({"plan", "--format", "json"}), kNegative);
  EXPECT_EQ(client.world.out,
            R"({"kind":"duplicate","id":"cev_2","source":"openai","type":"a","of":"cev_1"})"
            "\n"
            R"({"kind":"summary","events":3,"unchanged":2,"more":0,"fewer":0,"other":0,"filtered":0,)"
            R"("transformed":0,"failed":0,"not_tried":0,"duplicates":1,"notes":[]})"
            "\n");
}

TEST(PlanCommand, SaysWhatIsWrongWithAFileAndAsksNobody) {
  World world;
  world.files["new.toml"] = std::string(kConfig) + "typse = []\n";
  EXPECT_EQ(world.run({"plan", "new.toml", "--server", unreachable_url(), "--token", "t"}), kConfiguration);
  EXPECT_THAT(world.err, HasSubstr("new.toml:"));
  world.files["new.toml"] = kConfig;
  EXPECT_EQ(world.run({"plan", "new.toml", "--server", unreachable_url(), "--token", "t"}), kUnreachable);
  EXPECT_THAT(world.out, IsEmpty());
}

TEST(PlanCommand, ComparesWithAnotherFile) {
  Client client({{200, page(R"("events":1,"unchanged":1)")}});
  client.world.files["new.toml"] = client.world.files["old.toml"] = kConfig;
  EXPECT_EQ(client.run({"plan", "new.toml", "--against", "old.toml"}), kFine);
  EXPECT_THAT(client.server.requests().at(0), HasSubstr(R"("against":{"routes":[{"name":"all")"));
}

}  // namespace
}  // namespace creel::cli
