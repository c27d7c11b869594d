// What the index says of itself: rows as text, segments, the newest keys; and how it forgets a segment.

#include <fmt/format.h>

#include "store/index_impl.h"

namespace creel::store {
namespace {

constexpr std::string_view kTables[] = {"pending", "settled"};

}  // namespace

std::vector<IndexedSegment> Index::segments() {
  std::vector<IndexedSegment> all;
  for (const auto& [number, segment] : impl_->segments)
    all.push_back(segment);
  return all;
}

std::optional<EventEntry> Index::row(EventId id) {
  const EventEntry* found = impl_->batch->find(id);
  std::optional<EventEntry> row;
  if (found != nullptr) row = *found;
  impl_->batch->clear();
  return row;
}

std::string_view Index::name(std::uint32_t number) {
  return impl_->texts->text(number);
}

std::uint64_t Index::bytes() const {
  Disk& disk = impl_->journal.disk();
  const auto files = disk.list(impl_->options.folder);
  std::uint64_t sum = 0;
  for (const std::string& name : files.value_or(std::vector<std::string>())) {
    // Never the database's own files: to close one of them would let go of SQLite's locks.
    if (name.starts_with("index.sqlite")) continue;
    const auto file = disk.open(impl_->options.folder + "/" + name, OpenMode::read);
    if (file) sum += (*file)->size().value_or(0);
  }
  const auto pages = impl_->database.ask("PRAGMA page_count").value_or(0);
  return sum + static_cast<std::uint64_t>(pages + impl_->wal_pages) * 4096;
}

void Index::recent_keys(std::size_t limit, const std::function<void(KeyHash, Time)>& key) {
  struct Recent {
    std::uint64_t place;
    KeyHash hash;
  };
  // Places grow with time, and about one in each is a key: the newest `limit` lie above this one, more or
  // less.
  const Sequence next = impl_->place.next;
  const Sequence from = std::max(impl_->floor, next > limit ? next - limit : 1);
  std::vector<Recent> recent;
  const auto read = impl_->keys->each([&recent, from](const RunEntry& entry) {
    if (entry.place >> 16 >= from) recent.push_back({entry.place, {.low = entry.low, .high = entry.high}});
  });
  if (!read) return;  // The set is a help, not a duty: the index decides in the end.
  std::ranges::sort(recent, {}, &Recent::place);
  if (recent.size() > limit) recent.erase(recent.begin(), recent.end() - static_cast<std::ptrdiff_t>(limit));

  Statement received(impl_->database, "SELECT received FROM events WHERE id = ?");
  for (const Recent& one : recent) {
    EventId original;
    if (received.bind(one.place).step()) {
      key(one.hash, time_of(received.integer(0)));
    } else if (const auto time = impl_->received_at(one.place, original)) {
      key(one.hash, *time);
    }
  }
  received.reset();
  impl_->batch->clear();
}

void Index::dump_rows(const std::function<void(std::string_view)>& line) {
  Database& database = impl_->database;
  Names& texts = *impl_->texts;
  const auto name = [&texts](std::int64_t number) { return texts.text(static_cast<std::uint32_t>(number)); };

  Statement ids(database, "SELECT id FROM events ORDER BY id");
  while (ids.step()) {
    const auto found = row({static_cast<std::uint64_t>(ids.integer(0))});
    if (!found) continue;
    line(fmt::format("event {} source {} type {} received {} occurred {} at {}:{} bytes {}",
                     to_text(found->id), texts.text(found->source), texts.text(found->type),
                     count_of(found->received),
                     found->occurred ? fmt::format("{}", count_of(*found->occurred)) : "-", found->segment,
                     found->offset, found->body_bytes));
    for (const DeliveryEntry& one : found->deliveries) {
      std::string text =
          fmt::format("delivery {} to {} {} {} due {} changed {} attempts {} base {}", to_text(found->id),
                      texts.text(one.destination), one.ordinal, to_text(one.state), count_of(one.due),
                      count_of(one.changed), one.attempts, one.attempts_base);
      if (one.success) {
        text += fmt::format(" started {} took {} status {}", count_of(one.success->started),
                            one.success->took.count(), one.success->status);
      }
      line(text);
    }
  }
  for (const std::string_view table : kTables) {
    Statement rows(database, fmt::format("SELECT * FROM {} ORDER BY event, ordinal", table));
    std::vector<std::string> lines;  // Their order hangs on the numbers of names, which differ.
    while (rows.step()) {
      lines.push_back(fmt::format("{} {} {} event {} ordinal {}", table, name(rows.integer(0)),
                                  rows.integer(1), rows.integer(2), rows.integer(3)));
    }
    std::ranges::sort(lines);
    for (const std::string& one : lines)
      line(one);
  }
  std::vector<std::string> lines;
  Statement attempts(database,
                     "SELECT event, destination, ordinal, number, started, took, result, status, error, "
                     "reply, cause, dns, connect, tls, first_byte FROM attempts");
  while (attempts.step()) {
    lines.push_back(
        fmt::format("attempt {} to {} {} number {} started {} took {} result {} status {} error {} reply {} "
                    "cause {} dns {} connect {} tls {} first_byte {}",
                    attempts.integer(0), name(attempts.integer(1)), attempts.integer(2), attempts.integer(3),
                    attempts.integer(4), attempts.integer(5), attempts.integer(6), attempts.integer(7),
                    attempts.text(8), attempts.text(9), attempts.integer(10), attempts.integer(11),
                    attempts.integer(12), attempts.integer(13), attempts.integer(14)));
  }
  Statement counts(database, "SELECT destination, state, deliveries FROM counts WHERE deliveries <> 0");
  while (counts.step()) {
    lines.push_back(
        fmt::format("count {} {} {}", name(counts.integer(0)), counts.integer(1), counts.integer(2)));
  }
  for (const auto& [number, segment] : impl_->segments) {
    for (const SecretUses& use : segment.uses) {
      lines.push_back(fmt::format("use of {} of {} in segment {} last {} events {}", name(use.secret),
                                  name(use.source), number, count_of(use.last), use.events));
    }
  }
  Statement kept(database, "SELECT id, received FROM kept_keys");
  while (kept.step())
    lines.push_back(fmt::format("kept {} {}", kept.integer(0), kept.integer(1)));
  Statement dropped(database, "SELECT id FROM dropped");
  while (dropped.step())
    lines.push_back(fmt::format("dropped {}", dropped.integer(0)));
  Statement state(database, "SELECT name, value FROM state");
  while (state.step())
    lines.push_back(fmt::format("state {} {}", state.text(0), state.text(1)));
  for (const auto* runs : {impl_->keys.get(), impl_->names.get()}) {
    const bool read =
        runs->each([this, &lines](const RunEntry& entry) {
              if (entry.place >> 16 < impl_->floor) return;
              lines.push_back(fmt::format("hash {:016x}{:016x} {}", entry.high, entry.low, entry.place));
            })
            .has_value();
    if (!read) lines.emplace_back("hashes that cannot be read");
  }
  std::ranges::sort(lines);
  for (const std::string& one : lines)
    line(one);
}

std::expected<Index::Forgotten, IndexFailure> Index::forget(const IndexedSegment& segment, EventId after,
                                                            std::size_t limit, DeliveryFeed* feed) {
  Impl& index = *impl_;
  // Those that were received here, and those whose copy stands here; of neither those that were copied on
  // from here.
  Statement select(index.database,
                   "SELECT id FROM events WHERE id > ?1 AND id BETWEEN ?2 AND ?3 AND segment = ?4 UNION "
                   "SELECT events.id FROM copies JOIN events ON events.id BETWEEN copies.original << 16 AND "
                   "(copies.original << 16) + 65535 WHERE copies.sequence BETWEEN ?2 >> 16 AND ?3 >> 16 AND "
                   "events.id > ?1 AND events.segment = ?4 ORDER BY 1 LIMIT ?5");
  select.bind(after.value, segment.first << 16, segment.last << 16 | 0xffff, segment.number, limit);
  std::vector<EventId> ids;
  while (select.step())
    ids.push_back({static_cast<std::uint64_t>(select.integer(0))});
  select.reset();

  Forgotten forgotten;
  index.sql->begin.run();
  for (const EventId id : ids) {
    const EventEntry* row = index.batch->find(id);
    if (row == nullptr) continue;
    const auto has = [row](DeliveryState state) {
      return std::ranges::any_of(row->deliveries,
                                 [state](const DeliveryEntry& one) { return one.state == state; });
    };
    if (has(DeliveryState::pending)) {
      forgotten.pending.push_back(id);
      continue;
    }
    ++forgotten.events;
    if (has(DeliveryState::dead)) ++forgotten.dead;
    for (DeliveryEntry gone : row->deliveries) {
      if (gone.state != DeliveryState::dead) continue;
      gone.state = DeliveryState::cancelled;
      index.batch->report(*row, gone, index.place.next - 1, nullptr);
    }
    index.batch->remove(id);
  }
  index.batch->flush();
  index.sql->commit.run();
  if (!index.database.ok()) return std::unexpected(index.failure());
  if (feed != nullptr && !index.batch->reports().empty())
    feed->on_indexed(index.batch->reports(), index.place.next - 1);
  index.batch->clear();
  if (ids.size() == limit) forgotten.after = ids.back();
  return forgotten;
}

std::vector<EventId> Index::dropped(const IndexedSegment& segment, EventId after) {
  Statement select(
      impl_->database,
      "SELECT id FROM dropped WHERE id > ?1 AND id > ?2 AND original BETWEEN ?3 AND ?2 ORDER BY id");
  select.bind(after.value, segment.last << 16 | 0xffff, segment.first << 16);
  std::vector<EventId> events;
  while (select.step())
    events.push_back({static_cast<std::uint64_t>(select.integer(0))});
  return events;
}

std::expected<void, IndexFailure> Index::close(const IndexedSegment& segment) {
  Impl& index = *impl_;
  index.sql->begin.run();
  Statement(index.database, "DELETE FROM kept_keys WHERE id BETWEEN ? AND ?")
      .run(segment.first << 16, segment.last << 16 | 0xffff);
  Statement(index.database, "DELETE FROM copies WHERE sequence BETWEEN ? AND ?")
      .run(segment.first, segment.last);
  Statement(index.database, "DELETE FROM dropped WHERE id <= ?").run(segment.last << 16 | 0xffff);
  Statement(index.database, "DELETE FROM segments WHERE id = ?").run(segment.number);
  index.segments.erase(segment.number);
  index.floor = std::max(index.floor, segment.last + 1);
  index.store_progress();
  index.sql->commit.run();
  if (!index.database.ok()) return std::unexpected(index.failure());
  return {};
}

Sequence Index::floor() const {
  return impl_->floor;
}

std::uint64_t Index::kept_keys() {
  // They go with whole records from the oldest on, so the table is small or asked for rarely.
  return static_cast<std::uint64_t>(impl_->database.ask("SELECT count(*) FROM kept_keys").value_or(0));
}

}  // namespace creel::store
