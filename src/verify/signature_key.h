// One key of a source under the algorithm of its provider's signature, and signatures as they are compared.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <creel/provider.h>

#include "verify/ecdsa.h"
#include "verify/ed25519.h"
#include "verify/hmac.h"

namespace creel {

// The bytes of a signature, out of hex or base64.
struct SignatureBytes {
  std::array<std::uint8_t, kEcdsaSignatureBytesMax> bytes;
  std::size_t size;

  std::span<const std::uint8_t> view() const { return std::span(bytes).first(size); }
};

// Reads what stands after the prefix into `out`. False unless it is a signature of the rule's length in the
// one spelling that its encoding allows (hex: of either case).
bool decode_signature(const SignatureRule& rule, std::string_view text, SignatureBytes& out) noexcept;

// The prefix and the digits.
std::string encode_signature(const SignatureRule& rule, std::span<const std::uint8_t> signature);

class SignatureKey {
 public:
  // A key of another kind than the algorithm wants makes one that is good for nothing.
  SignatureKey(SignatureAlgorithm algorithm, const Secret& secret);

  bool can_verify() const { return !std::holds_alternative<std::monostate>(key_); }
  bool can_sign() const { return can_sign_; }

  // Whether one of the signatures is right. All are compared, whether or not one before was right, so that
  // the time says nothing about them. Allocates nothing for an HMAC.
  bool matches(std::span<const std::string_view> text, std::span<const SignatureBytes> signatures) const;

  // The key must be able to sign.
  SignatureBytes sign(std::span<const std::string_view> text) const;

 private:
  std::variant<std::monostate, HmacSha1Key, HmacKey, HmacSha512Key, Ed25519Key, EcdsaKey> key_;
  bool can_sign_ = false;
};

}  // namespace creel
