#include "ingest/credentials.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdint>
#include <utility>

namespace creel {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

}  // namespace

// What is to be masked in one request.
struct CredentialMask::Rules {
  const Receiver& receiver;
  bool is_stored = false;  // the head was masked before

  bool covers(const Header& header) const {
    if (is_stored && header.value.starts_with(kMaskPrefix)) return false;
    return is_credential_header_of(header.name, receiver);
  }
  bool covers(const QueryField& field) const {
    if (is_stored && field.value.starts_with(kMaskPrefix)) return false;
    return is_credential_query_of(field, receiver);
  }
  bool covers_any_of(const http::Request& request) const {
    for (const Header& header : request.headers) {
      if (covers(header)) return true;
    }
    bool found = false;
    if (!request.query.empty())
      take_query_apart(request.query, [&](const QueryField& field) { found |= covers(field); });
    return found;
  }
};

std::optional<std::string> CredentialMask::masked_head(const http::Request& request,
                                                       const Receiver& receiver) const {
  return masked_head(request, Rules{.receiver = receiver, .is_stored = false});
}

std::optional<std::string> CredentialMask::masked_again(const http::Request& stored,
                                                        const Receiver& receiver) const {
  return masked_head(stored, Rules{.receiver = receiver, .is_stored = true});
}

std::optional<std::string> CredentialMask::masked_head(const http::Request& request,
                                                       const Rules& rules) const {
  if (!rules.covers_any_of(request)) return std::nullopt;
  std::string head;
  head.reserve(request.head.size() + 128);

  std::string_view rest = request.head;
  const std::size_t target = rest.find(' ');
  const std::size_t version = rest.find(' ', target + 1);
  if (target != std::string_view::npos && version != std::string_view::npos) {
    head += rest.substr(0, target + 1);
    head += masked_target(rest.substr(target + 1, version - target - 1), rules);
    rest.remove_prefix(version);
  }
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    const std::size_t colon = line.find(':');
    const std::string_view value =
        colon == std::string_view::npos ? std::string_view() : trimmed(line.substr(colon + 1));
    if (colon != std::string_view::npos && rules.covers(Header{line.substr(0, colon), value})) {
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

std::string CredentialMask::masked_target(std::string_view target, const Rules& rules) const {
  const std::size_t question = target.find('?');
  if (question == std::string_view::npos) return std::string(target);
  std::string result(target.substr(0, question));
  char separator = '?';
  take_query_apart(target.substr(question + 1), [&](const QueryField& field) {
    result += std::exchange(separator, '&');
    if (rules.covers(field)) {
      result.append(field.name).append("=").append(masked(decoded_query(field.value)));
    } else {
      result += field.text;
    }
  });
  return result;
}

std::string CredentialMask::masked(std::string_view value) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int bytes = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(value.data()), value.size(), digest.data(), &bytes);
  std::string text(kMaskPrefix);
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

std::string secret_mark(const Key& key, std::span<const std::uint8_t> store_secret) {
  const std::string mark = key.secret.fingerprint(std::as_bytes(store_secret));
  return key.label.empty() ? mark : key.label + " " + mark;
}

}  // namespace creel
