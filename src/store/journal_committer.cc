#include "store/journal_committer.h"

#include <algorithm>
#include <utility>

#include "store/segment.h"

namespace creel::store {
namespace {

constexpr std::size_t kOutcomeBytes = std::size_t{32} << 10;  // of a record of outcomes: then it is full

// The first deadline of those that are set.
std::optional<Ticks> earliest(std::initializer_list<std::optional<Ticks>> times) {
  std::optional<Ticks> first;
  for (const auto& time : times) {
    if (time && (!first || *time < *first)) first = time;
  }
  return first;
}

}  // namespace

Committer::Committer(Journal& journal, RecentKeys& keys, Quarantine* quarantine, const Clock& clock, Log& log,
                     CommitObserver* observer, CommitterOptions options)
    : journal_(journal),
      keys_(keys),
      hasher_(journal.identity()),
      quarantine_(quarantine),
      clock_(clock),
      log_(log),
      observer_(observer),
      options_(options),
      batch_bytes_max_(journal.batch_bytes_max()) {
  if (!journal_.has_room()) probe_due_ = clock_.ticks();
}

void Committer::submit(Append& append) {
  appends_.push_back(&append);
}

void Committer::submit(Outcome outcome) {
  outcomes_.push_back(std::move(outcome));
  if (!outcomes_due_) outcomes_due_ = clock_.ticks() + options_.outcome_write;
}

void Committer::submit(Command command, CommandDone done) {
  commands_.push_back({std::move(command), std::move(done)});
}

void Committer::submit(Forward forward) {
  forwards_.push_back(std::move(forward));
}

void Committer::reject(const NewRejected& rejected) {
  if (quarantine_ != nullptr && quarantine_->admit(rejected.source, rejected.cause, rejected.body.size()))
    quarantine_->keep(rejected);
}

bool Committer::has_urgent() const {
  return !appends_.empty() || !commands_.empty() || !forwards_.empty();
}

JournalHealth Committer::health() const {
  if (journal_.has_failed()) return JournalHealth::failed;
  return is_refusing_ ? JournalHealth::full : JournalHealth::good;
}

// --- Planning a batch
// ----------------------------------------------------------------------------------------------

bool Committer::fits(std::uint64_t payload_bytes) const {
  return planned_.empty() || planned_bytes_ + record_bytes(payload_bytes) <= batch_bytes_max_;
}

void Committer::plan(RecordKind kind, std::size_t from, std::string_view head, std::string_view body) {
  planned_.push_back({kind, from, scratch_.size(), head, body});
  planned_bytes_ += record_bytes(scratch_.size() - from + head.size() + body.size());
}

void Committer::begin_batch() {
  planned_.clear();
  scratch_.clear();
  planned_bytes_ = 0;
  planned_outcomes_ = 0;
  answers_.clear();
  waiting_.clear();
}

// Commands and copies: what may use the reserve and is waited for.
void Committer::gather_reserved() {
  while (!commands_.empty()) {
    const std::size_t from = scratch_.size();
    encode_command(commands_.front().command, scratch_);
    if (!fits(scratch_.size() - from)) return scratch_.resize(from);
    answers_.push_back({std::move(commands_.front().done), planned_.size()});
    plan(RecordKind::command, from);
    commands_.pop_front();
  }
  while (!forwards_.empty()) {
    Forward& forward = forwards_.front();
    while (forwarded_ < forward.records.size()) {
      const Forward::Record& record = forward.records[forwarded_];
      if (!fits(record.payload.size())) return;
      const std::size_t from = scratch_.size();
      scratch_ += record.payload;
      plan(record.kind, from);
      forwarded_ += 1;
    }
    answers_.push_back({std::move(forward.done), planned_.empty() ? 0 : planned_.size() - 1});
    forwards_.pop_front();
    forwarded_ = 0;
  }
}

// As many to a record as may share one: a frame costs more than an outcome.
void Committer::gather_outcomes() {
  while (planned_outcomes_ < outcomes_.size()) {
    const std::size_t from = scratch_.size();
    OutcomeWriter writer(scratch_);
    std::size_t to = planned_outcomes_;
    while (to < outcomes_.size() && writer.takes(outcomes_[to]) && scratch_.size() - from < kOutcomeBytes)
      writer.add(outcomes_[to++]);
    if (!fits(scratch_.size() - from)) return scratch_.resize(from);
    plan(RecordKind::outcome, from);
    planned_outcomes_ = to;
  }
}

// Puts the append into the batch, or answers it if it is certainly a duplicate. False when there is no room
// in the batch.
bool Committer::gather(Append& append) {
  const NewEvent& event = *append.event;
  hashes_.clear();
  std::optional<std::uint16_t> first_new;
  bool waits = false;
  for (std::size_t i = 0; i < event.items.size(); ++i) {
    hashes_.push_back(hasher_(event.source, event.items[i].dedupe_key));
    const auto known = event.items[i].dedupe_key.empty() ? std::nullopt : keys_.find(hashes_.back());
    const bool is_repeated = known && within_window(known->received, event.received, event.dedupe_window);
    if (is_repeated) waits = waits || known->is_waiting;
    if (!is_repeated && !first_new) first_new = static_cast<std::uint16_t>(i);
  }
  if (!first_new) {
    if (waits) {
      waiting_.push_back({&append, kNoRecord, 0});
    } else {
      append.result = Kept{.first = {}, .duplicate = !event.items.empty()};
      append.done();
    }
    return true;
  }
  const std::size_t from = scratch_.size();
  encode_event_meta(event, scratch_);
  const std::uint64_t payload_bytes = scratch_.size() - from + event.head.size() + event.body.size();
  if (payload_bytes > kRecordBytesMax / 2) {
    scratch_.resize(from);
    append.result = std::unexpected(StoreError::too_large);
    append.done();
    return true;
  }
  if (!fits(payload_bytes)) {
    scratch_.resize(from);
    return false;
  }
  waiting_.push_back({&append, planned_.size(), *first_new});
  plan(RecordKind::event, from, event.head, event.body);
  for (std::size_t i = 0; i < event.items.size(); ++i) {
    if (!event.items[i].dedupe_key.empty() && event.dedupe_window.count() > 0) {
      keys_.add_waiting(hashes_[i], event.received);
    }
  }
  return true;
}

void Committer::gather_appends() {
  while (!appends_.empty() && gather(*appends_.front()))
    appends_.pop_front();
}

// --- Writing it
// ----------------------------------------------------------------------------------------------------

std::expected<Sequence, StoreError> Committer::write_planned(Room room) {
  if (planned_.empty()) return Sequence{0};
  records_.clear();
  const std::string_view scratch = scratch_;
  for (const Planned& planned : planned_) {
    records_.push_back(
        {planned.kind,
         {scratch.substr(planned.from, planned.to - planned.from), planned.head, planned.body}});
  }
  auto first = journal_.write(records_, room);
  if (first) {
    unsynced_records_ += planned_.size();
    unsynced_bytes_ += planned_bytes_;
    outcomes_.erase(outcomes_.begin(), outcomes_.begin() + static_cast<std::ptrdiff_t>(planned_outcomes_));
    planned_outcomes_ = 0;
    if (outcomes_.empty()) outcomes_due_.reset();
  }
  return first;
}

// One batch of everything that has gathered: written, synced, answered.
void Committer::commit() {
  const Ticks began = clock_.ticks();
  begin_batch();
  gather_reserved();
  gather_outcomes();
  const std::size_t reserved = planned_.size();
  gather_appends();

  const bool has_events = planned_.size() > reserved;
  const bool is_refused = is_refusing_ && probe_due_ && began < *probe_due_;
  std::expected<Sequence, StoreError> first = std::unexpected(StoreError::full);
  if (!has_events || !is_refused) first = write_planned(has_events ? Room::ordinary : Room::reserved);
  if (!first && first.error() == StoreError::full && has_events) {
    // No room for events. What may use the reserve goes without them.
    answer_appends(first);
    planned_.resize(reserved);
    planned_bytes_ = 0;
    for (const Planned& planned : planned_)
      planned_bytes_ += record_bytes(planned.to - planned.from);
    first = write_planned(Room::reserved);
  }
  if (first && !planned_.empty()) {
    if (const auto synced = sync(began); !synced) first = std::unexpected(synced.error());
  }
  answer_appends(first);
  if (!first && !has_events) refuse_appends(first.error());
  for (Answer& answer : answers_) {
    if (answer.done) answer.done(first ? std::expected<Sequence, StoreError>(*first + answer.record) : first);
  }
  answers_.clear();
  if (!first && forwarded_ > 0) {
    // The first part of a long list is lost, so the list is.
    if (forwards_.front().done) forwards_.front().done(first);
    forwards_.pop_front();
    forwarded_ = 0;
  }
  look_at_room();
}

std::expected<void, StoreError> Committer::sync(Ticks began) {
  const auto synced = journal_.sync();
  if (synced && observer_ != nullptr && unsynced_records_ > 0) {
    observer_->on_commit(unsynced_records_, unsynced_bytes_, clock_.ticks() - began);
  }
  unsynced_records_ = 0;
  unsynced_bytes_ = 0;
  sync_due_.reset();
  return synced;
}

void Committer::answer_appends(std::expected<Sequence, StoreError> first) {
  if (waiting_.empty()) return;
  if (first) {
    keys_.commit();
  } else {
    keys_.forget_waiting();
    if (observer_ != nullptr) observer_->on_refused(first.error(), waiting_.size());
  }
  for (const Waiting& waiting : waiting_) {
    if (!first) {
      waiting.append->result = std::unexpected(first.error());
    } else if (waiting.record == kNoRecord) {
      waiting.append->result = Kept{.first = {}, .duplicate = true};
    } else {
      waiting.append->result =
          Kept{.first = EventId::of(*first + waiting.record, waiting.first_new), .duplicate = false};
    }
    waiting.append->done();
  }
  waiting_.clear();
}

// Those that the batch had no room for, because of outcomes that cannot be written: they would not find room
// on the disk either, and must not wait until there is some.
void Committer::refuse_appends(StoreError error) {
  if (appends_.empty()) return;
  const std::deque<Append*> refused = std::exchange(appends_, {});
  if (observer_ != nullptr) observer_->on_refused(error, refused.size());
  for (Append* append : refused) {
    append->result = std::unexpected(error);
    append->done();
  }
}

void Committer::write_outcomes() {
  begin_batch();
  gather_outcomes();
  const auto first = write_planned(Room::reserved);
  if (first) {
    if (!sync_due_) sync_due_ = clock_.ticks() + options_.outcome_sync;
    if (unsynced_bytes_ >= options_.outcome_sync_bytes) sync_due_ = clock_.ticks();
    if (!outcomes_.empty()) outcomes_due_ = clock_.ticks();
  } else {
    outcomes_due_ = clock_.ticks() + options_.room_probe;
  }
  look_at_room();
}

// Outcomes wait for room as long as it takes: the dispatcher stops making attempts when too many of them are
// not told back. After a failure nothing waits any more.
void Committer::forget_outcomes_of_a_failure() {
  if (!journal_.has_failed()) return;
  outcomes_.clear();
  outcomes_due_.reset();
  sync_due_.reset();
}

// Says in the log when the journal begins and ceases to refuse, and asks for a look at the room while it
// does.
void Committer::look_at_room() {
  const bool refuses = journal_.has_failed() || !journal_.has_room();
  if (refuses && !is_refusing_) {
    const std::string reason = journal_.reason();
    if (journal_.has_failed()) {
      log_.error("the store has failed: nothing is acknowledged until a restart", {{"reason", reason}});
    } else {
      log_.error("the store is full: webhooks are refused until there is room", {{"reason", reason}});
    }
  } else if (refuses && journal_.has_failed() && !said_failed_) {
    log_.error("the store has failed: nothing is acknowledged until a restart",
               {{"reason", journal_.reason()}});
  } else if (!refuses && is_refusing_) {
    log_.info("the store has room again: webhooks are accepted");
  }
  said_failed_ = journal_.has_failed();
  is_refusing_ = refuses;
  if (!refuses || said_failed_) {
    probe_due_.reset();
  } else if (!probe_due_ || *probe_due_ <= clock_.ticks()) {
    probe_due_ = clock_.ticks() + options_.room_probe;
  }
  forget_outcomes_of_a_failure();
}

std::optional<Ticks> Committer::step() {
  const Ticks now = clock_.ticks();
  if (probe_due_ && *probe_due_ <= now) {
    static_cast<void>(journal_.accepts_events());
    look_at_room();
  }
  if (has_urgent()) {
    commit();
  } else if (outcomes_due_ && *outcomes_due_ <= now) {
    write_outcomes();
  }
  if (sync_due_ && *sync_due_ <= now) {
    static_cast<void>(sync(now));
    look_at_room();
  }
  if (has_urgent()) return now;
  return earliest({outcomes_due_, sync_due_, probe_due_});
}

void Committer::settle() {
  if (outcomes_.empty() && !journal_.has_unsynced()) return;
  while (!outcomes_.empty()) {
    const std::size_t before = outcomes_.size();
    write_outcomes();
    if (outcomes_.size() == before) break;
  }
  static_cast<void>(sync(clock_.ticks()));
  look_at_room();
}

void Committer::finish() {
  while (has_urgent())
    commit();
  settle();
  look_at_room();
}

}  // namespace creel::store
