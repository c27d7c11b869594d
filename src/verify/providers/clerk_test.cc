#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

TEST(Clerk, ReadsAnEvent) {
  const ProviderWorld world("clerk");
  const SentRequest request =
      world.signed_request(R"({"type":"user.created","timestamp":1750000000126,"data":{"id":"user_1"}})",
                           "application/json", "msg_1");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "msg_1");
  EXPECT_EQ(item.dedupe_key, "msg_1");
  EXPECT_EQ(item.type, "user.created");
  EXPECT_EQ(item.subject, "user_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Clerk, SignsWithItsOwnHeadersAndTakesTheOthersToo) {
  const ProviderWorld world("clerk");
  const SentRequest sent = world.signed_request("{}", "application/json", "msg_1");
  EXPECT_TRUE(sent.header("svix-signature").starts_with("v1,"));
  SentRequest other;
  other.body = sent.body;
  for (std::string name : {"id", "timestamp", "signature"})
    other.set("webhook-" + name, sent.header("svix-" + name));
  EXPECT_EQ(world.refusal(other), std::nullopt);
  other.body += ' ';
  EXPECT_EQ(world.refusal(other), VerifyError::signature_mismatch);
  EXPECT_EQ(world.status(other), 400);
}

TEST(Clerk, KnowsBothOfItsVariables) {
  const auto names = find_provider("clerk")->secret_environment;
  ASSERT_EQ(names.size(), 2U);
  EXPECT_EQ(names[0], "CLERK_WEBHOOK_SIGNING_SECRET");
  EXPECT_EQ(names[1], "CLERK_WEBHOOK_SECRET");
}

}  // namespace
}  // namespace creel::testing
