// The names of OpenAI's events, and the nearest name to a mistyped one.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

namespace creel {

// As OpenAI's guides and SDKs have them, withdrawn ones included: a stored event may still carry its name.
// Note the one l of eval.run.canceled.
inline constexpr std::array<std::string_view, 33> kOpenaiTypes{
    "agent.environment.expired",
    "agent.environment.failed",
    "agent.environment.ready",
    "agent.environment.suspended",
    "agent.session.action_required",
    "agent.session.created",
    "agent.session.failed",
    "agent.session.idle",
    "agent.session.in_progress",
    "batch.cancelled",
    "batch.completed",
    "batch.expired",
    "batch.failed",
    "eval.run.canceled",
    "eval.run.failed",
    "eval.run.succeeded",
    "fine_tuning.job.cancelled",
    "fine_tuning.job.failed",
    "fine_tuning.job.succeeded",
    "live.call.incoming",
    "live.transport.incoming",
    "realtime.call.incoming",
    "response.cancelled",
    "response.completed",
    "response.failed",
    "response.incomplete",
    "safety.alert.created",
    "safety.deactivation_issued",
    "safety.org_alert.created",
    "safety.warning_issued",
    "safety_identifier.blocked",
    "video.completed",
    "video.failed",
};

// The name of the list with the fewest edits to `text`, or nothing when even that is another word.
std::optional<std::string_view> nearest_name(std::span<const std::string_view> names, std::string_view text);

}  // namespace creel
