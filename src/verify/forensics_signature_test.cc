// Requests of the signature family, by rows of their own; addresses; and requests of other providers.
#include <gtest/gtest.h>

#include <array>

#include "verify/base64.h"
#include "verify/forensics_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::Case;

constexpr std::string_view kSecretText = "s3cret-s3cret-s3cret-s3cret";
constexpr std::array kTimestamp{in_header("x-acme-timestamp")};
constexpr std::array kSignature{in_header("x-acme-signature")};
constexpr std::array kPairSignature{in_header("acme-signature")};
constexpr std::array<std::string_view, 1> kMethods{"POST"};
constexpr std::array<std::string_view, 1> kHeaders{"x-acme-signature"};

// "sha256=<hex>" over timestamp:body.
constexpr Provider kHex{.name = "acme-hex",
                        .title = "Acme",
                        .scheme = Scheme::signature,
                        .signature = {.content = "{timestamp}:{body}",
                                      .signatures = kSignature,
                                      .prefix = "sha256=",
                                      .timestamp = kTimestamp},
                        .secret_form = SecretForm::text,
                        .tolerance = 300s,
                        .methods = kMethods,
                        .signature_headers = kHeaders};
// base64 over the body alone.
constexpr Provider kBase64{.name = "acme-base64",
                           .scheme = Scheme::signature,
                           .signature = {.signatures = kSignature, .encoding = SignatureEncoding::base64},
                           .secret_form = SecretForm::text,
                           .methods = kMethods};
// "t=1750000000,v1=<hex>"
constexpr Provider kPairs{.name = "acme-pairs",
                          .scheme = Scheme::signature,
                          .signature = {.content = "{timestamp}.{body}",
                                        .signatures = kPairSignature,
                                        .pair_separator = ',',
                                        .signature_pair = "v1",
                                        .timestamp_pair = "t"},
                          .secret_form = SecretForm::text,
                          .tolerance = 300s,
                          .methods = kMethods};
constexpr Provider kMilliseconds{.name = "acme-milliseconds",
                                 .scheme = Scheme::signature,
                                 .signature = {.content = "{timestamp}:{body}",
                                               .signatures = kSignature,
                                               .timestamp = kTimestamp,
                                               .timestamp_unit = TimestampUnit::milliseconds},
                                 .secret_form = SecretForm::text,
                                 .tolerance = 300s,
                                 .methods = kMethods};
constexpr Provider kUrl{.name = "acme-url",
                        .scheme = Scheme::signature,
                        .signature = {.content = "{url}{body}", .signatures = kSignature},
                        .secret_form = SecretForm::text,
                        .methods = kMethods,
                        .needs_url = true};

Case sent_by(const Provider& provider) {
  return Case::of(provider, kSecretText, R"({"a": 1})");
}
std::string raw_of(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}
std::string base64_of(const std::string& bytes) {
  return encode_base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

TEST(ForensicsOfSignatures, SaysValidForEveryRule) {
  for (const Provider* provider : {&kHex, &kBase64, &kPairs, &kMilliseconds})
    EXPECT_EQ(sent_by(*provider).kind(), "valid") << provider->name;
  EXPECT_EQ(Case::of(kUrl, kSecretText, "{}", "https://example.com/in").kind(), "valid");
}

TEST(ForensicsOfSignatures, FindsWhatWasDoneToTheBody) {
  for (const Provider* provider : {&kHex, &kBase64, &kPairs, &kMilliseconds}) {
    Case sent = sent_by(*provider);
    sent.body = R"({"a":1})";
    EXPECT_EQ(sent.kind(), "body_reserialised") << provider->name;
    sent.body = "{\"a\": 1}\n";
    EXPECT_EQ(sent.kind(), "body_newline") << provider->name;
  }
}

TEST(ForensicsOfSignatures, FindsOtherSecretsAndReadings) {
  Case sent = sent_by(kHex);
  sent.suspects = sent.secrets;
  sent.suspects[0].label = "staging";
  sent.secrets[0].text = "another";
  EXPECT_EQ(sent.kind(), "other_secret");
  EXPECT_EQ(sent.first().label, "staging");

  Case decoded = Case::of(kHex, "czNjcmV0LXMzY3JldA==", "{}");
  decoded.secrets[0].text = "s3cret-s3cret";
  decoded.sign("{}");
  decoded.secrets[0].text = "czNjcmV0LXMzY3JldA==";
  EXPECT_EQ(decoded.kind(), "secret_decoded");
  decoded.secrets[0].text = "whsec_czNjcmV0LXMzY3JldA==";
  EXPECT_EQ(decoded.kind(), "secret_decoded");
  decoded.secrets[0].text = "7333637265742d733363726574";
  EXPECT_EQ(decoded.kind(), "secret_decoded");
  decoded.secrets[0].text = "\"s3cret-s3cret\"";
  EXPECT_EQ(decoded.kind(), "secret_wrapped");
}

TEST(ForensicsOfSignatures, NamesTheMissingHeader) {
  Case sent = sent_by(kHex);
  sent.drop("x-acme-timestamp");
  EXPECT_EQ(sent.first().text, "the request has no x-acme-timestamp header");
  sent.drop("x-acme-signature");
  sent.set("X-Acme_Signature", "1");
  EXPECT_EQ(sent.findings().back().text,
            "the request has no x-acme-signature header, though it has X-Acme_Signature");
}

TEST(ForensicsOfSignatures, SaysByHowMuchTheClockIsOff) {
  for (const Provider* provider : {&kHex, &kPairs, &kMilliseconds}) {
    Case sent = sent_by(*provider);
    sent.now += 1h;
    EXPECT_EQ(sent.kind(), "clock") << provider->name;
    EXPECT_EQ(sent.first().clock_off, 1h) << provider->name;
    EXPECT_EQ(sent.first().label, "current") << provider->name;
  }
}

TEST(ForensicsOfSignatures, TellsMillisecondsFromSeconds) {
  Case seconds = sent_by(kHex);
  seconds["x-acme-timestamp"] += "000";
  EXPECT_EQ(seconds.kind(), "timestamp_unit");
  Case pairs = sent_by(kPairs);
  pairs["acme-signature"].insert(pairs["acme-signature"].find(','), "000");
  EXPECT_EQ(pairs.kind(), "timestamp_unit");
  EXPECT_NE(pairs.first().text.find("the signature is right for it"), std::string::npos);
  Case milliseconds = sent_by(kMilliseconds);
  milliseconds["x-acme-timestamp"].resize(10);
  EXPECT_EQ(milliseconds.kind(), "timestamp_unit");
  EXPECT_NE(milliseconds.first().text.find("in seconds, where milliseconds"), std::string::npos);
}

TEST(ForensicsOfSignatures, FindsTheSignatureInAnotherSpelling) {
  Case hex = sent_by(kHex);
  const std::string right = hex["x-acme-signature"], digits = right.substr(7);
  const std::pair<std::string, std::string_view> rows[] = {
      {digits, "signature_prefix"},
      {"sha1=" + digits, "signature_prefix"},
      {"SHA256=" + digits, "signature_case"},
      {"sha256=" + base64_of(raw_of(digits)), "signature_encoding"},
      {base64_of(raw_of(digits)), "signature_encoding"},
      {base64_of(digits), "signature_encoding"},
  };
  for (const auto& [value, kind] : rows) {
    hex["x-acme-signature"] = value;
    EXPECT_EQ(hex.kind(), kind) << value;
  }

  Case base64 = sent_by(kBase64);
  const std::string encoded = base64["x-acme-signature"];
  base64["x-acme-signature"] = "sha256=" + encoded;
  EXPECT_EQ(base64.kind(), "signature_prefix");
  base64["x-acme-signature"] = encoded.substr(0, encoded.size() - 1);
  EXPECT_EQ(base64.kind(), "signature_encoding");

  Case pairs = sent_by(kPairs);
  const std::string value = pairs["acme-signature"];
  std::string renamed = value;
  renamed.replace(renamed.find("v1="), 3, "v0=");
  pairs["acme-signature"] = renamed;
  EXPECT_EQ(pairs.kind(), "signature_prefix");
  const std::size_t at = value.find("v1=") + 3;
  pairs["acme-signature"] = value.substr(0, at) + base64_of(raw_of(value.substr(at)));
  EXPECT_EQ(pairs.kind(), "signature_encoding");
}

TEST(ForensicsOfSignatures, FindsAnotherTextOrHash) {
  const auto signed_by = [](SignatureRule rule) {
    Provider other = kHex;
    other.signature = rule;
    other.signature.signatures = kSignature;
    other.signature.timestamp = kTimestamp;
    Case sent = Case::of(other, kSecretText, "{}");
    sent.provider = &kHex;
    return std::string(sent.kind());
  };
  EXPECT_EQ(signed_by({.content = "{timestamp}.{body}", .prefix = "sha256="}), "signed_text");
  EXPECT_EQ(signed_by({.content = "{timestamp}{body}", .prefix = "sha256="}), "signed_text");
  EXPECT_EQ(signed_by({.content = "v0:{timestamp}:{body}", .prefix = "sha256="}), "signed_text");
  EXPECT_EQ(
      signed_by(
          {.algorithm = SignatureAlgorithm::hmac_sha1, .content = "{timestamp}:{body}", .prefix = "sha256="}),
      "signature_algorithm");
  EXPECT_EQ(signed_by({.algorithm = SignatureAlgorithm::hmac_sha512,
                       .content = "{timestamp}:{body}",
                       .prefix = "sha256="}),
            "signature_algorithm");
}

TEST(ForensicsOfSignatures, FindsAnotherSpellingOfTheAddress) {
  const std::string_view signed_for[] = {"https://example.com/in/", "http://example.com/in",
                                         "https://example.com:8443/in", "https://hooks.example.com/in"};
  for (std::string_view url : signed_for) {
    Case sent = Case::of(kUrl, kSecretText, "{}", std::string(url));
    sent.set("host", "hooks.example.com");
    sent.options.url = "https://example.com/in";
    EXPECT_EQ(sent.kind(), "url") << url;
    EXPECT_NE(sent.first().text.find("the signature is right for the address"), std::string::npos);
  }
  Case slash = Case::of(kUrl, kSecretText, "{}", "https://example.com/in");
  slash.options.url = "https://example.com/in/";
  EXPECT_EQ(slash.kind(), "url");
  Case query = Case::of(kUrl, kSecretText, "{}", "https://example.com/in");
  query.query = "utm=1";
  EXPECT_EQ(query.kind(), "url");
}

TEST(ForensicsOfSignatures, KnowsTheRequestsOfOtherProviders) {
  const Provider* github = find_provider("github");
  const Provider* stripe = find_provider("stripe");
  ASSERT_TRUE(github && stripe);
  Case sent = Case::openai();
  const Case strange = Case::of(*stripe, "whsec_stripe", "{}");
  sent.headers = strange.headers;
  EXPECT_EQ(sent.kind(), "other_provider_header");
  EXPECT_NE(sent.first().fix.find("provider = \"stripe\""), std::string::npos);

  Case same_secret = Case::of(*github, kSecretText, R"({"a":1})");
  same_secret.provider = stripe;
  EXPECT_EQ(same_secret.kind(), "other_provider");
  EXPECT_NE(same_secret.first().text.find("by the rule of github"), std::string::npos);
  EXPECT_EQ(same_secret.first().label, "current");
}

std::vector<ExpectedSignature> expected(const Case& sent) {
  std::vector<Header> views;
  for (const auto& [name, value] : sent.headers)
    views.push_back({name, value});
  return expected_signatures({.provider = *sent.provider,
                              .request = {.query = sent.query, .headers = views, .body = sent.body},
                              .secrets = sent.secrets,
                              .suspects = {},
                              .now = sent.now,
                              .options = sent.options,
                              .masked = nullptr});
}

TEST(ExpectedSignatures, AreThoseThatTheReceiverWouldAccept) {
  for (const Provider* provider : {&kHex, &kBase64, &kPairs, &kMilliseconds}) {
    Case sent = sent_by(*provider);
    const std::string name =
        sent.headers.back().first == "x-acme-timestamp" ? "x-acme-signature" : sent.headers.back().first;
    const std::string right = sent[name];
    sent.body = "{}";
    const auto made = expected(sent);
    ASSERT_EQ(made.size(), 1U) << provider->name;
    EXPECT_EQ(made[0].label, "current");
    EXPECT_EQ(made[0].header, name);
    EXPECT_NE(made[0].value, right);
    sent[name] = made[0].value;
    EXPECT_EQ(sent.kind(), "valid") << provider->name;
  }
}

TEST(ExpectedSignatures, AreNoneWithoutWhatIsSigned) {
  Case sent = sent_by(kHex);
  sent.drop("x-acme-timestamp");
  EXPECT_TRUE(expected(sent).empty());
}

}  // namespace
}  // namespace creel
