// From the text that a person pastes to a key, with a hint for each way in which it goes wrong.
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "verify/base64.h"
#include "verify/hex.h"
#include "verify/key_material.h"

namespace creel {
namespace {

constexpr std::size_t kKeyBytesMin = 24;  // Standard Webhooks 1.0.0: 24 to 64 bytes.
constexpr std::size_t kKeyBytesMax = 64;
constexpr std::size_t kPointBytes = 32;
constexpr std::size_t kPairBytes = 64;  // 32 of seed, then 32 of public key.

constexpr std::string_view kHmacPrefix = "whsec_";
constexpr std::string_view kPrivatePrefix = "whsk_";
constexpr std::string_view kPublicPrefix = "whpk_";

constexpr std::string_view kPemBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kPemEnd = "-----END PUBLIC KEY-----";

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_quote(char c) {
  return c == '"' || c == '\'' || c == '`';
}

bool is_prefixed(std::string_view text) {
  return text.starts_with(kHmacPrefix) || text.starts_with(kPrivatePrefix) || text.starts_with(kPublicPrefix);
}

// HMAC fills a short key up with zeros, so a key of zeros alone signs as the empty key does: anyone can.
bool is_as_good_as_empty(std::span<const std::uint8_t> key) {
  std::uint8_t any = 0;
  for (std::uint8_t byte : key)
    any |= byte;
  return any == 0;
}

// Bytes that are wiped when they go out of scope.
struct WipedBytes {
  explicit WipedBytes(std::size_t size) : bytes(size) {}
  WipedBytes(const WipedBytes&) = delete;
  WipedBytes& operator=(const WipedBytes&) = delete;
  ~WipedBytes() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  std::vector<std::uint8_t> bytes;
};

// What came along when a secret was pasted, and would end up in the key.
std::optional<SecretError> find_wrapping(std::string_view text) {
  if (std::ranges::all_of(text, is_space)) return SecretError::empty;
  if (is_quote(text.front()) || is_quote(text.back())) return SecretError::quoted;
  if (std::ranges::any_of(text, is_space)) return SecretError::has_whitespace;
  if (text.starts_with("v1,") || text.starts_with("v1a,")) return SecretError::has_version_tag;
  return std::nullopt;
}

// A text without a known prefix may hold anything where it is taken as it is; but if a prefixed secret shows
// once the wrapping is off, it was not meant so.
std::optional<SecretError> find_wrapping_of_prefixed(std::string_view text) {
  if (std::ranges::all_of(text, is_space)) return SecretError::empty;
  std::string_view inner = text;
  while (!inner.empty() && (is_space(inner.front()) || is_quote(inner.front())))
    inner.remove_prefix(1);
  if (inner.starts_with("v1,")) inner.remove_prefix(3);
  if (inner.starts_with("v1a,")) inner.remove_prefix(4);
  return is_prefixed(inner) ? find_wrapping(text) : std::nullopt;
}

// What stands between the lines of PEM armour (RFC 7468), without its line ends; "" when the armour is not
// whole.
std::string without_armour(std::string_view text) {
  text.remove_prefix(kPemBegin.size());
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  if (!text.ends_with(kPemEnd)) return {};
  text.remove_suffix(kPemEnd.size());
  std::string bare;
  std::ranges::copy_if(text, std::back_inserter(bare), [](char c) { return !is_space(c); });
  return bare;
}

std::string first_hex_digits(std::span<const std::uint8_t> digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (std::uint8_t byte : digest.first(4)) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace

std::unique_ptr<Secret::Impl> Secret::Impl::make_hmac(std::span<const std::uint8_t> key) {
  auto impl = std::make_unique<Impl>();
  impl->bytes.assign(key.begin(), key.end());
  impl->hmac.emplace(key);
  return impl;
}

std::unique_ptr<Secret::Impl> Secret::Impl::make_ed25519(Kind kind, Ed25519Key key,
                                                         std::span<const std::uint8_t> bytes) {
  auto impl = std::make_unique<Impl>();
  impl->kind = kind;
  impl->bytes.assign(bytes.begin(), bytes.end());
  impl->ed25519 = std::move(key);
  return impl;
}

std::unique_ptr<Secret::Impl> Secret::Impl::make_ecdsa(EcdsaKey key, std::span<const std::uint8_t> bytes) {
  auto impl = std::make_unique<Impl>();
  impl->kind = Kind::ecdsa_public;
  impl->bytes.assign(bytes.begin(), bytes.end());
  impl->ecdsa = std::move(key);
  return impl;
}

Secret::Impl::~Impl() {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

Secret::Secret(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Secret::Secret(Secret&&) noexcept = default;
Secret& Secret::operator=(Secret&&) noexcept = default;
Secret::~Secret() = default;

// What a shell or an editor leaves at the ends of a text never belongs to it.
std::expected<Secret, SecretError> Secret::parse_text(std::string_view text, SecretForm form) {
  if (std::ranges::all_of(text, is_space)) return std::unexpected(SecretError::empty);
  if (is_space(text.front()) || is_space(text.back())) return std::unexpected(SecretError::has_whitespace);
  if (text.size() > 1 && is_quote(text.front()) && text.front() == text.back())
    return std::unexpected(SecretError::quoted);
  const std::span raw(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  if (is_as_good_as_empty(raw)) return std::unexpected(SecretError::empty);
  const std::size_t colon = text.find(':');
  if (form == SecretForm::basic && (colon == text.npos || colon == 0 || colon + 1 == text.size()))
    return std::unexpected(SecretError::no_colon);
  return Secret(Impl::make_hmac(raw));
}

// A public key as the provider shows it.
std::expected<Secret, SecretError> Secret::parse_public(std::string_view text, SecretForm form) {
  const bool has_armour = form == SecretForm::ecdsa_p256 && text.starts_with(kPemBegin);
  const std::string bare = has_armour ? without_armour(text) : std::string(text);
  if (has_armour && bare.empty()) return std::unexpected(SecretError::bad_public_key);
  if (const auto wrapping = find_wrapping(bare)) return std::unexpected(*wrapping);

  if (form == SecretForm::ed25519_hex) {
    std::array<std::uint8_t, kPointBytes> point{};
    if (!decode_hex(bare, point)) return std::unexpected(SecretError::bad_hex);
    if (is_weak_ed25519(point)) return std::unexpected(SecretError::bad_public_key);
    return Secret(Impl::make_ed25519(Impl::Kind::ed25519_public, Ed25519Key::from_public(point), point));
  }
  std::vector<std::uint8_t> der(base64_decoded_max(bare.size()));
  const auto size = decode_base64_public(bare, der);
  if (!size) return std::unexpected(SecretError::bad_base64);
  der.resize(*size);
  auto key = EcdsaKey::from_public(der);
  if (!key) return std::unexpected(SecretError::bad_public_key);
  return Secret(Impl::make_ecdsa(*std::move(key), der));
}

std::expected<Secret, SecretError> Secret::parse(std::string_view text, SecretForm form) {
  if (form == SecretForm::text || form == SecretForm::basic) return parse_text(text, form);
  if (form == SecretForm::ed25519_hex || form == SecretForm::ecdsa_p256) return parse_public(text, form);
  const bool is_strict = form == SecretForm::strict || form == SecretForm::strict_hmac;
  const auto wrapping = is_strict ? find_wrapping(text) : find_wrapping_of_prefixed(text);
  if (wrapping) return std::unexpected(*wrapping);

  const bool is_ed25519 = text.starts_with(kPrivatePrefix) || text.starts_with(kPublicPrefix);
  if (is_ed25519 && form != SecretForm::strict) return std::unexpected(SecretError::is_public_key);
  const bool has_prefix = is_prefixed(text);
  if (!has_prefix && is_strict) return std::unexpected(SecretError::bad_prefix);

  if (!has_prefix && form == SecretForm::openai_sdk) {
    const std::span raw(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    if (is_as_good_as_empty(raw)) return std::unexpected(SecretError::empty);
    return Secret(Impl::make_hmac(raw));
  }

  std::string_view encoded = text;
  if (has_prefix) encoded.remove_prefix(text.find('_') + 1);
  WipedBytes decoded(base64_decoded_max(encoded.size()));
  const auto rule =
      form == SecretForm::standard_webhooks ? Base64Rule::lenient_ending : Base64Rule::canonical;
  const auto size = decode_base64_secret(encoded, decoded.bytes, rule);
  if (!size) return std::unexpected(SecretError::bad_base64);
  const std::span<const std::uint8_t> key(decoded.bytes.data(), *size);

  if (text.starts_with(kPublicPrefix)) {
    if (key.size() != kPointBytes) {
      return std::unexpected(key.size() < kPointBytes ? SecretError::too_short : SecretError::too_long);
    }
    if (is_weak_ed25519(key.first<kPointBytes>())) return std::unexpected(SecretError::bad_public_key);
    auto point = Ed25519Key::from_public(key.first<kPointBytes>());
    return Secret(Impl::make_ed25519(Impl::Kind::ed25519_public, std::move(point), key));
  }
  if (text.starts_with(kPrivatePrefix)) {
    if (key.size() != kPairBytes) {
      return std::unexpected(key.size() < kPairBytes ? SecretError::too_short : SecretError::too_long);
    }
    auto pair = Ed25519Key::from_seed(key.first<32>());
    if (!pair.belongs_to(key.subspan<32, 32>())) return std::unexpected(SecretError::key_halves_differ);
    return Secret(Impl::make_ed25519(Impl::Kind::ed25519_private, std::move(pair), key.subspan(32)));
  }
  if (key.size() < (is_strict ? kKeyBytesMin : 1)) return std::unexpected(SecretError::too_short);
  if (is_strict && key.size() > kKeyBytesMax) return std::unexpected(SecretError::too_long);
  if (is_as_good_as_empty(key)) return std::unexpected(SecretError::empty);
  return Secret(Impl::make_hmac(key));
}

std::expected<Secret, SecretError> Secret::from_bytes(std::span<const std::byte> key) {
  if (key.empty()) return std::unexpected(SecretError::empty);
  if (key.size() < kKeyBytesMin) return std::unexpected(SecretError::too_short);
  if (key.size() > kKeyBytesMax) return std::unexpected(SecretError::too_long);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(key.data()), key.size());
  if (is_as_good_as_empty(bytes)) return std::unexpected(SecretError::empty);
  return Secret(Impl::make_hmac(bytes));
}

bool Secret::can_sign() const {
  return impl_->kind == Impl::Kind::hmac || impl_->kind == Impl::Kind::ed25519_private;
}

std::string Secret::fingerprint() const {
  constexpr std::string_view kPrefix = "creel secret fingerprint\n";
  WipedBytes text(kPrefix.size() + impl_->bytes.size());
  std::memcpy(text.bytes.data(), kPrefix.data(), kPrefix.size());
  std::ranges::copy(impl_->bytes, text.bytes.begin() + kPrefix.size());
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(text.bytes.data(), text.bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return first_hex_digits(digest);
}

std::string Secret::fingerprint(std::span<const std::byte> salt) const {
  const HmacKey key(std::span(reinterpret_cast<const std::uint8_t*>(salt.data()), salt.size()));
  const std::array<std::string_view, 1> parts{
      {{reinterpret_cast<const char*>(impl_->bytes.data()), impl_->bytes.size()}}};
  return first_hex_digits(key.over(parts));
}

std::string_view describe(SecretError error) {
  switch (error) {
    case SecretError::empty:
      return "the secret is empty, or nothing but zeros, which HMAC cannot tell from an empty one";
    case SecretError::quoted:
      return "the secret is in quotes; leave them out";
    case SecretError::has_whitespace:
      return "the secret has white space at an end or inside";
    case SecretError::has_version_tag:
      return "the secret starts with a version tag; it starts at whsec_, without \"v1,\"";
    case SecretError::is_public_key:
      return "this is an Ed25519 key (whpk_ or whsk_), where an HMAC secret (whsec_) is wanted";
    case SecretError::bad_prefix:
      return "the secret does not start with whsec_ (or, for Ed25519, whpk_ or whsk_)";
    case SecretError::bad_base64:
      return "what follows the prefix is not canonical base64; was it cut short or mistyped?";
    case SecretError::too_short:
      return "the key is too short: at least 24 bytes after decoding (Ed25519: 32 in whpk_, 64 in whsk_)";
    case SecretError::too_long:
      return "the key is too long: at most 64 bytes after decoding (Ed25519: 32 in whpk_, 64 in whsk_)";
    case SecretError::key_halves_differ:
      return "the public half of the whsk_ key does not belong to its private half";
    case SecretError::bad_hex:
      return "the key is not the 64 hex digits of an Ed25519 public key";
    case SecretError::bad_public_key:
      return "this is no public key of the kind that is wanted; paste it as the provider shows it";
    case SecretError::no_colon:
      return "write it as user:password";
  }
  return "unknown error";
}

}  // namespace creel
