// Why is my webhook refused? The cause, with evidence, for a person who looks at one request.
//
// Whether a request is genuine is asked of a Receiver itself, and so is every guess: a change to the request,
// the secret or the rule counts as proven when the Receiver accepts what it makes. What cannot be proven, as
// a body that arrived cut short, is told by its signs, and its text says so.
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

#include <creel/provider.h>

namespace creel {

// A secret as a person has it: its text, and how the receiver reads it.
struct SecretText {
  std::string label;  // "current", "OPENAI_WEBHOOK_SECRET_OLD"
  std::string text;
  SecretForm form = SecretForm::strict_hmac;
  std::optional<std::chrono::sys_seconds> not_before;  // as Key has them
  std::optional<std::chrono::sys_seconds> not_after;
};

struct ForensicInput {
  const Provider& provider;
  IncomingRequest request;
  std::span<const SecretText> secrets;   // what the receiver is configured with
  std::span<const SecretText> suspects;  // others that may have been meant: another source's, last month's
  std::chrono::sys_seconds now;
  ReceiverOptions options;  // as the receiver's
  // Not null for a request that was kept: what stands in it in place of credentials.
  const Masking* masked = nullptr;
};

enum class FindingKind : std::uint8_t {
  valid,         // nothing is wrong
  bad_secret,    // a secret cannot be used; `text` says why
  no_secrets,    // none was given, or no published key is there yet
  invalid_json,  // authentic, and not JSON where the provider sends JSON
  bad_request,   // any other fault of the headers or limits, as VerifyError

  // Of headers.
  missing_header,            // `text` names it, and a look-alike that is there
  other_provider_header,     // the signature header of another provider is there
  other_provider,            // genuine under another provider's rule
  clock,                     // outside the window; `clock_off` says by how much
  timestamp_unit,            // milliseconds for seconds, or the reverse
  timestamp_format,          // a time, and not written as digits alone
  id_and_timestamp_swapped,  // one stands for the other
  signed_text,               // right over another text: the body alone, another separator
  signature_algorithm,       // right by another hash
  signature_encoding,        // hex for base64, the reverse, or base64url
  signature_prefix,          // without its version tag, or with another
  signature_case,            // of another letter case
  url,                       // right for another spelling of the address

  // Of secrets.
  other_secret,        // a suspect's signature, not a configured one's
  expired_secret,      // a configured one's, which is not valid at this time
  secret_not_decoded,  // signed with the bytes of the secret's text, where it is decoded here
  secret_decoded,      // signed with the decoded secret, where the text itself is the key
  secret_wrapped,      // white space or quotes around the secret, on one of the sides

  // Of bodies.
  body_reserialised,         // parsed and written again: spaces, line breaks, order of keys
  body_escapes,              // non-ASCII, slashes or < > & escaped, or no longer
  body_newline,              // a newline at the end came or went
  body_line_endings,         // CRLF for LF, or the reverse
  body_bom,                  // a byte order mark came or went
  body_trimmed,              // white space at the ends came or went
  body_base64,               // wrapped in base64
  body_form,                 // a form, decoded
  body_compressed,           // compressed, or decompressed, on the way
  body_replaced_characters,  // bytes that were no UTF-8 were replaced
  body_truncated,            // shorter than its Content-Length
  body_empty,

  // Of credentials and tokens.
  missing_credential,
  credential_scheme,   // an Authorization of another kind, or one that cannot be read
  credential_place,    // the right secret in another place
  credential_wrapped,  // white space or quotes around it
  credential_parts,    // only the password, only the user, or both swapped
  wrong_credential,
  refused_algorithm,
  unknown_key,
  body_mismatch,  // a genuine token of another body

  unexplained,  // well-formed, and nothing tried reproduces it: other bytes or a secret that was not given
};
std::string_view to_text(FindingKind kind);  // "clock", "other_secret": stable, for machines

struct Finding {
  FindingKind kind;
  std::string text;                         // One sentence for a person.
  std::string fix;                          // One sentence: what to do. "" where it goes without saying.
  std::optional<VerifyError> verify_error;  // What the receiver said, where it did.
  std::optional<std::chrono::seconds> clock_off;  // now - timestamp
  std::string label;                              // Of the secret that the finding is about.
  std::string fingerprint;                        // Of that secret, as Secret::fingerprint().
};

// The findings, the most telling first; at least one. The Receiver accepts the request if and only if the
// first is `valid`.
std::vector<Finding> explain_request(const ForensicInput& input);

// What a secret would have made of this request: good for seeing where two texts differ, and a signature to
// whoever reads it. Only on demand.
struct ExpectedSignature {
  std::string label;   // of the secret
  std::string header;  // "webhook-signature"
  std::string value;
};
// One for each configured secret that can sign. None where the secret itself would be shown, and where the
// request lacks what is signed.
std::vector<ExpectedSignature> expected_signatures(const ForensicInput& input);

}  // namespace creel
