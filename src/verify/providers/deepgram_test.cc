#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

constexpr std::string_view kBody =
    R"({"metadata":{"request_id":"req_1","created":"2025-06-15T15:06:40.126Z"},"results":{}})";

TEST(Deepgram, ReadsATranscription) {
  const ProviderWorld world("deepgram", "user:password");
  const ReceivedItem item = world.item(world.signed_request(std::string(kBody)));
  EXPECT_EQ(item.provider_id, "req_1");
  EXPECT_EQ(item.dedupe_key, "req_1");
  EXPECT_EQ(item.type, "transcription.callback");
  EXPECT_EQ(item.subject, "req_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Deepgram, ComesByPostOrPut) {
  const ProviderWorld world("deepgram", "user:password");
  EXPECT_EQ(world.receiver().allow(), "POST, PUT");
  SentRequest request = world.signed_request(std::string(kBody));
  request.method = "PUT";
  EXPECT_EQ(world.item(request).provider_id, "req_1");
}

TEST(Deepgram, TakesBasicCredentialsOrTheOldHeader) {
  const ProviderWorld basic("deepgram", "user:password");
  SentRequest request = basic.signed_request(std::string(kBody));
  EXPECT_EQ(request.header("Authorization"), "Basic dXNlcjpwYXNzd29yZA==");
  const ProviderWorld token("deepgram", "key-identifier");
  SentRequest old;
  old.body = kBody;
  old.set("dg-token", "key-identifier");
  EXPECT_EQ(token.refusal(old), std::nullopt);
}

TEST(Deepgram, TellsMissingFromWrong) {
  const ProviderWorld world("deepgram", "key-identifier");
  SentRequest request;
  request.body = kBody;
  EXPECT_EQ(world.refusal(request), VerifyError::missing_credential);
  EXPECT_EQ(world.status(request), 401);
  request.set("dg-token", "key-identifies");
  EXPECT_EQ(world.refusal(request), VerifyError::wrong_credential);
  EXPECT_EQ(world.status(request), 403);
}

}  // namespace
}  // namespace creel::testing
