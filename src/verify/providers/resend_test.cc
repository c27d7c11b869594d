#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

TEST(Resend, ReadsAnEvent) {
  const ProviderWorld world("resend");
  const SentRequest request = world.signed_request(
      R"({"type":"email.sent","created_at":"2025-06-15T15:06:40.126Z","data":{"email_id":"mail_1"}})",
      "application/json", "msg_1");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "msg_1");
  EXPECT_EQ(item.dedupe_key, "msg_1");
  EXPECT_EQ(item.type, "email.sent");
  EXPECT_EQ(item.subject, "mail_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Resend, SignsWithItsOwnHeadersAndTakesTheOthersToo) {
  const ProviderWorld world("resend");
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

}  // namespace
}  // namespace creel::testing
