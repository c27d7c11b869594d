#include "store/journal_committer.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "store/journal_test_world.h"
#include "tests/support/vouch.h"

namespace creel::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class HandClock final : public Clock {
 public:
  Time now() const override { return time; }
  Ticks ticks() const override { return Ticks(time.time_since_epoch()); }
  void advance(std::chrono::milliseconds by) { time += by; }
  Time time{std::chrono::milliseconds(1'750'000'000'000)};
};

// One request with one event, as a source would bring it.
struct TestAppend final : Append {
  TestAppend(const NewEvent& brought, int& counter)
      : Append(Genuine<Voucher>::vouch(brought)), answered(counter) {}
  void done() override {
    ++calls;
    ++answered;
  }
  int calls = 0;
  int& answered;
};

struct CommitterWorld : JournalWorld {
  CommitterWorld() { restart(); }
  void restart() {
    open();
    keys.emplace(1000);
    committer.emplace(*journal, *keys, nullptr, clock, log, nullptr);
  }
  TestAppend& bring(const std::string& key, const std::string& body = "body") {
    const std::string& kept_key = texts.emplace_back(key);
    const std::string& kept_body = texts.emplace_back(body);
    const NewItem& item = items.emplace_back(
        NewItem{.dedupe_key = kept_key, .type = "t", .body_bytes = static_cast<std::uint32_t>(body.size())});
    NewEvent event{.source = "openai",
                   .received = clock.now(),
                   .dedupe_window = 1h,
                   .head = "POST / HTTP/1.1\r\n",
                   .body = kept_body,
                   .items = std::span(&item, 1)};
    appends.push_back(std::make_unique<TestAppend>(event, answered));
    assume(on_journal);
    committer->submit(*appends.back());
    return *appends.back();
  }
  Outcome outcome(int number) const {
    return {.delivery = {EventId::of(2, 0), "app", 1},
            .attempt = {.number = static_cast<std::uint32_t>(number), .error = ""},
            .state = DeliveryState::pending,
            .due = {}};
  }
  std::size_t count(RecordKind kind) {
    std::size_t found = 0;
    for (const auto& record : read_all())
      found += record.kind == kind ? 1 : 0;
    return found;
  }

  HandClock clock;
  Log log{clock, {.level = LogLevel::error, .descriptor = -1}};
  std::optional<RecentKeys> keys;
  std::optional<Committer> committer;
  std::deque<std::string> texts;
  std::deque<NewItem> items;
  std::vector<std::unique_ptr<TestAppend>> appends;
  int answered = 0;
};

TEST(Committer, AnswersAfterTheSyncWithTheEventsId) {
  assume(on_journal);
  CommitterWorld world;
  auto& first = world.bring("k1");
  auto& second = world.bring("k2");
  EXPECT_EQ(world.answered, 0);
  world.committer->step();
  ASSERT_TRUE(first.result);
  EXPECT_EQ(first.result->first, EventId::of(2, 0));
  EXPECT_EQ(second.result->first, EventId::of(3, 0));
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(world.count(RecordKind::event), 2u);
}

TEST(Committer, WritesManyWithOneSync) {
  assume(on_journal);
  CommitterWorld world;
  world.bring("k0");
  world.committer->step();
  while (world.journal->prepare()) {
  }
  for (int i = 1; i <= 40; ++i)
    world.bring("k" + std::to_string(i), std::string(60, 'b'));
  const auto before = world.disk.operations();
  world.committer->step();
  EXPECT_EQ(world.disk.operations() - before, 2u);  // one write, one sync
  EXPECT_EQ(world.answered, 41);
}

TEST(Committer, KeepsTheBytesAsTheyCame) {
  assume(on_journal);
  CommitterWorld world;
  const std::string body("\0\xff raw \r\n", 9);
  world.bring("k", body);
  world.committer->step();
  EventRecord record;
  const auto all = world.read_all();
  ASSERT_TRUE(decode_event(all.back().payload, record));
  EXPECT_EQ(record.body, body);
  EXPECT_EQ(record.head, "POST / HTTP/1.1\r\n");
  EXPECT_EQ(record.items.at(0).dedupe_key, "k");
}

TEST(Committer, AnswersADuplicateOfASyncedKeyAtOnce) {
  assume(on_journal);
  CommitterWorld world;
  world.bring("k");
  world.committer->step();
  auto& again = world.bring("k");
  world.committer->step();
  ASSERT_TRUE(again.result);
  EXPECT_TRUE(again.result->duplicate);
  EXPECT_EQ(world.count(RecordKind::event), 1u);
}

TEST(Committer, LetsADuplicateShareTheFateOfTheOneUnderWay) {
  assume(on_journal);
  CommitterWorld world;
  auto& first = world.bring("k");
  auto& again = world.bring("k");
  world.committer->step();
  EXPECT_FALSE(first.result->duplicate);
  EXPECT_TRUE(again.result->duplicate);

  auto& doomed = world.bring("l");
  auto& with_it = world.bring("l");
  world.disk.fail_at(2, EIO);
  world.committer->step();
  EXPECT_EQ(doomed.result.error(), StoreError::failed);
  EXPECT_EQ(with_it.result.error(), StoreError::failed);
  auto& later = world.bring("l");
  world.committer->step();
  EXPECT_EQ(later.result.error(), StoreError::failed);
  EXPECT_EQ(world.committer->health(), JournalHealth::failed);
}

TEST(Committer, AcceptsAKeyAgainBehindItsWindow) {
  assume(on_journal);
  CommitterWorld world;
  world.bring("k");
  world.committer->step();
  world.clock.advance(1h);
  auto& again = world.bring("k");
  world.committer->step();
  EXPECT_FALSE(again.result->duplicate);
  EXPECT_EQ(world.count(RecordKind::event), 2u);
}

TEST(Committer, ForgetsTheKeyOfAnEventThatFoundNoRoom) {
  assume(on_journal);
  CommitterWorld world;
  world.bring("k");
  world.committer->step();
  world.disk.set_read_only(true);
  auto& refused = world.bring("l");
  world.committer->step();
  EXPECT_EQ(refused.result.error(), StoreError::full);
  EXPECT_EQ(world.committer->health(), JournalHealth::full);
  auto& duplicate = world.bring("k");
  world.disk.set_read_only(false);
  world.clock.advance(1s);
  auto& again = world.bring("l");
  world.committer->step();
  EXPECT_TRUE(duplicate.result->duplicate);
  ASSERT_TRUE(again.result);
  EXPECT_FALSE(again.result->duplicate);
  EXPECT_EQ(world.committer->health(), JournalHealth::good);
}

TEST(Committer, FindsRoomAgainWithoutBeingAsked) {
  assume(on_journal);
  CommitterWorld world;
  world.bring("k");
  world.committer->step();
  world.disk.set_read_only(true);
  world.bring("l");
  const auto due = world.committer->step();
  ASSERT_TRUE(due);
  EXPECT_LE(*due - world.clock.ticks(), 1s);
  world.disk.set_read_only(false);
  world.clock.advance(1s);
  world.committer->step();
  EXPECT_EQ(world.committer->health(), JournalHealth::good);
}

TEST(Committer, StillTakesCommandsAndOutcomesWhenFull) {
  assume(on_journal);
  CommitterWorld world;
  world.bring("k");
  world.committer->step();
  world.disk.set_capacity(world.disk.bytes_used());
  for (int i = 0; i < 20; ++i) {
    world.bring("full" + std::to_string(i), std::string(900, 'x'));
    world.committer->step();
  }
  EXPECT_EQ(world.committer->health(), JournalHealth::full);
  std::optional<std::expected<Sequence, StoreError>> answer;
  world.committer->submit(Command{.event = EventId::of(2, 0), .destination = "app", .at = {}},
                          [&](std::expected<Sequence, StoreError> result) { answer = result; });
  auto& refused = world.bring("with it");
  world.committer->submit(world.outcome(1));
  world.committer->step();
  ASSERT_TRUE(answer && *answer);
  EXPECT_FALSE(refused.result);
  EXPECT_EQ(world.count(RecordKind::command), 1u);
  EXPECT_EQ(world.count(RecordKind::outcome), 1u);
}

TEST(Committer, RefusesAtOnceWhatOutcomesThatFindNoRoomLeaveNoPlaceFor) {
  assume(on_journal);
  CommitterWorld world;
  world.bring("k0");
  world.committer->step();
  world.disk.set_read_only(true);
  // More than a batch of them.
  for (int i = 1; i <= 400; ++i)
    world.committer->submit(world.outcome(i));
  auto& append = world.bring("k1");
  for (int i = 0; i < 3; ++i)
    world.committer->step();
  EXPECT_EQ(append.calls, 1);
  EXPECT_EQ(append.result.error(), StoreError::full);
  const auto next = world.committer->step();
  ASSERT_TRUE(next);
  EXPECT_GT(*next, world.clock.ticks());
}

TEST(Committer, WritesOutcomesSoonAndSyncsThemWithinASecond) {
  assume(on_journal);
  CommitterWorld world;
  world.bring("k");
  world.committer->step();
  const auto place = world.journal->written();
  world.committer->submit(world.outcome(1));
  const auto write_due = world.committer->step();
  ASSERT_TRUE(write_due);
  EXPECT_LE(*write_due - world.clock.ticks(), 10ms);
  world.clock.advance(10ms);
  const auto sync_due = world.committer->step();
  EXPECT_NE(world.journal->written(), place);
  EXPECT_EQ(world.journal->synced(), place);
  ASSERT_TRUE(sync_due);
  EXPECT_LE(*sync_due - world.clock.ticks(), 990ms);
  world.clock.advance(990ms);
  EXPECT_EQ(world.committer->step(), std::nullopt);
  EXPECT_EQ(world.count(RecordKind::outcome), 1u);
}

// What is fresh waits in the index behind what was synced with it: that must not be a second's worth.
TEST(Committer, SyncsManyOutcomesSooner) {
  CommitterWorld world;
  assume(on_journal);
  for (int i = 1; i <= 1000; ++i)
    world.committer->submit(world.outcome(i));
  world.clock.advance(5ms);
  for (int i = 0; i < 3; ++i)
    world.committer->step();
  EXPECT_GT(world.count(RecordKind::outcome), 0u);
  EXPECT_FALSE(world.journal->has_unsynced()) << "a few would have a second";
}

TEST(Committer, LetsOutcomesRideAlongWithTheNextSync) {
  assume(on_journal);
  CommitterWorld world;
  world.committer->submit(world.outcome(1));
  world.bring("k");
  EXPECT_EQ(world.committer->step(), std::nullopt);
  EXPECT_EQ(world.count(RecordKind::outcome), 1u);
}

TEST(Committer, WritesOutcomesThatGatherIntoOneRecord) {
  assume(on_journal);
  CommitterWorld world;
  for (Sequence i = 2; i < 22; ++i) {
    Outcome first = world.outcome(1);
    first.delivery.event = EventId::of(i, 0);
    world.committer->submit(first);
  }
  // A second attempt of one of them: no delivery is in a record twice.
  world.committer->submit(world.outcome(2));
  world.committer->settle();
  EXPECT_EQ(world.count(RecordKind::outcome), 2u);
  std::size_t outcomes = 0;
  for (const ReadBack& record : world.read_all()) {
    if (record.kind != RecordKind::outcome) continue;
    std::vector<Outcome> decoded;
    ASSERT_TRUE(decode_outcomes(record.payload, decoded));
    outcomes += decoded.size();
  }
  EXPECT_EQ(outcomes, 21u);
  EXPECT_EQ(world.journal->synced(), world.journal->written());
}

TEST(Committer, TellsACommandItsSequenceAfterTheSync) {
  assume(on_journal);
  CommitterWorld world;
  std::optional<std::expected<Sequence, StoreError>> answer;
  world.committer->submit(Command{.kind = Command::Kind::cancel, .event = {}, .destination = "", .at = {}},
                          [&](std::expected<Sequence, StoreError> result) { answer = result; });
  EXPECT_FALSE(answer);
  world.committer->step();
  EXPECT_EQ(**answer, 2u);
}

TEST(Committer, ForwardsMoreThanABatchHoldsAndAnswersAfterTheLast) {
  assume(on_journal);
  CommitterWorld world;
  Forward forward;
  for (int i = 0; i < 10; ++i)
    forward.records.push_back({RecordKind::copy, std::string(3000, 'c')});
  std::optional<std::expected<Sequence, StoreError>> answer;
  forward.done = [&](std::expected<Sequence, StoreError> result) { answer = result; };
  world.committer->submit(std::move(forward));
  for (int i = 0; i < 10 && !answer; ++i)
    world.committer->step();
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ(world.count(RecordKind::copy), 10u);
  EXPECT_EQ(world.read_all().back().sequence, **answer);
}

TEST(Committer, AnswersEverythingWhenItFinishes) {
  assume(on_journal);
  CommitterWorld world;
  for (int i = 0; i < 100; ++i)
    world.bring("k" + std::to_string(i), std::string(500, 'b'));
  world.committer->submit(world.outcome(1));
  world.committer->finish();
  EXPECT_EQ(world.answered, 100);
  EXPECT_EQ(world.count(RecordKind::event), 100u);
  EXPECT_EQ(world.count(RecordKind::outcome), 1u);
}

}  // namespace
}  // namespace creel::store
