#include "deliver/http_auth.h"

#include <cstdint>
#include <span>

#include "verify/base64.h"
#include "verify/hmac.h"

namespace creel {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes)
    text.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return text;
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

struct AuthHeader::Mac {
  std::variant<HmacSha1Key, HmacKey, HmacSha512Key> key;

  static std::variant<HmacSha1Key, HmacKey, HmacSha512Key> key_of(const HmacAuth& auth) {
    const auto secret = bytes_of(auth.secret);
    switch (auth.hash) {
      case HmacAuth::Hash::sha1:
        return HmacSha1Key(secret);
      case HmacAuth::Hash::sha256:
        return HmacKey(secret);
      case HmacAuth::Hash::sha512:
        return HmacSha512Key(secret);
    }
    std::unreachable();
  }
};

AuthHeader::AuthHeader(HttpAuth auth) : auth_(std::move(auth)) {
  if (const auto* hmac = std::get_if<HmacAuth>(&auth_)) mac_ = std::make_unique<Mac>(Mac::key_of(*hmac));
}
AuthHeader::AuthHeader(AuthHeader&&) noexcept = default;
AuthHeader::~AuthHeader() = default;

std::string_view AuthHeader::name() const {
  return std::visit(Overloaded{[](const std::monostate&) { return std::string_view(); },
                               [](const ApiKeyAuth& key) { return std::string_view(key.header); },
                               [](const HmacAuth& hmac) { return std::string_view(hmac.header); },
                               [](const auto&) { return std::string_view("Authorization"); }},
                    auth_);
}

std::string AuthHeader::value(std::string_view body, std::string_view token) const {
  return std::visit(
      Overloaded{[](const std::monostate&) { return std::string(); },
                 [](const BasicAuth& basic) { return basic_credentials(basic.user, basic.password); },
                 [](const BearerAuth& bearer) { return "Bearer " + bearer.token; },
                 [](const ApiKeyAuth& key) { return key.value; },
                 [token](const OAuth2Auth&) { return "Bearer " + std::string(token); },
                 [this, body](const HmacAuth& hmac) {
                   const std::string_view parts[] = {body};
                   return hmac.prefix + std::visit(
                                            [&](const auto& key) {
                                              const auto mac = key.over(parts);
                                              return hmac.encoding == HmacAuth::Encoding::hex
                                                         ? hex(mac)
                                                         : encode_base64(mac);
                                            },
                                            mac_->key);
                 }},
      auth_);
}

std::string basic_credentials(std::string_view user, std::string_view password) {
  const std::string both = std::string(user) + ":" + std::string(password);
  return "Basic " + encode_base64(bytes_of(both));
}

}  // namespace creel
