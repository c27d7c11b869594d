#include "store/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "store/index_fixture.h"

namespace creel::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

constexpr auto kAge = 24h;

class RetentionTest : public testing::Test, public IndexFixture {
 protected:
  void SetUp() override {
    options_now_.age = kAge;
    options_now_.segment_bytes = small().segment_bytes;
    options_now_.dedupe_window_max = 7 * 24h;
    keep({.key = "first", .destinations = {}});
    index();
    make();
  }
  void make() {
    retention_.reset();
    retention_ = std::make_unique<Retention>(Retention::Parts{
        .journal = *journal_,
        .clock = clock_,
        .log = log_,
        .writer = {.forward = [this](Forward forward) { write_forward(std::move(forward)); },
                   .run = [this](std::move_only_function<void(Journal&)> work) { work(*journal_); }},
        .other_bytes = [] { return std::uint64_t{0}; },
        .pinned = [this] { return pinned_; },
        .wake = [] {},
        .options = options_now_});
  }
  void write_forward(Forward forward) {
    if (before_forward_) std::exchange(before_forward_, nullptr)();
    Sequence last = 0;
    for (const Forward::Record& record : forward.records) {
      const NewRecord one{record.kind, {record.payload, {}, {}}};
      const auto written = journal_->write(std::span(&one, 1), Room::reserved);
      ASSERT_TRUE(written.has_value());
      last = *written;
    }
    sync();
    forward.done(last);
  }
  // Lets retention do all that it can now.
  void retain() {
    assume(on_index);
    clock_.advance(2s);
    for (int i = 0; i < 100'000; ++i) {
      IndexFixture::index();
      const auto next = retention_->step(*index_, &feed_);
      ASSERT_TRUE(next.has_value()) << next.error().message;
      if (*next && **next > clock_.ticks()) return;
    }
    FAIL() << "it never ends";
  }
  // Fills the current segment and begins another.
  void fill_segment(const std::string& destination = "app") {
    const std::uint32_t number = journal_->segments().back().number;
    defer(true);
    while (journal_->segments().back().number == number) {
      const EventId id = keep({.key = "fill" + std::to_string(filled_++),
                               .body = std::string(20'000, 'f'),
                               .destinations = {destination}});
      attempt(id, 1, AttemptResult::delivered, DeliveryState::delivered, destination);
    }
    defer(false);
    IndexFixture::index();
  }
  // Makes what is there old, in steps that the clock's leaps are not doubted for.
  void grow_old(std::chrono::hours by) {
    for (auto passed = 0h; passed < by; passed += 1h) {
      clock_.advance(1h);
      assume(on_index);
      keep({.key = "now" + std::to_string(filled_++), .destinations = {}});
      IndexFixture::index();
      static_cast<void>(retention_->step(*index_, &feed_));
    }
    retain();
  }
  std::uint32_t oldest() { return journal_->segments().front().number; }

  RetentionOptions options_now_;
  std::unique_ptr<Retention> retention_;
  std::function<void()> before_forward_;
  std::vector<EventId> pinned_;
  int filled_ = 0;
};

class RetentionOfAnEmptyStoreTest : public RetentionTest {
 protected:
  void SetUp() override {
    options_now_.age = 10min;
    options_now_.segment_bytes = small().segment_bytes;
    index();
    make();
  }
};

TEST_F(RetentionTest, RemovesASegmentThatIsOldWithItsRows) {
  const std::uint32_t first = oldest();
  fill_segment();
  grow_old(25h);
  EXPECT_GT(oldest(), first);
  EXPECT_EQ(retention_->segments_removed(), 1u);
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionOfAnEmptyStoreTest, TakesTheFirstEventsTimeForWhatItIs) {
  retain();  // looks while there is nothing
  keep({.key = "first", .destinations = {}});
  fill_segment();
  clock_.advance(11min);
  keep({.key = "now", .destinations = {}});
  retain();
  EXPECT_EQ(retention_->segments_removed(), 1u);
}

TEST_F(RetentionTest, ForgetsTheUsesOfASecretWithTheirSegment) {
  keep({.key = "early", .destinations = {}, .secret = "old"});
  fill_segment();
  ASSERT_EQ(reader()->secret_uses()->size(), 2u);
  grow_old(25h);
  const auto uses = reader()->secret_uses();
  ASSERT_TRUE(uses.has_value());
  ASSERT_EQ(uses->size(), 1u);
  EXPECT_EQ(uses->front().label, "first");
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, RemembersTheUseOfASecretWhoseEventIsStillPending) {
  const Time received = clock_.now();
  keep({.key = "early", .secret = "old"});
  fill_segment();
  grow_old(25h);
  ASSERT_GE(retention_->segments_removed(), 1u);
  const auto uses = reader()->secret_uses();
  ASSERT_TRUE(uses.has_value());
  ASSERT_EQ(uses->size(), 2u);
  EXPECT_EQ(uses->back().label, "old");
  EXPECT_EQ(uses->back().last, received);
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, KeepsWhatIsPinnedUntilItIsNotAnyMore) {
  const EventId id = keep({.key = "wh_1", .body = "precious"}), other = keep({.key = "wh_2"});
  attempt(id, 1, AttemptResult::delivered, DeliveryState::delivered);
  attempt(other, 1, AttemptResult::delivered, DeliveryState::delivered);
  pinned_ = {id};
  for (int copied = 0; copied < 2; ++copied) {
    fill_segment();
    grow_old(25h);
  }
  ASSERT_GE(retention_->segments_removed(), 2u);
  ASSERT_TRUE(reader()->event(id).has_value());
  EXPECT_EQ(reader()->event(id)->deliveries.at(0).state, DeliveryState::delivered);
  EXPECT_EQ(reader()->content(id)->body, "precious");
  EXPECT_FALSE(reader()->event(other).has_value());
  EXPECT_EQ(rows(), rebuilt_rows());

  pinned_ = {};
  fill_segment();
  grow_old(25h);
  EXPECT_FALSE(reader()->event(id).has_value());
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, KeepsWhatIsPinnedWhileItsSegmentGoes) {
  const EventId id = keep({.key = "wh_1", .body = "precious"});
  attempt(id, 1, AttemptResult::delivered, DeliveryState::delivered);
  keep({.key = "pending"});  // so that something is copied
  before_forward_ = [this, id] { pinned_ = {id}; };
  fill_segment();
  grow_old(25h);
  ASSERT_GE(retention_->segments_removed(), 1u);
  EXPECT_FALSE(before_forward_) << "nothing was copied";
  EXPECT_TRUE(reader()->event(id).has_value());
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, CopiesAReplayWithItsEvent) {
  const EventId id = keep({.key = "wh_1"});
  attempt(id, 1, AttemptResult::delivered, DeliveryState::delivered);
  fill_segment();
  std::string payload;
  encode_change({"job/1", "x",
                 Orders{.kind = Orders::Kind::replay, .at = clock_.now(), .deliveries = {{id, "app", 0}}}},
                payload);
  write({RecordKind::change, {payload, {}, {}}});
  IndexFixture::index();
  grow_old(25h);
  ASSERT_GE(retention_->segments_removed(), 1u);
  const auto row = reader()->event(id);
  ASSERT_TRUE(row.has_value());
  ASSERT_THAT(row->deliveries, SizeIs(2));
  EXPECT_EQ(row->deliveries[1].id.ordinal, 2u);
  EXPECT_EQ(row->deliveries[1].state, DeliveryState::pending);
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, TellsOfDeadLettersThatGo) {
  const EventId id = keep({.key = "wh_1"}), fine = keep({.key = "wh_2"});
  attempt(id, 1, AttemptResult::status, DeliveryState::dead);
  attempt(fine, 1, AttemptResult::delivered, DeliveryState::delivered);
  fill_segment();
  const auto told_of = [this](EventId event) {
    return std::ranges::count_if(feed_.told, [event](const auto& told) {
      return told.event == event && told.state == DeliveryState::cancelled;
    });
  };
  EXPECT_EQ(told_of(id), 0);
  grow_old(50h);
  ASSERT_FALSE(reader()->event(id).has_value());
  EXPECT_EQ(told_of(id), 1) << "a key that it has parked is free";
  EXPECT_EQ(told_of(fine), 0);
}

TEST_F(RetentionTest, KeepsASegmentThatIsNotOld) {
  const std::uint32_t first = oldest();
  fill_segment();
  grow_old(20h);
  EXPECT_EQ(oldest(), first);
}

TEST_F(RetentionTest, CopiesWhatIsPendingAndKeepsItsIdAndItsContent) {
  const EventId id = keep({.key = "wh_1", .body = "precious"});
  attempt(id, 1, AttemptResult::status, DeliveryState::pending);
  const std::uint32_t first = oldest();
  fill_segment();
  grow_old(25h);
  ASSERT_GT(oldest(), first);
  const auto page = reader()->due({.destination = "app"});
  ASSERT_TRUE(page.has_value());
  ASSERT_THAT(page->deliveries, SizeIs(1));
  EXPECT_EQ(page->deliveries[0].id.event, id);
  EXPECT_EQ(page->deliveries[0].attempts, 1u);
  EXPECT_EQ(page->deliveries[0].event->body, "precious");
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, CopiesTheTargetsOfEachItem) {
  static constexpr Target kByTransform[] = {{0}, {1, true}}, kOne[] = {{1}};
  std::vector<NewItem> items(3);
  for (std::uint32_t i = 0; i < items.size(); ++i)
    items[i] = {.type = "t", .body_offset = i, .body_bytes = 1};
  items[0].targets = kByTransform;
  items[1].targets = std::span<const Target>();
  items[2].targets = kOne;
  const EventId id = keep({.key = "wh_1", .body = "abc", .destinations = {"app", "audit"}}, items);
  for (int copied = 0; copied < 2; ++copied) {
    fill_segment("other");
    grow_old(25h);
  }
  ASSERT_GE(retention_->segments_removed(), 2u);
  EXPECT_EQ(rows(), rebuilt_rows());
  const auto due_at = [this](const std::string& destination) {
    std::vector<std::pair<EventId, std::vector<std::string>>> due;
    const auto page = reader()->due({.destination = destination});
    for (const DueDelivery& one : page->deliveries)
      due.emplace_back(one.id.event, one.event->transformed);
    return due;
  };
  using Due = std::pair<EventId, std::vector<std::string>>;
  const EventId last = EventId::of(id.sequence(), 2);
  EXPECT_THAT(due_at("app"), ElementsAre(Due(id, {"audit"})));
  EXPECT_THAT(due_at("audit"), ElementsAre(Due(id, {"audit"}), Due(last, {})));
  const auto none = reader()->event(EventId::of(id.sequence(), 1));
  ASSERT_TRUE(none.has_value()) << "one without targets is an event all the same, and goes with its record";
  EXPECT_THAT(none->deliveries, IsEmpty());
}

TEST_F(RetentionTest, TellsAnIndexMadeOfCopiesOfTheTransforms) {
  static constexpr Target kByTransform[] = {{0, true}};
  keep({.key = "wh_1", .body = "precious", .targets = {{std::begin(kByTransform), std::end(kByTransform)}}});
  fill_segment("other");
  grow_old(25h);
  ASSERT_EQ(retention_->segments_removed(), 1u);
  retention_.reset();
  index_.reset();
  feed_.told.clear();
  Index::remove(disk_, index_options().folder);
  index();
  const auto told = std::ranges::find(feed_.told, "precious", &RecordingFeed::Told::body);
  ASSERT_NE(told, feed_.told.end());
  EXPECT_THAT(told->transformed, ElementsAre("app"));
}

TEST_F(RetentionTest, LeavesPagesOfWhatIsStillThere) {
  const EventId pending = keep({.key = "wh_1", .body = "precious"});
  const EventId done = keep({.key = "wh_2", .destinations = {}});
  fill_segment();
  const auto asked = reader();  // has the segment open
  ASSERT_TRUE(asked->stored({.limit = 5}).has_value());
  grow_old(25h);
  ASSERT_EQ(retention_->segments_removed(), 1u);
  for (const auto& one : {asked->stored({}), reader()->stored({})}) {
    ASSERT_TRUE(one.has_value());
    ASSERT_GE(one->events.size(), 20u);
    EXPECT_EQ(one->events[0].id, pending) << "it was copied forward, and its id stays";
    EXPECT_EQ(one->events[0].body, "precious");
    EXPECT_GT(one->events[1].id, done);
    EXPECT_TRUE(std::ranges::is_sorted(one->events, {}, &StoredEvent::id));
  }
  const auto first = asked->nth_last("", 1'000'000);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(*first, pending);
}

TEST_F(RetentionTest, CopiesACopyAgain) {
  const EventId id = keep({.key = "wh_1", .body = "precious"});
  fill_segment();
  grow_old(25h);
  fill_segment();
  grow_old(25h);
  fill_segment();
  grow_old(25h);
  EXPECT_GE(retention_->segments_removed(), 3u);
  const auto content = reader()->content(id);
  ASSERT_TRUE(content.has_value());
  EXPECT_EQ(content->body, "precious");
  const auto found = reader()->events({.filter = {.id = "wh_1"}});
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->events, SizeIs(1));
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, KnowsAnOutcomeThatCameWhileTheCopyWasOnItsWay) {
  const EventId id = keep({.key = "wh_1", .body = "precious"});
  fill_segment();
  before_forward_ = [this, id] { attempt(id, 1, AttemptResult::delivered, DeliveryState::delivered); };
  grow_old(25h);
  EXPECT_EQ(retention_->segments_removed(), 1u);
  const auto page = reader()->due({.destination = "app"});
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(page->deliveries, IsEmpty());
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, CallsAnIndexThatListsWhatIsRemovedBroken) {
  index_options_.keys_in_memory = 1;  // Else it would miss the removed hashes first.
  open_index();
  make();
  keep({.key = "wh_1"});
  fill_segment();
  retention_.reset();
  index_.reset();
  const std::string older = temp_.path() + "/older";
  std::filesystem::copy(index_options().folder, older);
  open_index();
  make();
  grow_old(25h);
  ASSERT_EQ(retention_->segments_removed(), 1u);
  retention_.reset();
  index_.reset();
  std::filesystem::remove_all(index_options().folder);
  std::filesystem::rename(older, index_options().folder);
  const auto opened = try_open_index();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().error, IndexError::broken);
}

// The outcome stands before the copy that does not know it, and nobody remembers that after a restart.
TEST_F(RetentionTest, KnowsAnOutcomeThatCameBeforeACopyWhenItIsRestartedBehindIt) {
  const EventId id = keep({.key = "wh_1", .body = "precious"});
  fill_segment();
  for (auto passed = 0h; passed < 25h; passed += 1h) {
    clock_.advance(1h);
    keep({.key = "now" + std::to_string(filled_++), .destinations = {}});
    index();
    assume(on_index);
    static_cast<void>(retention_->step(*index_, &feed_));
  }
  bool is_copied = false;
  before_forward_ = [this, id, &is_copied] {
    attempt(id, 1, AttemptResult::delivered, DeliveryState::delivered);
    is_copied = true;
  };
  for (int steps = 0; !is_copied && steps < 1000; ++steps) {
    clock_.advance(2s);
    assume(on_index);
    ASSERT_TRUE(retention_->step(*index_, &feed_).has_value());
  }
  ASSERT_TRUE(is_copied);
  open_journal();
  index();
  make();
  grow_old(1h);
  EXPECT_EQ(retention_->segments_removed(), 1u);
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, KnowsADuplicateOfAnEventThatIsGoneWhileItsWindowLasts) {
  keep({.key = "wh_1", .destinations = {}, .window = 48h});
  fill_segment();
  grow_old(25h);
  ASSERT_EQ(retention_->segments_removed(), 1u);
  feed_.told.clear();
  keep({.key = "wh_1", .window = 48h});
  index();
  EXPECT_THAT(feed_.told, IsEmpty());
  EXPECT_EQ(rows(), rebuilt_rows());
  open_journal();
  index();
  clock_.advance(24h);
  keep({.key = "wh_1", .window = 48h});
  index();
  EXPECT_THAT(feed_.told, SizeIs(1));
}

TEST_F(RetentionTest, StaysTheSameWhenADuplicateStandsBetweenAnEventAndItsKey) {
  keep({.key = "wh_1", .destinations = {}, .window = 48h});
  fill_segment();
  clock_.advance(1ms);
  keep({.key = "wh_1", .window = 48h});  // a duplicate, in a segment that stays
  grow_old(25h);
  ASSERT_EQ(retention_->segments_removed(), 1u);
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, StaysTheSameWhenADuplicateOutlivesTheWindowOfItsKey) {
  keep({.key = "wh_1", .destinations = {}, .window = 1h});
  fill_segment();
  clock_.advance(1ms);
  keep({.key = "wh_1", .window = 1h});
  grow_old(25h);
  ASSERT_EQ(retention_->segments_removed(), 1u);
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, LeavesASegmentThatIsMoreThanHalfPending) {
  const std::uint32_t first = oldest();
  defer(true);
  for (int i = 0; i < 40; ++i)
    keep({.key = "p" + std::to_string(i), .body = std::string(20'000, 'p')});
  defer(false);
  fill_segment();
  grow_old(25h);
  EXPECT_EQ(oldest(), first);
  const auto counts = reader()->counts();
  ASSERT_TRUE(counts.has_value());
  EXPECT_EQ(counts->at(0).pending, 40u);
}

TEST_F(RetentionTest, KeepsADeadLetterForTheTimeFromItsDeath) {
  const EventId id = keep({.key = "wh_1"});
  fill_segment();
  grow_old(20h);
  attempt(id, 1, AttemptResult::status, DeliveryState::dead);
  index();
  grow_old(6h);
  ASSERT_EQ(retention_->segments_removed(), 1u);
  EXPECT_TRUE(reader()->event(id).has_value());
}

TEST_F(RetentionTest, RemovesTheOldestForSizeThoughItIsYoung) {
  options_now_.max_size = 4 * small().segment_bytes;
  options_now_.age = 0ms;
  make();
  for (int i = 0; i < 8; ++i) {
    fill_segment();
    retain();
  }
  EXPECT_GE(retention_->segments_removed(), 4u);
  EXPECT_LE(journal_->segments().size(), 5u);
  EXPECT_EQ(rows(), rebuilt_rows());
}

TEST_F(RetentionTest, DoesNotBelieveAClockThatLeapsAhead) {
  const std::uint32_t first = oldest();
  fill_segment();
  retain();
  keep({.key = "leap", .destinations = {}, .received = clock_.now() + 24h * 365});
  retain();
  EXPECT_EQ(oldest(), first);
  clock_.advance(61min);
  retain();
  EXPECT_GT(oldest(), first);
}

TEST_F(RetentionTest, RemovesAFileThatACrashLeftBehindItsRows) {
  const std::uint32_t first = oldest();
  fill_segment();
  {
    assume(on_index);
    const IndexedSegment segment = index_->segments().front();
    ASSERT_TRUE(index_->flush_keys(segment.last + 1).has_value());
    EventId after;
    while (true) {
      const auto forgotten = index_->forget(segment, after, 100, nullptr);
      ASSERT_TRUE(forgotten.has_value());
      if (!forgotten->after) break;
      after = *forgotten->after;
    }
    ASSERT_TRUE(index_->close(segment).has_value());
  }
  open_journal();
  index();
  make();
  retain();
  EXPECT_GT(oldest(), first);
}

}  // namespace
}  // namespace creel::store
