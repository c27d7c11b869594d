#include "store/index_batch.h"

#include <algorithm>

namespace creel::store {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kReplyBytesMax = 1024;
constexpr std::size_t kTableMin = 1024;
constexpr std::size_t kObjectsKept = 8192;  // from one transaction to the next

std::size_t slot_of(EventId id) {
  return static_cast<std::size_t>((id.value ^ id.value >> 16) * 0x9e3779b97f4a7c15u >> 32);
}

std::int64_t count_of(Time time) {
  return time.time_since_epoch().count();
}

bool is_settled(DeliveryState state) {
  return state == DeliveryState::dead || state == DeliveryState::cancelled;
}

std::int64_t row_of(EventId id) {
  return static_cast<std::int64_t>(id.value);
}

}  // namespace

RowRead read_event(Statement& select, EventId id, EventEntry& event) {
  if (!select.bind(row_of(id)).step()) {
    select.reset();
    return RowRead::missing;
  }
  event.id = id;
  event.source = static_cast<std::uint32_t>(select.integer(0));
  event.type = static_cast<std::uint32_t>(select.integer(1));
  event.received = Time(std::chrono::milliseconds(select.integer(2)));
  event.occurred.reset();
  if (const auto before = select.maybe(3))
    event.occurred = event.received - std::chrono::milliseconds(*before);
  event.segment = static_cast<std::uint64_t>(select.integer(4));
  event.offset = static_cast<std::uint64_t>(select.integer(5));
  event.body_bytes = static_cast<std::uint32_t>(select.integer(6));
  const bool good = decode_deliveries(select.text(7), event);
  select.reset();
  return good ? RowRead::found : RowRead::damaged;
}

IndexBatch::IndexBatch(Database& database, Names& names)
    : database_(database),
      names_(names),
      select_(database, kSelectEvent),
      insert_(database, "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      update_(database, "UPDATE events SET segment = ?, offset = ?, deliveries = ? WHERE id = ?"),
      delete_(database, "DELETE FROM events WHERE id = ?"),
      pend_(database, "INSERT INTO pending VALUES (?, ?, ?, ?)"),
      unpend_(database,
              "DELETE FROM pending WHERE destination = ? AND due = ? AND event = ? AND ordinal = ?"),
      settle_(database, "INSERT INTO settled VALUES (?, ?, ?, ?)"),
      unsettle_(database,
                "DELETE FROM settled WHERE destination = ? AND state = ? AND event = ? AND ordinal = ?"),
      count_(database,
             "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET deliveries = deliveries + "
             "excluded.deliveries"),
      add_attempt_(database,
                   "INSERT INTO attempts VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      drop_reply_(database,
                  "UPDATE attempts SET reply = x'' WHERE event = ? AND destination = ? AND ordinal = ? AND "
                  "reply <> x''"),
      forget_attempts_(database, "DELETE FROM attempts WHERE event = ?"),
      table_(kTableMin) {}

IndexBatch::Touched* IndexBatch::touched(EventId id) {
  const std::size_t mask = table_.size() - 1;
  for (std::size_t slot = slot_of(id) & mask; table_[slot] != 0; slot = (slot + 1) & mask) {
    Touched& touched = objects_[table_[slot] - 1];
    if (touched.event.id == id) return &touched;
  }
  return nullptr;
}

IndexBatch::Touched& IndexBatch::next(EventId id) {
  if (used_ == objects_.size()) objects_.emplace_back();
  Touched& touched = objects_[used_];
  touched.is_new = touched.is_removed = false;
  touched.before.clear();
  touched.event.id = id;
  touched.event.deliveries.clear();
  return touched;
}

IndexBatch::Touched& IndexBatch::keep(Touched& touched) {
  if (used_ * 2 >= table_.size()) grow();
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = slot_of(touched.event.id) & mask;
  while (table_[slot] != 0)
    slot = (slot + 1) & mask;
  table_[slot] = static_cast<std::uint32_t>(++used_);
  return touched;
}

void IndexBatch::grow() {
  table_.assign(table_.size() * 2, 0);
  const std::size_t mask = table_.size() - 1;
  for (std::uint32_t i = 0; i < used_; ++i) {
    std::size_t slot = slot_of(objects_[i].event.id) & mask;
    while (table_[slot] != 0)
      slot = (slot + 1) & mask;
    table_[slot] = i + 1;
  }
}

EventEntry* IndexBatch::find(EventId id) {
  if (Touched* known = touched(id)) return known->is_removed ? nullptr : &known->event;
  Touched& fresh = next(id);
  const RowRead read = read_event(select_, id, fresh.event);
  if (read == RowRead::missing) return nullptr;
  if (read == RowRead::damaged) database_.note_damage("a row of an event");
  fresh.before = fresh.event.deliveries;
  fresh.segment_before = fresh.event.segment;
  fresh.offset_before = fresh.event.offset;
  return &keep(fresh).event;
}

EventEntry& IndexBatch::add(EventId id) {
  if (Touched* known = touched(id)) {
    known->is_new = true;
    return known->event;
  }
  Touched& fresh = next(id);
  fresh.is_new = true;
  return keep(fresh).event;
}

void IndexBatch::remove(EventId id) {
  if (find(id) != nullptr) touched(id)->is_removed = true;
}

void IndexBatch::add_attempt(EventId id, const DeliveryEntry& delivery, const Attempt& attempt) {
  const bool failed = attempt.result != AttemptResult::delivered;
  if (failed && attempt.number > 1) drop_reply_.run(row_of(id), delivery.destination, delivery.ordinal);
  const std::string_view reply = std::string_view(attempt.reply).substr(0, kReplyBytesMax);
  add_attempt_.run(row_of(id), delivery.destination, delivery.ordinal, attempt.number,
                   count_of(attempt.started), static_cast<std::int64_t>(attempt.took.count()),
                   static_cast<int>(attempt.result), attempt.status, std::string_view(attempt.error),
                   Statement::Bytes{reply}, static_cast<int>(attempt.trigger),
                   static_cast<std::int64_t>(attempt.timings.dns.count()),
                   static_cast<std::int64_t>(attempt.timings.connect.count()),
                   static_cast<std::int64_t>(attempt.timings.tls.count()),
                   static_cast<std::int64_t>(attempt.timings.first_byte.count()));
}

void IndexBatch::forget_attempts(EventId id) {
  forget_attempts_.run(row_of(id));
}

void IndexBatch::report(const EventEntry& event, const DeliveryEntry& delivery, Sequence sequence,
                        const StoredEventView* content) {
  reports_.push_back({.event = event.id,
                      .destination = names_.text(delivery.destination),
                      .ordinal = delivery.ordinal,
                      .state = delivery.state,
                      .due = delivery.due,
                      .attempts = delivery.attempts,
                      .attempts_base = delivery.attempts_base,
                      .sequence = sequence,
                      .content = content});
}

const StoredEventView* IndexBatch::keep(const StoredEventView& content) {
  if (contents_used_ == contents_.size()) contents_.emplace_back();
  Content& kept = contents_[contents_used_++];
  kept.view = content;
  kept.transformed.assign(content.transformed.begin(), content.transformed.end());
  kept.view.transformed = kept.transformed;
  return &kept.view;
}

std::string_view IndexBatch::keep(std::string_view bytes) {
  for (; chunk_ < chunks_.size(); ++chunk_) {
    if (chunks_[chunk_]->capacity() - chunks_[chunk_]->size() >= bytes.size()) break;
  }
  if (chunk_ == chunks_.size()) {
    chunks_.push_back(std::make_unique<std::string>());
    chunks_.back()->reserve(std::max(kChunkBytes, bytes.size()));
  }
  std::string& chunk = *chunks_[chunk_];
  const std::size_t at = chunk.size();
  chunk += bytes;
  return std::string_view(chunk).substr(at);
}

void IndexBatch::flush() {
  for (std::size_t i = 0; i < used_; ++i)
    write(objects_[i]);
  for (const auto& [key, by] : counts_) {
    if (by != 0) count_.run(key.first, static_cast<int>(key.second), by);
  }
}

void IndexBatch::write(Touched& touched) {
  EventEntry& event = touched.event;
  if (touched.is_removed) {
    event.deliveries.clear();
    if (!touched.is_new) {
      delete_.run(row_of(event.id));
      forget_attempts_.run(row_of(event.id));
    }
    write_difference(touched);
    return;
  }
  const bool is_changed = touched.is_new || event.deliveries != touched.before ||
                          event.segment != touched.segment_before || event.offset != touched.offset_before;
  if (!is_changed) return;
  encode_deliveries(event, blob_);
  const auto segment = static_cast<std::int64_t>(event.segment);
  const auto offset = static_cast<std::int64_t>(event.offset);
  if (touched.is_new) {
    std::optional<std::int64_t> before;
    if (event.occurred) before = (event.received - *event.occurred).count();
    insert_.run(row_of(event.id), event.source, event.type, count_of(event.received), before, segment, offset,
                event.body_bytes, Statement::Bytes{blob_});
  } else {
    update_.run(segment, offset, Statement::Bytes{blob_}, row_of(event.id));
  }
  write_difference(touched);
}

void IndexBatch::write_difference(const Touched& touched) {
  const std::int64_t row = row_of(touched.event.id);
  for (const DeliveryEntry& old : touched.before) {
    if (std::ranges::find(touched.event.deliveries, old) != touched.event.deliveries.end()) continue;
    count(old, -1);
    if (old.state == DeliveryState::pending)
      unpend_.run(old.destination, count_of(old.due), row, old.ordinal);
    if (is_settled(old.state)) unsettle_.run(old.destination, static_cast<int>(old.state), row, old.ordinal);
  }
  for (const DeliveryEntry& now : touched.event.deliveries) {
    if (std::ranges::find(touched.before, now) != touched.before.end()) continue;
    count(now, 1);
    if (now.state == DeliveryState::pending) pend_.run(now.destination, count_of(now.due), row, now.ordinal);
    if (is_settled(now.state)) settle_.run(now.destination, static_cast<int>(now.state), row, now.ordinal);
  }
}

void IndexBatch::count(const DeliveryEntry& delivery, std::int64_t by) {
  counts_[{delivery.destination, delivery.state}] += by;
}

void IndexBatch::clear() {
  if (used_ > 0) std::ranges::fill(table_, 0);
  used_ = 0;
  if (objects_.size() > kObjectsKept) objects_.resize(kObjectsKept);
  if (contents_.size() > kObjectsKept) contents_.resize(kObjectsKept);
  counts_.clear();
  reports_.clear();
  contents_used_ = 0;
  for (auto& chunk : chunks_)
    chunk->clear();
  if (chunks_.size() > 16) chunks_.resize(16);
  chunk_ = 0;
}

}  // namespace creel::store
