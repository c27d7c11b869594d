// A world around creel: time, a disk that fails, senders, operators and destinations, all out of one seed.
//
//   World world(17);
//   world.run();
//   if (world.wrong()) print(*world.wrong());
//
// One thread takes one small step after another, which chance chooses: a thread of the program moves on a
// little, a webhook comes, an answer arrives, the disk fails, the process is killed, the power goes. After
// each crash the program is opened again, and what it holds is held against what was promised. At the end the
// storms cease, time passes, and everything has to come to its end.
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

namespace creel::simulation {

// What happened, so that one can see that the storms blow.
struct Tally {
  std::uint64_t accepted = 0, duplicates = 0, refused = 0, dropped = 0;
  std::uint64_t as_they_are = 0, by_transform = 0, nowhere = 0;
  std::uint64_t attempts = 0, repeated = 0, repeated_in_trouble = 0;
  std::uint64_t delivered = 0, dead = 0, cancelled = 0;
  std::uint64_t kills = 0, power_cuts = 0, restarts = 0, failed_opens = 0, failed_syncs = 0;
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
  void aim(Webhook& webhook);
  void operate();
  void commit();
  void index();
  void end_some_attempt();
  void pass_time();
  void pass(Ticks::duration by);
  std::optional<Ticks> next_deadline() const;
  void settle();
  bool settle_once();

  // --- The disk and the end of a life (world_faults.cc)
  void fault();
  void calm();
  void watch_trouble();
  void die(End end);
  void ruin_index(IndexAccident accident);
  void open();
  ProgramOptions program_options() const;

  // --- What was promised (world_checks.cc)
  void on_start(AttemptOrder order) override;
  void on_outcome(const Outcome& outcome) override;
  void on_told(const DeliveryId& id, Sequence sequence) override;
  void check_repeat(const DeliveryId& id, std::uint32_t number);
  void check_allowed(const AttemptOrder& order, const DeliveryId& id);
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
  std::vector<Destination> destinations_;
  std::vector<std::chrono::seconds> windows_;  // of the sources
  bool leaps_ = false;
  std::uint64_t crash_one_in_ = 0, fault_one_in_ = 0, failures_of_ten_ = 0;

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
  std::vector<Ticks> down_until_;
  bool is_calm_ = false;
  struct Made {
    std::uint32_t number = 1;
    std::size_t life = 0;
    std::optional<Ticks> recorded;
    bool was_accepted = false;
  };
  std::map<DeliveryId, std::vector<Made>> made_;
  std::map<DeliveryId, Outcome> unsettled_;  // of this life, and not in the journal yet
  std::map<DeliveryId, Sequence> told_;      // what this life's dispatcher has to know

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
