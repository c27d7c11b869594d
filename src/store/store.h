// What the rest of the program sees of a store: append, record, command, read.
//
// The embedded store (journal and index, docs/storage.md) is one; PostgreSQL will be another. Appends and
// commands are answered after they are durable. Outcomes are not waited for. Everything that is indexed is
// told to one feed, the dispatcher's. All functions may be called from any thread unless a role says
// otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <creel/genuine.h>

#include "core/clock.h"
#include "core/ids.h"
#include "core/model.h"
#include "core/threads.h"

namespace creel {

enum class StoreError {
  full,       // no room on the disk or under max_size; goes on by itself when there is
  failed,     // a sync failed: nothing is acknowledged until a restart
  stopping,   // the store is being closed
  not_found,  // no such event or delivery
  too_large,  // larger than a record can be
  busy,       // the index could not be read in time; try again
  broken,     // the index is missing or corrupt and is being rebuilt
};
std::string_view describe(StoreError error);

// What became of an append.
struct Kept {
  EventId first;           // of the request's first new event; nothing when all were duplicates
  bool duplicate = false;  // every item of the request was known already, for certain
};

// One request on its way into the store. Belongs to the caller and does not move until `done` was called,
// exactly once.
struct Append {
  explicit Append(Genuine<NewEvent> accepted) : event(std::move(accepted)) {}
  virtual ~Append() = default;

  // On the journal thread, after the sync that covers it, with `result` set: hand over and return at once.
  virtual void done() ON_JOURNAL = 0;

  Genuine<NewEvent> event;
  std::expected<Kept, StoreError> result = std::unexpected(StoreError::stopping);
};

// A delivery as the index has it, told to the feed in the order of the journal.
struct IndexedDelivery {
  EventId event;
  std::string_view destination;
  std::uint32_t ordinal = 1;
  DeliveryState state = DeliveryState::pending;
  Time due;
  std::uint32_t attempts = 0;  // made so far
  std::uint32_t attempts_base =
      0;                  // of those, made before the last manual retry: they do not count for the policy
  Sequence sequence = 0;  // of the record that made or changed it
  // A new delivery comes with its event, good for the call only; null for one changed by an outcome or a
  // command.
  const struct StoredEventView* content = nullptr;
};

// StoredEvent without its own memory.
struct StoredEventView {
  EventId id;
  std::string_view source, peer, secret_label, provider_id, type, subject, dedupe_key, head, body;
  Time received;
  std::optional<Time> occurred;
  bool is_whole = true;
  std::span<const std::string_view> transformed;  // as StoredEvent::transformed
  StoredEvent copy() const;
};

class DeliveryFeed {
 public:
  virtual ~DeliveryFeed() = default;
  // After each transaction of the index: every delivery that it made or changed, by outcomes too. `upto` is
  // the last sequence the index now holds.
  virtual void on_indexed(std::span<const IndexedDelivery> deliveries, Sequence upto) ON_INDEX = 0;
  // Once, when the index has reached the end that the journal had at open: dispatch may begin.
  virtual void on_caught_up() ON_INDEX = 0;
};

// --- Reading
// -------------------------------------------------------------------------------------------------------

// A pending delivery with its event, ready to be made.
struct DueDelivery {
  DeliveryId id;
  Time due;
  std::uint32_t attempts = 0;
  std::uint32_t attempts_base = 0;
  std::shared_ptr<const StoredEvent> event;
};

// The next pending deliveries of a destination in order of (due, event), those with an earlier place left
// out.
struct DueQuery {
  std::string destination;
  std::optional<std::pair<Time, EventId>> after;
  std::size_t limit = 256;
  std::size_t bytes_max = std::size_t{16} << 20;  // of heads and bodies; at least one delivery is given
  // Events of these are left out. Such a page can be short, or empty, and have more: `next` says from where
  // on.
  std::vector<std::string> without_sources;
};
struct DuePage {
  std::vector<DueDelivery> deliveries;
  bool more = false;
  Sequence upto = 0;  // what the index held when this was read
  // The last place that was looked at, where `more` is true.
  std::optional<std::pair<Time, EventId>> next;
};

struct EventFilter {
  std::string source;              // "" for any, as all of these
  std::vector<std::string> types;  // globs: "batch.*"
  std::string id;                  // an event id, a provider's id or a dedupe key
  std::string subject;
  std::string destination;             // has a delivery there
  std::optional<DeliveryState> state;  // has a delivery in this state
  std::optional<Time> since, until;    // received
  // Of a delivery's newest attempt, made by a delivery that fits the three above as well. An attempt that was
  // never made has neither.
  std::optional<StatusRange> status;
  std::optional<AttemptResult> result;
  std::optional<EventId> upto;  // none that came later
  // Asked last, with what the event holds; null for none. Reading it takes time, so a page may end early.
  std::shared_ptr<const std::function<bool(const StoredEventView&)>> content;
};

struct DeliveryRow {
  DeliveryId id;
  DeliveryState state = DeliveryState::pending;
  Time due;
  std::uint32_t attempts = 0;
  // Every failed attempt and the success, oldest first; in a page of events nothing, or the newest one
  // without its reply.
  std::vector<Attempt> history;
};

struct EventRow {
  EventId id;
  std::string source, type, provider_id, subject;
  Time received;
  std::optional<Time> occurred;
  std::uint32_t body_bytes = 0;
  std::vector<DeliveryRow> deliveries;
};

struct EventQuery {
  EventFilter filter;
  bool newest_first = true;
  std::optional<EventId> after;  // the last one of the page before, in the direction of travel
  std::size_t limit = 50;        // at most 1000
  bool with_last_attempt = false;
};
struct EventPage {
  std::vector<EventRow> events;
  std::size_t scanned = 0;  // events that were looked at
  bool more = false;
  // Where to go on: the last event looked at, which a filter may have left out. A page can be empty and have
  // more.
  std::optional<EventId> next;
};

// Events with what they hold, oldest first: for whoever looks at many of them.
struct StoredQuery {
  std::string source;  // "" for any
  std::optional<EventId> after;
  std::size_t limit = 256;                       // at most 1000
  std::size_t bytes_max = std::size_t{8} << 20;  // of heads and bodies; at least one event is given
};
struct StoredPage {
  std::vector<StoredEvent> events;
  bool more = false;
  // As in EventPage: a page ends after so many rows and so much time, and can be empty and have more.
  std::optional<EventId> next;
};

// A rejected request that was accepted after all.
struct Acceptance {
  EventId event;  // what it became; 0 when the event was there before and is not known
  Time at;
};
struct RejectedRow {
  std::uint64_t id = 0;  // its sequence in the quarantine
  std::string source, peer, cause, detail;
  Time received;
  int status = 0;
  std::uint32_t body_bytes = 0;  // as received; the kept body may be shorter
  std::optional<Acceptance> accepted;
};
struct RejectedRequest {
  RejectedRow row;
  std::string head, body;
};

struct RejectedFilter {
  std::string source, cause;         // "" for any
  std::optional<Time> since, until;  // received
  bool unaccepted = false;           // only what was not accepted since
};
struct RejectedQuery {
  RejectedFilter filter;
  std::optional<std::uint64_t> before;  // the `next` of the page before
  std::size_t limit = 50;
};
struct RejectedPage {
  std::vector<RejectedRow> rows;  // newest first
  // As in EventPage: a page looks at so much and no more, so that it can be short or empty and have more.
  bool more = false;
  std::optional<std::uint64_t> next;
};

// How many deliveries there are, by destination and state, and how old the oldest pending one is.
struct DeliveryCounts {
  std::string destination;
  std::uint64_t pending = 0, delivered = 0, dead = 0, cancelled = 0;
  std::optional<Time> oldest_pending_due;
};

// How a secret was used, by what is kept: by the label that stands with the events it verified.
struct SecretUse {
  std::string source, label;
  Time last;                 // the latest time of receipt; of a duplicate too, if it reached the journal
  std::uint64_t events = 0;  // first received in what is kept
};

// Questions about what is kept. Used on a read thread, where blocking is allowed; bounded in rows and time.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual std::expected<DuePage, StoreError> due(const DueQuery& query) ON_READ = 0;
  // The dead deliveries of a destination in order of their events; of `after` only the event counts, and
  // `due` of what is given is when each died.
  virtual std::expected<DuePage, StoreError> dead(const DueQuery& query) ON_READ = 0;
  virtual std::expected<EventPage, StoreError> events(const EventQuery& query) ON_READ = 0;
  virtual std::expected<EventRow, StoreError> event(EventId id) ON_READ = 0;       // with history
  virtual std::expected<StoredEvent, StoreError> content(EventId id) ON_READ = 0;  // head and body
  virtual std::expected<std::vector<DeliveryCounts>, StoreError> counts() ON_READ = 0;
  virtual std::expected<StoredPage, StoreError> stored(const StoredQuery& query) ON_READ = 0;
  // The event from which on there are `last` events (of this source, "" for any), all when there are fewer;
  // nothing when there is none. About a million can be counted; busy when it takes longer than a second.
  virtual std::expected<std::optional<EventId>, StoreError> nth_last(std::string_view source,
                                                                     std::uint64_t last) ON_READ = 0;
  // In the order of source and label.
  virtual std::expected<std::vector<SecretUse>, StoreError> secret_uses() ON_READ = 0;
  virtual std::expected<RejectedPage, StoreError> rejected(const RejectedQuery& query) ON_READ = 0;
  virtual std::expected<RejectedRequest, StoreError> rejected_request(std::uint64_t id) ON_READ = 0;
};

// How fresh an answer has to be.
enum class Freshness {
  any,      // whatever the index has
  current,  // waits, at most 1 s, until the index has passed what was recorded before the question came
};
struct Staleness {
  Sequence behind = 0;  // records the index still lacked; 0 for a fresh answer
};

struct StoreStatus {
  bool can_commit = true;
  bool has_failed = false;  // for good: nothing can be kept until a restart
  std::string reason;       // one sentence when it cannot
  Sequence synced = 0;
  Sequence indexed = 0;
  std::chrono::milliseconds index_lag{0};  // age of the oldest record that is synced and not indexed
  std::uint64_t bytes = 0;                 // on disk
};

class Store {
 public:
  virtual ~Store() = default;

  virtual void append(Append& append) = 0;
  virtual void record(Outcome outcome) = 0;
  // `done` on the journal thread after the sync, with nothing checked: the index ignores a command about what
  // is not there.
  virtual void command(Command command,
                       std::move_only_function<void(std::expected<Sequence, StoreError>)> done) = 0;
  // What operators have set: named texts that outlive restarts and every removal of segments. A value of ""
  // removes the name. `done` on the journal thread after the sync.
  virtual void set_state(std::string name, std::string value,
                         std::move_only_function<void(std::expected<Sequence, StoreError>)> done) = 0;
  // Carries out the orders, as far as what they are about is there, and sets the state: both or neither. So a
  // job that keeps how far it is in its state does nothing twice, whatever happens.
  virtual void order(Orders orders, std::string name, std::string value,
                     std::move_only_function<void(std::expected<Sequence, StoreError>)> done) = 0;
  // All that is set and synced, in order of the names; at once after the store was opened.
  virtual std::vector<std::pair<std::string, std::string>> state() const = 0;
  // Not waited for, and dropped when the quarantine's limits say so. Copies what it keeps.
  virtual void reject(const NewRejected& rejected) = 0;
  // A rejected request has become an event. Shown at once, written without a sync; the first mark of a
  // request counts.
  virtual void mark_accepted(std::uint64_t rejected, EventId event) = 0;

  // Runs `question` on a read thread.
  virtual void read(Freshness freshness, std::move_only_function<void(Reader&, Staleness)> question) = 0;

  virtual StoreStatus status() const = 0;

  // Starts the threads. `feed` outlives the store's stop. Appends are taken from here on.
  virtual void start(DeliveryFeed& feed) = 0;
  // Writes and syncs what has gathered, fails what comes later, and ends the threads. May block for seconds.
  virtual void stop() = 0;
};

}  // namespace creel
