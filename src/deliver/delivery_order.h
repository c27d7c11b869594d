// Which delivery of a key may go: what a destination with `order` keeps beside its queue.
//
// Deliveries of one key form a line. The first member of a line may go, and no other, and only while no other
// of the line runs. What the line cannot keep in memory is skipped: left to the index, with the least place
// remembered, and whatever comes after that place is skipped too, so that nothing overtakes. When the line
// has come to its end, the queue reads again from there.
//
//   block   a failed one stays the first of its line
//   park    likewise, and when it is dead it parks the line, until it is delivered after all or cancelled
//   skip    a failed one leaves the line, and goes again when no other of its line runs
//
// Keys are kept as hashes: two keys with one hash wait for each other and know no better.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/model.h"
#include "deliver/delivery_place.h"
#include "rules/event_key.h"
#include "rules/filter.h"
#include "store/store.h"

namespace creel {

// Used on one thread.
class DeliveryOrder {
 public:
  using Key = std::uint64_t;  // 0: none, and no order
  using Members = std::set<DeliveryKey>;

  struct Line {
    Members members;                  // in memory, running, or known to come back; the first goes first
    Members aside;                    // failed, of `skip`: ready while another runs
    std::optional<DeliveryKey> goes;  // the member that the queue was told to let go
    std::uint32_t running = 0;
    Members parked;                        // dead, and what of them is tried again
    std::optional<DeliveryPlace> skipped;  // the least place of what was
    DeliveryKey skipped_first;             // and the first of them, which may stand at another

    bool is_idle() const { return members.empty() && aside.empty() && running == 0; }
  };

  explicit DeliveryOrder(OrderPolicy policy);
  const OrderPolicy& policy() const { return policy_; }
  bool skips_failed() const { return policy_.on_failure == OrderPolicy::OnFailure::skip; }
  bool parks() const { return policy_.on_failure == OrderPolicy::OnFailure::park; }

  Key key_of(const StoredEvent& event);

  Line& line(Key key) { return lines_[key]; }
  Line* find(Key key);
  // Forgets a line that has nothing to know about.
  void tidy(Key key);

  void skip(Key key, const DeliveryPlace& place);
  // Whether it waits for something that was skipped or is parked.
  static bool is_behind(const Line& line, const DeliveryKey& delivery);
  // What was skipped from there on is about to be read again.
  void forget_skipped_from(const DeliveryPlace& place);
  // Nothing of the line is under way any more: what was skipped may come, if the line is not parked before
  // it.
  void may_go_on(Key key);
  // The least place from which lines can go on; nothing when none can. Answers once.
  std::optional<DeliveryPlace> take_going();

  void park(Key key, const DeliveryKey& delivery);
  // It was delivered or cancelled. The key, if it was parked.
  Key unpark(const DeliveryKey& delivery);
  bool is_parked(const DeliveryKey& delivery) const { return parked_.contains(delivery); }
  std::size_t parked() const { return parked_.size(); }

  // What is parked is learned from the index before anything goes: nothing else may be asked of it before.
  bool is_learning() const { return is_learning_; }
  void on_dead_page(const std::vector<DueDelivery>& dead);
  void on_cancelled_while_learning(const DeliveryKey& delivery) { cancelled_.insert(delivery); }
  void learned();

 private:
  const OrderPolicy policy_;
  const std::optional<EventKey> key_;
  RuleScratch scratch_;
  std::string text_;

  std::unordered_map<Key, Line> lines_;
  std::set<std::pair<DeliveryPlace, Key>> skipped_;  // of all lines
  std::vector<Key> going_;
  std::unordered_map<DeliveryKey, Key, DeliveryKeyHash> parked_;
  bool is_learning_ = false;
  std::set<DeliveryKey> cancelled_;  // while it learns
};

}  // namespace creel
