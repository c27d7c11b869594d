// What each shape of provider signs is accepted: known answers, most of them official ones.
#include "verify/signature.h"

#include <gtest/gtest.h>

#include "verify/digest.h"
#include "verify/ed25519.h"
#include "verify/signature_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

TEST(Signature, AcceptsWhatEachShapeOfHmacSigns) {
  EXPECT_EQ(with_pairs(genuine_pairs()).receive(), 0U);
  EXPECT_EQ((SignedRequest{.provider = &kBase64,
                           .headers = {{"x-signature", "75DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88Jk="}}})
                .receive(),
            0U);
  EXPECT_EQ((SignedRequest{
                 .secrets = {"It's a Secret to Everybody"},
                 .body = "Hello, World!",
                 .headers = {{"X-Signature",
                              "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}}})
                .receive(),
            0U);
  EXPECT_EQ((SignedRequest{
                 .body = "payload=%7B%22zen%22%3A%22x%22%7D",
                 .headers = {{"Content-Type", std::string(kForm)},
                             {"X-Signature",
                              "sha256=e26f62bb19b7b2054a8f263a45335ef4c566a659da011fec3459da26c218961a"}}})
                .receive(),
            0U);
  EXPECT_EQ((SignedRequest{
                 .body = R"({"event":"statusChange"})",
                 .headers = {{"X-Signature",
                              "sha256=7d00e0c4001481fe00828953372191b841106fa8e3981de3bfd1a116a6888fae"}}})
                .receive(),
            0U);
  const Provider sha1 = row({.algorithm = SignatureAlgorithm::hmac_sha1});
  EXPECT_EQ((SignedRequest{.provider = &sha1,
                           .secrets = {"test_secret"},
                           .body = R"({"test":true})",
                           .headers = {{"X-Signature", "c2df2da54b7342c8dbb968e068d404d1c65acc91"}}})
                .receive(),
            0U);
  const Provider webflow = row({.content = "{timestamp}:{body}",
                                .timestamp = kTimestamp,
                                .timestamp_unit = TimestampUnit::milliseconds},
                               300s);
  EXPECT_EQ((SignedRequest{.provider = &webflow,
                           .body = R"({"triggerType":"site_publish"})",
                           .headers = {{"X-Timestamp", "1750000000000"},
                                       {"X-Signature",
                                        "48fd98bb512293a4159961230fee05203f91a309bcc04cb5bebb045faadbf8c1"}}})
                .receive(),
            0U);
}

TEST(Signature, AcceptsPairsOfOtherNamesAndSeparators) {
  const Provider elevenlabs = row(
      {.content = "{timestamp}.{body}", .pair_separator = ',', .signature_pair = "v0", .timestamp_pair = "t"},
      30min);
  EXPECT_EQ((SignedRequest{.provider = &elevenlabs,
                           .secrets = {"wsec_x"},
                           .body = R"({"type":"post_call_transcription"})",
                           .headers = {{"X-Signature",
                                        "t=1750000000,v0="
                                        "2df36b2f73f9367f3bccb8ba87c16ff15476f4bcd4546e7d8933ef2e77c4e27a"}}})
                .receive(),
            0U);
  const Provider paddle = row({.content = "{timestamp}:{body}",
                               .pair_separator = ';',
                               .signature_pair = "h1",
                               .timestamp_pair = "ts"},
                              5s);
  EXPECT_EQ((SignedRequest{.provider = &paddle,
                           .secrets = {"pdl_ntfset_x"},
                           .body = R"({"event_type":"subscription.created"})",
                           .headers = {{"X-Signature",
                                        "ts=1750000000;h1="
                                        "c6b07682a1b62f79d75a7ddbfb98cbf78c5ab8fd07221d386785b7fa01d08a5d"}}})
                .receive(),
            0U);
}

TEST(Signature, AcceptsTheRequestThatSlackDocuments) {
  const SignedRequest request{
      .provider = &kSlackLike,
      .secrets = {"8f742231b10e8888abcd99yyyzzz85a5"},
      .body =
          "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
          "channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
          "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%"
          "2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703"
          "c",
      .headers = {{"content-type", std::string(kForm)},
                  {"x-timestamp", "1531420618"},
                  {"x-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}},
      .now = at(1531420618)};
  EXPECT_EQ(request.receive(), 0U);
}

TEST(Signature, AcceptsSendgridsEcdsaWithEitherFormOfItsKey) {
  const std::string key =
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAES02HEGV8a4bick2yhqJ6QHHlZFlZSyku/"
      "IfIQMWWey2sCS/xbjWB0Tvvm1rqyODrfQGPGqkmlCNKkg7/5nY2TA==";
  SignedRequest request{
      .provider = &kSendgridLike,
      .secrets = {key},
      .body = "[{\"event\":\"delivered\",\"sg_event_id\":\"x\"}]\r\n",
      .headers = {{"X-Timestamp", "1750000000"},
                  {"X-Signature",
                   "MEUCIC+5opyl+u4CbvAKsl6V4b/5Y6JdN+j9bBgrxAn9rCD2AiEA0O65rouP2sU/+L+0GUOU8m4KsevfLeLFV4kpP"
                   "Ky9KQM="}}};
  EXPECT_EQ(request.receive(), 0U);
  request.secrets = {"-----BEGIN PUBLIC KEY-----\n" + key.substr(0, 64) + "\n" + key.substr(64) +
                     "\n-----END PUBLIC KEY-----\n"};
  EXPECT_EQ(request.receive(), 0U);
  EXPECT_FALSE(request.receiver().can_sign());
  EXPECT_TRUE(request.sign().headers.empty());
  request.body.pop_back();
  EXPECT_EQ(request.error(), VerifyError::signature_mismatch);
}

TEST(Signature, AcceptsEd25519AsDiscordSends) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(7);
  const auto key = Ed25519Key::from_seed(seed);
  // The public half of the seed.
  SignedRequest request{.provider = &kDiscordLike,
                        .secrets = {"ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"},
                        .body = R"({"type":1})"};
  const std::string signature = to_hex(key.sign("1750000000" + request.body));
  request.headers = {{"X-Timestamp", "1750000000"}, {"X-Signature", signature}};
  EXPECT_EQ(request.receive(), 0U);
  EXPECT_TRUE(request.sign().headers.empty());
  request.body += ' ';
  EXPECT_EQ(request.error(), VerifyError::signature_mismatch);
}

TEST(Signature, AcceptsASignatureThatStandsInTheBody) {
  const std::string_view kBody =
      R"({"signature":{"timestamp":"1403645220","token":"5egbgr1vjgqxtrnp65xfznchgdccwh5d6i09vijqi3whgowmn6",)"
      R"("signature":"9cfc5c41582e51246e73c88d34db3af0a3a2692a76fbab81492842f000256d33"},)"
      R"("event-data":{"id":"ours"}})";
  SignedRequest request{.provider = &kMailgunLike,
                        .secrets = {"key-3ax6xnjp29jd6fds4gc373sgvjxteol0"},
                        .body = std::string(kBody),
                        .now = at(1403645220)};
  EXPECT_EQ(request.receive(), 0U);
  EXPECT_TRUE(request.sign().headers.empty());
  request.now += 301s;
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_old);
  request.now = at(1403645220);
  request.body.replace(request.body.find(R"("signature":"9c)"), 11, R"("parent-signature")");
  EXPECT_EQ(request.receive(), 0U);
  request.body = "{}";
  EXPECT_EQ(request.error(), VerifyError::missing_signature);
  request.body = "not-json";
  EXPECT_EQ(request.error(), VerifyError::missing_signature);
}

// The same signed text with a digit moved from the token to the time would be another message.
TEST(Signature, RefusesATimeWhoseDigitsMovedIntoItsNeighbour) {
  SignedRequest request{.provider = &kMailgunLike,
                        .secrets = {"key-3ax6xnjp29jd6fds4gc373sgvjxteol0"},
                        .body = R"({"signature":{"timestamp":"14036452205",)"
                                R"("token":"egbgr1vjgqxtrnp65xfznchgdccwh5d6i09vijqi3whgowmn6","signature":)"
                                R"("9cfc5c41582e51246e73c88d34db3af0a3a2692a76fbab81492842f000256d33"}})",
                        .tolerance = 0s};
  EXPECT_EQ(request.error(), VerifyError::invalid_timestamp);
}

}  // namespace
}  // namespace creel::testing
