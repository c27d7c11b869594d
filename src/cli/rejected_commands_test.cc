// creel rejected and creel sources: what they send, what they print, and how they end.
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
using testing::StartsWith;

TEST(Rejected, ListsAndShows) {
  Client client(
      {{200,
        R"({"rejected":[{"id":17,"source":"openai","received":"2026-01-02T03:04:05.000Z","peer":"192.0.2.1",)"
        R"("cause":"signature_mismatch","status":400}],"cursor":17,"more":false})"},
       {200,
        R"({"id":17,"cause":"signature_mismatch","head":"POST /x HTTP/1.1\r\nA: \u0007b\r\n","body":"{}"})"}});
  EXPECT_EQ(client.run({"rejected", "list"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr("signature_mismatch"));
  EXPECT_EQ(client.run({"rejected", "get", "17"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr("\nPOST /x HTTP/1.1\nA: \\x07b\n\n{}\n"));
}

TEST(Rejected, ListsByAFilterAndSaysHowToGoOn) {
  Client client(
      {{200,
        R"({"rejected":[{"id":17,"cause":"c","accepted":{"event":"cev_1","at":"2026-01-02T03:04:05.000Z"}},)"
        R"({"id":16,"cause":"c","accepted":null}],"cursor":16,"more":true})"}});
  EXPECT_EQ(client.run({"rejected", "list", "--source", "openai", "--cause", "c", "--since", "1h", "--until",
                        "1750000000", "--unaccepted", "--cursor", "20"}),
            kFine);
  EXPECT_THAT(client.world.out, HasSubstr("cev_1\n"));
  EXPECT_EQ(client.world.err, "creel: more with --cursor 16\n");
  EXPECT_THAT(client.server.requests().at(0),
              StartsWith("GET /api/v1/rejected?source=openai&cause=c&since=1749996400&until=1750000000&"
                         "accepted=false&limit=50&cursor=20 HTTP/1.1\r\n"));
}

TEST(RejectedExplain, PrintsTheFindings) {
  Client client(
      {{200,
        R"({"id":17,"source":"openai","cause":"signature_mismatch","accepted":null,)"
        R"("findings":[{"kind":"other_secret","text":"Signed with \u001b old."},{"kind":"x","text":"Two.","fix":"Do."}]})"},
       {200, R"({"id":18,"accepted":null,"findings":[{"kind":"valid","text":"Nothing is wrong."}]})"},
       {404, R"({"detail":"No rejected request has the id 19","code":"not_found"})"}});
  EXPECT_EQ(client.run({"rejected", "explain", "17"}), kFine);
  EXPECT_THAT(client.world.out, EndsWith("\nSigned with \\x1b old.\nTwo.\n  to do: Do.\n"));
  EXPECT_THAT(client.world.err, IsEmpty());
  EXPECT_EQ(client.run({"rejected", "explain", "18"}), kFine);
  EXPECT_THAT(client.world.err, HasSubstr("creel rejected accept 18"));
  EXPECT_EQ(client.run({"rejected", "explain", "19"}), kNotFound);
  EXPECT_THAT(client.server.requests().at(0), StartsWith("GET /api/v1/rejected/17/explain "));
}

TEST(RejectedAccept, SaysWhatBecameOfOne) {
  Client client({{200, R"({"id":17,"result":"accepted","event":"cev_1"})"},
                 {200, R"({"id":17,"result":"already_accepted","event":"cev_1"})"},
                 {200, R"({"id":17,"result":"duplicate","event":null})"},
                 {200, R"({"id":17,"result":"still_rejected","event":null,"cause":"c","text":"No key."})"},
                 {200, R"({"id":17,"result":"cannot","event":null,"cause":"store_full","text":"No room."})"},
                 {200, R"({"id":17,"result":"cannot","event":null,"cause":"body_cut","text":"Cut."})"},
                 {404, R"({"detail":"none","code":"not_found"})"}});
  EXPECT_EQ(client.run({"rejected", "accept", "17"}), kFine);
  EXPECT_EQ(client.world.out, "17: accepted as cev_1\n");
  EXPECT_EQ(client.run({"rejected", "accept", "17"}), kFine);
  EXPECT_EQ(client.world.out, "17: accepted before as cev_1\n");
  EXPECT_EQ(client.run({"rejected", "accept", "17", "--format", "json"}), kFine);
  EXPECT_EQ(client.world.out, "{\"id\":17,\"result\":\"duplicate\",\"event\":null}\n");
  EXPECT_EQ(client.run({"rejected", "accept", "17"}), kNegative);
  EXPECT_EQ(client.world.out, "17: still rejected: c: No key.\n");
  EXPECT_EQ(client.run({"rejected", "accept", "17"}), kTryAgain);
  EXPECT_EQ(client.run({"rejected", "accept", "17"}), kNegative);
  EXPECT_EQ(client.run({"rejected", "accept", "17"}), kNotFound);
  EXPECT_THAT(client.server.requests().at(0), StartsWith("POST /api/v1/rejected/17/accept "));
}

TEST(RejectedAccept, GoesThroughAllInSlices) {
  Client client(
      {{200,
        R"({"results":[{"id":5,"result":"accepted","event":"cev_1"},{"id":4,"result":"cannot","event":null,)"
        R"("cause":"body_cut","text":"t"}],"cursor":4,"more":true})"},
       {200, R"({"results":[{"id":3,"result":"still_rejected","event":null,"cause":"c","text":"t"},)"
             R"({"id":2,"result":"duplicate","event":null}],"cursor":2,"more":false})"}});
  EXPECT_EQ(client.run({"rejected", "accept", "--all", "--source", "openai", "--since", "1h", "--yes"}),
            kNegative);
  EXPECT_EQ(client.world.out, "1 accepted, 1 there already, 1 still rejected, 1 not tried\n");
  EXPECT_EQ(client.world.err,
            "creel: 2 looked at, 1 accepted; going on\ncreel: 1 for body_cut\ncreel: 1 for c\n");
  const auto requests = client.server.requests();
  EXPECT_THAT(requests.at(0), StartsWith("POST /api/v1/rejected/accept HTTP/1.1\r\n"));
  EXPECT_THAT(requests.at(0), EndsWith("\r\n\r\n{\"source\":\"openai\",\"since\":\"1749996400\"}"));
  EXPECT_THAT(requests.at(1),
              EndsWith("\r\n\r\n{\"source\":\"openai\",\"since\":\"1749996400\",\"cursor\":4}"));
}

TEST(RejectedAccept, IsOneObjectALineAsJsonAndThenTheSum) {
  Client client(
      {{200, R"({"results":[{"id":5,"result":"accepted","event":"cev_1"}],"cursor":5,"more":false})"}});
  EXPECT_EQ(client.run({"rejected", "accept", "--all", "--source", "a", "--yes", "--format", "json"}), kFine);
  EXPECT_EQ(client.world.out,
            "{\"id\":5,\"result\":\"accepted\",\"event\":\"cev_1\"}\n"
            "{\"accepted\":1,\"duplicate\":0,\"already_accepted\":0,\"still_rejected\":0,\"cannot\":0}\n");
}

TEST(RejectedAccept, AsksBeforeItAcceptsMany) {
  Client client({{200, R"({"rejected":[],"cursor":9,"more":true})"},
                 {200, R"({"rejected":[{"id":5},{"id":4}],"cursor":4,"more":false})"}});
  client.world.in_is_terminal = true;
  client.world.input = "n\n";
  EXPECT_EQ(client.run({"rejected", "accept", "--all", "--source", "openai"}), kNegative);
  EXPECT_THAT(client.world.err, HasSubstr("accept 2 rejected requests of openai? [y/N] "));
  EXPECT_THAT(client.server.requests().at(1), StartsWith("GET /api/v1/rejected?source=openai&accepted=false&"
                                                         "limit=1000&cursor=9 "));
}

TEST(RejectedAccept, WantsToKnowWhich) {
  World world;
  world.variables["CREEL_ADMIN_TOKEN"] = "sesame";
  world.variables["CREEL_SERVER"] = unreachable_url();
  EXPECT_EQ(world.run({"rejected", "accept"}), kUsage);
  EXPECT_EQ(world.run({"rejected", "accept", "--all"}), kUsage);
  EXPECT_EQ(world.run({"rejected", "accept", "17", "--all", "--source", "a"}), kUsage);
  EXPECT_EQ(world.run({"rejected", "accept", "17", "--source", "a"}), kUsage);
  EXPECT_EQ(world.run({"rejected", "accept", "--all", "--source", "a"}), kUsage) << "no terminal, no --yes";
  EXPECT_THAT(world.err, HasSubstr("--yes"));
  EXPECT_EQ(world.run({"rejected", "accept", "--all", "--source", "a", "--since", "soon", "--yes"}), kUsage);
}

TEST(Sources, AreListedAndShownWithTheirSecrets) {
  const std::string source =
      R"({"name":"openai","provider":"openai","path":"/w","secrets":[{"label":"current","fingerprint":"ab",)"
      R"("not_before":null,"not_after":null,"last_used":"2026-01-02T03:04:05.000Z","events":12,"hint":null},)"
      R"({"label":"old","fingerprint":"cd","not_before":null,"not_after":null,"last_used":null,"events":0,)"
      R"("hint":"safe to remove"}]})";
  Client client({{200, "{\"sources\":[" + source + "]}"},
                 {200, source},
                 {200, R"({"sources":[]})"},
                 {404, R"({"detail":"No source has the name x","code":"not_found"})"}});
  EXPECT_EQ(client.run({"sources", "list"}), kFine);
  EXPECT_THAT(
      client.world.out,
      StartsWith(
          "SOURCE  PROVIDER  PATH  SECRETS  LAST USED                  HELD\nopenai  openai    /w    2"));
  EXPECT_EQ(client.run({"sources", "get", "openai"}), kFine);
  EXPECT_THAT(client.world.out, HasSubstr("old      cd"));
  EXPECT_THAT(client.world.out, HasSubstr("0       safe to remove\n"));
  EXPECT_EQ(client.run({"sources", "list"}), kFine);
  EXPECT_EQ(client.world.err, "creel: no sources\n");
  EXPECT_EQ(client.run({"sources", "get", "x"}), kNotFound);
  EXPECT_THAT(client.server.requests().at(1), StartsWith("GET /api/v1/sources/openai "));
}

}  // namespace
}  // namespace creel::cli
