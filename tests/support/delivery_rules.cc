#include "tests/support/delivery_rules.h"

#include <algorithm>

#include <fmt/format.h>

#include "deliver/retry.h"

namespace creel::trial {
namespace {

constexpr int kGone = 410;

bool is_gone(const RetryPolicy& policy, const AttemptReport& report) {
  return report.result == AttemptResult::status && report.status == kGone &&
         std::ranges::none_of(policy.statuses, [](const StatusRange& range) {
           return range.from == kGone && range.to == kGone;
         });
}

}  // namespace

void RateWatch::set(const std::optional<Rate>& rate) {
  if (rate == rate_) return;
  rate_ = rate;
  begins_.clear();
}

Wrong RateWatch::on_begun(Ticks at) {
  if (!rate_) return std::nullopt;
  begins_.insert(at);
  begins_.erase(begins_.begin(), begins_.upper_bound(at - rate_->per));
  const auto a_second =
      static_cast<std::uint32_t>(std::max<std::int64_t>(1, rate_->count * 1000 / rate_->per.count()));
  const std::size_t most = rate_->count + rate_->burst.value_or(a_second);
  if (begins_.size() <= most) return std::nullopt;
  return fmt::format("{} attempts within {} ms, and the rate allows {}", begins_.size(), rate_->per.count(),
                     most);
}

void RateWatch::on_withdrawn(Ticks at) {
  if (const auto one = begins_.find(at); one != begins_.end()) begins_.erase(one);
}

bool is_paused(std::span<const Pause> pauses, Pause::What what, std::string_view name) {
  return std::ranges::any_of(pauses,
                             [&](const Pause& pause) { return pause.what == what && pause.name == name; });
}

bool is_paused(std::span<const Pause> pauses, const Routes& routes, std::string_view destination,
               std::string_view source, std::string_view type) {
  if (pauses.empty()) return false;
  if (is_paused(pauses, Pause::What::destination, destination)) return true;
  if (is_paused(pauses, Pause::What::source, source)) return true;
  RuleScratch scratch;
  const Route* route = routes.deciding({.source = source, .type = type}, scratch, destination);
  return route != nullptr && is_paused(pauses, Pause::What::route, route->name);
}

Wrong order_wrong(const OrderPolicy& order, EventId begins, const OtherOfKey& other) {
  const bool parks = order.on_failure == OrderPolicy::OnFailure::park;
  const bool skips = order.on_failure == OrderPolicy::OnFailure::skip;
  if (other.runs) return fmt::format("{} runs beside it", to_text(other.event));
  if (other.event > begins || other.is_unknown) return std::nullopt;
  if (parks && other.state == DeliveryState::dead)
    return fmt::format("{} parks its key", to_text(other.event));
  if (other.state != DeliveryState::pending || other.is_held) return std::nullopt;
  if (other.is_moved && !(parks && other.was_dead)) return std::nullopt;
  if (skips && other.is_aside) return std::nullopt;
  return fmt::format("{} comes before it", to_text(other.event));
}

Wrong outcome_wrong(const Ending& ending) {
  const RetryPolicy& policy = ending.policy;
  const AttemptReport& report = ending.report;
  const Outcome& outcome = ending.outcome;
  const bool is_delivered = report.result == AttemptResult::delivered;
  if (is_delivered != (outcome.state == DeliveryState::delivered))
    return fmt::format("ended with {} and is recorded as {}", to_text(report.result), to_text(outcome.state));
  if (is_delivered) return std::nullopt;
  const auto attempts = static_cast<std::uint32_t>(policy.attempts);
  const bool is_final =
      report.is_final || (!is_gone(policy, report) && !is_tried_again(policy, report.result, report.status));
  const bool has_age = policy.age.count() > 0 && !ending.is_retried_by_hand;
  if (outcome.state == DeliveryState::pending) {
    if (is_final) return "is tried again after an answer that was final";
    if (ending.counted_least >= attempts)
      return fmt::format("is tried again after {} attempts of {}", ending.counted_least, attempts);
    if (has_age && outcome.due > ending.received + policy.age)
      return "is tried again later than its age allows";
  } else if (outcome.state == DeliveryState::dead) {
    // By hand or not: what is retried so may not have been heard of.
    const bool is_too_old =
        policy.age.count() > 0 && ending.now + longest_delay(policy) > ending.received + policy.age;
    if (!is_final && !is_too_old && ending.counted_most < attempts)
      return fmt::format("is dead after {} attempts of {}", ending.counted_most, attempts);
  }
  return std::nullopt;
}

Wrong bounds_wrong(const DestinationQueue::Status& status, const DestinationQueue::Limits& limits) {
  if (status.queued > limits.deliveries_max) return fmt::format("{} deliveries in memory", status.queued);
  if (status.queued > 1 && status.queued_bytes > limits.bytes_max)
    return fmt::format("{} bytes in memory", status.queued_bytes);
  if (status.fresh > limits.deliveries_max / 4) return fmt::format("{} in the fresh lane", status.fresh);
  if (status.held > limits.held_max + 3) return fmt::format("{} are held", status.held);
  return std::nullopt;
}

}  // namespace creel::trial
