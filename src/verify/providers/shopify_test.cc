#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

SentRequest order(const ProviderWorld& world) {
  SentRequest request =
      world.signed_request(R"({"id":820982911946154508,"updated_at":"2025-06-15T17:06:30+02:00"})");
  request.set("X-Shopify-Topic", "orders/create");
  request.set("X-Shopify-Webhook-Id", "hook_1");
  return request;
}

TEST(Shopify, ReadsAnEvent) {
  const ProviderWorld world("shopify");
  SentRequest request = order(world);
  request.set("X-Shopify-Event-Id", "event_1");
  request.set("X-Shopify-Triggered-At", "2025-06-15T15:06:35.5Z");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "event_1");
  EXPECT_EQ(item.dedupe_key, "event_1\norders/create#" + hex_sha256(request.body));
  EXPECT_EQ(item.type, "orders/create");
  EXPECT_EQ(item.subject, "820982911946154508");
  EXPECT_EQ(item.occurred, kNow - 5s);
}

TEST(Shopify, TellsSubscriptionsToOneTopicApartByTheirName) {
  const ProviderWorld world("shopify");
  SentRequest request = order(world);
  request.set("X-Shopify-Event-Id", "event_1");
  request.set("X-Shopify-Name", "stock");
  const std::string key = world.item(request).dedupe_key;
  request.set("X-Shopify-Name", "mail");
  EXPECT_NE(world.item(request).dedupe_key, key);
}

TEST(Shopify, FallsBackToTheWebhooksId) {
  const ProviderWorld world("shopify");
  const ReceivedItem item = world.item(order(world));
  EXPECT_EQ(item.provider_id, "hook_1");
  EXPECT_EQ(item.occurred, kNow - 10s);
}

TEST(Shopify, AnswersComplianceTopicsWith401) {
  const ProviderWorld world("shopify");
  SentRequest request = order(world);
  request.body += ' ';
  EXPECT_EQ(world.status(request), 400);
  for (std::string topic : {"customers/data_request", "customers/redact", "shop/redact"}) {
    request.set("X-Shopify-Topic", topic);
    EXPECT_EQ(world.status(request), 401) << topic;
  }
  request.drop("X-Shopify-Hmac-Sha256");
  EXPECT_EQ(world.status(request), 401);
}

TEST(Shopify, TakesTheHeadersOfTheNewerProduct) {
  const ProviderWorld world("shopify");
  const SentRequest old = order(world);
  SentRequest request;
  request.body = old.body;
  request.headers = {{"shopify-hmac-sha256", old.header("X-Shopify-Hmac-Sha256")},
                     {"shopify-topic", "Order"},
                     {"shopify-webhook-id", "delivery_1"}};
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "delivery_1");
  EXPECT_EQ(item.type, "Order");
}

}  // namespace
}  // namespace creel::testing
