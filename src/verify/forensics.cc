#include "verify/forensics.h"

#include <algorithm>
#include <cstdlib>

#include "verify/headers.h"

namespace creel {
namespace {

// A configured secret that could be parsed, as its text: secrets are not copied, they are read again.
using Usable = std::vector<const SecretText*>;

Secret read(const SecretText& usable) {
  return *Secret::parse(usable.text, usable.form);
}

constexpr std::string_view kHmacPrefix = "whsec_";

std::string fault_of_secret(const SecretText& text, SecretError error) {
  return "secret \"" + text.label + "\": " + std::string(describe(error));
}

Finding finding(FindingKind kind, std::string text) {
  return {.kind = kind,
          .text = std::move(text),
          .verify_error = {},
          .clock_off = {},
          .label = {},
          .fingerprint = {}};
}

Finding finding_about(FindingKind kind, std::string text, const std::string& label, const Secret& secret) {
  Finding made = finding(kind, std::move(text));
  made.label = label;
  made.fingerprint = secret.fingerprint();
  return made;
}

// Whether this secret alone makes the request genuine. With `any_time` the window does not count.
std::expected<void, VerifyError> check(const ForensicInput& input, Secret secret, bool any_time) {
  constexpr std::chrono::seconds kAlways{std::chrono::hours(24 * 366 * 10'000)};
  VerifyOptions options = input.options;
  if (any_time) options.max_age = options.max_skew = kAlways;
  std::vector<Key> keys;
  keys.push_back({.secret = std::move(secret), .label = {}, .not_before = {}, .not_after = {}});
  const auto result = Verifier(std::move(keys), options).verify(input.headers, input.raw_body, input.now);
  if (!result) return std::unexpected(result.error());
  return {};
}

bool signed_with(const ForensicInput& input, std::expected<Secret, SecretError> secret) {
  return secret && check(input, *std::move(secret), true).has_value();
}

// "webhook-signature" is missing, but there is "webhook_signature" or "x-webhook-signature".
std::string missing_header_text(const ForensicInput& input, std::string_view suffix) {
  const std::string name = std::string(input.options.header_prefix) + std::string(suffix);
  std::string text = "the request has no " + name + " header";
  for (const Header& header : input.headers) {
    std::string spelled(header.name);
    std::ranges::transform(spelled, spelled.begin(), [](char c) { return c == '_' ? '-' : ascii_lower(c); });
    const bool is_alike = spelled.ends_with(suffix) && spelled.size() > suffix.size() && spelled != name;
    const bool is_respelled = spelled == name && !equals_ignoring_case(header.name, name);
    if (!is_alike && !is_respelled) continue;
    const bool is_plain = std::ranges::all_of(spelled, [](char c) { return c > ' ' && c < 0x7f; });
    if (is_plain && spelled.size() < 64) text += ", though it has " + std::string(header.name);
    break;
  }
  return text;
}

// The right key under the wrong reading: its text for its bytes, or its bytes for its text.
std::optional<Finding> try_other_reading(const ForensicInput& input, const SecretText& text) {
  std::string_view encoded = text.text;
  const bool has_prefix = encoded.starts_with(kHmacPrefix);
  if (has_prefix) encoded.remove_prefix(kHmacPrefix.size());

  const bool is_read_as_text = !has_prefix && text.form == SecretForm::openai_sdk;
  if (is_read_as_text) {
    auto decoded = Secret::parse(text.text, SecretForm::standard_webhooks);
    if (!decoded || !signed_with(input, Secret::parse(text.text, SecretForm::standard_webhooks)))
      return std::nullopt;
    return finding_about(
        FindingKind::secret_decoded,
        "the sender decoded secret \"" + text.label +
            "\" from base64 before use, while here its text is taken as it is; give it as whsec_…",
        text.label, *decoded);
  }
  for (std::string_view as_bytes : {std::string_view(text.text), encoded}) {
    // Only a text that is long enough: the forms that take short keys are for receivers that ask for them.
    auto undecoded = Secret::from_bytes(std::as_bytes(std::span(as_bytes)));
    if (!undecoded) continue;
    if (!signed_with(input, Secret::from_bytes(std::as_bytes(std::span(as_bytes))))) continue;
    const std::string which =
        as_bytes.size() == encoded.size() && has_prefix ? "the base64 after whsec_" : "its text";
    return finding_about(FindingKind::secret_not_decoded,
                         "the sender used " + which + " of secret \"" + text.label +
                             "\" as the key, without decoding it from base64",
                         text.label, *undecoded);
  }
  return std::nullopt;
}

std::string seconds_text(std::chrono::seconds off) {
  const auto count = std::llabs(off.count());
  return std::to_string(count) + (count == 1 ? " second" : " seconds");
}

Finding clock_finding(const ForensicInput& input, VerifyError error, const Usable& usable) {
  Finding made = finding(FindingKind::clock, "");
  made.verify_error = error;
  std::string why = error == VerifyError::timestamp_too_old
                        ? "the request is older than the window allows"
                        : "the request comes from further in the future than the window allows";
  const auto header = find_header(input.headers, std::string(input.options.header_prefix) + "timestamp");
  if (header) {
    char* end = nullptr;
    const std::string digits(*header);
    const long long timestamp = std::strtoll(digits.c_str(), &end, 10);
    // Limits of strtoll and of the subtraction: a time outside the calendar is only said to be outside.
    constexpr long long kYear9999 = 253'402'300'799;
    if (timestamp >= 0 && timestamp <= kYear9999) {
      made.clock_off = input.now.time_since_epoch() - std::chrono::seconds(timestamp);
      why += ": by this clock it was signed " + seconds_text(*made.clock_off) +
             (made.clock_off->count() >= 0 ? " ago" : " from now");
    }
  }
  for (const SecretText* text : usable) {
    if (!check(input, read(*text), true)) continue;
    made.label = text->label;
    made.fingerprint = read(*text).fingerprint();
    why += "; its signature is right, so this is a replay or a wrong clock";
    break;
  }
  made.text = std::move(why);
  return made;
}

// The signature is well-formed and not by a configured secret: by what else?
std::vector<Finding> explain_mismatch(const ForensicInput& input) {
  std::vector<Finding> findings;
  for (const SecretText& suspect : input.suspects) {
    auto secret = Secret::parse(suspect.text, suspect.form);
    if (!secret || !signed_with(input, Secret::parse(suspect.text, suspect.form))) continue;
    findings.push_back(finding_about(FindingKind::other_secret,
                                     "the signature was made with secret \"" + suspect.label +
                                         "\", which is not among those configured for this source",
                                     suspect.label, *secret));
  }
  for (const auto& list : {input.secrets, input.suspects}) {
    for (const SecretText& text : list) {
      if (auto other = try_other_reading(input, text)) findings.push_back(*std::move(other));
    }
  }
  if (findings.empty()) {
    findings.push_back(
        finding(FindingKind::unexplained,
                "no given secret makes this signature over these bytes: the body or the id was "
                "changed after signing, or the sender has another secret"));
  }
  for (Finding& made : findings)
    made.verify_error = VerifyError::signature_mismatch;
  return findings;
}

std::vector<Finding> explain(const ForensicInput& input, VerifyError error, const Usable& usable) {
  switch (error) {
    case VerifyError::missing_id:
      return {finding(FindingKind::missing_header, missing_header_text(input, "id"))};
    case VerifyError::missing_timestamp:
      return {finding(FindingKind::missing_header, missing_header_text(input, "timestamp"))};
    case VerifyError::missing_signature:
      return {finding(FindingKind::missing_header, missing_header_text(input, "signature"))};
    case VerifyError::timestamp_too_old:
    case VerifyError::timestamp_too_new:
      return {clock_finding(input, error, usable)};
    case VerifyError::signature_mismatch:
      return explain_mismatch(input);
    case VerifyError::no_keys:
      return {finding(FindingKind::no_secrets, "no secret was given that can be used")};
    case VerifyError::conflicting_header:
    case VerifyError::invalid_id:
    case VerifyError::invalid_timestamp:
    case VerifyError::malformed_signature:
    case VerifyError::no_supported_signature:
    case VerifyError::too_many_signatures:
    case VerifyError::body_too_large:
    case VerifyError::missing_credential:
    case VerifyError::malformed_credential:
    case VerifyError::wrong_credential:
    case VerifyError::refused_algorithm:
    case VerifyError::unknown_key:
    case VerifyError::body_mismatch:
      return {finding(FindingKind::bad_request, std::string(describe(error)))};
  }
  return {};
}

}  // namespace

std::string_view to_text(FindingKind kind) {
  switch (kind) {
    case FindingKind::valid:
      return "valid";
    case FindingKind::bad_secret:
      return "bad_secret";
    case FindingKind::no_secrets:
      return "no_secrets";
    case FindingKind::missing_header:
      return "missing_header";
    case FindingKind::bad_request:
      return "bad_request";
    case FindingKind::clock:
      return "clock";
    case FindingKind::other_secret:
      return "other_secret";
    case FindingKind::secret_not_decoded:
      return "secret_not_decoded";
    case FindingKind::secret_decoded:
      return "secret_decoded";
    case FindingKind::unexplained:
      return "unexplained";
  }
  return "unknown";
}

std::vector<Finding> explain_signature(const ForensicInput& input) {
  std::vector<Finding> faults;  // of the secrets themselves
  Usable usable;
  for (const SecretText& text : input.secrets) {
    const auto secret = Secret::parse(text.text, text.form);
    if (secret) {
      usable.push_back(&text);
      continue;
    }
    faults.push_back(finding(FindingKind::bad_secret, fault_of_secret(text, secret.error())));
    faults.back().label = text.label;
  }

  VerifyError error = VerifyError::no_keys;
  for (const SecretText* text : usable) {
    const auto result = check(input, read(*text), false);
    if (result) {
      return {finding_about(FindingKind::valid, "the signature is right, by secret \"" + text->label + "\"",
                            text->label, read(*text))};
    }
    error = result.error();
  }
  std::vector<Finding> findings = explain(input, error, usable);
  for (Finding& made : findings)
    made.verify_error = error;
  const auto place = error == VerifyError::no_keys ? findings.begin() : findings.end();
  findings.insert(place, std::make_move_iterator(faults.begin()), std::make_move_iterator(faults.end()));
  return findings;
}

}  // namespace creel
