// One life of the program: the parts of the embedded store and of the deliverer, without their threads.
//
// Each function is a step that one of the threads could take next; the world decides which. What crosses from
// one thread to another waits in a queue here, so that anything may happen in between. Pauses go the
// gateway's way: by its book into the store, and from there to the dispatcher.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "app/pause_book.h"
#include "core/executor.h"
#include "core/log.h"
#include "deliver/dispatcher.h"
#include "rules/routes.h"
#include "store/index.h"
#include "store/indexer.h"
#include "store/journal.h"
#include "store/journal_committer.h"
#include "store/operator_state.h"
#include "store/reader.h"
#include "store/recent_keys.h"
#include "store/retention.h"
#include "tests/simulation/clock.h"
#include "tests/simulation/split_disk.h"

namespace creel::simulation {

struct ProgramOptions {
  std::string folder;
  store::JournalOptions journal;
  store::IndexOptions index;  // its folder is taken from this one
  store::RetentionOptions retention;
  std::size_t recent_keys = 1'000'000;
  DestinationQueue::Limits limits;
};

class Program final : private DeliveryFeed, private Dispatcher::Actions {
 public:
  // Is told what the dispatcher does, and what is done to it.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void on_start(AttemptOrder order) = 0;
    virtual void on_outcome(const Outcome& outcome) = 0;
    virtual void on_told(const DeliveryId& id, Sequence sequence) = 0;
    // The dispatcher is about to go by these settings; nothing: the destination is configured no more.
    virtual void on_configured(std::size_t number, const Destination* destination) = 0;
    virtual void on_gone(std::size_t number) = 0;
    virtual void on_breaker(std::size_t number, BreakerState state) = 0;
  };
  // All outlive it.
  struct Parts {
    SplitDisk& disk;
    const SimulatedClock& clock;
    Log& log;
    Watcher& watcher;
  };
  struct Settings {
    std::vector<Destination> destinations;
    std::shared_ptr<const Routes> routes;
  };
  static std::expected<std::unique_ptr<Program>, store::OpenError> open(ProgramOptions options, Parts parts,
                                                                        Settings settings,
                                                                        std::uint64_t seed);
  ~Program() override;

  // --- The journal thread and its helper ---
  void append(Append& append);
  void command(Command command, store::CommandDone done);
  void commit();
  Ticks commit_due() const { return commit_due_; }
  void prepare() { journal_->prepare(); }
  void finish();

  // --- The loop ---
  void reload(Settings settings);
  void pause(Pause::What what, std::string name, bool is_paused, std::move_only_function<void(bool)> done);
  bool has_loop_work() const { return !loop_.works.empty(); }
  void turn_loop();
  std::vector<Pause> pauses_kept() const { return book_.all(); }

  // --- The index thread ---
  void index();
  bool index_is_due() const { return !index_due_ || *index_due_ <= parts_.clock.ticks() || rung_; }
  std::optional<Ticks> index_due() const { return index_due_; }
  // Steps it until it stands at the journal's end. False: it does not get there.
  bool index_all();

  // --- The read threads ---
  bool has_question() const { return !questions_.empty(); }
  void read();
  bool has_answer() const { return !answers_.empty(); }
  void post_answer();

  // --- The deliver thread ---
  bool has_mail() const { return !mail_.empty(); }
  void deliver(std::size_t letters);
  void end_attempt(const AttemptOrder& order, AttemptReport report);
  std::optional<Ticks> deliver_due() const { return dispatcher_.wakes_at(); }
  void drain() { dispatcher_.drain(); }

  store::Journal& journal() { return *journal_; }
  store::Indexer& indexer() { return indexer_; }
  store::Retention& retention() { return retention_; }
  Reader& reader() { return *reader_; }
  const Dispatcher& dispatcher() const { return dispatcher_; }
  // What the dispatcher goes by now.
  std::span<const Pause> pauses() const { return pauses_; }
  const Routes& routes() const { return *routes_; }
  store::IndexOptions index_options() const { return options_.index; }
  Sequence end_at_open() const { return end_at_open_; }
  bool has_begun() const { return has_begun_; }
  store::JournalHealth health() const { return committer_.health(); }

 private:
  struct News {
    std::size_t destination;
    DeliveryNews news;
  };
  struct Question {
    std::size_t destination;
    DueQuery query;
    bool is_of_dead = false;
  };
  struct PageAnswer {
    std::size_t destination;
    std::expected<DuePage, StoreError> page;
    bool is_of_dead = false;
  };
  struct CaughtUp {};
  struct Reload {
    std::vector<std::pair<std::size_t, Destination>> destinations;  // with their numbers
    std::shared_ptr<const Routes> routes;
  };
  struct Repause {
    std::vector<Pause> pauses;
    std::move_only_function<void()> done;
  };
  using Mail = std::variant<std::vector<News>, PageAnswer, CaughtUp, Reload, Repause>;

  struct Lane {
    std::size_t number = 0;
    bool is_configured = true;
  };
  struct Loop final : Executor {
    void post(std::move_only_function<void()> work) override { works.push_back(std::move(work)); }
    std::deque<std::move_only_function<void()>> works;
  };

  Program(ProgramOptions options, Parts parts, store::StoreFolder folder,
          std::unique_ptr<store::Journal> journal, std::uint64_t seed);
  store::Retention::Parts retention_parts();
  PauseBook::Parts book_parts();
  void do_works() ON_JOURNAL;
  void fill_keys() ON_INDEX;
  Reload number(Settings settings);
  void take(std::vector<News> batch);
  void take(PageAnswer answer);
  void take(CaughtUp);
  void take(Reload reload);
  void take(Repause repause);
  Moment now() const { return {.wall = parts_.clock.now(), .ticks = parts_.clock.ticks()}; }

  void on_indexed(std::span<const IndexedDelivery> deliveries, Sequence upto) override ON_INDEX;
  void on_caught_up() override ON_INDEX;
  void start(AttemptOrder order, Time now) override;
  void fetch(std::size_t destination, DueQuery query) override;
  void fetch_dead(std::size_t destination, DueQuery query) override;
  void record(std::size_t destination, Outcome outcome) override;
  void on_gone(std::size_t destination) override;
  void on_breaker(std::size_t destination, BreakerState state) override;

  ProgramOptions options_;
  Parts parts_;
  store::StoreFolder folder_;
  std::unique_ptr<store::Journal> journal_;
  Sequence end_at_open_ = 0;
  store::RecentKeys keys_;
  store::Committer committer_;
  std::deque<std::move_only_function<void(store::Journal&)>> works_;  // for the journal thread
  Ticks commit_due_;
  store::OperatorState operator_state_;
  store::IndexView view_;
  store::Indexer indexer_;
  store::Retention retention_;
  std::unique_ptr<Reader> reader_;
  std::optional<Ticks> index_due_;
  bool rung_ = true;

  bool is_caught_up_ = false, has_begun_ = false;
  std::map<std::string, Lane, std::less<>> lanes_;
  std::vector<bool> wants_content_;  // by number, as the rest
  std::vector<std::string> names_;   // of those that the dispatcher knows
  std::vector<bool> is_active_;      // it makes attempts there
  std::vector<Pause> pauses_;
  std::shared_ptr<const Routes> routes_;
  std::deque<Mail> mail_;
  std::deque<Question> questions_;
  std::deque<PageAnswer> answers_;
  Random random_;
  Loop loop_;
  PauseBook book_;
  Dispatcher dispatcher_;
};

}  // namespace creel::simulation
