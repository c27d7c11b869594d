// What jobs order, as the index carries it out, and the filters by which they choose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/index_fixture.h"

namespace creel::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

class OrdersTest : public testing::Test, public IndexFixture {
 protected:
  void order(Orders::Kind kind, std::vector<DeliveryId> deliveries, std::vector<DeliveryState> states = {}) {
    std::string payload;
    encode_change(
        {"job/1", "so far",
         Orders{.kind = kind, .at = clock_.now(), .states = states, .deliveries = std::move(deliveries)}},
        payload);
    write({RecordKind::change, {payload, {}, {}}});
    index();
  }
  EventRow event(EventId id) {
    index();
    auto row = reader()->event(id);
    EXPECT_TRUE(row.has_value());
    return row.value_or(EventRow());
  }
  std::vector<EventId> list(const EventFilter& filter, bool newest_first = false) {
    index();
    std::vector<EventId> ids;
    const auto page = reader()->events({.filter = filter, .newest_first = newest_first});
    EXPECT_TRUE(page.has_value());
    for (const EventRow& row : page->events)
      ids.push_back(row.id);
    return ids;
  }
};

TEST_F(OrdersTest, ReplaysAsAFurtherDelivery) {
  const EventId id = keep({.key = "wh_1"});
  attempt(id, 1, AttemptResult::delivered, DeliveryState::delivered);
  index();
  feed_.told.clear();
  clock_.advance(1h);
  order(Orders::Kind::replay, {{id, "app", 1}});
  const EventRow row = event(id);
  ASSERT_THAT(row.deliveries, SizeIs(2));
  EXPECT_EQ(row.deliveries[0].state, DeliveryState::delivered);
  EXPECT_EQ(row.deliveries[1].id, (DeliveryId{id, "app", 2}));
  EXPECT_EQ(row.deliveries[1].state, DeliveryState::pending);
  EXPECT_EQ(row.deliveries[1].due, clock_.now());
  EXPECT_EQ(row.deliveries[1].attempts, 0u);
  ASSERT_THAT(feed_.told, SizeIs(1));
  EXPECT_EQ(feed_.told[0].state, DeliveryState::pending);

  order(Orders::Kind::replay, {{id, "app", 1}});
  EXPECT_EQ(event(id).deliveries.back().id.ordinal, 3u);
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(OrdersTest, ReplaysToADestinationThatTheEventNeverHad) {
  const EventId id = keep({.key = "wh_1"});
  order(Orders::Kind::replay, {{id, "books", 0}});
  const auto page = reader()->due({.destination = "books"});
  ASSERT_TRUE(page.has_value());
  ASSERT_THAT(page->deliveries, SizeIs(1));
  EXPECT_EQ(page->deliveries[0].id, (DeliveryId{id, "books", 1}));
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(OrdersTest, RetriesAndCancelsOnlyWhatIsStillInTheState) {
  const EventId dead = keep({.key = "wh_1"}), mended = keep({.key = "wh_2"}), pending = keep({.key = "wh_3"});
  attempt(dead, 1, AttemptResult::status, DeliveryState::dead);
  attempt(mended, 1, AttemptResult::status, DeliveryState::dead);
  command(Command::Kind::retry, mended);
  attempt(mended, 2, AttemptResult::delivered, DeliveryState::delivered);
  order(Orders::Kind::retry,
        {{dead, "app", 1}, {mended, "app", 1}, {pending, "app", 1}, {pending, "none", 1}},
        {DeliveryState::dead});
  EXPECT_EQ(event(dead).deliveries[0].state, DeliveryState::pending);
  EXPECT_EQ(event(mended).deliveries[0].state, DeliveryState::delivered);
  order(Orders::Kind::cancel, {{dead, "app", 1}, {mended, "app", 1}}, {DeliveryState::pending});
  EXPECT_EQ(event(dead).deliveries[0].state, DeliveryState::cancelled);
  EXPECT_EQ(event(mended).deliveries[0].state, DeliveryState::delivered);
  EXPECT_EQ(event(pending).deliveries[0].state, DeliveryState::pending);
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(OrdersTest, MeansOneDeliveryByItsOrdinal) {
  const EventId id = keep({.key = "wh_1"});
  order(Orders::Kind::replay, {{id, "app", 0}});
  std::string payload;
  encode_command(
      {.kind = Command::Kind::cancel, .event = id, .destination = "app", .at = clock_.now(), .ordinal = 2},
      payload);
  write({RecordKind::command, {payload, {}, {}}});
  const EventRow row = event(id);
  ASSERT_THAT(row.deliveries, SizeIs(2));
  EXPECT_EQ(row.deliveries[0].state, DeliveryState::pending);
  EXPECT_EQ(row.deliveries[1].state, DeliveryState::cancelled);
}

// However often an event was replayed at one moment: none of its deliveries falls between two pages.
TEST_F(OrdersTest, KeepsDeliveriesWithOnePlaceOnOnePage) {
  const EventId a = keep({.key = "wh_1"}), b = keep({.key = "wh_2"});
  attempt(a, 1, AttemptResult::delivered, DeliveryState::delivered);
  attempt(b, 1, AttemptResult::delivered, DeliveryState::delivered);
  order(Orders::Kind::replay, {{a, "app", 0}, {a, "app", 0}, {a, "app", 0}, {b, "app", 0}, {b, "app", 0}});
  for (std::size_t limit = 1; limit <= 6; ++limit) {
    std::vector<std::pair<EventId, std::uint32_t>> seen;
    DueQuery query{.destination = "app", .limit = limit};
    for (int pages = 0; pages < 10; ++pages) {
      const auto page = reader()->due(query);
      ASSERT_TRUE(page.has_value());
      for (const DueDelivery& one : page->deliveries)
        seen.emplace_back(one.id.event, one.id.ordinal);
      query.after = page->next;
      if (!page->more) break;
    }
    EXPECT_THAT(seen, ElementsAre(std::pair(a, 2u), std::pair(a, 3u), std::pair(a, 4u), std::pair(b, 2u),
                                  std::pair(b, 3u)))
        << limit;
  }
}

TEST_F(OrdersTest, IgnoresEventsThatAreGone) {
  keep({.key = "wh_1"});
  order(Orders::Kind::replay, {{EventId::of(77, 0), "app", 1}});
  order(Orders::Kind::retry, {{EventId::of(77, 0), "app", 1}}, {DeliveryState::dead});
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(OrdersTest, FiltersByTheNewestAttempt) {
  const EventId failed = keep({.key = "wh_1"}), gone = keep({.key = "wh_2"}), fine = keep({.key = "wh_3"});
  attempt(failed, 1, AttemptResult::timeout, DeliveryState::pending);
  attempt(failed, 2, AttemptResult::status, DeliveryState::dead);
  attempt(gone, 1, AttemptResult::status, DeliveryState::pending);
  attempt(gone, 2, AttemptResult::timeout, DeliveryState::pending);
  attempt(fine, 1, AttemptResult::delivered, DeliveryState::delivered);
  keep({.key = "never tried"});
  EXPECT_THAT(list({.status = StatusRange{500, 599}}), ElementsAre(failed, gone));
  EXPECT_THAT(list({.status = StatusRange{200, 200}}), ElementsAre(fine));
  EXPECT_THAT(list({.result = AttemptResult::timeout}), ElementsAre(gone));
  EXPECT_THAT(list({.result = AttemptResult::status}), ElementsAre(failed));
  EXPECT_THAT(list({.state = DeliveryState::pending, .result = AttemptResult::status}), IsEmpty());
}

TEST_F(OrdersTest, AsksOneDeliveryForAllThatIsSaidOfDeliveries) {
  const EventId id = keep({.key = "wh_1", .destinations = {"app", "books"}});
  attempt(id, 1, AttemptResult::status, DeliveryState::dead, "app");
  EXPECT_THAT(list({.destination = "app", .state = DeliveryState::dead}), ElementsAre(id));
  EXPECT_THAT(list({.destination = "books", .state = DeliveryState::dead}), IsEmpty());
  EXPECT_THAT(list({.destination = "books", .result = AttemptResult::status}), IsEmpty());
}

TEST_F(OrdersTest, FiltersByWhatTheEventHolds) {
  keep({.key = "wh_1", .body = "no"});
  const EventId id = keep({.key = "wh_2", .body = "a needle in hay"});
  const auto needle = std::make_shared<const std::function<bool(const StoredEventView&)>>(
      [](const StoredEventView& view) { return view.body.contains("needle"); });
  EXPECT_THAT(list({.content = needle}), ElementsAre(id));
  const auto page = reader()->events({.filter = {.content = needle}});
  EXPECT_EQ(page->scanned, 2u);
}

TEST_F(OrdersTest, EndsAtTheLastEventThatIsMeant) {
  const EventId a = keep({.key = "wh_1"}), b = keep({.key = "wh_2", .subject = "s"}),
                c = keep({.key = "wh_3", .subject = "s"});
  EXPECT_THAT(list({.upto = b}), ElementsAre(a, b));
  EXPECT_THAT(list({.upto = b}, true), ElementsAre(b, a));
  EXPECT_THAT(list({.subject = "s", .upto = b}), ElementsAre(b));
  EXPECT_THAT(list({.subject = "s", .upto = b}, true), ElementsAre(b));
  EXPECT_THAT(list({.upto = c}), ElementsAre(a, b, c));
  const auto page = reader()->events({.filter = {.upto = b}, .newest_first = false});
  EXPECT_FALSE(page->more);
}

TEST_F(OrdersTest, ShowsTheLastAttemptWhereItIsWanted) {
  const EventId id = keep({.key = "wh_1"});
  attempt(id, 1, AttemptResult::timeout, DeliveryState::pending, "app", "long reply");
  attempt(id, 2, AttemptResult::status, DeliveryState::dead, "app", "long reply");
  index();
  const auto page = reader()->events({.with_last_attempt = true});
  ASSERT_THAT(page->events[0].deliveries[0].history, SizeIs(1));
  const Attempt& last = page->events[0].deliveries[0].history[0];
  EXPECT_EQ(last.number, 2u);
  EXPECT_EQ(last.result, AttemptResult::status);
  EXPECT_EQ(last.status, 500);
  EXPECT_EQ(last.reply, "");
  EXPECT_THAT(reader()->events({})->events[0].deliveries[0].history, IsEmpty());
}

}  // namespace
}  // namespace creel::store
