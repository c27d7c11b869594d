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
//
// Destinations and routes change while it runs. A name gets a number the first time it is configured and
// keeps it, also while it is not. reload() first lets the index thread know the names and then posts them to
// the deliver thread; so whatever the index had before, the first page of a new destination brings, and what
// comes after is told.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "core/log.h"
#include "core/mailbox.h"
#include "core/model.h"
#include "core/threads.h"
#include "deliver/attempt_log.h"
#include "deliver/dispatcher.h"
#include "deliver/endpoints.h"
#include "deliver/gate.h"
#include "deliver/held_deliveries.h"
#include "deliver/transformer.h"
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
  // Its breaker opened, closed, or lets one try.
  virtual void on_breaker(std::string_view, BreakerState) {}
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
    // What is paused when it starts.
    std::vector<Pause> pauses;
    // A destination said 410 Gone and is paused already; whoever keeps pauses keeps this one too. Called on
    // the deliver thread.
    std::function<void(Pause)> on_gone;
    // When the store could not take the cancellation that a transform wanted.
    std::chrono::milliseconds cancel_again_after = std::chrono::seconds(10);
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

  // These are paused from now on, and nothing else. `done` is called on the deliver thread once it obeys;
  // attempts that run then may end. When the thread ends before, `done` is destroyed and not called. From any
  // thread.
  void pause(std::vector<Pause> pauses, std::move_only_function<void()> done);
  // How each destination stands, by name; at most about a second old. From any thread.
  struct Standing {
    std::string destination;
    Gate::Status gate;
    std::optional<Time> not_before;
  };
  std::vector<Standing> standings() const;

  // Why this delivery is held, "" when its transform did not fail. From any thread.
  std::string held_reason(const DeliveryId& delivery) const { return held_.reason(delivery); }
  // By destination, how many deliveries a transform holds, and the reason of the latest. From any thread.
  using Held = HeldDeliveries::Row;
  std::vector<Held> held() const { return held_.rows(); }

  void on_indexed(std::span<const IndexedDelivery> deliveries, Sequence upto) override ON_INDEX;
  void on_caught_up() override ON_INDEX;

  // How many deliveries the feed brought since the start that no configured destination wants: they are held.
  std::uint64_t held_for_unknown_destinations() const {
    return held_unknown_.load(std::memory_order_relaxed);
  }

 private:
  struct News {
    std::size_t destination;
    DeliveryNews news;
    std::size_t bytes;
  };
  struct PageAnswer {
    std::size_t destination;
    std::expected<DuePage, StoreError> page;
    bool is_of_dead = false;
  };
  struct CaughtUp {};
  struct Drain {
    Ticks until;
  };
  struct Reload {
    std::vector<std::pair<std::size_t, Destination>> destinations;  // with their numbers
    std::vector<std::shared_ptr<std::atomic<bool>>> wants_content;  // of each
    std::shared_ptr<const Routes> routes;
  };
  struct Repause {
    std::vector<Pause> pauses;
    std::move_only_function<void()> done;
  };
  struct NotCancelled {  // what a transform wanted cancelled
    std::size_t destination;
    EventId event;
    std::uint32_t ordinal;
  };
  struct Ended {  // on a thread of the endpoints' own
    AttemptOrder order;
    AttemptReport report;
  };
  using Mail = std::variant<std::vector<News>, PageAnswer, CaughtUp, Drain, Reload, Repause, TransformResult,
                            NotCancelled, Ended>;

  // Where the feed finds a destination by its name. Never changed, but replaced.
  struct Lane {
    std::size_t number = 0;
    bool is_configured = true;
    std::shared_ptr<std::atomic<bool>> wants_content;
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept {
      return std::hash<std::string_view>{}(name);
    }
  };
  using Lanes = std::unordered_map<std::string, Lane, NameHash, std::equal_to<>>;

  // A destination on the deliver thread, by its number.
  struct Outlet {
    std::string name;
    bool is_configured = false;
    bool has_transform = false;          // of some route
    bool is_said_full = false;           // of deliveries that a transform holds
    std::size_t held = 0;                // of them, in held_
    std::unique_ptr<Endpoint> endpoint;  // while it is configured
    std::shared_ptr<std::atomic<bool>> wants_content;
  };

  void post(Mail mail);
  void drop_mail();
  Reload number(std::vector<Destination> destinations, std::shared_ptr<const Routes> routes);
  void look_up_lanes() ON_INDEX;
  std::shared_ptr<const StoredEvent> content_for(const IndexedDelivery& delivery, const Lane& lane) ON_INDEX;
  void hold(std::string_view destination) ON_INDEX;

  void run();
  void open_mail() ON_DELIVER;
  void take(std::vector<News> batch, Moment at) ON_DELIVER;
  void take(PageAnswer answer, Moment at) ON_DELIVER;
  void take(CaughtUp, Moment at) ON_DELIVER;
  void take(Drain drain, Moment at) ON_DELIVER;
  void take(Reload reload, Moment at) ON_DELIVER;
  void take(Repause repause, Moment at) ON_DELIVER;
  void take(TransformResult result, Moment at) ON_DELIVER;
  void take(NotCancelled delivery, Moment at) ON_DELIVER;
  void take(Ended end, Moment at) ON_DELIVER;
  void configure(std::size_t number, Destination destination,
                 std::shared_ptr<std::atomic<bool>> wants_content, Moment at) ON_DELIVER;
  void remove(std::size_t number) ON_DELIVER;
  void replace_endpoint(Outlet& outlet, std::unique_ptr<Endpoint> by) ON_DELIVER;
  bool is_to_be_transformed(const AttemptOrder& order) const ON_DELIVER;
  void leave(AttemptOrder order, Moment at) ON_DELIVER;
  void hold(const AttemptOrder& order, std::string_view reason, Moment at) ON_DELIVER;
  void cancel(const AttemptOrder& order, Moment at) ON_DELIVER;
  void cancel_again() ON_DELIVER;
  void turn() ON_DELIVER;
  void settle() ON_DELIVER;
  std::chrono::milliseconds rest() ON_DELIVER;
  void observe() ON_DELIVER;
  void publish_standings(Moment at) ON_DELIVER;
  void say_if_full(std::size_t number) ON_DELIVER;
  void stop_if_store_failed() ON_DELIVER;
  Moment now() const { return {.wall = clock_.now(), .ticks = clock_.ticks()}; }

  // AttemptSink
  void ended(AttemptOrder order, AttemptReport report) override ON_DELIVER;
  // Dispatcher::Actions
  void start(AttemptOrder order, Time now) override;
  void fetch(std::size_t destination, DueQuery query) override;
  void fetch_dead(std::size_t destination, DueQuery query) override;
  void record(std::size_t destination, Outcome outcome) override;
  void on_gone(std::size_t destination) override;
  void on_breaker(std::size_t destination, BreakerState state) override;

  const Options options_;
  const Clock& clock_;
  Log& log_;
  DeliveryObserver& observer_;
  Store* store_ = nullptr;

  // Crossing.
  Mailbox<Mail> mailbox_;
  std::atomic<std::size_t> mail_bytes_ = 0;
  std::atomic<std::uint64_t> held_unknown_ = 0;
  std::atomic<bool> is_stopped_ = false;
  std::mutex lanes_mutex_;  // also keeps reloads in order
  std::shared_ptr<const Lanes> lanes_ = std::make_shared<const Lanes>();
  HeldDeliveries held_;
  mutable std::mutex standings_mutex_;
  std::vector<Standing> standings_;

  // Of the index thread.
  bool is_caught_up_ = false;
  std::shared_ptr<const Lanes> looked_up_;
  std::set<std::string, std::less<>> held_names_;
  std::shared_ptr<const StoredEvent>
      last_content_;  // an event goes to several destinations, one after the other

  // Of the deliver thread.
  Endpoints endpoints_;
  std::deque<Outlet> outlets_;
  std::vector<std::unique_ptr<Endpoint>> leaving_;  // replaced, while their last attempts run
  Dispatcher dispatcher_;
  std::shared_ptr<const Routes> routes_;
  std::uint64_t generation_ = 0;  // counts the reloads
  Transformer transformer_;
  std::deque<std::pair<Ticks, NotCancelled>> cancel_again_;
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
