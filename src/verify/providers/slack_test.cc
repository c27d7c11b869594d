#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

TEST(Slack, ReadsAnEvent) {
  const ProviderWorld world("slack");
  const ReceivedItem item = world.item(world.signed_request(
      R"({"type":"event_callback","event_id":"Ev1","event_time":1750000000,"event":{"type":"app_mention","channel":"C1","user":"U1"}})"));
  EXPECT_EQ(item.provider_id, "Ev1");
  EXPECT_EQ(item.dedupe_key, "Ev1");
  EXPECT_EQ(item.type, "app_mention");
  EXPECT_EQ(item.subject, "C1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Slack, ReadsACommand) {
  const ProviderWorld world("slack");
  const ReceivedItem item =
      world.item(world.signed_request("command=%2Fdeploy&text=main&channel_id=C1&trigger_id=13.4.ab", kForm));
  EXPECT_EQ(item.type, "/deploy");
  EXPECT_EQ(item.dedupe_key, "13.4.ab");
  EXPECT_EQ(item.subject, "C1");
}

TEST(Slack, ReadsTheJsonOfAnInteraction) {
  const ProviderWorld world("slack");
  const ReceivedItem item =
      world.item(world.signed_request("payload=%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%"
                                      "22%3A%22U1%22%7D%2C%22trigger_id%22%3A%2213.4.ab%22%7D",
                                      kForm));
  EXPECT_EQ(item.type, "block_actions");
  EXPECT_EQ(item.dedupe_key, "13.4.ab");
  EXPECT_EQ(item.subject, "U1");
}

TEST(Slack, AnswersTheChallengeOnlyWhenItIsSigned) {
  const ProviderWorld world("slack");
  SentRequest request = world.signed_request(R"({"type":"url_verification","challenge":"abc","token":"t"})");
  const auto received = world.receive(request);
  ASSERT_TRUE(received.has_value());
  EXPECT_TRUE((*received)->items.empty());
  ASSERT_TRUE((*received)->reply.has_value());
  EXPECT_EQ((*received)->reply->status, 200);
  EXPECT_EQ((*received)->reply->body, "abc");
  EXPECT_TRUE((*received)->reply->content_type.starts_with("text/plain"));
  request.drop("X-Slack-Signature");
  EXPECT_EQ(world.refusal(request), VerifyError::missing_signature);
  EXPECT_EQ(world.status(request), 401);
}

TEST(Slack, SaysNothingToThePersonWhoAsked) {
  EXPECT_EQ(find_provider("slack")->success_status, 200);
  EXPECT_EQ(find_provider("slack")->success_body, "");
}

}  // namespace
}  // namespace creel::testing
