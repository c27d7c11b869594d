#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

struct Sendgrid : ::testing::Test {
  SentRequest request(std::string body) const {
    SentRequest made;
    made.set("X-Twilio-Email-Event-Webhook-Timestamp", "1750000000");
    made.set("X-Twilio-Email-Event-Webhook-Signature", keys.sign("1750000000" + body));
    made.body = std::move(body);
    return made;
  }

  KeyPair keys{SignatureAlgorithm::ecdsa_p256_sha256};
  ProviderWorld world{"sendgrid", keys.secret()};
};

TEST_F(Sendgrid, MakesAnEventOfEachItem) {
  const std::string first =
      R"({"event":"delivered","sg_event_id":"one","timestamp":1750000000,"email":"a@example.com"})";
  const std::string second = R"({ "event" : "open" , "sg_event_id" : "two" , "sg_message_id" : "mail_1" })";
  const SentRequest sent = request("[" + first + ",\n " + second + "]\r\n");
  const auto received = world.receive(sent);
  ASSERT_TRUE(received.has_value()) << received.error().detail;
  const auto& items = (*received)->items;
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].body, first);
  EXPECT_EQ(items[0].dedupe_key, "one");
  EXPECT_EQ(items[0].type, "delivered");
  EXPECT_EQ(items[0].subject, "a@example.com");
  EXPECT_EQ(items[0].occurred, kNow);
  EXPECT_EQ(items[1].body, second);
  EXPECT_EQ(items[1].provider_id, "two");
  EXPECT_EQ(items[1].type, "open");
  EXPECT_EQ(items[1].subject, "mail_1");
}

TEST_F(Sendgrid, AcceptsAnEmptyArray) {
  const auto received = world.receive(request("[]"));
  ASSERT_TRUE(received.has_value());
  EXPECT_TRUE((*received)->items.empty());
}

TEST_F(Sendgrid, CoversTheLastLineBreak) {
  SentRequest sent = request("[]\r\n");
  sent.body = "[]";
  EXPECT_EQ(world.refusal(sent), VerifyError::signature_mismatch);
  EXPECT_EQ(world.status(sent), 400);
}

TEST_F(Sendgrid, HasNoWindowUnlessOneIsSet) {
  const SentRequest sent = request("[]");
  EXPECT_EQ(world.refusal(sent, kNow + 24h), std::nullopt);
  ReceiverOptions options;
  options.tolerance = 5min;
  const ProviderWorld strict("sendgrid", keys.secret(), options);
  EXPECT_EQ(strict.refusal(sent, kNow + 5min), std::nullopt);
  EXPECT_EQ(strict.refusal(sent, kNow + 5min + 1s), VerifyError::timestamp_too_old);
}

TEST_F(Sendgrid, RefusesTheSignatureOfAnotherKey) {
  SentRequest sent = request("[]");
  sent.set("X-Twilio-Email-Event-Webhook-Signature",
           KeyPair(SignatureAlgorithm::ecdsa_p256_sha256).sign("1750000000[]"));
  EXPECT_EQ(world.refusal(sent), VerifyError::signature_mismatch);
}

}  // namespace
}  // namespace creel::testing
