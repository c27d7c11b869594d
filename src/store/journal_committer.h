// Group commit, decided: what is written together, when it is synced, and who is answered what.
//
// Without a thread, so that a simulation steps it and the journal thread runs the same code. Whatever has
// gathered is written with one pwritev and one fdatasync; nothing waits for a timer but outcomes, which
// nobody waits for: they are written within 10 ms and synced within 1 s, or ride along with the next sync.
//
// Duplicates: a key that is known and synced answers `duplicate` at once; a key whose record is under way
// shares that record's fate, 200 or 503.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/log.h"
#include "core/threads.h"
#include "store/journal.h"
#include "store/quarantine.h"
#include "store/recent_keys.h"
#include "store/store.h"

namespace creel::store {

// Watches commits, for metrics. Called on the journal thread.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  // After each sync: what it covered and how long write and sync took together.
  virtual void on_commit(std::size_t records, std::size_t bytes,
                         std::chrono::nanoseconds took) ON_JOURNAL = 0;
  // A batch that could not be made durable.
  virtual void on_refused(StoreError error, std::size_t appends) ON_JOURNAL = 0;
};

enum class JournalHealth {
  good,
  full,    // events are refused until there is room again
  failed,  // a sync failed; nothing is written until a restart
};

using CommandDone = std::move_only_function<void(std::expected<Sequence, StoreError>)>;

// Records that the index wants written: copies and keys out of a segment that goes. They may use the reserve.
struct Forward {
  struct Record {
    RecordKind kind = RecordKind::copy;
    std::string payload;
  };
  std::vector<Record> records;
  CommandDone done;  // with the sequence of the last one, after the sync; on the journal thread
};

struct CommitterOptions {
  std::chrono::milliseconds outcome_write{5};
  std::chrono::milliseconds outcome_sync{900};
  // So many bytes of them are synced before that: the index reads what is synced, and what is fresh would wait
  // behind a second's worth.
  std::uint64_t outcome_sync_bytes = 3072;
  std::chrono::milliseconds room_probe{250};  // While full: how often to look for room again.
};

class Committer {
 public:
  // `quarantine` and `observer` may be null. All outlive the committer.
  Committer(Journal& journal, RecentKeys& keys, Quarantine* quarantine, const Clock& clock, Log& log,
            CommitObserver* observer, CommitterOptions options = {});

  void submit(Append& append) ON_JOURNAL;
  void submit(Outcome outcome) ON_JOURNAL;
  void submit(Command command, CommandDone done) ON_JOURNAL;
  void submit(Forward forward) ON_JOURNAL;
  void reject(const NewRejected& rejected) ON_JOURNAL;

  // Does what is due now: writes, syncs, answers. Gives the time of the next thing that is due without a new
  // submission; nothing when there is none. A time that has come already means: call again.
  std::optional<Ticks> step() ON_JOURNAL;

  // Writes and syncs what has been submitted and nobody waits for: outcomes, whatever is due when.
  void settle() ON_JOURNAL;

  // Writes and syncs everything that has gathered, whatever is due when. What cannot be written is answered
  // with an error.
  void finish() ON_JOURNAL;

  JournalHealth health() const;

 private:
  struct Waiting {
    Append* append;
    std::uint64_t record =
        kNoRecord;  // which record of the batch is its own; a duplicate of a waiting key has none
    std::uint16_t first_new = 0;
  };
  struct WaitingCommand {
    Command command;
    CommandDone done;
  };
  struct Answer {
    CommandDone done;
    std::uint64_t record;  // whose sequence it is told
  };
  static constexpr std::uint64_t kNoRecord = UINT64_MAX;
  // A record of the batch: payload [from, to) of the scratch text, then parts of the caller's.
  struct Planned {
    RecordKind kind;
    std::size_t from, to;
    std::string_view head, body;
  };

  bool has_urgent() const;
  void begin_batch();
  bool fits(std::uint64_t payload_bytes) const;
  void plan(RecordKind kind, std::size_t from, std::string_view head = {}, std::string_view body = {});
  void gather_reserved();
  void gather_outcomes();
  void gather_appends() ON_JOURNAL;
  bool gather(Append& append) ON_JOURNAL;
  std::expected<Sequence, StoreError> write_planned(Room room);
  void commit() ON_JOURNAL;
  std::expected<void, StoreError> sync(Ticks began) ON_JOURNAL;
  void answer_appends(std::expected<Sequence, StoreError> first) ON_JOURNAL;
  void refuse_appends(StoreError error) ON_JOURNAL;
  void write_outcomes() ON_JOURNAL;
  void forget_outcomes_of_a_failure();
  void look_at_room();

  Journal& journal_;
  RecentKeys& keys_;
  KeyHasher hasher_;
  Quarantine* quarantine_;
  const Clock& clock_;
  Log& log_;
  CommitObserver* observer_;
  CommitterOptions options_;

  const std::uint64_t batch_bytes_max_;

  // What was submitted and not yet written.
  std::deque<Append*> appends_;
  std::deque<WaitingCommand> commands_;
  std::deque<Forward> forwards_;
  std::size_t forwarded_ = 0;  // how many records of the first of them are planned or written
  std::deque<Outcome> outcomes_;
  std::optional<Ticks> outcomes_due_, sync_due_, probe_due_;

  // The batch that is being made.
  std::vector<Planned> planned_;
  std::vector<NewRecord> records_;
  std::string scratch_;
  std::uint64_t planned_bytes_ = 0;
  std::size_t planned_outcomes_ = 0;
  std::vector<Waiting> waiting_;
  std::vector<Answer> answers_;
  std::vector<KeyHash> hashes_;

  std::size_t unsynced_records_ = 0;
  std::uint64_t unsynced_bytes_ = 0;
  bool is_refusing_ = false, said_failed_ = false;
};

}  // namespace creel::store
