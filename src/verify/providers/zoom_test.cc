#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

TEST(Zoom, ReadsAnEvent) {
  const ProviderWorld world("zoom");
  const SentRequest request = world.signed_request(
      R"({"event":"meeting.started","event_ts":1750000000126,"payload":{"account_id":"acc_1","object":{"id":"1234","uuid":"abc=="}}})");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "");
  EXPECT_EQ(item.dedupe_key, hex_sha256(request.body));
  EXPECT_EQ(item.type, "meeting.started");
  EXPECT_EQ(item.subject, "abc==");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Zoom, AnswersItsValidationWithTheSecretThatVerifiedIt) {
  const ProviderWorld world("zoom", "secret-token");
  SentRequest request = world.signed_request(
      R"({"event":"endpoint.url_validation","event_ts":1750000000126,"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}})");
  const auto received = world.receive(request);
  ASSERT_TRUE(received.has_value());
  EXPECT_TRUE((*received)->items.empty());
  ASSERT_TRUE((*received)->reply.has_value());
  EXPECT_EQ((*received)->reply->body, R"({"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":")" +
                                          hex_hmac_sha256("secret-token", "qgg8vlvZRS6UYooatFL8Aw") + "\"}");
  EXPECT_EQ((*received)->reply->content_type, "application/json");
  request.drop("x-zm-signature");
  EXPECT_EQ(world.status(request), 401);
}

TEST(Zoom, SignsTheVersionTheTimestampAndTheBody) {
  const ProviderWorld world("zoom", "secret-token");
  EXPECT_EQ(world.signed_request("{}").header("x-zm-signature"),
            "v0=" + hex_hmac_sha256("secret-token", "v0:1750000000:{}"));
}

}  // namespace
}  // namespace creel::testing
