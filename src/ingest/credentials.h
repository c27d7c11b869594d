// Credentials do not go to disk.
//
// A header or a query field that is a credential is replaced, before anything is stored, by an HMAC-SHA256 of
// its value under a key of the store: "creel-hmac:" and 64 hex digits. Whoever knows the secret can still
// tell whether it was the one that came; whoever reads the store cannot tell what it was. Everything else
// stays byte for byte as it was received.
//
// Immutable after construction: share between threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/http.h"

namespace creel {

// Authorization, Cookie, every Proxy-… header, and names that end in authorization, token, secret, password,
// api-key or access-key. Signature headers are none: they are good for one body only.
bool is_credential_header(std::string_view name);

// token, access_token, api_key, apikey, key, secret, client_secret, password, auth; without regard to case.
bool is_credential_field(std::string_view name);

class CredentialMask {
 public:
  using Key = std::array<std::byte, 32>;
  explicit CredentialMask(const Key& key) : key_(key) {}
  // The mask's own key, made of the store's secret: neither can be found from the other's use.
  static Key key_of(std::span<const std::uint8_t> store_secret);

  // The head of `request` with its credentials replaced, or nothing when it holds none and can be kept as it
  // is.
  std::optional<std::string> masked_head(const http::Request& request) const;

  // What stands in place of `value`. A query field's value is decoded first.
  std::string masked(std::string_view value) const;

 private:
  std::string masked_target(std::string_view target) const;

  Key key_;
};

}  // namespace creel
