#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

// One prediction sends several webhooks.
TEST(Replicate, TellsTheWebhooksOfAPredictionApart) {
  const ProviderWorld world("replicate");
  const auto item_of = [&world](std::string status, std::string_view id) {
    return world.item(world.signed_request(
        R"({"id":"pred_1","status":")" + status + R"(","created_at":"2025-06-15T15:06:40.5Z"})",
        "application/json", id));
  };
  const ReceivedItem first = item_of("starting", "msg_1");
  const ReceivedItem last = item_of("succeeded", "msg_2");
  EXPECT_EQ(first.type, "starting");
  EXPECT_EQ(last.type, "succeeded");
  EXPECT_EQ(first.subject, "pred_1");
  EXPECT_EQ(first.subject, last.subject);
  EXPECT_NE(first.dedupe_key, last.dedupe_key);
  EXPECT_EQ(first.occurred, kNow);
}

TEST(Replicate, WantsItsThreeHeaders) {
  const ProviderWorld world("replicate");
  for (std::string_view name : world.provider().signature_headers) {
    SentRequest request = world.sample("succeeded");
    request.drop(name);
    EXPECT_EQ(world.status(request), 400) << name;
  }
}

}  // namespace
}  // namespace creel::testing
