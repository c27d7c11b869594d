// The store in one folder: the journal, which is the truth, and the index, which is a view of it.
//
//   auto store = EmbeddedStore::open({.folder = "creel-data"}, {.disk = disk, .clock = clock, .log = log});
//   (*store)->start(dispatcher);
//
// Opening takes the lock, repairs a torn tail and opens the index if it is whole; nothing runs before
// start(). Threads: `journal` with its helper, `index`, and two named `read`.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/log.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/journal_committer.h"
#include "store/quarantine.h"
#include "store/store.h"

namespace creel::store {

struct EmbeddedStoreOptions {
  std::string folder = "creel-data";
  std::chrono::milliseconds retention = std::chrono::days(30);  // 0: for ever
  std::uint64_t max_size = 0;                                   // of the whole folder; 0: as much as there is
  std::chrono::seconds dedupe_window_max = std::chrono::days(7);  // the longest of any source
  std::size_t recent_keys = 1'000'000;
  bool accept_damage = false;
  // Which events stay however old they are, of what operators have set (Store::state). On the index thread;
  // none: no event does.
  std::function<std::vector<EventId>(const std::vector<std::pair<std::string, std::string>>& state)> pinned;
  JournalOptions journal;  // bytes_max is taken from max_size
  QuarantineOptions quarantine;
  IndexOptions index;  // its folder is taken from this one
  CommitterOptions committer;
};

// What metrics want to know, beyond status(). Any thread.
struct EmbeddedStoreCounters {
  std::uint64_t index_rebuilds = 0;
  std::uint64_t duplicates = 0;  // found by the index: those that the recent keys did not answer
  std::uint64_t conflicts = 0;   // duplicates that brought other bytes than their original
  std::uint64_t quarantine_dropped = 0;
  std::uint64_t segments_removed = 0;
  std::uint64_t events_copied = 0;
  std::chrono::seconds dedupe_window{0};  // what max_size has shortened it to; 0: not shortened
};

class EmbeddedStore final : public Store {
 public:
  // All outlive the store; `observer` may be null.
  struct Parts {
    Disk& disk;
    const Clock& clock;
    Log& log;
    CommitObserver* observer = nullptr;
  };
  // An index of a newer creel is OpenError::newer. One that is missing or broken is made anew after start().
  static std::expected<std::unique_ptr<EmbeddedStore>, OpenError> open(EmbeddedStoreOptions options,
                                                                       Parts parts);
  ~EmbeddedStore() override;  // stop()

  void append(Append& append) override;
  void record(Outcome outcome) override;
  void command(Command command,
               std::move_only_function<void(std::expected<Sequence, StoreError>)> done) override;
  void set_state(std::string name, std::string value,
                 std::move_only_function<void(std::expected<Sequence, StoreError>)> done) override;
  void order(Orders orders, std::string name, std::string value,
             std::move_only_function<void(std::expected<Sequence, StoreError>)> done) override;
  std::vector<std::pair<std::string, std::string>> state() const override;
  void reject(const NewRejected& rejected) override;
  void mark_accepted(std::uint64_t rejected, EventId event) override;
  void read(Freshness freshness, std::move_only_function<void(Reader&, Staleness)> question) override;
  StoreStatus status() const override;
  void start(DeliveryFeed& feed) override;
  void stop() override;

  EmbeddedStoreCounters counters() const;
  const StoreIdentity& identity() const;

  struct Impl;

 private:
  explicit EmbeddedStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel::store
