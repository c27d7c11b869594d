#include "verify/forensics.h"

#include <gtest/gtest.h>

#include "verify/webhook_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::kOtherSecret;
using testing::kSecret;
using testing::TestWebhook;

struct Question {
  TestWebhook webhook;
  std::vector<SecretText> secrets{{.label = "current", .text = std::string(kSecret)}};
  std::vector<SecretText> suspects;

  std::vector<Finding> findings() const { return findings(webhook.headers()); }
  std::vector<Finding> findings(std::vector<Header> headers) const {
    return explain_signature({.headers = headers,
                              .raw_body = webhook.body,
                              .secrets = secrets,
                              .suspects = suspects,
                              .now = webhook.now,
                              .options = webhook.options});
  }
  Finding first() const { return findings().front(); }
};

std::string sign_as(std::string_view key, const TestWebhook& webhook) {
  return Signer(*Secret::parse(key, SecretForm::openai_sdk)).sign(webhook.id, webhook.now, webhook.body);
}

std::string sign_with_bytes(std::string_view key, const TestWebhook& webhook) {
  return Signer(*Secret::from_bytes(std::as_bytes(std::span(key))))
      .sign(webhook.id, webhook.now, webhook.body);
}

TEST(Forensics, SaysValidAndByWhichSecret) {
  const Finding finding = Question().first();
  EXPECT_EQ(finding.kind, FindingKind::valid);
  EXPECT_EQ(finding.label, "current");
  EXPECT_EQ(finding.fingerprint, Secret::parse(kSecret)->fingerprint());
}

TEST(Forensics, NamesAMissingHeaderAndItsLookAlike) {
  Question question;
  auto headers = question.webhook.headers();
  headers[3].name = "webhook_signature";
  const Finding finding = question.findings(headers).front();
  EXPECT_EQ(finding.kind, FindingKind::missing_header);
  EXPECT_EQ(finding.text, "the request has no webhook-signature header, though it has webhook_signature");
  headers.pop_back();
  EXPECT_EQ(question.findings(headers).front().text, "the request has no webhook-signature header");
}

TEST(Forensics, SaysByHowMuchTheClockIsOff) {
  Question question;
  question.webhook.now += 1h;
  Finding finding = question.first();
  EXPECT_EQ(finding.kind, FindingKind::clock);
  EXPECT_EQ(finding.clock_off, 1h);
  EXPECT_EQ(finding.verify_error, VerifyError::timestamp_too_old);
  EXPECT_EQ(finding.label, "current") << "the signature itself is right";
  question.webhook.now -= 2h;
  finding = question.first();
  EXPECT_EQ(finding.clock_off, -1h);
  EXPECT_EQ(finding.verify_error, VerifyError::timestamp_too_new);
  question.webhook.body += ' ';
  EXPECT_EQ(question.first().label, "") << "neither time nor signature is right";
}

TEST(Forensics, FindsTheSecretThatWasMeant) {
  Question question;
  question.webhook.signature = sign_as(kOtherSecret, question.webhook);
  EXPECT_EQ(question.first().kind, FindingKind::unexplained);
  question.suspects.push_back({.label = "staging", .text = std::string(kOtherSecret)});
  const Finding finding = question.first();
  EXPECT_EQ(finding.kind, FindingKind::other_secret);
  EXPECT_EQ(finding.label, "staging");
  EXPECT_EQ(finding.fingerprint, Secret::parse(kOtherSecret)->fingerprint());
}

TEST(Forensics, FindsASecretThatWasUsedUndecoded) {
  Question question;
  question.webhook.signature = sign_with_bytes(kSecret, question.webhook);
  EXPECT_EQ(question.first().kind, FindingKind::secret_not_decoded);
  question.webhook.signature = sign_with_bytes(kSecret.substr(6), question.webhook);
  EXPECT_EQ(question.first().kind, FindingKind::secret_not_decoded);
}

TEST(Forensics, FindsASecretThatWasDecodedByMistake) {
  Question question;
  const std::string bare(kSecret.substr(6));
  question.secrets = {{.label = "raw", .text = bare, .form = SecretForm::openai_sdk}};
  EXPECT_EQ(question.first().kind, FindingKind::secret_decoded);
  question.webhook.signature = sign_as(bare, question.webhook);
  EXPECT_EQ(question.first().kind, FindingKind::valid);
}

TEST(Forensics, SaysWhatIsWrongWithASecret) {
  Question question;
  question.secrets[0].text = "\"" + std::string(kSecret) + "\"";
  const Finding finding = question.first();
  EXPECT_EQ(finding.kind, FindingKind::bad_secret);
  EXPECT_EQ(finding.label, "current");
  EXPECT_EQ(finding.text, "secret \"current\": the secret is in quotes; leave them out");
  question.secrets.clear();
  EXPECT_EQ(question.first().kind, FindingKind::no_secrets);
}

TEST(Forensics, PassesOnOtherFaultsOfTheRequest) {
  Question question;
  question.webhook.id = "a.b";
  EXPECT_EQ(question.first().kind, FindingKind::bad_request);
  EXPECT_EQ(question.first().verify_error, VerifyError::invalid_id);
}

TEST(Forensics, NeverPrintsASecretOrTheRightSignature) {
  Question question;
  question.suspects.push_back({.label = "staging", .text = std::string(kOtherSecret)});
  std::vector<TestWebhook> webhooks(4);
  webhooks[0].body += ' ';
  webhooks[1].signature = sign_as(kOtherSecret, webhooks[1]);
  webhooks[2].signature = sign_with_bytes(kSecret, webhooks[2]);
  webhooks[3].now += 24h;
  for (const TestWebhook& webhook : webhooks) {
    question.webhook = webhook;
    const std::string right = sign_as(kSecret, webhook);
    for (const Finding& finding : question.findings()) {
      for (std::string_view hidden :
           {kSecret.substr(6), kOtherSecret.substr(6), std::string_view(right).substr(3)}) {
        EXPECT_EQ(finding.text.find(hidden), std::string::npos) << finding.text;
      }
    }
  }
}

}  // namespace
}  // namespace creel
