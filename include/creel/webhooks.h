// Standard Webhooks 1.0.0: verify what arrived, sign what leaves.
//
//   auto secret = creel::Secret::parse(std::getenv("OPENAI_WEBHOOK_SECRET"));
//   std::vector<creel::Key> keys;
//   keys.push_back({.secret = *std::move(secret), .label = "current"});
//   const creel::Verifier verifier(std::move(keys));
//   auto webhook = verifier.verify(headers, raw_body, now);
//   if (!webhook) return reply(400, creel::describe(webhook.error()));
//
// Raw bytes go in: a body that was parsed and written again has another signature. Nothing here reads a
// clock, opens a socket or throws, and verifying an HMAC does not allocate (Ed25519 does: OpenSSL wants its
// text in one piece). A Verifier does not change after it was made: share it between threads.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <creel/genuine.h>

namespace creel {

// One header line of a request. Names compare without regard to case.
struct Header {
  std::string_view name;
  std::string_view value;
};
using Headers = std::span<const Header>;

// The value of the first header with this name, or nothing.
std::optional<std::string_view> find_header(Headers headers, std::string_view name);

// What is wrong with a secret, found when it is configured and not when the first webhook fails.
enum class SecretError {
  empty,              // nothing, white space alone, or a key of zeros, which is no better
  quoted,             // the quotes of a shell or an .env file came along
  has_whitespace,     // a space or newline at an end or inside
  has_version_tag,    // "v1,whsec_…": the tag belongs to signatures
  is_public_key,      // an Ed25519 key ("whpk_…", "whsk_…") where an HMAC secret is wanted
  bad_prefix,         // neither whsec_, whsk_ nor whpk_ where one is required
  bad_base64,         // not canonical base64 after the prefix
  too_short,          // fewer than 24 bytes of key
  too_long,           // more than 64 bytes of key
  key_halves_differ,  // a "whsk_…" whose public half does not belong to its seed
  bad_hex,            // not the hex digits of a key where they are wanted
  bad_public_key,     // base64, but no public key of the wanted kind
  no_colon,           // not "user:password" where it is wanted
};
std::string_view describe(SecretError error);

// How a secret's text becomes key bytes. No form accepts a key that is empty or was decoded from junk.
enum class SecretForm {
  strict,       // "whsec_" and canonical base64 of 24 to 64 bytes; "whsk_" / "whpk_" for Ed25519
  strict_hmac,  // the same without Ed25519: for senders that sign with HMAC alone, as OpenAI does
  openai_sdk,   // as OpenAI's SDKs: "whsec_" and base64, any length; without the prefix the text's own bytes
  standard_webhooks,  // as the Standard Webhooks libraries: base64 with or without "whsec_", padding optional
  text,               // the text itself is the key or the token, whatever it looks like
  basic,              // "user:password"; the password may hold colons
  ed25519_hex,        // the 64 hex digits of an Ed25519 public key
  ecdsa_p256,         // the base64 of a P-256 public key (SubjectPublicKeyInfo), with or without PEM armour
};

// A signing or verifying key. Move-only, wiped when destroyed, cannot be printed.
class Secret {
 public:
  static std::expected<Secret, SecretError> parse(std::string_view text,
                                                  SecretForm form = SecretForm::strict);
  static std::expected<Secret, SecretError> from_bytes(std::span<const std::byte> key);

  Secret(Secret&&) noexcept;
  Secret& operator=(Secret&&) noexcept;
  ~Secret();

  bool can_sign() const;  // False for a public key.

  // The first eight hex digits of a SHA-256 over the key with a fixed prefix: tells two secrets apart, gives
  // none away.
  std::string fingerprint() const;

  // The first eight hex digits of an HMAC-SHA256 over the key under a salt that is kept secret: for marks that
  // are stored, which nobody can then compare with guessed keys.
  std::string fingerprint(std::span<const std::byte> salt) const;

 private:
  friend class Verifier;
  friend class Signer;
  friend struct SecretAccess;
  struct Impl;
  static std::expected<Secret, SecretError> parse_text(std::string_view text, SecretForm form);
  static std::expected<Secret, SecretError> parse_public(std::string_view text, SecretForm form);
  explicit Secret(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A secret with a name for the log and, if wanted, the time it is good for (both ends inclusive).
struct Key {
  Secret secret;
  std::string label;
  std::optional<std::chrono::sys_seconds> not_before;
  std::optional<std::chrono::sys_seconds> not_after;

  bool is_valid_at(std::chrono::sys_seconds now) const;
};

// Why a webhook was not accepted.
enum class VerifyError {
  no_keys,                 // ours: no secret is configured, or none is valid now
  missing_id,              // no webhook-id
  missing_timestamp,       // no webhook-timestamp
  missing_signature,       // no webhook-signature, or an empty one
  conflicting_header,      // one of the three stands twice with different values
  invalid_id,              // empty, over-long, not printable ASCII, or with a full stop
  invalid_timestamp,       // not one to twelve ASCII digits without a leading zero
  timestamp_too_old,       // outside the window: a replay, or a wrong clock
  timestamp_too_new,       // outside the window: a wrong clock
  malformed_signature,     // no token is a signature
  no_supported_signature,  // only versions that are not understood
  too_many_signatures,     // more tokens than the limit
  body_too_large,          // more bytes than the limit
  signature_mismatch,      // well-formed, and by nobody we know: another secret or other bytes
  missing_credential,      // no token, or no Authorization where one is wanted
  malformed_credential,    // an Authorization of another kind, or one that cannot be read
  wrong_credential,        // well-formed, and not the secret
  refused_algorithm,       // a token signed by an algorithm that is not on the list
  unknown_key,             // a token signed with a key that is not published
  body_mismatch,           // a genuine token, or a digest in the query, that belongs to another body
};
std::string_view describe(VerifyError error);

// Who is to blame: true when the receiver has to put something right, false when the sender has.
bool is_ours(VerifyError error);

struct VerifyOptions {
  std::chrono::seconds max_age{300};
  std::chrono::seconds max_skew{300};  // How far in the future a timestamp may be.
  std::size_t signatures_max = 32;  // At most 64; of Ed25519 signatures, which are slow to check, at most 8.
  std::size_t body_bytes_max = std::size_t{1} << 20;
  std::size_t id_bytes_max = 256;
  bool accept_untagged = false;  // Bare base64 without "v1,", as OpenAI's SDKs accept.
  bool lenient_timestamp =
      false;  // "+1750000000", " 1750000000 ", "1750000000.75": as one SDK or another accepts.
  std::string_view header_prefix = "webhook-";  // "svix-" elsewhere; a string literal.
  std::string_view other_header_prefix = "";    // Looked at where no header with the first is there.
};

// The one compatibility mode: with secrets of SecretForm::openai_sdk it accepts what OpenAI's own SDKs
// accept. For moving a receiver over without surprises; leave it when done. An empty or dotted id is refused
// even so.
constexpr VerifyOptions openai_sdk_compatibility() {
  VerifyOptions options;
  options.accept_untagged = true;
  options.lenient_timestamp = true;
  return options;
}

// A webhook whose signature was right. The views point into the headers and the body that were verified.
struct Webhook {
  std::string_view id;
  std::chrono::sys_seconds timestamp;  // Of this attempt, as signed.
  std::string_view body;
  std::size_t key_index = 0;  // Which key matched, by its place in the list.
};

class Verifier {
 public:
  explicit Verifier(std::vector<Key> keys, VerifyOptions options = {});
  Verifier(Verifier&&) noexcept;
  Verifier& operator=(Verifier&&) noexcept;
  ~Verifier();

  // Checks limits and presence, then the timestamp and its window (inclusive at both ends), then the
  // signatures: each key's MAC is computed once and compared in constant time with every token. Safe to call
  // from many threads.
  [[nodiscard]] std::expected<Genuine<Webhook>, VerifyError> verify(
      Headers headers, std::string_view raw_body, std::chrono::sys_seconds now) const noexcept;

  std::span<const Key> keys() const;
  const VerifyOptions& options() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Makes the value of webhook-signature. Keys are prepared once; sign() may be called from many threads.
class Signer {
 public:
  explicit Signer(const Secret& secret);
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

  // "v1,…" (HMAC-SHA256) or "v1a,…" (Ed25519) over id "." timestamp "." body. The secret must be able to
  // sign.
  std::string sign(std::string_view id, std::chrono::sys_seconds timestamp, std::string_view raw_body) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel
