// Rows of the signature family for tests, one of each shape, and a request to spoil.
#pragma once

#include <algorithm>
#include <array>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <creel/provider.h>

#include "verify/webhook_fixture.h"

namespace creel::testing {

inline constexpr std::array kSignature{in_header("X-Signature")};
inline constexpr std::array kTwoSignatures{in_header("X-Signature"), in_header("X-Signature-2")};
inline constexpr std::array kTimestamp{in_header("X-Timestamp")};
inline constexpr std::array kTimeInBody{in_body("/webhookTimestamp")};
inline constexpr std::array kId{in_body("/id"), in_header("X-Id")};
inline constexpr std::array<KeyRecipe, 1> kDedupe{kId};
inline constexpr std::array kSignaturesInBody{in_body("/signature/signature"),
                                              in_body("/signature/parent-signature")};
inline constexpr std::array kSignedTimeInBody{in_body("/signature/timestamp")};

inline constexpr std::string_view kForm = "application/x-www-form-urlencoded";

// A row of the family whose other columns do not matter here.
inline Provider row(SignatureRule rule, std::chrono::seconds tolerance = {},
                    SecretForm secret_form = SecretForm::text) {
  if (rule.signatures.empty()) rule.signatures = kSignature;
  return {.name = "test",
          .title = "Test",
          .scheme = Scheme::signature,
          .signature = rule,
          .secret_form = secret_form,
          .tolerance = tolerance,
          .body = BodyKind::any,
          .dedupe = kDedupe};
}

inline const Provider kPairs = row(
    {.content = "{timestamp}.{body}", .pair_separator = ',', .signature_pair = "v1", .timestamp_pair = "t"},
    std::chrono::seconds(300));
inline const Provider kPrefixed = row({.prefix = "sha256="});
inline const Provider kBase64 = row({.encoding = SignatureEncoding::base64});
inline const Provider kSlackLike =
    row({.content = "v0:{timestamp}:{body}", .prefix = "v0=", .timestamp = kTimestamp},
        std::chrono::seconds(300));
inline const Provider kUrlForm = row({.algorithm = SignatureAlgorithm::hmac_sha1,
                                      .content = "{url}{sorted_form}",
                                      .encoding = SignatureEncoding::base64,
                                      .body_digest_query = "bodySHA256"});
inline const Provider kMethodUrlBody = row({.content = "{method}{url}{body}{timestamp}",
                                            .encoding = SignatureEncoding::base64,
                                            .timestamp = kTimestamp,
                                            .timestamp_unit = TimestampUnit::milliseconds},
                                           std::chrono::seconds(300));
inline const Provider kUrlBody = row({.content = "{url}{body}", .encoding = SignatureEncoding::base64});
inline const Provider kEitherHeader =
    row({.signatures = kTwoSignatures, .encoding = SignatureEncoding::base64});
inline const Provider kSha512 = row({.algorithm = SignatureAlgorithm::hmac_sha512});
inline const Provider kWithId =
    row({.content = "{id}.{timestamp}.{body}", .timestamp = kTimestamp}, std::chrono::seconds(300));
inline const Provider kLinearLike =
    row({.timestamp = kTimeInBody, .timestamp_unit = TimestampUnit::milliseconds}, std::chrono::seconds(60));
inline const Provider kMailgunLike = row({.content = "{/signature/timestamp}{/signature/token}",
                                          .signatures = kSignaturesInBody,
                                          .timestamp = kSignedTimeInBody},
                                         std::chrono::seconds(300));
inline const Provider kDiscordLike =
    row({.algorithm = SignatureAlgorithm::ed25519, .content = "{timestamp}{body}", .timestamp = kTimestamp},
        std::chrono::seconds(300), SecretForm::ed25519_hex);
inline const Provider kSendgridLike = row({.algorithm = SignatureAlgorithm::ecdsa_p256_sha256,
                                           .content = "{timestamp}{body}",
                                           .encoding = SignatureEncoding::base64,
                                           .timestamp = kTimestamp},
                                          std::chrono::seconds(300), SecretForm::ecdsa_p256);

// A request to a source with a row of ours, ready to be spoilt.
struct SignedRequest {
  const Provider* provider = &kPrefixed;
  std::vector<std::string> secrets{"hush"};
  std::string body = R"({"id":123})";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string url;  // with its query
  std::string method = "POST";
  std::chrono::sys_seconds now = at(1750000000);
  std::optional<std::chrono::seconds> tolerance;

  std::string address() const { return url.substr(0, url.find('?')); }

  Receiver receiver() const {
    std::vector<Key> keys;
    for (const std::string& secret : secrets)
      keys.push_back(make_key(secret, provider->secret_form));
    return Receiver(*provider, std::move(keys), {.tolerance = tolerance, .url = address()});
  }

  std::expected<std::size_t, VerifyError> receive(const Receiver& receiver) const {
    std::vector<Header> views;
    for (const auto& [name, value] : headers)
      views.push_back({name, value});
    const std::size_t mark = url.find('?');
    const auto received = receiver.receive(
        {.method = method,
         .query = mark == url.npos ? std::string_view() : std::string_view(url).substr(mark + 1),
         .headers = views,
         .body = body},
        now);
    if (received) return (*received)->key_index;
    return std::unexpected(received.error().verify_error.value());
  }
  std::expected<std::size_t, VerifyError> receive() const { return receive(receiver()); }

  std::optional<VerifyError> error() const {
    const auto result = receive();
    return result ? std::nullopt : std::optional(result.error());
  }

  Receiver::Signed sign() const {
    const auto type = std::ranges::find(headers, "content-type", &std::pair<std::string, std::string>::first);
    return receiver().sign({.provider_id = "id_1",
                            .body = body,
                            .content_type = type == headers.end() ? "" : std::string_view(type->second),
                            .method = method,
                            .url = url,
                            .now = now});
  }
  void add(const Receiver::Signed& made) {
    for (const auto& [name, value] : made.headers)
      headers.emplace_back(name, value);
    if (!made.query.empty()) url += (url.find('?') == url.npos ? "?" : "&") + made.query;
  }
  std::string& header(std::string_view name) {
    return std::ranges::find(headers, name, &std::pair<std::string, std::string>::first)->second;
  }
};

inline constexpr std::string_view kPairsBody = R"({"id":"evt_1","type":"invoice.paid"})";
inline constexpr std::string_view kPairsDigits =
    "ae260439757280b92ec48de3a8712b7d7d3881e67bf3910fe74837d43e6a713d";

inline SignedRequest with_pairs(std::string value) {
  return {.provider = &kPairs,
          .secrets = {"whsec_test_secret"},
          .body = std::string(kPairsBody),
          .headers = {{"X-Signature", std::move(value)}}};
}
inline std::string genuine_pairs() {
  return "t=1750000000,v1=" + std::string(kPairsDigits);
}

}  // namespace creel::testing
