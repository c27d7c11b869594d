#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

constexpr std::string_view kBody =
    R"({"id":"ev_1","event_type":"subscription_created","occurred_at":1750000000,"content":{"subscription":{"id":"sub_1"}}})";

TEST(Chargebee, ReadsAnEvent) {
  const ProviderWorld world("chargebee");
  const ReceivedItem item = world.item(world.signed_request(std::string(kBody)));
  EXPECT_EQ(item.provider_id, "ev_1");
  EXPECT_EQ(item.dedupe_key, "ev_1");
  EXPECT_EQ(item.type, "subscription_created");
  EXPECT_EQ(item.subject, "sub_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Chargebee, TakesAPasswordWithColons) {
  const ProviderWorld world("chargebee", "webhook_user:pass:with:colons");
  SentRequest request = world.signed_request(std::string(kBody));
  EXPECT_EQ(request.header("Authorization"), "Basic d2ViaG9va191c2VyOnBhc3M6d2l0aDpjb2xvbnM=");
  EXPECT_EQ(world.refusal(request), std::nullopt);
  request.set("Authorization", "basic d2ViaG9va191c2VyOnBhc3M6d2l0aDpjb2xvbnM=");
  EXPECT_EQ(world.refusal(request), std::nullopt);
}

TEST(Chargebee, RefusesOtherAuthorizations) {
  const ProviderWorld world("chargebee", "user:password");
  SentRequest request;
  request.body = kBody;
  EXPECT_EQ(world.refusal(request), VerifyError::missing_credential);
  request.set("Authorization", "Bearer dXNlcjpwYXNzd29yZA==");
  EXPECT_EQ(world.refusal(request), VerifyError::malformed_credential);
  request.set("Authorization", "Basic ????");
  EXPECT_EQ(world.refusal(request), VerifyError::malformed_credential);
  request.set("Authorization", "Basic dXNlcjpvdGhlcg==");
  EXPECT_EQ(world.refusal(request), VerifyError::wrong_credential);
  EXPECT_EQ(world.status(request), 401);
  const auto refused = world.receive(request);
  EXPECT_EQ(world.receiver().refusal(refused.error(), {}).body, "Unauthorized");
}

TEST(Chargebee, RefusesJsonThatIsNoneOnlyOnceItIsGenuine) {
  const ProviderWorld world("chargebee");
  SentRequest request = world.signed_request("not json");
  EXPECT_EQ(world.status(request), 400);
  request.drop("Authorization");
  EXPECT_EQ(world.status(request), 401);
}

}  // namespace
}  // namespace creel::testing
