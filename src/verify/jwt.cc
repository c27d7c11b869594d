// A signed token (RFC 7519, compact RFC 7515) that holds the SHA-256 of the body in one of its claims.
//
// The token never chooses how it is checked: its algorithm must be on the source's list, and the list's HMAC
// algorithms are checked with the configured secrets alone, all others with published keys of the one type
// that fits. So neither "none" nor a public key used as an HMAC secret can pass.
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "verify/base64.h"
#include "verify/headers.h"
#include "verify/json.h"
#include "verify/jwk.h"
#include "verify/key_material.h"
#include "verify/scheme.h"

namespace creel {
namespace {

constexpr std::size_t kTokenBytesMax = std::size_t{16} << 10;
// Keys that are tried for a token that names none. Each costs more than a MAC, and anybody can send a token.
constexpr std::size_t kUnnamedKeysMax = 8;
// How far clocks may differ where the row has no window of its own.
constexpr std::chrono::seconds kLeeway{60};

enum class Family : std::uint8_t { hmac, rsa, rsa_pss, ecdsa, eddsa };

struct Algorithm {
  std::string_view name;
  Family family;
  int digest_bits;           // of SHA-2; 0 where the algorithm has its own
  JwkType key;               // of those that are checked with a published key
  std::size_t number_bytes;  // of ECDSA: each half of a signature
};
constexpr std::array<Algorithm, 13> kAlgorithms{{
    {"HS256", Family::hmac, 256, {}, 0},
    {"HS384", Family::hmac, 384, {}, 0},
    {"HS512", Family::hmac, 512, {}, 0},
    {"RS256", Family::rsa, 256, JwkType::rsa, 0},
    {"RS384", Family::rsa, 384, JwkType::rsa, 0},
    {"RS512", Family::rsa, 512, JwkType::rsa, 0},
    {"PS256", Family::rsa_pss, 256, JwkType::rsa, 0},
    {"PS384", Family::rsa_pss, 384, JwkType::rsa, 0},
    {"PS512", Family::rsa_pss, 512, JwkType::rsa, 0},
    {"ES256", Family::ecdsa, 256, JwkType::p256, 32},
    {"ES384", Family::ecdsa, 384, JwkType::p384, 48},
    {"ES512", Family::ecdsa, 512, JwkType::p521, 66},
    {"EdDSA", Family::eddsa, 0, JwkType::ed25519, 0},
}};
constexpr auto kNames = [] {
  std::array<std::string_view, kAlgorithms.size()> names;
  std::ranges::transform(kAlgorithms, names.begin(), &Algorithm::name);
  return names;
}();

const EVP_MD* digest_of(const Algorithm& algorithm) {
  switch (algorithm.digest_bits) {
    case 256:
      return EVP_sha256();
    case 384:
      return EVP_sha384();
    case 512:
      return EVP_sha512();
    default:
      return nullptr;
  }
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A token in its three parts, not believed yet.
struct Token {
  std::string_view signed_text;  // header, full stop, claims: as they came
  std::string_view claims;       // base64url
  std::string signature;
  std::string algorithm;
  std::string key_id;  // "" without one
};

std::optional<Token> read_token(std::string_view text) {
  if (text.size() > kTokenBytesMax) return std::nullopt;
  const std::size_t first = text.find('.');
  const std::size_t second = first == text.npos ? text.npos : text.find('.', first + 1);
  if (second == text.npos || text.find('.', second + 1) != text.npos) return std::nullopt;
  const auto head = decode_base64url(text.substr(0, first));
  auto signature = decode_base64url(text.substr(second + 1));
  if (!head || !signature) return std::nullopt;

  const auto json = parse_json(*head);
  simdjson::dom::object object;
  if (!json || json->get(object) != simdjson::SUCCESS) return std::nullopt;
  // Extensions that must be understood (RFC 7515 section 4.1.11): none is.
  if (object["crit"].error() == simdjson::SUCCESS) return std::nullopt;
  Token token{.signed_text = text.substr(0, second),
              .claims = text.substr(first + 1, second - first - 1),
              .signature = *std::move(signature),
              .algorithm = {},
              .key_id = {}};
  std::string_view value;
  if (object["alg"].get(value) != simdjson::SUCCESS) return std::nullopt;
  token.algorithm = value;
  if (object["kid"].error() == simdjson::SUCCESS) {
    if (object["kid"].get(value) != simdjson::SUCCESS || value.empty()) return std::nullopt;
    token.key_id = value;
  }
  return token;
}

std::string hmac_over(const Algorithm& algorithm, const Secret& secret, std::string_view text) {
  const auto& key = SecretAccess::of(secret).bytes;
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  HMAC(digest_of(algorithm), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
       mac.data(), &size);
  return {reinterpret_cast<const char*>(mac.data()), size};
}

bool is_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// ECDSA's two numbers side by side, as tokens have them, in the DER that OpenSSL reads. Empty for others.
std::string der_of(std::string_view signature, std::size_t number_bytes) {
  if (signature.size() != 2 * number_bytes) return {};
  const auto size = static_cast<int>(number_bytes);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  BIGNUM* r = BN_bin2bn(bytes_of(signature), size, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(signature.substr(number_bytes)), size, nullptr);
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int bytes = i2d_ECDSA_SIG(pair.get(), &der);
  std::string text;
  if (bytes > 0) text.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(bytes));
  OPENSSL_free(der);
  return text;
}

bool is_signed_by(const Jwk& jwk, const Algorithm& algorithm, const Token& token) {
  std::string signature = token.signature;
  if (algorithm.family == Family::ecdsa) signature = der_of(token.signature, algorithm.number_bytes);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* key = nullptr;
  if (signature.empty() || !context ||
      EVP_DigestVerifyInit(context.get(), &key, digest_of(algorithm), nullptr, jwk.key.get()) != 1) {
    return false;
  }
  if (algorithm.family == Family::rsa_pss &&
      (EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(token.signed_text),
                          token.signed_text.size()) == 1;
}

// A refusal must not be found later by whoever looks at OpenSSL's queue.
bool verifies(const Algorithm& algorithm, const Jwk& jwk, const Token& token) {
  const bool good = is_signed_by(jwk, algorithm, token);
  if (!good) ERR_clear_error();
  return good;
}

std::string sha256_base64(std::string_view body) {
  std::array<std::uint8_t, 32> digest;
  EVP_Digest(body.data(), body.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return encode_base64(digest);
}

// A time of the claims: nothing when it is not there, not a number when it is no time.
std::optional<double> time_claim(const simdjson::dom::object& claims, std::string_view name) {
  if (claims[name].error() != simdjson::SUCCESS) return std::nullopt;
  double seconds = 0;
  if (claims[name].get(seconds) != simdjson::SUCCESS) return std::nan("");
  return seconds;
}

std::optional<VerifyError> check_times(const simdjson::dom::object& claims, std::chrono::sys_seconds now,
                                       std::chrono::seconds tolerance) {
  const auto expires = time_claim(claims, "exp"), begins = time_claim(claims, "nbf"),
             issued = time_claim(claims, "iat");
  for (const auto& each : {expires, begins, issued}) {
    if (each && !std::isfinite(*each)) return VerifyError::malformed_signature;
  }
  const auto at = static_cast<double>(now.time_since_epoch().count());
  const bool has_window = tolerance.count() > 0;
  const auto leeway = static_cast<double>((has_window ? tolerance : kLeeway).count());
  if (expires && at > *expires + leeway) return VerifyError::timestamp_too_old;
  if (has_window && issued && at > *issued + leeway) return VerifyError::timestamp_too_old;
  if ((begins && at < *begins - leeway) || (issued && at < *issued - leeway))
    return VerifyError::timestamp_too_new;
  return std::nullopt;
}

class Tokens final : public SchemeKeys {
 public:
  Tokens(const Provider& provider, std::vector<Key> keys, const ReceiverOptions& options)
      : header_(provider.token_header),
        body_claim_(provider.body_claim),
        keys_(std::move(keys)),
        tolerance_(options.tolerance.value_or(provider.tolerance)),
        body_bytes_max_(options.body_bytes_max),
        jwks_(options.jwks) {
    for (const Algorithm& each : kAlgorithms) {
      const bool is_listed = options.algorithms.empty() ? each.family == Family::hmac
                                                        : std::ranges::find(options.algorithms, each.name) !=
                                                              options.algorithms.end();
      if (is_listed) accepted_.push_back(&each);
    }
  }

  std::expected<Proof, VerifyError> verify(const IncomingRequest& request, std::chrono::sys_seconds now,
                                           const Masking*) const override;
  bool can_sign() const override { return signing_algorithm() && !keys_.empty(); }
  Receiver::Signed sign(const Receiver::SignRequest& request) const override;
  std::string hex_mac(std::size_t, std::string_view) const override { return {}; }
  std::span<const Key> keys() const override { return keys_; }

 private:
  const Algorithm* signing_algorithm() const {
    const auto found = std::ranges::find(accepted_, Family::hmac, &Algorithm::family);
    return found == accepted_.end() ? nullptr : *found;
  }
  std::expected<std::string_view, VerifyError> find_token(Headers headers) const;
  std::expected<std::size_t, VerifyError> check_secret(const Algorithm& algorithm, const Token& token,
                                                       std::chrono::sys_seconds now) const;
  std::expected<std::size_t, VerifyError> check_published(const Algorithm& algorithm,
                                                          const Token& token) const;
  std::optional<VerifyError> check_claims(const Token& token, std::string_view body,
                                          std::chrono::sys_seconds now) const;

  std::string_view header_;
  std::string_view body_claim_;
  std::vector<Key> keys_;
  std::chrono::seconds tolerance_;
  std::size_t body_bytes_max_;
  std::function<std::shared_ptr<const JwkSet>()> jwks_;
  std::vector<const Algorithm*> accepted_;
};

std::expected<std::string_view, VerifyError> Tokens::find_token(Headers headers) const {
  std::optional<std::string_view> token;
  for (const Header& header : headers) {
    if (!equals_ignoring_case(header.name, header_)) continue;
    if (token && *token != header.value) return std::unexpected(VerifyError::conflicting_header);
    token = header.value;
  }
  if (!token || token->empty()) return std::unexpected(VerifyError::missing_signature);
  return *token;
}

std::expected<Proof, VerifyError> Tokens::verify(const IncomingRequest& request, std::chrono::sys_seconds now,
                                                 const Masking*) const {
  if (request.body.size() > body_bytes_max_) return std::unexpected(VerifyError::body_too_large);
  const auto text = find_token(request.headers);
  if (!text) return std::unexpected(text.error());
  const auto token = read_token(*text);
  if (!token) return std::unexpected(VerifyError::malformed_signature);
  const auto algorithm = std::ranges::find(accepted_, token->algorithm, &Algorithm::name);
  if (algorithm == accepted_.end()) return std::unexpected(VerifyError::refused_algorithm);

  const auto key_index = (*algorithm)->family == Family::hmac ? check_secret(**algorithm, *token, now)
                                                              : check_published(**algorithm, *token);
  if (!key_index) return std::unexpected(key_index.error());
  if (const auto error = check_claims(*token, request.body, now)) return std::unexpected(*error);
  return Proof{.key_index = *key_index, .id = {}};
}

std::expected<std::size_t, VerifyError> Tokens::check_secret(const Algorithm& algorithm, const Token& token,
                                                             std::chrono::sys_seconds now) const {
  bool has_key = false;
  std::optional<std::size_t> matched;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!keys_[i].is_valid_at(now) || !SecretAccess::of(keys_[i].secret).hmac) continue;
    has_key = true;
    std::string mac = hmac_over(algorithm, keys_[i].secret, token.signed_text);
    if (is_equal(mac, token.signature) && !matched) matched = i;
    OPENSSL_cleanse(mac.data(), mac.size());
  }
  if (!has_key) return std::unexpected(VerifyError::no_keys);
  if (!matched) return std::unexpected(VerifyError::signature_mismatch);
  return *matched;
}

// With a key's name only keys of that name count; without, the first keys of the type.
std::expected<std::size_t, VerifyError> Tokens::check_published(const Algorithm& algorithm,
                                                                const Token& token) const {
  const std::shared_ptr<const JwkSet> set = jwks_ ? jwks_() : nullptr;
  if (!set) return std::unexpected(VerifyError::no_keys);
  std::size_t tried = 0;
  for (const Jwk& jwk : set->impl().keys) {
    if (jwk.type != algorithm.key || (!token.key_id.empty() && jwk.id != token.key_id)) continue;
    if (!jwk.algorithm.empty() && jwk.algorithm != algorithm.name) continue;
    if (token.key_id.empty() && tried == kUnnamedKeysMax) break;
    ++tried;
    // Which published key it was is not told: the index is that of a configured secret.
    if (verifies(algorithm, jwk, token)) return keys_.size();
  }
  return std::unexpected(tried > 0 ? VerifyError::signature_mismatch : VerifyError::unknown_key);
}

// Of a token whose signature is right.
std::optional<VerifyError> Tokens::check_claims(const Token& token, std::string_view body,
                                                std::chrono::sys_seconds now) const {
  const auto text = decode_base64url(token.claims);
  if (!text) return VerifyError::malformed_signature;
  const auto json = parse_json(*text);
  simdjson::dom::object claims;
  if (!json || json->get(claims) != simdjson::SUCCESS) return VerifyError::malformed_signature;
  if (const auto error = check_times(claims, now, tolerance_)) return error;
  std::string_view digest;
  if (claims[body_claim_].get(digest) != simdjson::SUCCESS || !is_equal(digest, sha256_base64(body)))
    return VerifyError::body_mismatch;
  return std::nullopt;
}

Receiver::Signed Tokens::sign(const Receiver::SignRequest& request) const {
  const Algorithm* algorithm = signing_algorithm();
  const auto key = std::ranges::find_if(keys_, [&](const Key& each) {
    return each.is_valid_at(request.now) && SecretAccess::of(each.secret).hmac;
  });
  if (!algorithm || key == keys_.end()) return {};
  std::string token =
      encode_base64url(R"({"alg":")" + std::string(algorithm->name) + R"(","typ":"JWT"})") + "." +
      encode_base64url("{\"" + std::string(body_claim_) + "\":\"" + sha256_base64(request.body) + "\"}");
  token += "." + encode_base64url(hmac_over(*algorithm, key->secret, token));
  return {.headers = {{std::string(header_), std::move(token)}}, .query = {}};
}

}  // namespace

std::span<const std::string_view> jwt_algorithms() {
  return kNames;
}

std::unique_ptr<SchemeKeys> make_jwt(const Provider& provider, std::vector<Key> keys,
                                     const ReceiverOptions& options) {
  return std::make_unique<Tokens>(provider, std::move(keys), options);
}

}  // namespace creel
