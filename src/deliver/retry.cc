#include "deliver/retry.h"

#include <algorithm>
#include <cmath>

namespace creel {
namespace {

std::chrono::milliseconds milliseconds(double count) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::llround(std::max(count, 0.0))));
}

std::chrono::milliseconds bounded(std::chrono::seconds retry_after, const RetryPolicy& policy) {
  const auto most = std::chrono::ceil<std::chrono::seconds>(std::max(kRetryAfterMax, policy.max));
  return std::clamp(retry_after, std::chrono::seconds(0), most);
}

}  // namespace

std::optional<std::chrono::milliseconds> next_delay(const RetryPolicy& policy, AttemptResult result,
                                                    std::uint32_t attempts, double spread,
                                                    std::optional<std::chrono::seconds> retry_after) {
  if (result == AttemptResult::delivered) return std::nullopt;
  if (policy.attempts <= 0 || attempts >= static_cast<std::uint32_t>(policy.attempts)) return std::nullopt;

  const double most = static_cast<double>(policy.max.count());
  // Growth leaves the range of a double after some hundred attempts; infinity compares as it should.
  const double grown = static_cast<double>(policy.initial.count()) *
                       std::pow(policy.factor, static_cast<double>(attempts > 0 ? attempts - 1 : 0));
  const double delay = std::isnan(grown) ? most : std::min(grown, most);
  const auto wait = milliseconds(delay * (1.0 + policy.jitter * spread));
  if (!retry_after) return wait;
  return std::max<std::chrono::milliseconds>(wait, bounded(*retry_after, policy));
}

std::chrono::milliseconds longest_delay(const RetryPolicy& policy) {
  const double most = static_cast<double>(policy.max.count());
  return std::max<std::chrono::milliseconds>(milliseconds(most * (1.0 + std::abs(policy.jitter))),
                                             bounded(std::chrono::seconds::max(), policy));
}

}  // namespace creel
