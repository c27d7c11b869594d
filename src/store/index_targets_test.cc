// Items of one request that go to different destinations, in the index and on their way to the dispatcher.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/index_fixture.h"

namespace creel::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class IndexTargetsTest : public testing::Test, public IndexFixture {
 protected:
  // A request whose items go each where its targets say, of the destinations "app", "audit" and "lake".
  EventId keep_items(const std::vector<std::optional<std::vector<Target>>>& targets, bool with_keys = false) {
    std::vector<NewItem> items(targets.size());
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < items.size(); ++i)
      keys.push_back("key" + std::to_string(i));
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i] = {.type = "t", .body_offset = static_cast<std::uint32_t>(i), .body_bytes = 1};
      if (with_keys) items[i].dedupe_key = keys[i];
      if (targets[i]) items[i].targets = *targets[i];
    }
    return IndexFixture::keep({.key = "wh", .body = "abcdefgh", .destinations = {"app", "audit", "lake"}},
                              items);
  }
  // The destinations that an event has deliveries for.
  std::vector<std::string> deliveries(EventId first, std::uint16_t item) {
    const auto row = reader()->event(EventId::of(first.sequence(), item));
    EXPECT_TRUE(row.has_value());
    std::vector<std::string> names;
    for (const DeliveryRow& delivery : row.value_or(EventRow()).deliveries)
      names.push_back(delivery.id.destination);
    return names;
  }
  // What the feed was told of each new delivery: "body destination transformed…".
  std::vector<std::string> told() {
    std::vector<std::string> all;
    for (const RecordingFeed::Told& one : feed_.told) {
      std::string line = one.body + " " + one.destination;
      for (const std::string& name : one.transformed)
        line += " ~" + name;
      all.push_back(line);
    }
    return all;
  }
};

TEST_F(IndexTargetsTest, HaveDeliveriesForTheirOwnTargetsAlone) {
  const EventId id = keep_items({std::nullopt, {{}}, {{Target{1}}}, {{Target{2, true}, Target{0}}}});
  index();
  EXPECT_THAT(deliveries(id, 0), ElementsAre("app", "audit", "lake"));
  EXPECT_THAT(deliveries(id, 1), IsEmpty());
  EXPECT_THAT(deliveries(id, 2), ElementsAre("audit"));
  EXPECT_THAT(deliveries(id, 3), ElementsAre("lake", "app"));
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(IndexTargetsTest, AreCountedByDestination) {
  keep_items({{{Target{0}}}, {{Target{0, true}, Target{1}}}, {{}}});
  index();
  const auto counts = reader()->counts();
  ASSERT_TRUE(counts.has_value());
  ASSERT_THAT(*counts, SizeIs(2));
  EXPECT_EQ(counts->at(0).pending, 2u);
  EXPECT_EQ(counts->at(1).pending, 1u);
}

// Many records are indexed in one transaction, and what the feed is told of the first still holds then.
TEST_F(IndexTargetsTest, TellTheFeedWhichGoByWayOfATransform) {
  defer(true);
  keep_items({{{Target{0, true}, Target{1}}}, {{Target{2, true}}}, {{}}});
  keep_items({{{Target{1}}}});
  keep_items({{{Target{0, true}, Target{1, true}}}});
  defer(false);
  index();
  EXPECT_THAT(told(), ElementsAre("a app ~app", "a audit ~app", "b lake ~lake", "a audit",
                                  "a app ~app ~audit", "a audit ~app ~audit"));
}

TEST_F(IndexTargetsTest, KeepTheFlagForWhoeverReadsThemLater) {
  const EventId id = keep_items({{{Target{0, true}, Target{1}}}});
  attempt(id, 1, AttemptResult::status, DeliveryState::dead);
  command(Command::Kind::retry, id, "app");
  index();
  const auto page = reader()->due({.destination = "app"});
  ASSERT_TRUE(page.has_value());
  ASSERT_THAT(page->deliveries, SizeIs(1));
  EXPECT_THAT(page->deliveries[0].event->transformed, ElementsAre("app"));
  const auto content = reader()->content(id);
  ASSERT_TRUE(content.has_value());
  EXPECT_THAT(content->transformed, ElementsAre("app"));
}

TEST_F(IndexTargetsTest, AreDecidedByTheFirstOfTwoThatAreDuplicates) {
  keep_items({{{Target{0}}}, {{Target{1}}}}, true);
  keep_items({{{Target{1}}}, {{}}, {{Target{2, true}}}}, true);
  index();
  EXPECT_THAT(told(), ElementsAre("a app", "b audit", "c lake ~lake"));
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(IndexTargetsTest, HearNothingOfADestinationThatIsNotTheirs) {
  const EventId id = keep_items({{{Target{0}}}});
  attempt(id, 1, AttemptResult::delivered, DeliveryState::delivered, "audit");
  command(Command::Kind::retry, id, "lake");
  index();
  EXPECT_THAT(deliveries(id, 0), ElementsAre("app"));
  const auto page = reader()->due({.destination = "app"});
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(page->deliveries, SizeIs(1));
}

}  // namespace
}  // namespace creel::store
