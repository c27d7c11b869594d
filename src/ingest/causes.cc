#include <utility>

#include "ingest/ingest.h"

namespace creel {
namespace {

std::string_view name(VerifyError error) {
  switch (error) {
    case VerifyError::no_keys:
      return "no_keys";
    case VerifyError::missing_id:
      return "missing_id";
    case VerifyError::missing_timestamp:
      return "missing_timestamp";
    case VerifyError::missing_signature:
      return "missing_signature";
    case VerifyError::conflicting_header:
      return "conflicting_header";
    case VerifyError::invalid_id:
      return "invalid_id";
    case VerifyError::invalid_timestamp:
      return "invalid_timestamp";
    case VerifyError::timestamp_too_old:
      return "timestamp_too_old";
    case VerifyError::timestamp_too_new:
      return "timestamp_too_new";
    case VerifyError::malformed_signature:
      return "malformed_signature";
    case VerifyError::no_supported_signature:
      return "no_supported_signature";
    case VerifyError::too_many_signatures:
      return "too_many_signatures";
    case VerifyError::body_too_large:
      return "body_too_large";
    case VerifyError::signature_mismatch:
      return "signature_mismatch";
    case VerifyError::missing_credential:
      return "missing_credential";
    case VerifyError::malformed_credential:
      return "malformed_credential";
    case VerifyError::wrong_credential:
      return "wrong_credential";
    case VerifyError::refused_algorithm:
      return "refused_algorithm";
    case VerifyError::unknown_key:
      return "unknown_key";
    case VerifyError::body_mismatch:
      return "body_mismatch";
  }
  std::unreachable();
}

}  // namespace

std::string_view cause_name(const ReceiveError& error) {
  switch (error.cause) {
    case ReceiveCause::invalid_json:
      return "invalid_json";
    case ReceiveCause::signature:
      return name(error.verify_error.value_or(VerifyError::signature_mismatch));
  }
  std::unreachable();
}

}  // namespace creel
