// What other routes would make of an event, compared with those of today.
//
//   PlanRules today(running, clock), then(planned, clock);
//   const PlanDifference difference = compare(today, then, event, scratch);
//   if (difference.differs()) …
//
// Pure but for the clock, which only says when a script that fails slowly is given up.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/model.h"
#include "rules/routes.h"
#include "rules/transform.h"

namespace creel {

// What a route's transform makes of an event.
struct PlannedBytes {
  enum class Result : std::uint8_t {
    as_is,      // the route has no transform
    same,       // both sides have the same transform: not run
    made,       // `made` goes out
    nothing,    // the transform returned nil: nothing goes out
    failed,     // `error` says why; the delivery would be held
    not_tried,  // the same transform has failed so slowly on events before that it is tried no more
  };
  Result result = Result::as_is;
  std::optional<Transformed> made;
  std::string error;
};
std::string_view to_text(PlannedBytes::Result result);

// Routes with their transforms, compiled when they are first needed. For one thread and a few hundred
// milliseconds: a transform whose failures took longer than a tenth of a second is not tried again.
class PlanRules {
 public:
  // `clock` outlives it.
  PlanRules(std::shared_ptr<const Routes> routes, const Clock& clock);
  PlanRules(PlanRules&&) noexcept;
  ~PlanRules();

  const Routes& routes() const { return *routes_; }
  PlannedBytes apply(const Route& route, const StoredEvent& event);

 private:
  struct Script;
  std::shared_ptr<const Routes> routes_;
  const Clock* clock_;
  std::map<const Route*, std::unique_ptr<Script>> scripts_;
};

// One event at one destination, on one side or on both.
struct PlannedDelivery {
  std::string_view destination;   // lives as long as both Routes
  const Route* before = nullptr;  // the route that decides today; null: it does not go there today
  const Route* after = nullptr;
  PlannedBytes bytes_before, bytes_after;  // of a side without a route nothing is known
  bool bytes_differ = false;               // it goes there on both sides, and what goes out differs
};

struct PlanDifference {
  std::vector<PlannedDelivery> deliveries;  // in the order of the file, those that end last

  // What kind of difference it is. The first four exclude one another.
  bool goes_to_more = false;   // to all of today's destinations, and to others
  bool goes_to_fewer = false;  // to some of today's, and to no others
  bool goes_elsewhere = false;
  bool is_filtered = false;  // went somewhere, and would go nowhere
  bool is_transformed = false;
  bool has_failed = false;    // a transform of the other side, new or changed, fails
  bool is_undecided = false;  // or was not tried
  bool differs() const {
    return goes_to_more || goes_to_fewer || goes_elsewhere || is_filtered || is_transformed || has_failed ||
           is_undecided;
  }
};

// What of an event rules look at. The views are the event's.
RuleInput rule_input(const StoredEvent& event);

PlanDifference compare(PlanRules& before, PlanRules& after, const StoredEvent& event, RuleScratch& scratch);

}  // namespace creel
