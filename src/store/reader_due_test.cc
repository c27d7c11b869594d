#include <gmock/gmock.h>

#include "store/index_fixture.h"

namespace creel::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

class ReaderDueTest : public IndexFixture, public testing::Test {
 protected:
  static std::vector<EventId> ids(const DuePage& page) {
    std::vector<EventId> found;
    for (const DueDelivery& delivery : page.deliveries)
      found.push_back(delivery.id.event);
    return found;
  }
};

TEST_F(ReaderDueTest, GivesTheDeadOfADestinationInOrderOfTheirEvents) {
  std::vector<EventId> dead;
  for (int i = 0; i < 7; ++i) {
    const EventId id = keep({.key = "wh_" + std::to_string(i), .body = "{\"n\":" + std::to_string(i) + "}"});
    if (i % 2 == 0) dead.push_back(id);
  }
  const EventId elsewhere = keep({.key = "wh_x", .destinations = {"other"}});
  clock_.advance(1h);
  for (auto id = dead.rbegin(); id != dead.rend(); ++id)
    attempt(*id, 1, AttemptResult::status, DeliveryState::dead);
  attempt(elsewhere, 1, AttemptResult::status, DeliveryState::dead, "other");
  index();

  std::vector<EventId> found;
  DueQuery query{.destination = "app", .limit = 3};
  while (true) {
    const auto page = reader()->dead(query);
    ASSERT_TRUE(page.has_value());
    for (const DueDelivery& delivery : page->deliveries) {
      found.push_back(delivery.id.event);
      EXPECT_EQ(delivery.due, clock_.now() + 7ms) << "when it died";
      EXPECT_EQ(delivery.attempts, 1u);
      ASSERT_NE(delivery.event, nullptr);
      EXPECT_THAT(delivery.event->body, testing::StartsWith("{\"n\":"));
    }
    if (!page->more) break;
    query.after = page->next;
  }
  EXPECT_THAT(found, ElementsAreArray(dead));
  EXPECT_THAT(ids(*reader()->dead({.destination = "nobody"})), IsEmpty());
}

TEST_F(ReaderDueTest, KeepsTheDeliveriesOfAnEventTogether) {
  const EventId first = keep({.key = "wh_1"}), second = keep({.key = "wh_2"});
  attempt(first, 1, AttemptResult::status, DeliveryState::dead);
  attempt(second, 1, AttemptResult::status, DeliveryState::dead);
  index();
  const auto page = reader()->dead({.destination = "app", .limit = 1});
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(ids(*page), ElementsAre(first));
  EXPECT_TRUE(page->more);
  EXPECT_THAT(ids(*reader()->dead({.destination = "app", .after = page->next, .limit = 1})),
              ElementsAre(second));
}

TEST_F(ReaderDueTest, FindsTheDeadNoMoreOnceTheyAreCancelledOrTriedAgain) {
  const EventId dropped = keep({.key = "wh_1"}), again = keep({.key = "wh_2"}), stays = keep({.key = "wh_3"});
  for (const EventId id : {dropped, again, stays})
    attempt(id, 1, AttemptResult::status, DeliveryState::dead);
  command(Command::Kind::cancel, dropped, "app");
  command(Command::Kind::retry, again, "app");
  index();
  EXPECT_THAT(ids(*reader()->dead({.destination = "app"})), ElementsAre(stays));
  EXPECT_EQ(reader()->event(dropped)->deliveries.at(0).state, DeliveryState::cancelled);
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(ReaderDueTest, LeavesOutWhatComesFromPausedSources) {
  std::vector<EventId> others;
  for (int i = 0; i < 20; ++i) {
    const bool is_other = i % 5 == 4;
    const EventId id = keep({.key = "wh_" + std::to_string(i),
                             .source = is_other     ? "stripe"
                                       : i % 2 == 0 ? "openai"
                                                    : "github"});
    if (is_other) others.push_back(id);
  }
  index();
  const DueQuery query{
      .destination = "app", .limit = 100, .without_sources = {"openai", "github", "unknown"}};
  const auto page = reader()->due(query);
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(ids(*page), ElementsAreArray(others));
  EXPECT_FALSE(page->more);
}

// A paused source may have a million of them: a page looks at so many and no more, and says where to go on.
TEST_F(ReaderDueTest, GoesOnWhereItStoppedLooking) {
  for (int i = 0; i < 30; ++i)
    keep({.key = "wh_" + std::to_string(i)});
  const EventId last = keep({.key = "wh_last", .source = "stripe"});
  index();
  IndexReader slow(*journal_, nullptr, view_, clock_, {.folder = index_options().folder, .page_scan = 4});
  std::vector<EventId> found;
  DueQuery query{.destination = "app", .limit = 2, .without_sources = {"openai"}};
  int pages = 0;
  while (true) {
    const auto page = slow.due(query);
    ASSERT_TRUE(page.has_value());
    const std::vector<EventId> of_page = ids(*page);
    found.insert(found.end(), of_page.begin(), of_page.end());
    ++pages;
    if (!page->more) break;
    ASSERT_TRUE(page->next.has_value());
    query.after = page->next;
  }
  EXPECT_THAT(found, ElementsAre(last));
  EXPECT_GT(pages, 5);
}

TEST_F(ReaderDueTest, ShowsWhyAttemptsWereMadeAndHowLongTheirPartsTook) {
  using std::chrono::microseconds;
  const EventId id = keep({.key = "wh_1"});
  const AttemptTimings timings{.dns = 900us, .connect = 1ms, .tls = 12ms, .first_byte = 3s};
  const auto tell = [&](std::uint32_t number, AttemptResult result, AttemptTrigger trigger,
                        AttemptTimings parts) {
    Outcome outcome;
    outcome.delivery = {id, "app", 1};
    outcome.attempt = {
        .number = number, .started = clock_.now(), .result = result, .trigger = trigger, .timings = parts};
    outcome.state = result == AttemptResult::delivered ? DeliveryState::delivered : DeliveryState::pending;
    std::string payload;
    encode_outcome(outcome, payload);
    write({RecordKind::outcome, {payload, {}, {}}});
  };
  tell(1, AttemptResult::timeout, AttemptTrigger::first, timings);
  tell(2, AttemptResult::delivered, AttemptTrigger::retry, {.first_byte = 250us});
  index();
  std::vector<Attempt> history = reader()->event(id)->deliveries.at(0).history;
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].trigger, AttemptTrigger::first);
  EXPECT_EQ(history[0].timings, timings);
  EXPECT_EQ(history[1].trigger, AttemptTrigger::retry);
  EXPECT_EQ(history[1].timings, AttemptTimings{.first_byte = 250us});

  command(Command::Kind::retry, id, "app");
  tell(3, AttemptResult::delivered, AttemptTrigger::manual, {});
  index();
  history = reader()->event(id)->deliveries.at(0).history;
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[1].timings, AttemptTimings{.first_byte = 250us})
      << "a success that was followed by a retry";
  EXPECT_EQ(history[2].trigger, AttemptTrigger::manual);
  EXPECT_EQ(rows(), rebuilt_rows());
}

}  // namespace
}  // namespace creel::store
