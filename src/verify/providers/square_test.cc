#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

TEST(Square, ReadsAnEvent) {
  const ProviderWorld world("square");
  const ReceivedItem item = world.item(world.signed_request(
      R"({"merchant_id":"M1","type":"payment.created","event_id":"event_1","created_at":"2025-06-15T15:06:40.039Z","data":{"type":"payment","id":"pay_1"}})"));
  EXPECT_EQ(item.provider_id, "event_1");
  EXPECT_EQ(item.dedupe_key, "event_1");
  EXPECT_EQ(item.type, "payment.created");
  EXPECT_EQ(item.subject, "pay_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Square, CoversTheAddress) {
  const SentRequest request = ProviderWorld("square").signed_request("{}");
  EXPECT_EQ(ProviderWorld("square").refusal(request), std::nullopt);
  ReceiverOptions options;
  options.url = "https://hooks.example.com/webhooks/other";
  const ProviderWorld other("square", test_secret(*find_provider("square")), options);
  EXPECT_EQ(other.refusal(request), VerifyError::signature_mismatch);
  EXPECT_EQ(other.status(request), 401);
}

}  // namespace
}  // namespace creel::testing
