#include <utility>

#include "verify/forensics.h"

namespace creel {

std::string_view to_text(FindingKind kind) {
  switch (kind) {
    case FindingKind::valid:
      return "valid";
    case FindingKind::bad_secret:
      return "bad_secret";
    case FindingKind::no_secrets:
      return "no_secrets";
    case FindingKind::invalid_json:
      return "invalid_json";
    case FindingKind::bad_request:
      return "bad_request";
    case FindingKind::missing_header:
      return "missing_header";
    case FindingKind::other_provider_header:
      return "other_provider_header";
    case FindingKind::other_provider:
      return "other_provider";
    case FindingKind::clock:
      return "clock";
    case FindingKind::timestamp_unit:
      return "timestamp_unit";
    case FindingKind::timestamp_format:
      return "timestamp_format";
    case FindingKind::id_and_timestamp_swapped:
      return "id_and_timestamp_swapped";
    case FindingKind::signed_text:
      return "signed_text";
    case FindingKind::signature_algorithm:
      return "signature_algorithm";
    case FindingKind::signature_encoding:
      return "signature_encoding";
    case FindingKind::signature_prefix:
      return "signature_prefix";
    case FindingKind::signature_case:
      return "signature_case";
    case FindingKind::url:
      return "url";
    case FindingKind::other_secret:
      return "other_secret";
    case FindingKind::expired_secret:
      return "expired_secret";
    case FindingKind::secret_not_decoded:
      return "secret_not_decoded";
    case FindingKind::secret_decoded:
      return "secret_decoded";
    case FindingKind::secret_wrapped:
      return "secret_wrapped";
    case FindingKind::body_reserialised:
      return "body_reserialised";
    case FindingKind::body_escapes:
      return "body_escapes";
    case FindingKind::body_newline:
      return "body_newline";
    case FindingKind::body_line_endings:
      return "body_line_endings";
    case FindingKind::body_bom:
      return "body_bom";
    case FindingKind::body_trimmed:
      return "body_trimmed";
    case FindingKind::body_base64:
      return "body_base64";
    case FindingKind::body_form:
      return "body_form";
    case FindingKind::body_compressed:
      return "body_compressed";
    case FindingKind::body_replaced_characters:
      return "body_replaced_characters";
    case FindingKind::body_truncated:
      return "body_truncated";
    case FindingKind::body_empty:
      return "body_empty";
    case FindingKind::missing_credential:
      return "missing_credential";
    case FindingKind::credential_scheme:
      return "credential_scheme";
    case FindingKind::credential_place:
      return "credential_place";
    case FindingKind::credential_wrapped:
      return "credential_wrapped";
    case FindingKind::credential_parts:
      return "credential_parts";
    case FindingKind::wrong_credential:
      return "wrong_credential";
    case FindingKind::refused_algorithm:
      return "refused_algorithm";
    case FindingKind::unknown_key:
      return "unknown_key";
    case FindingKind::body_mismatch:
      return "body_mismatch";
    case FindingKind::unexplained:
      return "unexplained";
  }
  std::unreachable();
}

}  // namespace creel
