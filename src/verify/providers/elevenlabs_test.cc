#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

TEST(Elevenlabs, MakesAKeyOfWhatTheEventSays) {
  const ProviderWorld world("elevenlabs");
  const ReceivedItem item = world.item(world.signed_request(
      R"({"type":"post_call_transcription","event_timestamp":1750000000,"data":{"conversation_id":"conv_1"}})"));
  EXPECT_EQ(item.provider_id, "conv_1");
  EXPECT_EQ(item.dedupe_key, "conv_1\npost_call_transcription\n1750000000");
  EXPECT_EQ(item.type, "post_call_transcription");
  EXPECT_EQ(item.subject, "conv_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Elevenlabs, FallsBackToTheBody) {
  const ProviderWorld world("elevenlabs");
  const SentRequest request = world.signed_request(
      R"({"type":"voice_removed","event_timestamp":"2025-06-15T15:06:40Z","data":{"voice_id":"voice_1"}})");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.dedupe_key, hex_sha256(request.body));
  EXPECT_EQ(item.subject, "voice_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Elevenlabs, AllowsHalfAnHour) {
  const ProviderWorld world("elevenlabs");
  const SentRequest request = world.sample("post_call_audio");
  EXPECT_EQ(world.refusal(request, kNow + 30min), std::nullopt);
  EXPECT_EQ(world.refusal(request, kNow + 30min + 1s), VerifyError::timestamp_too_old);
  EXPECT_EQ(world.status(request, kNow + 40min), 401);
}

TEST(Elevenlabs, AcceptsAnyOfSeveralSignatures) {
  const ProviderWorld world("elevenlabs");
  SentRequest request = world.sample("post_call_audio");
  const std::string right = request.header("ElevenLabs-Signature").substr(13);
  const std::string wrong(64, '0');
  for (const std::string& list : {right + ",v0=" + wrong, "v0=" + wrong + "," + right}) {
    request.set("ElevenLabs-Signature", "t=1750000000," + list);
    EXPECT_EQ(world.refusal(request), std::nullopt) << list;
  }
}

}  // namespace
}  // namespace creel::testing
