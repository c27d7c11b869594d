#include "core/credentials.h"

#include <algorithm>

#include "core/text.h"

namespace creel {
namespace {

constexpr std::string_view kHeaderEndings[] = {"authorization", "token",  "secret",    "password",
                                               "api-key",       "apikey", "access-key"};
constexpr std::string_view kFields[] = {"token",         "access_token", "verify_token", "hub.verify_token",
                                        "api_key",       "apikey",       "key",          "secret",
                                        "client_secret", "password",     "auth"};

bool ends_with_ignoring_case(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() &&
         equal_ignoring_case(text.substr(text.size() - ending.size()), ending);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() && equal_ignoring_case(text.substr(0, beginning.size()), beginning);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool is_credential_header(std::string_view name) {
  if (name.empty()) return false;
  if (starts_with_ignoring_case(name, "proxy-")) return true;
  switch (name.back() | 0x20) {  // Most names end in no letter that counts.
    case 'd':
    case 'n':
    case 't':
    case 'y':
      return std::ranges::any_of(
          kHeaderEndings, [&](std::string_view ending) { return ends_with_ignoring_case(name, ending); });
    case 'e':
      return equal_ignoring_case(name, "cookie") || equal_ignoring_case(name, "set-cookie");
    default:
      return false;
  }
}

bool is_login_header(std::string_view name) {
  return starts_with_ignoring_case(name, "proxy-") || ends_with_ignoring_case(name, "authorization") ||
         equal_ignoring_case(name, "cookie") || equal_ignoring_case(name, "set-cookie");
}

bool is_credential_field(std::string_view name) {
  return std::ranges::any_of(kFields,
                             [&](std::string_view field) { return equal_ignoring_case(name, field); });
}

QueryField query_field(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {.text = text, .name = text, .value = {}, .has_value = false};
  return {.text = text, .name = text.substr(0, equals), .value = text.substr(equals + 1), .has_value = true};
}

std::string decoded_query(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace creel
