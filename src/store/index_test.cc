#include "store/index.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "store/index_fixture.h"
#include "store/index_sql.h"

namespace creel::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

class IndexTest : public testing::Test, public IndexFixture {
 protected:
  DeliveryCounts counts() {
    const auto all = reader()->counts();
    EXPECT_TRUE(all.has_value());
    return all && !all->empty() ? all->front() : DeliveryCounts{};
  }
};

TEST_F(IndexTest, TellsTheFeedOfANewEventWithItsContent) {
  const EventId id = keep({.key = "wh_1", .body = R"({"id":1})"});
  index();
  ASSERT_THAT(feed_.told, SizeIs(1));
  EXPECT_EQ(feed_.told[0].event, id);
  EXPECT_EQ(feed_.told[0].destination, "app");
  EXPECT_EQ(feed_.told[0].state, DeliveryState::pending);
  EXPECT_EQ(feed_.told[0].due, clock_.now());
  EXPECT_EQ(feed_.told[0].body, R"({"id":1})");
  EXPECT_EQ(feed_.upto, id.sequence());
}

TEST_F(IndexTest, TellsOfAnOutcomeWithoutContent) {
  const EventId id = keep({.key = "wh_1"});
  attempt(id, 1, AttemptResult::status, DeliveryState::pending);
  index();
  ASSERT_THAT(feed_.told, SizeIs(2));
  EXPECT_EQ(feed_.told[1].attempts, 1u);
  EXPECT_EQ(feed_.told[1].due, clock_.now() + 1s);
  EXPECT_EQ(feed_.told[1].body, "-");
}

TEST_F(IndexTest, GoesOnWhereItStoodAfterARestart) {
  keep({.key = "wh_1"});
  index();
  open_journal();
  const EventId second = keep({.key = "wh_2"});
  feed_.told.clear();
  index();
  ASSERT_THAT(feed_.told, SizeIs(1));
  EXPECT_EQ(feed_.told[0].event, second);
}

TEST_F(IndexTest, CountsDeliveriesByState) {
  const EventId delivered = keep({.key = "wh_1"});
  const EventId dead = keep({.key = "wh_2"});
  const EventId cancelled = keep({.key = "wh_3"});
  keep({.key = "wh_4"});
  attempt(delivered, 1, AttemptResult::delivered, DeliveryState::delivered);
  attempt(dead, 1, AttemptResult::timeout, DeliveryState::dead);
  command(Command::Kind::cancel, cancelled);
  index();
  const DeliveryCounts all = counts();
  EXPECT_EQ(all.destination, "app");
  EXPECT_EQ(all.delivered, 1u);
  EXPECT_EQ(all.dead, 1u);
  EXPECT_EQ(all.cancelled, 1u);
  EXPECT_EQ(all.pending, 1u);
  EXPECT_EQ(all.oldest_pending_due, clock_.now());
}

// --- Duplicates ---

TEST_F(IndexTest, MakesOneEventOfADuplicate) {
  keep({.key = "wh_1"});
  keep({.key = "wh_1"});
  index();
  EXPECT_THAT(feed_.told, SizeIs(1));
}

TEST_F(IndexTest, KnowsADuplicateInALaterTransactionAndAfterARestart) {
  keep({.key = "wh_1"});
  index();
  keep({.key = "wh_1"});
  index();
  open_journal();
  keep({.key = "wh_1"});
  index();
  EXPECT_THAT(feed_.told, SizeIs(1));
}

TEST_F(IndexTest, KnowsADuplicateWhoseKeyIsInARun) {
  index_options_.keys_in_memory = 1;
  keep({.key = "wh_1"});
  index();
  keep({.key = "wh_2"});
  index();
  open_journal();
  keep({.key = "wh_1"});
  index();
  EXPECT_THAT(feed_.told, SizeIs(2));
}

TEST_F(IndexTest, TakesTheSameKeyOfAnotherSourceForAnotherEvent) {
  keep({.key = "wh_1", .source = "openai"});
  keep({.key = "wh_1", .source = "stripe"});
  index();
  EXPECT_THAT(feed_.told, SizeIs(2));
}

TEST_F(IndexTest, DropsADuplicateJustInsideTheWindow) {
  keep({.key = "wh_1", .window = 60s});
  clock_.advance(60s - 1ms);
  keep({.key = "wh_1", .window = 60s});
  index();
  EXPECT_THAT(feed_.told, SizeIs(1));
}

TEST_F(IndexTest, TakesAKeyAgainWhenItsWindowHasPassed) {
  keep({.key = "wh_1", .window = 60s});
  clock_.advance(60s);
  keep({.key = "wh_1", .window = 60s});
  clock_.advance(59s);
  keep({.key = "wh_1", .window = 60s});  // counts from the second
  index();
  EXPECT_THAT(feed_.told, SizeIs(2));
}

TEST_F(IndexTest, DropsADuplicateThatComesWhenTheClockHasGoneBack) {
  keep({.key = "wh_1", .received = clock_.now()});
  keep({.key = "wh_1", .received = clock_.now() - 24h});
  index();
  EXPECT_THAT(feed_.told, SizeIs(1));
}

TEST_F(IndexTest, MakesOnlyTheNewItemsOfAPartlyDuplicateArray) {
  keep({.key = "one"});
  const std::string body = "[1,2]";
  const NewItem items[] = {
      {.dedupe_key = "one", .provider_id = "one", .type = "t", .body_offset = 1, .body_bytes = 1},
      {.dedupe_key = "two", .provider_id = "two", .type = "t", .body_offset = 3, .body_bytes = 1}};
  const EventId id = keep({.key = "x", .body = body}, items);
  index();
  ASSERT_THAT(feed_.told, SizeIs(2));
  EXPECT_EQ(feed_.told[1].event, EventId::of(id.sequence(), 1));
  EXPECT_EQ(feed_.told[1].body, "2");
}

// --- Outcomes and commands ---

TEST_F(IndexTest, IgnoresAnOutcomeAndACommandForWhatIsNotThere) {
  attempt(EventId::of(9, 0), 1, AttemptResult::delivered, DeliveryState::delivered);
  command(Command::Kind::retry, EventId::of(9, 0));
  index();
  EXPECT_THAT(feed_.told, IsEmpty());
  EXPECT_EQ(index_->place().next, journal_->synced().next);
}

TEST_F(IndexTest, MakesADeadDeliveryPendingOnRetryWithAFreshBudget) {
  const EventId id = keep({.key = "wh_1"});
  attempt(id, 1, AttemptResult::status, DeliveryState::pending);
  attempt(id, 2, AttemptResult::status, DeliveryState::dead);
  clock_.advance(1h);
  command(Command::Kind::retry, id, "app");
  index();
  EXPECT_EQ(feed_.told.back().state, DeliveryState::pending);
  EXPECT_EQ(feed_.told.back().due, clock_.now());
  EXPECT_EQ(feed_.told.back().attempts, 2u);
  EXPECT_EQ(feed_.told.back().attempts_base, 2u);
}

TEST_F(IndexTest, KeepsARetryThatCameDuringTheLastAttempt) {
  const EventId id = keep({.key = "wh_1"});
  attempt(id, 1, AttemptResult::status, DeliveryState::pending);
  clock_.advance(1h);
  const Time asked = clock_.now();
  command(Command::Kind::retry, id, "app");
  clock_.advance(-1min);  // when the attempt began that has ended now
  attempt(id, 2, AttemptResult::status, DeliveryState::dead);
  index();
  EXPECT_EQ(feed_.told.back().state, DeliveryState::pending);
  EXPECT_LE(feed_.told.back().due, asked);
  EXPECT_EQ(feed_.told.back().attempts, 2u);
  EXPECT_EQ(feed_.told.back().attempts_base, 2u);
  clock_.advance(2min);
  attempt(id, 3, AttemptResult::status, DeliveryState::dead);
  index();
  EXPECT_EQ(feed_.told.back().state, DeliveryState::dead);
}

TEST_F(IndexTest, KeepsTheReplyOfTheNewestFailureOnly) {
  const EventId id = keep({.key = "wh_1"});
  attempt(id, 1, AttemptResult::status, DeliveryState::pending, "app", "first reply");
  attempt(id, 2, AttemptResult::status, DeliveryState::pending, "app", std::string(5000, 'x'));
  attempt(id, 3, AttemptResult::delivered, DeliveryState::delivered);
  index();
  const auto row = reader()->event(id);
  ASSERT_TRUE(row.has_value());
  ASSERT_THAT(row->deliveries, SizeIs(1));
  const auto& history = row->deliveries[0].history;
  ASSERT_THAT(history, SizeIs(3));
  EXPECT_EQ(history[0].reply, "");
  EXPECT_EQ(history[0].error, "it said no");
  EXPECT_EQ(history[1].reply, std::string(1024, 'x'));
  EXPECT_EQ(history[2].result, AttemptResult::delivered);
  EXPECT_EQ(history[2].status, 200);
  EXPECT_EQ(history[2].took, 7ms);
}

TEST_F(IndexTest, KeepsASuccessInTheHistoryOfADeliveryMadeAgain) {
  const EventId id = keep({.key = "wh_1"});
  attempt(id, 1, AttemptResult::delivered, DeliveryState::delivered);
  command(Command::Kind::retry, id);
  attempt(id, 2, AttemptResult::delivered, DeliveryState::delivered);
  index();
  const auto row = reader()->event(id);
  ASSERT_TRUE(row.has_value());
  EXPECT_THAT(row->deliveries.at(0).history, SizeIs(2));
}

// --- Searching ---

TEST_F(IndexTest, FindsAnEventByItsIdItsProvidersIdAndItsSubject) {
  const EventId id = keep({.key = "wh_1", .subject = "batch_7"});
  keep({.key = "wh_2", .subject = "batch_8"});
  index();
  for (const EventFilter& filter :
       {EventFilter{.id = to_text(id)}, EventFilter{.id = "wh_1"}, EventFilter{.subject = "batch_7"}}) {
    const auto page = reader()->events({.filter = filter});
    ASSERT_TRUE(page.has_value());
    ASSERT_THAT(page->events, SizeIs(1));
    EXPECT_EQ(page->events[0].id, id);
    EXPECT_EQ(page->events[0].provider_id, "wh_1");
    EXPECT_EQ(page->events[0].subject, "batch_7");
    EXPECT_EQ(page->events[0].type, "batch.completed");
  }
}

TEST_F(IndexTest, TurnsPagesInBothDirections) {
  std::vector<EventId> ids;
  for (int i = 0; i < 7; ++i)
    ids.push_back(keep({.key = "wh_" + std::to_string(i)}));
  index();
  for (const bool newest_first : {true, false}) {
    EventQuery query{.newest_first = newest_first, .limit = 3};
    std::vector<EventId> seen;
    while (true) {
      const auto page = reader()->events(query);
      ASSERT_TRUE(page.has_value());
      for (const EventRow& row : page->events)
        seen.push_back(row.id);
      if (!page->more) break;
      query.after = page->next;
    }
    std::vector<EventId> expected = ids;
    if (newest_first) std::ranges::reverse(expected);
    EXPECT_EQ(seen, expected);
  }
}

TEST_F(IndexTest, FiltersByTypeStateAndTime) {
  const EventId first = keep({.key = "1", .type = "batch.completed"});
  clock_.advance(1h);
  const EventId second = keep({.key = "2", .type = "response.failed"});
  attempt(first, 1, AttemptResult::status, DeliveryState::dead);
  index();
  const auto only = [this](EventFilter filter) {
    const auto page = reader()->events({.filter = std::move(filter)});
    std::vector<EventId> ids;
    for (const EventRow& row : page->events)
      ids.push_back(row.id);
    return ids;
  };
  EXPECT_THAT(only({.types = {"batch.*"}}), ElementsAre(first));
  EXPECT_THAT(only({.types = {"*"}}), ElementsAre(second, first));
  EXPECT_THAT(only({.types = {"image.*"}}), IsEmpty());
  EXPECT_THAT(only({.state = DeliveryState::dead}), ElementsAre(first));
  EXPECT_THAT(only({.state = DeliveryState::pending}), ElementsAre(second));
  EXPECT_THAT(only({.destination = "other"}), IsEmpty());
  EXPECT_THAT(only({.since = clock_.now()}), ElementsAre(second));
  EXPECT_THAT(only({.until = clock_.now() - 1ms}), ElementsAre(first));
}

TEST_F(IndexTest, GivesWhatIsDueInOrderOfTimeAndThenOfTheJournal) {
  const EventId a = keep({.key = "a", .body = "A"});
  const EventId b = keep({.key = "b", .body = "B"});
  const EventId c = keep({.key = "c", .body = "C"});
  attempt(a, 1, AttemptResult::status, DeliveryState::pending);  // due a second later
  attempt(c, 1, AttemptResult::delivered, DeliveryState::delivered);
  const EventId d = keep({.key = "d", .body = "D"});
  index();
  const auto first = reader()->due({.destination = "app", .after = {}, .limit = 2});
  ASSERT_TRUE(first.has_value());
  ASSERT_THAT(first->deliveries, SizeIs(2));
  EXPECT_TRUE(first->more);
  EXPECT_EQ(first->deliveries[0].id.event, b);
  EXPECT_EQ(first->deliveries[1].id.event, d);
  EXPECT_EQ(first->deliveries[1].event->body, "D");
  const auto rest = reader()->due({.destination = "app", .after = std::pair(first->deliveries[1].due, d)});
  ASSERT_TRUE(rest.has_value());
  ASSERT_THAT(rest->deliveries, SizeIs(1));
  EXPECT_EQ(rest->deliveries[0].id.event, a);
  EXPECT_EQ(rest->deliveries[0].attempts, 1u);
  EXPECT_FALSE(rest->more);
}

// --- Damage and versions ---

TEST_F(IndexTest, RefusesAnIndexOfANewerCreel) {
  keep({.key = "wh_1"});
  index();
  index_.reset();
  {
    Database database(index_options().folder + "/index.sqlite", Database::Access::write);
    database.execute("UPDATE meta SET value = 999 WHERE name = 'schema'");
    ASSERT_TRUE(database.ok());
  }
  const auto opened = try_open_index();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().error, IndexError::newer);
}

TEST_F(IndexTest, MakesTheIndexOfAnOlderCreelAnew) {
  keep({.key = "wh_1"});
  index();
  const auto before = rows();
  index_.reset();
  {
    // As the first schema was: without what is known of attempts now.
    Database database(index_options().folder + "/index.sqlite", Database::Access::write);
    database.execute("UPDATE meta SET value = 1 WHERE name = 'schema'");
    for (const char* column : {"cause", "dns", "connect", "tls", "first_byte"})
      database.execute((std::string("ALTER TABLE attempts DROP COLUMN ") + column).c_str());
    ASSERT_TRUE(database.ok());
  }
  const auto opened = try_open_index();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().error, IndexError::broken);
  Index::remove(disk_, index_options().folder);
  index();
  EXPECT_EQ(rows(), before);
}

TEST_F(IndexTest, CallsAFileThatIsNoDatabaseBroken) {
  std::filesystem::create_directories(index_options().folder);
  std::ofstream(index_options().folder + "/index.sqlite") << std::string(8192, 'z');
  const auto opened = try_open_index();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().error, IndexError::broken);
}

TEST_F(IndexTest, CallsAnIndexAheadOfTheJournalBroken) {
  keep({.key = "wh_1"});
  index();
  index_.reset();
  {
    Database database(index_options().folder + "/index.sqlite", Database::Access::write);
    database.execute("UPDATE progress SET sequence = sequence + 5");
  }
  const auto opened = try_open_index();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().error, IndexError::broken);
}

TEST_F(IndexTest, CallsAMissingRunBroken) {
  index_options_.keys_in_memory = 1;
  keep({.key = "wh_1"});
  index();
  index_.reset();
  for (const auto& file : std::filesystem::directory_iterator(index_options().folder)) {
    if (file.path().filename().string().starts_with("keys-")) std::filesystem::remove(file.path());
  }
  const auto opened = try_open_index();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().error, IndexError::broken);
}

TEST_F(IndexTest, RemovesARunThatWasNeverListed) {
  keep({.key = "wh_1"});
  index();
  index_.reset();
  const std::string stray = index_options().folder + "/keys-77";
  std::ofstream(stray) << "written before a kill, and not listed";
  open_index();
  EXPECT_FALSE(std::filesystem::exists(stray));
}

TEST_F(IndexTest, PutsARebuiltIndexInThePlaceOfABrokenOne) {
  const EventId id = keep({.key = "wh_1"});
  attempt(id, 1, AttemptResult::delivered, DeliveryState::delivered);
  index();
  const std::vector<std::string> before = rows();
  index_.reset();
  std::ofstream(index_options().folder + "/index.sqlite") << std::string(8192, 'z');
  const auto rebuilt = Index::rebuild(*journal_, log_, index_options());
  ASSERT_TRUE(rebuilt.has_value()) << rebuilt.error().message;
  open_index();
  EXPECT_EQ(rows(), before);
}

TEST_F(IndexTest, TellsTheFeedOfOneThatCameAgainWithAnotherBodyOnlyOnce) {
  keep({.key = "wh_1", .body = "first"});
  keep({.key = "wh_1", .body = "second"});
  index();
  ASSERT_THAT(feed_.told, SizeIs(1));
  EXPECT_EQ(feed_.told[0].body, "first");
  EXPECT_EQ(index_->conflicts(), 1u);
}

// --- Histories ---

// Of a request that may go to one destination alone.
std::optional<std::vector<Target>> some_targets(Random& random) {
  switch (random.below(4)) {
    case 0:
      return std::vector<Target>();
    case 1:
      return std::vector<Target>{{0, true}};
    default:
      return std::nullopt;
  }
}

TEST_F(IndexTest, ComesToTheSameRowsWhenItIsMadeAnew) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  index_options_.keys_in_memory = 50;
  defer(true);
  std::vector<EventId> ids;
  for (int i = 0; i < 3000; ++i) {
    clock_.advance(std::chrono::milliseconds(random.below(2000)));
    const std::uint64_t what = random.below(10);
    if (what < 5 || ids.empty()) {
      ids.push_back(keep({.key = "wh_" + std::to_string(random.below(600)),
                          .body = std::string(random.below(300), 'b'),
                          .type = random.below(2) == 0 ? "batch.completed" : "response.failed",
                          .subject = "s" + std::to_string(random.below(20)),
                          .destinations = random.below(3) == 0 ? std::vector<std::string>{"app", "log"}
                                                               : std::vector<std::string>{"app"},
                          .window = std::chrono::seconds(600),
                          .secret = random.below(3) == 0 ? "old" : "new",
                          .targets = some_targets(random)}));
    } else {
      const EventId id = ids[random.below(ids.size())];
      if (what < 8) {
        const auto state = static_cast<DeliveryState>(random.below(3));
        attempt(id, static_cast<std::uint32_t>(1 + random.below(4)),
                state == DeliveryState::delivered ? AttemptResult::delivered : AttemptResult::status, state,
                random.below(4) == 0 ? "log" : "app", "reply");
      } else {
        command(what == 8 ? Command::Kind::retry : Command::Kind::cancel, id,
                random.below(2) == 0 ? "" : "app");
      }
    }
    if (random.below(60) == 0) {
      sync();
      index();
    }
    if (random.below(600) == 0) {
      sync();
      open_journal();
    }
  }
  sync();
  index();
  const std::vector<std::string> live = rows();
  EXPECT_GT(live.size(), 1000u);
  EXPECT_EQ(live, rebuilt_rows());
}

}  // namespace
}  // namespace creel::store
