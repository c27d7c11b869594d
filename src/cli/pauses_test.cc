// Pausing and resuming, and how what is paused is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/test_world.h"

namespace creel::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

constexpr const char* kPause =
    R"("pause":{"since":"2026-01-02T03:04:05.678Z","reason":"it answered 410 Gone"})";

std::string destination(std::string_view held, std::string_view pause, int pending) {
  return R"({"name":"app","kind":"http","url":"http://a/","held":)" + std::string(held) + "," +
         std::string(pause) + R"(,"breaker":"half_open","running":1,"slots":32,)" +
         R"("not_before":"2026-01-02T03:05:05.000Z","rate":"100/s","order_by":"data.id","pending":)" +
         std::to_string(pending) +
         R"(,"delivered":5,"dead":0,"cancelled":0,"oldest_pending_due":"2026-01-02T03:04:05.678Z"})";
}

TEST(PauseCommand, SaysWhatIsHeldAndWhatEndsIt) {
  Client client({{200, destination(R"("paused")", kPause, 3)}, {200, destination(R"("paused")", kPause, 1)}});
  EXPECT_EQ(client.run({"destinations", "pause", "app"}), kFine);
  EXPECT_EQ(
      client.world.out,
      "app is paused: new events are kept and held, 3 deliveries so far; resume with: creel destinations "
      "resume app\n");
  EXPECT_THAT(client.world.err, IsEmpty());
  EXPECT_EQ(client.run({"destinations", "pause", "app"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr(" 1 delivery so far;"));
  EXPECT_THAT(client.server.requests().at(0), StartsWith("POST /api/v1/destinations/app/pause HTTP/1.1\r\n"));
}

TEST(PauseCommand, TakesNamesAsTheyAre) {
  Client client({{200, R"({"name":"it's a/b","held_deliveries":1000,"held_more":true})"}});
  EXPECT_EQ(client.run({"routes", "pause", "it's a/b"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr("held, at least 1000 deliveries so far; resume with: creel routes "
                                          "resume 'it'\\''s a/b'\n"));
  EXPECT_THAT(client.server.requests().at(0), StartsWith("POST /api/v1/routes/it%27s%20a%2Fb/pause "));
}

TEST(PauseCommand, IsTheWholeObjectAsJson) {
  const std::string source = R"({"name":"openai","pause":null})";
  Client client({{200, source}, {200, source}});
  for (const char* verb : {"pause", "resume"}) {
    EXPECT_EQ(client.run({"sources", verb, "openai", "--format", "json"}), kFine);
    EXPECT_EQ(client.world.out, source + "\n");
  }
  EXPECT_THAT(client.server.requests().at(1), StartsWith("POST /api/v1/sources/openai/resume "));
}

TEST(PauseCommand, PassesOnWhatTheServerSays) {
  Client client({{404, R"({"detail":"No source has the name x; y","code":"not_found"})"},
                 {409, R"({"detail":"route 2 has no name of its own","code":"unnamed"})"},
                 {503, R"({"detail":"Stopping.","code":"stopping"})"}});
  EXPECT_EQ(client.run({"sources", "pause", "x"}), kNotFound);
  EXPECT_EQ(client.world.err, "creel: No source has the name x; y (404)\n");
  EXPECT_EQ(client.run({"routes", "pause", "route 2"}), kBadData);
  EXPECT_EQ(client.run({"destinations", "resume", "app"}), kTryAgain);
  EXPECT_THAT(client.world.out, IsEmpty());
  EXPECT_EQ(client.run({"destinations", "pause"}), kUsage);
}

TEST(ResumeCommand, SaysWhatGoesAndWhatStillWaits) {
  Client client({{200, destination("null", R"("pause":null)", 3)},
                 {200, destination(R"("breaker open")", R"("pause":null)", 3)},
                 {200, R"({"name":"openai","pause":null})"}});
  EXPECT_EQ(client.run({"destinations", "resume", "app"}), kFine);
  EXPECT_EQ(client.world.out, "app is resumed: 3 deliveries pending, what is due goes now\n");
  EXPECT_EQ(client.run({"destinations", "resume", "app"}), kFine);
  EXPECT_EQ(client.world.out, "app is resumed, but its deliveries still wait: breaker open\n");
  EXPECT_EQ(client.run({"sources", "resume", "openai"}), kFine);
  EXPECT_EQ(client.world.out, "openai is resumed: what it held goes now\n");
}

TEST(DestinationsGet, ShowsHowItStands) {
  Client client({{200, destination(R"("breaker open")", R"("pause":null)", 3)},
                 {200, destination(R"("paused")", kPause, 3)}});
  EXPECT_EQ(client.run({"destinations", "get", "app"}), kFine);
  for (const char* line :
       {"destination  app\n", "kind         http\n", "held         breaker open\n", "running      1 of 32\n",
        "breaker      half open\n", "rate         100/s\n", "not before   2026-01-0",
        "order by     data.id\n", "pending      3, the oldest due 2026-01-0"})
    EXPECT_THAT(client.world.out, HasSubstr(line));
  EXPECT_THAT(client.world.out, Not(HasSubstr("resume with")));
  EXPECT_EQ(client.run({"destinations", "get", "app"}), kFine);
  EXPECT_THAT(client.world.out,
              testing::ContainsRegex("held         3 deliveries: paused since 2026-01-0.* \\(it answered 410 "
                                     "Gone\\)\nresume with  creel destinations resume app\n"));
}

TEST(DestinationsGet, SaysWhenAnOpenBreakerTriesOne) {
  Client client(
      {{200, R"({"name":"app","kind":"http","url":"http://a/","held":"breaker open","pause":null,)"
             R"("breaker":"open","running":0,"slots":32,"not_before":"2026-01-02T03:05:05.000Z"})"}});
  EXPECT_EQ(client.run({"destinations", "get", "app"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr("breaker      open, tries one 2026-01-0"));
  EXPECT_THAT(client.world.out, Not(HasSubstr("not before")));
}

TEST(Lists, ShowWhatIsPaused) {
  const std::string pause = kPause;
  Client client(
      {{200, R"({"sources":[{"name":"openai",)" + pause + R"(,"secrets":[]}]})"},
       {200, R"({"routes":[{"name":"all","from":["openai"],"types":[],"filter":null,"transform":null,)"
             R"("to":["app"],)" +
                 pause + "}]}"},
       {200, R"({"name":"openai","provider":"openai","path":"/o",)" + pause +
                 R"(,"secrets":[],"held_deliveries":2,"held_more":false})"}});
  for (const char* what : {"sources", "routes"}) {
    EXPECT_EQ(client.run({what, "list"}), kFine);
    EXPECT_THAT(client.world.out, HasSubstr("paused since 2026-01-0")) << what;
    EXPECT_THAT(client.world.out, HasSubstr("(it answered 410 Gone)\n")) << what;
  }
  EXPECT_EQ(client.run({"sources", "get", "openai"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr("held         2 deliveries: paused since"));
  EXPECT_THAT(client.world.out, HasSubstr("resume with  creel sources resume openai\n"));
}

TEST(Lists, GiveNamesAlone) {
  Client client({{200, R"({"destinations":[{"name":"app"},{"name":"books"}]})"},
                 {200, R"({"routes":[{"name":"route 1"}]})"},
                 {200, R"({"sources":[{"name":"openai"}]})"}});
  EXPECT_EQ(client.run({"destinations", "list", "--names"}), kFine);
  EXPECT_EQ(client.world.out, "app\nbooks\n");
  EXPECT_EQ(client.run({"routes", "list", "--names"}), kFine);
  EXPECT_EQ(client.world.out, "route 1\n");
  EXPECT_EQ(client.run({"sources", "list", "--names"}), kFine);
  EXPECT_EQ(client.world.out, "openai\n");
}

TEST(ShellWord, IsQuotedWhereItHasToBe) {
  EXPECT_EQ(shell_word("app-2.eu"), "app-2.eu");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("a'$(b)"), "'a'\\''$(b)'");
}

}  // namespace
}  // namespace creel::cli
