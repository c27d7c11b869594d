// Keeps an index beside the journal: opens it, steps it, makes it anew when it is broken, and tells the feed.
//
// It has no thread of its own: the index thread runs step() when it is due, and a simulation does the same.
// An index that is missing, corrupt or ahead of the journal is removed and made anew while the journal goes
// on acknowledging; the feed is not told again what it was told before. What the disk refuses is tried again
// a second later.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/log.h"
#include "core/threads.h"
#include "store/index.h"
#include "store/reader.h"
#include "store/store.h"

namespace creel::store {

class Indexer {
 public:
  // All outlive the indexer.
  struct Parts {
    const Journal& journal;
    IndexView& view;
    const Clock& clock;
    Log& log;
    IndexOptions options;
  };
  explicit Indexer(Parts parts);
  ~Indexer();

  // Opens the index if there is none open, without telling anybody. False: it is of a newer creel, and stays
  // untouched.
  bool open() ON_INDEX;
  // One transaction, or one try to open. Gives the time of the next one: now while there is more to do,
  // nothing when only the journal can bring more.
  std::optional<Ticks> step(DeliveryFeed& feed) ON_INDEX;

  // The open index, for retention; null when there is none now.
  Index* index() ON_INDEX { return index_.get(); }
  // The error came from the index: it is closed, and opened or made anew at the next step.
  void drop(const IndexFailure& failure) ON_INDEX;
  // The last record that is in the index. Any thread.
  Sequence indexed() const { return indexed_.load(std::memory_order_acquire); }
  // As the index counts them: since the oldest record that it was made of. Any thread.
  std::uint64_t duplicates() const { return duplicates_.load(std::memory_order_relaxed); }
  std::uint64_t conflicts() const { return conflicts_.load(std::memory_order_relaxed); }
  std::uint64_t rebuilds() const { return rebuilds_.load(std::memory_order_relaxed); }

 private:
  class NewsOnly;
  void publish();

  Parts parts_;
  std::unique_ptr<Index> index_;
  Sequence end_at_open_;  // the last record that the journal had when the program started
  Sequence told_ = 0;     // the feed knows everything up to here
  bool is_caught_up_ = false;
  bool is_newer_ = false;
  bool remove_first_ = false;
  std::optional<Ticks> retry_;
  std::chrono::seconds patience_{1};  // between two tries to make the index anew
  std::atomic<Sequence> indexed_{0};
  std::atomic<std::uint64_t> rebuilds_{0}, duplicates_{0}, conflicts_{0};
};

}  // namespace creel::store
