// Tables, times and fields for people to read.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "cli/json.h"

namespace creel::cli {

// Columns as wide as their widest cell, two spaces apart. Whatever came from outside is escaped and cut.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : rows_{std::move(head)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool has_rows() const { return rows_.size() > 1; }
  // A column without a single cell is left out where `drops_empty` says so.
  void print(std::ostream& out, std::string_view indent = {}, bool drops_empty = false) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "name   value" lines, the values in one column.
void print_fields(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& fields);

// "2026-11-23T16:40:00.123Z" as the local "2026-11-23T17:40:00+01:00". Anything else comes back as it is.
std::string local_time(std::string_view rfc3339);

// "35 ms", "1.50 s", "2 min 5 s": roughly, for people.
std::string rough_duration(std::chrono::microseconds duration);
std::string rough_seconds(std::chrono::seconds duration);  // "8 s": without a fraction

// A name as it is typed into a shell: quoted where it has to be.
std::string shell_word(std::string_view name);

// What a person reads of a JSON value: texts without quotes, nothing for null.
std::string shown(const Json* value);

// A message on stderr: "creel: …".
void complain(std::ostream& err, std::string_view message);

}  // namespace creel::cli
