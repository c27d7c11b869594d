#include <gtest/gtest.h>

#include <algorithm>

#include "verify/webhook_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::at;
using testing::kMac;
using testing::kOtherSecret;
using testing::kSecret;
using testing::kValid;
using testing::kWhpk;
using testing::kWhsk;
using testing::make_key;
using testing::make_keys;
using testing::TestWebhook;

std::optional<VerifyError> error_of(const std::expected<Genuine<Webhook>, VerifyError>& result) {
  if (result) return std::nullopt;
  return result.error();
}

TEST(Verifier, AcceptsTheKnownAnswer) {
  const TestWebhook webhook;
  const Verifier verifier(make_keys(make_key(kSecret)));
  const auto headers = webhook.headers();
  const auto result = verifier.verify(headers, webhook.body, webhook.now);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ((*result)->id, webhook.id);
  EXPECT_EQ((*result)->timestamp, webhook.now);
  EXPECT_EQ((*result)->body.data(), webhook.body.data());
  EXPECT_EQ((*result)->key_index, 0U);
}

TEST(Verifier, RejectsAReplayFiveMinutesLater) {
  TestWebhook webhook;
  webhook.now += 5min;
  EXPECT_TRUE(webhook.verify());
  webhook.now += 1s;
  EXPECT_EQ(error_of(webhook.verify()), VerifyError::timestamp_too_old);
}

TEST(Verifier, KeepsTheWindowOfOpenaisSdks) {
  const struct {
    int delta;
    int tolerance;
    std::optional<VerifyError> error;
  } rows[] = {{0, 0, {}},
              {-300, 300, {}},
              {+300, 300, {}},
              {-301, 300, VerifyError::timestamp_too_old},
              {+301, 300, VerifyError::timestamp_too_new},
              {-1, 0, VerifyError::timestamp_too_old},
              {+1, 0, VerifyError::timestamp_too_new},
              {0, -1, VerifyError::timestamp_too_old},
              {-400, 600, {}}};
  for (const auto& row : rows) {
    TestWebhook webhook;
    webhook.now -= std::chrono::seconds(row.delta);
    webhook.options.max_age = webhook.options.max_skew = std::chrono::seconds(row.tolerance);
    EXPECT_EQ(error_of(webhook.verify()), row.error) << row.delta << " within " << row.tolerance;
  }
}

TEST(Verifier, SurvivesClocksAtTheEndOfTime) {
  TestWebhook webhook;
  webhook.now = std::chrono::sys_seconds::max();
  EXPECT_EQ(error_of(webhook.verify()), VerifyError::timestamp_too_old);
  webhook.now = std::chrono::sys_seconds::min();
  EXPECT_EQ(error_of(webhook.verify()), VerifyError::timestamp_too_new);
  webhook.options = openai_sdk_compatibility();
  webhook.now = at(0);
  webhook.timestamp = "-9223372036854775808";
  EXPECT_EQ(error_of(webhook.verify()), VerifyError::timestamp_too_old);
  webhook.timestamp = "9223372036854775807";
  EXPECT_EQ(error_of(webhook.verify()), VerifyError::timestamp_too_new);
}

const std::string kBare(kMac);
const std::string kGood(kValid);
const std::string kEd25519Token = "v1a," + std::string(86, 'A') + "==";

struct SignatureRow {
  std::string header;
  std::optional<VerifyError> strict;
  std::optional<VerifyError> compatible;
};

TEST(Verifier, ReadsEveryFormOfTheSignatureHeader) {
  using enum VerifyError;
  const std::optional<VerifyError> ok;
  const SignatureRow rows[] = {
      {kGood, ok, ok},
      {kBare, malformed_signature, ok},
      {"v1,invalid_signature " + kGood, ok, ok},
      {kGood + " " + kGood, ok, ok},
      {"v1,not-valid-$$$ " + kGood, ok, ok},
      {"v1,invalid_signature1 v1,invalid_signature2", signature_mismatch, signature_mismatch},
      {"v1,invalid\t" + kBare + " v1,also-invalid", signature_mismatch, ok},
      {"v1,invalid-test-signature  \t " + kGood, ok, ok},
      {kEd25519Token, no_supported_signature, no_supported_signature},
      {"v2,9WlByKQUfBVM08XRYmo3WqR/dQXtjGJkV1edShZZ+C0=", no_supported_signature, no_supported_signature},
      {"v1", malformed_signature, malformed_signature},
      {"v1,", malformed_signature, malformed_signature},
      {"v1," + kBare.substr(0, 8), malformed_signature, malformed_signature},
      {"v1,é", malformed_signature, malformed_signature},
      {"9WlByKQUfBVM08XRYmo3WqR/dQXtjGJkV1edShZZ+C0=", malformed_signature, signature_mismatch},
      {"", missing_signature, missing_signature},
      {"   ", missing_signature, missing_signature},
      {",", malformed_signature, malformed_signature},
      {"," + kBare, malformed_signature, malformed_signature},
      {"v2," + kBare, no_supported_signature, no_supported_signature},
      {"V1," + kBare, no_supported_signature, no_supported_signature},
      {"v1,v1," + kBare, malformed_signature, malformed_signature},
      {kGood + ",", malformed_signature, malformed_signature},
  };
  for (const SignatureRow& row : rows) {
    TestWebhook webhook;
    webhook.signature = row.header;
    EXPECT_EQ(error_of(webhook.verify()), row.strict) << row.header;
    webhook.options = openai_sdk_compatibility();
    EXPECT_EQ(error_of(webhook.verify()), row.compatible) << row.header;
  }
}

TEST(Verifier, RefusesUnpaddedAndUrlSafeSignatures) {
  TestWebhook webhook;
  webhook.signature = kGood.substr(0, kGood.size() - 1);
  EXPECT_EQ(error_of(webhook.verify()), VerifyError::malformed_signature);
  webhook.signature = kGood;
  std::ranges::replace(webhook.signature, '+', '-');
  EXPECT_EQ(error_of(webhook.verify()), VerifyError::malformed_signature);
}

TEST(Verifier, FindsTheRightOneAmongDecoys) {
  TestWebhook webhook{.id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
                      .timestamp = "1614265330",
                      .signature =
                          "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= "
                          "v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= "
                          "v1,tFtCZ5RDCPxzWQRWXWPgrCgE2frDBe9gjpbWQxnVfsQ= "
                          "v1,Mm7xgUVICxZfQ3bgf0h0Dof65L/IFx+PnZvnDWPCX6Q= "
                          "v1,9DfC1c3eeOrXB6w/5dIDydLNQaEyww5KalE5jLBZucE= "
                          "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
                      .body = R"({"test": 2432232314})",
                      .now = at(1614265330),
                      .options = {}};
  constexpr std::string_view kReference = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  EXPECT_EQ(error_of(webhook.verify(kReference)), VerifyError::signature_mismatch);
  webhook.signature += " v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  EXPECT_TRUE(webhook.verify(kReference));
}

TEST(Verifier, NeverPassesWhatAnyoneCouldForge) {
  // Signed with the empty key and with "foo", to which junk after whsec_ decodes in some SDKs.
  for (std::string_view forged : {"v1,L5xsf7KOLo4ScJQTjkuXp4PEyfO+pdockTIsMWGDBWU=",
                                  "v1,Bco7sEYf0xoRK18n7ZKxcnWuBhavqZjZMx3KxrRc354="}) {
    TestWebhook webhook;
    webhook.signature = forged;
    EXPECT_EQ(error_of(webhook.verify()), VerifyError::signature_mismatch);
    webhook.options = openai_sdk_compatibility();
    EXPECT_EQ(error_of(webhook.verify()), VerifyError::signature_mismatch);
    for (std::string_view junk :
         {"", "whsec_", "whsec_!!!!", "whsec_====", "whsec_Zm9v!!!!", "whsec_Zm9v="}) {
      for (SecretForm form : {SecretForm::strict, SecretForm::openai_sdk, SecretForm::standard_webhooks}) {
        auto secret = Secret::parse(junk, form);
        if (!secret) continue;
        EXPECT_FALSE(webhook.verify(make_keys(make_key(junk, form)))) << junk;
      }
    }
  }
}

TEST(Verifier, NoticesEveryChangedBit) {
  const Verifier verifier(make_keys(make_key(kSecret)),
                          VerifyOptions{.max_age = 100000h, .max_skew = 100000h});
  const auto flip_each_bit = [&](std::string TestWebhook::* part) {
    for (std::size_t bit = 0; bit < (TestWebhook{}.*part).size() * 8; ++bit) {
      TestWebhook webhook;
      char& byte = (webhook.*part)[bit / 8];
      byte = static_cast<char>(byte ^ (1 << bit % 8));
      EXPECT_FALSE(webhook.verify(verifier)) << "bit " << bit;
    }
  };
  flip_each_bit(&TestWebhook::id);
  flip_each_bit(&TestWebhook::timestamp);
  flip_each_bit(&TestWebhook::body);
  flip_each_bit(&TestWebhook::signature);
}

TEST(Verifier, NoticesEveryChangedBitOfTheSecret) {
  const std::string key = "0123456789abcdef0123456789abcdef";
  TestWebhook webhook;
  auto right = Secret::from_bytes(std::as_bytes(std::span(key))).value();
  webhook.signature = Signer(right).sign(webhook.id, webhook.now, webhook.body);
  for (std::size_t bit = 0; bit < key.size() * 8; ++bit) {
    std::string changed = key;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    Key wrong{.secret = Secret::from_bytes(std::as_bytes(std::span(changed))).value(),
              .label = {},
              .not_before = {},
              .not_after = {}};
    EXPECT_EQ(error_of(webhook.verify(make_keys(std::move(wrong)))), VerifyError::signature_mismatch) << bit;
  }
}

TEST(Verifier, NamesTheMissingHeader) {
  const TestWebhook webhook;
  const Verifier verifier(make_keys(make_key(kSecret)));
  const std::pair<std::string_view, VerifyError> rows[] = {
      {"webhook-id", VerifyError::missing_id},
      {"webhook-timestamp", VerifyError::missing_timestamp},
      {"webhook-signature", VerifyError::missing_signature}};
  for (const auto& [name, error] : rows) {
    auto headers = webhook.headers();
    std::erase_if(headers, [&](const Header& header) { return header.name == name; });
    EXPECT_EQ(error_of(verifier.verify(headers, webhook.body, webhook.now)), error);
  }
}

TEST(Verifier, TakesHeaderNamesInAnyCase) {
  const TestWebhook webhook;
  const Verifier verifier(make_keys(make_key(kSecret)));
  const Header headers[] = {{"WEBHOOK-ID", webhook.id},
                            {"Webhook-Timestamp", webhook.timestamp},
                            {"wEbHoOk-sIgNaTuRe", webhook.signature}};
  EXPECT_TRUE(verifier.verify(headers, webhook.body, webhook.now));
}

TEST(Verifier, TakesARepeatedHeaderOnlyWhenBothSayTheSame) {
  const TestWebhook webhook;
  const Verifier verifier(make_keys(make_key(kSecret)));
  auto headers = webhook.headers();
  headers.push_back({"Webhook-Id", webhook.id});
  EXPECT_TRUE(verifier.verify(headers, webhook.body, webhook.now));
  headers.push_back({"webhook-id", "wh_other"});
  EXPECT_EQ(error_of(verifier.verify(headers, webhook.body, webhook.now)), VerifyError::conflicting_header);
}

TEST(Verifier, TakesTheHeadersOfAnotherPrefix) {
  const TestWebhook webhook;
  const Verifier verifier(make_keys(make_key(kSecret)), VerifyOptions{.header_prefix = "svix-"});
  const Header headers[] = {
      {"svix-id", webhook.id}, {"svix-timestamp", webhook.timestamp}, {"svix-signature", webhook.signature}};
  EXPECT_TRUE(verifier.verify(headers, webhook.body, webhook.now));
  EXPECT_EQ(error_of(webhook.verify(verifier)), VerifyError::missing_id);
}

TEST(Verifier, RefusesIdsThatMakeTheSignedTextAmbiguous) {
  for (std::string id : {std::string(), std::string("wh_a.1750861210"), std::string("wh a"),
                         std::string("wh_\n"), std::string("wh_\xc3\xa9"), std::string(257, 'i')}) {
    TestWebhook webhook;
    webhook.id = id;
    const Signer signer(*Secret::parse(kSecret));
    webhook.signature = signer.sign(webhook.id, webhook.now, webhook.body);
    EXPECT_EQ(error_of(webhook.verify()), VerifyError::invalid_id) << id;
    webhook.options = openai_sdk_compatibility();
    EXPECT_EQ(error_of(webhook.verify()), VerifyError::invalid_id) << id;
  }
}

TEST(Verifier, RefusesANodeSignatureOverAnEmptyId) {
  TestWebhook webhook{.id = "",
                      .timestamp = "1700000000",
                      .signature = "v1,XmTBoTBoiguQzrZGonL794V5NPQHhV8EVaKeVG4lfMg=",
                      .body = R"({"id":"evt_test","type":"response.completed","data":{"id":"resp_test"}})",
                      .now = at(1700000000),
                      .options = openai_sdk_compatibility()};
  EXPECT_EQ(error_of(webhook.verify(make_keys(make_key("synthetic-webhook-secret", SecretForm::openai_sdk)))),
            VerifyError::invalid_id);
}

TEST(Verifier, BoundsTheWork) {
  TestWebhook webhook;
  webhook.signature.clear();
  for (int i = 0; i < 31; ++i)
    webhook.signature += "v1,x ";
  webhook.signature += kGood;
  EXPECT_TRUE(webhook.verify());
  webhook.signature += " v1,x";
  EXPECT_EQ(error_of(webhook.verify()), VerifyError::too_many_signatures);

  webhook = TestWebhook{};
  webhook.options.body_bytes_max = webhook.body.size();
  EXPECT_TRUE(webhook.verify());
  --webhook.options.body_bytes_max;
  EXPECT_EQ(error_of(webhook.verify()), VerifyError::body_too_large);

  webhook = TestWebhook{};
  webhook.signature.clear();
  for (int i = 0; i < 9; ++i)
    webhook.signature += kEd25519Token + " ";
  EXPECT_EQ(error_of(webhook.verify(kWhpk)), VerifyError::too_many_signatures);
}

TEST(Verifier, PassesThroughARotation) {
  TestWebhook webhook;
  webhook.id = "wh_rot";
  const std::string by_new = "v1,YTAG8WtgmWYSv5AH7LEKC73jJIFglWkc8/GNXvv2cBc=";
  const std::string by_old = "v1,6w1Eljpym3rrportf0MpQHKxGiM1/MR9Qi9WssZ4xks=";
  const Verifier both(make_keys(make_key(kOtherSecret), make_key(kSecret)));
  webhook.signature = by_old;
  EXPECT_EQ((*webhook.verify(both))->key_index, 1U);
  webhook.signature = by_new;
  EXPECT_EQ((*webhook.verify(both))->key_index, 0U);
  webhook.signature = by_new + " " + by_old;
  EXPECT_EQ((*webhook.verify(both))->key_index, 0U);
  EXPECT_TRUE(webhook.verify(kOtherSecret));
  EXPECT_TRUE(webhook.verify(kSecret));
}

TEST(Verifier, HeedsTheTimesAKeyIsGoodFor) {
  TestWebhook webhook;
  const auto verify_between = [&](std::optional<std::chrono::sys_seconds> from,
                                  std::optional<std::chrono::sys_seconds> to) {
    Key key = make_key(kSecret);
    key.not_before = from;
    key.not_after = to;
    return error_of(webhook.verify(make_keys(std::move(key))));
  };
  EXPECT_EQ(verify_between(webhook.now, webhook.now), std::nullopt);
  EXPECT_EQ(verify_between(webhook.now + 1s, std::nullopt), VerifyError::no_keys);
  EXPECT_EQ(verify_between(std::nullopt, webhook.now - 1s), VerifyError::no_keys);
}

TEST(Verifier, BlamesTheReceiverForAMissingKeyAlone) {
  const TestWebhook webhook;
  EXPECT_EQ(error_of(webhook.verify(std::vector<Key>{})), VerifyError::no_keys);
  for (int i = 0; i <= static_cast<int>(VerifyError::signature_mismatch); ++i) {
    const auto error = static_cast<VerifyError>(i);
    EXPECT_EQ(is_ours(error), error == VerifyError::no_keys);
    EXPECT_NE(describe(error), "unknown error");
  }
}

TEST(Verifier, ReadsEd25519BesideHmac) {
  TestWebhook webhook;
  const Signer signer(*Secret::parse(kWhsk));
  webhook.signature = signer.sign(webhook.id, webhook.now, webhook.body);
  EXPECT_TRUE(webhook.signature.starts_with("v1a,"));
  EXPECT_TRUE(webhook.verify(kWhpk));
  EXPECT_TRUE(webhook.verify(kWhsk));
  EXPECT_EQ((*webhook.verify(make_keys(make_key(kSecret), make_key(kWhpk))))->key_index, 1U);
  EXPECT_EQ(error_of(webhook.verify(kSecret)), VerifyError::no_supported_signature);
  webhook.body += ' ';
  EXPECT_EQ(error_of(webhook.verify(kWhpk)), VerifyError::signature_mismatch);
}

TEST(Signer, MakesTheKnownAnswer) {
  const TestWebhook webhook;
  const Signer signer(*Secret::parse(kSecret));
  EXPECT_EQ(signer.sign(webhook.id, webhook.now, webhook.body), kValid);
}

}  // namespace
}  // namespace creel
