// Pages of events with what they hold, and where the last so many begin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "store/index_fixture.h"

namespace creel::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

class ReaderStoredTest : public testing::Test, public IndexFixture {
 protected:
  std::vector<EventId> keep_many(int count, const std::string& source = "openai") {
    std::vector<EventId> ids;
    defer(true);
    for (int i = 0; i < count; ++i) {
      const std::string number = std::to_string(kept_++);
      ids.push_back(keep({.key = "wh_" + number, .body = "body " + number, .source = source}));
    }
    defer(false);
    index();
    return ids;
  }
  std::unique_ptr<IndexReader> reader_with(std::size_t page_scan) {
    return std::make_unique<IndexReader>(
        *journal_, nullptr, view_, clock_,
        ReaderOptions{.folder = index_options().folder, .page_scan = page_scan});
  }
  // All pages one after the other.
  std::vector<StoredEvent> all(StoredQuery query, std::size_t page_scan = 50'000) {
    std::vector<StoredEvent> events;
    const auto reader = reader_with(page_scan);
    for (int pages = 0; pages < 1000; ++pages) {
      auto page = reader->stored(query);
      EXPECT_TRUE(page.has_value());
      if (!page) return {};
      EXPECT_LE(page->events.size(), query.limit);
      std::ranges::move(page->events, std::back_inserter(events));
      if (!page->more) return events;
      EXPECT_TRUE(page->next.has_value());
      EXPECT_TRUE(!query.after || *page->next > *query.after) << "no step forward";
      query.after = page->next;
    }
    ADD_FAILURE() << "the pages never end";
    return {};
  }
  static std::vector<EventId> ids_of(const std::vector<StoredEvent>& events) {
    std::vector<EventId> ids;
    for (const StoredEvent& event : events)
      ids.push_back(event.id);
    return ids;
  }
  std::optional<EventId> nth_last(std::string_view source, std::uint64_t last,
                                  std::size_t page_scan = 50'000) {
    const auto found = reader_with(page_scan)->nth_last(source, last);
    EXPECT_TRUE(found.has_value());
    return found.value_or(std::nullopt);
  }
  int kept_ = 0;
};

TEST_F(ReaderStoredTest, GivesWhatAnEventHolds) {
  const EventId id = keep({.key = "wh_1",
                           .body = "{\"a\":1}",
                           .subject = "batch_7",
                           .destinations = {"app", "audit"},
                           .targets = {{Target{1, true}}}});
  index();
  const auto page = reader()->stored({});
  ASSERT_TRUE(page.has_value());
  ASSERT_THAT(page->events, SizeIs(1));
  const StoredEvent& event = page->events[0];
  EXPECT_EQ(event.id, id);
  EXPECT_EQ(event.source, "openai");
  EXPECT_EQ(event.dedupe_key, "wh_1");
  EXPECT_EQ(event.subject, "batch_7");
  EXPECT_EQ(event.body, "{\"a\":1}");
  EXPECT_TRUE(event.head.starts_with("POST /webhooks/openai")) << event.head;
  EXPECT_THAT(event.transformed, ElementsAre("audit"));
  EXPECT_FALSE(page->more);
  EXPECT_EQ(page->next, id);
}

TEST_F(ReaderStoredTest, GivesNothingOfAnEmptyStore) {
  index();
  const auto page = reader()->stored({});
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(page->events, IsEmpty());
  EXPECT_FALSE(page->more);
  EXPECT_EQ(page->next, std::nullopt);
}

TEST_F(ReaderStoredTest, TurnsPagesOldestFirst) {
  const std::vector<EventId> ids = keep_many(25);
  for (const std::size_t limit : {1, 7, 25, 256})
    EXPECT_EQ(ids_of(all({.limit = limit})), ids) << limit;
  EXPECT_EQ(ids_of(all({.after = ids[20]})), std::vector(ids.begin() + 21, ids.end()));
  EXPECT_THAT(all({.after = ids.back()}), IsEmpty());
  EXPECT_EQ(all({})[24].body, "body 24");
}

TEST_F(ReaderStoredTest, FiltersBySourceAndGoesOnBehindWhatItLeftOut) {
  const std::vector<EventId> first = keep_many(5, "stripe");
  keep_many(40);
  const std::vector<EventId> second = keep_many(5, "stripe");
  std::vector<EventId> both = first;
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_EQ(ids_of(all({.source = "stripe", .limit = 3})), both);
  EXPECT_EQ(ids_of(all({.source = "stripe"}, 4)), both) << "pages that look at four rows";
  EXPECT_THAT(all({.source = "github"}), IsEmpty());

  const auto page = reader_with(4)->stored({.source = "stripe", .after = first.back()});
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(page->events, IsEmpty());
  EXPECT_TRUE(page->more);
}

TEST_F(ReaderStoredTest, EndsAPageBeforeItsBytesAreTooMany) {
  std::vector<EventId> ids;
  for (int i = 0; i < 6; ++i)
    ids.push_back(keep({.key = "wh_" + std::to_string(i), .body = std::string(1000, 'b')}));
  ids.push_back(keep({.key = "wh_large", .body = std::string(50'000, 'b')}));
  index();
  const std::size_t each = all({})[0].head.size() + 1000;
  const auto first = reader()->stored({.bytes_max = 2 * each});
  ASSERT_TRUE(first.has_value());
  EXPECT_THAT(first->events, SizeIs(2));
  EXPECT_TRUE(first->more);
  EXPECT_EQ(first->next, ids[1]);
  EXPECT_EQ(ids_of(all({.bytes_max = 2 * each})), ids) << "one that is larger has a page of its own";
  EXPECT_EQ(ids_of(all({.bytes_max = 0})), ids);
}

// A clock that passes the page's time whenever it is looked at.
class HurriedClock final : public Clock {
 public:
  Time now() const override { return Time(); }
  Ticks ticks() const override { return Ticks(now_ += 200ms); }

 private:
  mutable std::chrono::nanoseconds now_{0};
};

TEST_F(ReaderStoredTest, EndsAPageWhenItsTimeIsOver) {
  const std::vector<EventId> ids = keep_many(600);
  const HurriedClock clock;
  IndexReader hurried(*journal_, nullptr, view_, clock, {.folder = index_options().folder});
  std::vector<EventId> seen;
  StoredQuery query{.limit = 1000};
  while (true) {
    const auto page = hurried.stored(query);
    ASSERT_TRUE(page.has_value());
    ASSERT_THAT(page->events, SizeIs(1));
    seen.push_back(page->events[0].id);
    if (!page->more) break;
    query.after = page->next;
  }
  EXPECT_EQ(seen, ids);
}

TEST_F(ReaderStoredTest, LeavesDuplicatesOut) {
  const EventId first = keep({.key = "wh_1", .body = "one"});
  keep({.key = "wh_1", .body = "two"});
  const EventId third = keep({.key = "wh_3", .body = "three"});
  index();
  EXPECT_EQ(ids_of(all({})), (std::vector{first, third}));
}

TEST_F(ReaderStoredTest, GivesEachItemOfARequest) {
  std::vector<NewItem> items(400);
  const std::string body(400, 'x');
  for (std::uint32_t i = 0; i < items.size(); ++i)
    items[i] = {.type = "t", .body_offset = i, .body_bytes = 1};
  const EventId first = keep({.key = "array", .body = body}, items);
  const EventId other = keep({.key = "other"});
  index();
  const std::vector<StoredEvent> events = all({.limit = 100});
  ASSERT_THAT(events, SizeIs(401));
  for (std::uint16_t i = 0; i < 400; ++i)
    EXPECT_EQ(events[i].id, EventId::of(first.sequence(), i));
  EXPECT_FALSE(events[0].is_whole);
  EXPECT_EQ(events[400].id, other);
}

TEST_F(ReaderStoredTest, SaysBusyOfARecordThatCannotBeRead) {
  const std::vector<EventId> ids = keep_many(3);
  const std::string path = journal_->folder() + "/" + segment_name(1);
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const std::size_t at = bytes.find("body 1");
  ASSERT_NE(at, std::string::npos);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file << "bodY 1";
  file.close();
  const auto page = reader()->stored({});
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error(), StoreError::busy);
  EXPECT_EQ(ids_of(all({.after = ids[1]})), std::vector{ids[2]});
}

TEST_F(ReaderStoredTest, SaysBrokenWhileThereIsNoIndex) {
  index();
  const auto asked = reader();
  view_.clear();
  EXPECT_EQ(asked->stored({}).error(), StoreError::broken);
  EXPECT_EQ(asked->nth_last("", 1).error(), StoreError::broken);
}

// --- The last so many ---

TEST_F(ReaderStoredTest, FindsWhereTheLastBegin) {
  const std::vector<EventId> ids = keep_many(20);
  for (const std::size_t scan : {1, 7, 50'000}) {
    EXPECT_EQ(nth_last("", 1, scan), ids[19]);
    EXPECT_EQ(nth_last("", 7, scan), ids[13]);
    EXPECT_EQ(nth_last("", 20, scan), ids[0]);
    EXPECT_EQ(nth_last("", 21, scan), ids[0]) << "fewer than that";
    EXPECT_EQ(nth_last("", 0, scan), std::nullopt);
  }
}

TEST_F(ReaderStoredTest, CountsTheLastOfOneSource) {
  const std::vector<EventId> first = keep_many(3, "stripe");
  keep_many(10);
  const std::vector<EventId> second = keep_many(2, "stripe");
  keep_many(10);
  for (const std::size_t scan : {3, 50'000}) {
    EXPECT_EQ(nth_last("stripe", 2, scan), second[0]);
    EXPECT_EQ(nth_last("stripe", 3, scan), first[2]);
    EXPECT_EQ(nth_last("stripe", 100, scan), first[0]);
    EXPECT_EQ(nth_last("github", 1, scan), std::nullopt);
  }
}

TEST_F(ReaderStoredTest, FindsNoLastOfAnEmptyStore) {
  index();
  EXPECT_EQ(nth_last("", 5), std::nullopt);
}

TEST_F(ReaderStoredTest, SaysBusyWhenCountingTakesTooLong) {
  const std::vector<EventId> ids = keep_many(40);
  const HurriedClock clock;
  IndexReader hurried(*journal_, nullptr, view_, clock,
                      {.folder = index_options().folder, .page_scan = 2, .count_time = 1s});
  EXPECT_EQ(hurried.nth_last("", 3), ids[37]);
  EXPECT_EQ(hurried.nth_last("", 40).error(), StoreError::busy);
}

}  // namespace
}  // namespace creel::store
