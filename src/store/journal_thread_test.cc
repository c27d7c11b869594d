#include "store/journal_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <semaphore>
#include <thread>

#include "store/journal_test_world.h"
#include "tests/support/vouch.h"

namespace creel::store {
namespace {

struct CountedAppend final : Append {
  CountedAppend(const NewEvent& brought, std::counting_semaphore<>& semaphore)
      : Append(Genuine<Voucher>::vouch(brought)), done_count(semaphore) {}
  void done() override {
    ++calls;
    done_count.release();
  }
  int calls = 0;
  std::counting_semaphore<>& done_count;
};

struct ThreadWorld : JournalWorld {
  ThreadWorld() {
    open();
    thread.emplace(JournalThread::Parts{.journal = *journal,
                                        .keys = keys,
                                        .quarantine = nullptr,
                                        .clock = clock,
                                        .log = log,
                                        .observer = nullptr,
                                        .options = {}});
  }
  std::unique_ptr<CountedAppend> make(std::string_view key, const NewItem& item) {
    return std::make_unique<CountedAppend>(NewEvent{.source = "s",
                                                    .received = clock.now(),
                                                    .dedupe_window = std::chrono::hours(1),
                                                    .body = key,
                                                    .items = std::span(&item, 1)},
                                           done_count);
  }
  SystemClock clock;
  Log log{clock, {.level = LogLevel::error, .descriptor = -1}};
  RecentKeys keys{10'000};
  std::counting_semaphore<> done_count{0};
  std::optional<JournalThread> thread;
};

TEST(JournalThread, AnswersEveryAppendOfManyThreadsOnce) {
  ThreadWorld world;
  constexpr int kThreads = 4, kEach = 300;
  std::atomic<int> synced{0};
  world.thread->on_synced([&] { ++synced; });
  world.thread->start();
  std::vector<std::string> keys;
  std::vector<NewItem> items(kThreads * kEach);
  for (int i = 0; i < kThreads * kEach; ++i)
    keys.push_back("key " + std::to_string(i));
  for (int i = 0; i < kThreads * kEach; ++i)
    items[static_cast<std::size_t>(i)].dedupe_key = keys[static_cast<std::size_t>(i)];
  std::vector<std::unique_ptr<CountedAppend>> appends;
  for (std::size_t i = 0; i < keys.size(); ++i)
    appends.push_back(world.make(keys[i], items[i]));
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i)
          world.thread->append(*appends[static_cast<std::size_t>(t * kEach + i)]);
      });
    }
  }
  for (int i = 0; i < kThreads * kEach; ++i)
    world.done_count.acquire();
  world.thread->stop();
  for (const auto& append : appends) {
    EXPECT_EQ(append->calls, 1);
    EXPECT_TRUE(append->result);
  }
  EXPECT_GE(synced.load(), 1);
  EXPECT_EQ(world.events().size(), keys.size());
}

TEST(JournalThread, AnswersWhatComesAfterTheStop) {
  ThreadWorld world;
  world.thread->start();
  world.thread->stop();
  const NewItem item{.dedupe_key = "k"};
  const auto late = world.make("k", item);
  world.thread->append(*late);
  EXPECT_EQ(late->calls, 1);
  EXPECT_EQ(late->result.error(), StoreError::stopping);
}

TEST(JournalThread, WritesWhatGatheredBeforeTheStop) {
  ThreadWorld world;
  const NewItem item{.dedupe_key = "k"};
  const auto append = world.make("k", item);
  world.thread->append(*append);
  world.thread->record(
      {.delivery = {EventId::of(2, 0), "app", 1}, .attempt = {}, .state = DeliveryState::pending, .due = {}});
  world.thread->start();
  world.thread->stop();
  EXPECT_EQ(append->calls, 1);
  const auto all = world.read_all();
  EXPECT_EQ(std::ranges::count(all, RecordKind::outcome, &ReadBack::kind), 1);
}

TEST(JournalThread, RunsWorkBetweenBatches) {
  ThreadWorld world;
  world.thread->start();
  std::promise<Sequence> told;
  world.thread->run([&](Journal& journal) { told.set_value(journal.synced().next); });
  EXPECT_EQ(told.get_future().get(), 1u);
}

}  // namespace
}  // namespace creel::store
