#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

TEST(Cursor, ReadsAnEvent) {
  const ProviderWorld world("cursor");
  SentRequest request = world.signed_request(
      R"({"event":"statusChange","timestamp":"2025-06-15T15:06:40Z","id":"bc_1","status":"ERROR"})");
  request.set("X-Webhook-ID", "delivery_1");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "delivery_1");
  EXPECT_EQ(item.dedupe_key, "delivery_1#" + hex_sha256(request.body));
  EXPECT_EQ(item.type, "statusChange");
  EXPECT_EQ(item.subject, "bc_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Cursor, WantsThePrefix) {
  const ProviderWorld world("cursor");
  SentRequest request = world.signed_request("{}");
  request.set("X-Webhook-Signature", "sha512=" + request.header("X-Webhook-Signature").substr(7));
  EXPECT_EQ(world.refusal(request), VerifyError::malformed_signature);
  EXPECT_EQ(world.status(request), 401);
}

}  // namespace
}  // namespace creel::testing
