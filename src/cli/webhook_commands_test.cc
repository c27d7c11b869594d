// trigger, sign and verify: what one signs the other accepts, all without a gateway.
#include <creel/openai.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/test_world.h"

namespace creel::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kBody = "{\"type\":\"batch.completed\"}";

// The known answer for this body, id, time and the test secret, as `sign` prints it.
std::string signed_headers(World& world) {
  world.files["body.json"] = kBody;
  EXPECT_EQ(world.run({"sign", "openai", "body.json", "--id", "wh_1", "--timestamp", "1750000000"}), kFine);
  return world.out;
}

TEST(Sign, PrintsTheThreeHeaders) {
  World world;
  const std::string headers = signed_headers(world);
  EXPECT_THAT(headers, HasSubstr("webhook-id: wh_1\n"));
  EXPECT_THAT(headers, HasSubstr("webhook-timestamp: 1750000000\n"));
  EXPECT_THAT(headers, HasSubstr("webhook-signature: v1,"));
}

TEST(Sign, ReadsStandardInputAndSpeaksJson) {
  World world;
  const std::string headers = signed_headers(world);
  world.input = kBody;
  EXPECT_EQ(world.run({"sign", "openai", "--id", "wh_1", "--timestamp", "1750000000", "--format", "json"}),
            kFine);
  const auto json = Json::parse(world.out);
  ASSERT_TRUE(json);
  EXPECT_THAT(headers, HasSubstr("webhook-signature: " + json->text("webhook-signature") + "\n"));
}

TEST(Sign, SaysWhatIsMissing) {
  World world;
  EXPECT_EQ(world.run({"sign", "openai", "nowhere.json"}), kNotFound);
  EXPECT_EQ(world.err, "creel: cannot read nowhere.json\n");
  EXPECT_EQ(world.run({"sign", "opneai"}), kUsage);
  EXPECT_EQ(world.err, "creel: unknown provider \"opneai\"; did you mean \"openai\"?\n");
  world.variables.clear();
  EXPECT_EQ(world.run({"sign", "openai"}), kConfiguration);
  EXPECT_EQ(world.err, "creel: no secret: set OPENAI_WEBHOOK_SECRET, or say --secret or --secret-file\n");
}

TEST(Sign, NeverPrintsABadSecret) {
  World world;
  EXPECT_EQ(world.run({"sign", "openai", "--secret", "whsec_notbase64notbase64!"}), kConfiguration);
  EXPECT_THAT(world.err, HasSubstr("the secret cannot be used: "));
  EXPECT_THAT(world.err + world.out, Not(HasSubstr("notbase64")));
}

TEST(Verify, AcceptsWhatSignSigned) {
  World world;
  world.files["headers.txt"] = signed_headers(world);
  EXPECT_EQ(world.run({"verify", "--body", "body.json", "--headers", "headers.txt"}), kFine);
  EXPECT_THAT(world.out, testing::StartsWith("valid\n"));
  EXPECT_THAT(world.out, HasSubstr("OPENAI_WEBHOOK_SECRET"));
}

TEST(Verify, ReadsAWholeCapturedRequest) {
  World world;
  std::string headers = signed_headers(world);
  for (std::size_t at = 0; (at = headers.find('\n', at)) != std::string::npos; at += 2)
    headers.replace(at, 1, "\r\n");
  world.files["captured"] = "POST /webhooks/openai HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + kBody;
  EXPECT_EQ(world.run({"verify", "--request", "captured", "--format", "json"}), kFine);
  EXPECT_TRUE(Json::parse(world.out)->is_true("valid"));
}

TEST(Verify, ReadsHeadersAsCurlAndLogsShowThem) {
  World world;
  const std::string headers = signed_headers(world);
  std::string curl = "> POST / HTTP/1.1\n> ";
  Json json = Json::object();
  for (std::size_t at = 0; at < headers.size();) {
    const std::size_t end = headers.find('\n', at), colon = headers.find(": ", at);
    json.set(headers.substr(at, colon - at), Json::of(headers.substr(colon + 2, end - colon - 2)));
    curl += headers.substr(at, end - at) + "\n> ";
    at = end + 1;
  }
  for (const std::string& text : {curl, json.dump()}) {
    world.files["headers.txt"] = text;
    EXPECT_EQ(world.run({"verify", "--body", "body.json", "--headers", "headers.txt"}), kFine) << text;
  }
}

TEST(Verify, SaysWhatItCannotReadOrDo) {
  World world;
  world.files["body.json"] = kBody;
  world.files["headers.txt"] = "\"webhook-id\": \"wh_1\",\n";
  EXPECT_EQ(world.run({"verify", "--body", "body.json", "--headers", "headers.txt"}), kBadData);
  EXPECT_THAT(world.err, HasSubstr("headers.txt has a line that is not"));
  world.variables.clear();
  EXPECT_EQ(world.run({"verify", "--body", "body.json"}), kNegative);
  EXPECT_THAT(world.err, HasSubstr("set OPENAI_WEBHOOK_SECRET"));
}

// Verifies the signed body under what `change` made of the world, and gives the cause.
std::string cause(World& world, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"verify",      "--body",   "body.json", "--headers",
                                     "headers.txt", "--format", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  EXPECT_EQ(world.run(arguments), kNegative) << world.err;
  const auto answer = Json::parse(world.out);
  return answer ? answer->text("cause") : "no JSON";
}

TEST(Verify, NamesTheCause) {
  World world;
  const std::string headers = signed_headers(world);
  world.files["headers.txt"] = headers;
  EXPECT_EQ(cause(world, {"--now", "1750000301"}), "clock");
  EXPECT_EQ(cause(world, {"--secret", kOtherTestSecret}), "other_secret");
  world.files["headers.txt"] = headers.substr(headers.find('\n') + 1);
  EXPECT_EQ(cause(world), "missing_header");
  world.files["headers.txt"] = headers;
  world.files["body.json"] += " ";
  EXPECT_EQ(cause(world), "body_trimmed");
  world.files["body.json"] += "x";
  EXPECT_EQ(cause(world), "unexplained");
}

// --- Other providers

TEST(Verify, AcceptsWhatSignSignedForEveryProvider) {
  World world;
  world.files["body.json"] = "{\"id\": \"evt_1\"}";
  for (const char* provider : {"stripe", "github", "shopify", "slack", "paddle", "webflow", "vercel"}) {
    ASSERT_EQ(world.run({"sign", provider, "body.json", "--secret", "s3cret", "--timestamp", "1750000000"}),
              kFine)
        << provider << world.err;
    world.files["headers.txt"] = world.out;
    EXPECT_EQ(world.run({"verify", "--provider", provider, "--body", "body.json", "--headers", "headers.txt",
                         "--secret", "s3cret"}),
              kFine)
        << provider << world.out << world.err;
  }
}

TEST(Verify, SaysWhatWasDoneAndWhatToDo) {
  World world;
  world.files["body.json"] = "{\"id\": \"evt_1\"}";
  ASSERT_EQ(world.run({"sign", "github", "body.json", "--secret", "s3cret"}), kFine);
  world.files["headers.txt"] = world.out;
  world.files["body.json"] = "{\"id\":\"evt_1\"}";
  EXPECT_EQ(cause(world, {"--provider", "github", "--secret", "s3cret"}), "body_reserialised");
  EXPECT_THAT(world.out, HasSubstr("\"fix\":"));
  EXPECT_EQ(world.run({"verify", "--provider", "github", "--body", "body.json", "--headers", "headers.txt",
                       "--secret", "s3cret"}),
            kNegative);
  EXPECT_THAT(world.out, HasSubstr("    to do: verify the bytes as they were received"));
  EXPECT_THAT(world.out, Not(HasSubstr("s3cret")));
}

TEST(Verify, NamesTheProviderThatSentIt) {
  World world;
  world.files["body.json"] = "{}";
  ASSERT_EQ(world.run({"sign", "stripe", "body.json", "--secret", "whsec_x", "--timestamp", "1750000000"}),
            kFine);
  world.files["headers.txt"] = world.out;
  EXPECT_EQ(cause(world), "other_provider_header");
  EXPECT_THAT(world.out, HasSubstr("provider = \\\"stripe\\\""));
}

TEST(Verify, TakesTheAddressAndTheQueryFromFlagsOrTheRequest) {
  World world;
  world.files["body.json"] = "{}";
  ASSERT_EQ(
      world.run({"sign", "square", "body.json", "--secret", "s3cret", "--url", "https://example.com/in"}),
      kFine)
      << world.err;
  world.files["headers.txt"] = world.out;
  const std::vector<std::string> start{"verify",    "--provider",  "square",   "--body", "body.json",
                                       "--headers", "headers.txt", "--secret", "s3cret", "--url"};
  const auto with = [&](std::vector<std::string> arguments, const std::string& url) {
    arguments.push_back(url);
    return world.run(arguments);
  };
  EXPECT_EQ(with(start, "https://example.com/in"), kFine) << world.out;
  EXPECT_EQ(with(start, "https://example.com/in/"), kNegative);
  EXPECT_THAT(world.out, HasSubstr("  url: the signature is right for the address"));

  world.files["captured"] = "POST /in?token=s%33cret HTTP/1.1\r\nHost: x\r\n\r\n{}";
  EXPECT_EQ(world.run({"verify", "--provider", "postmark", "--request", "captured", "--secret", "s3cret"}),
            kFine)
      << world.out;
  world.files["captured"] = "Host: x\r\n\r\n{}";
  EXPECT_EQ(world.run({"verify", "--provider", "postmark", "--request", "captured", "--secret", "s3cret"}),
            kNegative);
  EXPECT_EQ(world.run({"verify", "--provider", "postmark", "--request", "captured", "--secret", "s3cret",
                       "--query", "token=s3cret"}),
            kFine);
}

TEST(Verify, ReadsASourceOfTheConfiguration) {
  World world;
  world.files["creel.toml"] =
      "[sources.shop]\nprovider = \"github\"\nsecrets = [\"one-secret\", \"another-secret\"]\n";
  world.files["body.json"] = "{}";
  ASSERT_EQ(world.run({"sign", "github", "body.json", "--secret", "another-secret"}), kFine);
  world.files["headers.txt"] = world.out;
  EXPECT_EQ(world.run({"verify", "--provider", "shop", "--body", "body.json", "--headers", "headers.txt"}),
            kFine)
      << world.out << world.err;
  EXPECT_EQ(cause(world, {"--provider", "shop", "--secret", "third"}), "other_secret");
  EXPECT_EQ(world.run({"verify", "--provider", "gihtub", "--body", "body.json", "--headers", "headers.txt"}),
            kUsage);
  EXPECT_THAT(world.err, HasSubstr("did you mean \"github\"?"));
}

TEST(Verify, NeverShowsACredentialThatIsExpected) {
  World world;
  world.files["captured"] = "POST /in?token=wrong HTTP/1.1\r\nHost: x\r\n\r\n{}";
  EXPECT_EQ(world.run({"verify", "--provider", "postmark", "--request", "captured", "--secret", "s3cret",
                       "--show-expected"}),
            kNegative);
  EXPECT_THAT(world.out + world.err, Not(HasSubstr("s3cret")));
}

TEST(Verify, WidensTheWindowWhenAsked) {
  World world;
  world.files["headers.txt"] = signed_headers(world);
  EXPECT_EQ(world.run({"verify", "--body", "body.json", "--headers", "headers.txt", "--now", "1750000301",
                       "--tolerance", "10m"}),
            kFine);
}

TEST(Verify, ShowsTheExpectedSignatureOnlyWhenAsked) {
  World world;
  const std::string headers = signed_headers(world);
  const std::string right = headers.substr(headers.find("v1,"), 3 + 44);
  std::string wrong = headers;
  wrong.replace(wrong.find("v1,") + 3, 4, "AAAA");
  world.files["headers.txt"] = wrong;
  EXPECT_EQ(world.run({"verify", "--body", "body.json", "--headers", "headers.txt"}), kNegative);
  EXPECT_THAT(world.out, Not(HasSubstr(right)));
  EXPECT_EQ(world.run({"verify", "--body", "body.json", "--headers", "headers.txt", "--show-expected"}),
            kNegative);
  EXPECT_THAT(world.out, HasSubstr(right));
}

TEST(Verify, SaysWhatItNeeds) {
  World world;
  EXPECT_EQ(world.run({"verify"}), kUsage);
  EXPECT_EQ(world.err,
            "creel: say one thing to verify: --body with --headers or -H, or --request, or an id\n");
  world.files["body.json"] = kBody;
  EXPECT_EQ(world.run({"verify", "--body", "body.json", "-H", "nonsense"}), kBadData);
  EXPECT_THAT(world.err, HasSubstr("creel: -H has a line that is not \"name: value\""));
  world.files["captured"] = "POST / HTTP/1.1\r\nHost: x\r\n";
  EXPECT_EQ(world.run({"verify", "--request", "captured"}), kBadData);
}

TEST(Verify, AsksARunningCreelForARejectedRequest) {
  World world;
  const auto signature = signed_headers(world);
  const Json kept = Json::object()
                        .set("source", Json::of("openai"))
                        .set("received", Json::of("2025-06-15T15:06:40.000Z"))
                        .set("head", Json::of("POST /webhooks/openai HTTP/1.1\r\n" + signature))
                        .set("body_base64", Json::of("eyJ0eXBlIjoiYmF0Y2guY29tcGxldGVkIn0="))
                        .set("body_is_whole", Json::of(true));
  LoopbackServer server({{200, kept.dump()}});
  EXPECT_EQ(world.run({"verify", "17", "--server", server.url(), "--token", "t"}), kFine)
      << world.err << world.out;
  EXPECT_THAT(server.requests().at(0), testing::StartsWith("GET /api/v1/rejected/17 HTTP/1.1\r\n"));
}

TEST(Trigger, SendsWhatVerifyAccepts) {
  World world;
  LoopbackServer server({{200, "{\"received\":true}"}});
  EXPECT_EQ(world.run({"trigger", "openai", "batch.completed", "--to", server.url() + "/in", "--set",
                       "data.id=batch_42", "--set", "data.n=7"}),
            kFine);
  EXPECT_EQ(world.out, "200 {\"received\":true}\n");
  const std::string request = server.requests().at(0);
  EXPECT_THAT(request, testing::StartsWith("POST /in HTTP/1.1\r\n"));
  const auto body = Json::parse(request.substr(request.find("\r\n\r\n") + 4));
  ASSERT_TRUE(body);
  EXPECT_EQ(body->text("type"), "batch.completed");
  EXPECT_EQ(body->find("data")->text("id"), "batch_42");
  EXPECT_EQ(body->find("data")->integer("n"), 7);
  EXPECT_EQ(body->integer("created_at"), 1'750'000'000);

  world.files["captured"] = request;
  EXPECT_EQ(world.run({"verify", "--request", "captured"}), kFine) << world.out;
}

TEST(Trigger, GivesEachRepetitionItsOwnId) {
  World world;
  LoopbackServer server({{200, ""}, {200, ""}});
  EXPECT_EQ(world.run({"trigger", "openai", "response.completed", "--to", server.url(), "--repeat", "2",
                       "--format", "json"}),
            kFine);
  std::istringstream lines(world.out);
  std::string first, second;
  std::getline(lines, first);
  std::getline(lines, second);
  EXPECT_EQ(Json::parse(first)->integer("status"), 200);
  EXPECT_NE(Json::parse(first)->text("webhook_id"), Json::parse(second)->text("webhook_id"));
}

TEST(Trigger, EndsWith1WhenItIsRefusedAnd69WhenNobodyListens) {
  World world;
  LoopbackServer server({{400, "Invalid signature"}});
  EXPECT_EQ(world.run({"trigger", "openai", "response.completed", "--to", server.url()}), kNegative);
  EXPECT_EQ(world.out, "400 Invalid signature\n");
  EXPECT_EQ(world.run({"trigger", "openai", "response.completed", "--to", unreachable_url()}), kUnreachable);
  EXPECT_THAT(world.err, HasSubstr("cannot reach http://127.0.0.1:"));
}

TEST(Trigger, ListsEveryType) {
  World world;
  world.variables.clear();
  EXPECT_EQ(world.run({"trigger", "openai", "--list"}), kFine);
  std::string all;
  for (std::string_view type : openai::event_types())
    all.append(type) += '\n';
  EXPECT_EQ(world.out, all);
}

TEST(Trigger, ExplainsWhatItCannotSend) {
  World world;
  EXPECT_EQ(world.run({"trigger", "openai", "batch.complete"}), kUsage);
  EXPECT_THAT(world.err, HasSubstr("did you mean \"batch.completed\"?"));
  EXPECT_EQ(world.run({"trigger", "openai"}), kUsage);
  EXPECT_EQ(world.run({"trigger", "openai", "batch.completed", "--set", "type.x.y=1"}), kUsage);
  EXPECT_THAT(world.err, HasSubstr("--set type.x.y=1: write a path"));
  EXPECT_EQ(world.run({"trigger", "openai", "batch.completed", "--to", "ftp://x"}), kUsage);
}

}  // namespace
}  // namespace creel::cli
