#include "rules/plan.h"

#include <algorithm>
#include <utility>

namespace creel {
namespace {

using Result = PlannedBytes::Result;

// After failures that took so long together a transform is not tried again. A script that runs into its limit
// of steps takes about this long.
constexpr std::chrono::milliseconds kFailuresTakeMax{100};

// What goes out there, for comparing; nothing when nothing does, or it is not known.
struct Bytes {
  std::string_view head, body;
  bool operator==(const Bytes&) const = default;
};
std::optional<Bytes> bytes_of(const PlannedBytes& planned, const StoredEvent& event) {
  if (planned.result == Result::as_is) return Bytes{event.head, event.body};
  if (planned.made) return Bytes{planned.made->head, planned.made->body};
  return std::nullopt;
}

// Fails, or was not tried: nothing can be compared.
bool is_unknown(const PlannedBytes& planned) {
  return planned.result == Result::failed || planned.result == Result::not_tried;
}

PlannedDelivery& delivery_to(std::string_view destination, std::vector<PlannedDelivery>& deliveries) {
  const auto found = std::ranges::find(deliveries, destination, &PlannedDelivery::destination);
  if (found != deliveries.end()) return *found;
  PlannedDelivery& made = deliveries.emplace_back();
  made.destination = destination;
  return made;
}

void apply_both(PlanRules& before, PlanRules& after, const StoredEvent& event, PlannedDelivery& delivery) {
  if (delivery.before->transform == delivery.after->transform) {
    const Result result = delivery.after->transform.empty() ? Result::as_is : Result::same;
    delivery.bytes_before.result = delivery.bytes_after.result = result;
    return;
  }
  delivery.bytes_before = before.apply(*delivery.before, event);
  delivery.bytes_after = after.apply(*delivery.after, event);
  if (is_unknown(delivery.bytes_after)) return;                 // counted as such
  delivery.bytes_differ = is_unknown(delivery.bytes_before) ||  // today it is held, then it goes
                          bytes_of(delivery.bytes_before, event) != bytes_of(delivery.bytes_after, event);
}

void sum_up(PlanDifference& difference) {
  bool stays = false, gains = false, loses = false;
  for (const PlannedDelivery& delivery : difference.deliveries) {
    (delivery.before && delivery.after ? stays : delivery.after ? gains : loses) = true;
    difference.is_transformed |= delivery.bytes_differ;
    difference.has_failed |= delivery.bytes_after.result == Result::failed;
    difference.is_undecided |= delivery.bytes_after.result == Result::not_tried;
  }
  difference.goes_elsewhere = gains && loses;
  difference.goes_to_more = gains && !loses;
  difference.goes_to_fewer = loses && !gains && stays;
  difference.is_filtered = loses && !gains && !stays;
}

}  // namespace

std::string_view to_text(PlannedBytes::Result result) {
  switch (result) {
    case Result::as_is:
      return "as_is";
    case Result::same:
      return "same";
    case Result::made:
      return "made";
    case Result::nothing:
      return "nothing";
    case Result::failed:
      return "failed";
    case Result::not_tried:
      return "not_tried";
  }
  return "unknown";
}

// --- PlanRules
// -----------------------------------------------------------------------------------------------------

struct PlanRules::Script {
  std::optional<Transform> transform;
  std::string error;  // that it could not be compiled for
  std::chrono::nanoseconds failures_took{0};
};

PlanRules::PlanRules(std::shared_ptr<const Routes> routes, const Clock& clock)
    : routes_(std::move(routes)), clock_(&clock) {}
PlanRules::PlanRules(PlanRules&&) noexcept = default;
PlanRules::~PlanRules() = default;

PlannedBytes PlanRules::apply(const Route& route, const StoredEvent& event) {
  if (route.transform.empty()) return {};
  std::unique_ptr<Script>& script = scripts_[&route];
  if (!script) {
    script = std::make_unique<Script>();
    auto compiled = Transform::compile(route.transform);
    if (compiled) {
      script->transform = *std::move(compiled);
    } else {
      script->error = std::move(compiled.error().message);
    }
  }
  if (!script->transform) return {.result = Result::failed, .made = {}, .error = script->error};
  if (script->failures_took > kFailuresTakeMax) return {.result = Result::not_tried, .made = {}, .error = {}};

  const Ticks begun = clock_->ticks();
  auto made = script->transform->run(event);
  if (!made) {
    script->failures_took += clock_->ticks() - begun;
    return {.result = Result::failed, .made = {}, .error = std::move(made.error().message)};
  }
  const Result result = *made ? Result::made : Result::nothing;
  return {.result = result, .made = *std::move(made), .error = {}};
}

// --- Comparing
// -----------------------------------------------------------------------------------------------------

RuleInput rule_input(const StoredEvent& event) {
  return {.source = event.source, .type = event.type, .head = event.head, .body = event.body};
}

PlanDifference compare(PlanRules& before, PlanRules& after, const StoredEvent& event, RuleScratch& scratch) {
  std::vector<RouteMatch> today, then;
  const RuleInput input = rule_input(event);
  before.routes().match(input, scratch, today);
  after.routes().match(input, scratch, then);

  PlanDifference difference;
  for (const RouteMatch& match : then)
    delivery_to(match.destination, difference.deliveries).after = match.route;
  for (const RouteMatch& match : today)
    delivery_to(match.destination, difference.deliveries).before = match.route;
  for (PlannedDelivery& delivery : difference.deliveries) {
    if (delivery.before && delivery.after) {
      apply_both(before, after, event, delivery);
    } else if (delivery.after) {
      delivery.bytes_after = after.apply(*delivery.after, event);
    }
  }
  sum_up(difference);
  return difference;
}

}  // namespace creel
