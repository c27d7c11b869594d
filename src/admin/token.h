// The token that opens the admin port: made on first start, kept in the store's folder, readable by its owner
// alone.
//
// 256 random bits as 64 hex digits in the file `admin.token`, mode 0600. `creel serve` makes it; the commands
// of the same machine read it. It is compared in constant time, travels in the Authorization header only, and
// is never logged.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace creel {

struct TokenError {
  bool is_missing = false;  // there is no such file
  std::string message;      // one sentence with the file's path
};

inline constexpr std::string_view kTokenFile = "admin.token";

// For the server, which holds the folder's lock: the token of `folder`, made when there is none. Takes rights
// of others away.
std::expected<std::string, TokenError> create_or_read_token(const std::string& folder);

// For a client: changes nothing.
std::expected<std::string, TokenError> read_token(const std::string& folder);

}  // namespace creel
