#include "admin/guard.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "admin/resources.h"
#include "core/text.h"

namespace creel::admin {
namespace {

// "[::1]:3001" → "::1", "localhost:3001" → "localhost".
std::string_view without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return end == std::string_view::npos ? std::string_view() : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool is_read(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return equal_ignoring_case(origin.substr(scheme.size()), host);
  }
  return false;
}

}  // namespace

Guard::Guard(Options options) : options_(std::move(options)) {
  for (const char* name : {"localhost", "127.0.0.1", "::1"})
    options_.hosts.emplace_back(name);
  std::string_view address = options_.listen_address;
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  options_.hosts.emplace_back(address);
}

std::optional<http::Response> Guard::refusal(const http::Request& request) const {
  const std::string_view host = request.header("host");
  if (!is_our_host(host)) {
    return error(421, "host_not_allowed",
                 "This Host is not served here. Use the listen address or localhost, or add the name to "
                 "[admin] hosts.");
  }
  const std::string_view origin = request.header("origin");
  if (!is_read(request.method) && !origin.empty() && !is_same_origin(origin, host)) {
    return error(403, "origin_not_allowed",
                 "Requests that change something are not taken from pages of another origin.");
  }
  if (options_.metrics_open && request.path == "/metrics" && is_read(request.method)) return std::nullopt;
  if (!has_token(request)) {
    http::Response response = error(
        401, "unauthorized",
        "Send `Authorization: Bearer TOKEN`; the token is in the file admin.token in the store's folder.");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"creel\"");
    return response;
  }
  return std::nullopt;
}

bool Guard::is_our_host(std::string_view authority) const {
  const std::string_view host = without_port(authority);
  return !host.empty() && std::ranges::any_of(options_.hosts, [&](const std::string& ours) {
    return equal_ignoring_case(ours, host);
  });
}

bool Guard::has_token(const http::Request& request) const {
  const auto is_authorization = [](const Header& header) {
    return equal_ignoring_case(header.name, "authorization");
  };
  if (std::ranges::count_if(request.headers, is_authorization) != 1) return false;
  std::string_view value = request.header("authorization");
  constexpr std::string_view kScheme = "Bearer ";
  if (value.size() < kScheme.size() || !equal_ignoring_case(value.substr(0, kScheme.size()), kScheme))
    return false;
  value.remove_prefix(kScheme.size());
  const std::string& token = options_.token;
  return !token.empty() && value.size() == token.size() &&
         CRYPTO_memcmp(value.data(), token.data(), token.size()) == 0;
}

}  // namespace creel::admin
