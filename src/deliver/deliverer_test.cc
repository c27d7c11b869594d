// The deliver thread end to end: a store that is only a table, and a real server on loopback.
#include "deliver/deliverer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "deliver/loopback_server.h"

namespace creel {
namespace {

using namespace std::chrono_literals;

// A store that applies at once: what is recorded is indexed and told back in the same breath.
class TableStore final : public Store {
 public:
  struct Row {
    DeliveryState state = DeliveryState::pending;
    Time due;
    std::uint32_t attempts = 0, attempts_base = 0;
    std::shared_ptr<const StoredEvent> content;
    std::vector<Attempt> history;
  };

  explicit TableStore(const Clock& clock) : clock_(clock) {}
  std::atomic<bool> failed = false;

  void start(DeliveryFeed& feed) override {
    assume(on_index);
    std::lock_guard lock(mutex_);
    feed_ = &feed;
    feed_->on_caught_up();
  }
  DeliveryId add(const std::string& destination, std::string body) {
    std::lock_guard lock(mutex_);
    const EventId event = EventId::of(++sequence_, 0);
    auto content = std::make_shared<StoredEvent>();
    content->id = event;
    content->source = "openai";
    content->head = "POST /webhooks/openai HTTP/1.1\r\n";
    content->body = std::move(body);
    DeliveryId id{.event = event, .destination = destination};
    rows_[id] = {.due = clock_.now(), .content = content};
    tell(id, true);
    return id;
  }
  void record(Outcome outcome) override {
    std::lock_guard lock(mutex_);
    ++sequence_;
    Row& row = rows_.at(outcome.delivery);
    row.history.push_back(outcome.attempt);
    if (row.state == DeliveryState::pending) {
      row.state = outcome.state;
      row.due = outcome.due;
      row.attempts = outcome.attempt.number;
    }
    tell(outcome.delivery, false);
    changed_.notify_all();
  }
  void command(Command command,
               std::move_only_function<void(std::expected<Sequence, StoreError>)> done) override {
    assume(on_journal);
    std::lock_guard lock(mutex_);
    ++sequence_;
    const DeliveryId id{.event = command.event, .destination = command.destination};
    Row& row = rows_.at(id);
    if (command.kind == Command::Kind::cancel) {
      if (row.state == DeliveryState::pending) row.state = DeliveryState::cancelled;
    } else {
      row.state = DeliveryState::pending;
      row.due = command.at;
      row.attempts_base = row.attempts;
    }
    tell(id, false);
    done(sequence_);
  }
  void read(Freshness, std::move_only_function<void(Reader&, Staleness)> question) override {
    assume(on_read);
    TableReader reader(*this);
    question(reader, {});
  }
  void append(Append&) override {}
  void reject(const NewRejected&) override {}
  void mark_accepted(std::uint64_t, EventId) override {}
  StoreStatus status() const override { return {.can_commit = !failed, .has_failed = failed}; }
  void stop() override {}

  template <class Check>
  bool until(Check check) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return check(rows_); });
  }
  Row row(const DeliveryId& id) {
    std::lock_guard lock(mutex_);
    return rows_.at(id);
  }

 private:
  class TableReader final : public Reader {
   public:
    explicit TableReader(TableStore& store) : store_(store) {}
    std::expected<DuePage, StoreError> due(const DueQuery& query) override {
      std::lock_guard lock(store_.mutex_);
      std::vector<DueDelivery> found;
      for (const auto& [id, row] : store_.rows_) {
        if (id.destination != query.destination || row.state != DeliveryState::pending) continue;
        if (query.after && std::pair(row.due, id.event) <= *query.after) continue;
        found.push_back({.id = id,
                         .due = row.due,
                         .attempts = row.attempts,
                         .attempts_base = row.attempts_base,
                         .event = row.content});
      }
      std::ranges::sort(found, {}, [](const DueDelivery& one) { return std::pair(one.due, one.id.event); });
      DuePage page{.more = found.size() > query.limit, .upto = store_.sequence_};
      found.resize(std::min(found.size(), query.limit));
      page.deliveries = std::move(found);
      return page;
    }
    std::expected<EventPage, StoreError> events(const EventQuery&) override { return none(); }
    std::expected<EventRow, StoreError> event(EventId) override { return none(); }
    std::expected<StoredEvent, StoreError> content(EventId) override { return none(); }
    std::expected<std::vector<DeliveryCounts>, StoreError> counts() override { return none(); }
    std::expected<std::vector<SecretUse>, StoreError> secret_uses() override { return none(); }
    std::expected<RejectedPage, StoreError> rejected(const RejectedQuery&) override { return none(); }
    std::expected<RejectedRequest, StoreError> rejected_request(std::uint64_t) override { return none(); }

   private:
    static std::unexpected<StoreError> none() { return std::unexpected(StoreError::not_found); }
    TableStore& store_;
  };

  void tell(const DeliveryId& id, bool is_new) {
    assume(on_index);
    if (!feed_) return;
    const Row& row = rows_.at(id);
    const StoredEventView view{
        .id = id.event, .source = row.content->source, .head = row.content->head, .body = row.content->body};
    const IndexedDelivery delivery{.event = id.event,
                                   .destination = id.destination,
                                   .state = row.state,
                                   .due = row.due,
                                   .attempts = row.attempts,
                                   .attempts_base = row.attempts_base,
                                   .sequence = sequence_,
                                   .content = is_new ? &view : nullptr};
    feed_->on_indexed({&delivery, 1}, sequence_);
  }

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<DeliveryId, Row> rows_;
  Sequence sequence_ = 0;
  DeliveryFeed* feed_ = nullptr;
};

struct Counting final : DeliveryObserver {
  void on_attempt(std::string_view, AttemptResult result, DeliveryState, std::chrono::milliseconds) override {
    ++(result == AttemptResult::delivered ? successes : failures);
  }
  void on_queue(std::string_view, const DestinationQueue::Status&, std::chrono::milliseconds) override {
    ++looks;
  }
  std::atomic<int> successes = 0, failures = 0, looks = 0;
};

struct Gateway {
  SystemClock clock;
  int quiet = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  Log log{clock, {.descriptor = quiet}};
  Counting counting;
  TableStore store{clock};
  Deliverer::Options options;
  std::unique_ptr<Deliverer> deliverer;

  ~Gateway() {
    deliverer.reset();
    log.flush();
  }
  void to(const std::string& name, const std::string& url,
          RetryPolicy retry = {.initial = 1ms, .max = 2ms, .attempts = 3}) {
    Destination destination;
    destination.name = name;
    destination.url = url;
    destination.sign = SignMode::none;
    destination.retry = retry;
    destination.timeout = 10s;
    options.destinations.push_back(destination);
  }
  void start() {
    options.receivers = [](std::string_view) { return nullptr; };
    options.limits.deliveries_max = 50;
    deliverer = std::make_unique<Deliverer>(options, clock, log, counting);
    deliverer->start(store);
    store.start(*deliverer);
  }
  bool all(DeliveryState state) {
    return store.until([state](const auto& rows) {
      return std::ranges::all_of(rows, [state](const auto& row) { return row.second.state == state; });
    });
  }
};

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr const char* kError = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";

LoopbackServer::Answer says(const char* text) {
  return [text](int socket, const std::string&) { return LoopbackServer::send(socket, text); };
}

TEST(Deliverer, DeliversABacklogAndWhatComesAfter) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  for (int i = 0; i < 500; ++i)
    gateway.store.add("app", std::to_string(i));
  gateway.start();
  for (int i = 500; i < 1000; ++i)
    gateway.store.add("app", std::to_string(i));
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(server.requests().size(), 1000u);
  EXPECT_EQ(gateway.counting.successes, 1000);
}

TEST(Deliverer, TriesAgainUntilItIsTaken) {
  std::atomic<int> count = 0;
  LoopbackServer server([&count](int socket, const std::string&) {
    return LoopbackServer::send(socket, ++count < 3 ? kError : kOk);
  });
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  const auto row = gateway.store.row(id);
  ASSERT_EQ(row.history.size(), 3u);
  EXPECT_EQ(row.history[0].status, 500);
  EXPECT_EQ(row.history[2].number, 3u);
}

TEST(Deliverer, IsDeadAfterTheLastAttemptAndAliveAfterARetry) {
  std::atomic<bool> works = false;
  LoopbackServer server([&works](int socket, const std::string&) {
    return LoopbackServer::send(socket, works ? kOk : kError);
  });
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  EXPECT_TRUE(gateway.all(DeliveryState::dead));
  EXPECT_EQ(gateway.store.row(id).attempts, 3u);
  works = true;
  gateway.store.command(
      {.kind = Command::Kind::retry, .event = id.event, .destination = "app", .at = gateway.clock.now()},
      [](auto) {});
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(gateway.store.row(id).attempts, 4u);
}

TEST(Deliverer, StopsTryingWhenWhatBecomesOfItCannotBeRecorded) {
  LoopbackServer server(says(kError));
  Gateway gateway;
  gateway.to("app", server.url(), {.initial = 1ms, .max = 2ms, .attempts = 1'000'000});
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  ASSERT_TRUE(gateway.store.until([&](const auto& rows) { return rows.at(id).attempts >= 3; }));
  gateway.store.failed = true;
  // It looks once a second; then nothing more comes.
  const auto give_up = std::chrono::steady_clock::now() + 20s;
  std::size_t before = 0, after = 1;
  while (before != after && std::chrono::steady_clock::now() < give_up) {
    before = server.requests().size();
    std::this_thread::sleep_for(250ms);
    after = server.requests().size();
  }
  EXPECT_EQ(before, after);
  EXPECT_EQ(gateway.store.row(id).state, DeliveryState::pending);
}

TEST(Deliverer, HoldsWhatNobodyIsConfiguredFor) {
  Gateway gateway;
  gateway.to("app", "http://127.0.0.1:1/");
  gateway.start();
  const auto id = gateway.store.add("gone", "{}");
  EXPECT_EQ(gateway.deliverer->held_for_unknown_destinations(), 1u);
  EXPECT_EQ(gateway.store.row(id).state, DeliveryState::pending);
}

TEST(Deliverer, OneThatHangsDoesNotHoldUpAnother) {
  LoopbackServer* self = nullptr;
  LoopbackServer slow([&self](int socket, const std::string&) {
    self->hang(socket);
    return false;
  });
  self = &slow;
  LoopbackServer quick(says(kOk));
  Gateway gateway;
  gateway.to("slow", slow.url());
  gateway.to("quick", quick.url());
  gateway.start();
  for (int i = 0; i < 200; ++i) {
    gateway.store.add("slow", "{}");
    gateway.store.add("quick", "{}");
  }
  EXPECT_TRUE(gateway.store.until([](const auto& rows) {
    return std::ranges::count_if(
               rows, [](const auto& row) { return row.second.state == DeliveryState::delivered; }) == 200;
  }));
  EXPECT_EQ(quick.requests().size(), 200u);
}

TEST(Deliverer, LeavesPendingWhatItAbandonsWhenItDrains) {
  LoopbackServer* self = nullptr;
  LoopbackServer server([&self](int socket, const std::string&) {
    self->hang(socket);
    return false;
  });
  self = &server;
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  while (server.requests().empty())
    std::this_thread::yield();
  gateway.deliverer->drain(1ms);
  const auto row = gateway.store.row(id);
  EXPECT_EQ(row.state, DeliveryState::pending);
  EXPECT_TRUE(row.history.empty());
}

TEST(Deliverer, WaitsForWhatStillRunsWhenItDrains) {
  std::atomic<bool> may_answer = false, has_come = false;
  LoopbackServer server([&](int socket, const std::string&) {
    has_come = true;
    while (!may_answer)
      std::this_thread::yield();
    return LoopbackServer::send(socket, kOk);
  });
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  while (!has_come)
    std::this_thread::yield();
  std::thread draining([&] { gateway.deliverer->drain(10s); });
  may_answer = true;
  draining.join();
  EXPECT_EQ(gateway.store.row(id).state, DeliveryState::delivered);
}

}  // namespace
}  // namespace creel
