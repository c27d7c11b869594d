#include "verify/ed25519.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>

#include "verify/hex.h"

namespace creel {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The y of every point whose order divides 8, also where it is written with p added, little end first. The
// highest bit is the sign of x. https://eprint.iacr.org/2020/1244, table 1
constexpr std::array<std::string_view, 7> kSmallOrder{
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

}  // namespace

bool is_weak_ed25519(std::span<const std::uint8_t, 32> point) {
  std::array<std::uint8_t, 32> y{};
  std::ranges::copy(point, y.begin());
  y.back() &= 0x7f;
  return std::ranges::any_of(kSmallOrder, [&y](std::string_view text) {
    std::array<std::uint8_t, 32> small{};
    return decode_hex(text, small) && small == y;
  });
}

Ed25519Key Ed25519Key::from_seed(std::span<const std::uint8_t, 32> seed) {
  Ed25519Key key;
  key.key_.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
                 EVP_PKEY_free);
  return key;
}

Ed25519Key Ed25519Key::from_public(std::span<const std::uint8_t, 32> point) {
  Ed25519Key key;
  key.key_.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, point.data(), point.size()),
                 EVP_PKEY_free);
  return key;
}

bool Ed25519Key::belongs_to(std::span<const std::uint8_t, 32> point) const {
  std::array<std::uint8_t, 32> own{};
  std::size_t size = own.size();
  return key_ && EVP_PKEY_get_raw_public_key(key_.get(), own.data(), &size) == 1 && size == own.size() &&
         CRYPTO_memcmp(own.data(), point.data(), own.size()) == 0;
}

bool Ed25519Key::verify(std::string_view message, const Ed25519Signature& signature) const noexcept {
  if (!key_) return false;
  const Context context(EVP_MD_CTX_new());
  const bool good = context &&
                    EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes_of(message),
                                     message.size()) == 1;
  if (!good) ERR_clear_error();  // A refusal must not be found later by whoever looks at OpenSSL's queue.
  return good;
}

Ed25519Signature Ed25519Key::sign(std::string_view message) const {
  Ed25519Signature signature{};
  std::size_t size = signature.size();
  const Context context(EVP_MD_CTX_new());
  if (!key_ || !context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message), message.size()) != 1) {
    OPENSSL_die("an Ed25519 key that cannot sign was asked to", __FILE__, __LINE__);
  }
  return signature;
}

}  // namespace creel
