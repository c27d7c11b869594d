// The dispatcher against a model of a store, for thousands of seeds.
//
// The model has a journal, an index that lags behind it, news that arrive late and in batches, pages that are
// read at one time and arrive at another, attempts that end in any order, operators who cancel and retry,
// restarts that forget everything but the journal, in some seeds a wall clock that jumps, and in most
// destinations that come, go and change while all this runs, and transforms that fail or cancel.
#include <gtest/gtest.h>

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

namespace creel {
namespace {

using namespace std::chrono_literals;

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
  Broken broken{};
};

class World final : Dispatcher::Actions {
 public:
  explicit World(std::uint64_t seed) : random_(seed), seed_(seed) {
    clocks_jump_ = random_.below(4) == 0;
    index_tells_ignored_outcomes_ = random_.below(2) == 0;
    failures_of_ten_ = random_.below(10);
    limits_ = {.deliveries_max = 1 + random_.below(8),
               .bytes_max = 50 + random_.below(400),
               .awaited_max = 1 + random_.below(12),
               .held_max = random_.below(3) == 0 ? 1 + random_.below(3) : 100'000};
    reloads_ = random_.below(4) != 0;
    transforms_ = random_.below(3) != 0;
    for (const char* name : {"first", "second", "third"})
      configured_.emplace(name, destination(name));
    if (reloads_) configured_.erase("third");
    restart();
  }

  void step() {
    switch (random_.below(14)) {
      case 0:
      case 1:
        return make_event();
      case 2:
      case 3:
        return index_some();
      case 4:
      case 5:
        return tell_some();
      case 6:
        return read_page();
      case 7:
        return bring_page();
      case 8:
      case 9:
        return end_attempt();
      case 10:
        return command();
      case 11:
        return random_.below(4) == 0 ? release() : end_transform();
      case 12:
        if (reloads_ && random_.below(5) == 0) reload();
        return;
      default:
        return pass_time();
    }
  }

  void advance() {
    dispatcher_->advance(now_);
    for (std::size_t i = 0; i < known_.size(); ++i) {
      const auto status = dispatcher_->status(i);
      EXPECT_LE(status.queued, limits_.deliveries_max) << "seed " << seed_;
      if (status.queued > 1) {
        EXPECT_LE(status.queued_bytes, limits_.bytes_max) << "seed " << seed_;
      }
      EXPECT_LE(status.held, limits_.held_max + 3) << "seed " << seed_;
    }
  }

  void maybe_restart() {
    if (random_.below(400) == 0) restart();
  }

  // Lets everything come to its end: no more faults, only time. What a transform holds stays as it is, and
  // nothing else; then the transforms are mended.
  void settle() {
    failures_of_ten_ = 0;
    configure_all();
    come_to_rest();
    for (const auto& [id, row] : index_) {
      if (row.state != DeliveryState::pending) continue;
      const std::size_t number = numbers_.at(id.destination);
      EXPECT_TRUE(held_.contains(id) || dispatcher_->is_full_of_held(number))
          << "lost " << to_text(id) << ", seed " << seed_;
    }
    broken_ = {};
    configure_all();
    come_to_rest();
    for (const auto& [id, row] : index_) {
      EXPECT_NE(row.state, DeliveryState::pending) << "lost " << to_text(id) << ", seed " << seed_;
    }
    for (std::size_t i = 0; i < known_.size(); ++i) {
      EXPECT_EQ(dispatcher_->known(i), 0u) << "seed " << seed_;
      EXPECT_FALSE(dispatcher_->status(i).spilled) << "seed " << seed_;
    }
  }

 private:
  void come_to_rest() {
    for (int round = 0; round < 20'000; ++round) {
      while (indexed_ < journal_.size())
        index_some();
      while (!mail_.empty())
        tell_some();
      if (asked_) read_page();
      if (page_) bring_page();
      advance();
      while (!transforming_.empty())
        end_transform();
      while (!uncancelled_.empty())
        release();
      while (!running_.empty())
        end_attempt();
      if (asked_ || page_ || indexed_ != journal_.size() || !mail_.empty()) continue;
      const auto at = dispatcher_->wakes_at();
      if (!at) {
        advance();
        if (!asked_ && running_.empty() && transforming_.empty() && mail_.empty() &&
            indexed_ == journal_.size())
          return;
        continue;
      }
      const auto by =
          std::chrono::ceil<std::chrono::milliseconds>(std::max<Ticks::duration>(*at - now_.ticks, 1ms));
      EXPECT_LE(by, longest_) << "seed " << seed_;
      now_.ticks += by;
      now_.wall += by;
    }
    ADD_FAILURE() << "it does not come to rest, seed " << seed_;
  }

  // --- what operators do

  Destination destination(std::string name) {
    Destination destination;
    destination.name = std::move(name);
    destination.concurrency = 1 + static_cast<int>(random_.below(3));
    destination.retry = {.initial = 100ms,
                         .max = std::chrono::seconds(1 + random_.below(10)),
                         .attempts = 1 + static_cast<int>(random_.below(6))};
    return destination;
  }

  // The names are known to the index from here on; the dispatcher hears of it later, in the order of the
  // mail.
  void publish() {
    Reload reload{.broken = broken_};
    for (const auto& [name, destination] : configured_) {
      const auto [found, is_new] = numbers_.emplace(name, numbers_.size());
      reload.destinations.emplace(found->second, destination);
    }
    mail_.emplace_back(std::move(reload));
  }
  void reload() {
    for (const char* name : {"first", "second", "third"}) {
      switch (random_.below(4)) {
        case 0:
          configured_.erase(name);
          break;
        case 1:
          configured_.insert_or_assign(name, destination(name));
          break;
        default:
          break;
      }
      if (transforms_ && random_.below(2) == 0) broken_.at(random_.below(broken_.size())) ^= true;
    }
    publish();
  }
  void configure_all() {
    for (const char* name : {"first", "second", "third"})
      configured_.insert_or_assign(name, destination(name));
    publish();
  }

  // --- what the dispatcher does

  void start(AttemptOrder order, Time) override {
    const Destination& destination = known_[order.destination];
    const DeliveryId id{.event = order.event, .destination = destination.name, .ordinal = order.ordinal};
    ASSERT_TRUE(truth_.contains(id)) << "seed " << seed_;
    EXPECT_TRUE(active_.contains(order.destination)) << to_text(id) << " not configured, seed " << seed_;
    EXPECT_FALSE(held_.contains(id)) << to_text(id) << " is held, seed " << seed_;
    EXPECT_FALSE(closing_.contains(id)) << to_text(id) << " is being cancelled, seed " << seed_;
    ASSERT_TRUE(order.content);
    EXPECT_EQ(order.content->id, order.event) << "seed " << seed_;
    std::size_t beside = 0;
    for (const auto* list : {&running_, &transforming_}) {
      for (const AttemptOrder& other : *list) {
        if (other.destination != order.destination) continue;
        ++beside;
        EXPECT_FALSE(other.event == order.event && other.ordinal == order.ordinal)
            << to_text(id) << " twice at once, seed " << seed_;
      }
    }
    EXPECT_LT(beside, static_cast<std::size_t>(destination.concurrency)) << "seed " << seed_;

    const Truth& row = truth_.at(id);
    // A cancel that overtook the news of it, in whatever order with our outcome, may cost an attempt; nothing
    // else may.
    if (!raced_.contains(id)) {
      EXPECT_TRUE(row.state == DeliveryState::pending || row.sequence > told_upto_)
          << to_text(id) << " again after its end, seed " << seed_;
      if (row.sequence <= told_upto_) {
        EXPECT_EQ(order.number, row.attempts + 1) << to_text(id) << " seed " << seed_;
      }
    }
    if (!clocks_jump_ && !raced_.contains(id) && row.sequence <= told_upto_ &&
        row.state == DeliveryState::pending) {
      // A policy that became shorter cuts what the one before has given.
      if (!reloads_) EXPECT_LE(row.due, now_.wall) << to_text(id) << " too early, seed " << seed_;
      if (row.due <= now_.wall) expect_first(id, row);
    }
    (transforms_ ? transforming_ : running_).push_back(std::move(order));
  }

  bool runs(const DeliveryId& id) const {
    const auto is_it = [&](const AttemptOrder& order) {
      return order.event == id.event && known_[order.destination].name == id.destination;
    };
    return std::ranges::any_of(running_, is_it) || std::ranges::any_of(transforming_, is_it);
  }

  // No other delivery that the dispatcher has been told of should have gone before.
  void expect_first(const DeliveryId& id, const Truth& row) {
    for (const auto& [other, other_row] : truth_) {
      if (other.destination != id.destination || other == id || raced_.contains(other)) continue;
      if (other_row.state != DeliveryState::pending || other_row.sequence > told_upto_) continue;
      if (std::pair(other_row.due, other.event) >= std::pair(row.due, id.event)) continue;
      EXPECT_TRUE(runs(other) || held_.contains(other) || closing_.contains(other))
          << to_text(other) << " was due before " << to_text(id) << ", seed " << seed_;
    }
  }

  void fetch(std::size_t destination, DueQuery query) override {
    EXPECT_FALSE(fetching_[destination]) << "two pages at once, seed " << seed_;
    fetching_[destination] = true;
    asks_.emplace_back(destination, std::move(query));
    asked_ = true;
  }

  void record(std::size_t, Outcome outcome) override {
    if (truth_.at(outcome.delivery).state != DeliveryState::pending) raced_.emplace(outcome.delivery, true);
    journal(std::move(outcome));
  }

  // --- what the store does

  static void apply(Rows& rows, const Record& record, Sequence sequence, bool tells_ignored,
                    std::vector<DeliveryId>* changed) {
    const auto change = [&](const DeliveryId& id) {
      rows.at(id).sequence = sequence;
      if (changed) changed->push_back(id);
    };
    if (const auto* made = std::get_if<Made>(&record)) {
      rows[made->id] = {.due = made->due, .content = made->content};
      change(made->id);
    } else if (const auto* outcome = std::get_if<Outcome>(&record)) {
      Truth& row = rows.at(outcome->delivery);
      if (row.state != DeliveryState::pending) {
        if (tells_ignored) {
          row.attempts = std::max(row.attempts, outcome->attempt.number);
          change(outcome->delivery);
        }
        return;
      }
      row.state = outcome->state;
      row.due = outcome->due;
      row.attempts = outcome->attempt.number;
      change(outcome->delivery);
    } else {
      const auto& command = std::get<Command>(record);
      const DeliveryId id{.event = command.event, .destination = command.destination};
      Truth& row = rows.at(id);
      if (command.kind == Command::Kind::cancel) {
        if (row.state != DeliveryState::pending) return;
        row.state = DeliveryState::cancelled;
      } else {
        row.state = DeliveryState::pending;
        row.due = command.at;
        row.attempts_base = row.attempts;
      }
      change(id);
    }
  }

  void journal(Record record) {
    journal_.push_back(std::move(record));
    apply(truth_, journal_.back(), journal_.size(), index_tells_ignored_outcomes_, nullptr);
  }

  void make_event() {
    const EventId event = EventId::of(journal_.size() + 1, 0);
    auto content = std::make_shared<StoredEvent>();
    content->id = event;
    content->body.assign(random_.below(8) == 0 ? 500 : 1 + random_.below(90), 'x');
    // To those too that are not configured: decided before they went, or before they came.
    for (const char* name : {"first", "second", "third"}) {
      journal(Made{.id = {.event = event, .destination = name}, .due = now_.wall, .content = content});
    }
  }

  void command() {
    if (truth_.empty() || random_.below(4) != 0) return;
    auto row = std::next(truth_.begin(), static_cast<std::ptrdiff_t>(random_.below(truth_.size())));
    // Often about one that is under way.
    if (!transforming_.empty() && random_.below(2) == 0) {
      const AttemptOrder& order = transforming_[random_.below(transforming_.size())];
      row = truth_.find({.event = order.event, .destination = known_[order.destination].name});
    }
    const auto kind = random_.below(2) == 0 ? Command::Kind::cancel : Command::Kind::retry;
    if (runs(row->first) || closing_.contains(row->first) || row->second.sequence > told_upto_)
      raced_.emplace(row->first, true);
    journal(Command{
        .kind = kind, .event = row->first.event, .destination = row->first.destination, .at = now_.wall});
  }

  void index_some() {
    std::vector<std::pair<DeliveryId, DeliveryNews>> batch;
    const auto until = std::min<std::size_t>(journal_.size(), indexed_ + 1 + random_.below(6));
    for (; indexed_ < until; ++indexed_) {
      std::vector<DeliveryId> changed;
      const Record& record = journal_[indexed_];
      apply(index_, record, indexed_ + 1, index_tells_ignored_outcomes_, &changed);
      for (const DeliveryId& id : changed) {
        const Truth& row = index_.at(id);
        const bool with_content = std::holds_alternative<Made>(record) && random_.below(10) != 0;
        // The index knows only the names that were published.
        const auto number = numbers_.find(id.destination);
        if (number == numbers_.end()) continue;
        mail_.push_back(Told{.id = id,
                             .number = number->second,
                             .news = {.event = id.event,
                                      .ordinal = id.ordinal,
                                      .state = row.state,
                                      .due = row.due,
                                      .attempts = row.attempts,
                                      .attempts_base = row.attempts_base,
                                      .sequence = row.sequence,
                                      .content = with_content ? row.content : nullptr}});
      }
    }
  }

  void tell_some() {
    for (auto count = 1 + random_.below(6); count > 0 && !mail_.empty(); --count) {
      if (const auto* reload = std::get_if<Reload>(&mail_.front())) {
        apply_reload(*reload);
      } else {
        tell(std::get<Told>(mail_.front()));
      }
      mail_.pop_front();
    }
    if (mail_.empty()) told_upto_ = indexed_;
  }
  void tell(const Told& told) {
    told_upto_ = std::max(told_upto_, told.news.sequence);
    dispatcher_->on_news(told.number, told.news, now_);
    if (!dispatcher_->is_held(told.number, told.id.event, told.id.ordinal)) held_.erase(told.id);
    if (told.news.state != DeliveryState::pending) closing_.erase(told.id);
  }
  void apply_reload(const Reload& reload) {
    applied_broken_ = reload.broken;
    held_.clear();
    active_.clear();
    for (const auto& [number, destination] : reload.destinations) {
      if (number >= known_.size()) {
        known_.resize(number + 1);
        fetching_.resize(number + 1, false);
      }
      known_[number] = destination;
      active_.insert(number);
      dispatcher_->put(number, destination, now_);
    }
    for (std::size_t number = 0; number < known_.size(); ++number) {
      if (!active_.contains(number)) dispatcher_->remove(number);
    }
  }

  void read_page() {
    if (asks_.empty() || page_) return;
    const auto [destination, query] = asks_.front();
    asks_.pop_front();
    asked_ = !asks_.empty();
    std::vector<std::pair<std::pair<Time, EventId>, DeliveryId>> pending;
    for (const auto& [id, row] : index_) {
      if (id.destination != query.destination || row.state != DeliveryState::pending) continue;
      const std::pair place(row.due, id.event);
      if (query.after && place <= *query.after) continue;
      pending.emplace_back(place, id);
    }
    std::ranges::sort(pending);
    page_.emplace(destination, DuePage{.upto = indexed_});
    std::size_t bytes = 0;
    for (const auto& [place, id] : pending) {
      const Truth& row = index_.at(id);
      auto& rows = page_->second.deliveries;
      bytes += row.content->body.size();
      if (!rows.empty() && (rows.size() >= query.limit || bytes > query.bytes_max)) {
        page_->second.more = true;
        break;
      }
      rows.push_back({.id = id,
                      .due = row.due,
                      .attempts = row.attempts,
                      .attempts_base = row.attempts_base,
                      .event = row.content});
    }
  }

  void bring_page() {
    if (!page_) return;
    auto [destination, page] = *std::exchange(page_, std::nullopt);
    fetching_[destination] = false;
    if (failures_of_ten_ > 0 && random_.below(20) == 0) return dispatcher_->on_page_failed(destination, now_);
    dispatcher_->on_page(destination, std::move(page), now_);
  }

  void end_attempt() {
    if (running_.empty()) return;
    const auto which = static_cast<std::ptrdiff_t>(random_.below(running_.size()));
    AttemptOrder order = std::move(running_[static_cast<std::size_t>(which)]);
    running_.erase(running_.begin() + which);
    const bool fails = random_.below(10) < failures_of_ten_;
    dispatcher_->on_attempt_ended(
        order,
        {.result = fails ? AttemptResult::status : AttemptResult::delivered, .status = fails ? 500 : 200},
        now_);
  }

  // By the transforms of the moment: an event goes on, is held, or is cancelled.
  void end_transform() {
    if (transforming_.empty()) return;
    const auto which = static_cast<std::ptrdiff_t>(random_.below(transforming_.size()));
    AttemptOrder order = std::move(transforming_[static_cast<std::size_t>(which)]);
    transforming_.erase(transforming_.begin() + which);
    const DeliveryId id{
        .event = order.event, .destination = known_[order.destination].name, .ordinal = order.ordinal};
    if (!active_.contains(order.destination)) return dispatcher_->on_attempt_withdrawn(order);
    const auto kind = order.event.sequence() % 5;
    if (kind < 2 && applied_broken_[kind]) {
      if (dispatcher_->on_attempt_held(order, DestinationQueue::Hold::failed)) held_.insert(id);
    } else if (kind == 2 && applied_broken_[2]) {
      if (!dispatcher_->on_attempt_held(order, DestinationQueue::Hold::cancelled)) return;
      closing_.insert(id);
      if (failures_of_ten_ > 0 && random_.below(3) == 0) return uncancelled_.push_back(std::move(order));
      if (truth_.at(id).sequence > told_upto_) raced_.emplace(id, true);
      journal(Command{
          .kind = Command::Kind::cancel, .event = id.event, .destination = id.destination, .at = now_.wall});
    } else {
      dispatcher_->on_attempt_leaves(order, now_);
      running_.push_back(std::move(order));
    }
  }

  // The cancellation of one that its transform cancelled could not be kept: it is tried again.
  void release() {
    if (uncancelled_.empty()) return;
    const AttemptOrder order = std::move(uncancelled_.front());
    uncancelled_.pop_front();
    closing_.erase({.event = order.event, .destination = known_[order.destination].name});
    dispatcher_->release(order.destination, order.event, order.ordinal);
  }

  void pass_time() {
    const auto by = std::chrono::milliseconds(random_.below(random_.below(3) == 0 ? 5000 : 50));
    now_.ticks += by;
    now_.wall += by;
    if (clocks_jump_ && random_.below(10) == 0) {
      now_.wall += std::chrono::hours(static_cast<std::int64_t>(random_.below(20'000)) - 10'000);
    }
  }

  // A crash: whatever was only in memory is gone, and the index reads on to the end before dispatch begins.
  void restart() {
    running_.clear();
    transforming_.clear();
    held_.clear();
    closing_.clear();
    uncancelled_.clear();
    asks_.clear();
    asked_ = false;
    page_.reset();
    mail_.clear();
    known_.clear();
    numbers_.clear();
    active_.clear();
    applied_broken_ = broken_;
    for (const auto& [name, destination] : configured_) {
      numbers_.emplace(name, known_.size());
      active_.insert(known_.size());
      known_.push_back(destination);
    }
    fetching_.assign(known_.size(), false);
    Actions& actions = *this;
    dispatcher_.emplace(known_, limits_, random_.next(), actions);
    while (indexed_ < journal_.size())
      index_some();
    while (!mail_.empty())
      tell_some();
    told_upto_ = indexed_;
    advance();
    EXPECT_TRUE(running_.empty()) << "an attempt before the index has caught up, seed " << seed_;
    dispatcher_->begin();
  }

  Random random_;
  std::uint64_t seed_;
  bool clocks_jump_ = false, index_tells_ignored_outcomes_ = false, reloads_ = false, transforms_ = false;
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
  std::deque<std::variant<Told, Reload>> mail_;
  std::deque<std::pair<std::size_t, DueQuery>> asks_;
  bool asked_ = false;
  std::vector<bool> fetching_;
  std::optional<std::pair<std::size_t, DuePage>> page_;
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
  std::optional<Dispatcher> dispatcher_;
};

TEST(DispatcherModel, MakesEveryDeliveryInOrderAndForgetsNone) {
  for (std::uint64_t seed = 1; seed <= 2500; ++seed) {
    World world(seed);
    for (int i = 0; i < 400; ++i) {
      world.step();
      world.advance();
      world.maybe_restart();
    }
    world.settle();
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace creel
