#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

TEST(Svix, ReadsAnEvent) {
  const ProviderWorld world("svix");
  const SentRequest request = world.signed_request(
      R"({"type":"user.created","timestamp":"2025-06-15T15:06:40Z","data":{}})", "application/json", "msg_1");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "msg_1");
  EXPECT_EQ(item.dedupe_key, "msg_1");
  EXPECT_EQ(item.type, "user.created");
  EXPECT_EQ(item.subject, "");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Svix, SignsWithItsOwnHeadersAndTakesTheOthersToo) {
  const ProviderWorld world("svix");
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

TEST(Svix, AcceptsOtherFormats) {
  const ProviderWorld world("svix");
  const ReceivedItem item = world.item(world.signed_request("a=1", "text/plain", "msg_2"));
  EXPECT_EQ(item.provider_id, "msg_2");
  EXPECT_EQ(item.type, "");
}

}  // namespace
}  // namespace creel::testing
