// The journal thread: a Committer behind mailboxes, and a helper that fills the next segment.
//
// Sleeps when there is nothing to do; what gathers while a sync runs is the next batch. One wake-up a batch,
// whoever many submit. All functions may be called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/journal_committer.h"

namespace creel::store {

class JournalThread {
 public:
  struct Parts {
    Journal& journal;
    RecentKeys& keys;
    Quarantine* quarantine = nullptr;
    const Clock& clock;
    Log& log;
    CommitObserver* observer = nullptr;
    CommitterOptions options;
  };
  explicit JournalThread(Parts parts);
  ~JournalThread();  // stop()

  // Called on the journal thread after each sync that made something visible: wakes the index. Set before
  // start().
  void on_synced(std::function<void()> hook);

  void start();
  // Writes and syncs what has gathered, answers what comes later with StoreError::stopping, ends the threads.
  void stop();

  // `append` belongs to the caller until its done() was called, exactly once, on the journal thread.
  void append(Append& append);
  void record(Outcome outcome);
  void command(Command command, CommandDone done);
  void forward(Forward forward);
  void reject(const NewRejected& rejected);  // copies what it needs, or drops it at once
  void mark_accepted(std::uint64_t rejected, EventId event);
  // Makes visible what was recorded before, outcomes too, and calls `done` then, on the journal thread; or
  // when it cannot be made so. Without anything unsynced there is no sync.
  void settle(std::move_only_function<void()> done);
  // Runs `work` on the journal thread between two batches: removing a segment, say.
  void run(std::move_only_function<void(Journal&)> work);

  JournalHealth health() const;
  std::string reason() const;  // one sentence when the health is not good

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel::store
