#include "store/journal_thread.h"

#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/mailbox.h"
#include "core/priority.h"

namespace creel::store {
namespace {

constexpr std::chrono::seconds kNapMax{60};
constexpr std::chrono::milliseconds kShortNap{5};

// Sleeps until somebody signals, or a time comes. A signal before the sleep is not lost.
class Bell {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(rung_, true)) return;
    }
    condition_.notify_one();
  }
  void wait(std::chrono::nanoseconds at_most) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, at_most, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false;
};

// A rejected request with memory of its own.
struct OwnedRejected {
  std::string source, peer, cause, detail, head, body;
  Time received;
  int status = 0;

  explicit OwnedRejected(const NewRejected& from)
      : source(from.source),
        peer(from.peer),
        cause(from.cause),
        detail(from.detail),
        head(from.head),
        body(from.body),
        received(from.received),
        status(from.status) {}
  NewRejected view() const {
    return {.source = source,
            .received = received,
            .peer = peer,
            .cause = cause,
            .detail = detail,
            .status = status,
            .head = head,
            .body = body};
  }
};

}  // namespace

struct JournalThread::Impl {
  explicit Impl(Parts parts)
      : journal(parts.journal),
        quarantine(parts.quarantine),
        clock(parts.clock),
        committer(parts.journal, parts.keys, parts.quarantine, parts.clock, parts.log, parts.observer,
                  parts.options) {}

  void run();
  bool take_all() ON_JOURNAL;
  void after_step() ON_JOURNAL;
  void refuse_rest();
  void run_filler();
  // Called after each post: wakes the thread, or answers in its place when it has ended. What can wait a few
  // milliseconds does not wake a thread that wakes by itself so soon.
  void posted(bool was_empty, bool can_wait = false);

  struct CommandPost {
    Command command;
    CommandDone done;
  };
  using Work = std::move_only_function<void(Journal&)>;

  Journal& journal;
  Quarantine* quarantine;
  const Clock& clock;
  Committer committer;
  std::function<void()> hook;

  Mailbox<Append*> appends;
  Mailbox<Outcome> outcomes;
  Mailbox<CommandPost> commands;
  Mailbox<Forward> forwards;
  Mailbox<OwnedRejected> rejects;
  Mailbox<AcceptedRecord> marks;
  Mailbox<Work> works;
  Mailbox<std::move_only_function<void()>> settles;
  Bell bell, filler_bell;
  std::atomic<bool> is_stopping{false}, is_closed{false}, filler_stops{false}, wakes_soon{false};
  std::atomic<JournalHealth> health{JournalHealth::good};
  std::thread thread, filler;

  // The thread's own.
  std::vector<Append*> taken_appends;
  std::vector<Outcome> taken_outcomes;
  std::vector<CommandPost> taken_commands;
  std::vector<Forward> taken_forwards;
  std::vector<OwnedRejected> taken_rejects;
  std::vector<AcceptedRecord> taken_marks;
  std::vector<Work> taken_works;
  std::vector<std::move_only_function<void()>> taken_settles;
  JournalPlace shown;
};

void JournalThread::Impl::posted(bool was_empty, bool can_wait) {
  if (is_closed.load()) return refuse_rest();
  if (was_empty && !(can_wait && wakes_soon.load())) bell.ring();
}

// Hands what has gathered to the committer. False when there was nothing.
bool JournalThread::Impl::take_all() {
  settles.take(taken_settles);  // First: what was recorded before is in its box by now.
  commands.take(taken_commands);
  forwards.take(taken_forwards);
  outcomes.take(taken_outcomes);
  appends.take(taken_appends);
  for (CommandPost& post : taken_commands)
    committer.submit(std::move(post.command), std::move(post.done));
  for (Forward& forward : taken_forwards)
    committer.submit(std::move(forward));
  for (Outcome& outcome : taken_outcomes)
    committer.submit(std::move(outcome));
  for (Append* append : taken_appends)
    committer.submit(*append);
  return !taken_commands.empty() || !taken_forwards.empty() || !taken_outcomes.empty() ||
         !taken_appends.empty();
}

void JournalThread::Impl::after_step() {
  if (!taken_settles.empty()) committer.settle();
  health.store(committer.health(), std::memory_order_relaxed);
  if (const JournalPlace now = journal.synced(); now != shown) {
    shown = now;
    if (hook) hook();
  }
  for (auto& done : std::exchange(taken_settles, {}))
    done();
  works.take(taken_works);
  for (Work& work : taken_works)
    work(journal);
  rejects.take(taken_rejects);
  for (const OwnedRejected& rejected : taken_rejects)
    quarantine->keep(rejected.view());
  marks.take(taken_marks);
  for (const AcceptedRecord& mark : taken_marks)
    quarantine->keep(mark);
  if (journal.wants_preparation()) filler_bell.ring();
}

void JournalThread::Impl::run() {
  const Role::Holder holder(on_journal);
  set_priority(Priority::answering);
  shown = journal.synced();
  while (true) {
    // Read before the boxes: what was posted before stop() is answered like everything else.
    const bool stops = is_stopping.load();
    // Who rang may be in the middle of a turn that brings more, on this core: let it end, so that all of it
    // shares one sync. Costs nothing where nobody waits for the core.
    ::sched_yield();
    const bool took = take_all();
    const auto due = committer.step();
    after_step();
    if (stops && !took) break;
    if (took || stops) continue;
    const Ticks now = clock.ticks();
    if (due && *due <= now) continue;
    wakes_soon = due && *due - now <= kShortNap;
    bell.wait(due ? std::chrono::nanoseconds(*due - now) : std::chrono::nanoseconds(kNapMax));
    wakes_soon = false;
  }
  committer.finish();
  after_step();
}

void JournalThread::Impl::run_filler() {
  set_priority(Priority::following);
  while (!filler_stops.load()) {
    if (!journal.prepare()) filler_bell.wait(kNapMax);
  }
}

// After the end: everybody is told. Each take() empties a box in one go, so nobody is told twice.
void JournalThread::Impl::refuse_rest() {
  assume(on_journal);
  std::vector<Append*> late_appends;
  appends.take(late_appends);
  for (Append* append : late_appends) {
    append->result = std::unexpected(StoreError::stopping);
    append->done();
  }
  std::vector<CommandPost> late_commands;
  commands.take(late_commands);
  for (CommandPost& post : late_commands) {
    if (post.done) post.done(std::unexpected(StoreError::stopping));
  }
  std::vector<Forward> late_forwards;
  forwards.take(late_forwards);
  for (Forward& forward : late_forwards) {
    if (forward.done) forward.done(std::unexpected(StoreError::stopping));
  }
  std::vector<std::move_only_function<void()>> late_settles;
  settles.take(late_settles);
  for (auto& done : late_settles)
    done();
}

JournalThread::JournalThread(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
JournalThread::~JournalThread() {
  stop();
}

void JournalThread::on_synced(std::function<void()> hook) {
  impl_->hook = std::move(hook);
}

void JournalThread::start() {
  impl_->thread = std::thread([this] { impl_->run(); });
  impl_->filler = std::thread([this] { impl_->run_filler(); });
}

void JournalThread::stop() {
  if (impl_->is_closed.load()) return;
  impl_->is_stopping = true;
  impl_->bell.ring();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->filler_stops = true;
  impl_->filler_bell.ring();
  if (impl_->filler.joinable()) impl_->filler.join();
  impl_->is_closed = true;
  impl_->refuse_rest();
}

void JournalThread::append(Append& append) {
  impl_->posted(impl_->appends.post(&append));
}
void JournalThread::record(Outcome outcome) {
  impl_->posted(impl_->outcomes.post(std::move(outcome)), true);
}

void JournalThread::command(Command command, CommandDone done) {
  impl_->posted(impl_->commands.post({std::move(command), std::move(done)}));
}

void JournalThread::forward(Forward forward) {
  impl_->posted(impl_->forwards.post(std::move(forward)));
}

void JournalThread::reject(const NewRejected& rejected) {
  if (impl_->quarantine == nullptr ||
      !impl_->quarantine->admit(rejected.source, rejected.cause, rejected.body.size())) {
    return;
  }
  impl_->posted(impl_->rejects.post(OwnedRejected(rejected)));
}

void JournalThread::mark_accepted(std::uint64_t rejected, EventId event) {
  if (impl_->quarantine == nullptr) return;
  if (const auto mark = impl_->quarantine->mark(rejected, event))
    impl_->posted(impl_->marks.post(AcceptedRecord(*mark)));
}

void JournalThread::settle(std::move_only_function<void()> done) {
  impl_->posted(impl_->settles.post(std::move(done)));
}

void JournalThread::run(std::move_only_function<void(Journal&)> work) {
  impl_->posted(impl_->works.post(std::move(work)));
}

JournalHealth JournalThread::health() const {
  return impl_->health.load(std::memory_order_relaxed);
}
std::string JournalThread::reason() const {
  return health() == JournalHealth::good ? std::string() : impl_->journal.reason();
}

}  // namespace creel::store
