#include "verify/event_types.h"

#include <algorithm>
#include <array>
#include <vector>

namespace creel {
namespace {

// As OpenAI's guides and SDKs have them, withdrawn ones included: a stored event may still carry its name.
// Note the one l of eval.run.canceled.
constexpr std::array<std::string_view, 33> kOpenaiTypes{
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
static_assert(std::ranges::is_sorted(kOpenaiTypes));

// Insertions, deletions and replacements that turn one text into the other.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const std::string_view> openai_event_types() {
  return kOpenaiTypes;
}

std::optional<std::string_view> nearest_name(std::span<const std::string_view> names, std::string_view text) {
  constexpr std::size_t kTextMax = 128;
  if (text.size() > kTextMax) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t edits_min = std::max<std::size_t>(2, text.size() / 4) + 1;
  for (std::string_view name : names) {
    const std::size_t edits = edits_between(text, name);
    if (edits >= edits_min) continue;
    edits_min = edits;
    nearest = name;
  }
  return nearest;
}

}  // namespace creel
