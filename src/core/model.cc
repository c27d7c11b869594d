#include "core/model.h"

namespace creel {

std::string_view to_text(DeliveryState state) {
  switch (state) {
    case DeliveryState::pending:
      return "pending";
    case DeliveryState::delivered:
      return "delivered";
    case DeliveryState::dead:
      return "dead";
    case DeliveryState::cancelled:
      return "cancelled";
  }
  return "unknown";
}

std::string_view to_text(AttemptResult result) {
  switch (result) {
    case AttemptResult::delivered:
      return "delivered";
    case AttemptResult::status:
      return "status";
    case AttemptResult::connect:
      return "connect";
    case AttemptResult::dns:
      return "dns";
    case AttemptResult::tls:
      return "tls";
    case AttemptResult::timeout:
      return "timeout";
    case AttemptResult::reset:
      return "reset";
    case AttemptResult::body_limit:
      return "body_limit";
    case AttemptResult::unsent:
      return "unsent";
  }
  return "unknown";
}

}  // namespace creel
