// A world around creel: time, a disk that fails, senders, operators and destinations, all out of one seed.
//
//   World world(17);
//   world.run();
//   if (world.wrong()) print(*world.wrong());
//
// One thread takes one small step after another, which chance chooses: a thread of the program moves on a
// little, a webhook comes, an answer arrives, the disk fails, the process is killed, the power goes. After
// each crash the program is opened again, and what it holds is held against what was promised. At the end the
// storms cease, time passes, and what is pending still has to wait for an operator: paused, not configured,
// or behind a dead one of its key. Then they resume everything, and everything has to come to its end.
//
// The same seed does the same again, whatever the machine.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/log.h"
#include "core/random.h"
#include "tests/simulation/program.h"
#include "tests/simulation/truth.h"
#include "tests/simulation/webhook.h"
#include "tests/support/delivery_chances.h"
#include "tests/support/delivery_rules.h"

namespace creel::simulation {

// What happened, so that one can see that the storms blow.
struct Tally {
  std::uint64_t accepted = 0, duplicates = 0, refused = 0, dropped = 0;
  std::uint64_t as_they_are = 0, by_transform = 0, nowhere = 0;
  std::uint64_t attempts = 0, repeated = 0, repeated_in_trouble = 0;
  std::uint64_t delivered = 0, dead = 0, cancelled = 0;
  std::uint64_t kills = 0, power_cuts = 0, restarts = 0, failed_opens = 0, failed_syncs = 0;
  std::uint64_t reloads = 0, pauses = 0, resumes = 0, gone = 0, opened = 0, in_order = 0, held = 0;
  std::uint64_t compared = 0, rebuilds = 0, segments_removed = 0, events_copied = 0, events_gone = 0;
  Tally& operator+=(const Tally& other);
};
std::string to_text(const Tally& tally);

class World final : private Program::Watcher {
 public:
  // `folder` is empty, and on a real disk. With `trace` each step is told to it.
  World(std::uint64_t seed, std::string folder, Log& log, std::vector<std::string>* trace);
  ~World() override;

  void run();
  // The first thing that is not as it was promised.
  const std::optional<std::string>& wrong() const { return wrong_; }
  const Tally& tally() const { return tally_; }

 private:
  enum class End { kill, power_cut, restart };
  enum class IndexAccident { none, deleted, garbage, older };

  // --- Steps (world.cc)
  void step();
  void send();
  std::unique_ptr<Webhook> make_webhook();
  void aim(Webhook& webhook);
  void commit();
  void index();
  void deliver(std::size_t letters);
  void end_some_attempt();
  void bustle();
  void pass_time();
  void pass(Ticks::duration by);
  std::optional<Ticks> next_deadline() const;

  // --- Operators, and the end (world_operators.cc)
  void operate();
  void command(Command::Kind kind, EventId event, std::string destination);
  void reload();
  void configure(std::string_view name);
  Program::Settings settings() const;
  void repause();
  void pause(Pause::What what, const std::string& name, bool is_paused);
  void settle();
  void come_to_rest();
  bool is_at_rest() const;
  bool settle_once();
  void cancel_dead();
  void check_held();
  bool is_held(EventId id, const TrueEvent& event, const std::string& name);

  // --- The disk and the end of a life (world_faults.cc)
  void fault();
  void calm();
  void watch_trouble();
  void die(End end);
  void ruin_index(IndexAccident accident);
  void open();
  ProgramOptions program_options() const;

  // --- What was promised of attempts (world_attempts.cc)
  struct Site;
  void on_start(AttemptOrder order) override;
  void on_outcome(const Outcome& outcome) override;
  void on_told(const DeliveryId& id, Sequence sequence) override;
  void on_configured(std::size_t number, const Destination* destination) override;
  void on_gone(std::size_t number) override;
  void on_breaker(std::size_t number, BreakerState state) override;
  void check_repeat(const DeliveryId& id, std::uint32_t number);
  void check_allowed(const AttemptOrder& order, const DeliveryId& id);
  void check_gate(const AttemptOrder& order, const DeliveryId& id);
  void check_pauses(const AttemptOrder& order, const DeliveryId& id);
  void check_order(const AttemptOrder& order, const DeliveryId& id);
  bool parks_for_certain(const DeliveryId& id, const Site& site) const;
  Version as_recorded(const DeliveryId& id, const TrueDelivery& delivery) const;
  bool runs(EventId event, std::size_t number) const;
  static std::string_view key_of(std::string_view head);  // "" without one

  // --- What was promised of the rest (world_checks.cc)
  void check_state();
  void check_answers();
  void check_answer(const Sending& sending);
  void check_index();
  void check_row(store::Index& index, EventId id, const TrueEvent& event, std::size_t& rows);
  void check_ways(EventId id, const TrueEvent& event, const std::map<std::string, bool>& ways);
  void check_content(EventId id, const TrueEvent& event);
  void check_pages(std::size_t rows);
  void check_rebuilt();
  void check_end();

  void fail(std::string what);
  void fail(const DeliveryId& id, std::uint32_t number, const trial::Wrong& wrong);
  bool ok() const { return !wrong_; }
  bool chance(std::uint64_t one_in) { return random_.below(one_in) == 0; }
  // Costs nothing without a trace.
  template <class... T>
  void note(fmt::format_string<T...> text, T&&... values) {
    if (trace_ == nullptr) return;
    const std::chrono::duration<double, std::milli> at = clock_.ticks().time_since_epoch();
    trace_->push_back(fmt::format("{:.3f} ms  ", at.count()) + fmt::format(text, std::forward<T>(values)...));
  }

  Random random_;
  SimulatedClock clock_;
  std::string folder_;
  Log& log_;
  std::vector<std::string>* trace_;
  std::optional<std::string> wrong_;
  Tally tally_;

  // The kind of world it is.
  store::JournalOptions journal_options_;
  store::IndexOptions index_options_;
  store::RetentionOptions retention_options_;
  DestinationQueue::Limits limits_;
  std::size_t recent_keys_ = 0;
  std::vector<std::chrono::seconds> windows_;  // of the sources
  bool leaps_ = false, reloads_ = false, pauses_ = false;
  trial::DestinationKinds kinds_;
  std::uint64_t crash_one_in_ = 0, fault_one_in_ = 0;

  std::unique_ptr<SplitDisk> disk_;
  std::unique_ptr<Program> program_;
  Truth truth_;

  // Senders.
  std::vector<std::unique_ptr<Sending>> sendings_;
  std::vector<Sending*> answered_;
  std::uint64_t webhooks_ = 0;
  std::vector<std::unique_ptr<Webhook>> repeatable_;
  std::set<EventId> acknowledged_;
  std::set<EventId> gone_;  // removed by retention

  // Destinations.
  struct Running {
    AttemptOrder order;
    Ticks ends;
  };
  std::vector<Running> running_;
  std::map<std::string, trial::Moody, std::less<>> moods_;
  bool is_resting_ = false;
  const AttemptReport* ending_ = nullptr;  // of the attempt that ends at this moment
  struct Made {
    std::uint32_t number = 1;
    std::size_t life = 0;
    std::optional<Ticks> recorded;
    bool was_accepted = false;
  };
  std::map<DeliveryId, std::vector<Made>> made_;
  std::map<DeliveryId, Outcome> unsettled_;  // of this life, and not in the journal yet
  std::map<DeliveryId, Sequence> told_;      // what this life's dispatcher has to know

  // What operators want.
  std::map<std::string, Destination> configured_;
  std::shared_ptr<const Routes> routes_;
  std::map<std::string, std::uint32_t> attempts_most_;  // that any policy of a destination has allowed
  using PauseKey = std::pair<Pause::What, std::string>;
  std::map<PauseKey, std::uint64_t> asked_;  // which request was the last
  std::uint64_t requests_ = 0;
  std::map<PauseKey, Pause> promised_;  // pauses that an operator knows of, until they want to resume

  // What the dispatcher goes by, of each destination by its number.
  struct Site {
    Destination settings;
    bool is_active = false;
    Ticks ordered_at{};  // since when it goes by this order
    trial::RateWatch rate;
    Ticks held_until{};             // by a Retry-After
    std::optional<EventId> canary;  // of a breaker that is half open
  };
  std::vector<Site> sites_;
  // An operator's retry gave them another place in their line, which only this life's dispatcher knew.
  std::set<DeliveryId> unordered_;

  // Lives.
  struct Life {
    End end = End::kill;
    Ticks ended;
    std::optional<Ticks> last_trouble;  // something could not be written then
  };
  std::vector<Life> lives_;
  std::optional<Ticks> last_trouble_;
  bool is_faulty_ = false, is_cutting_ = false;
  std::uint64_t cut_at_ = 0;  // at this operation of the disk the process ends
  std::uint64_t rebuilds_allowed_ = 0;
  std::optional<SplitDisk::Copy> backup_;
};

}  // namespace creel::simulation
