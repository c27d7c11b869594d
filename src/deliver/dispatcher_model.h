// The dispatcher against a model of a store, for thousands of seeds.
//
// The model has a journal, an index that lags behind it, news that arrive late and in batches, pages that are
// read at one time and arrive at another, attempts that end in any order, operators who cancel and retry,
// restarts that forget everything but the journal, in some seeds a wall clock that jumps, and in most
// destinations that come, go and change while all this runs, transforms that fail or cancel, destinations
// with limits and breakers that say "too many", "gone" and "never again", pauses of everything that can be
// paused, and deliveries that wait for others of their key.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/random.h"
#include "deliver/dispatcher.h"
#include "rules/routes.h"
#include "tests/support/delivery_chances.h"
#include "tests/support/delivery_rules.h"

namespace creel::dispatcher_model {

using namespace std::chrono_literals;  // of tests only

inline const std::vector<std::string> kNames(trial::kDestinations.begin(), trial::kDestinations.end());

struct Truth {
  DeliveryState state = DeliveryState::pending;
  Time due;
  std::uint32_t attempts = 0, attempts_base = 0;
  Sequence sequence = 0;
  std::shared_ptr<const StoredEvent> content;
};
using Rows = std::map<DeliveryId, Truth>;

struct Made {
  DeliveryId id;
  Time due;
  std::shared_ptr<const StoredEvent> content;
};
using Record = std::variant<Made, Outcome, Command>;

// Which of the transforms are broken: of two kinds of events they fail, a third they cancel.
using Broken = std::array<bool, 3>;
struct Told {
  DeliveryId id;
  std::size_t number = 0;
  DeliveryNews news;
};
struct Reload {
  std::map<std::size_t, Destination> destinations;
  std::shared_ptr<const Routes> routes;
  Broken broken{};
};
using Repause = std::vector<Pause>;

// One world, all by chance from its seed. Expectations fail where the dispatcher does wrong.
class World final : Dispatcher::Actions {
 public:
  explicit World(std::uint64_t seed);
  void step();     // one thing happens
  void advance();  // the dispatcher does what it can
  void maybe_restart();

  // Lets everything come to its end: no more faults, only time. What a transform holds stays as it is, and
  // nothing else; then the transforms are mended.
  void settle();

 private:
  void come_to_rest();
  void expect_nothing_lost();

  // --- what operators do

  Destination destination(std::string name);

  // The names are known to the index from here on; the dispatcher hears of it later, in the order of the
  // mail.
  void publish();
  void reload();
  void configure_all();
  void repause();

  // --- what the dispatcher does

  void start(AttemptOrder order, Time) override;
  void expect_order(const DeliveryId& id, const Destination& destination);
  bool waits_for_another(const DeliveryId& id) const;
  void cancel_dead();
  std::string key_of(const DeliveryId& id) const;
  void take_back(const AttemptOrder& order);  // it was not made
  bool runs(const DeliveryId& id) const;
  bool is_paused(const DeliveryId& id, const StoredEvent& event) const;

  // No other delivery that the dispatcher has been told of should have gone before.
  void expect_first(const DeliveryId& id, const Truth& row);
  void fetch(std::size_t destination, DueQuery query) override;
  void fetch_dead(std::size_t destination, DueQuery query) override;
  void record(std::size_t, Outcome outcome) override;
  void on_gone(std::size_t destination) override;

  // --- what the store does

  static void apply(Rows& rows, const Record& record, Sequence sequence, bool tells_ignored,
                    std::vector<DeliveryId>* changed);
  void journal(Record record);
  void make_event();
  void command();
  void index_some();
  void tell_some();
  void tell(const Told& told);
  void apply_reload(const Reload& reload);
  void apply(const Repause& pauses);
  void read_page();
  DuePage due_page(const DueQuery& query) const;
  DuePage dead_page(const DueQuery& query) const;
  void bring_page();
  void end_attempt();

  // By the transforms of the moment: an event goes on, is held, or is cancelled.
  void end_transform();

  // The cancellation of one that its transform cancelled could not be kept: it is tried again.
  void release();
  void pass_time();

  // A crash: whatever was only in memory is gone, and the index reads on to the end before dispatch begins.
  void restart();

  Random random_;
  std::uint64_t seed_;
  bool clocks_jump_ = false, index_tells_ignored_outcomes_ = false, reloads_ = false, transforms_ = false;
  bool limits_destinations_ = false, pauses_things_ = false, policies_changed_ = false, orders_ = false;
  std::uint64_t failures_of_ten_ = 0;
  std::chrono::milliseconds longest_ = 1h;
  DestinationQueue::Limits limits_;
  Moment now_{.wall = Time(1'700'000'000'000ms), .ticks = Ticks(1h)};

  std::vector<Record> journal_;
  std::size_t indexed_ = 0;
  Sequence told_upto_ = 0;
  Rows truth_;  // the whole journal applied
  Rows index_;  // as far as it is indexed
  std::map<DeliveryId, bool> raced_;
  // Those that an operator said retry about are where they were not before; a park that goes on while one is
  // pending is not known after a restart.
  std::set<DeliveryId> retried_, unordered_;
  std::deque<std::variant<Told, Reload, Repause>> mail_;
  struct Ask {
    std::size_t destination = 0;
    DueQuery query;
    bool is_of_dead = false;
  };
  struct Page {
    Ask ask;
    DuePage page;
  };
  std::deque<Ask> asks_;
  bool asked_ = false;
  std::vector<bool> fetching_;
  std::optional<Page> page_;
  std::vector<AttemptOrder> transforming_, running_;
  std::set<DeliveryId> held_;     // by a transform that failed
  std::set<DeliveryId> closing_;  // by one that cancelled, as far as the dispatcher knows
  std::deque<AttemptOrder> uncancelled_;

  std::map<std::string, Destination> configured_;  // what operators want
  Broken broken_{};
  std::map<std::string, std::size_t> numbers_;  // what the index knows
  std::vector<Destination> known_;              // what the dispatcher knows, by number
  std::set<std::size_t> active_;                // of those, the ones that are configured
  Broken applied_broken_{};
  Repause pauses_, applied_pauses_;  // what operators want, and what the dispatcher knows
  std::shared_ptr<const Routes> routes_, applied_routes_;
  std::vector<std::map<DeliveryId, Ticks>> began_;  // by number: when those that run began
  std::vector<trial::RateWatch> rates_;             // by number
  std::map<std::string, trial::Moody> moods_;
  const AttemptReport* ending_ = nullptr;  // of the attempt that ends at this moment
  std::optional<Dispatcher> dispatcher_;
};

}  // namespace creel::dispatcher_model
