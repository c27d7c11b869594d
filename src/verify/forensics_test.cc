// The verdict, the clock and the secrets, on a webhook of OpenAI.
#include "verify/forensics.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "verify/base64.h"
#include "verify/forensics_fixture.h"
#include "verify/hmac.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::Case;
using testing::kOtherSecret;
using testing::kSecret;

std::string sign_as(std::string_view key, const Case& sent, SecretForm form = SecretForm::openai_sdk) {
  const testing::TestWebhook webhook;
  return Signer(*Secret::parse(key, form)).sign(webhook.id, webhook.now, sent.body);
}

std::string sign_with_bytes(std::string_view key, const Case& sent) {
  const testing::TestWebhook webhook;
  return Signer(*Secret::from_bytes(std::as_bytes(std::span(key)))).sign(webhook.id, webhook.now, sent.body);
}

// The known signature in hex.
constexpr std::string_view kHex = "814020e11da15a8b9166a4501b8b89ca9352f182bcf391bcdfcf841dbe272816";

// The token of any text at all under the current secret.
std::string mac_of(const std::string& text) {
  const std::string_view key = kSecret.substr(6);
  std::array<std::uint8_t, 48> bytes;
  const auto size = decode_base64_secret(key, bytes, Base64Rule::canonical);
  const std::array<std::string_view, 1> parts{text};
  return "v1," + encode_base64(HmacKey(std::span(bytes).first(*size)).over(parts));
}

TEST(Forensics, SaysValidAndByWhichSecret) {
  const Finding finding = Case::openai().first();
  EXPECT_EQ(finding.kind, FindingKind::valid);
  EXPECT_EQ(finding.label, "current");
  EXPECT_EQ(finding.fingerprint, Secret::parse(kSecret)->fingerprint());
}

TEST(Forensics, SaysValidByTheSecretThatMatched) {
  Case sent = Case::openai();
  sent.secrets.insert(sent.secrets.begin(), {.label = "next", .text = std::string(kOtherSecret)});
  EXPECT_EQ(sent.first().label, "current");
}

TEST(Forensics, NamesAMissingHeaderAndItsLookAlike) {
  Case sent = Case::openai();
  sent.headers[3].first = "webhook_signature";
  EXPECT_EQ(sent.first().kind, FindingKind::missing_header);
  EXPECT_EQ(sent.first().text,
            "the request has no webhook-signature header, though it has webhook_signature");
  sent.headers.pop_back();
  EXPECT_EQ(sent.first().text, "the request has no webhook-signature header");
  sent.headers.emplace_back("x-evil\x1b-signature", "1");
  EXPECT_EQ(sent.first().text, "the request has no webhook-signature header")
      << "nothing that cannot be shown";
}

TEST(Forensics, SaysByHowMuchTheClockIsOff) {
  Case sent = Case::openai();
  sent.now += 1h;
  Finding finding = sent.first();
  EXPECT_EQ(finding.kind, FindingKind::clock);
  EXPECT_EQ(finding.clock_off, 1h);
  EXPECT_EQ(finding.verify_error, VerifyError::timestamp_too_old);
  EXPECT_EQ(finding.label, "current") << "the signature itself is right";
  EXPECT_NE(finding.fix.find("this one is ahead"), std::string::npos);
  sent.now -= 2h;
  finding = sent.first();
  EXPECT_EQ(finding.clock_off, -1h);
  EXPECT_EQ(finding.verify_error, VerifyError::timestamp_too_new);
  EXPECT_NE(finding.fix.find("this one is behind"), std::string::npos);
  sent.body += ' ';
  EXPECT_EQ(sent.first().label, "") << "neither time nor signature is right";
}

TEST(Forensics, FindsTheSecretThatWasMeant) {
  Case sent = Case::openai();
  sent["webhook-signature"] = sign_as(kOtherSecret, sent);
  EXPECT_EQ(sent.first().kind, FindingKind::unexplained);
  sent.suspects.push_back({.label = "staging", .text = std::string(kOtherSecret)});
  const Finding finding = sent.first();
  EXPECT_EQ(finding.kind, FindingKind::other_secret);
  EXPECT_EQ(finding.label, "staging");
  EXPECT_EQ(finding.fingerprint, Secret::parse(kOtherSecret)->fingerprint());
}

TEST(Forensics, FindsASecretThatIsNotValidAtThisTime) {
  Case sent = Case::openai();
  sent.secrets[0].not_after = sent.now - 1s;
  EXPECT_EQ(sent.first().kind, FindingKind::expired_secret) << "the only one";
  sent.secrets.push_back({.label = "next", .text = std::string(kOtherSecret)});
  EXPECT_EQ(sent.first().kind, FindingKind::expired_secret) << "with another that is valid";
  EXPECT_EQ(sent.first().label, "current");
}

TEST(Forensics, FindsASecretThatWasUsedUndecoded) {
  Case sent = Case::openai();
  sent["webhook-signature"] = sign_with_bytes(kSecret, sent);
  EXPECT_EQ(sent.first().kind, FindingKind::secret_not_decoded);
  sent["webhook-signature"] = sign_with_bytes(kSecret.substr(6), sent);
  EXPECT_EQ(sent.first().kind, FindingKind::secret_not_decoded);
}

TEST(Forensics, FindsASecretThatWasDecodedByMistake) {
  Case sent = Case::openai();
  const std::string bare(kSecret.substr(6));
  sent.secrets = {{.label = "raw", .text = bare, .form = SecretForm::openai_sdk}};
  EXPECT_EQ(sent.first().kind, FindingKind::secret_decoded);
  sent["webhook-signature"] = sign_as(bare, sent);
  EXPECT_EQ(sent.first().kind, FindingKind::valid);
}

TEST(Forensics, FindsASenderWhoseSecretEndsInANewline) {
  Case sent = Case::openai();
  sent["webhook-signature"] = sign_with_bytes(std::string(kSecret) + "\n", sent);
  EXPECT_EQ(sent.first().kind, FindingKind::secret_wrapped);
}

TEST(Forensics, SaysWhatIsWrongWithASecret) {
  Case sent = Case::openai();
  sent.secrets[0].text = "whsec_short";
  EXPECT_EQ(sent.first().kind, FindingKind::bad_secret);
  EXPECT_EQ(sent.first().label, "current");
  EXPECT_EQ(sent.first().text.find("secret \"current\": "), 0U);
  sent.secrets.clear();
  EXPECT_EQ(sent.first().kind, FindingKind::no_secrets);
}

TEST(Forensics, ProvesThatQuotesOrSpacesAreAllThatIsWrongWithASecret) {
  for (const std::string& text : {"\"" + std::string(kSecret) + "\"", std::string(kSecret) + "\n",
                                  " '" + std::string(kSecret) + "'", "v1," + std::string(kSecret)}) {
    Case sent = Case::openai();
    sent.secrets[0].text = text;
    ASSERT_EQ(sent.findings().size(), 1U);
    EXPECT_EQ(sent.first().kind, FindingKind::secret_wrapped) << text;
    EXPECT_EQ(sent.first().fingerprint, Secret::parse(kSecret)->fingerprint());
  }
  Case other = Case::openai();
  other.secrets[0].text = "\"" + std::string(kOtherSecret) + "\"";
  EXPECT_EQ(other.first().kind, FindingKind::bad_secret) << "quoted, and wrong without them too";
}

TEST(Forensics, PassesOnOtherFaultsOfTheRequest) {
  Case sent = Case::openai();
  sent["webhook-id"] = "a.b";
  EXPECT_EQ(sent.first().kind, FindingKind::bad_request);
  EXPECT_EQ(sent.first().verify_error, VerifyError::invalid_id);
}

TEST(Forensics, TellsAGenuineRequestThatIsNoJson) {
  Case sent = Case::openai();
  sent.body = "not json";
  sent["webhook-signature"] = sign_as(kSecret, sent);
  EXPECT_EQ(sent.first().kind, FindingKind::invalid_json);
}

TEST(Forensics, NeverPrintsASecretOrTheRightSignature) {
  std::vector<Case> cases(5, Case::openai());
  cases[0].body += ' ';
  cases[1]["webhook-signature"] = sign_as(kOtherSecret, cases[1]);
  cases[2]["webhook-signature"] = sign_with_bytes(kSecret, cases[2]);
  cases[3].now += 24h;
  cases[4].secrets[0].text = "'" + std::string(kSecret) + "'";
  for (Case& sent : cases) {
    const std::string right = sign_as(kSecret, sent);
    sent.suspects.push_back({.label = "staging", .text = std::string(kOtherSecret)});
    for (const Finding& finding : sent.findings()) {
      for (std::string_view hidden :
           {kSecret.substr(6), kOtherSecret.substr(6), std::string_view(right).substr(3)}) {
        EXPECT_EQ(finding.text.find(hidden), std::string::npos) << finding.text;
        EXPECT_EQ(finding.fix.find(hidden), std::string::npos) << finding.fix;
      }
    }
  }
}

TEST(Forensics, NamesEveryKindOnce) {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(FindingKind::unexplained); ++kind)
    EXPECT_TRUE(names.insert(to_text(static_cast<FindingKind>(kind))).second) << kind;
}

// --- Headers of the same webhook

TEST(Forensics, TellsMillisecondsFromSeconds) {
  Case sent = Case::openai();
  sent["webhook-timestamp"] += "000";
  EXPECT_EQ(sent.first().kind, FindingKind::timestamp_unit);
  EXPECT_NE(sent.first().text.find("the signature is right for it"), std::string::npos);
  sent.body += ' ';
  EXPECT_EQ(sent.first().kind, FindingKind::timestamp_unit);
  EXPECT_EQ(sent.first().text.find("the signature is right"), std::string::npos);
}

TEST(Forensics, ReadsATimestampInAnotherNotation) {
  for (std::string_view text :
       {"2025-06-25T14:20:10Z", "+1750861210", " 1750861210", "01750861210", "1750861210.0"}) {
    Case sent = Case::openai();
    sent["webhook-timestamp"] = text;
    EXPECT_EQ(sent.first().kind, FindingKind::timestamp_format) << text;
    EXPECT_NE(sent.first().text.find("the signature is right for it"), std::string::npos) << text;
  }
  Case junk = Case::openai();
  junk["webhook-timestamp"] = "yesterday";
  EXPECT_EQ(junk.first().kind, FindingKind::bad_request);
}

TEST(Forensics, FindsIdAndTimestampInEachOthersHeader) {
  Case sent = Case::openai();
  std::swap(sent["webhook-id"], sent["webhook-timestamp"]);
  EXPECT_EQ(sent.first().kind, FindingKind::id_and_timestamp_swapped);
  EXPECT_EQ(sent.first().label, "current");
}

// "timestamp.id.body": a signer that takes its arguments in the wrong order.
TEST(Forensics, FindsIdAndTimestampSignedInTheWrongOrder) {
  Case sent = Case::openai();
  sent["webhook-signature"] = mac_of(sent["webhook-timestamp"] + "." + sent["webhook-id"] + "." + sent.body);
  EXPECT_EQ(sent.first().kind, FindingKind::id_and_timestamp_swapped);
  sent["webhook-signature"] = "v1,AAAA " + sent["webhook-signature"];
  EXPECT_EQ(sent.first().kind, FindingKind::id_and_timestamp_swapped) << "among others";
}

TEST(Forensics, FindsAnotherSignedText) {
  Case sent = Case::openai();
  const std::string id = sent["webhook-id"], time = sent["webhook-timestamp"];
  for (const std::string& text : {sent.body, id + "." + sent.body, time + "." + sent.body, time + sent.body,
                                  time + ":" + sent.body, "v0:" + time + ":" + sent.body}) {
    sent["webhook-signature"] = mac_of(text);
    EXPECT_EQ(sent.first().kind, FindingKind::signed_text) << text;
  }
  sent["webhook-signature"] = mac_of(id + "." + time + "000." + sent.body);
  EXPECT_EQ(sent.first().kind, FindingKind::timestamp_unit) << "milliseconds signed, seconds sent";
}

TEST(Forensics, FindsTheSignatureInAnotherEncoding) {
  const std::pair<std::string, FindingKind> rows[] = {
      {"v1," + std::string(kHex), FindingKind::signature_encoding},
      {std::string(kHex), FindingKind::signature_encoding},
      {"v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838-EHb4nKBY=", FindingKind::signature_encoding},
      {"v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY", FindingKind::signature_encoding},
      {std::string(testing::kMac), FindingKind::signature_prefix},
      {"sha256=" + std::string(testing::kMac), FindingKind::signature_prefix},
      {"v1=" + std::string(testing::kMac), FindingKind::signature_prefix},
      {"v2," + std::string(testing::kMac), FindingKind::signature_prefix},
      {"V1," + std::string(testing::kMac), FindingKind::signature_case},
      {"v1,AAAA v1," + std::string(kHex), FindingKind::signature_encoding},
  };
  for (const auto& [signature, kind] : rows) {
    Case sent = Case::openai();
    sent["webhook-signature"] = signature;
    EXPECT_EQ(to_text(sent.first().kind), to_text(kind)) << signature;
    EXPECT_EQ(sent.first().label, "current") << signature;
  }
  Case junk = Case::openai();
  junk["webhook-signature"] = "v1," + std::string(64, 'a');
  EXPECT_EQ(junk.first().kind, FindingKind::bad_request) << "hex, and not of this request";
}

}  // namespace
}  // namespace creel
