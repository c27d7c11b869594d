#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "verify/base64.h"
#include "verify/headers.h"
#include "verify/key_material.h"
#include "verify/timestamp.h"

namespace creel {
namespace {

constexpr std::size_t kTokensMax = 64;
constexpr std::size_t kEd25519TokensMax = 8;
constexpr std::size_t kEd25519Characters = 88;  // base64 of 64 bytes

// The three headers of a webhook, as they came.
struct Signed {
  std::optional<std::string_view> id;
  std::optional<std::string_view> timestamp;
  std::optional<std::string_view> signature;
};

// The same header twice is harmless only when both say the same.
bool note(std::optional<std::string_view>& slot, std::string_view value) {
  if (slot && *slot != value) return false;
  slot = value;
  return true;
}

bool has_prefix(Headers headers, std::string_view prefix) {
  return std::ranges::any_of(headers, [prefix](const Header& header) {
    return equals_ignoring_case(header.name.substr(0, prefix.size()), prefix);
  });
}

std::expected<Signed, VerifyError> pick(Headers headers, std::string_view prefix) {
  Signed found;
  for (const Header& header : headers) {
    if (header.name.size() <= prefix.size()) continue;
    if (!equals_ignoring_case(header.name.substr(0, prefix.size()), prefix)) continue;
    const std::string_view rest = header.name.substr(prefix.size());
    bool same = true;
    if (equals_ignoring_case(rest, "id")) same = note(found.id, header.value);
    if (equals_ignoring_case(rest, "timestamp")) same = note(found.timestamp, header.value);
    if (equals_ignoring_case(rest, "signature")) same = note(found.signature, header.value);
    if (!same) return std::unexpected(VerifyError::conflicting_header);
  }
  if (!found.id) return std::unexpected(VerifyError::missing_id);
  if (!found.timestamp) return std::unexpected(VerifyError::missing_timestamp);
  if (!found.signature || found.signature->empty()) return std::unexpected(VerifyError::missing_signature);
  return found;
}

// A full stop in the id would let one signed text be read in two ways.
bool is_valid_id(std::string_view id, std::size_t bytes_max) {
  bool is_foreign = false;  // Looked at once, at the end: so the compiler takes many characters at a time.
  for (char c : id)
    is_foreign |= (c < '!') | (c > '~') | (c == '.');
  return !id.empty() && id.size() <= bytes_max && !is_foreign;
}

// The distance is taken unsigned: no pair of times can overflow it.
std::optional<VerifyError> check_window(std::int64_t timestamp, std::int64_t now,
                                        const VerifyOptions& options) {
  const auto difference = static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(timestamp);
  const auto outside = [](std::uint64_t distance, std::chrono::seconds limit) {
    return limit.count() < 0 || distance > static_cast<std::uint64_t>(limit.count());
  };
  if (timestamp <= now && outside(difference, options.max_age)) return VerifyError::timestamp_too_old;
  if (timestamp > now && outside(0 - difference, options.max_skew)) return VerifyError::timestamp_too_new;
  return std::nullopt;
}

// The tokens of a signature header, sorted by what they are.
struct Tokens {
  std::array<Mac, kTokensMax> macs;  // the first `mac_count` of them
  std::array<Ed25519Signature, kEd25519TokensMax> ed25519;
  std::size_t mac_count = 0;
  std::size_t ed25519_count = 0;
  std::size_t malformed = 0;
  std::size_t unsupported = 0;  // by a version that is not understood, or that no key of ours could have made
};

struct Understood {
  bool hmac = false;
  bool ed25519 = false;
  bool untagged = false;
};

void add_mac(Tokens& tokens, std::string_view encoded) {
  Mac& mac = tokens.macs[tokens.mac_count];
  const bool is_mac = encoded.size() == 44 && decode_base64_public(encoded, mac) == mac.size();
  is_mac ? ++tokens.mac_count : ++tokens.malformed;
}

// False when there are more Ed25519 signatures than we are willing to check.
bool add_ed25519(Tokens& tokens, std::string_view encoded) {
  if (tokens.ed25519_count == kEd25519TokensMax) return false;
  Ed25519Signature& signature = tokens.ed25519[tokens.ed25519_count];
  const bool is_signature =
      encoded.size() == kEd25519Characters && decode_base64_public(encoded, signature) == signature.size();
  is_signature ? ++tokens.ed25519_count : ++tokens.malformed;
  return true;
}

// The next text between spaces and tabs; empty at the end.
std::string_view take_token(std::string_view& text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  std::size_t start = 0;
  while (start < text.size() && is_space(text[start]))
    ++start;
  std::size_t end = start;
  while (end < text.size() && !is_space(text[end]))
    ++end;
  const std::string_view token = text.substr(start, end - start);
  text.remove_prefix(end);
  return token;
}

std::optional<VerifyError> read_tokens(std::string_view text, Understood understood, std::size_t tokens_max,
                                       Tokens& tokens) {
  std::size_t count = 0;
  for (;;) {
    const std::string_view token = take_token(text);
    if (token.empty()) break;
    if (++count > tokens_max) return VerifyError::too_many_signatures;

    const std::size_t comma = token.find(',');
    const std::string_view version = token.substr(0, comma == token.npos ? 0 : comma);
    const std::string_view encoded = token.substr(comma == token.npos ? 0 : comma + 1);
    if (version.empty()) {
      understood.untagged&& comma == token.npos ? add_mac(tokens, encoded) : void(++tokens.malformed);
    } else if (version == "v1" && understood.hmac) {
      add_mac(tokens, encoded);
    } else if (version == "v1a" && understood.ed25519) {
      if (!add_ed25519(tokens, encoded)) return VerifyError::too_many_signatures;
    } else {
      ++tokens.unsupported;
    }
  }
  return count == 0 ? std::optional(VerifyError::missing_signature) : std::nullopt;
}

// Why no token matched. One token that is no signature is called malformed; among several such a token is
// skipped.
VerifyError reason_of(const Tokens& tokens) {
  if (tokens.mac_count + tokens.ed25519_count > 0 || tokens.malformed > 1)
    return VerifyError::signature_mismatch;
  if (tokens.malformed == 1) return VerifyError::malformed_signature;
  return VerifyError::no_supported_signature;
}

}  // namespace

struct Verifier::Impl {
  std::vector<Key> keys;
  VerifyOptions options;

  // Every token is compared, whether or not one before it matched, so that the time says nothing about them.
  static bool matches(const Secret::Impl& secret, const Tokens& tokens,
                      std::span<const std::string_view> parts);
};

bool Verifier::Impl::matches(const Secret::Impl& secret, const Tokens& tokens,
                             std::span<const std::string_view> parts) {
  bool found = false;
  if (secret.hmac && tokens.mac_count > 0) {
    Mac expected = secret.hmac->over(parts);
    for (std::size_t i = 0; i < tokens.mac_count; ++i) {
      found |= CRYPTO_memcmp(expected.data(), tokens.macs[i].data(), expected.size()) == 0;
    }
    OPENSSL_cleanse(expected.data(), expected.size());
  }
  if (!secret.hmac && tokens.ed25519_count > 0) {
    std::string message;
    for (std::string_view part : parts)
      message += part;
    for (std::size_t i = 0; i < tokens.ed25519_count; ++i) {
      found |= secret.ed25519.verify(message, tokens.ed25519[i]);
    }
  }
  return found;
}

Verifier::Verifier(std::vector<Key> keys, VerifyOptions options)
    : impl_(std::make_unique<Impl>(Impl{std::move(keys), options})) {
  impl_->options.signatures_max = std::min(options.signatures_max, kTokensMax);
}
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;
Verifier::~Verifier() = default;

std::span<const Key> Verifier::keys() const {
  return impl_->keys;
}
const VerifyOptions& Verifier::options() const {
  return impl_->options;
}

std::expected<Genuine<Webhook>, VerifyError> Verifier::verify(Headers headers, std::string_view raw_body,
                                                              std::chrono::sys_seconds now) const noexcept {
  const VerifyOptions& options = impl_->options;
  Understood understood{.untagged = options.accept_untagged};
  for (const Key& key : impl_->keys) {
    if (key.is_valid_at(now)) (key.secret.impl_->hmac ? understood.hmac : understood.ed25519) = true;
  }
  if (!understood.hmac && !understood.ed25519) return std::unexpected(VerifyError::no_keys);

  if (raw_body.size() > options.body_bytes_max) return std::unexpected(VerifyError::body_too_large);
  auto head = pick(headers, options.header_prefix);
  if (!head && !options.other_header_prefix.empty() && !has_prefix(headers, options.header_prefix))
    head = pick(headers, options.other_header_prefix);
  if (!head) return std::unexpected(head.error());
  if (!is_valid_id(*head->id, options.id_bytes_max)) return std::unexpected(VerifyError::invalid_id);

  const auto timestamp = options.lenient_timestamp ? parse_timestamp_as_sdks(*head->timestamp)
                                                   : parse_timestamp(*head->timestamp);
  if (!timestamp) return std::unexpected(VerifyError::invalid_timestamp);
  const auto outside = check_window(*timestamp, now.time_since_epoch().count(), options);
  if (outside) return std::unexpected(*outside);

  Tokens tokens;
  const auto refused = read_tokens(*head->signature, understood, options.signatures_max, tokens);
  if (refused) return std::unexpected(*refused);

  const std::array<std::string_view, 5> parts{*head->id, ".", *head->timestamp, ".", raw_body};
  std::optional<std::size_t> matched;
  for (std::size_t i = 0; i < impl_->keys.size(); ++i) {
    const Key& key = impl_->keys[i];
    if (!key.is_valid_at(now)) continue;
    if (Impl::matches(*key.secret.impl_, tokens, parts) && !matched) matched = i;
  }
  if (!matched) return std::unexpected(reason_of(tokens));
  return Genuine<Webhook>(Webhook{.id = *head->id,
                                  .timestamp = std::chrono::sys_seconds(std::chrono::seconds(*timestamp)),
                                  .body = raw_body,
                                  .key_index = *matched});
}

}  // namespace creel
