#include "store/index_schema.h"

namespace creel::store {
namespace {

// Version 2. Times are milliseconds since 1970. An event's id is its place in the journal: sequence << 16 |
// item.
constexpr const char* kSchema = R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- How far the journal has been read, and what that amounts to. One row, written with every transaction.
CREATE TABLE progress (
  id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,       -- the last record that is in the index
  segment INTEGER NOT NULL,        -- where the record after it begins
  offset INTEGER NOT NULL,
  newest INTEGER NOT NULL,         -- the latest time of receipt seen
  floor INTEGER NOT NULL,          -- records before this one have been removed
  events INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,      -- duplicates that brought other bytes
  -- Before this place all hashes are in runs; those of later records are read from the journal at open.
  flushed_sequence INTEGER NOT NULL, flushed_segment INTEGER NOT NULL, flushed_offset INTEGER NOT NULL,
  -- While not passed, the index is being made anew out of a journal that had removed records.
  foreseen_upto INTEGER NOT NULL
);

-- Sources (1), types (2), destinations (3) and labels of secrets (4), so that rows hold a number.
CREATE TABLE names (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL);

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  type INTEGER NOT NULL,
  received INTEGER NOT NULL,
  occurred INTEGER,                -- before the time of receipt, by so much
  segment INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL,
  deliveries BLOB NOT NULL         -- index_row.h
);
CREATE INDEX events_by_type ON events (type, id);

-- What is to be delivered, in order of time, by destination.
CREATE TABLE pending (
  destination INTEGER NOT NULL, due INTEGER NOT NULL, event INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  PRIMARY KEY (destination, due, event, ordinal)
) WITHOUT ROWID;

-- What is dead or cancelled, so that it is found among the many that are delivered.
CREATE TABLE settled (
  destination INTEGER NOT NULL, state INTEGER NOT NULL, event INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  PRIMARY KEY (destination, state, event, ordinal)
) WITHOUT ROWID;

CREATE TABLE counts (
  destination INTEGER NOT NULL, state INTEGER NOT NULL, deliveries INTEGER NOT NULL,
  PRIMARY KEY (destination, state)
) WITHOUT ROWID;

-- Attempts that failed, and successes that were followed by a retry. Only the newest failure of a delivery has its reply.
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  event INTEGER NOT NULL, destination INTEGER NOT NULL, ordinal INTEGER NOT NULL, number INTEGER NOT NULL,
  started INTEGER NOT NULL, took INTEGER NOT NULL, result INTEGER NOT NULL, status INTEGER NOT NULL,
  error TEXT NOT NULL, reply BLOB NOT NULL,
  cause INTEGER NOT NULL,  -- why it was made
  dns INTEGER NOT NULL, connect INTEGER NOT NULL, tls INTEGER NOT NULL, first_byte INTEGER NOT NULL  -- microseconds
);
CREATE INDEX attempts_by_event ON attempts (event, destination, ordinal, number);

-- Dedupe keys that have outlived their events. The id is the place of the key in its record, as an event's is.
CREATE TABLE kept_keys (id INTEGER PRIMARY KEY, received INTEGER NOT NULL);

-- Events that were dropped as duplicates, and where what they repeat stands (0 when it is gone).
CREATE TABLE dropped (id INTEGER PRIMARY KEY, original INTEGER NOT NULL);

-- Events that were copied forward: the copy's record, and that of the original.
CREATE TABLE copies (sequence INTEGER PRIMARY KEY, original INTEGER NOT NULL);

-- What operators have set.
CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- The run files (runs.h), which are valid only when listed here. The kind is 1 for keys and 2 for names.
CREATE TABLE runs (
  kind INTEGER NOT NULL, id INTEGER NOT NULL, level INTEGER NOT NULL, entries INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;

-- What the journal's segments hold, so that one can go.
CREATE TABLE segments (
  id INTEGER PRIMARY KEY,
  first INTEGER NOT NULL, last INTEGER NOT NULL,  -- sequences
  newest INTEGER NOT NULL,                        -- the latest time in it: of receipt, or of a change
  uses BLOB NOT NULL                              -- index_row.h: what each secret verified
);

INSERT INTO progress VALUES (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO meta VALUES ('schema', 2);
)sql";

}  // namespace

std::expected<void, SchemaError> prepare_schema(Database& database) {
  const auto tables = database.ask("SELECT count(*) FROM sqlite_master WHERE name = 'meta'");
  if (!database.ok()) return std::unexpected(SchemaError::broken);
  std::int64_t version = 0;
  if (tables.value_or(0) != 0) {
    version = database.ask("SELECT value FROM meta WHERE name = 'schema'").value_or(0);
    if (!database.ok() || version < 1) return std::unexpected(SchemaError::broken);
  }
  if (version > kIndexSchema) return std::unexpected(SchemaError::newer);

  if (version != 0 && version < kIndexSchema) return std::unexpected(SchemaError::older);
  if (version == 0) {
    database.execute("BEGIN IMMEDIATE");
    database.execute(kSchema);
    database.execute("COMMIT");
  }
  if (!database.ok()) return std::unexpected(SchemaError::broken);
  return {};
}

void configure_writer(Database& database) {
  database.execute("PRAGMA journal_mode = WAL");
  database.execute("PRAGMA synchronous = NORMAL");
  // One connection checkpoints, when it chooses: two at once can corrupt the file in SQLite 3.40.
  database.execute("PRAGMA wal_autocheckpoint = 0");
  database.execute("PRAGMA cache_size = -16384");
  database.execute("PRAGMA temp_store = MEMORY");
  // Debian's SQLite overwrites what is deleted. Here these are numbers, and a row of `pending` goes each
  // time.
  database.execute("PRAGMA secure_delete = OFF");
  database.execute("PRAGMA journal_size_limit = 16777216");
}

void configure_reader(Database& database) {
  database.execute("PRAGMA query_only = 1");
  database.execute("PRAGMA cache_size = -4096");
  database.execute("PRAGMA temp_store = MEMORY");
  // A reader waits for nobody but the moment in which the writer starts the WAL anew.
  database.execute("PRAGMA busy_timeout = 1000");
}

}  // namespace creel::store
