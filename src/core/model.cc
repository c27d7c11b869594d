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
    case AttemptResult::exit:
      return "exit";
    case AttemptResult::refused:
      return "refused";
    case AttemptResult::auth:
      return "auth";
  }
  return "unknown";
}

std::string_view to_text(DestinationKind kind) {
  switch (kind) {
    case DestinationKind::http:
      return "http";
    case DestinationKind::exec:
      return "exec";
    case DestinationKind::standard_output:
      return "stdout";
  }
  return "unknown";
}

std::string_view to_text(Pause::What what) {
  switch (what) {
    case Pause::What::source:
      return "source";
    case Pause::What::route:
      return "route";
    case Pause::What::destination:
      return "destination";
  }
  return "unknown";
}

std::string_view to_text(AttemptTrigger trigger) {
  switch (trigger) {
    case AttemptTrigger::first:
      return "first";
    case AttemptTrigger::retry:
      return "retry";
    case AttemptTrigger::manual:
      return "manual";
    case AttemptTrigger::replay:
      return "replay";
    case AttemptTrigger::resume:
      return "resume";
  }
  return "unknown";
}

}  // namespace creel
