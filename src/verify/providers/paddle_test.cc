#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

TEST(Paddle, ReadsAnEvent) {
  const ProviderWorld world("paddle");
  const ReceivedItem item = world.item(world.signed_request(
      R"({"event_id":"evt_1","event_type":"subscription.created","occurred_at":"2025-06-15T15:06:40.12Z","notification_id":"ntf_1","data":{"id":"sub_1"}})"));
  EXPECT_EQ(item.provider_id, "evt_1");
  EXPECT_EQ(item.dedupe_key, "evt_1");
  EXPECT_EQ(item.type, "subscription.created");
  EXPECT_EQ(item.subject, "sub_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Paddle, PartsItsPairsBySemicolonsAndAcceptsAnyOfThem) {
  const ProviderWorld world("paddle", "pdl_ntfset_1");
  SentRequest request = world.signed_request("{}");
  const std::string right = "h1=" + hex_hmac_sha256("pdl_ntfset_1", "1750000000:{}");
  EXPECT_EQ(request.header("Paddle-Signature"), "ts=1750000000;" + right);
  request.set("Paddle-Signature", "ts=1750000000;h1=" + std::string(64, '0') + ";" + right);
  EXPECT_EQ(world.refusal(request), std::nullopt);
  request.set("Paddle-Signature", "ts=1750000000," + right);
  EXPECT_NE(world.refusal(request), std::nullopt);
}

TEST(Paddle, AllowsFiveSeconds) {
  const ProviderWorld world("paddle");
  const SentRequest request = world.sample("transaction.completed");
  EXPECT_EQ(world.refusal(request, kNow + 5s), std::nullopt);
  EXPECT_EQ(world.refusal(request, kNow + 6s), VerifyError::timestamp_too_old);
}

}  // namespace
}  // namespace creel::testing
