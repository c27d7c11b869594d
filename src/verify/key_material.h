// What is inside a Secret: key bytes, ready for use.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <creel/webhooks.h>

#include "verify/ecdsa.h"
#include "verify/ed25519.h"
#include "verify/hmac.h"

namespace creel {

struct Secret::Impl {
  enum class Kind : std::uint8_t { hmac, ed25519_private, ed25519_public, ecdsa_public };

  static std::unique_ptr<Impl> make_hmac(std::span<const std::uint8_t> key);
  static std::unique_ptr<Impl> make_ed25519(Kind kind, Ed25519Key key, std::span<const std::uint8_t> bytes);
  static std::unique_ptr<Impl> make_ecdsa(EcdsaKey key, std::span<const std::uint8_t> bytes);

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  Kind kind = Kind::hmac;
  std::vector<std::uint8_t> bytes;  // For the fingerprint, and for HMAC over another hash.
  std::optional<HmacKey> hmac;
  Ed25519Key ed25519;
  std::optional<EcdsaKey> ecdsa;
};

// For the schemes, which prepare keys of their own out of a secret's bytes.
struct SecretAccess {
  static const Secret::Impl& of(const Secret& secret) { return *secret.impl_; }
};

}  // namespace creel
