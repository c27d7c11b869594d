// What is due, what may run, and what comes after a failure, for all destinations.
//
// Deterministic: it has no clock, no thread and no socket. It is fed with what happened and with the time,
// and acts through a small interface; given the same words and the same seed it does the same. All of it on
// the deliver thread.
//
//   dispatcher.on_news(news, number);  dispatcher.advance(now);  … sleep until dispatcher.wakes_at() …
//
// A delivery whose destination is not configured is not touched: it stays pending in the store, and is made
// once its destination is back. That is decided by whoever feeds, who finds no number for the name.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "core/random.h"
#include "deliver/destination_queue.h"
#include "deliver/pauses.h"

namespace creel {

class Dispatcher {
 public:
  // What the dispatcher can do. None of these may call back into it before they return.
  class Actions {
   public:
    virtual ~Actions() = default;
    // Ends in on_attempt_ended().
    virtual void start(AttemptOrder order, Time now) = 0;
    // Answered by on_page() or on_page_failed().
    virtual void fetch(std::size_t destination, DueQuery query) = 0;
    // Of the dead ones, likewise; asked for only where a destination's order parks.
    virtual void fetch_dead(std::size_t, DueQuery) {}
    // Not waited for: the index tells it back as news.
    virtual void record(std::size_t destination, Outcome outcome) = 0;
    // It answered 410 Gone and is paused already; whoever keeps pauses is to keep this one.
    virtual void on_gone(std::size_t) {}
    // Its breaker has changed its state.
    virtual void on_breaker(std::size_t, BreakerState) {}
  };

  // `actions` outlives it. The destinations get the numbers 0, 1, 2 … `seed` decides the jitter.
  Dispatcher(std::span<const Destination> destinations, DestinationQueue::Limits limits, std::uint64_t seed,
             Actions& actions);

  // A destination that is new (`number` is then how many there were), changed, or back. A number is a name's
  // for good, so that what is on its way to a destination that went finds its place, and nothing is attempted
  // twice when it comes back.
  void put(std::size_t number, Destination destination, Moment now);
  // Its deliveries stay pending in the store; what runs may end. News of it must go on.
  void remove(std::size_t number);

  // These are paused from now on, and nothing else.
  void pause(const std::vector<Pause>& pauses, Moment now);
  // What decides whether a paused route leads a delivery to its destination.
  void set_routes(std::shared_ptr<const Routes> routes, Moment now);

  std::optional<std::size_t> find(std::string_view destination) const;

  // The index has reached the end that the journal had at open. Nothing is attempted before.
  void begin();
  // Nothing is attempted any more; what runs may end.
  void drain();

  // News of a destination that put() has not brought yet is dropped: the page that it asks for first has it.
  void on_news(std::size_t destination, const DeliveryNews& news, Moment now);
  void on_page(std::size_t destination, DuePage page, Moment now);
  void on_page_failed(std::size_t destination, Moment now);
  void on_dead_page(std::size_t destination, const DuePage& page, Moment now);
  void on_dead_page_failed(std::size_t destination, Moment now);
  void on_attempt_ended(const AttemptOrder& order, AttemptReport report, Moment now);

  // As of DestinationQueue: what becomes of an attempt on its way through a transform.
  void on_attempt_leaves(const AttemptOrder& order, Moment now);
  bool on_attempt_held(const AttemptOrder& order, DestinationQueue::Hold hold);
  void on_attempt_withdrawn(const AttemptOrder& order);
  void release(std::size_t destination, EventId event, std::uint32_t ordinal);
  bool is_held(std::size_t destination, EventId event, std::uint32_t ordinal) const;
  bool is_full_of_held(std::size_t destination) const { return queues_[destination].is_full_of_held(); }

  // Starts and asks for whatever there is to start and to ask for.
  void advance(Moment now);
  // When advance() has something to do although nothing was told; nothing when only news can bring it.
  std::optional<Ticks> wakes_at() const;

  bool wants_content(std::size_t destination) const { return queues_[destination].wants_content(); }
  DestinationQueue::Status status(std::size_t destination) const { return queues_[destination].status(); }
  Gate::Status gate(std::size_t destination) const { return queues_[destination].gate(); }
  std::size_t known(std::size_t destination) const { return queues_[destination].known(); }
  std::size_t running() const { return running_; }
  // Whether a delivery is due and waits for a slot.
  bool has_ready() const;

 private:
  void read_again(Pauses::Change change, Moment now);
  void tell_breaker(std::size_t destination);

  const DestinationQueue::Limits limits_;
  Pauses pauses_;
  std::deque<DestinationQueue> queues_;  // by number
  bool has_begun_ = false;
  bool is_draining_ = false;
  Random random_;
  Actions& actions_;
  std::size_t running_ = 0;
};

}  // namespace creel
