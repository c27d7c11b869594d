// Why does my signature fail? The cause, with evidence, for a person who looks at one request.
//
// Pure: it is given everything, the time too, and prints nothing. Of secrets it gives labels and
// fingerprints, never the secret and never the signature that would have been right.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <creel/webhooks.h>

namespace creel {

// A secret as a person has it: its text, and how the receiver reads it.
struct SecretText {
  std::string label;  // "current", "OPENAI_WEBHOOK_SECRET_OLD"
  std::string text;
  SecretForm form = SecretForm::strict_hmac;
};

struct ForensicInput {
  Headers headers;
  std::string_view raw_body;
  std::span<const SecretText> secrets;   // what the receiver is configured with
  std::span<const SecretText> suspects;  // others that may have been meant: another project's, last month's
  std::chrono::sys_seconds now;
  VerifyOptions options;
};

enum class FindingKind : std::uint8_t {
  valid,           // nothing is wrong
  bad_secret,      // a secret cannot be used; `text` says why
  no_secrets,      // none was given
  missing_header,  // `text` names it, and a look-alike that is there
  bad_request,     // any other fault of the headers or limits, as VerifyError
  clock,  // outside the window; `clock_off` says by how much, and `text` whether the signature is right
  other_secret,        // a suspect's signature, not a configured one's
  secret_not_decoded,  // signed with the bytes of the secret's text, where it is base64
  secret_decoded,      // signed with the decoded secret, where the text itself is the key
  unexplained,  // well-formed, and nothing tried reproduces it: other bytes or a secret that was not given
};
std::string_view to_text(FindingKind kind);  // "clock", "other_secret": stable, for machines

struct Finding {
  FindingKind kind;
  std::string text;                               // One sentence for a person.
  std::optional<VerifyError> verify_error;        // What the verifier said, where it did.
  std::optional<std::chrono::seconds> clock_off;  // now - timestamp
  std::string label;                              // Of the secret that the finding is about.
  std::string fingerprint;                        // Of that secret, as Secret::fingerprint().
};

// The findings, the most telling first; at least one. The request is genuine if and only if the first is
// `valid`.
std::vector<Finding> explain_signature(const ForensicInput& input);

}  // namespace creel
