// ECDSA over P-256 with SHA-256 (FIPS 186-5): public keys alone, for senders that keep the private one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

struct evp_pkey_st;  // EVP_PKEY of OpenSSL

namespace creel {

// SEQUENCE of two INTEGERs of at most 33 bytes each.
inline constexpr std::size_t kEcdsaSignatureBytesMax = 72;

// A public key; copies share it. Safe to use from many threads.
class EcdsaKey {
 public:
  // From a SubjectPublicKeyInfo in DER (RFC 5480). Nothing unless it is one point of P-256, without anything
  // after it.
  static std::optional<EcdsaKey> from_public(std::span<const std::uint8_t> der);

  // `signature` is in DER, and in no other encoding of the same numbers. The message is the parts, one after
  // the other.
  bool verify(std::span<const std::string_view> parts,
              std::span<const std::uint8_t> signature) const noexcept;

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace creel
