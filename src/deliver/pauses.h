// What is paused, and which deliveries that holds.
//
// A paused destination is closed as a whole. Deliveries of a paused source or route are held one by one: by
// the source of the event, and by the route that decides now where it goes, not by the one that decided when
// it came.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "rules/filter.h"

namespace creel {

class Routes;

// Used on one thread.
class Pauses {
 public:
  // What another list, or other routes, change for deliveries that are looked at one by one.
  struct Change {
    bool holds_others = false;  // some that went are held, or the other way round
    bool has_resumed = false;   // the latter
  };
  // These are paused, and nothing else.
  Change set(const std::vector<Pause>& pauses);
  Change set_routes(std::shared_ptr<const Routes> routes);
  // One more.
  void add_destination(std::string name) { destinations_.insert(std::move(name)); }

  bool has_destination(std::string_view name) const { return destinations_.contains(name); }
  // Whether there is a delivery that holds() may say yes to: of a source or route.
  bool looks_at_events() const { return !sources_.empty() || !routes_paused_.empty(); }
  // Not const: what rules read of an event is kept in memory that is used again.
  bool holds(const StoredEvent& event, std::string_view destination);
  const std::vector<std::string>& sources() const { return sources_; }

 private:
  using Names = std::set<std::string, std::less<>>;
  void look_up_routes();

  Names destinations_, routes_paused_;
  std::vector<std::string> sources_;  // sorted
  std::shared_ptr<const Routes> routes_;
  Names led_to_;  // destinations to which a paused route leads
  RuleScratch scratch_;
};

}  // namespace creel
