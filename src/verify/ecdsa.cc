#include "verify/ecdsa.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>

namespace creel {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// A point with both coordinates, or with one and a sign. The lengths leave no room for explicit parameters,
// with which a key could bring a curve of its own under the name of P-256.
constexpr std::size_t kWholeBytes = 91;
constexpr std::size_t kCompressedBytes = 59;

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 32> name{};
  std::size_t size = 0;
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 &&
         std::string_view(name.data(), size) == "prime256v1";
}

}  // namespace

// OpenSSL itself refuses a point that is not on the curve.
std::optional<EcdsaKey> EcdsaKey::from_public(std::span<const std::uint8_t> der) {
  if (der.size() != kWholeBytes && der.size() != kCompressedBytes) return std::nullopt;
  const unsigned char* at = der.data();
  EcdsaKey key;
  key.key_.reset(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())), EVP_PKEY_free);
  const bool good = key.key_ && at == der.data() + der.size() && is_p256(key.key_.get());
  if (!good) ERR_clear_error();
  return good ? std::optional(std::move(key)) : std::nullopt;
}

// OpenSSL encodes what it read from the signature once more and compares, so only one text of it passes.
bool EcdsaKey::verify(std::span<const std::string_view> parts,
                      std::span<const std::uint8_t> signature) const noexcept {
  const Context context(EVP_MD_CTX_new());
  bool good =
      key_ && context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1;
  for (std::string_view part : parts)
    good = good && EVP_DigestVerifyUpdate(context.get(), part.data(), part.size()) == 1;
  good = good && EVP_DigestVerifyFinal(context.get(), signature.data(), signature.size()) == 1;
  if (!good) ERR_clear_error();  // A refusal must not be found later by whoever looks at OpenSSL's queue.
  return good;
}

}  // namespace creel
