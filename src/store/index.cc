#include "store/index.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <fmt/format.h>

#include "store/index_impl.h"
#include "store/index_schema.h"

namespace creel::store {
namespace {

constexpr std::size_t kIdleMergeEntries = 32768;
constexpr int kKeys = 1, kNames = 2;

std::string database_path(const std::string& folder) {
  return folder + "/index.sqlite";
}

std::string text_of(const StoreIdentity& identity) {
  std::string text;
  for (const std::uint8_t byte : identity.id)
    text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

Index::Impl::Statements::Statements(Database& db)
    : begin(db, "BEGIN IMMEDIATE"),
      commit(db, "COMMIT"),
      progress(
          db,
          "UPDATE progress SET sequence = ?, segment = ?, offset = ?, newest = ?, floor = ?, events = ?, "
          "duplicates = ?, conflicts = ?, flushed_sequence = ?, flushed_segment = ?, flushed_offset = ?, "
          "foreseen_upto = ? WHERE id = 1"),
      state_clear(db, "DELETE FROM state"),
      state_add(db, "INSERT OR REPLACE INTO state VALUES (?, ?)"),
      state_drop(db, "DELETE FROM state WHERE name = ?"),
      kept_add(db, "INSERT INTO kept_keys VALUES (?, ?)"),
      kept_find(db, "SELECT received FROM kept_keys WHERE id = ?"),
      copy_add(db, "INSERT INTO copies VALUES (?, ?)"),
      copy_find(db, "SELECT original FROM copies WHERE sequence = ?"),
      dropped_add(db, "INSERT OR REPLACE INTO dropped VALUES (?, ?)"),
      run_add(db, "INSERT INTO runs VALUES (?, ?, ?, ?)"),
      run_drop(db, "DELETE FROM runs WHERE kind = ? AND id = ?"),
      segment_save(
          db,
          "INSERT INTO segments VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last = excluded.last, "
          "newest = excluded.newest, uses = excluded.uses") {}

Index::Impl::Impl(const Journal& journal_, Log& log_, IndexOptions options_)
    : journal(journal_),
      log(log_),
      options(std::move(options_)),
      database(database_path(options.folder), Database::Access::write),
      lookup(journal_),
      hasher(journal_.identity()) {}

// --- Errors
// --------------------------------------------------------------------------------------------------------

IndexFailure Index::Impl::failure() {
  return {database.corrupt() ? IndexError::broken : IndexError::weather, "the index: " + database.message()};
}

IndexFailure Index::Impl::failure(RunError error) {
  if (error == RunError::disk)
    return {IndexError::weather, "the index: a run of hashes could not be written or read"};
  return {IndexError::broken, "the index: a run of hashes is missing or damaged"};
}

IndexFailure Index::Impl::failure(ReadError error) {
  const auto kind = error == ReadError::disk ? IndexError::weather : IndexError::broken;
  return {kind, fmt::format("the index stands at record {}: {}", place.next, describe(error))};
}

// --- Opening
// -------------------------------------------------------------------------------------------------------

std::expected<void, IndexFailure> Index::Impl::open() {
  configure_writer(database);
  if (const auto prepared = prepare_schema(database); !prepared) {
    if (prepared.error() == SchemaError::newer) {
      return std::unexpected(IndexFailure{IndexError::newer, "the index was written by a newer creel"});
    }
    if (prepared.error() == SchemaError::older)
      return std::unexpected(IndexFailure{IndexError::broken, "the index was written by an older creel"});
    if (database.ok()) return std::unexpected(IndexFailure{IndexError::broken, "the index has no schema"});
    return std::unexpected(failure());
  }
  sqlite3_wal_hook(
      database.handle(),
      [](void* pages_of, sqlite3*, const char*, int pages) {
        *static_cast<int*>(pages_of) = pages;
        return SQLITE_OK;
      },
      &wal_pages);
  texts = std::make_unique<Names>(database);
  batch = std::make_unique<IndexBatch>(database, *texts);
  sql = std::make_unique<Statements>(database);
  if (!database.ok()) return std::unexpected(failure());
  if (auto loaded = load(); !loaded) return loaded;
  if (auto reloaded = reload_keys(); !reloaded) return reloaded;
  if (auto foreseen_all = foresee(); !foreseen_all) return foreseen_all;
  reader = std::make_unique<JournalReader>(journal, place);
  return {};
}

std::expected<void, IndexFailure> Index::Impl::load() {
  const std::string identity = text_of(journal.identity());
  Statement owner(database, "SELECT value FROM meta WHERE name = 'store'");
  if (!owner.step()) {
    Statement(database, "INSERT INTO meta VALUES ('store', ?)").run(std::string_view(identity));
  } else if (owner.text(0) != identity) {
    return std::unexpected(IndexFailure{IndexError::broken, "the index belongs to another store"});
  }
  owner.reset();

  Statement progress(database, "SELECT * FROM progress WHERE id = 1");
  if (!progress.step()) {
    return std::unexpected(database.ok() ? IndexFailure{IndexError::broken, "the index has lost its place"}
                                         : failure());
  }
  const auto place_at = [&progress](int sequence, int segment) {
    return JournalPlace{{static_cast<std::uint32_t>(progress.integer(segment)),
                         static_cast<std::uint32_t>(progress.integer(segment + 1))},
                        static_cast<Sequence>(progress.integer(sequence)) + 1};
  };
  const JournalPlace oldest = journal.oldest();
  if (progress.integer(1) == 0) {
    // Nothing is in it yet. What the journal has lost of its beginning is made up for by foresee().
    place = flushed = oldest;
    floor = oldest.next;
    if (oldest.next > 1) foreseen_upto = journal.synced().next - 1;
  } else {
    place = place_at(1, 2);
    newest = time_of(progress.integer(4));
    floor = static_cast<Sequence>(progress.integer(5));
    events = progress.integer(6);
    duplicates = progress.integer(7);
    conflicts = progress.integer(8);
    flushed = place_at(9, 10);
    foreseen_upto = static_cast<Sequence>(progress.integer(12));
  }
  progress.reset();
  if (place.next > journal.synced().next) return std::unexpected(failure(ReadError::ahead));
  if (place.next < oldest.next) return std::unexpected(failure(ReadError::gone));
  // A segment goes only after the index has let go of it durably: somebody has put an older index back.
  if (floor < oldest.next) {
    return std::unexpected(
        IndexFailure{IndexError::broken, "the index is older than the removal of what it lists"});
  }

  Statement saved(database, "SELECT id, first, last, newest, uses FROM segments");
  while (saved.step()) {
    const auto number = static_cast<std::uint32_t>(saved.integer(0));
    IndexedSegment& segment = segments[number];
    segment = {number,
               static_cast<Sequence>(saved.integer(1)),
               static_cast<Sequence>(saved.integer(2)),
               time_of(saved.integer(3)),
               {}};
    if (!decode_uses(saved.text(4), segment.uses)) database.note_damage("a row of a segment");
  }
  if (!database.ok()) return std::unexpected(failure());
  return {};
}

// Opens the runs, and reads again from the journal whatever hashes were in memory only.
std::expected<void, IndexFailure> Index::Impl::reload_keys() {
  // A power cut must not bring back a listing of files that are removed now.
  if (auto durable_now = checkpoint(true); !durable_now) return durable_now;
  Disk& disk = journal.disk();
  keys = std::make_shared<Runs>(
      disk, Runs::Options{.folder = options.folder, .prefix = "keys", .with_filter = true});
  names = std::make_shared<Runs>(disk, Runs::Options{.folder = options.folder, .prefix = "names"});
  std::vector<ListedRun> listed[3];
  Statement runs(database, "SELECT kind, id, level, entries FROM runs");
  while (runs.step()) {
    const std::int64_t kind = runs.integer(0);
    if (kind != kKeys && kind != kNames) continue;
    listed[kind].push_back({static_cast<std::uint64_t>(runs.integer(1)),
                            static_cast<std::uint32_t>(runs.integer(2)),
                            static_cast<std::uint64_t>(runs.integer(3))});
  }
  runs.reset();
  if (!database.ok()) return std::unexpected(failure());
  if (auto opened = keys->open(listed[kKeys]); !opened) return std::unexpected(failure(opened.error()));
  if (auto opened = names->open(listed[kNames]); !opened) return std::unexpected(failure(opened.error()));

  Statement has(database, "SELECT 1 FROM events WHERE id = ?");
  JournalReader again(journal, flushed);
  while (again.place().next < place.next) {
    const auto record = again.next();
    if (!record) return std::unexpected(failure(record.error()));
    if (!*record) return std::unexpected(failure(ReadError::ahead));
    if ((*record)->sequence >= place.next) break;
    if ((*record)->kind == RecordKind::event && decode_event((*record)->payload, event)) {
      for (std::uint16_t item = 0; item < event.items.size(); ++item) {
        const std::uint64_t at = EventId::of((*record)->sequence, item).value;
        if (has.bind(at).step()) add_hashes(at, item);
      }
    } else if ((*record)->kind == RecordKind::copy && decode_copy((*record)->payload, copy) &&
               decode_event(copy.event, event)) {
      for (const std::uint16_t item : copy.items) {
        if (item < event.items.size()) add_hashes(EventId::of((*record)->sequence, item).value, item);
      }
    } else if ((*record)->kind == RecordKind::keys && decode_keys((*record)->payload, kept)) {
      for (std::size_t i = 0; i < kept.size(); ++i) {
        keys->add({.low = kept[i].hash_low, .high = kept[i].hash_high},
                  EventId::of((*record)->sequence, static_cast<std::uint16_t>(i)).value);
      }
    }
  }
  has.reset();
  if (!database.ok()) return std::unexpected(failure());
  return {};
}

// Reads ahead for the duplicates of what is gone.
std::expected<void, IndexFailure> Index::Impl::foresee() {
  if (foreseen_upto < place.next) return {};
  JournalReader ahead(journal, place);
  while (ahead.place().next <= foreseen_upto) {
    const auto record = ahead.next();
    if (!record) return std::unexpected(failure(record.error()));
    if (!*record) break;
    if ((*record)->kind == RecordKind::duplicates && decode_duplicates((*record)->payload, repeated)) {
      foreseen.insert(foreseen.end(), repeated.begin(), repeated.end());
    }
  }
  std::ranges::sort(foreseen);
  return {};
}

// --- Stepping
// ------------------------------------------------------------------------------------------------------

std::expected<Index::Step, IndexFailure> Index::Impl::step(DeliveryFeed* feed) {
  Step step;
  std::size_t bytes = 0;
  while (step.records < options.records_max && bytes < options.bytes_max) {
    const auto record = reader->next();
    if (!record) return std::unexpected(failure(record.error()));
    if (!*record) break;
    if (step.records++ == 0) sql->begin.run();
    bytes += (*record)->payload.size();
    if (!apply(**record)) {
      log.error("a record of the journal makes no sense and is passed over",
                {{"sequence", static_cast<std::int64_t>((*record)->sequence)}});
    }
    if (!database.ok()) return std::unexpected(failure());
    if (run_failed) return std::unexpected(failure(run_error));
  }
  if (step.records > 0) {
    place = reader->place();
    if (place.next > foreseen_upto) foreseen = {};
    batch->flush();
    store_progress();
    sql->commit.run();
    if (!database.ok()) return std::unexpected(failure());
    if (feed != nullptr) feed->on_indexed(batch->reports(), place.next - 1);
    batch->clear();
  }
  const auto busy = upkeep(step.records);
  if (!busy) return std::unexpected(busy.error());
  step.more = step.records > 0 || *busy;
  return step;
}

void Index::Impl::store_progress() {
  for (const std::uint32_t number : segments_changed) {
    const auto segment = segments.find(number);
    if (segment == segments.end()) continue;
    const IndexedSegment& now = segment->second;
    encode_uses(now.uses, uses_blob);
    sql->segment_save.run(number, now.first, now.last, count_of(now.newest), Statement::Bytes{uses_blob});
  }
  segments_changed.clear();
  sql->progress.run(place.next - 1, place.at.segment, place.at.offset, count_of(newest), floor, events,
                    duplicates, conflicts, flushed.next - 1, flushed.at.segment, flushed.at.offset,
                    foreseen_upto);
}

// What keeps the index in shape: hashes into runs, runs into larger ones, pages of the WAL into the database.
std::expected<bool, IndexFailure> Index::Impl::upkeep(std::size_t records) {
  if (std::max(keys->in_memory(), names->in_memory()) >= options.keys_in_memory) {
    if (auto flushed_now = flush_keys(); !flushed_now) return std::unexpected(flushed_now.error());
  }
  const auto merging = merge(records);
  if (!merging) return merging;
  if (auto checked = checkpoint(false); !checked) return std::unexpected(checked.error());
  return merging;
}

std::expected<void, IndexFailure> Index::Impl::flush_keys() {
  const auto keys_change = keys->flush();
  if (!keys_change) return std::unexpected(failure(keys_change.error()));
  const auto names_change = names->flush();
  if (!names_change) return std::unexpected(failure(names_change.error()));
  flushed = place;
  sql->begin.run();
  list(kKeys, *keys_change);
  list(kNames, *names_change);
  store_progress();
  sql->commit.run();
  if (!database.ok()) return std::unexpected(failure());
  return {};
}

void Index::Impl::list(int kind, const RunsChange& change) {
  for (const std::uint64_t id : change.removed)
    sql->run_drop.run(kind, id);
  if (change.added) sql->run_add.run(kind, change.added->id, change.added->level, change.added->entries);
}

std::expected<bool, IndexFailure> Index::Impl::merge(std::size_t records) {
  const std::size_t entries = records > 0 ? records * options.merge_ratio : kIdleMergeEntries;
  for (const int kind : {kKeys, kNames}) {
    auto change = (kind == kKeys ? *keys : *names).merge(entries, floor);
    if (!change) return std::unexpected(failure(change.error()));
    if (!*change) continue;
    sql->begin.run();
    list(kind, **change);
    sql->commit.run();
    if (!database.ok()) return std::unexpected(failure());
  }
  return keys->has_merge() || names->has_merge();
}

// Writes the WAL's pages into the database when there are many of them; with `until_durable` syncs the WAL
// before.
//
// A file that a merge has replaced goes only after such a sync: its listing can come back with a power cut
// before.
std::expected<void, IndexFailure> Index::Impl::checkpoint(bool until_durable) {
  if (until_durable) {
    // SQLite's own checkpoint syncs the WAL only when no reader holds it up, so this does. The file may be
    // missing while nothing was written yet. No lock of SQLite is on it, so closing it here lets go of none.
    const std::string path = database_path(options.folder) + "-wal";
    const int wal = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = wal < 0 || ::fdatasync(wal) == 0;
    if (wal >= 0) ::close(wal);
    if (!synced)
      return std::unexpected(IndexFailure{IndexError::weather, "the index: its WAL could not be synced"});
    durable = place;
    if (keys) keys->forget_replaced();
    if (names) names->forget_replaced();
  }
  if (static_cast<std::uint64_t>(wal_pages) * 4096 <= options.wal_bytes_max) return {};
  int pages = 0, written = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &written);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return {};
  database.note(code);
  if (!database.ok()) return std::unexpected(failure());
  if (pages != written) return {};
  wal_pages = 0;  // The next transaction begins the WAL anew, if no reader is in it.
  durable = place;
  if (keys) keys->forget_replaced();
  if (names) names->forget_replaced();
  return {};
}

// --- The face
// ------------------------------------------------------------------------------------------------------

Index::Index(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Index::~Index() = default;

std::expected<std::unique_ptr<Index>, IndexFailure> Index::open(const Journal& journal, Log& log,
                                                                IndexOptions options) {
  if (!journal.disk().make_folder(options.folder)) {
    return std::unexpected(IndexFailure{IndexError::weather, "the index: its folder cannot be made"});
  }
  auto impl = std::make_unique<Impl>(journal, log, std::move(options));
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<Index>(new Index(std::move(impl)));
}

void Index::remove(Disk& disk, const std::string& folder) {
  const auto files = disk.list(folder);
  if (!files) return;
  // The database goes first: hashes without it mean nothing, it without them looks damaged.
  static_cast<void>(disk.remove(database_path(folder)));
  for (const std::string& name : *files)
    static_cast<void>(disk.remove(folder + "/" + name));
}

std::expected<void, IndexFailure> Index::rebuild(const Journal& journal, Log& log, IndexOptions options) {
  assume(on_index);  // The caller holds the store's lock, and no thread runs.
  Disk& disk = journal.disk();
  const std::string folder = options.folder;
  options.folder += ".new";
  remove(disk, options.folder);
  auto made = open(journal, log, options);
  if (!made) return std::unexpected(made.error());
  while (true) {
    const auto step = (*made)->step(nullptr);
    if (!step) return std::unexpected(step.error());
    if (!step->more) break;
  }
  if (auto durable = (*made)->make_durable(); !durable) return durable;
  made->reset();  // Closes it: the WAL goes into the database.
  remove(disk, folder);
  if (!disk.rename(options.folder, folder)) {
    return std::unexpected(
        IndexFailure{IndexError::weather, "the index: the new one could not take the old one's place"});
  }
  return {};
}

std::expected<Index::Step, IndexFailure> Index::step(DeliveryFeed* feed) {
  return impl_->step(feed);
}
JournalPlace Index::place() const {
  return impl_->place;
}
std::uint64_t Index::duplicates() const {
  return static_cast<std::uint64_t>(impl_->duplicates);
}
std::uint64_t Index::conflicts() const {
  return static_cast<std::uint64_t>(impl_->conflicts);
}
Time Index::newest() const {
  return impl_->newest;
}
std::expected<void, IndexFailure> Index::make_durable() {
  return impl_->checkpoint(true);
}
JournalPlace Index::durable() const {
  return impl_->durable;
}
std::shared_ptr<const Runs> Index::keys() const {
  return impl_->keys;
}
std::shared_ptr<const Runs> Index::names() const {
  return impl_->names;
}

std::expected<void, IndexFailure> Index::flush_keys(Sequence sequence) {
  if (impl_->flushed.next >= sequence) return {};
  return impl_->flush_keys();
}

}  // namespace creel::store
