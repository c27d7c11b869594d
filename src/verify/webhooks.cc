// The small words of the public header.
#include <creel/webhooks.h>

#include "verify/headers.h"

namespace creel {

std::optional<std::string_view> find_header(Headers headers, std::string_view name) {
  for (const Header& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

bool Key::is_valid_at(std::chrono::sys_seconds now) const {
  return (!not_before || now >= *not_before) && (!not_after || now <= *not_after);
}

bool is_ours(VerifyError error) {
  return error == VerifyError::no_keys;
}

std::string_view describe(VerifyError error) {
  switch (error) {
    case VerifyError::no_keys:
      return "no secret is configured, or none is valid at this time";
    case VerifyError::missing_id:
      return "the request has no webhook-id header";
    case VerifyError::missing_timestamp:
      return "the request has no webhook-timestamp header";
    case VerifyError::missing_signature:
      return "the request has no webhook-signature header, or an empty one";
    case VerifyError::conflicting_header:
      return "a signature header stands twice with different values";
    case VerifyError::invalid_id:
      return "the id is empty, too long, not printable ASCII, or has a full stop in it";
    case VerifyError::invalid_timestamp:
      return "the timestamp is not a plain number of unix seconds";
    case VerifyError::timestamp_too_old:
      return "the timestamp is older than the window allows: a replay, or a wrong clock";
    case VerifyError::timestamp_too_new:
      return "the timestamp is further in the future than the window allows: a wrong clock";
    case VerifyError::malformed_signature:
      return "the signature header holds no signature: a version, a comma and base64 are expected";
    case VerifyError::no_supported_signature:
      return "the signatures are of versions for which no key is configured";
    case VerifyError::too_many_signatures:
      return "the signature header holds more signatures than the limit";
    case VerifyError::body_too_large:
      return "the body is larger than the limit";
    case VerifyError::signature_mismatch:
      return "the signature does not match: it was made with another secret or over other bytes";
    case VerifyError::missing_credential:
      return "the request carries no credential where this source wants one";
    case VerifyError::malformed_credential:
      return "the credential cannot be read, or is of another kind than this source wants";
    case VerifyError::wrong_credential:
      return "the credential is not that of this source";
    case VerifyError::refused_algorithm:
      return "the token is signed by an algorithm that this source does not accept";
    case VerifyError::unknown_key:
      return "the token is signed with a key that is not among the published ones";
    case VerifyError::body_mismatch:
      return "the signature is right, but it belongs to another body";
  }
  return "unknown error";
}

}  // namespace creel
