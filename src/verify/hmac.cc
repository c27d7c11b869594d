#define OPENSSL_SUPPRESS_DEPRECATED  // See the header for why the low-level functions.
#include "verify/hmac.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace creel {
namespace {

using Block = std::array<std::uint8_t, SHA256_CBLOCK>;

SHA256_CTX state_after(Block block, std::uint8_t pad) {
  for (std::uint8_t& byte : block)
    byte ^= pad;
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  return state;
}

}  // namespace

HmacKey::HmacKey(std::span<const std::uint8_t> key) noexcept {
  Block block{};
  if (key.size() > block.size()) {
    SHA256(key.data(), key.size(), block.data());
  } else {
    std::ranges::copy(key, block.begin());
  }
  inner_ = state_after(block, 0x36);
  outer_ = state_after(block, 0x5c);
  OPENSSL_cleanse(block.data(), block.size());
}

HmacKey::~HmacKey() {
  OPENSSL_cleanse(&inner_, sizeof inner_);
  OPENSSL_cleanse(&outer_, sizeof outer_);
}

Mac HmacKey::over(std::span<const std::string_view> parts) const noexcept {
  Mac mac;
  SHA256_CTX state = inner_;
  for (std::string_view part : parts)
    SHA256_Update(&state, part.data(), part.size());
  SHA256_Final(mac.data(), &state);
  state = outer_;
  SHA256_Update(&state, mac.data(), mac.size());
  SHA256_Final(mac.data(), &state);  // Which also wipes what is left in the state.
  return mac;
}

}  // namespace creel
