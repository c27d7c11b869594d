// The deliveries of one destination: which are in memory, which runs next, and what follows from an attempt.
//
// A state machine without clock, chance, thread or callback: it is told what happened and asked what to do.
// The dispatcher has one for each destination.
//
// Deliveries are made in order of their place: due time, then event. Memory holds the first of them, up to a
// limit; the `horizon` is where memory ends. Every pending delivery before the horizon is in memory or
// running; what stands at or after it is left to the index ("spilled") and asked for, a page at a time, when
// memory has drained. So order holds however long the backlog, and whatever memory cannot take is dropped by
// moving the horizon before it.
//
// A page was read some time before it arrives, and news of the index comes some time after the fact. Two
// things keep an old page from reviving a delivery: an outcome is `awaited` until the index has told it back,
// and what has ended is remembered as long as a page that was read before may be on its way. Both carry the
// sequence of the journal up to which they know.
//
// While there is a backlog, what is new takes a lane of its own, a quarter of the memory and every second
// attempt: it stands behind the horizon, and joins the others when the horizon passes it.
//
// Where a destination has an order, deliveries of one key wait for each other (delivery_order.h), and a
// failed one keeps its place: its timer is in memory only.
//
// The queue knows what is next, its gate whether it may go. What a pause of its source or route holds is
// skipped: it is in memory no more than if it had ended, and everything is read again when pauses change.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/ids.h"
#include "core/model.h"
#include "deliver/delivery_order.h"
#include "deliver/delivery_place.h"
#include "deliver/destination.h"
#include "deliver/gate.h"
#include "deliver/pauses.h"
#include "store/store.h"

namespace creel {

// IndexedDelivery for one destination, with its own memory.
struct DeliveryNews {
  EventId event;
  std::uint32_t ordinal = 1;
  DeliveryState state = DeliveryState::pending;
  Time due;
  std::uint32_t attempts = 0;
  std::uint32_t attempts_base = 0;
  Sequence sequence = 0;
  std::shared_ptr<const StoredEvent> content;  // null when it did not come along
};

class DestinationQueue {
 public:
  // Of what waits in memory. Attempts that run are bounded by the destination's concurrency and come on top.
  struct Limits {
    std::size_t deliveries_max = 1024;
    std::size_t bytes_max = std::size_t{16} << 20;  // of heads and bodies; one delivery alone may be larger
    // Outcomes that the index has not told back. Beyond, nothing is attempted: a destination that fails at
    // once could be tried faster than the index can write it down, and each such outcome takes memory.
    std::size_t awaited_max = 32768;
    // Deliveries that a transform holds: known by their ids, about 100 bytes each. Beyond, nothing is
    // attempted; those that run then may come on top.
    std::size_t held_max = 100'000;
  };

  // Everything that is in the index counts as spilled. `pauses` outlives it; null: nothing is ever paused.
  DestinationQueue(Destination destination, std::size_t number, Limits limits, Pauses* pauses = nullptr);

  // The destination is configured by these settings from now on, whether it was before or not. What runs ends
  // as it began. Due times that the new policy could not give are cut. What is held is tried again.
  void configure(Destination destination, Moment now);
  // The destination is configured no more: nothing is attempted or asked for, and what waits is left to the
  // index. What runs may end, and news is still needed, so that nothing is forgotten when it comes back.
  void retire();
  bool is_retired() const { return is_retired_; }
  const std::string& name() const { return destination_.name; }

  // The index has caught up with the journal: attempts may begin.
  void begin() { begun_ = true; }
  // No further attempt begins.
  void drain() { draining_ = true; }

  // The destination itself is paused, or no more. What is in memory stays there.
  void set_paused(bool is_paused, Moment now);
  // What the pauses of sources and routes hold has changed: everything is asked for again.
  void read_again(bool has_resumed, Moment now);
  // Whether it has paused itself since, because it answered 410 Gone.
  bool take_gone() { return std::exchange(is_gone_, false); }
  // As of Gate.
  std::optional<BreakerState> take_breaker_change() { return gate_.take_change(); }

  // The index made or changed a delivery. Comes in the order of the journal.
  void on_news(const DeliveryNews& news, Moment now);

  // The page to ask the index for, if there is need; one at a time, until on_page() or on_page_failed().
  std::optional<DueQuery> wanted_page(Moment now);
  void on_page(DuePage page, Moment now);
  void on_page_failed(Moment now);
  // Likewise of the dead deliveries, from which a queue whose order parks learns before anything else.
  std::optional<DueQuery> wanted_dead_page(Moment now);
  void on_dead_page(const DuePage& page, Moment now);
  void on_dead_page_failed(Moment now);

  // The next attempt to make now, if there is one and the gate lets it go. It counts as running until
  // on_attempt_ended().
  std::optional<AttemptOrder> next_attempt(Moment now);

  // The attempt leaves only now: a transform took its time before.
  void on_attempt_leaves(const AttemptOrder& order, Moment now);

  // Why an attempt that next_attempt() gave was not made. It costs no number, and nothing is to be recorded.
  enum class Hold : std::uint8_t {
    failed,     // its transform failed: not tried again until configure() or an operator's word
    cancelled,  // its transform cancelled it, which the index will tell: not tried again until then
  };
  // False when the index has closed it meanwhile: there is nothing to hold.
  bool on_attempt_held(const AttemptOrder& order, Hold hold);
  // It is left to the index, which gives it again if the destination is still configured.
  void on_attempt_withdrawn(const AttemptOrder& order);
  // What was held as `cancelled` could not be cancelled and is tried again. Nothing when it is not held so.
  void release(EventId event, std::uint32_t ordinal);
  // Whether it is held because its transform failed.
  bool is_held(EventId event, std::uint32_t ordinal) const;
  // So much is held, or parked, that nothing is attempted any more.
  bool is_full_of_held() const {
    return held_ >= limits_.held_max || (order_ && order_->parked() >= limits_.held_max);
  }

  // What is to be recorded of an attempt. `spread` is in [-1, 1).
  Outcome on_attempt_ended(const AttemptOrder& order, AttemptReport report, Moment now, double spread);

  // When next_attempt() or wanted_page() may have something new without having been told anything, as of the
  // last time that next_attempt() was asked.
  std::optional<Ticks> wakes_at() const;

  // Whether a delivery was due when next_attempt() was asked last, and waits for the end of another.
  bool has_ready() const;

  // Whether news of new deliveries should bring their content; without it they are left to the index.
  bool wants_content() const {
    return begun_ && !is_retired_ && (!horizon_ || fetch_.has_value() || has_room_for_fresh());
  }

  struct Status {
    std::size_t queued = 0;
    std::size_t queued_bytes = 0;
    std::size_t running = 0;
    std::size_t slots = 0;           // how many may run at once now
    std::size_t held = 0;            // by a transform
    std::size_t fresh = 0;           // new ones that stand behind a backlog; on top of `queued`
    std::size_t parked = 0;          // dead, so that their keys wait
    bool spilled = false;            // there may be more in the index
    std::optional<Time> oldest_due;  // of those in memory, which are the first
  };
  Status status() const;
  Gate::Status gate() const { return gate_.status(); }
  // How many deliveries it knows of, those that only have ended included.
  std::size_t known() const { return entries_.size(); }

 private:
  using Key = DeliveryKey;
  using Place = DeliveryPlace;
  static constexpr Place kBeginning{Time::min(), EventId{}, 0};
  enum class Phase : std::uint8_t {
    none,     // not in memory: ended, or left to the index
    early,    // came behind the horizon while a page is on its way; taken if it turns out to be the next
    fresh,    // in memory, new, and behind the horizon
    waiting,  // in memory, due later
    ready,    // in memory, due
    blocked,  // in memory, and another of its key goes before
    running,
    held,     // its transform failed
    closing,  // its transform cancelled it, and the index has not told so
  };
  struct Entry {
    Phase phase = Phase::none;
    std::uint32_t attempts = 0;
    std::uint32_t attempts_base = 0;
    std::uint32_t awaited = 0;  // number of the attempt whose outcome the index has not told back; 0 for none
    Sequence sequence = 0;      // what is known about it is as of here
    Time due;
    Ticks ready_at;
    DeliveryOrder::Key order_key = 0;  // once `is_keyed`
    bool is_keyed = false;
    std::optional<DeliveryState> closed;  // running, and meanwhile cancelled
    Time started;
    Ticks started_at;
    Ticks admitted_at;  // by the gate; it leaves later where a transform takes its time
    std::shared_ptr<const StoredEvent> content;
  };
  using Entries = std::unordered_map<Key, Entry, DeliveryKeyHash>;
  struct Fetch {
    Place from;                    // the horizon when it was asked
    std::optional<Place> lowered;  // the first place that left memory since
    std::optional<Place> missed;   // the first place of the news that could not be taken since
    Sequence missed_upto = 0;      // the last of that news
  };

  void on_closed(const DeliveryNews& news);
  void on_pending(const DeliveryNews& news, Moment now);
  void take_or_leave(Entries::iterator entry, const DeliveryNews& news, Moment now);
  void miss(const Place& place, Sequence sequence);

  void admit(Entries::iterator entry, Ticks ready_at, Moment now);
  void make_room();
  void lower_horizon(Place place);  // by value: it may be of the set that shrinks
  void settle_early(Sequence upto, Moment now);
  void forget_remembered();
  void unqueue(Entries::iterator entry);
  void await(Entry& entry, std::uint32_t attempt);
  void forget(Entries::iterator entry);
  void leave(Entries::iterator entry);
  void release_held();
  Entries::iterator stopped(const AttemptOrder& order);
  Ticks ready_at(const Entries::value_type& entry, Moment now) const;
  void wake_waiting(Moment now);
  bool over_limits() const;
  bool has_room_for_page() const;

  // The lane of what is new
  bool has_room_for_fresh() const {
    return !order_ && fresh_.size() < limits_.deliveries_max / 4 && fresh_bytes_ < limits_.bytes_max / 4;
  }
  bool takes_fresh(Entries::iterator entry, const DeliveryNews& news);
  std::optional<Place> first_to_go();
  void settle_fresh(Sequence upto, Moment now);
  void drop_fresh();

  AttemptTrigger trigger_of(const Entries::value_type& entry) const;
  std::optional<std::chrono::milliseconds> delay_after(const AttemptOrder& order, const AttemptReport& report,
                                                       const Entry& entry, Moment now, double spread) const;
  bool is_gone(const AttemptReport& report) const;
  bool is_paused_elsewhere(const Entry& entry) const;

  // Order
  void start_order();
  bool is_order_ready();
  void go_on();
  bool joins_line(Entries::iterator entry);
  void stay_in_line(Entries::iterator entry, const StoredEvent& content);
  void leave_line(Entries::iterator entry);
  void sort_line(DeliveryOrder::Key key);
  void begin_in_line(Entries::iterator entry);
  void end_in_line(const Entries::value_type& entry, DeliveryState state);
  void set_blocked(const Key& key);
  void set_unblocked(const Key& key);
  bool is_stuck(const DeliveryOrder::Line& line) const;
  bool is_crowded() const;
  void skip_blocked(DeliveryOrder::Key key);
  void skip_all_blocked();
  void close_in_line(const Key& key, DeliveryState state);
  bool keeps_place(const Entry& entry) const;
  void remember_retry(const Key& key, Ticks at, Moment now);
  std::optional<Place> first_ready();

  static Place place_of(const Entries::value_type& entry) {
    return {entry.second.due, entry.first.event, entry.first.ordinal};
  }
  static std::size_t bytes_of(const Entry& entry);

  Destination destination_;
  const std::size_t number_;
  const Limits limits_;
  Pauses* const pauses_;
  Gate gate_;
  Ticks asked_at_{};                // next_attempt(), or what came since
  std::optional<Time> resumed_at_;  // what was due before was held
  bool is_gone_ = false;
  bool begun_ = false;
  bool draining_ = false;
  bool is_retired_ = false;

  Entries entries_;
  std::set<Place> queued_;                     // waiting, ready and blocked: in order
  std::set<Place> ready_;                      // in the order in which they go
  std::set<std::pair<Ticks, Place>> waiting_;  // in the order in which they become ready
  std::set<Place> early_;
  std::set<Place> fresh_;
  std::size_t fresh_bytes_ = 0;
  bool is_turn_of_fresh_ = false;
  std::size_t bytes_ = 0;  // of queued and early
  std::size_t running_ = 0;
  std::size_t awaited_ = 0;  // how many entries await the index
  std::size_t held_ = 0;     // held and closing

  std::unique_ptr<DeliveryOrder> order_;  // null: none
  // What runs by another order ends first, and the index knows of it.
  bool is_order_starting_ = false;
  std::unordered_map<Key, Ticks, DeliveryKeyHash> retry_at_;  // of failed ones that keep their place
  std::size_t blocked_ = 0;
  std::size_t blocked_bytes_ = 0;
  bool is_dead_page_asked_ = false;
  bool is_dead_page_old_ = false;  // of another order: not wanted any more
  std::optional<EventId> dead_after_;

  std::optional<Place> horizon_;  // nothing: all is in memory
  std::optional<Fetch> fetch_;
  bool is_taking_page_ = false;
  std::vector<Key> remembered_;    // has left memory since, and is kept until no older page can come
  bool fetch_when_empty_ = false;  // the last page did not fit
  std::optional<Ticks> fetch_again_at_;
};

}  // namespace creel
