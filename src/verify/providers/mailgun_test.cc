#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

// The signature object as Mailgun makes it, around any event.
std::string mail(std::string_view key, std::string_view event, std::string_view name = "signature") {
  return R"({"signature":{"timestamp":"1750000000","token":"tok_1",")" + std::string(name) + R"(":")" +
         hex_hmac_sha256(key, "1750000000tok_1") + R"("},"event-data":)" + std::string(event) + "}";
}
constexpr std::string_view kDelivered =
    R"({"id":"mail_1","event":"delivered","timestamp":1750000000.126,"recipient":"jane@example.com"})";

SentRequest sent(std::string body) {
  SentRequest request;
  request.body = std::move(body);
  return request;
}

TEST(Mailgun, ReadsAnEvent) {
  const ProviderWorld world("mailgun", "key-1");
  const ReceivedItem item = world.item(sent(mail("key-1", kDelivered)));
  EXPECT_EQ(item.provider_id, "mail_1");
  EXPECT_EQ(item.dedupe_key, "mail_1");
  EXPECT_EQ(item.type, "delivered");
  EXPECT_EQ(item.subject, "jane@example.com");
  EXPECT_EQ(item.occurred, kNow);
}

// Mailgun's choice, and what the documentation warns of.
TEST(Mailgun, DoesNotCoverTheEvent) {
  const ProviderWorld world("mailgun", "key-1");
  EXPECT_EQ(world.item(sent(mail("key-1", R"({"id":"mail_1","event":"failed"})"))).type, "failed");
}

TEST(Mailgun, CoversTokenAndTime) {
  const ProviderWorld world("mailgun", "key-1");
  SentRequest request = sent(mail("key-1", kDelivered));
  request.body.replace(request.body.find("tok_1"), 5, "tok_2");
  EXPECT_EQ(world.refusal(request), VerifyError::signature_mismatch);
  EXPECT_EQ(world.status(request), 401);
  EXPECT_EQ(world.refusal(sent(mail("key-2", kDelivered))), VerifyError::signature_mismatch);
  EXPECT_EQ(world.refusal(sent(mail("key-1", kDelivered)), kNow + 12h + 1s), VerifyError::timestamp_too_old);
  EXPECT_EQ(world.refusal(sent(mail("key-1", kDelivered)), kNow + 12h), std::nullopt);
}

TEST(Mailgun, TakesTheParentsSignatureToo) {
  const ProviderWorld world("mailgun", "parent-key");
  EXPECT_EQ(world.refusal(sent(mail("parent-key", kDelivered, "parent-signature"))), std::nullopt);
}

TEST(Mailgun, RefusesABodyWithoutASignature) {
  const ProviderWorld world("mailgun", "key-1");
  EXPECT_EQ(world.refusal(sent(R"({"event-data":{}})")), VerifyError::missing_signature);
  EXPECT_EQ(world.refusal(sent("not json")), VerifyError::missing_signature);
}

}  // namespace
}  // namespace creel::testing
