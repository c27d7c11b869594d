#include "verify/ed25519.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

namespace creel {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

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
