#include "store/embedded_store.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <thread>

#include "core/priority.h"
#include "store/embedded_store_threads.h"
#include "store/indexer.h"
#include "store/journal_reader.h"
#include "store/journal_thread.h"
#include "store/operator_state.h"
#include "store/recent_keys.h"
#include "store/retention.h"

namespace creel::store {
namespace {

constexpr std::uint64_t kSmallSegment = std::uint64_t{16} << 20;
constexpr std::size_t kReaders = 2;
// The index rests for so long behind a transaction of fewer records than that, unless a question waits.
constexpr std::chrono::milliseconds kRest{2};
constexpr Sequence kSmallStep = 64;
// Records behind the index whose keys are read at open. More than that is an index being made anew, and the
// newest keys are not worth a slow start.
constexpr Sequence kTailMax = 200'000;

// When the journal was how far, so that the index's lag has an age.
class Lag {
 public:
  void synced(Sequence last, Ticks now) {
    const std::lock_guard lock(mutex_);
    if (!marks_.empty() && now - marks_.back().at < std::chrono::milliseconds(20)) return;
    marks_.push_back({last, now});
    if (marks_.size() > kMarksMax) marks_.pop_front();
  }
  std::chrono::milliseconds age(Sequence indexed, Ticks now) {
    const std::lock_guard lock(mutex_);
    while (!marks_.empty() && marks_.front().last <= indexed)
      marks_.pop_front();
    if (marks_.empty()) return std::chrono::milliseconds(0);
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - marks_.front().at);
  }

 private:
  struct Mark {
    Sequence last;
    Ticks at;
  };
  static constexpr std::size_t kMarksMax = 100'000;
  std::mutex mutex_;
  std::deque<Mark> marks_;
};

}  // namespace

struct EmbeddedStore::Impl {
  Impl(EmbeddedStoreOptions options_, Parts parts_, StoreFolder folder_, std::unique_ptr<Journal> journal_,
       std::unique_ptr<Quarantine> quarantine_)
      : options(std::move(options_)),
        parts(parts_),
        folder(std::move(folder_)),
        journal(std::move(journal_)),
        quarantine(std::move(quarantine_)),
        keys(std::max<std::size_t>(options.recent_keys, 1)),
        indexer({*journal, view, parts.clock, parts.log, options.index}),
        committing({.journal = *journal,
                    .keys = keys,
                    .quarantine = quarantine.get(),
                    .clock = parts.clock,
                    .log = parts.log,
                    .observer = parts.observer,
                    .options = options.committer}),
        operator_state(journal->recovered_state(),
                       [this](Forward forward) { committing.forward(std::move(forward)); }),
        questions([this] { return indexer.indexed(); }),
        retention(retention_parts()) {
    journal->set_state_source([this](std::string& payload) { operator_state.encode(payload); });
  }

  Retention::Parts retention_parts() {
    return {
        .journal = *journal,
        .clock = parts.clock,
        .log = parts.log,
        .writer = {.forward = [this](Forward forward) { committing.forward(std::move(forward)); },
                   .run =
                       [this](std::move_only_function<void(Journal&)> work) {
                         committing.run(std::move(work));
                       }},
        .other_bytes = [this] { return quarantine->bytes(); },
        .pinned =
            [this] { return options.pinned ? options.pinned(operator_state.all()) : std::vector<EventId>(); },
        .wake = [this] { bell.ring(); },
        .options = {.age = options.retention,
                    .max_size = options.max_size,
                    .segment_bytes = options.journal.segment_bytes,
                    .dedupe_window_max = options.dedupe_window_max}};
  }

  // Opens the index and fills the recent keys. False: the index is of a newer creel.
  bool prepare() ON_INDEX;
  void run_index() ON_INDEX;
  // A transaction and a piece of retention. When the next one is due.
  std::optional<Ticks> step() ON_INDEX;

  EmbeddedStoreOptions options;
  Parts parts;
  StoreFolder folder;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Quarantine> quarantine;
  RecentKeys keys;
  IndexView view;
  Indexer indexer;
  JournalThread committing;
  OperatorState operator_state;
  Questions questions;
  mutable Lag lag;
  Bell bell;
  Retention retention;
  std::thread index_thread;
  DeliveryFeed* feed = nullptr;
  bool started = false;
};

bool EmbeddedStore::Impl::prepare() {
  if (!indexer.open()) return false;
  Index* index = indexer.index();
  JournalPlace from = journal->oldest();
  if (index != nullptr) {
    index->recent_keys(keys.capacity(),
                       [this](KeyHash key, Time received) { keys.add_known(key, received); });
    from = index->place();
  }
  if (journal->synced().next - from.next > kTailMax) return true;
  JournalReader tail(*journal, from);
  KeyHasher hasher(journal->identity());
  EventRecord event;
  while (true) {
    const auto record = tail.next();
    if (!record || !*record) return true;
    if ((*record)->kind != RecordKind::event || !decode_event((*record)->payload, event)) continue;
    for (const EventItem& item : event.items) {
      if (!item.dedupe_key.empty()) keys.add_known(hasher(event.source, item.dedupe_key), event.received);
    }
  }
}

std::optional<Ticks> EmbeddedStore::Impl::step() {
  auto next = indexer.step(*feed);
  Index* index = indexer.index();
  if (index == nullptr) {
    retention.reset();
    return next;
  }
  const auto retained = retention.step(*index, feed);
  if (!retained) {
    indexer.drop(retained.error());
    return parts.clock.ticks();
  }
  journal->set_other_bytes(retention.other_bytes());
  if (*retained && (!next || **retained < *next)) next = *retained;
  return next;
}

void EmbeddedStore::Impl::run_index() {
  set_priority(Priority::following);
  while (true) {
    const Sequence before = indexer.indexed();
    const auto next = step();
    if (indexer.indexed() != before) questions.on_progress();
    const Ticks now = parts.clock.ticks();
    if (next && *next <= now) {
      // A transaction costs as much as several events. When few come, more shall gather for the next one;
      // nobody is acknowledged later for it.
      const bool is_small = indexer.indexed() != before && indexer.indexed() - before < kSmallStep;
      if (is_small ? !bell.rest(now + kRest) : !bell.wait(now)) return;
      continue;
    }
    if (!bell.wait(next)) return;
  }
}

std::expected<std::unique_ptr<EmbeddedStore>, OpenError> EmbeddedStore::open(EmbeddedStoreOptions options,
                                                                             Parts parts) {
  auto folder = StoreFolder::open(parts.disk, options.folder);
  if (!folder) return std::unexpected(folder.error());
  options.index.folder = folder->path() + "/index";
  options.journal.bytes_max = options.max_size;
  if (options.max_size > 0) {
    // Only whole segments can go, so a small store has small ones, and a reserve to match.
    const std::uint64_t part = options.max_size / 8;
    options.journal.segment_bytes = std::min(options.journal.segment_bytes, std::max(part, kSmallSegment));
    options.journal.reserve_bytes = std::min(options.journal.reserve_bytes, part);
  }
  options.journal.accept_damage = options.accept_damage;
  auto journal = Journal::open(*folder, options.journal);
  if (!journal) return std::unexpected(journal.error());
  auto quarantine = Quarantine::open(*folder, parts.clock, options.quarantine);
  if (!quarantine) return std::unexpected(quarantine.error());

  auto impl = std::make_unique<Impl>(std::move(options), parts, *std::move(folder), *std::move(journal),
                                     *std::move(quarantine));
  assume(on_index);  // No thread runs yet.
  if (!impl->prepare()) {
    return std::unexpected(OpenError{OpenError::Kind::newer, "the index was written by a newer creel"});
  }
  return std::unique_ptr<EmbeddedStore>(new EmbeddedStore(std::move(impl)));
}

EmbeddedStore::EmbeddedStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EmbeddedStore::~EmbeddedStore() {
  stop();
}

void EmbeddedStore::start(DeliveryFeed& feed) {
  Impl& impl = *impl_;
  impl.feed = &feed;
  impl.started = true;
  impl.committing.on_synced([&impl] {
    impl.lag.synced(impl.journal->synced().next - 1, impl.parts.clock.ticks());
    impl.bell.ring();
  });
  impl.committing.start();
  impl.index_thread = std::thread([&impl] {
    const Role::Holder holder(on_index);
    impl.run_index();
  });
  std::vector<std::unique_ptr<Reader>> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    readers.push_back(make_reader(*impl.journal, impl.quarantine.get(), impl.view, impl.parts.clock,
                                  {.folder = impl.options.index.folder}));
  }
  impl.questions.start(std::move(readers));
}

void EmbeddedStore::stop() {
  if (!std::exchange(impl_->started, false)) return;
  impl_->committing.stop();
  impl_->bell.close();
  impl_->index_thread.join();
  impl_->questions.stop();
}

void EmbeddedStore::append(Append& append) {
  impl_->committing.append(append);
}
void EmbeddedStore::record(Outcome outcome) {
  impl_->committing.record(std::move(outcome));
}
void EmbeddedStore::command(Command command,
                            std::move_only_function<void(std::expected<Sequence, StoreError>)> done) {
  impl_->committing.command(std::move(command), std::move(done));
}
void EmbeddedStore::set_state(std::string name, std::string value,
                              std::move_only_function<void(std::expected<Sequence, StoreError>)> done) {
  impl_->operator_state.set(std::move(name), std::move(value), std::move(done));
}
void EmbeddedStore::order(Orders orders, std::string name, std::string value,
                          std::move_only_function<void(std::expected<Sequence, StoreError>)> done) {
  impl_->operator_state.order(std::move(orders), std::move(name), std::move(value), std::move(done));
}
std::vector<std::pair<std::string, std::string>> EmbeddedStore::state() const {
  return impl_->operator_state.all();
}
void EmbeddedStore::reject(const NewRejected& rejected) {
  impl_->committing.reject(rejected);
}
void EmbeddedStore::mark_accepted(std::uint64_t rejected, EventId event) {
  impl_->committing.mark_accepted(rejected, event);
}

void EmbeddedStore::read(Freshness freshness, std::move_only_function<void(Reader&, Staleness)> question) {
  if (freshness == Freshness::any) return impl_->questions.ask(0, std::move(question));
  // What readers may see is synced, and outcomes wait for a sync of others: this one cannot.
  impl_->committing.settle([impl = impl_.get(), question = std::move(question)]() mutable {
    impl->questions.ask(impl->journal->synced().next - 1, std::move(question));
    impl->bell.hurry();
  });
}

StoreStatus EmbeddedStore::status() const {
  StoreStatus status;
  const JournalHealth health = impl_->committing.health();
  status.can_commit = health == JournalHealth::good;
  status.has_failed = health == JournalHealth::failed;
  if (!status.can_commit) status.reason = impl_->committing.reason();
  status.synced = impl_->journal->synced().next - 1;
  status.indexed = impl_->indexer.indexed();
  status.index_lag = impl_->lag.age(status.indexed, impl_->parts.clock.ticks());
  status.bytes = impl_->journal->bytes() + impl_->retention.other_bytes();
  return status;
}

EmbeddedStoreCounters EmbeddedStore::counters() const {
  EmbeddedStoreCounters counters;
  counters.index_rebuilds = impl_->indexer.rebuilds();
  counters.duplicates = impl_->indexer.duplicates();
  counters.conflicts = impl_->indexer.conflicts();
  counters.quarantine_dropped = impl_->quarantine->dropped();
  counters.segments_removed = impl_->retention.segments_removed();
  counters.events_copied = impl_->retention.events_copied();
  counters.dedupe_window = impl_->retention.dedupe_window();
  return counters;
}

const StoreIdentity& EmbeddedStore::identity() const {
  return impl_->folder.identity();
}

}  // namespace creel::store
