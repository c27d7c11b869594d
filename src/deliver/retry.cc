#include "deliver/retry.h"

#include <algorithm>
#include <cmath>

namespace creel {
namespace {

std::chrono::milliseconds milliseconds(double count) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::llround(std::max(count, 0.0))));
}

// Without chance.
std::chrono::milliseconds longest_planned(const RetryPolicy& policy) {
  if (policy.growth == RetryPolicy::Growth::list && !policy.delays.empty())
    return std::ranges::max(policy.delays);
  return policy.max;
}

std::chrono::milliseconds bounded(std::chrono::seconds retry_after, const RetryPolicy& policy) {
  const auto most = std::chrono::ceil<std::chrono::seconds>(retry_after_max(policy));
  return std::clamp(retry_after, std::chrono::seconds(0), most);
}

// In milliseconds, after the attempt of this number, without chance.
double delay_after(const RetryPolicy& policy, std::uint32_t attempts) {
  const std::size_t failures = std::max<std::uint32_t>(attempts, 1);
  if (policy.growth == RetryPolicy::Growth::list && !policy.delays.empty())
    return static_cast<double>(policy.delays[std::min(failures, policy.delays.size()) - 1].count());
  const double most = static_cast<double>(policy.max.count());
  // Growth leaves the range of a double after some hundred attempts; infinity compares as it should.
  const double grown = static_cast<double>(policy.initial.count()) *
                       (policy.growth == RetryPolicy::Growth::linear
                            ? static_cast<double>(failures)
                            : std::pow(policy.factor, static_cast<double>(failures - 1)));
  return std::isnan(grown) ? most : std::min(grown, most);
}

}  // namespace

std::chrono::milliseconds retry_after_max(const RetryPolicy& policy) {
  return std::max<std::chrono::milliseconds>(std::chrono::hours(1), longest_planned(policy));
}

bool is_tried_again(const RetryPolicy& policy, AttemptResult result, int status) {
  if (result == AttemptResult::delivered) return false;
  if (result != AttemptResult::status || policy.statuses.empty()) return true;
  const auto has = [status](const StatusRange& range) { return range.from <= status && status <= range.to; };
  bool is_named = std::ranges::all_of(policy.statuses, &StatusRange::is_excluded);
  for (const StatusRange& range : policy.statuses) {
    if (has(range) && range.is_excluded) return false;
    is_named |= has(range);
  }
  return is_named;
}

std::optional<std::chrono::milliseconds> next_delay(const RetryPolicy& policy, AttemptResult result,
                                                    std::uint32_t attempts, double spread,
                                                    std::optional<std::chrono::seconds> retry_after) {
  if (result == AttemptResult::delivered) return std::nullopt;
  if (policy.attempts <= 0 || attempts >= static_cast<std::uint32_t>(policy.attempts)) return std::nullopt;

  const auto wait = milliseconds(delay_after(policy, attempts) * (1.0 + policy.jitter * spread));
  if (!retry_after) return wait;
  return std::max<std::chrono::milliseconds>(wait, bounded(*retry_after, policy));
}

std::chrono::milliseconds longest_delay(const RetryPolicy& policy) {
  const double most = static_cast<double>(longest_planned(policy).count());
  return std::max<std::chrono::milliseconds>(milliseconds(most * (1.0 + std::abs(policy.jitter))),
                                             bounded(std::chrono::seconds::max(), policy));
}

}  // namespace creel
