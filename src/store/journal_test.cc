#include "store/journal.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "store/journal_test_world.h"

namespace creel::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Journal, GivesBackWhatWasWrittenInOrder) {
  JournalWorld world;
  world.open();
  EXPECT_EQ(world.append({"a", "b"}), Sequence{2});  // 1 is the state of the new segment
  EXPECT_EQ(world.append({"c"}), Sequence{4});
  EXPECT_THAT(world.events(), ElementsAre("a", "b", "c"));
}

TEST(Journal, ShowsNothingBeforeTheSync) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.write({"a"}));
  EXPECT_THAT(world.events(), ElementsAre());
  ASSERT_TRUE(world.journal->sync());
  EXPECT_THAT(world.events(), ElementsAre("a"));
}

TEST(Journal, BeginsEachSegmentWithTheState) {
  JournalWorld world;
  world.open();
  world.journal->set_state_source([](std::string& into) { encode_state({{{"pause", "app"}}}, into); });
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(world.append({std::string(4000, 'x')}));
  int states = 0;
  std::uint32_t segment = 0;
  for (const auto& record : world.read_all()) {
    if (record.position.segment != segment) {
      EXPECT_EQ(record.kind, RecordKind::state);
    }
    segment = record.position.segment;
    if (record.kind != RecordKind::state) continue;
    StateRecord state;
    ASSERT_TRUE(decode_state(record.payload, state));
    EXPECT_EQ(state.entries.at(0).second, "app");
    ++states;
  }
  EXPECT_EQ(states, 2);
}

TEST(Journal, SurvivesCloseAndOpen) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a", "b"}));
  world.open();
  EXPECT_EQ(world.append({"c"}), Sequence{4});
  world.open();
  EXPECT_THAT(world.events(), ElementsAre("a", "b", "c"));
}

TEST(Journal, GivesARecordLargerThanASegmentASegmentOfItsSize) {
  JournalWorld world;
  world.open();
  const std::string large(100'000, 'L');
  ASSERT_TRUE(world.append({"before"}));
  ASSERT_TRUE(world.append({large}));
  ASSERT_TRUE(world.append({"behind"}));
  EXPECT_THAT(world.events(), ElementsAre("before", large, "behind"));
  world.open();
  EXPECT_THAT(world.events(), ElementsAre("before", large, "behind"));
}

TEST(Journal, WritesPartsOfACallerWithoutJoiningThem) {
  JournalWorld world;
  world.open();
  const std::string head(3000, 'h'), body(2000, 'b');
  const NewRecord record{RecordKind::event, {"meta", head, body}};
  ASSERT_TRUE(world.journal->write(std::span(&record, 1), Room::ordinary));
  ASSERT_TRUE(world.journal->sync());
  EXPECT_THAT(world.events(), ElementsAre("meta" + head + body));
}

TEST(Journal, GoesOnAfterWritesCutShortAtAnyByte) {
  for (std::size_t most = 1; most <= 90; ++most) {
    JournalWorld world;
    world.open();
    world.disk.set_write_max(most);
    ASSERT_TRUE(world.append({"abc", std::string(1500, 'x')}));
    world.crash(Loss::everything);
    EXPECT_THAT(world.events(), ElementsAre("abc", std::string(1500, 'x'))) << most;
  }
}

TEST(Journal, StopsForGoodWhenASyncFails) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  ASSERT_TRUE(world.write({"b"}));
  world.disk.fail_at(1, EIO);
  EXPECT_EQ(world.journal->sync().error(), StoreError::failed);
  EXPECT_EQ(world.append({"c"}).error(), StoreError::failed);
  EXPECT_EQ(world.journal->sync().error(), StoreError::failed);
  EXPECT_FALSE(world.journal->accepts_events());
  EXPECT_THAT(world.events(), ElementsAre("a"));
}

TEST(Journal, MakesDurableOnOpenWhatAFailedSyncLeftInThePageCache) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    JournalWorld world(seed);
    world.open();
    ASSERT_TRUE(world.append({"a"}));
    ASSERT_TRUE(world.write({std::string(3000, 'b'), std::string(3000, 'c')}));
    world.disk.fail_at(1, EIO);
    ASSERT_FALSE(world.journal->sync());
    world.disk.release_locks();
    world.open();
    const auto shown = world.events();
    ASSERT_TRUE(world.append({"d"}));
    world.crash(Loss::everything);
    auto expected = shown;
    expected.push_back("d");
    EXPECT_EQ(world.events(), expected) << "seed " << seed;
  }
}

TEST(Journal, TakesAFailedSyncOfFillingAheadForItsOwn) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  ASSERT_TRUE(world.write({"b"}));
  ASSERT_TRUE(world.journal->wants_preparation());
  world.disk.fail_at(2, EIO);  // the zeros are written, their sync fails, and takes the batch's pages with it
  world.journal->prepare();
  EXPECT_EQ(world.journal->sync().error(), StoreError::failed);
}

TEST(Journal, RefusesWhileTheDiskIsFullAndGoesOnWithoutARestart) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  world.disk.set_capacity(world.disk.bytes_used());
  int accepted = 0;
  while (world.append({std::string(1000, 'x')}))
    ++accepted;
  EXPECT_LT(accepted, 20);
  EXPECT_FALSE(world.journal->accepts_events());
  EXPECT_THAT(world.journal->reason(), HasSubstr("No space left"));
  world.disk.calm();
  EXPECT_TRUE(world.journal->accepts_events());
  ASSERT_TRUE(world.append({"z"}));
  world.crash(Loss::everything);
  EXPECT_EQ(world.events().size(), static_cast<std::size_t>(accepted) + 2);
  EXPECT_EQ(world.events().back(), "z");
}

TEST(Journal, KeepsTheReserveForOutcomesAndCommands) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  world.disk.set_capacity(world.disk.bytes_used());
  while (world.append({std::string(500, 'x')})) {
  }
  int outcomes = 0;
  while (world.append({std::string(500, 'o')}, Room::reserved))
    ++outcomes;
  EXPECT_GE(outcomes, 6);  // the reserve holds 4096 bytes
  EXPECT_EQ(world.append({"e"}).error(), StoreError::full);
  world.disk.calm();
  EXPECT_TRUE(world.append({"e"}));
}

TEST(Journal, RefusesEventsUntilTheReserveIsWholeAgain) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  world.disk.set_capacity(world.disk.bytes_used());
  while (world.append({std::string(500, 'x')}, Room::reserved)) {
  }
  world.disk.set_capacity(world.disk.bytes_used() + 1000);
  EXPECT_EQ(world.append({"e"}).error(), StoreError::full);
  world.disk.set_capacity(world.disk.bytes_used() + 100'000);
  EXPECT_TRUE(world.append({"e"}));
}

TEST(Journal, RefusesEventsAtItsLargestSizeUntilASegmentGoes) {
  JournalWorld world;
  world.options.bytes_max = 64 * 1024;
  world.open();
  while (world.append({std::string(3000, 'x')}))
    ASSERT_LE(world.journal->bytes(), world.options.bytes_max);
  EXPECT_FALSE(world.journal->accepts_events());
  EXPECT_TRUE(world.append({"outcome"}, Room::reserved));
  ASSERT_TRUE(world.journal->remove_oldest());
  EXPECT_TRUE(world.append({"e"}));
}

TEST(Journal, CountsTheRestOfTheStoreAgainstItsLargestSize) {
  JournalWorld world;
  world.options.bytes_max = 64 * 1024;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  world.journal->set_other_bytes(60 * 1024);
  while (world.append({std::string(1000, 'x')})) {
  }
  EXPECT_LT(world.journal->bytes(), 16u * 1024);
  world.journal->set_other_bytes(0);
  EXPECT_TRUE(world.append({"e"}));
}

TEST(Journal, RefusesOnAReadOnlyFileSystemAndGoesOnAfterwards) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  world.disk.set_read_only(true);
  EXPECT_EQ(world.append({"b"}).error(), StoreError::full);
  EXPECT_FALSE(world.journal->accepts_events());
  world.disk.set_read_only(false);
  EXPECT_TRUE(world.append({"c"}));
  EXPECT_THAT(world.events(), ElementsAre("a", "c"));
}

TEST(Journal, LeavesNothingOfAWriteThatRanOutOfRoomAtAnyByte) {
  for (std::uint64_t bytes = 0; bytes < 392; ++bytes) {
    JournalWorld world;
    world.open();
    ASSERT_TRUE(world.append({"a"}));
    world.disk.fail_after_bytes(bytes, ENOSPC);
    const auto refused = world.append({"stale 1", "stale 2", "stale 3", "stale 4", std::string(200, 's')});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), StoreError::full);
    world.disk.calm();
    ASSERT_TRUE(
        world.append({"fresh 1"}));  // as long as what it overwrites: a stale neighbour would fit behind it
    world.crash(bytes % 2 == 0 ? Loss::everything : Loss::none);
    EXPECT_THAT(world.events(), ElementsAre("a", "fresh 1")) << bytes;
  }
}

// The refused write reached the disk, the wiping of it did not, and the page cache says that it did.
TEST(Journal, WipesOnOpenWhatOnlyTheDiskStillHolds) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    JournalWorld world(seed);
    world.open();
    const std::string to_a_sector(312, 'a'), stale(480, 's'), fresh(480, 'f');
    ASSERT_TRUE(world.append({to_a_sector}));
    while (world.journal->prepare()) {
    }
    world.disk.fail_after_bytes(2500, ENOSPC);
    ASSERT_FALSE(world.append({stale, stale, stale, stale, stale}));
    world.disk.write_back();
    world.disk.calm();
    world.disk.fail_at(2, EIO);
    ASSERT_EQ(world.append({fresh}).error(), StoreError::failed);
    world.disk.release_locks();
    world.open();
    ASSERT_TRUE(world.append({fresh}));
    world.crash(Loss::everything);
    EXPECT_THAT(world.events(), ElementsAre(to_a_sector, fresh)) << "seed " << seed;
  }
}

TEST(Journal, RemovesTheOldestSegmentWhileAReaderHoldsIt) {
  JournalWorld world;
  world.open();
  for (int i = 0; i < 12; ++i)
    ASSERT_TRUE(world.append({std::string(4000, static_cast<char>('a' + i))}));
  JournalReader reader(*world.journal, world.journal->oldest());
  ASSERT_TRUE(reader.next());
  ASSERT_TRUE(world.journal->remove_oldest());
  EXPECT_FALSE(world.disk.exists(world.segment(1)));
  std::size_t events = 0;
  while (true) {
    const auto next = reader.next();
    ASSERT_TRUE(next) << describe(next.error());
    if (!*next) break;
    if ((*next)->kind == RecordKind::event) ++events;
  }
  EXPECT_EQ(events, 12u);
  EXPECT_LT(world.events().size(), 12u);
  EXPECT_EQ(JournalReader(*world.journal, {{1, 128}, 1}).next().error(), ReadError::gone);
}

TEST(Journal, NeverRemovesTheCurrentSegment) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  EXPECT_EQ(world.journal->remove_oldest().error(), StoreError::not_found);
  EXPECT_THAT(world.events(), ElementsAre("a"));
}

TEST(Journal, GoesOnBehindRemovedSegmentsAfterARestart) {
  JournalWorld world;
  world.open();
  for (int i = 0; i < 12; ++i)
    ASSERT_TRUE(world.append({std::string(4000, 'x')}));
  while (world.journal->remove_oldest()) {
  }
  const auto left = world.events();
  world.crash(Loss::everything);
  EXPECT_EQ(world.events(), left);
  EXPECT_TRUE(world.append({"z"}));
}

TEST(Journal, FillsAheadSoThatNoBatchGrowsAFile) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  while (world.journal->prepare()) {
  }
  for (int i = 0; i < 40; ++i) {
    const auto bytes = world.disk.bytes_used();
    ASSERT_TRUE(world.append({std::string(900, 'x')}));
    EXPECT_EQ(world.disk.bytes_used(), bytes) << i;
    while (world.journal->prepare()) {
    }
  }
  world.crash(Loss::everything);
  EXPECT_EQ(world.events().size(), 41u);
}

TEST(Journal, ReadsASingleRecordByItsPosition) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a", std::string(7000, 'b')}));
  JournalLookup lookup(*world.journal);
  for (const auto& record : world.read_all()) {
    const auto found = lookup.read(record.position);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->payload, record.payload);
    EXPECT_EQ(found->sequence, record.sequence);
  }
  EXPECT_EQ(lookup.read({1, 136}).error(), ReadError::damaged);
  EXPECT_EQ(lookup.read({9, 128}).error(), ReadError::ahead);
}

TEST(Journal, SaysWhenAReaderKnowsMoreThanTheDisk) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  JournalReader reader(*world.journal, {{1, 4096}, 77});
  EXPECT_EQ(reader.next().error(), ReadError::ahead);
}

TEST(Journal, RefusesASecondProcessAndNamesTheFirst) {
  JournalWorld world;
  world.open();
  const auto second = StoreFolder::open(world.disk, "store");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, OpenError::Kind::locked);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(::getpid())));
}

TEST(Journal, FindsItsIdentityInASegmentWhenTheFileIsLost) {
  JournalWorld world;
  world.open();
  ASSERT_TRUE(world.append({"a"}));
  world.close();
  world.disk.erase("store/store.id");
  world.open();
  EXPECT_THAT(world.events(), ElementsAre("a"));
}

}  // namespace
}  // namespace creel::store
