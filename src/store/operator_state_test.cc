#include "store/operator_state.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <optional>

#include "core/random.h"
#include "store/inspect.h"
#include "store/journal_test_world.h"

namespace creel::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Values = std::vector<std::pair<std::string, std::string>>;

class StillClock final : public Clock {
 public:
  Time now() const override { return Time(std::chrono::milliseconds(1'750'000'000'000)); }
  Ticks ticks() const override { return Ticks(1h); }
};

// A store's journal, what writes to it, and the state that operators set there.
struct StateWorld : JournalWorld {
  explicit StateWorld(std::uint64_t seed = 1) : JournalWorld(seed) { options.bytes_max = 0; }

  void restart() {
    open();
    take_up();
  }
  void take_up() {
    keys.emplace(10);
    committer.emplace(*journal, *keys, nullptr, clock, log, nullptr);
    state.emplace(journal->recovered_state(), [this](Forward forward) {
      assume(on_journal);
      committer->submit(std::move(forward));
    });
    journal->set_state_source([this](std::string& payload) { state->encode(payload); });
  }
  void close_all() {
    state.reset();
    committer.reset();
    close();
  }
  void set(std::string name, std::string value) {
    state->set(std::move(name), std::move(value),
               [this](std::expected<Sequence, StoreError> done) { answers.push_back(done); });
  }
  void step() {
    assume(on_journal);
    committer->step();
  }

  StillClock clock;
  Log log{clock, {.level = LogLevel::error, .descriptor = -1}};
  std::optional<RecentKeys> keys;
  std::optional<Committer> committer;
  std::optional<OperatorState> state;
  std::vector<std::expected<Sequence, StoreError>> answers;
};

TEST(OperatorState, IsEmptyInANewStore) {
  StateWorld world;
  world.restart();
  EXPECT_THAT(world.state->all(), IsEmpty());
}

TEST(OperatorState, ShowsWhatIsSyncedAndNothingElse) {
  StateWorld world;
  world.restart();
  world.set("pause/destination/app", "{}");
  EXPECT_THAT(world.state->all(), IsEmpty());
  EXPECT_THAT(world.answers, IsEmpty());
  world.step();
  ASSERT_EQ(world.answers.size(), 1u);
  EXPECT_TRUE(world.answers[0].has_value());
  EXPECT_THAT(world.state->all(), ElementsAre(Pair("pause/destination/app", "{}")));
}

TEST(OperatorState, OutlivesARestart) {
  StateWorld world;
  world.restart();
  world.set("a", "1");
  world.set("b", std::string("\0\xff", 2));
  world.set("c", "3");
  for (int i = 0; i < 3; ++i)
    world.step();
  world.set("a", "");
  world.step();
  EXPECT_EQ(world.answers.size(), 4u);
  world.close_all();
  world.restart();
  EXPECT_THAT(world.state->all(), ElementsAre(Pair("b", std::string("\0\xff", 2)), Pair("c", "3")));
}

TEST(OperatorState, OutlivesTheSegmentsItWasSetIn) {
  StateWorld world;
  world.restart();
  world.set("a", "1");
  world.step();
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(world.append({std::string(4000, 'e')}).has_value());
  ASSERT_GT(world.journal->synced().at.segment, 3u);
  world.close_all();
  world.restart();
  EXPECT_THAT(world.state->all(), ElementsAre(Pair("a", "1")));
  std::size_t heads = 0;
  for (const ReadBack& record : world.read_all()) {
    if (record.kind != RecordKind::state || record.position.segment == 1) continue;
    StateRecord state;
    ASSERT_TRUE(decode_state(record.payload, state));
    EXPECT_THAT(state.entries, ElementsAre(Pair("a", "1"))) << record.position.segment;
    ++heads;
  }
  EXPECT_GT(heads, 2u) << "each segment has to begin with it";
}

TEST(OperatorState, IsShownByNameInTheJournal) {
  StateWorld world;
  world.restart();
  world.set("pause/destination/app", "secret reason");
  world.step();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(world.append({std::string(4000, 'e')}).has_value());
  std::vector<std::string> lines;
  ASSERT_TRUE(dump_journal(world.disk, "store", {}, [&](std::string_view line) {
                lines.emplace_back(line);
                return true;
              }).has_value());
  EXPECT_THAT(lines, testing::Contains(testing::HasSubstr(R"("entries":["pause/destination/app"])")));
  EXPECT_THAT(lines,
              testing::Contains(testing::HasSubstr(R"("name":"pause/destination/app","value_bytes":13)")));
  EXPECT_THAT(lines, testing::Each(testing::Not(testing::HasSubstr("secret reason"))));
}

TEST(OperatorState, KeepsWhatWasThereWhenAChangeFails) {
  StateWorld world;
  world.restart();
  world.set("a", "1");
  world.step();
  world.disk.fail_from(1, EIO);
  world.set("a", "2");
  world.set("b", "3");
  world.step();
  world.step();
  ASSERT_EQ(world.answers.size(), 3u);
  EXPECT_FALSE(world.answers[1].has_value());
  EXPECT_FALSE(world.answers[2].has_value());
  EXPECT_THAT(world.state->all(), ElementsAre(Pair("a", "1")));
}

// What was answered is there after any fault and crash; what was not is there whole or not at all.
TEST(OperatorState, IsThereAfterAnyFaultAndCrash) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    StateWorld world(seed);
    Random random(seed);
    world.restart();
    std::map<std::string, std::string> kept;
    for (int life = 0; life < 4; ++life) {
      std::map<std::string, std::string> perhaps = kept;
      if (random.below(2) == 0) world.disk.fail_at(1 + random.below(20), random.below(2) == 0 ? EIO : ENOSPC);
      for (std::uint64_t i = random.below(12); i > 0; --i) {
        if (random.below(3) == 0) static_cast<void>(world.append({std::string(random.below(5000), 'e')}));
        const std::string name(1, static_cast<char>('a' + random.below(4)));
        const std::string value = random.below(3) == 0 ? "" : std::to_string(random.below(1000));
        world.answers.clear();
        world.set(name, value);
        world.step();
        if (world.answers.empty()) break;
        auto& into = world.answers[0] ? kept : perhaps;
        perhaps = kept;
        into[name] = value;
        if (value.empty()) into.erase(name);
        if (!world.answers[0]) break;
        perhaps = kept;
      }
      world.disk.crash(static_cast<Loss>(random.below(4)));
      world.disk.calm();
      world.close_all();
      world.restart();
      const Values now = world.state->all();
      const Values must(kept.begin(), kept.end()), may(perhaps.begin(), perhaps.end());
      ASSERT_TRUE(now == must || now == may)
          << "seed " << seed << ": " << testing::PrintToString(now) << " is neither "
          << testing::PrintToString(must) << " nor " << testing::PrintToString(may);
      kept = {now.begin(), now.end()};
    }
  }
}

// How far a job is, and what it ordered on the way there: whatever happens, the one is the sum of the other.
TEST(OperatorState, KeepsWhatAJobOrderedTogetherWithItsProgress) {
  std::size_t failures = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    StateWorld world(seed);
    Random random(seed);
    world.restart();
    std::size_t answered = 0;
    for (int life = 0; life < 4; ++life) {
      const Values before = world.state->all();
      std::size_t done = before.empty() ? 0 : std::stoul(before.front().second);
      ASSERT_GE(done, answered) << "seed " << seed;
      if (random.below(2) == 0) world.disk.fail_at(1 + random.below(20), random.below(2) == 0 ? EIO : ENOSPC);
      for (std::uint64_t i = 1 + random.below(12); i > 0; --i) {
        if (random.below(3) == 0) static_cast<void>(world.append({std::string(random.below(5000), 'e')}));
        Orders orders{.kind = Orders::Kind::replay, .at = world.clock.now()};
        for (std::uint64_t each = 1 + random.below(5); each > 0; --each)
          orders.deliveries.push_back({EventId::of(++done, 0), each % 2 == 0 ? "app" : "books", 0});
        world.answers.clear();
        world.state->order(
            std::move(orders), "job/1", std::to_string(done),
            [&](std::expected<Sequence, StoreError> result) { world.answers.push_back(result); });
        world.step();
        if (world.answers.empty() || !world.answers[0]) {
          ++failures;
          break;
        }
        answered = done;
      }
      world.disk.crash(static_cast<Loss>(random.below(4)));
      world.disk.calm();
      world.close_all();
      world.restart();
      std::size_t ordered = 0;
      for (const ReadBack& record : world.read_all()) {
        ChangeRecord change;
        if (record.kind != RecordKind::change) continue;
        ASSERT_TRUE(decode_change(record.payload, change));
        for (const DeliveryId& id : change.orders->deliveries)
          ASSERT_EQ(id.event.sequence(), ++ordered) << "seed " << seed;
      }
      const Values now = world.state->all();
      ASSERT_EQ(now.empty() ? 0 : std::stoul(now.front().second), ordered) << "seed " << seed;
    }
  }
  EXPECT_GT(failures, 50u) << "the disk has to fail now and then";
}

}  // namespace
}  // namespace creel::store
