#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kBody =
    R"({"event":{"id":"event_1","type":"user.create","createInstant":1750000000126,"user":{"id":"user_1"}}})";

TEST(Fusionauth, ReadsAnEvent) {
  const ProviderWorld world("fusionauth");
  const ReceivedItem item = world.item(world.signed_request(std::string(kBody)));
  EXPECT_EQ(item.provider_id, "event_1");
  EXPECT_EQ(item.dedupe_key, "event_1");
  EXPECT_EQ(item.type, "user.create");
  EXPECT_EQ(item.subject, "user_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Fusionauth, RefusesAGenuineTokenWithAnotherBody) {
  const ProviderWorld world("fusionauth");
  SentRequest request = world.signed_request(std::string(kBody));
  request.body.back() = ' ';
  EXPECT_EQ(world.refusal(request), VerifyError::body_mismatch);
  EXPECT_EQ(world.status(request), 401);
}

// {"alg":"none","typ":"JWT"} with the right digest, and no signature.
TEST(Fusionauth, NeverTakesATokensWordForItsAlgorithm) {
  const ProviderWorld world("fusionauth");
  SentRequest request = world.signed_request(std::string(kBody));
  const std::string token = request.header("X-FusionAuth-Signature-JWT");
  const std::string claims = token.substr(token.find('.'), token.rfind('.') + 1 - token.find('.'));
  request.set("X-FusionAuth-Signature-JWT", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0" + claims);
  EXPECT_EQ(world.refusal(request), VerifyError::refused_algorithm);
}

TEST(Fusionauth, WantsAToken) {
  const ProviderWorld world("fusionauth");
  SentRequest request;
  request.body = kBody;
  EXPECT_NE(world.refusal(request), std::nullopt);
  EXPECT_EQ(world.status(request), 401);
}

}  // namespace
}  // namespace creel::testing
