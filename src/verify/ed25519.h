// Ed25519 (RFC 8032) keys, for the v1a signatures of Standard Webhooks and for senders that use it by itself.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

struct evp_pkey_st;  // EVP_PKEY of OpenSSL

namespace creel {

using Ed25519Signature = std::array<std::uint8_t, 64>;

// Whether a public key is one of the few points of small order: under these anybody can sign.
bool is_weak_ed25519(std::span<const std::uint8_t, 32> point);

// A private or a public key; copies share it. Safe to use from many threads.
class Ed25519Key {
 public:
  Ed25519Key() = default;  // No key at all: verifies nothing.
  static Ed25519Key from_seed(std::span<const std::uint8_t, 32> seed);
  static Ed25519Key from_public(std::span<const std::uint8_t, 32> point);

  bool is_empty() const { return key_ == nullptr; }

  // Whether the public half of this private key is `point`.
  bool belongs_to(std::span<const std::uint8_t, 32> point) const;

  bool verify(std::string_view message, const Ed25519Signature& signature) const noexcept;
  Ed25519Signature sign(std::string_view message) const;  // A private key only.

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace creel
