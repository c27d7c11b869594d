#include "store/embedded_store.h"

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>

#include <creel/webhooks.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/index_fixture.h"

namespace creel {

namespace store {
namespace {

using namespace std::chrono_literals;

// Only a verifier makes a genuine event, so this signs and verifies something and goes on from there.
Genuine<NewEvent> genuine(const NewEvent& event) {
  constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const std::chrono::sys_seconds now{std::chrono::seconds(1'700'000'000)};
  const std::string signature = Signer(*Secret::parse(kSecret)).sign("wh", now, "body");
  std::vector<Key> keys;
  keys.push_back({*Secret::parse(kSecret), "first", {}, {}});
  const Header headers[] = {
      {"webhook-id", "wh"}, {"webhook-timestamp", "1700000000"}, {"webhook-signature", signature}};
  auto webhook = Verifier(std::move(keys)).verify(headers, "body", now);
  return std::move(*webhook).map([&event](Webhook&&) { return event; });
}

// Waits for what other threads tell.
class WaitingFeed final : public DeliveryFeed {
 public:
  void on_indexed(std::span<const IndexedDelivery> deliveries, Sequence) override {
    const std::lock_guard lock(mutex_);
    for (const IndexedDelivery& one : deliveries) {
      told_.push_back({one.event, std::string(one.destination), one.state, one.due, one.attempts,
                       one.attempts_base, one.content != nullptr ? std::string(one.content->body) : "-"});
    }
    changed_.notify_all();
  }
  void on_caught_up() override {
    const std::lock_guard lock(mutex_);
    caught_up_ = true;
    changed_.notify_all();
  }
  std::vector<RecordingFeed::Told> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 20s, [&] { return told_.size() >= count; })) << told_.size();
    return told_;
  }
  bool wait_caught_up() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return caught_up_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RecordingFeed::Told> told_;
  bool caught_up_ = false;
};

struct TestAppend final : Append {
  using Append::Append;
  void done() override { finished.set_value(); }
  std::promise<void> finished;
};

class EmbeddedStoreTest : public testing::Test {
 protected:
  EmbeddedStoreTest() : log_(clock_, {.level = LogLevel::error}) {}

  void open() {
    EmbeddedStoreOptions options;
    options.journal = IndexFixture::small();
    open(options);
  }
  void open(EmbeddedStoreOptions options) {
    store_.reset();
    feed_ = std::make_unique<WaitingFeed>();
    options.folder = temp_.path() + "/creel-data";
    options.recent_keys = 1000;
    auto store = EmbeddedStore::open(options, {.disk = disk_, .clock = clock_, .log = log_});
    ASSERT_TRUE(store.has_value()) << store.error().message;
    store_ = *std::move(store);
    store_->start(*feed_);
  }
  std::expected<Kept, StoreError> append(std::string key, std::string body) {
    const NewItem item{.dedupe_key = key,
                       .provider_id = key,
                       .type = "batch.completed",
                       .subject = "batch_1",
                       .occurred = {},
                       .body_offset = 0,
                       .body_bytes = static_cast<std::uint32_t>(body.size())};
    const std::string_view destination = "app";
    NewEvent event;
    event.source = "openai";
    event.received = clock_.now();
    event.dedupe_window = 7 * 24h;
    event.head = "POST / HTTP/1.1\r\n\r\n";
    event.body = body;
    event.items = std::span(&item, 1);
    event.destinations = std::span(&destination, 1);
    TestAppend append(genuine(event));
    store_->append(append);
    append.finished.get_future().wait();
    return append.result;
  }
  void deliver(EventId event) {
    Outcome outcome;
    outcome.delivery = {event, "app", 1};
    outcome.attempt.started = clock_.now();
    outcome.attempt.result = AttemptResult::delivered;
    outcome.attempt.status = 200;
    outcome.state = DeliveryState::delivered;
    store_->record(outcome);
  }
  template <class Answer>
  Answer ask(std::function<Answer(Reader&)> question) {
    std::promise<Answer> answer;
    store_->read(Freshness::current, [&](Reader& reader, Staleness staleness) {
      EXPECT_EQ(staleness.behind, 0u);
      answer.set_value(question(reader));
    });
    return answer.get_future().get();
  }

  RealDisk disk_;
  SystemClock clock_;
  TempFolder temp_;
  Log log_;
  std::unique_ptr<WaitingFeed> feed_;
  std::unique_ptr<EmbeddedStore> store_;
};

TEST_F(EmbeddedStoreTest, KeepsTellsRecordsAndFindsItAllAfterAReopen) {
  open();
  EXPECT_TRUE(feed_->wait_caught_up());
  const auto kept = append("wh_1", "hello");
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(feed_->wait_for(1)[0].body, "hello");

  Outcome outcome;
  outcome.delivery = {kept->first, "app", 1};
  outcome.attempt = {.number = 1,
                     .started = clock_.now(),
                     .took = 5ms,
                     .result = AttemptResult::delivered,
                     .status = 204,
                     .reply = {},
                     .error = {}};
  outcome.state = DeliveryState::delivered;
  store_->record(outcome);
  EXPECT_EQ(feed_->wait_for(2)[1].state, DeliveryState::delivered);

  open();
  EXPECT_TRUE(feed_->wait_caught_up());
  const auto row = ask<std::expected<EventRow, StoreError>>([&](Reader& reader) {
    assume(on_read);
    return reader.event(kept->first);
  });
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->deliveries.at(0).state, DeliveryState::delivered);
  EXPECT_EQ(row->deliveries.at(0).history.at(0).status, 204);
  const auto content = ask<std::expected<StoredEvent, StoreError>>([&](Reader& reader) {
    assume(on_read);
    return reader.content(kept->first);
  });
  ASSERT_TRUE(content.has_value());
  EXPECT_EQ(content->body, "hello");
  EXPECT_EQ(content->head, "POST / HTTP/1.1\r\n\r\n");
}

// Nobody waits for the sync of an outcome, so a question that wants to see it has to ask for one.
TEST_F(EmbeddedStoreTest, ShowsAnOutcomeThatWasJustRecorded) {
  EmbeddedStoreOptions options;
  options.journal = IndexFixture::small();
  options.committer.outcome_write = 1h;
  options.committer.outcome_sync = 1h;
  open(options);
  const auto kept = append("wh_1", "hello");
  ASSERT_TRUE(kept.has_value());
  deliver(kept->first);
  const auto row = ask<std::expected<EventRow, StoreError>>([&](Reader& reader) {
    assume(on_read);
    return reader.event(kept->first);
  });
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->deliveries.at(0).state, DeliveryState::delivered);
}

TEST_F(EmbeddedStoreTest, RefusesAtItsLargestSizeDrainsAndGoesOn) {
  EmbeddedStoreOptions options;
  options.journal.segment_bytes = std::uint64_t{1} << 20;
  options.journal.slice_bytes = std::uint64_t{64} << 10;
  options.max_size = std::uint64_t{24} << 20;
  options.index.wal_bytes_max = std::uint64_t{256} << 10;
  open(options);
  const std::string body(100'000, 'b');
  std::vector<EventId> pending;
  std::expected<Kept, StoreError> kept;
  for (int i = 0; i < 400 && kept; ++i) {
    kept = append("wh_" + std::to_string(i), body);
    if (kept) pending.push_back(kept->first);
  }
  ASSERT_FALSE(kept.has_value());
  EXPECT_EQ(kept.error(), StoreError::full);
  // An append is answered a moment before the status says what it means; a question comes after it.
  EXPECT_TRUE(ask<bool>([](Reader&) { return true; }));
  EXPECT_FALSE(store_->status().can_commit);
  EXPECT_FALSE(store_->status().reason.empty());
  EXPECT_LE(store_->status().bytes, options.max_size);
  EXPECT_GT(pending.size(), 100u);

  for (const EventId event : pending)
    deliver(event);
  const auto until = clock_.ticks() + 20s;
  while ((!kept || store_->counters().segments_removed == 0) && clock_.ticks() < until) {
    EXPECT_TRUE(ask<bool>([](Reader&) { return true; }));
    kept = append("wh_new", body);
  }
  ASSERT_TRUE(kept.has_value());
  EXPECT_TRUE(ask<bool>([](Reader&) { return true; }));
  EXPECT_TRUE(store_->status().can_commit);
  EXPECT_GT(store_->counters().segments_removed, 0u);
}

TEST_F(EmbeddedStoreTest, AnswersDuplicateAlsoAfterAReopen) {
  open();
  const auto first = append("wh_1", "hello");
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(first->duplicate);
  EXPECT_TRUE(append("wh_1", "hello")->duplicate);
  open();
  EXPECT_TRUE(append("wh_1", "hello")->duplicate);
}

TEST_F(EmbeddedStoreTest, MakesABrokenIndexAnew) {
  open();
  const auto kept = append("wh_1", "hello");
  ASSERT_TRUE(kept.has_value());
  feed_->wait_for(1);
  store_.reset();
  std::ofstream(temp_.path() + "/creel-data/index/index.sqlite") << std::string(4096, 'z');

  open();
  EXPECT_TRUE(feed_->wait_caught_up());
  EXPECT_EQ(feed_->wait_for(1)[0].event, kept->first);
  EXPECT_TRUE(append("wh_1", "hello").has_value());
  EXPECT_EQ(store_->counters().index_rebuilds, 1u);
}

TEST_F(EmbeddedStoreTest, AnswersACommandAndTellsWhatItChanged) {
  open();
  const auto kept = append("wh_1", "hello");
  ASSERT_TRUE(kept.has_value());
  std::promise<bool> answered;
  store_->command(
      {.kind = Command::Kind::cancel, .event = kept->first, .destination = "", .at = clock_.now()},
      [&](std::expected<Sequence, StoreError> done) { answered.set_value(done.has_value()); });
  EXPECT_TRUE(answered.get_future().get());
  EXPECT_EQ(feed_->wait_for(2)[1].state, DeliveryState::cancelled);
}

TEST_F(EmbeddedStoreTest, RemembersThatARejectedRequestWasAccepted) {
  open();
  for (const auto* detail : {"1", "2"}) {
    store_->reject({.source = "openai",
                    .received = clock_.now(),
                    .peer = {},
                    .cause = "signature_mismatch",
                    .detail = detail,
                    .status = 400,
                    .head = "POST / HTTP/1.1\r\n",
                    .body = "{}"});
  }
  store_->stop();  // writes what has gathered
  open();
  const auto rows = [this] {
    return ask<std::vector<RejectedRow>>([](Reader& reader) {
      assume(on_read);
      return reader.rejected({.filter = {}, .before = {}, .limit = 10}).value_or(RejectedPage()).rows;
    });
  };
  ASSERT_EQ(rows().size(), 2u);
  store_->mark_accepted(rows().at(1).id, EventId::of(5, 0));
  ASSERT_TRUE(rows().at(1).accepted);
  open();
  ASSERT_TRUE(rows().at(1).accepted);
  EXPECT_EQ(rows().at(1).accepted->event, EventId::of(5, 0));
  EXPECT_FALSE(rows().at(0).accepted);
}

TEST_F(EmbeddedStoreTest, KeepsWhatManySetAtOnceAndFindsItAfterAReopen) {
  open();
  constexpr int kThreads = 4, kEach = 50;
  std::atomic<int> kept = 0;
  {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([this, thread, &kept] {
        for (int i = 0; i < kEach; ++i) {
          store_->set_state("state/" + std::to_string(thread) + "/" + std::to_string(i), "x",
                            [&kept](std::expected<Sequence, StoreError> done) { kept += done.has_value(); });
        }
      });
    }
    for (std::thread& thread : threads)
      thread.join();
  }
  std::promise<bool> last;
  store_->set_state("state/0/0", "", [&last](auto done) { last.set_value(done.has_value()); });
  EXPECT_TRUE(last.get_future().get());
  EXPECT_EQ(kept, kThreads * kEach) << "they are kept in the order in which they came";
  EXPECT_EQ(store_->state().size(), kThreads * kEach - 1u);
  open();
  EXPECT_EQ(store_->state().size(), kThreads * kEach - 1u);
}

TEST_F(EmbeddedStoreTest, CarriesOutAJobsOrdersAndKeepsHowFarItIs) {
  open();
  const EventId event = append("wh_1", "{}")->first;
  deliver(event);
  feed_->wait_for(2);
  std::promise<bool> ordered;
  store_->order(
      {.kind = Orders::Kind::replay, .at = clock_.now(), .states = {}, .deliveries = {{event, "app", 0}}},
      "job/1", "1", [&ordered](auto done) { ordered.set_value(done.has_value()); });
  EXPECT_TRUE(ordered.get_future().get());
  EXPECT_EQ(feed_->wait_for(3).back().state, DeliveryState::pending);
  open();
  EXPECT_THAT(store_->state(), testing::ElementsAre(testing::Pair("job/1", "1")));
  ASSERT_TRUE(feed_->wait_caught_up());
  const auto row = ask<std::optional<EventRow>>([event](Reader& reader) {
    assume(on_read);
    auto found = reader.event(event);
    return found ? std::optional(*found) : std::nullopt;
  });
  ASSERT_TRUE(row);
  EXPECT_EQ(row->deliveries.size(), 2u);
}

TEST_F(EmbeddedStoreTest, KeepsNoStateOnceItIsStopped) {
  open();
  store_->stop();
  std::optional<std::expected<Sequence, StoreError>> set, ordered;
  store_->set_state("a", "1", [&set](auto done) { set = done; });
  store_->order({}, "b", "1", [&ordered](auto done) { ordered = done; });
  ASSERT_TRUE(set);
  EXPECT_FALSE(*set);
  ASSERT_TRUE(ordered);
  EXPECT_FALSE(*ordered);
  open();
  EXPECT_THAT(store_->state(), testing::IsEmpty());
}

TEST_F(EmbeddedStoreTest, SaysHowFarItIs) {
  open();
  ASSERT_TRUE(append("wh_1", "hello").has_value());
  EXPECT_TRUE(ask<bool>([](Reader&) { return true; }));  // waits for the index
  const StoreStatus status = store_->status();
  EXPECT_TRUE(status.can_commit);
  EXPECT_EQ(status.indexed, status.synced);
  EXPECT_GT(status.bytes, 0u);
}

}  // namespace
}  // namespace store
}  // namespace creel
