#include "tests/support/provider_fixture.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>

#include "verify/headers.h"

namespace creel::testing {
namespace {

using Bytes = std::vector<unsigned char>;

std::string to_hex(const Bytes& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned char byte : bytes)
    (hex += kDigits[byte >> 4]) += kDigits[byte & 15];
  return hex;
}

std::string to_base64(const Bytes& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::vector<Key> keys_of(std::string_view secret, SecretForm form) {
  std::vector<Key> keys;
  keys.push_back({.secret = Secret::parse(secret, form).value(),
                  .label = "current",
                  .not_before = std::nullopt,
                  .not_after = std::nullopt});
  return keys;
}

ReceiverOptions with_url(const Provider& provider, ReceiverOptions options) {
  if (provider.needs_url && options.url.empty()) options.url = kUrl;
  return options;
}

const Provider& row_of(std::string_view name) {
  const Provider* provider = find_provider(name);
  if (provider == nullptr) std::abort();  // a typing error in a test
  return *provider;
}

EVP_PKEY* pkey(const std::shared_ptr<void>& key) {
  return static_cast<EVP_PKEY*>(key.get());
}

}  // namespace

std::vector<Header> SentRequest::header_views() const {
  std::vector<Header> views;
  for (const auto& [name, value] : headers)
    views.push_back({name, value});
  return views;
}

void SentRequest::set(std::string_view name, std::string value) {
  drop(name);
  headers.emplace_back(name, std::move(value));
}

void SentRequest::drop(std::string_view name) {
  std::erase_if(headers, [name](const auto& header) { return equals_ignoring_case(header.first, name); });
}

std::string SentRequest::header(std::string_view name) const {
  return std::string(find_header(header_views(), name).value_or(""));
}

std::string_view test_secret(const Provider& provider) {
  switch (provider.secret_form) {
    case SecretForm::strict:
    case SecretForm::strict_hmac:
    case SecretForm::openai_sdk:
    case SecretForm::standard_webhooks:
      return "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    case SecretForm::basic:
      return "creel:pass:with:colons";
    case SecretForm::text:
      return "a-secret-of-many-bytes";
    case SecretForm::ed25519_hex: {
      static const std::string secret = KeyPair(SignatureAlgorithm::ed25519).secret();
      return secret;
    }
    case SecretForm::ecdsa_p256: {
      static const std::string secret = KeyPair(SignatureAlgorithm::ecdsa_p256_sha256).secret();
      return secret;
    }
  }
  return {};
}

KeyPair::KeyPair(SignatureAlgorithm algorithm) : algorithm_(algorithm) {
  EVP_PKEY* key = algorithm == SignatureAlgorithm::ed25519
                      ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                      : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  key_ = std::shared_ptr<void>(key, [](void* made) { EVP_PKEY_free(static_cast<EVP_PKEY*>(made)); });
}

std::string KeyPair::secret() const {
  if (algorithm_ == SignatureAlgorithm::ed25519) {
    Bytes raw(32);
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(pkey(key_), raw.data(), &size);
    return to_hex(raw);
  }
  Bytes der(static_cast<std::size_t>(i2d_PUBKEY(pkey(key_), nullptr)));
  unsigned char* end = der.data();
  i2d_PUBKEY(pkey(key_), &end);
  return to_base64(der);
}

std::string KeyPair::sign(std::string_view text) const {
  const bool is_ed25519 = algorithm_ == SignatureAlgorithm::ed25519;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestSignInit(context.get(), nullptr, is_ed25519 ? nullptr : EVP_sha256(), nullptr, pkey(key_));
  Bytes signature(256);
  std::size_t size = signature.size();
  EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(text), text.size());
  signature.resize(size);
  return is_ed25519 ? to_hex(signature) : to_base64(signature);
}

ProviderWorld::ProviderWorld(std::string_view name) : ProviderWorld(name, test_secret(row_of(name))) {}

ProviderWorld::ProviderWorld(std::string_view name, std::string_view secret, ReceiverOptions options,
                             std::optional<SecretForm> form)
    : provider_(&row_of(name)),
      receiver_(*provider_, keys_of(secret, form.value_or(provider_->secret_form)),
                with_url(*provider_, std::move(options))) {}

void ProviderWorld::sign(SentRequest& request, std::string_view content_type,
                         std::string_view provider_id) const {
  request.set("content-type", std::string(content_type));
  const auto made = receiver_.sign({.provider_id = provider_id,
                                    .body = request.body,
                                    .content_type = content_type,
                                    .method = request.method,
                                    .url = provider_->needs_url ? kUrl : "",
                                    .now = kNow});
  for (const auto& header : made.headers)
    request.set(header.name, header.value);
  request.query = made.query;
}

SentRequest ProviderWorld::sample(std::string_view type, std::string_view id) const {
  const auto sample = creel::sample(*provider_, type, id, kNow);
  if (!sample) std::abort();  // a typing error in a test
  SentRequest request;
  request.headers = sample->headers;
  request.body = sample->body;
  sign(request, sample->content_type, sample->provider_id);
  return request;
}

SentRequest ProviderWorld::signed_request(std::string body, std::string_view content_type,
                                          std::string_view provider_id) const {
  SentRequest request;
  request.body = std::move(body);
  sign(request, content_type, provider_id);
  return request;
}

std::expected<Genuine<Received>, ReceiveError> ProviderWorld::receive(const SentRequest& request,
                                                                      std::chrono::sys_seconds now) const {
  return receiver_.receive({.method = request.method,
                            .query = request.query,
                            .headers = request.header_views(),
                            .body = request.body},
                           now);
}

ReceivedItem ProviderWorld::item(const SentRequest& request, std::chrono::sys_seconds now) const {
  ReceivedItem none;
  const auto received = receive(request, now);
  if (!received) {
    none.provider_id = received.error().detail;
  } else if ((*received)->items.size() != 1) {
    none.provider_id = std::to_string((*received)->items.size()) + " events";
  } else {
    return (*received)->items.front();
  }
  return none;
}

std::optional<VerifyError> ProviderWorld::refusal(const SentRequest& request,
                                                  std::chrono::sys_seconds now) const {
  const auto received = receive(request, now);
  return received ? std::nullopt : received.error().verify_error;
}

int ProviderWorld::status(const SentRequest& request, std::chrono::sys_seconds now) const {
  const auto received = receive(request, now);
  return received ? 0 : receiver_.refusal(received.error(), request.header_views()).status;
}

std::string hex_hmac_sha256(std::string_view key, std::string_view text) {
  Bytes mac(32);
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), mac.data(),
       nullptr);
  return to_hex(mac);
}

std::string hex_sha256(std::string_view text) {
  Bytes digest(32);
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return to_hex(digest);
}

}  // namespace creel::testing
