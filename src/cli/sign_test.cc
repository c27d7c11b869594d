// sign for every family: what it prints is what a receiver wants, and a secret only when told to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/test_world.h"

namespace creel::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

World world_with(std::string body) {
  World world;
  world.files["body"] = std::move(body);
  return world;
}

// The known answers were made with openssl dgst.
TEST(SignProviders, PrintsTheHeadersOfEachFamily) {
  World world = world_with("{\"id\":\"evt_1\"}");
  EXPECT_EQ(world.run({"sign", "stripe", "body", "--timestamp", "1750000000", "--secret", "whsec_a"}), kFine);
  EXPECT_EQ(
      world.out,
      "Stripe-Signature: t=1750000000,v1=a599aa393ac469d0107bc029e6bc8883d62d54b3c1cbfd90ad0f709e5fbaf204\n");
  EXPECT_EQ(world.run({"sign", "github", "--body", "body", "--secret", "whsec_a"}), kFine);
  EXPECT_EQ(world.out,
            "X-Hub-Signature-256: sha256=69de5141c5913ab1a91661a1387e07f4daeece26d1af76d584e75542b0f5bfe5\n");
  EXPECT_THAT(world.err, IsEmpty());
}

TEST(SignProviders, SignsTheAddressAndTheForm) {
  World world = world_with("Body=Hello+there&From=%2B1");
  const std::vector<std::string> arguments{
      "sign", "twilio", "body", "--secret", "token", "--content-type", "application/x-www-form-urlencoded"};
  EXPECT_EQ(world.run(arguments), kUsage);
  EXPECT_EQ(world.err, "creel: twilio signs the address that it calls: say it with --url\n");
  auto with_url = arguments;
  with_url.insert(with_url.end(), {"--url", "https://hooks.example.com/sms"});
  EXPECT_EQ(world.run(with_url), kFine) << world.err;
  EXPECT_EQ(world.out, "X-Twilio-Signature: lN9KO6SRm1Vc2/PxAjwSHs3U0NU=\n");
}

TEST(SignProviders, PrintsTheQueryThatBelongsToTheAddress) {
  World world = world_with("{}");
  const std::vector<std::string> arguments{
      "sign", "twilio", "body", "--secret", "token", "--url", "https://hooks.example.com/sms"};
  EXPECT_EQ(world.run(arguments), kFine);
  constexpr const char* kDigest =
      "bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
  EXPECT_THAT(world.out, HasSubstr("\n?" + std::string(kDigest) + "\n"));
  auto as_json = arguments;
  as_json.insert(as_json.end(), {"--format", "json"});
  EXPECT_EQ(world.run(as_json), kFine);
  EXPECT_EQ(Json::parse(world.out)->text("?"), kDigest);
}

TEST(SignProviders, PrintsASecretOnlyWhenToldTo) {
  World world = world_with("{}");
  for (const auto& [provider, secret, printed] :
       {std::tuple("token", "tell-nobody", "X-Webhook-Token: tell-nobody\n"),
        std::tuple("basic", "user:tell-nobody", "Authorization: Basic dXNlcjp0ZWxsLW5vYm9keQ==\n")}) {
    EXPECT_EQ(world.run({"sign", provider, "body", "--secret", secret}), kUsage);
    EXPECT_THAT(world.out, IsEmpty());
    EXPECT_EQ(world.err, "creel: what " + std::string(provider) +
                             " sends along is the secret itself: --print-secret prints it\n");
    EXPECT_EQ(world.run({"sign", provider, "body", "--secret", secret, "--print-secret"}), kFine);
    EXPECT_EQ(world.out, printed);
  }
}

TEST(SignProviders, SaysWhereASignatureInsideTheBodyBelongs) {
  World world = world_with(R"({"signature":{"timestamp":"1750000000","token":"abc"},"event-data":{}})");
  EXPECT_EQ(world.run({"sign", "mailgun", "body", "--secret", "key"}), kFine) << world.err;
  EXPECT_EQ(world.out,
            "/signature/signature: e14d2e76b2b7a9393dd30118cac7499cfa1224419bca831e69c810fbf31e5b06\n");
  EXPECT_EQ(world.err, "creel: this belongs into the body, at /signature/signature\n");
}

TEST(SignProviders, SaysWhomItCannotSignFor) {
  World world = world_with("{}");
  EXPECT_EQ(world.run({"sign", "discord", "body"}), kUsage);
  EXPECT_THAT(world.err, HasSubstr("signs with a private key that only it has"));
  EXPECT_EQ(world.run({"sign", "none", "body"}), kUsage);
  EXPECT_EQ(world.err, "creel: none has no signature: there is nothing to print\n");
  EXPECT_EQ(world.run({"sign", "mailgun", "body", "--secret", "key"}), kBadData);
  EXPECT_EQ(world.err, "creel: the body lacks what mailgun signs\n");
}

TEST(SignProviders, UsesTheConfiguredSource) {
  World world = world_with("{\"id\":\"evt_1\"}");
  world.files["creel.toml"] =
      "[sources.billing]\nprovider = 'hmac'\nheader = 'X-Billing'\nprefix = 'sha256='\nsecrets = "
      "['whsec_a']\n";
  EXPECT_EQ(world.run({"sign", "billing", "body"}), kFine) << world.err;
  EXPECT_EQ(world.out,
            "X-Billing: sha256=69de5141c5913ab1a91661a1387e07f4daeece26d1af76d584e75542b0f5bfe5\n");
  EXPECT_EQ(world.run({"sign", "hmac", "--source", "billing", "body"}), kFine) << world.err;
  EXPECT_EQ(world.out,
            "X-Billing: sha256=69de5141c5913ab1a91661a1387e07f4daeece26d1af76d584e75542b0f5bfe5\n");
}

}  // namespace
}  // namespace creel::cli
