#include "store/journal_recovery.h"

#include <gmock/gmock.h>

#include "store/journal_test_world.h"

namespace creel::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A journal of three batches in one segment: a; b1 b2 b3; c. Closed, so that a test can spoil it.
struct Spoiled : JournalWorld {
  Spoiled() {
    open();
    EXPECT_TRUE(append({"a"}));
    EXPECT_TRUE(append({"b1", "b2", "b3"}));
    EXPECT_TRUE(append({"c"}));
    for (const auto& record : read_all()) {
      if (record.kind == RecordKind::event) positions.emplace_back(record.payload, record.position);
    }
    close();
  }
  Position at(std::string_view payload) const {
    for (const auto& [text, position] : positions) {
      if (text == payload) return position;
    }
    ADD_FAILURE() << "no record " << payload;
    return {};
  }
  void spoil(std::string_view payload) {
    const Position position = at(payload);
    disk.overwrite(segment(position.segment), position.offset + kFrameBytes, "?");
  }
  void zero(std::string_view payload, std::size_t bytes) {
    const Position position = at(payload);
    disk.overwrite(segment(position.segment), position.offset, std::string(bytes, '\0'));
  }
  void expect_damage(const std::string& words) {
    const std::string before = disk.contents(segment(1));
    const auto error = try_open();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, OpenError::Kind::damaged);
    EXPECT_THAT(error->message, HasSubstr(words));
    EXPECT_EQ(disk.contents(segment(1)), before);
  }
  std::vector<std::pair<std::string, Position>> positions;
};

TEST(JournalRecovery, CutsABadLastRecord) {
  Spoiled journal;
  journal.spoil("c");
  journal.open();
  EXPECT_THAT(journal.events(), ElementsAre("a", "b1", "b2", "b3"));
  EXPECT_TRUE(journal.append({"d"}));
  journal.open();
  EXPECT_THAT(journal.events(), ElementsAre("a", "b1", "b2", "b3", "d"));
}

TEST(JournalRecovery, CutsATornBatchOfWhichALaterRecordIsWhole) {
  Spoiled journal;
  journal.zero("c", 40);
  journal.spoil("b2");
  journal.open();
  EXPECT_THAT(journal.events(), ElementsAre("a", "b1"));
  ASSERT_TRUE(journal.append({"x2"}));  // as long as b2: the whole b3 stood right behind
  journal.open();
  EXPECT_THAT(journal.events(), ElementsAre("a", "b1", "x2"));
}

TEST(JournalRecovery, KnowsATornBatchFromDamageByTheBatchAndNotByTheRecord) {
  Spoiled journal;
  journal.spoil("b1");  // c shows that b1's batch was synced
  const auto from = journal.at("b1").offset, to = journal.at("b2").offset;
  journal.expect_damage("0000000001.segment is damaged from byte " + std::to_string(from) + " to " +
                        std::to_string(to) + " (records 3 to 3)");
}

TEST(JournalRecovery, CallsALostPageBeforeALaterBatchDamage) {
  Spoiled journal;
  journal.zero("b2", 80);
  journal.expect_damage("(records 4 to 5)");
}

TEST(JournalRecovery, MovesDamageAsideWhenTold) {
  Spoiled journal;
  journal.spoil("b1");
  journal.options.accept_damage = true;
  journal.open();
  EXPECT_THAT(journal.events(), ElementsAre("a", "b2", "b3", "c"));
  const auto aside = "store/journal/damaged-1-" + std::to_string(journal.at("b1").offset);
  EXPECT_THAT(journal.disk.contents(aside), HasSubstr("?1"));
  journal.options.accept_damage = false;
  ASSERT_TRUE(journal.append({"d"}));
  journal.crash(Loss::everything);
  EXPECT_THAT(journal.events(), ElementsAre("a", "b2", "b3", "c", "d"));
}

// Two segments; what is bad in the first is never a torn tail.
struct TwoSegments : JournalWorld {
  TwoSegments() {
    open();
    for (const char letter : {'a', 'b', 'c', 'd', 'e', 'f'})
      EXPECT_TRUE(append({std::string(3900, letter)}));
    all = read_all();
    EXPECT_EQ(all.back().position.segment, 2u);
    close();
  }
  std::vector<ReadBack> all;
  std::string letters() {
    std::string found;
    for (const auto& payload : events())
      found += payload[0];
    return found;
  }
};

TEST(JournalRecovery, CallsABadTailOfAnEarlierSegmentDamage) {
  TwoSegments journal;
  const Position last = journal.all.at(4).position;  // d, the last of the first segment
  journal.disk.overwrite(journal.segment(1), last.offset, std::string(3950, '\0'));
  const auto error = journal.try_open();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, OpenError::Kind::damaged);
  journal.options.accept_damage = true;
  journal.open();
  EXPECT_EQ(journal.letters(), "abcef");
}

TEST(JournalRecovery, CallsALostHeaderBeforeAnotherSegmentDamageAndMendsIt) {
  TwoSegments journal;
  journal.disk.overwrite(journal.segment(1), 0, std::string(kSegmentHeaderBytes, '\0'));
  EXPECT_EQ(journal.try_open()->kind, OpenError::Kind::damaged);
  journal.options.accept_damage = true;
  journal.open();
  EXPECT_EQ(journal.letters(), "abcdef");
}

TEST(JournalRecovery, CallsAMissingSegmentDamageAndGoesOnWithoutItWhenTold) {
  JournalWorld journal;
  journal.open();
  for (int i = 0; i < 12; ++i)
    ASSERT_TRUE(journal.append({std::string(3900, static_cast<char>('a' + i))}));
  journal.close();
  journal.disk.erase(journal.segment(2));
  const auto error = journal.try_open();
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("0000000002.segment"));
  journal.options.accept_damage = true;
  journal.open();
  EXPECT_EQ(journal.events().size(), 8u);
  EXPECT_TRUE(journal.append({"on"}));
}

TEST(JournalRecovery, DropsASegmentThatWasBegunAndNeverSynced) {
  TwoSegments journal;
  journal.open();
  const auto before = journal.events();
  ASSERT_TRUE(journal.append({std::string(3900, 'x'), std::string(3900, 'y')}));
  ASSERT_TRUE(journal.write({std::string(3900, 'z')}));  // opens the third segment, without a sync
  ASSERT_EQ(journal.journal->written().at.segment, 3u);
  journal.crash(Loss::everything);
  EXPECT_EQ(journal.events().size(), before.size() + 2);
  EXPECT_TRUE(journal.append({"on"}));
}

TEST(JournalRecovery, RefusesANewerFormatAndAnotherStoresSegment) {
  Spoiled journal;
  const auto header = decode_header(
      std::string_view(journal.disk.contents(journal.segment(1))).substr(0, kSegmentHeaderBytes));
  ASSERT_TRUE(header);
  SegmentHeader other = *header;
  other.version = 2;
  auto bytes = encode_header(other);
  journal.disk.overwrite(journal.segment(1), 0, {bytes.data(), bytes.size()});
  EXPECT_EQ(journal.try_open()->kind, OpenError::Kind::newer);
  other = *header;
  other.identity.id[0] ^= 1;
  bytes = encode_header(other);
  journal.disk.overwrite(journal.segment(1), 0, {bytes.data(), bytes.size()});
  EXPECT_EQ(journal.try_open()->kind, OpenError::Kind::foreign);
}

TEST(JournalRecovery, IsNotDeceivedByABodyThatLooksLikeARecord) {
  JournalWorld journal;
  journal.open();
  // A sender who knows everything but the store's secret writes a record of a later batch into his body.
  FrameCodec theirs(StoreIdentity{});
  const std::string_view payload = "forged!!";
  const auto frame = theirs.encode({8, 1, 900, 900, RecordKind::event}, std::span(&payload, 1));
  std::string body;
  for (int i = 0; i < 20; ++i)
    body += std::string(frame.data(), frame.size()) + std::string(payload);
  ASSERT_TRUE(journal.append({"a"}));
  ASSERT_TRUE(journal.append({body}));
  const Position position = journal.read_all().back().position;
  journal.close();
  journal.disk.overwrite(journal.segment(1), position.offset, "torn");
  journal.open();
  EXPECT_THAT(journal.events(), ElementsAre("a"));
}

TEST(JournalRecovery, SaysWhereAReaderMetDamage) {
  Spoiled journal;
  journal.open();
  journal.spoil("b1");
  JournalReader reader(*journal.journal, journal.journal->oldest());
  ASSERT_TRUE(reader.next());
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.next().error(), ReadError::damaged);
  EXPECT_EQ(reader.place().next, 3u);
}

}  // namespace
}  // namespace creel::store
