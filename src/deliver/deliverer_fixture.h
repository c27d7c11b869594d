// What the tests of the deliver thread stand on: a store that is only a table, and a gateway around it.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "deliver/deliverer.h"
#include "deliver/loopback_server.h"
#include "rules/routes.h"

namespace creel {

using namespace std::chrono_literals;  // of tests only

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
  std::atomic<int> refused_commands = 0;

  void start(DeliveryFeed& feed) override {
    assume(on_index);
    std::lock_guard lock(mutex_);
    feed_ = &feed;
    feed_->on_caught_up();
  }
  // `transformed`: it goes there by way of a transform only.
  DeliveryId add(const std::string& destination, std::string body, bool transformed = false) {
    std::lock_guard lock(mutex_);
    const EventId event = EventId::of(++sequence_, 0);
    auto content = std::make_shared<StoredEvent>();
    content->id = event;
    content->source = "openai";
    content->head = "POST /webhooks/openai HTTP/1.1\r\n";
    content->body = std::move(body);
    if (transformed) content->transformed.push_back(destination);
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
    const DeliveryId id{
        .event = command.event, .destination = command.destination, .ordinal = std::max(command.ordinal, 1u)};
    Row& row = rows_.at(id);
    if (refused_commands > 0) {
      --refused_commands;
      return done(std::unexpected(StoreError::full));
    }
    if (command.kind == Command::Kind::cancel) {
      if (row.state == DeliveryState::pending) row.state = DeliveryState::cancelled;
    } else {
      row.state = DeliveryState::pending;
      row.due = command.at;
      row.attempts_base = row.attempts;
    }
    tell(id, false);
    changed_.notify_all();
    done(sequence_);
  }
  void read(Freshness, std::move_only_function<void(Reader&, Staleness)> question) override {
    assume(on_read);
    TableReader reader(*this);
    question(reader, {});
  }
  void set_state(std::string, std::string,
                 std::move_only_function<void(std::expected<Sequence, StoreError>)>) override {}
  void order(Orders, std::string, std::string,
             std::move_only_function<void(std::expected<Sequence, StoreError>)>) override {}
  std::vector<std::pair<std::string, std::string>> state() const override { return {}; }
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
        if (std::ranges::find(query.without_sources, row.content->source) != query.without_sources.end())
          continue;
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
    std::expected<DuePage, StoreError> dead(const DueQuery& query) override {
      std::lock_guard lock(store_.mutex_);
      DuePage page{.upto = store_.sequence_};
      for (const auto& [id, row] : store_.rows_) {
        if (id.destination != query.destination || row.state != DeliveryState::dead) continue;
        if (query.after && id.event <= query.after->second) continue;
        page.deliveries.push_back({.id = id, .due = row.due, .attempts = row.attempts, .event = row.content});
      }
      return page;
    }
    std::expected<EventPage, StoreError> events(const EventQuery&) override { return none(); }
    std::expected<EventRow, StoreError> event(EventId) override { return none(); }
    std::expected<StoredEvent, StoreError> content(EventId) override { return none(); }
    std::expected<std::vector<DeliveryCounts>, StoreError> counts() override { return none(); }
    std::expected<StoredPage, StoreError> stored(const StoredQuery&) override { return none(); }
    std::expected<std::optional<EventId>, StoreError> nth_last(std::string_view, std::uint64_t) override {
      return none();
    }
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
    const std::vector<std::string_view> transformed(row.content->transformed.begin(),
                                                    row.content->transformed.end());
    const StoredEventView view{.id = id.event,
                               .source = row.content->source,
                               .head = row.content->head,
                               .body = row.content->body,
                               .transformed = transformed};
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
  Deliverer::Options options = small();
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
  // One route from everything to `destination`; the former routes go.
  void transform(const std::string& destination, const std::string& lua) {
    Route route{.name = "the route", .from = {"openai"}, .transform = lua, .to = {destination}};
    options.routes = Routes::make({std::move(route)}).value();
  }
  void reload() { deliverer->reload(options.destinations, options.routes); }
  // Waits until this many are held.
  bool holds(std::uint64_t count) {
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < give_up) {
      const auto held = deliverer->held();
      if (count == 0 ? held.empty() : !held.empty() && held.front().deliveries == count) return true;
      std::this_thread::yield();
    }
    return false;
  }
  static Deliverer::Options small() {
    Deliverer::Options options;
    options.limits.deliveries_max = 50;
    return options;
  }
  void start() {
    options.receivers = [](std::string_view) { return nullptr; };
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

inline constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
inline constexpr const char* kError = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";

inline LoopbackServer::Answer says(const char* text) {
  return [text](int socket, const std::string&) { return LoopbackServer::send(socket, text); };
}

}  // namespace creel
