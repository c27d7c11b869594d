// The deliver thread: takes what the index tells, makes the attempts, and records what became of them.
//
//   Deliverer deliverer(options, clock, log, observer);
//   deliverer.start(store);
//   store.start(deliverer);       // the feed
//   …
//   deliverer.drain(10s);
//   store.stop();
//
// The dispatcher decides, libcurl sends; this is only what joins them to the store and to time. The feed's
// functions copy what they need and return at once, with one wake-up a batch. Memory is bounded: when more
// has gathered than the thread has taken, deliveries come without their content, which leaves them to the
// index.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "core/log.h"
#include "core/mailbox.h"
#include "core/model.h"
#include "core/threads.h"
#include "deliver/attempt_log.h"
#include "deliver/dispatcher.h"
#include "deliver/http_client.h"
#include "store/store.h"

namespace creel {

class Routes;

// Is told what is worth measuring, on the deliver thread; returns at once.
class DeliveryObserver {
 public:
  virtual ~DeliveryObserver() = default;
  virtual void on_attempt(std::string_view destination, AttemptResult result, DeliveryState state,
                          std::chrono::milliseconds took) = 0;
  // About once a second while there is something to do. `status` is of what is in memory; while it is spilled
  // there is more in the index (Reader::counts). `oldest` is how long the first delivery has been due, zero
  // when none is.
  virtual void on_queue(std::string_view destination, const DestinationQueue::Status& status,
                        std::chrono::milliseconds oldest) = 0;
};

class Deliverer final : public DeliveryFeed, private AttemptSink, private Dispatcher::Actions {
 public:
  struct Options {
    std::vector<Destination> destinations;
    std::shared_ptr<const Routes> routes;  // for their transforms
    ReceiverLookup receivers;              // called on the deliver thread
    DestinationQueue::Limits limits;
    HttpClient::Options http;
    std::size_t mail_bytes_max = std::size_t{32} << 20;  // of content on its way to the deliver thread
    std::uint64_t seed = 0;                              // of the jitter
  };

  // `clock`, `log` and `observer` outlive it. It outlives the store's stop.
  Deliverer(Options options, const Clock& clock, Log& log, DeliveryObserver& observer);
  ~Deliverer() override;  // as drain(0)

  // Starts the thread. Before the store is started.
  void start(Store& store);
  // Begins no further attempt, waits at most `limit` for those that run, abandons the others, which stay
  // pending, and ends the thread. Blocks. The store must still be running.
  void drain(std::chrono::milliseconds limit);

  // Other destinations and routes, from any thread; taken over soon. What runs ends as it began; what waits
  // goes by the new ones; a destination that is gone leaves its deliveries pending in the store, and one that
  // is new, or back, gets those that wait for it. Deliveries that a transform held are tried again.
  void reload(std::vector<Destination> destinations, std::shared_ptr<const Routes> routes);

  // Why this delivery is held, "" when its transform did not fail. From any thread.
  std::string held_reason(const DeliveryId& delivery) const;
  // By destination, how many deliveries a transform holds, and the reason of the latest. From any thread.
  struct Held {
    std::string destination;
    std::uint64_t deliveries = 0;
    std::string reason;
  };
  std::vector<Held> held() const;

  void on_indexed(std::span<const IndexedDelivery> deliveries, Sequence upto) override ON_INDEX;
  void on_caught_up() override ON_INDEX;

  // How many deliveries the feed brought since the start that no configured destination wants: they are held.
  std::uint64_t held_for_unknown_destinations() const { return held_.load(std::memory_order_relaxed); }

 private:
  struct News {
    std::size_t destination;
    DeliveryNews news;
    std::size_t bytes;
  };
  struct PageAnswer {
    std::size_t destination;
    std::expected<DuePage, StoreError> page;
  };
  struct CaughtUp {};
  struct Drain {
    Ticks until;
  };
  using Mail = std::variant<std::vector<News>, PageAnswer, CaughtUp, Drain>;

  void post(Mail mail);
  std::shared_ptr<const StoredEvent> content_for(const IndexedDelivery& delivery,
                                                 std::size_t destination) ON_INDEX;
  void hold(std::string_view destination) ON_INDEX;

  void run();
  void open_mail() ON_DELIVER;
  void turn() ON_DELIVER;
  void settle() ON_DELIVER;
  std::chrono::milliseconds rest() ON_DELIVER;
  void observe() ON_DELIVER;
  void stop_if_store_failed() ON_DELIVER;
  Moment now() const { return {.wall = clock_.now(), .ticks = clock_.ticks()}; }

  // AttemptSink
  void ended(AttemptOrder order, AttemptReport report) override ON_DELIVER;
  // Dispatcher::Actions
  void start(AttemptOrder order, Time now) override;
  void fetch(std::size_t destination, DueQuery query) override;
  void record(std::size_t destination, Outcome outcome) override;

  const Options options_;
  const Clock& clock_;
  Log& log_;
  DeliveryObserver& observer_;
  Store* store_ = nullptr;
  std::unordered_map<std::string_view, std::size_t> numbers_;  // of the destinations, by name

  // Crossing.
  Mailbox<Mail> mailbox_;
  std::atomic<std::size_t> mail_bytes_ = 0;
  std::atomic<std::uint64_t> held_ = 0;
  std::atomic<bool> is_stopped_ = false;
  std::unique_ptr<std::atomic<bool>[]> wants_content_;

  // Of the index thread.
  bool is_caught_up_ = false;
  std::set<std::string, std::less<>> held_names_;
  std::shared_ptr<const StoredEvent>
      last_content_;  // an event goes to several destinations, one after the other

  // Of the deliver thread.
  HttpClient client_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  Dispatcher dispatcher_;
  AttemptLog attempt_log_;
  std::vector<Mail> opened_;
  std::vector<std::pair<AttemptOrder, AttemptReport>> ended_, settled_;
  std::optional<Ticks> drain_until_;
  Ticks observed_;
  bool has_to_say_ = false;
  bool is_store_failed_ = false;

  std::thread thread_;
};

}  // namespace creel
