// Public keys of a JSON Web Key Set, ready to check signatures of tokens with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <creel/provider.h>

struct evp_pkey_st;  // EVP_PKEY of OpenSSL

namespace creel {

inline constexpr std::size_t kJwkSetBytesMax = std::size_t{256} << 10;
inline constexpr std::size_t kJwkSetKeysMax = 64;

enum class JwkType : std::uint8_t { rsa, p256, p384, p521, ed25519 };

struct Jwk {
  JwkType type = JwkType::rsa;
  std::string id;         // "kid"; "" without one
  std::string algorithm;  // "alg", the only one that the key is for; "" without one
  std::shared_ptr<evp_pkey_st> key;
};

struct JwkSet::Impl {
  std::vector<Jwk> keys;
};

// Base64url (RFC 4648 section 5) without padding, as tokens and key sets are written: one text for each byte
// string, so that nothing can be appended or changed unnoticed. Nothing for any other text.
std::optional<std::string> decode_base64url(std::string_view text);
std::string encode_base64url(std::string_view bytes);

}  // namespace creel
