#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

TEST(StandardWebhooks, ReadsAnEvent) {
  const ProviderWorld world("standard-webhooks");
  const ReceivedItem item = world.item(world.sample("user.created"));
  EXPECT_EQ(item.provider_id, "msg_" + std::string(kSampleId));
  EXPECT_EQ(item.dedupe_key, item.provider_id);
  EXPECT_EQ(item.type, "user.created");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(StandardWebhooks, RefusesTheHeadersOfSvix) {
  const ProviderWorld world("standard-webhooks");
  const SentRequest request = ProviderWorld("svix").sample("user.created");
  EXPECT_EQ(world.refusal(request), VerifyError::missing_id);
  EXPECT_EQ(world.status(request), 400);
}

}  // namespace
}  // namespace creel::testing
