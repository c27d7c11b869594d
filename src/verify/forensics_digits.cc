// The signature's digits: in hex for base64 or the reverse, without their version tag, in another case.
#include <algorithm>

#include "verify/base64.h"
#include "verify/forensics_probe.h"
#include "verify/headers.h"
#include "verify/hex.h"

namespace creel::forensics {
namespace {

// How a family writes one signature.
struct Notation {
  std::string prefix;
  SignatureEncoding encoding = SignatureEncoding::base64;
  char separator = 0;      // between signatures of one header, or its pairs
  std::string pair;        // "v1": the signature's name among pairs
  std::size_t bytes = 32;  // of a signature; 0 where that varies
};

Notation notation_of(const Provider& provider) {
  if (provider.scheme == Scheme::standard_webhooks) return {.prefix = "v1,", .separator = ' ', .pair = {}};
  const SignatureRule& rule = provider.signature;
  Notation notation{.prefix = std::string(rule.prefix),
                    .encoding = rule.encoding,
                    .separator = rule.pair_separator,
                    .pair = std::string(rule.signature_pair)};
  switch (rule.algorithm) {
    case SignatureAlgorithm::hmac_sha1:
      notation.bytes = 20;
      break;
    case SignatureAlgorithm::hmac_sha256:
      notation.bytes = 32;
      break;
    case SignatureAlgorithm::hmac_sha512:
    case SignatureAlgorithm::ed25519:
      notation.bytes = 64;
      break;
    case SignatureAlgorithm::ecdsa_p256_sha256:
      notation.bytes = 0;
      break;
  }
  return notation;
}

std::string to_digits(SignatureEncoding encoding, const std::string& bytes) {
  if (encoding == SignatureEncoding::base64)
    return encode_base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  std::string hex;
  for (unsigned char byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

struct Digits {
  std::string bytes;
  std::string_view encoding;  // for people
};

// What the digits may mean: hex first, since a text of hex is base64 too.
std::vector<Digits> meanings_of(std::string_view text) {
  std::vector<Digits> meanings;
  std::string hex(text.size() / 2, '\0');
  if (!text.empty() && decode_hex(text, {reinterpret_cast<std::uint8_t*>(hex.data()), hex.size()}))
    meanings.push_back({hex, "hex"});
  std::string standard(text);
  const bool is_url = text.find_first_of("-_") != text.npos;
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  std::string bytes(base64_decoded_max(standard.size()), '\0');
  const auto size = decode_base64_secret(
      standard, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}, Base64Rule::lenient_ending);
  if (!size || *size == 0) return meanings;
  bytes.resize(*size);
  // base64 of the hex digits, as shells and low-code tools make it
  std::string twice(bytes.size() / 2, '\0');
  if (decode_hex(bytes, {reinterpret_cast<std::uint8_t*>(twice.data()), twice.size()}) && !twice.empty())
    meanings.push_back({twice, "base64 of hex digits"});
  meanings.push_back({std::move(bytes), is_url                ? "base64url"
                                        : text.ends_with('=') ? "base64"
                                                              : "base64 without padding"});
  return meanings;
}

// "sha256=abc" is "abc" after "sha256="; "abc" is itself.
std::vector<std::pair<std::string_view, std::string_view>> splits_of(std::string_view text) {
  std::vector<std::pair<std::string_view, std::string_view>> splits{{"", text}};
  for (char mark : {'=', ',', ':'}) {
    const std::size_t at = text.find(mark);
    if (at != text.npos && at > 0 && at <= 12 && at + 1 < text.size())
      splits.emplace_back(text.substr(0, at + 1), text.substr(at + 1));
  }
  return splits;
}

struct DigitChange {
  FindingKind kind;
  std::string token;  // as it should be written
  std::string what;
};

std::vector<DigitChange> changes_of(const Notation& notation, std::string_view token) {
  std::vector<DigitChange> changes;
  const std::string prefix = notation.pair.empty() ? notation.prefix : notation.pair + "=" + notation.prefix;
  for (const auto& [tag, text] : splits_of(token)) {
    for (const Digits& digits : meanings_of(text)) {
      if (notation.bytes != 0 && digits.bytes.size() != notation.bytes) continue;
      const std::string right = to_digits(notation.encoding, digits.bytes);
      if (prefix + right == token) continue;
      DigitChange change{.kind = FindingKind::signature_encoding, .token = prefix + right, .what = {}};
      const std::string wanted = notation.encoding == SignatureEncoding::hex ? "hex" : "base64";
      if (equals_ignoring_case(prefix + right, token)) {
        change.kind = FindingKind::signature_case;
        change.what = "in another letter case than this provider's";
      } else if (right == text ||
                 (notation.encoding == SignatureEncoding::hex && equals_ignoring_case(right, text))) {
        change.kind = FindingKind::signature_prefix;
        change.what = tag.empty() ? "without \"" + prefix + "\" before it"
                                  : "with another tag than \"" + prefix + "\" before it";
      } else {
        change.what = "written in " + std::string(digits.encoding) + ", where " + wanted + " is wanted";
      }
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

std::vector<std::string> headers_to_try(const Probe& probe) {
  const Provider& provider = probe.provider();
  std::vector<std::string> names;
  if (provider.scheme == Scheme::standard_webhooks) {
    for (std::string_view prefix : provider.header_prefixes)
      names.push_back(std::string(prefix) + "signature");
  } else if (provider.scheme == Scheme::signature) {
    for (const Field& field : provider.signature.signatures) {
      if (field.in == Field::In::header) names.emplace_back(field.name);
    }
  }
  return names;
}

bool explain_token_digits(const Probe& probe, const std::string& name, const Notation& notation,
                          std::size_t begin, std::size_t size, Findings& findings) {
  const auto value = find_header(probe.input().request.headers, name);
  for (const DigitChange& change : changes_of(notation, value->substr(begin, size))) {
    ChangedRequest request(probe.input());
    request.find(name)->replace(begin, size, change.token);
    const auto match = probe.match(request);
    if (!match) continue;
    const std::string sample =
        notation.pair.empty() ? notation.prefix : notation.pair + "=" + notation.prefix;
    findings.push_back(
        make_finding(change.kind, *match, "the signature is right, but " + change.what,
                     "let the sender write " + name + ": " + sample +
                         (notation.encoding == SignatureEncoding::hex ? "<hex>" : "<base64>")));
    return true;
  }
  return false;
}

}  // namespace

void explain_signature_digits(const Probe& probe, Findings& findings) {
  const Notation notation = notation_of(probe.provider());
  constexpr int kTokensMax = 16;
  for (const std::string& name : headers_to_try(probe)) {
    const auto value = find_header(probe.input().request.headers, name);
    if (!value || value->size() > 4096) continue;
    std::size_t begin = 0;
    for (int i = 0; i < kTokensMax && begin < value->size(); ++i) {
      const std::size_t end = notation.separator == 0
                                  ? value->size()
                                  : std::min(value->find(notation.separator, begin), value->size());
      if (explain_token_digits(probe, name, notation, begin, end - begin, findings)) return;
      begin = end + 1;
    }
  }
}

}  // namespace creel::forensics
