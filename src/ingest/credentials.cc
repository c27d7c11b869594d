#include "ingest/credentials.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdint>

#include "core/text.h"

namespace creel {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kCredentialEndings[] = {"authorization", "token",  "secret",    "password",
                                                   "api-key",       "apikey", "access-key"};
constexpr std::string_view kCredentialFields[] = {"token",  "access_token",  "api_key",  "apikey", "key",
                                                  "secret", "client_secret", "password", "auth"};

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

std::string decoded(std::string_view field) {
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '%' && i + 2 < field.size() && hex_digit(field[i + 1]) >= 0 &&
        hex_digit(field[i + 2]) >= 0) {
      text += static_cast<char>(hex_digit(field[i + 1]) * 16 + hex_digit(field[i + 2]));
      i += 2;
    } else {
      text += field[i] == '+' ? ' ' : field[i];
    }
  }
  return text;
}

struct Field {
  std::string_view name, value;
  bool has_value;
};
Field split(std::string_view field) {
  const std::size_t equals = field.find('=');
  if (equals == std::string_view::npos) return {field, {}, false};
  return {field.substr(0, equals), field.substr(equals + 1), true};
}

bool is_credential(const Field& field) {
  if (!field.has_value) return false;
  if (field.name.find_first_of("%+") == std::string_view::npos) return is_credential_field(field.name);
  return is_credential_field(decoded(field.name));
}

// Calls `each` with every field of a query, and the '&' before it.
template <class Each>
void for_each_field(std::string_view query, Each each) {
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = query.find('&', begin);
    each(query.substr(begin, end - begin), begin == 0 ? ""sv : "&"sv);
    if (end == std::string_view::npos) return;
    begin = end + 1;
  }
}

bool has_credential(const http::Request& request) {
  for (const Header& header : request.headers) {
    if (is_credential_header(header.name)) return true;
  }
  bool found = false;
  if (!request.query.empty()) {
    for_each_field(request.query,
                   [&](std::string_view field, std::string_view) { found |= is_credential(split(field)); });
  }
  return found;
}

}  // namespace

bool is_credential_header(std::string_view name) {
  if (name.empty()) return false;
  if (starts_with_ignoring_case(name, "proxy-") || equal_ignoring_case(name, "cookie")) return true;
  switch (name.back() | 0x20) {  // Most names end in no letter that counts.
    case 'd':
    case 'n':
    case 't':
    case 'y':
      return std::ranges::any_of(
          kCredentialEndings, [&](std::string_view ending) { return ends_with_ignoring_case(name, ending); });
    default:
      return false;
  }
}

bool is_credential_field(std::string_view name) {
  return std::ranges::any_of(kCredentialFields,
                             [&](std::string_view field) { return equal_ignoring_case(name, field); });
}

std::optional<std::string> CredentialMask::masked_head(const http::Request& request) const {
  if (!has_credential(request)) return std::nullopt;
  std::string head;
  head.reserve(request.head.size() + 128);

  std::string_view rest = request.head;
  const std::size_t target = rest.find(' ');
  const std::size_t version = rest.find(' ', target + 1);
  if (target != std::string_view::npos && version != std::string_view::npos) {
    head += rest.substr(0, target + 1);
    head += masked_target(rest.substr(target + 1, version - target - 1));
    rest.remove_prefix(version);
  }
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && is_credential_header(line.substr(0, colon))) {
      std::string_view value = line.substr(colon + 1);
      while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
        value.remove_prefix(1);
      while (!value.empty() && (value.back() == ' ' || value.back() == '\t'))
        value.remove_suffix(1);
      head.append(line.substr(0, colon)).append(": ").append(masked(value));
    } else {
      head += line;
    }
    if (end == std::string_view::npos) break;
    head += "\r\n";
    rest.remove_prefix(end + 2);
  }
  return head;
}

std::string CredentialMask::masked_target(std::string_view target) const {
  const std::size_t question = target.find('?');
  if (question == std::string_view::npos) return std::string(target);
  std::string result(target.substr(0, question + 1));
  for_each_field(target.substr(question + 1), [&](std::string_view text, std::string_view separator) {
    const Field field = split(text);
    result += separator;
    if (is_credential(field)) {
      result.append(field.name).append("=").append(masked(decoded(field.value)));
    } else {
      result += text;
    }
  });
  return result;
}

std::string CredentialMask::masked(std::string_view value) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int bytes = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(value.data()), value.size(), digest.data(), &bytes);
  std::string text = "creel-hmac:";
  for (unsigned int i = 0; i < bytes; ++i) {
    text += "0123456789abcdef"[digest[i] >> 4];
    text += "0123456789abcdef"[digest[i] & 15];
  }
  return text;
}

CredentialMask::Key CredentialMask::key_of(std::span<const std::uint8_t> store_secret) {
  constexpr std::string_view kPurpose = "creel credential mask";
  Key key;
  unsigned int bytes = 0;
  HMAC(EVP_sha256(), store_secret.data(), static_cast<int>(store_secret.size()),
       reinterpret_cast<const unsigned char*>(kPurpose.data()), kPurpose.size(),
       reinterpret_cast<unsigned char*>(key.data()), &bytes);
  return key;
}

}  // namespace creel
