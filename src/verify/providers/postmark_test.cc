#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

SentRequest with_token(std::string body) {
  SentRequest request;
  request.query = "token=sesame&x=1";
  request.body = std::move(body);
  return request;
}

TEST(Postmark, ReadsABounce) {
  const ProviderWorld world("postmark", "sesame");
  const ReceivedItem item = world.item(with_token(
      R"({"RecordType":"Bounce","ID":42,"MessageID":"mail_1","BouncedAt":"2025-06-15T15:06:40Z"})"));
  EXPECT_EQ(item.provider_id, "mail_1");
  EXPECT_EQ(item.dedupe_key, "mail_1\nBounce\n42");
  EXPECT_EQ(item.type, "Bounce");
  EXPECT_EQ(item.subject, "mail_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Postmark, PrefersTheTraceId) {
  const ProviderWorld world("postmark", "sesame");
  SentRequest request = with_token(R"({"RecordType":"Open","MessageID":"mail_1"})");
  request.set("X-PM-Webhook-Trace-Id", "trace_1");
  EXPECT_EQ(world.item(request).provider_id, "trace_1");
}

TEST(Postmark, CallsWhatHasNoRecordTypeInbound) {
  const ProviderWorld world("postmark", "sesame");
  const ReceivedItem item = world.item(with_token(
      R"({"FromFull":{"Email":"jane@example.com"},"MessageStream":"inbound","MessageID":"mail_2","Date":"Sun, 15 Jun 2025 15:06:40 +0000"})"));
  EXPECT_EQ(item.type, "Inbound");
  EXPECT_EQ(item.provider_id, "mail_2");
}

// Openings of one mail by two people, or twice by one, are two events.
TEST(Postmark, TellsTheEventsOfAMailApart) {
  const ProviderWorld world("postmark", "sesame");
  const auto key = [&world](std::string at, std::string who) {
    return world
        .item(with_token(R"({"RecordType":"Open","MessageID":"mail_1","ReceivedAt":")" + at +
                         R"(","Recipient":")" + who + R"("})"))
        .dedupe_key;
  };
  EXPECT_NE(key("2025-06-15T15:06:40Z", "a@example.com"), key("2025-06-15T15:06:41Z", "a@example.com"));
  EXPECT_NE(key("2025-06-15T15:06:40Z", "a@example.com"), key("2025-06-15T15:06:40Z", "b@example.com"));
  EXPECT_EQ(key("2025-06-15T15:06:40Z", "a@example.com"), key("2025-06-15T15:06:40Z", "a@example.com"));
}

TEST(Postmark, TakesBasicCredentialsToo) {
  const ProviderWorld world("postmark", "user:password");
  SentRequest request;
  request.body = R"({"RecordType":"Open"})";
  EXPECT_EQ(world.refusal(request), VerifyError::missing_credential);
  request.set("Authorization", "Basic dXNlcjpwYXNzd29yZA==");
  EXPECT_EQ(world.refusal(request), std::nullopt);
  request.set("Authorization", "Basic dXNlcjpwYXNzd29yZQ==");
  EXPECT_EQ(world.refusal(request), VerifyError::wrong_credential);
  EXPECT_EQ(world.status(request), 401);
}

}  // namespace
}  // namespace creel::testing
