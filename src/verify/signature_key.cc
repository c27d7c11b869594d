#include "verify/signature_key.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "verify/base64.h"
#include "verify/digest.h"
#include "verify/hex.h"
#include "verify/key_material.h"

namespace creel {
namespace {

constexpr std::size_t kDerBytesMin = 8;  // two numbers of one byte

struct Lengths {
  std::size_t min;
  std::size_t max;
};

Lengths lengths_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::hmac_sha1:
      return {HashSha1::kBytes, HashSha1::kBytes};
    case SignatureAlgorithm::hmac_sha256:
      return {HashSha256::kBytes, HashSha256::kBytes};
    case SignatureAlgorithm::hmac_sha512:
      return {HashSha512::kBytes, HashSha512::kBytes};
    case SignatureAlgorithm::ed25519:
      return {std::tuple_size_v<Ed25519Signature>, std::tuple_size_v<Ed25519Signature>};
    case SignatureAlgorithm::ecdsa_p256_sha256:
      return {kDerBytesMin, kEcdsaSignatureBytesMax};
  }
  std::unreachable();
}

std::string joined(std::span<const std::string_view> text) {
  std::size_t size = 0;
  for (std::string_view part : text)
    size += part.size();
  std::string message;
  message.reserve(size);
  for (std::string_view part : text)
    message += part;
  return message;
}

template <class Hash>
bool any_equal(const HmacKeyOf<Hash>& key, std::span<const std::string_view> text,
               std::span<const SignatureBytes> signatures) {
  auto expected = key.over(text);
  bool found = false;
  for (const SignatureBytes& signature : signatures) {
    found |= signature.size == expected.size() &&
             CRYPTO_memcmp(expected.data(), signature.bytes.data(), expected.size()) == 0;
  }
  OPENSSL_cleanse(expected.data(), expected.size());
  return found;
}

bool any_equal(const Ed25519Key& key, std::span<const std::string_view> text,
               std::span<const SignatureBytes> signatures) {
  const std::string message = joined(text);
  bool found = false;
  for (const SignatureBytes& signature : signatures) {
    Ed25519Signature bytes{};
    if (signature.size != bytes.size()) continue;
    std::ranges::copy(signature.view(), bytes.begin());
    found |= key.verify(message, bytes);
  }
  return found;
}

bool any_equal(const EcdsaKey& key, std::span<const std::string_view> text,
               std::span<const SignatureBytes> signatures) {
  bool found = false;
  for (const SignatureBytes& signature : signatures)
    found |= key.verify(text, signature.view());
  return found;
}

bool any_equal(std::monostate, std::span<const std::string_view>, std::span<const SignatureBytes>) {
  return false;
}

SignatureBytes as_bytes(std::span<const std::uint8_t> signature) {
  SignatureBytes bytes;
  std::ranges::copy(signature, bytes.bytes.begin());
  bytes.size = signature.size();
  return bytes;
}

}  // namespace

bool decode_signature(const SignatureRule& rule, std::string_view text, SignatureBytes& out) noexcept {
  if (!text.starts_with(rule.prefix)) return false;
  text.remove_prefix(rule.prefix.size());
  const Lengths lengths = lengths_of(rule.algorithm);
  if (rule.encoding == SignatureEncoding::hex) {
    out.size = text.size() / 2;
    return out.size >= lengths.min && out.size <= lengths.max &&
           decode_hex(text, std::span(out.bytes).first(out.size));
  }
  const auto size = decode_base64_public(text, std::span(out.bytes).first(lengths.max));
  out.size = size.value_or(0);
  return out.size >= lengths.min;
}

std::string encode_signature(const SignatureRule& rule, std::span<const std::uint8_t> signature) {
  std::string text(rule.prefix);
  text += rule.encoding == SignatureEncoding::hex ? to_hex(signature) : encode_base64(signature);
  return text;
}

SignatureKey::SignatureKey(SignatureAlgorithm algorithm, const Secret& secret) {
  const auto& impl = SecretAccess::of(secret);
  switch (algorithm) {
    case SignatureAlgorithm::hmac_sha1:
      if (impl.hmac) key_.emplace<HmacSha1Key>(impl.bytes);
      break;
    case SignatureAlgorithm::hmac_sha256:
      if (impl.hmac) key_ = *impl.hmac;
      break;
    case SignatureAlgorithm::hmac_sha512:
      if (impl.hmac) key_.emplace<HmacSha512Key>(impl.bytes);
      break;
    case SignatureAlgorithm::ed25519:
      if (!impl.ed25519.is_empty()) key_ = impl.ed25519;
      break;
    case SignatureAlgorithm::ecdsa_p256_sha256:
      if (impl.ecdsa) key_ = *impl.ecdsa;
      break;
  }
  can_sign_ = can_verify() && secret.can_sign();
}

bool SignatureKey::matches(std::span<const std::string_view> text,
                           std::span<const SignatureBytes> signatures) const {
  return std::visit([&](const auto& key) { return any_equal(key, text, signatures); }, key_);
}

SignatureBytes SignatureKey::sign(std::span<const std::string_view> text) const {
  if (const auto* key = std::get_if<HmacKey>(&key_)) return as_bytes(key->over(text));
  if (const auto* key = std::get_if<HmacSha1Key>(&key_)) return as_bytes(key->over(text));
  if (const auto* key = std::get_if<HmacSha512Key>(&key_)) return as_bytes(key->over(text));
  if (const auto* key = std::get_if<Ed25519Key>(&key_)) return as_bytes(key->sign(joined(text)));
  OPENSSL_die("a key that cannot sign was asked to", __FILE__, __LINE__);
}

}  // namespace creel
