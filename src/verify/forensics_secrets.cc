// Secrets: another one's signature, or the right one read in another way.
#include <algorithm>
#include <array>
#include <vector>

#include "verify/base64.h"
#include "verify/forensics_probe.h"
#include "verify/hex.h"

namespace creel::forensics {
namespace {

constexpr std::string_view kPrefix = "whsec_";

std::string_view without_wrapping(std::string_view text) {
  constexpr std::string_view kWrapping = " \t\r\n\v\f\"'`";
  const std::size_t begin = std::min(text.find_first_not_of(kWrapping), text.size());
  text.remove_prefix(begin);
  text = text.substr(0, text.find_last_not_of(kWrapping) + 1);
  for (std::string_view tag : {"v1,", "v1a,"}) {
    if (text.starts_with(tag)) text.remove_prefix(tag.size());
  }
  return text;
}

// These bytes as a key, whatever a form would say of them.
std::expected<Secret, SecretError> key_of(std::string_view bytes) {
  auto secret = Secret::from_bytes(std::as_bytes(std::span(bytes)));
  return secret ? std::move(secret) : Secret::parse(bytes, SecretForm::text);
}

std::string from_base64(std::string_view text) {
  std::string standard(text);
  for (char& c : standard) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  std::string bytes(base64_decoded_max(standard.size()), '\0');
  const auto size = decode_base64_secret(
      standard, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}, Base64Rule::lenient_ending);
  bytes.resize(size.value_or(0));
  return bytes;
}

std::string from_hex(std::string_view text) {
  std::string bytes(text.size() / 2, '\0');
  const bool is_hex = decode_hex(text, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return is_hex ? bytes : std::string();
}

// Another way to make a key of a secret's text.
struct Reading {
  FindingKind kind;
  std::string key;
  std::string how;  // "used its text as the key, without decoding it from base64"
  std::string fix;
};

std::vector<Reading> readings_of(const SecretText& secret) {
  const std::string& text = secret.text;
  const bool has_prefix = text.starts_with(kPrefix);
  const std::string encoded = has_prefix ? text.substr(kPrefix.size()) : text;
  const bool is_text =
      secret.form == SecretForm::text || (secret.form == SecretForm::openai_sdk && !has_prefix);
  std::vector<Reading> readings;
  if (is_text) {
    constexpr std::string_view kFix =
        "let the sender use the secret's text as it is, or configure the secret as the sender reads it";
    readings = {{FindingKind::secret_decoded, from_base64(encoded),
                 "decoded the secret from base64 before use", std::string(kFix)},
                {FindingKind::secret_decoded, from_hex(text), "decoded the secret from hex before use",
                 std::string(kFix)}};
    if (has_prefix) {
      readings.push_back({FindingKind::secret_decoded, encoded,
                          "left out whsec_ and used the rest as the key", std::string(kFix)});
    }
  } else {
    constexpr std::string_view kFix = "let the sender decode what follows whsec_ from base64";
    readings = {
        {FindingKind::secret_not_decoded, text,
         "used the whole text of the secret as the key, without decoding it from base64", std::string(kFix)},
        {FindingKind::secret_not_decoded, encoded,
         "used the base64 after whsec_ as the key, without decoding it", std::string(kFix)}};
  }
  for (const auto& [before, after] : std::to_array<std::pair<std::string_view, std::string_view>>(
           {{"", "\n"}, {"", "\r\n"}, {"", " "}, {" ", ""}, {"\"", "\""}, {"'", "'"}})) {
    readings.push_back({FindingKind::secret_wrapped, std::string(before) + text + std::string(after),
                        "used the secret with quotes, a space or a newline around it",
                        "take what stands around the secret away on the sender's side"});
  }
  return readings;
}

bool takes_hmac_secrets(const Provider& provider) {
  switch (provider.scheme) {
    case Scheme::standard_webhooks:
    case Scheme::jwt:
      return true;
    case Scheme::signature:
      return provider.signature.algorithm == SignatureAlgorithm::hmac_sha1 ||
             provider.signature.algorithm == SignatureAlgorithm::hmac_sha256 ||
             provider.signature.algorithm == SignatureAlgorithm::hmac_sha512;
    case Scheme::credential:
    case Scheme::none:
      return false;
  }
  return false;
}

std::optional<Finding> try_readings(const Probe& probe, const SecretText& secret) {
  for (const Reading& reading : readings_of(secret)) {
    if (reading.key.empty()) continue;
    auto key = key_of(reading.key);
    if (!key) continue;
    std::string fingerprint = key->fingerprint();
    if (!probe.matches_with(*std::move(key))) continue;
    if (const auto configured = Secret::parse(secret.text, secret.form))
      fingerprint = configured->fingerprint();
    const Match match{.secret = &secret, .is_suspect = false, .fingerprint = std::move(fingerprint)};
    return make_finding(reading.kind, match,
                        "the signature is by secret \"" + secret.label + "\", but the sender " + reading.how,
                        reading.fix);
  }
  return std::nullopt;
}

}  // namespace

void explain_secrets(const Probe& probe, Findings& findings) {
  if (const auto match = probe.match(ChangedRequest(probe.input())); match && match->secret) {
    const std::string& label = match->secret->label;
    if (match->is_suspect) {
      findings.push_back(
          make_finding(FindingKind::other_secret, *match,
                       "the signature was made with secret \"" + label +
                           "\", which is not among those configured for this source",
                       "configure that secret for this source, or let the sender use its own"));
    } else {
      findings.push_back(make_finding(
          FindingKind::expired_secret, *match,
          "the signature was made with secret \"" + label + "\", which is not valid at this time",
          "give the secret another time to be valid, or configure the new one"));
    }
    return;
  }
  if (!takes_hmac_secrets(probe.provider())) return;
  for (const auto& list : {probe.input().secrets, probe.input().suspects}) {
    for (const SecretText& text : list) {
      if (auto found = try_readings(probe, text)) findings.push_back(*std::move(found));
    }
  }
}

std::optional<Finding> explain_wrapped_secret(const Probe& probe, const SecretText& secret) {
  const std::string_view inner = without_wrapping(secret.text);
  if (inner == secret.text) return std::nullopt;
  auto key = Secret::parse(inner, secret.form);
  if (!key) return std::nullopt;
  const Match match{.secret = &secret, .is_suspect = false, .fingerprint = key->fingerprint()};
  if (!probe.matches_with(*std::move(key))) return std::nullopt;
  return make_finding(
      FindingKind::secret_wrapped, match,
      "secret \"" + secret.label +
          "\" has quotes, white space or a tag around it; without them the request is genuine",
      "configure the secret without what stands around it");
}

}  // namespace creel::forensics
