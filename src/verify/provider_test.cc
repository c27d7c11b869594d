#include <creel/provider.h>

#include <gtest/gtest.h>

#include <algorithm>

#include "verify/headers.h"
#include "verify/webhook_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::at;
using testing::kOtherSecret;
using testing::kSecret;
using testing::make_key;
using testing::make_keys;
using testing::TestWebhook;

Receiver make_receiver(std::string_view provider, std::vector<Key> keys) {
  return Receiver(*find_provider(provider), std::move(keys));
}

// The body as if the provider had sent it.
auto receive(std::string_view provider, std::string body) {
  TestWebhook webhook;
  webhook.signature = Signer(*Secret::parse(kSecret)).sign(webhook.id, webhook.now, body);
  webhook.body = std::move(body);
  return make_receiver(provider, make_keys(make_key(kSecret)))
      .receive({.headers = webhook.headers(), .body = webhook.body}, webhook.now);
}

TEST(Provider, EveryRowIsWhole) {
  for (const Provider& provider : all_providers()) {
    SCOPED_TRACE(provider.name);
    EXPECT_EQ(find_provider(provider.name), &provider);
    EXPECT_FALSE(provider.title.empty());
    EXPECT_GE(provider.tolerance, 0s);
    EXPECT_GE(provider.retry_horizon, 0h);
    EXPECT_GE(provider.reject_status, 400);
    EXPECT_EQ(provider.success_status / 100, 2);
    ASSERT_FALSE(provider.methods.empty());
    EXPECT_EQ(provider.methods.front(), "POST");
    EXPECT_EQ(std::ranges::adjacent_find(provider.event_types, std::ranges::greater_equal()),
              provider.event_types.end());
  }
  EXPECT_EQ(find_provider("openia"), nullptr);
}

bool is_signature_header(const Provider& provider, std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), ascii_lower);
  return std::ranges::find(provider.signature_headers, lower) != provider.signature_headers.end();
}

TEST(Provider, EveryRowHasWhatItsSchemeNeeds) {
  for (const Provider& provider : all_providers()) {
    SCOPED_TRACE(provider.name);
    switch (provider.scheme) {
      case Scheme::standard_webhooks:
        ASSERT_FALSE(provider.header_prefixes.empty());
        for (std::string_view prefix : provider.header_prefixes)
          EXPECT_TRUE(is_signature_header(provider, std::string(prefix) + "signature"));
        EXPECT_GT(provider.tolerance, 0s);
        break;
      case Scheme::signature:
        EXPECT_FALSE(provider.signature.signatures.empty());
        for (const Field& field : provider.signature.signatures)
          EXPECT_TRUE(field.in != Field::In::header || is_signature_header(provider, field.name));
        break;
      case Scheme::credential:
        EXPECT_FALSE(provider.credentials.empty());
        break;
      case Scheme::jwt:
        EXPECT_TRUE(is_signature_header(provider, provider.token_header));
        EXPECT_FALSE(provider.body_claim.empty());
        break;
      case Scheme::none:
        EXPECT_FALSE(Receiver(provider, {}).can_sign());
        break;
    }
  }
}

TEST(Provider, NamesTheNearestType) {
  const Provider& openai = *find_provider("openai");
  EXPECT_EQ(nearest_event_type(openai, "batch.complete"), "batch.completed");
  EXPECT_EQ(nearest_event_type(openai, "eval.run.cancelled"), "eval.run.canceled");
  EXPECT_EQ(nearest_event_type(openai, "batch.completed"), "batch.completed");
  EXPECT_EQ(nearest_event_type(openai, "invoice.paid"), std::nullopt);
  EXPECT_EQ(nearest_event_type(openai, std::string(100'000, 'x')), std::nullopt);
  EXPECT_EQ(nearest_event_type(*find_provider("standard-webhooks"), "batch.complete"), std::nullopt);
}

TEST(Receiver, ReadsWhatAnEventIsAbout) {
  const TestWebhook webhook;
  const auto receiver = make_receiver("openai", make_keys(make_key(kSecret)));
  const auto received = receiver.receive({.headers = webhook.headers(), .body = webhook.body}, webhook.now);
  ASSERT_TRUE(received.has_value());
  ASSERT_EQ((*received)->items.size(), 1U);
  const ReceivedItem& item = (*received)->items[0];
  EXPECT_EQ(item.body.data(), webhook.body.data());
  EXPECT_EQ(item.body.size(), webhook.body.size());
  EXPECT_EQ(item.dedupe_key, webhook.id);
  EXPECT_EQ(item.provider_id, webhook.id);
  EXPECT_EQ(item.type, "response.completed");
  EXPECT_EQ(item.subject, "resp_123");
  EXPECT_EQ(item.occurred, at(1750861210));
  EXPECT_EQ(receiver.key_label((*received)->key_index), "current");
}

TEST(Receiver, FindsTheSubjectWhereverItStands) {
  const std::pair<std::string, std::string> rows[] = {
      {R"({"data":{"id":"batch_1","call_id":"rtc_1"}})", "batch_1"},
      {R"({"data":{"call_id":"rtc_1"}})", "rtc_1"},
      {R"({"data":{"session_id":"live_1"}})", "live_1"},
      {R"({"data":{"safety_identifier":"user_1"}})", "user_1"},
      {R"({"data":{"id":7,"call_id":"rtc_1"}})", "7"},
      {R"({"data":{"id":null,"call_id":"rtc_1"}})", "rtc_1"},
      {R"({"data":[]})", ""},
      {"{}", ""},
      {"[]", ""},
  };
  for (const auto& [body, subject] : rows)
    EXPECT_EQ((*receive("openai", body))->items[0].subject, subject) << body;
}

TEST(Receiver, LeavesOutATypeOrTimeThatIsNotThere) {
  for (std::string body :
       {R"({"type":{},"created_at":"yesterday"})", R"({"created_at":-1.5})", R"({"created_at":-1})",
        R"({"created_at":9223372036854775807})", "{}", "\"text\""}) {
    const auto received = receive("openai", body);
    ASSERT_TRUE(received.has_value()) << body;
    EXPECT_EQ((*received)->items[0].type, "");
    EXPECT_EQ((*received)->items[0].occurred, std::nullopt) << body;
  }
}

TEST(Receiver, RefusesAuthenticJunkWhereTheProviderSendsJson) {
  const auto received = receive("openai", "not-json");
  ASSERT_FALSE(received.has_value());
  EXPECT_EQ(received.error().cause, ReceiveCause::invalid_json);
  EXPECT_EQ(received.error().verify_error, std::nullopt);
  EXPECT_EQ(receive("openai", R"({"type":"a","type":"b"})").error().cause, ReceiveCause::invalid_json);
}

TEST(Receiver, SaysWhyASignatureIsRefused) {
  TestWebhook webhook;
  webhook.body += ' ';
  const auto refused = make_receiver("openai", make_keys(make_key(kSecret)))
                           .receive({.headers = webhook.headers(), .body = webhook.body}, webhook.now);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().cause, ReceiveCause::signature);
  EXPECT_EQ(refused.error().verify_error, VerifyError::signature_mismatch);
  EXPECT_EQ(refused.error().detail, describe(VerifyError::signature_mismatch));
}

TEST(Receiver, ReadsTheTimeOfTheSpecification) {
  const auto received =
      receive("standard-webhooks",
              R"({"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z","data":{}})");
  EXPECT_EQ((*received)->items[0].type, "contact.created");
  EXPECT_EQ((*received)->items[0].occurred, at(1667507170));
}

TEST(Receiver, TakesOtherFormatsWhereTheSpecificationAllowsThem) {
  const auto received = receive("standard-webhooks", "a=1&b=2");
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ((*received)->items[0].type, "");
  EXPECT_EQ((*received)->items[0].provider_id, TestWebhook().id);
}

TEST(Receiver, SignsAnewWithEveryValidKeyInTheirOrder) {
  TestWebhook webhook;
  webhook.now += 24h;
  Key expired = make_key("whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0");
  expired.not_after = webhook.now - 1s;
  const auto receiver =
      make_receiver("openai", make_keys(make_key(kSecret), std::move(expired), make_key(kOtherSecret)));
  const auto headers =
      receiver.sign({.provider_id = webhook.id, .body = webhook.body, .now = webhook.now}).headers;
  ASSERT_EQ(headers.size(), 3U);
  EXPECT_EQ(headers[0].name, "webhook-id");
  EXPECT_EQ(headers[0].value, webhook.id);
  EXPECT_EQ(headers[1].name, "webhook-timestamp");
  EXPECT_EQ(headers[2].name, "webhook-signature");
  const std::string first = Signer(*Secret::parse(kSecret)).sign(webhook.id, webhook.now, webhook.body);
  const std::string second = Signer(*Secret::parse(kOtherSecret)).sign(webhook.id, webhook.now, webhook.body);
  EXPECT_EQ(headers[2].value, first + " " + second);

  webhook.timestamp = headers[1].value;
  webhook.signature = headers[2].value;
  EXPECT_TRUE(webhook.verify(kSecret));
}

TEST(Receiver, SignsNothingWithAPublicKey) {
  const auto receiver = make_receiver("standard-webhooks", make_keys(make_key(testing::kWhpk)));
  EXPECT_TRUE(receiver.sign({.provider_id = "msg_1", .body = "{}", .now = at(1)}).headers.empty());
}

}  // namespace
}  // namespace creel
