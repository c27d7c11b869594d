// The known answers: every vector, read in each of the three forms of a secret.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>

#include "verify/webhook_fixture.h"

namespace creel {
namespace {

using simdjson::dom::element;
using testing::at;
using testing::TestWebhook;

const std::map<std::string_view, SecretForm> kForms{{"strict", SecretForm::strict},
                                                    {"openai_sdk", SecretForm::openai_sdk},
                                                    {"standard_webhooks", SecretForm::standard_webhooks}};
const std::map<std::string_view, SecretError> kSecretErrors{
    {"empty", SecretError::empty},           {"has_whitespace", SecretError::has_whitespace},
    {"bad_prefix", SecretError::bad_prefix}, {"bad_base64", SecretError::bad_base64},
    {"too_short", SecretError::too_short},   {"too_long", SecretError::too_long}};
const std::map<std::string_view, VerifyError> kVerifyErrors{
    {"invalid_id", VerifyError::invalid_id},
    {"invalid_timestamp", VerifyError::invalid_timestamp},
    {"timestamp_too_old", VerifyError::timestamp_too_old},
    {"timestamp_too_new", VerifyError::timestamp_too_new}};

std::string text(const element& from, std::string_view name) {
  return std::string(from.at_key(name).get_string().value());
}

std::string body_of(const element& vector) {
  std::string_view text;
  if (vector["body"].get(text) == simdjson::SUCCESS) return std::string(text);
  if (vector["body_hex"].get(text) == simdjson::SUCCESS) {
    std::string body;
    for (std::size_t i = 0; i < text.size(); i += 2) {
      body += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    }
    return body;
  }
  const element repeat = vector["body_repeat"].value();
  return std::string(repeat["count"].get_uint64().value(), repeat["byte"].get_string().value().front());
}

void expect(std::string_view outcome, SecretForm form, const element& vector) {
  const std::string secret_text = text(vector, "secret");
  auto secret = Secret::parse(secret_text, form);
  if (kSecretErrors.contains(outcome)) {
    ASSERT_FALSE(secret.has_value());
    EXPECT_EQ(secret.error(), kSecretErrors.at(outcome));
    return;
  }
  ASSERT_TRUE(secret.has_value()) << describe(secret.error());

  TestWebhook webhook{.id = text(vector, "id"),
                      .timestamp = text(vector, "ts"),
                      .signature = "v1," + text(vector, "sig"),
                      .body = body_of(vector),
                      .now = at(vector["now"].get_int64().value()),
                      .options = {}};
  if (form == SecretForm::openai_sdk) webhook.options = openai_sdk_compatibility();
  const auto result = webhook.verify(testing::make_keys(testing::make_key(secret_text, form)));
  if (kVerifyErrors.contains(outcome)) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error(), kVerifyErrors.at(outcome));
    return;
  }
  ASSERT_EQ(outcome, "ok");
  EXPECT_TRUE(result.has_value()) << describe(result.error());
  if (webhook.timestamp == std::to_string((*result)->timestamp.time_since_epoch().count())) {
    EXPECT_EQ(Signer(*secret).sign(webhook.id, (*result)->timestamp, webhook.body), webhook.signature);
  }
}

TEST(Vectors, EachHmacVectorEndsAsItShouldInEachForm) {
  simdjson::dom::parser parser;
  const element vectors = parser.load(CREEL_VECTORS "/hmac.json").value();
  int checked = 0;
  for (const element vector : vectors) {
    SCOPED_TRACE(text(vector, "name"));
    const simdjson::dom::object outcomes = vector["expect"].get_object().value();
    for (const auto& [name, outcome] : outcomes) {
      SCOPED_TRACE(name);
      expect(outcome.get_string().value(), kForms.at(name), vector);
      ++checked;
    }
  }
  EXPECT_EQ(checked, 51 * 3);
}

TEST(Vectors, EachEd25519VectorIsVerifiedAndMadeAgain) {
  simdjson::dom::parser parser;
  const element file = parser.load(CREEL_VECTORS "/ed25519.json").value();
  int checked = 0;
  for (const element vector : file["vectors"]) {
    SCOPED_TRACE(text(vector, "name"));
    TestWebhook webhook{.id = text(vector, "id"),
                        .timestamp = text(vector, "ts"),
                        .signature = "v1a," + text(vector, "sig"),
                        .body = text(vector, "body"),
                        .now = at(std::stoll(text(vector, "ts"))),
                        .options = {}};
    EXPECT_TRUE(webhook.verify(text(file, "whpk")));
    const Signer signer(*Secret::parse(text(file, "whsk")));
    EXPECT_EQ(signer.sign(webhook.id, webhook.now, webhook.body), webhook.signature);
    webhook.body[3] ^= 1;
    EXPECT_FALSE(webhook.verify(text(file, "whpk")));
    ++checked;
  }
  EXPECT_EQ(checked, 3);
}

}  // namespace
}  // namespace creel
