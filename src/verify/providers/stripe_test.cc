#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kBody =
    R"({"id":"evt_1","created":1749999990,"type":"invoice.paid","data":{"object":{"id":"in_1"}}})";

TEST(Stripe, ReadsAnEvent) {
  const ProviderWorld world("stripe", "whsec_test_secret");
  const SentRequest request = world.signed_request(std::string(kBody));
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "evt_1");
  EXPECT_EQ(item.dedupe_key, "evt_1");
  EXPECT_EQ(item.type, "invoice.paid");
  EXPECT_EQ(item.subject, "in_1");
  EXPECT_EQ(item.occurred, kNow - 10s);
}

// Opposite to Standard Webhooks, whose secrets look alike.
TEST(Stripe, TakesTheWholeSecretAsTheKey) {
  const ProviderWorld world("stripe", "whsec_test_secret");
  SentRequest request = world.signed_request(std::string(kBody));
  EXPECT_EQ(request.header("Stripe-Signature"),
            "t=1750000000,v1=" + hex_hmac_sha256("whsec_test_secret", "1750000000." + request.body));
}

TEST(Stripe, AcceptsAnyOfSeveralSignaturesAndNoneOfAnOlderScheme) {
  const ProviderWorld world("stripe");
  SentRequest request = world.signed_request(std::string(kBody));
  const std::string right = request.header("Stripe-Signature").substr(13);
  const std::string wrong(64, '0');
  request.set("Stripe-Signature", "t=1750000000,v1=" + wrong + "," + right + ",v0=" + wrong);
  EXPECT_EQ(world.refusal(request), std::nullopt);
  request.set("Stripe-Signature", "t=1750000000,v0=" + right.substr(3));
  EXPECT_EQ(world.refusal(request), VerifyError::no_supported_signature);
  EXPECT_EQ(world.status(request), 400);
}

TEST(Stripe, ReadsAThinEvent) {
  const ProviderWorld world("stripe");
  const auto item = world.item(world.signed_request(
      R"({"id":"evt_2","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","created":"2025-06-15T15:06:40.000Z","related_object":{"id":"mtr_1"}})"));
  EXPECT_EQ(item.subject, "mtr_1");
  EXPECT_EQ(item.occurred, kNow);
}

}  // namespace
}  // namespace creel::testing
