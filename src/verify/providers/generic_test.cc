#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

// The rows that a source of one's own completes.
TEST(Hmac, SignsTheBodyInHex) {
  const ProviderWorld world("hmac", "secret");
  const SentRequest request = world.signed_request("a=1", "text/plain");
  EXPECT_EQ(request.header("X-Signature"), hex_hmac_sha256("secret", "a=1"));
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.dedupe_key, "");
  EXPECT_EQ(item.type, "");
}

TEST(Token, IsAHeader) {
  const ProviderWorld world("token", "secret");
  SentRequest request = world.signed_request(R"({"type":"sample.created"})");
  EXPECT_EQ(request.header("X-Webhook-Token"), "secret");
  EXPECT_EQ(world.item(request).type, "sample.created");
  EXPECT_TRUE(world.receiver().is_credential_header("x-webhook-token"));
  request.set("X-Webhook-Token", "Secret");
  EXPECT_EQ(world.status(request), 401);
}

TEST(Basic, SplitsAtTheFirstColon) {
  const ProviderWorld world("basic", "user:a:b");
  SentRequest request = world.signed_request("{}");
  EXPECT_EQ(request.header("Authorization"), "Basic dXNlcjphOmI=");
  EXPECT_EQ(world.refusal(request), std::nullopt);
  request.drop("Authorization");
  EXPECT_EQ(world.refusal(request), VerifyError::missing_credential);
  EXPECT_EQ(world.status(request), 401);
}

TEST(None, AcceptsWhatComes) {
  const ProviderWorld world("none", "unused");
  SentRequest request;
  request.body = R"({"event":"anything"})";
  EXPECT_EQ(world.item(request).type, "anything");
  // A doorbell that rings twice says the same twice.
  EXPECT_EQ(world.item(request).dedupe_key, "");
  EXPECT_FALSE(world.receiver().can_sign());
}

}  // namespace
}  // namespace creel::testing
