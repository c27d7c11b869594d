// HMAC (RFC 2104) over SHA-1, SHA-256 or SHA-512, under a key that is prepared once.
//
// The key's inner and outer blocks are hashed when the key is made, and a MAC starts from copies of those two
// states. It saves two of the blocks of every MAC, and all of the set-up that OpenSSL's one-shot HMAC()
// repeats: 300 bytes take less than a quarter of its time. The states are OpenSSL's low-level ones, which
// live on the stack and need no allocation; OpenSSL 3 calls them deprecated in favour of EVP_MD_CTX, whose
// copies go through the heap.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace creel {

struct HashSha1 {
  using State = SHA_CTX;
  static constexpr std::size_t kBlockBytes = 64;
  static constexpr std::size_t kBytes = 20;
};
struct HashSha256 {
  using State = SHA256_CTX;
  static constexpr std::size_t kBlockBytes = 64;
  static constexpr std::size_t kBytes = 32;
};
struct HashSha512 {
  using State = SHA512_CTX;
  static constexpr std::size_t kBlockBytes = 128;
  static constexpr std::size_t kBytes = 64;
};

// Made for the three hashes above, in hmac.cc.
template <class Hash>
class HmacKeyOf {
 public:
  using Digest = std::array<std::uint8_t, Hash::kBytes>;

  explicit HmacKeyOf(std::span<const std::uint8_t> key) noexcept;
  HmacKeyOf(const HmacKeyOf&) = default;
  HmacKeyOf& operator=(const HmacKeyOf&) = default;
  ~HmacKeyOf();  // Wipes the states: whoever has them can sign.

  // The MAC over the parts, one after the other. Safe to call from many threads.
  Digest over(std::span<const std::string_view> parts) const noexcept;

 private:
  typename Hash::State inner_;
  typename Hash::State outer_;
};

using HmacSha1Key = HmacKeyOf<HashSha1>;
using HmacKey = HmacKeyOf<HashSha256>;
using HmacSha512Key = HmacKeyOf<HashSha512>;
using Mac = HmacKey::Digest;

extern template class HmacKeyOf<HashSha1>;
extern template class HmacKeyOf<HashSha256>;
extern template class HmacKeyOf<HashSha512>;

}  // namespace creel
