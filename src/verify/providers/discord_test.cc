#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

struct Discord : ::testing::Test {
  SentRequest request(std::string body) const {
    SentRequest made;
    made.set("X-Signature-Timestamp", "1750000000");
    made.set("X-Signature-Ed25519", keys.sign("1750000000" + body));
    made.body = std::move(body);
    return made;
  }

  KeyPair keys{SignatureAlgorithm::ed25519};
  ProviderWorld world{"discord", keys.secret()};
};

TEST_F(Discord, ReadsAWebhookEvent) {
  const SentRequest sent = request(
      R"({"version":1,"application_id":"123","type":1,"event":{"type":"ENTITLEMENT_CREATE","timestamp":"2025-06-15T15:06:40.126","data":{"id":"ent_1"}}})");
  const ReceivedItem item = world.item(sent);
  EXPECT_EQ(item.type, "ENTITLEMENT_CREATE");
  EXPECT_EQ(item.subject, "ent_1");
  EXPECT_EQ(item.dedupe_key, hex_sha256(sent.body));
}

TEST_F(Discord, CallsInteractionsByTheirNames) {
  const std::pair<int, std::string_view> rows[] = {{2, "interaction.APPLICATION_COMMAND"},
                                                   {3, "interaction.MESSAGE_COMPONENT"},
                                                   {4, "interaction.APPLICATION_COMMAND_AUTOCOMPLETE"},
                                                   {5, "interaction.MODAL_SUBMIT"}};
  for (const auto& [number, type] : rows) {
    const ReceivedItem item = world.item(
        request(R"({"id":"77","member":{"user":{"id":"42"}},"type":)" + std::to_string(number) + "}"));
    EXPECT_EQ(item.type, type);
    EXPECT_EQ(item.provider_id, "77");
    EXPECT_EQ(item.subject, "42");
  }
}

TEST_F(Discord, AnswersBothPings) {
  const auto interaction =
      world.receive(request(R"({"type":1,"id":"1","application_id":"123","version":1})"));
  ASSERT_TRUE(interaction.has_value() && (*interaction)->reply.has_value());
  EXPECT_EQ((*interaction)->reply->status, 200);
  EXPECT_EQ((*interaction)->reply->body, R"({"type":1})");
  const auto event = world.receive(request(R"({"version":1,"application_id":"123","type":0})"));
  ASSERT_TRUE(event.has_value() && (*event)->reply.has_value());
  EXPECT_EQ((*event)->reply->status, 204);
  EXPECT_EQ((*event)->reply->body, "");
}

// It sends wrong signatures on purpose, and goes away where it is not told 401.
TEST_F(Discord, Answers401ToWhateverIsWrong) {
  SentRequest sent = request(R"({"type":1})");
  sent.body += ' ';
  EXPECT_EQ(world.status(sent), 401);
  sent.set("X-Signature-Ed25519", "00");
  EXPECT_EQ(world.status(sent), 401);
  sent.drop("X-Signature-Timestamp");
  EXPECT_EQ(world.status(sent), 401);
  sent.drop("X-Signature-Ed25519");
  EXPECT_EQ(world.status(sent), 401);
}

TEST_F(Discord, HasAnAnswerForEachKind) {
  EXPECT_EQ(world.provider().success_status, 204);
  ASSERT_EQ(world.provider().replies.size(), 4U);
  for (const TypeReply& reply : world.provider().replies) {
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.type.starts_with("interaction."));
    EXPECT_TRUE(reply.body.starts_with(R"({"type":)"));
  }
}

TEST_F(Discord, HasNoWindowUnlessOneIsSet) {
  const SentRequest sent = request(R"({"type":2,"id":"1"})");
  EXPECT_EQ(world.refusal(sent, kNow + 12h), std::nullopt);
  ReceiverOptions options;
  options.tolerance = 5min;
  EXPECT_EQ(ProviderWorld("discord", keys.secret(), options).refusal(sent, kNow + 5min + 1s),
            VerifyError::timestamp_too_old);
}

}  // namespace
}  // namespace creel::testing
