#define OPENSSL_SUPPRESS_DEPRECATED  // See the header for why the low-level functions.
#include "verify/hmac.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace creel {
namespace {

void start(SHA_CTX& state) {
  SHA1_Init(&state);
}
void start(SHA256_CTX& state) {
  SHA256_Init(&state);
}
void start(SHA512_CTX& state) {
  SHA512_Init(&state);
}

void add(SHA_CTX& state, const void* bytes, std::size_t size) {
  SHA1_Update(&state, bytes, size);
}
void add(SHA256_CTX& state, const void* bytes, std::size_t size) {
  SHA256_Update(&state, bytes, size);
}
void add(SHA512_CTX& state, const void* bytes, std::size_t size) {
  SHA512_Update(&state, bytes, size);
}

// Also wipes what is left in the state.
void finish(SHA_CTX& state, std::uint8_t* digest) {
  SHA1_Final(digest, &state);
}
void finish(SHA256_CTX& state, std::uint8_t* digest) {
  SHA256_Final(digest, &state);
}
void finish(SHA512_CTX& state, std::uint8_t* digest) {
  SHA512_Final(digest, &state);
}

template <class Hash>
typename Hash::State state_after(std::array<std::uint8_t, Hash::kBlockBytes> block, std::uint8_t pad) {
  for (std::uint8_t& byte : block)
    byte ^= pad;
  typename Hash::State state;
  start(state);
  add(state, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  return state;
}

}  // namespace

template <class Hash>
HmacKeyOf<Hash>::HmacKeyOf(std::span<const std::uint8_t> key) noexcept {
  std::array<std::uint8_t, Hash::kBlockBytes> block{};
  if (key.size() > block.size()) {
    typename Hash::State state;
    start(state);
    add(state, key.data(), key.size());
    finish(state, block.data());
  } else {
    std::ranges::copy(key, block.begin());
  }
  inner_ = state_after<Hash>(block, 0x36);
  outer_ = state_after<Hash>(block, 0x5c);
  OPENSSL_cleanse(block.data(), block.size());
}

template <class Hash>
HmacKeyOf<Hash>::~HmacKeyOf() {
  OPENSSL_cleanse(&inner_, sizeof inner_);
  OPENSSL_cleanse(&outer_, sizeof outer_);
}

template <class Hash>
HmacKeyOf<Hash>::Digest HmacKeyOf<Hash>::over(std::span<const std::string_view> parts) const noexcept {
  Digest mac;
  typename Hash::State state = inner_;
  for (std::string_view part : parts)
    add(state, part.data(), part.size());
  finish(state, mac.data());
  state = outer_;
  add(state, mac.data(), mac.size());
  finish(state, mac.data());
  return mac;
}

template class HmacKeyOf<HashSha1>;
template class HmacKeyOf<HashSha256>;
template class HmacKeyOf<HashSha512>;

}  // namespace creel
