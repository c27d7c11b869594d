#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

TEST(Woocommerce, ReadsAnEvent) {
  const ProviderWorld world("woocommerce");
  SentRequest request = world.signed_request(R"({"id":727,"date_modified_gmt":"2025-06-15T15:06:40"})");
  request.set("X-WC-Webhook-Topic", "order.created");
  request.set("X-WC-Webhook-Delivery-ID", "delivery_1");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "delivery_1");
  EXPECT_EQ(item.type, "order.created");
  EXPECT_EQ(item.subject, "727");
}

// Two deliveries within a second share the id.
TEST(Woocommerce, CountsTheBodyInItsKey) {
  const ProviderWorld world("woocommerce");
  SentRequest first = world.signed_request(R"({"id":1})"), second = world.signed_request(R"({"id":2})");
  first.set("X-WC-Webhook-Delivery-ID", "delivery_1");
  second.set("X-WC-Webhook-Delivery-ID", "delivery_1");
  EXPECT_NE(world.item(first).dedupe_key, world.item(second).dedupe_key);
}

TEST(Woocommerce, AnswersThePingThatComesUnsigned) {
  const ProviderWorld world("woocommerce");
  const auto greeted =
      world.receiver().greet({.method = "POST", .query = "", .headers = {}, .body = "webhook_id=42"});
  ASSERT_TRUE(greeted.has_value());
  EXPECT_EQ(greeted->status, 200);
  EXPECT_FALSE(world.receiver()
                   .greet({.method = "POST", .query = "", .headers = {}, .body = "webhook_id=42&x=1"})
                   .has_value());
  SentRequest other;
  other.body = "{}";
  EXPECT_EQ(world.refusal(other), VerifyError::missing_signature);
  EXPECT_EQ(world.status(other), 400);
}

}  // namespace
}  // namespace creel::testing
