#include "deliver/http_settings.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <variant>

#include "core/text.h"
#include "deliver/address_guard.h"
#include "deliver/request_headers.h"

namespace creel {
namespace {

using Checked = std::expected<void, std::string>;

std::unexpected<std::string> wrong(std::string sentence) {
  return std::unexpected(std::move(sentence));
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}
bool is_http_url(std::string_view url) {
  return begins_with(url, "http://") || begins_with(url, "https://");
}
std::string_view authority_of(std::string_view url) {
  const auto slashes = url.find("://");
  if (slashes == std::string_view::npos) return {};
  url.remove_prefix(slashes + 3);
  // A backslash ends it for some readers and not for others.
  return url.substr(0, url.find_first_of("/?#\\"));
}
bool has_user_info(std::string_view url) {
  return authority_of(url).contains('@');
}
bool has_space_or_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

Checked check_headers(const HttpSettings& http) {
  for (std::size_t i = 0; i < http.headers.size(); ++i) {
    const auto& [name, value] = http.headers[i];
    if (!can_be_added(name)) return wrong("header \"" + displayed(name) + "\" cannot be set here");
    if (!is_header_value(value)) return wrong("header " + name + " has a value with a control character");
    for (std::size_t before = 0; before < i; ++before) {
      if (equal_ignoring_case(http.headers[before].first, name))
        return wrong("header " + name + " stands twice");
    }
  }
  return {};
}

struct CheckAuth {
  Checked operator()(const std::monostate&) const { return {}; }
  Checked operator()(const BasicAuth& basic) const {
    if (basic.user.contains(':')) return wrong("auth: a user's name has no colon");
    return is_header_value(basic.user) && is_header_value(basic.password)
               ? Checked()
               : wrong("auth: user and password have no control characters");
  }
  Checked operator()(const BearerAuth& bearer) const { return token("auth: the bearer token", bearer.token); }
  Checked operator()(const ApiKeyAuth& key) const {
    if (!can_authenticate(key.header))
      return wrong("auth: \"" + displayed(key.header) + "\" cannot be the header");
    return token("auth: the value", key.value);
  }
  Checked operator()(const OAuth2Auth& oauth) const {
    if (!is_http_url(oauth.token_url) || has_space_or_control(oauth.token_url))
      return wrong("auth: token_url has to be an http:// or https:// URL");
    if (has_user_info(oauth.token_url)) return wrong("auth: token_url cannot hold a user or a password");
    if (oauth.client_id.empty()) return wrong("auth: client_id is empty");
    if (oauth.client_secret.empty()) return wrong("auth: client_secret is empty");
    return {};
  }
  Checked operator()(const HmacAuth& hmac) const {
    if (!can_authenticate(hmac.header))
      return wrong("auth: \"" + displayed(hmac.header) + "\" cannot be the header");
    if (!is_header_value(hmac.prefix)) return wrong("auth: the prefix has a control character");
    if (hmac.secret.empty()) return wrong("auth: the secret is empty");
    return {};
  }

  static Checked token(std::string_view what, std::string_view value) {
    if (value.empty()) return wrong(std::string(what) + " is empty");
    if (!is_header_value(value)) return wrong(std::string(what) + " has a control character");
    return {};
  }
};

Checked check_proxy(const std::string& proxy) {
  if (proxy.empty()) return {};
  constexpr std::array<std::string_view, 3> kSchemes{"http://", "https://", "socks5h://"};
  const bool is_known =
      std::ranges::any_of(kSchemes, [&](std::string_view scheme) { return begins_with(proxy, scheme); });
  std::string_view host = authority_of(proxy);
  if (const auto at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  if (!is_known || host.empty() || has_space_or_control(proxy))
    return wrong("proxy has to be an http://, https:// or socks5h:// URL");
  return {};
}

Checked check_untrusted(const Destination& destination) {
  const HttpSettings& http = destination.http;
  if (!http.proxy.empty())
    return wrong("an untrusted destination has no proxy: nobody could check where the proxy connects to");
  if (has_user_info(destination.url))
    return wrong("the URL of an untrusted destination has no user or password");
  if (const auto guard = AddressGuard::make(http.guard); !guard) return wrong("guard: " + guard.error());
  if (!http.guard.https_only) return {};
  const auto* oauth = std::get_if<OAuth2Auth>(&http.auth);
  if (!begins_with(destination.url, "https://") || (oauth && !begins_with(oauth->token_url, "https://")))
    return wrong("its address is not https, as its guard wants");
  return {};
}

}  // namespace

std::expected<void, std::string> check_http_settings(const Destination& destination) {
  const HttpSettings& http = destination.http;
  if (!is_http_url(destination.url)) return wrong("its URL has to begin with http:// or https://");
  if (http.method != "POST" && http.method != "PUT" && http.method != "PATCH")
    return wrong("method has to be POST, PUT or PATCH");
  if (auto checked = check_headers(http); !checked) return checked;
  if (auto checked = std::visit(CheckAuth{}, http.auth); !checked) return checked;
  if (auto checked = check_proxy(http.proxy); !checked) return checked;
  if (http.client_certificate.empty() && !http.client_key.empty())
    return wrong("tls: a key without a certificate");
  return destination.untrusted ? check_untrusted(destination) : Checked();
}

}  // namespace creel
