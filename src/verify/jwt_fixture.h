// Keys and tokens for tests: made here, published as a JSON Web Key, and signed as a provider would.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "verify/base64.h"
#include "verify/jwk.h"

namespace creel::testing {

using TestKey = std::shared_ptr<EVP_PKEY>;

inline TestKey make_rsa(std::size_t bits) {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits), EVP_PKEY_free};
}
inline TestKey make_ec(const char* curve) {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve), EVP_PKEY_free};
}
inline TestKey make_ed25519() {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
}

inline std::string number_of(const TestKey& key, const char* parameter, std::size_t width = 0) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key.get(), parameter, &number);
  std::string bytes(std::max<std::size_t>(width, static_cast<std::size_t>(BN_num_bytes(number))), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  BN_free(number);
  return encode_base64url(bytes);
}

// A JSON Web Key; `more` is put among its members: R"("kid":"one",)".
inline std::string rsa_jwk(const TestKey& key, std::string_view more = "") {
  return "{" + std::string(more) + R"("kty":"RSA","n":")" + number_of(key, OSSL_PKEY_PARAM_RSA_N) +
         R"(","e":")" + number_of(key, OSSL_PKEY_PARAM_RSA_E) + "\"}";
}
inline std::string ec_jwk(const TestKey& key, std::string_view curve, std::size_t width,
                          std::string_view more = "") {
  return "{" + std::string(more) + R"("kty":"EC","crv":")" + std::string(curve) + R"(","x":")" +
         number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, width) + R"(","y":")" +
         number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, width) + "\"}";
}
inline std::string ed25519_jwk(const TestKey& key, std::string_view more = "") {
  std::string point(32, '\0');
  std::size_t size = point.size();
  EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(point.data()), &size);
  return "{" + std::string(more) + R"("kty":"OKP","crv":"Ed25519","x":")" + encode_base64url(point) + "\"}";
}
inline std::string jwk_set(std::string_view keys) {
  return R"({"keys":[)" + std::string(keys) + "]}";
}

inline const EVP_MD* digest_named(std::string_view algorithm) {
  if (algorithm == "EdDSA") return nullptr;
  if (algorithm.ends_with("256")) return EVP_sha256();
  return algorithm.ends_with("384") ? EVP_sha384() : EVP_sha512();
}

// Two numbers of `width` bytes side by side, as tokens have the signatures of ECDSA.
inline std::string raw_ecdsa(const std::string& der, std::size_t width) {
  const auto* from = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &from, static_cast<long>(der.size()));
  std::string raw(2 * width, '\0');
  auto* to = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair), to, static_cast<int>(width));
  BN_bn2binpad(ECDSA_SIG_get0_s(pair), to + width, static_cast<int>(width));
  ECDSA_SIG_free(pair);
  return raw;
}

// A whole token under an asymmetric key.
inline std::string sign_token(const TestKey& key, std::string_view algorithm, const std::string& header,
                              const std::string& claims) {
  const std::string text = encode_base64url(header) + "." + encode_base64url(claims);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* options = nullptr;
  EVP_DigestSignInit(context, &options, digest_named(algorithm), nullptr, key.get());
  if (algorithm.starts_with("PS")) {
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
  }
  std::string signature(2048, '\0');
  std::size_t size = signature.size();
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                 reinterpret_cast<const unsigned char*>(text.data()), text.size());
  EVP_MD_CTX_free(context);
  signature.resize(size);
  if (algorithm == "ES256") signature = raw_ecdsa(signature, 32);
  if (algorithm == "ES384") signature = raw_ecdsa(signature, 48);
  if (algorithm == "ES512") signature = raw_ecdsa(signature, 66);
  return text + "." + encode_base64url(signature);
}

// A whole token under a shared secret, by any of HS256, HS384 and HS512.
inline std::string mac_token(std::string_view secret, std::string_view algorithm, const std::string& header,
                             const std::string& claims) {
  const std::string text = encode_base64url(header) + "." + encode_base64url(claims);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  HMAC(digest_named(algorithm), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return text + "." + encode_base64url({reinterpret_cast<const char*>(mac.data()), size});
}

// The claims that belong to a body; `more` is put among them: R"("exp":1750000000,)".
inline std::string claims_of(std::string_view body, std::string_view more = "") {
  std::array<std::uint8_t, 32> digest;
  EVP_Digest(body.data(), body.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return "{" + std::string(more) + R"("request_body_sha256":")" + encode_base64(digest) + "\"}";
}

}  // namespace creel::testing
