#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

TEST(Webflow, ReadsAnEvent) {
  const ProviderWorld world("webflow");
  const SentRequest request = world.signed_request(
      R"({"triggerType":"form_submission","payload":{"id":"form_1","submittedAt":"2025-06-15T15:06:40.5Z"}})");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "");
  EXPECT_EQ(item.dedupe_key, "1750000000000#" + hex_sha256(request.body));
  EXPECT_EQ(item.type, "form_submission");
  EXPECT_EQ(item.subject, "form_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Webflow, CountsInMilliseconds) {
  const ProviderWorld world("webflow", "whsec_plain-text");
  const SentRequest request = world.signed_request("{}");
  EXPECT_EQ(request.header("x-webflow-timestamp"), "1750000000000");
  EXPECT_EQ(request.header("x-webflow-signature"), hex_hmac_sha256("whsec_plain-text", "1750000000000:{}"));
  EXPECT_EQ(world.refusal(request, kNow + 5min), std::nullopt);
  EXPECT_EQ(world.refusal(request, kNow + 5min + 1s), VerifyError::timestamp_too_old);
  EXPECT_EQ(world.refusal(request, kNow - 5min - 1s), VerifyError::timestamp_too_new);
}

// The body of a form that is sent in twice, or of a site that is published twice, is the same.
TEST(Webflow, TellsTwoEventsWithOneBodyApart) {
  const ProviderWorld world("webflow", "secret");
  const std::string body = R"({"triggerType":"site_publish","payload":{"siteId":"s_1"}})";
  SentRequest later = world.signed_request(body);
  later.set("x-webflow-timestamp", "1750000060000");
  later.set("x-webflow-signature", hex_hmac_sha256("secret", "1750000060000:" + body));
  EXPECT_NE(world.item(world.signed_request(body)).dedupe_key, world.item(later).dedupe_key);
}

TEST(Webflow, WantsDigits) {
  const ProviderWorld world("webflow");
  SentRequest request = world.signed_request("{}");
  request.set("x-webflow-timestamp", "NaN");
  EXPECT_EQ(world.refusal(request), VerifyError::invalid_timestamp);
  EXPECT_EQ(world.status(request), 400);
}

}  // namespace
}  // namespace creel::testing
