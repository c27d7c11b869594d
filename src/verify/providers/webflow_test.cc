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
  EXPECT_EQ(item.dedupe_key, hex_sha256(request.body));
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

TEST(Webflow, WantsDigits) {
  const ProviderWorld world("webflow");
  SentRequest request = world.signed_request("{}");
  request.set("x-webflow-timestamp", "NaN");
  EXPECT_EQ(world.refusal(request), VerifyError::invalid_timestamp);
  EXPECT_EQ(world.status(request), 400);
}

}  // namespace
}  // namespace creel::testing
