#include "store/index_sql.h"

#include <sqlite3.h>

namespace creel::store {
namespace {

// Counting memory takes a lock of the whole process around each allocation. Refused, and of no harm, when
// something else has used SQLite before.
void configure_once() {
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(configured);
}

}  // namespace

Database::Database(const std::string& path, Access access) {
  configure_once();
  const int flags =
      access == Access::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  note(sqlite3_open_v2(path.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr));
  if (handle_ != nullptr) sqlite3_extended_result_codes(handle_, 1);
}

Database::~Database() {
  sqlite3_close_v2(handle_);
}

bool Database::corrupt() const {
  const int primary = code_ & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_SCHEMA ||
         primary == SQLITE_ERROR || primary == SQLITE_MISMATCH || primary == SQLITE_CONSTRAINT;
}

bool Database::weather() const {
  const int primary = code_ & 0xff;
  return primary == SQLITE_FULL || primary == SQLITE_IOERR || primary == SQLITE_BUSY ||
         primary == SQLITE_READONLY || primary == SQLITE_CANTOPEN || primary == SQLITE_LOCKED ||
         primary == SQLITE_NOMEM || primary == SQLITE_PERM;
}

void Database::clear() {
  code_ = 0;
  message_.clear();
}

void Database::note(int code) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE || code_ != 0) return;
  code_ = code;
  message_ = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
}

void Database::note_damage(std::string_view what) {
  if (code_ != 0) return;
  code_ = SQLITE_CORRUPT;
  message_ = std::string(what) + " is damaged";
}

void Database::execute(const char* sql) {
  if (!ok()) return;
  note(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr));
}

std::optional<std::int64_t> Database::ask(const char* sql) {
  Statement statement(*this, sql);
  if (!statement.step()) return std::nullopt;
  return statement.maybe(0);
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  if (!database_.ok()) return;
  database_.note(sqlite3_prepare_v3(database_.handle(), sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

bool Statement::step() {
  if (statement_ == nullptr || !database_.ok()) return false;
  active_ = true;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  database_.note(code);
  return false;
}

void Statement::reset() {
  if (active_) sqlite3_reset(statement_);
  active_ = false;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::optional<std::int64_t> Statement::maybe(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string_view Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Statement::set(int column, std::int64_t value) {
  if (statement_ != nullptr) database_.note(sqlite3_bind_int64(statement_, column, value));
}

void Statement::set(int column, std::optional<std::int64_t> value) {
  if (value) return set(column, *value);
  if (statement_ != nullptr) database_.note(sqlite3_bind_null(statement_, column));
}

void Statement::set(int column, std::string_view text) {
  // SQLite takes a null pointer for NULL, so an empty text points at something.
  const char* bytes = text.data() == nullptr ? "" : text.data();
  if (statement_ != nullptr) {
    database_.note(
        sqlite3_bind_text(statement_, column, bytes, static_cast<int>(text.size()), SQLITE_STATIC));
  }
}

void Statement::set(int column, Bytes bytes) {
  const char* data = bytes.bytes.data() == nullptr ? "" : bytes.bytes.data();
  if (statement_ != nullptr) {
    database_.note(
        sqlite3_bind_blob(statement_, column, data, static_cast<int>(bytes.bytes.size()), SQLITE_STATIC));
  }
}

}  // namespace creel::store
