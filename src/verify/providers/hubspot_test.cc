#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kFirst =
    R"({"eventId":1,"subscriptionId":24,"portalId":33,"occurredAt":1750000000126,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":42})";
constexpr std::string_view kSecond =
    R"({"eventId":1,"subscriptionId":25,"portalId":33,"occurredAt":1750000000126,"subscriptionType":"contact.deletion","attemptNumber":0,"objectId":42})";

TEST(Hubspot, MakesAnEventOfEachItem) {
  const ProviderWorld world("hubspot");
  const SentRequest request =
      world.signed_request("[" + std::string(kFirst) + "," + std::string(kSecond) + "]");
  const auto received = world.receive(request);
  ASSERT_TRUE(received.has_value()) << received.error().detail;
  const auto& items = (*received)->items;
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].body, kFirst);
  EXPECT_EQ(items[0].provider_id, "1");
  EXPECT_EQ(items[0].dedupe_key, "1\n33\n24\n1750000000126\n42");
  EXPECT_EQ(items[0].type, "contact.creation");
  EXPECT_EQ(items[0].subject, "42");
  EXPECT_EQ(items[0].occurred, kNow);
  EXPECT_NE(items[1].dedupe_key, items[0].dedupe_key);
}

TEST(Hubspot, KnowsAnEventThatComesAgain) {
  const ProviderWorld world("hubspot");
  std::string again(kFirst);
  again.replace(again.find("\"attemptNumber\":0"), 17, "\"attemptNumber\":1");
  EXPECT_EQ(world.item(world.signed_request("[" + again + "]")).dedupe_key,
            world.item(world.signed_request("[" + std::string(kFirst) + "]")).dedupe_key);
}

// An association has no objectId; with its attemptNumber in it the body is no key.
TEST(Hubspot, KnowsAnAssociationThatComesAgain) {
  const ProviderWorld world("hubspot");
  const auto key = [&world](std::string_view to, std::string_view attempt) {
    return world
        .item(world.signed_request(
            R"([{"eventId":1,"subscriptionId":24,"portalId":33,"occurredAt":1750000000126,)"
            R"("subscriptionType":"contact.associationChange","associationType":"CONTACT_TO_COMPANY",)"
            R"("fromObjectId":7,"toObjectId":)" +
            std::string(to) + R"(,"attemptNumber":)" + std::string(attempt) + "}]"))
        .dedupe_key;
  };
  EXPECT_EQ(key("8", "0"), "1\n33\n24\n1750000000126\n7\n8");
  EXPECT_EQ(key("8", "1"), key("8", "0"));
  EXPECT_NE(key("9", "0"), key("8", "0"));
  const ReceivedItem bare = world.item(world.signed_request(
      R"([{"eventId":1,"subscriptionId":24,"portalId":33,"occurredAt":1750000000126,"attemptNumber":2}])"));
  EXPECT_EQ(bare.dedupe_key, "1\n33\n24\n1750000000126");
}

TEST(Hubspot, TakesTheObjectOfAWorkflow) {
  const ProviderWorld world("hubspot");
  const ReceivedItem item = world.item(world.signed_request(R"({"objectId":42,"portalId":33})"));
  EXPECT_EQ(item.subject, "42");
}

TEST(Hubspot, CoversMethodAddressAndTime) {
  const ProviderWorld world("hubspot");
  SentRequest request = world.signed_request("[]");
  EXPECT_EQ(world.refusal(request), std::nullopt);
  request.query = "a=1";
  EXPECT_EQ(world.refusal(request), VerifyError::signature_mismatch);
  request.query = "";
  request.method = "PUT";
  EXPECT_EQ(world.refusal(request), VerifyError::signature_mismatch);
  request.method = "POST";
  request.set("X-HubSpot-Request-Timestamp", "1750000000001");
  EXPECT_EQ(world.refusal(request), VerifyError::signature_mismatch);
  EXPECT_EQ(world.status(request), 401);
}

TEST(Hubspot, RefusesTheOlderSignatures) {
  const ProviderWorld world("hubspot", "client-secret");
  SentRequest request;
  request.body = "[]";
  request.set("X-HubSpot-Signature", hex_sha256("client-secret[]"));
  EXPECT_EQ(world.refusal(request), VerifyError::missing_signature);
}

}  // namespace
}  // namespace creel::testing
