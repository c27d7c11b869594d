// A thin roof over SQLite's C functions: a connection, a prepared statement, and errors that stay.
//
//   Database database(path, Database::Access::write);
//   Statement insert(database, "INSERT INTO meta VALUES (?, ?)");
//   insert.run("schema", 1);
//   if (!database.ok()) …
//
// The first error of a connection stays until clear(): whatever is asked after it does nothing. So a
// transaction is written without a check on each line, and looked at once, before its commit. One thread at a
// time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace creel::store {

class Database {
 public:
  enum class Access { write, read };

  // Opens or, to write, makes the file. See ok() for what became of it.
  Database(const std::string& path, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  bool ok() const { return code_ == 0; }
  // The file is not what SQLite wrote: damaged, or no database at all.
  bool corrupt() const;
  // There is no room, or the folder cannot be written. It may pass.
  bool weather() const;
  const std::string& message() const { return message_; }
  void clear();

  void execute(const char* sql);
  // The first column of the first row; nothing when there is none.
  std::optional<std::int64_t> ask(const char* sql);

  sqlite3* handle() const { return handle_; }
  void note(int code);  // Keeps the first error.
  // A row is not what was written there: the database counts as corrupt.
  void note_damage(std::string_view what);

 private:
  sqlite3* handle_ = nullptr;
  int code_ = 0;
  std::string message_;
};

class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Sets the parameters from the first on. Texts and blobs must hold still until the statement is reset.
  template <class... Values>
  Statement& bind(const Values&... values) {
    reset();
    int column = 0;
    (set(++column, values), ...);
    return *this;
  }
  // True while there is a row. False at the end, or after an error: see Database::ok().
  bool step();
  void reset();
  template <class... Values>
  void run(const Values&... values) {
    bind(values...);
    while (step()) {
    }
    reset();
  }

  std::int64_t integer(int column) const;
  std::optional<std::int64_t> maybe(int column) const;
  std::string_view text(int column) const;  // also of a blob; good until the next step

 private:
  void set(int column, std::int64_t value);
  void set(int column, std::uint64_t value) { set(column, static_cast<std::int64_t>(value)); }
  void set(int column, int value) { set(column, static_cast<std::int64_t>(value)); }
  void set(int column, std::uint32_t value) { set(column, static_cast<std::int64_t>(value)); }
  void set(int column, std::optional<std::int64_t> value);
  void set(int column, std::string_view text);
  void set(int column, const char* text) { set(column, std::string_view(text)); }

 public:
  // A parameter that is bytes rather than text.
  struct Bytes {
    std::string_view bytes;
  };

 private:
  void set(int column, Bytes bytes);

  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  bool active_ = false;
};

}  // namespace creel::store
