#include "verify/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>

#include "verify/base64.h"
#include "verify/ed25519.h"
#include "verify/json.h"

namespace creel {
namespace {

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;
constexpr std::size_t kRsaExponentBytesMax = 8;
constexpr std::size_t kNameBytesMax = 256;  // of "kid" and "alg"

using Object = simdjson::dom::object;
using Pkey = std::shared_ptr<evp_pkey_st>;

template <auto Free>
struct Freed {
  void operator()(auto* object) const { Free(object); }
};
using BigNumber = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using ParamBuild = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::optional<std::string_view> text_of(const Object& object, std::string_view name) {
  std::string_view text;
  if (object[name].get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

bool has(const Object& object, std::string_view name) {
  return object[name].error() == simdjson::SUCCESS;
}

std::optional<std::string> number_of(const Object& object, std::string_view name) {
  const auto text = text_of(object, name);
  return text ? decode_base64url(*text) : std::nullopt;
}

BigNumber big_number(const std::string& bytes) {
  return BigNumber(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

// A public key of this type out of its parameters; null when they do not make one.
Pkey make_key(const char* type, OSSL_PARAM_BLD* build) {
  const Params params(OSSL_PARAM_BLD_to_param(build));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return Pkey(made, EVP_PKEY_free);
}

Pkey read_rsa(const Object& object) {
  const auto modulus = number_of(object, "n"), exponent = number_of(object, "e");
  if (!modulus || !exponent || modulus->empty() || exponent->empty()) return nullptr;
  if (modulus->size() > kRsaBitsMax / 8 || exponent->size() > kRsaExponentBytesMax) return nullptr;
  const BigNumber n = big_number(*modulus), e = big_number(*exponent);
  const ParamBuild build(OSSL_PARAM_BLD_new());
  if (!n || !e || !build || BN_num_bits(n.get()) < kRsaBitsMin) return nullptr;
  if (BN_is_odd(n.get()) == 0 || BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) != 0) return nullptr;
  if (OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return make_key("RSA", build.get());
}

struct Curve {
  std::string_view name;
  JwkType type;
  std::size_t coordinate_bytes;
};
constexpr Curve kCurves[] = {
    {"P-256", JwkType::p256, 32}, {"P-384", JwkType::p384, 48}, {"P-521", JwkType::p521, 66}};

Pkey read_ec(const Object& object, const Curve& curve) {
  const auto x = number_of(object, "x"), y = number_of(object, "y");
  if (!x || !y || x->size() != curve.coordinate_bytes || y->size() != curve.coordinate_bytes) return nullptr;
  const std::string point = '\x04' + *x + *y;
  const ParamBuild build(OSSL_PARAM_BLD_new());
  if (!build ||
      OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.name.data(),
                                      curve.name.size()) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1) {
    return nullptr;
  }
  Pkey key = make_key("EC", build.get());
  if (!key) return nullptr;
  // A point that is not on the curve makes signatures that mean nothing.
  const Context check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  return check && EVP_PKEY_public_check(check.get()) == 1 ? key : nullptr;
}

Pkey read_ed25519(const Object& object) {
  const auto x = number_of(object, "x");
  if (!x || x->size() != 32) return nullptr;
  const std::span<const std::uint8_t, 32> point(bytes_of(*x), 32);
  if (is_weak_ed25519(point)) return nullptr;
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*x), x->size());
  return key ? Pkey(key, EVP_PKEY_free) : nullptr;
}

// A key that says what it is for must be for signatures.
bool is_for_signatures(const Object& object) {
  if (has(object, "use") && text_of(object, "use") != "sig") return false;
  if (!has(object, "key_ops")) return true;
  simdjson::dom::array operations;
  if (object["key_ops"].get(operations) != simdjson::SUCCESS) return false;
  for (simdjson::dom::element operation : operations) {
    std::string_view text;
    if (operation.get(text) == simdjson::SUCCESS && text == "verify") return true;
  }
  return false;
}

// Nothing for a key of a kind that is not known, or that is not one.
std::optional<Jwk> read_key(const Object& object) {
  if (!is_for_signatures(object)) return std::nullopt;
  Jwk jwk;
  for (const auto& [name, into] : {std::pair("kid", &jwk.id), std::pair("alg", &jwk.algorithm)}) {
    if (!has(object, name)) continue;
    const auto text = text_of(object, name);
    if (!text || text->empty() || text->size() > kNameBytesMax) return std::nullopt;
    *into = *text;
  }
  const auto type = text_of(object, "kty"), curve = text_of(object, "crv");
  if (type == "RSA") {
    jwk.type = JwkType::rsa;
    jwk.key = read_rsa(object);
  } else if (type == "EC" && curve) {
    const auto known = std::ranges::find(kCurves, *curve, &Curve::name);
    if (known == std::end(kCurves)) return std::nullopt;
    jwk.type = known->type;
    jwk.key = read_ec(object, *known);
  } else if (type == "OKP" && curve == "Ed25519") {
    jwk.type = JwkType::ed25519;
    jwk.key = read_ed25519(object);
  }
  if (!jwk.key) {
    ERR_clear_error();  // What was wrong must not be found later by whoever looks at OpenSSL's queue.
    return std::nullopt;
  }
  return jwk;
}

}  // namespace

JwkSet::JwkSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JwkSet::~JwkSet() = default;

std::size_t JwkSet::size() const {
  return impl_->keys.size();
}

std::expected<std::shared_ptr<const JwkSet>, std::string> JwkSet::parse(std::string_view json) {
  if (json.size() > kJwkSetBytesMax) return std::unexpected("the key set is larger than 256 KiB");
  const auto root = parse_json(json);
  if (!root) {
    return std::unexpected(root.error() == JsonError::duplicate_key
                               ? "an object in the key set has the same key twice"
                               : "the key set is not JSON");
  }
  simdjson::dom::array keys;
  if ((*root)["keys"].get(keys) != simdjson::SUCCESS)
    return std::unexpected("the key set has no list \"keys\"");
  if (keys.size() > kJwkSetKeysMax) return std::unexpected("the key set has more than 64 keys");
  auto impl = std::make_unique<Impl>();
  for (simdjson::dom::element each : keys) {
    Object object;
    if (each.get(object) != simdjson::SUCCESS)
      return std::unexpected("an entry of the key set is not an object");
    if (auto jwk = read_key(object)) impl->keys.push_back(*std::move(jwk));
  }
  return std::shared_ptr<const JwkSet>(new JwkSet(std::move(impl)));
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string standard(text);
  for (char& c : standard) {
    if (c == '+' || c == '/' || c == '=') return std::nullopt;
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  if (text.size() % 4 == 1) return std::nullopt;
  standard.append((4 - text.size() % 4) % 4, '=');
  std::string bytes(base64_decoded_max(standard.size()), '\0');
  const auto size =
      decode_base64_public(standard, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

std::string encode_base64url(std::string_view bytes) {
  std::string text = encode_base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

}  // namespace creel
