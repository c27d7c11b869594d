#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

std::string issue(std::string_view stamp) {
  return R"({"action":"create","type":"Issue","createdAt":"2025-06-15T15:06:40.126Z","data":{"id":"issue_1"},"webhookTimestamp":)" +
         std::string(stamp) + "}";
}

TEST(Linear, ReadsAnEvent) {
  const ProviderWorld world("linear");
  SentRequest request = world.signed_request(issue("1750000000126"));
  request.set("Linear-Delivery", "delivery_1");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.type, "Issue.create");
  EXPECT_EQ(item.subject, "issue_1");
  EXPECT_EQ(item.occurred, kNow);
  EXPECT_EQ(item.dedupe_key, "issue_1\nIssue\ncreate\n2025-06-15T15:06:40.126Z");
}

// The time in the body is fresh with every attempt, so neither the body nor the unsigned header can be the
// key.
TEST(Linear, KnowsAnEventThatComesAgain) {
  const ProviderWorld world("linear");
  const ReceivedItem first = world.item(world.signed_request(issue("1750000000126")));
  const ReceivedItem again = world.item(world.signed_request(issue("1750000003126")));
  EXPECT_EQ(first.dedupe_key, again.dedupe_key);
}

// What agents are told stands in no /data.
TEST(Linear, KnowsWhatAnAgentIsToldAgain) {
  const ProviderWorld world("linear");
  for (const std::string object : {"agentSession", "notification"}) {
    const auto key = [&](std::string_view id, std::string_view stamp) {
      SentRequest request = world.signed_request(
          R"({"type":"Sample","action":"prompted","createdAt":"2025-06-15T15:06:40.126Z",")" + object +
          R"(":{"id":")" + std::string(id) + R"("},"webhookTimestamp":)" + std::string(stamp) + "}");
      request.set("Linear-Delivery", "delivery_" + std::string(stamp));
      return world.item(request).dedupe_key;
    };
    EXPECT_EQ(key("one", "1750000000126"), "one\nSample\nprompted\n2025-06-15T15:06:40.126Z");
    EXPECT_EQ(key("one", "1750000003126"), key("one", "1750000000126"));
    EXPECT_NE(key("two", "1750000000126"), key("one", "1750000000126"));
  }
}

TEST(Linear, ChecksTheTimeInTheBody) {
  const ProviderWorld world("linear");
  const SentRequest request = world.signed_request(issue("1750000000000"));
  EXPECT_EQ(world.refusal(request, kNow + 60s), std::nullopt);
  EXPECT_EQ(world.refusal(request, kNow + 61s), VerifyError::timestamp_too_old);
  EXPECT_EQ(world.refusal(request, kNow - 61s), VerifyError::timestamp_too_new);
  EXPECT_EQ(world.refusal(world.signed_request(R"({"type":"Issue"})")), VerifyError::missing_timestamp);
  EXPECT_EQ(world.status(request, kNow + 61s), 400);
}

TEST(Linear, TakesTheTypeAloneWhereThereIsNoAction) {
  const ProviderWorld world("linear");
  EXPECT_EQ(
      world.item(world.signed_request(R"({"type":"PermissionChange","webhookTimestamp":1750000000000})"))
          .type,
      "PermissionChange");
}

}  // namespace
}  // namespace creel::testing
