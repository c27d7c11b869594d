#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

TEST(Twilio, MakesATypeOfKindAndStatus) {
  const ProviderWorld world("twilio");
  const std::pair<std::string, std::string_view> rows[] = {
      {"MessageSid=SM1&MessageStatus=delivered&SmsStatus=delivered", "message.delivered"},
      {"MessageSid=SM1&SmsSid=SM1&SmsStatus=received&Body=hi", "message.received"},
      {"CallSid=CA1&CallStatus=completed", "call.completed"},
      {"CallSid=CA1&RecordingSid=RE1&RecordingStatus=completed", "recording.completed"},
      {"CallSid=CA1&CallStatus=in-progress&TranscriptionStatus=failed", "transcription.failed"},
  };
  for (const auto& [body, type] : rows)
    EXPECT_EQ(world.item(world.signed_request(body, kForm)).type, type) << body;
}

TEST(Twilio, MakesAKeyOfSidAndStatusWhateverTheTokenSays) {
  const ProviderWorld world("twilio");
  SentRequest request = world.signed_request("MessageSid=SM1&MessageStatus=sent", kForm);
  EXPECT_EQ(world.item(request).dedupe_key, "SM1\nsent");
  EXPECT_EQ(world.item(request).subject, "SM1");
  request.set("I-Twilio-Idempotency-Token", "token_1");
  EXPECT_EQ(world.item(request).dedupe_key, "SM1\nsent");
}

TEST(Twilio, MakesOneKeyOfOneFormHoweverItIsWritten) {
  const ProviderWorld world("twilio");
  SentRequest request = world.signed_request("CallSid=CA1&Digits=12", kForm);
  for (std::string_view body : {"CallSid=CA1&Digits=12", "Digits=12&CallSid=CA1",
                                "CallSid=%43A1&&Digits=1%32", "Digits=12&Digits=12&CallSid=CA1"}) {
    request.body = body;
    EXPECT_EQ(world.item(request).dedupe_key, hex_sha256("CallSidCA1Digits12")) << body;
  }
  request.set("I-Twilio-Idempotency-Token", "token_1");
  EXPECT_EQ(world.item(request).dedupe_key, "token_1#" + hex_sha256("CallSidCA1Digits12"));
}

TEST(Twilio, CoversTheAddressAndEveryField) {
  const ProviderWorld world("twilio");
  SentRequest request = world.signed_request("b=2&a=1&CallSid=CA1&CallStatus=ringing", kForm);
  EXPECT_EQ(world.refusal(request), std::nullopt);
  request.body = "a=1&b=2&CallSid=CA1&CallStatus=ringing";  // the order does not count
  EXPECT_EQ(world.refusal(request), std::nullopt);
  request.body = "a=1&b=3&CallSid=CA1&CallStatus=ringing";
  EXPECT_EQ(world.refusal(request), VerifyError::signature_mismatch);
  request.body = "a=1&b=2&CallSid=CA1&CallStatus=ringing";
  request.query = "x=1";
  EXPECT_EQ(world.refusal(request), VerifyError::signature_mismatch);
}

TEST(Twilio, WantsTheDigestOfABodyThatIsNoForm) {
  const ProviderWorld world("twilio");
  SentRequest request = world.signed_request(R"({"a":1})");
  EXPECT_EQ(request.query, "bodySHA256=" + hex_sha256(request.body));
  EXPECT_EQ(world.refusal(request), std::nullopt);
  request.body = R"({"a":2})";
  EXPECT_EQ(world.refusal(request), VerifyError::body_mismatch);
}

TEST(Twilio, TellsMissingFromWrongAndAnswersInItsOwnLanguage) {
  const ProviderWorld world("twilio");
  SentRequest request = world.sample("call.ringing");
  request.body += "&x=1";
  EXPECT_EQ(world.status(request), 403);
  request.drop("X-Twilio-Signature");
  EXPECT_EQ(world.status(request), 400);
  EXPECT_EQ(world.provider().success_body, "<Response/>");
  EXPECT_EQ(world.provider().success_type, "text/xml");
}

}  // namespace
}  // namespace creel::testing
