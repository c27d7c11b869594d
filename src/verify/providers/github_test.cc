#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

TEST(Github, ReadsAnEvent) {
  const ProviderWorld world("github");
  SentRequest request = world.signed_request(
      R"({"action":"opened","issue":{"updated_at":"2025-06-15T15:06:40Z"},"repository":{"full_name":"octo-org/sample"}})");
  request.set("X-GitHub-Event", "issues");
  request.set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "72d3162e-cc78-11e3-81ab-4c9367dc0958");
  EXPECT_EQ(item.dedupe_key, item.provider_id + "#" + hex_sha256(request.body));
  EXPECT_EQ(item.type, "issues");
  EXPECT_EQ(item.subject, "octo-org/sample");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Github, ReadsTheJsonInAForm) {
  const ProviderWorld world("github");
  SentRequest request =
      world.signed_request("payload=%7B%22repository%22%3A%7B%22full_name%22%3A%22octo-org%2Fsample%22%7D%7D",
                           "application/x-www-form-urlencoded");
  request.set("X-GitHub-Event", "push");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.type, "push");
  EXPECT_EQ(item.subject, "octo-org/sample");
  EXPECT_EQ(item.body, request.body);
}

TEST(Github, WantsThePrefixAndAcceptsNoSha1) {
  const ProviderWorld world("github");
  SentRequest request = world.signed_request("{}");
  const std::string hex = request.header("X-Hub-Signature-256").substr(7);
  request.set("X-Hub-Signature-256", hex);
  EXPECT_EQ(world.refusal(request), VerifyError::malformed_signature);
  request.drop("X-Hub-Signature-256");
  request.set("X-Hub-Signature", "sha1=" + hex.substr(0, 40));
  EXPECT_EQ(world.refusal(request), VerifyError::missing_signature);
  EXPECT_EQ(world.status(request), 401);
}

}  // namespace
}  // namespace creel::testing
