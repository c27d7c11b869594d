#include "store/reader.h"

#include <algorithm>
#include <map>

#include "store/index_schema.h"
#include "store/reader_impl.h"

namespace creel::store {
namespace {

Time time_of(std::int64_t count) {
  return Time(std::chrono::milliseconds(count));
}

// Of one that has it.
Attempt success_of(const DeliveryEntry& delivery) {
  return {.number = delivery.attempts,
          .started = delivery.success->started,
          .took = delivery.success->took,
          .result = AttemptResult::delivered,
          .status = delivery.success->status,
          .reply = {},
          .error = {},
          .trigger = delivery.success->trigger,
          .timings = delivery.success->timings};
}

}  // namespace

void IndexView::set(std::shared_ptr<const Runs> keys, std::shared_ptr<const Runs> names) {
  const std::lock_guard lock(mutex_);
  now_ = {++generations_, std::move(keys), std::move(names)};
}

void IndexView::clear() {
  const std::lock_guard lock(mutex_);
  now_ = {};
}

IndexView::Now IndexView::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

std::unique_ptr<Reader> make_reader(const Journal& journal, const Quarantine* quarantine,
                                    const IndexView& view, const Clock& clock, ReaderOptions options) {
  return std::make_unique<IndexReader>(journal, quarantine, view, clock, std::move(options));
}

IndexReader::Connection::Connection(const std::string& path)
    : database(path, Database::Access::read),
      names(database),
      begin(database, "BEGIN"),
      end(database, "COMMIT"),
      progress(database, "SELECT sequence FROM progress WHERE id = 1"),
      row(database, kSelectEvent),
      copy(database, "SELECT original FROM copies WHERE sequence = ?"),
      attempts(
          database,
          "SELECT number, started, took, result, status, error, reply, cause, dns, connect, tls, first_byte "
          "FROM attempts "
          "WHERE event = ? AND destination = ? AND ordinal = ? ORDER BY number"),
      last_attempt(database,
                   "SELECT number, started, took, result, status, error, cause FROM attempts "
                   "WHERE event = ? AND destination = ? AND ordinal = ? ORDER BY number DESC LIMIT 1"),
      dead(database,
           "SELECT event, ordinal FROM settled WHERE destination = ? AND state = ? AND event > ? "
           "ORDER BY event, ordinal"),
      due(database,
          "SELECT due, event, ordinal FROM pending WHERE destination = ? AND (due, event) > (?, ?) "
          "ORDER BY due, event, ordinal"),
      oldest_due(database, "SELECT due FROM pending WHERE destination = ? ORDER BY due LIMIT 1"),
      counts(database, "SELECT destination, state, deliveries FROM counts ORDER BY destination, state"),
      uses(database, "SELECT uses FROM segments"),
      forward(database,
              "SELECT id, source, segment, offset, body_bytes FROM events WHERE id > ? ORDER BY id LIMIT ?"),
      backward(database, "SELECT id, source FROM events WHERE id < ? ORDER BY id DESC LIMIT ?") {
  configure_reader(database);
}

IndexReader::IndexReader(const Journal& journal, const Quarantine* quarantine, const IndexView& view,
                         const Clock& clock, ReaderOptions options)
    : journal_(journal),
      quarantine_(quarantine),
      view_(view),
      clock_(clock),
      options_(std::move(options)),
      lookup_(journal),
      hasher_(journal.identity()) {}

std::expected<void, StoreError> IndexReader::connect() {
  IndexView::Now now = view_.now();
  if (now.generation == 0) {
    connection_.reset();
    return std::unexpected(StoreError::broken);
  }
  if (!connection_ || now.generation != now_.generation) {
    now_ = std::move(now);
    connection_.reset();
    connection_ = std::make_unique<Connection>(options_.folder + "/index.sqlite");
  }
  if (!connection_->database.ok()) return std::unexpected(error());
  return {};
}

// What an error of the connection means; it is opened again for the next question.
StoreError IndexReader::error() {
  const StoreError error = connection_->database.corrupt() ? StoreError::broken : StoreError::busy;
  connection_.reset();
  return error;
}

Position IndexReader::position(const EventEntry& row) const {
  return {static_cast<std::uint32_t>(row.segment), static_cast<std::uint32_t>(row.offset)};
}

// Puts the event at this place into `record_`. False when it is gone or makes no sense.
bool IndexReader::read_record(Position position) {
  if (held_ == position) return true;
  held_.reset();
  const auto stored = lookup_.read(position);
  if (!stored) return false;
  std::string_view payload = stored->payload;
  if (stored->kind == RecordKind::copy) {
    if (!decode_copy(payload, copied_)) return false;
    payload = copied_.event;
  }
  if (!decode_event(payload, record_)) return false;
  held_ = position;
  return true;
}

// False when the record is gone or makes no sense.
bool IndexReader::read_content(const EventEntry& row, StoredEvent& into) {
  if (!read_record(position(row)) || row.id.item() >= record_.items.size()) return false;
  into = event_view(record_, row.id).copy();
  return true;
}

// --- One event
// -----------------------------------------------------------------------------------------------------

std::vector<Attempt> IndexReader::history(const EventEntry& row, const DeliveryEntry& delivery) {
  using std::chrono::microseconds;
  std::vector<Attempt> attempts;
  Statement& select = connection_->attempts;
  select.bind(row.id.value, delivery.destination, delivery.ordinal);
  while (select.step()) {
    attempts.push_back({.number = static_cast<std::uint32_t>(select.integer(0)),
                        .started = time_of(select.integer(1)),
                        .took = std::chrono::milliseconds(select.integer(2)),
                        .result = static_cast<AttemptResult>(select.integer(3)),
                        .status = static_cast<int>(select.integer(4)),
                        .reply = std::string(select.text(6)),
                        .error = std::string(select.text(5)),
                        .trigger = static_cast<AttemptTrigger>(select.integer(7)),
                        .timings = {.dns = microseconds(select.integer(8)),
                                    .connect = microseconds(select.integer(9)),
                                    .tls = microseconds(select.integer(10)),
                                    .first_byte = microseconds(select.integer(11))}});
  }
  select.reset();
  if (delivery.success) attempts.push_back(success_of(delivery));
  return attempts;
}

// Without its reply. Nothing when there was none, or it was forgotten as the event was copied forward.
std::optional<Attempt> IndexReader::last_attempt(const EventEntry& row, const DeliveryEntry& delivery) {
  if (delivery.success) return success_of(delivery);
  if (delivery.attempts == 0) return std::nullopt;
  Statement& select = connection_->last_attempt;
  std::optional<Attempt> last;
  if (select.bind(row.id.value, delivery.destination, delivery.ordinal).step()) {
    last = {.number = static_cast<std::uint32_t>(select.integer(0)),
            .started = time_of(select.integer(1)),
            .took = std::chrono::milliseconds(select.integer(2)),
            .result = static_cast<AttemptResult>(select.integer(3)),
            .status = static_cast<int>(select.integer(4)),
            .reply = {},
            .error = std::string(select.text(5)),
            .trigger = static_cast<AttemptTrigger>(select.integer(6)),
            .timings = {}};
  }
  select.reset();
  return last;
}

EventRow IndexReader::show(const EventEntry& row, bool with_history) {
  EventRow shown;
  shown.id = row.id;
  shown.source = connection_->names.text(row.source);
  shown.type = connection_->names.text(row.type);
  shown.received = row.received;
  shown.occurred = row.occurred;
  shown.body_bytes = row.body_bytes;
  StoredEvent content;
  if (read_content(row, content)) {
    shown.provider_id = std::move(content.provider_id);
    shown.subject = std::move(content.subject);
  }
  for (const DeliveryEntry& delivery : row.deliveries) {
    const std::string destination(connection_->names.text(delivery.destination));
    shown.deliveries.push_back({.id = {row.id, destination, delivery.ordinal},
                                .state = delivery.state,
                                .due = delivery.due,
                                .attempts = delivery.attempts,
                                .history = {}});
    if (with_history) shown.deliveries.back().history = history(row, delivery);
  }
  return shown;
}

std::expected<EventRow, StoreError> IndexReader::event(EventId id) {
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  std::expected<EventRow, StoreError> answer = std::unexpected(StoreError::not_found);
  {
    const Snapshot snapshot(*connection_);
    connection_->names.refresh();
    EventEntry row;
    if (read_event(connection_->row, id, row) == RowRead::found) answer = show(row, true);
  }
  if (!connection_->database.ok()) return std::unexpected(error());
  return answer;
}

std::expected<StoredEvent, StoreError> IndexReader::content(EventId id) {
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  EventEntry row;
  const RowRead read = read_event(connection_->row, id, row);
  if (!connection_->database.ok()) return std::unexpected(error());
  if (read != RowRead::found) return std::unexpected(StoreError::not_found);
  StoredEvent event;
  if (!read_content(row, event)) return std::unexpected(StoreError::busy);
  return event;
}

std::expected<std::vector<DeliveryCounts>, StoreError> IndexReader::counts() {
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  std::vector<DeliveryCounts> all;
  {
    const Snapshot snapshot(*connection_);
    connection_->names.refresh();
    Statement& select = connection_->counts;
    select.bind();
    std::uint32_t last = 0;
    while (select.step()) {
      const auto destination = static_cast<std::uint32_t>(select.integer(0));
      if (destination != last) {
        all.emplace_back().destination = connection_->names.text(destination);
        if (connection_->oldest_due.bind(destination).step()) {
          all.back().oldest_pending_due = time_of(connection_->oldest_due.integer(0));
        }
        connection_->oldest_due.reset();
      }
      last = destination;
      const auto count = static_cast<std::uint64_t>(select.integer(2));
      switch (static_cast<DeliveryState>(select.integer(1))) {
        case DeliveryState::pending:
          all.back().pending = count;
          break;
        case DeliveryState::delivered:
          all.back().delivered = count;
          break;
        case DeliveryState::dead:
          all.back().dead = count;
          break;
        case DeliveryState::cancelled:
          all.back().cancelled = count;
          break;
      }
    }
    select.reset();
  }
  if (!connection_->database.ok()) return std::unexpected(error());
  return all;
}

std::expected<std::vector<SecretUse>, StoreError> IndexReader::secret_uses() {
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  std::map<std::pair<std::string, std::string>, SecretUses> all;
  {
    const Snapshot snapshot(*connection_);
    connection_->names.refresh();
    std::vector<SecretUses> of_segment;
    connection_->uses.bind();
    while (connection_->uses.step()) {
      if (!decode_uses(connection_->uses.text(0), of_segment)) {
        connection_->database.note_damage("a row of a segment");
        break;
      }
      for (const SecretUses& use : of_segment) {
        SecretUses& sum = all[{std::string(connection_->names.text(use.source)),
                               std::string(connection_->names.text(use.secret))}];
        sum.last = std::max(sum.last, use.last);
        sum.events += use.events;
      }
    }
    connection_->uses.reset();
  }
  if (!connection_->database.ok()) return std::unexpected(error());
  std::vector<SecretUse> uses;
  for (const auto& [names, sum] : all)
    uses.push_back({names.first, names.second, sum.last, sum.events});
  return uses;
}

// --- Rejected requests
// ---------------------------------------------------------------------------------------------

std::expected<RejectedPage, StoreError> IndexReader::rejected(const RejectedQuery& query) {
  if (quarantine_ == nullptr) return RejectedPage();
  return quarantine_->list(query);
}

std::expected<RejectedRequest, StoreError> IndexReader::rejected_request(std::uint64_t id) {
  if (quarantine_ == nullptr) return std::unexpected(StoreError::not_found);
  return quarantine_->get(id);
}

}  // namespace creel::store
