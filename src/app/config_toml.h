// A TOML file as a plain tree that remembers where everything stood.
//
// The only place that knows the TOML library: the tree is small, ordered as the file is, and cheap to
// include.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace creel {

// Where something stands in the file: both count from 1, 0 means nowhere in particular.
struct Place {
  int line = 0;
  int column = 0;

  auto operator<=>(const Place&) const = default;
};

struct TomlEntry;

struct TomlNode {
  using Array = std::vector<TomlNode>;
  using Table = std::vector<TomlEntry>;
  struct Other {};  // a date, or a time without a zone, which no key of ours takes

  Place place;
  std::variant<Table, Array, std::string, std::int64_t, double, bool, Other, std::chrono::sys_seconds> value;
};

struct TomlEntry {
  std::string name;
  Place place;  // of the key
  TomlNode node;
};

// "a string", "a table" …, for messages.
std::string_view kind_name(const TomlNode& node);

struct TomlError {
  Place place;
  std::string message;
};

// The root is a table. Entries are in the order of the file.
std::expected<TomlNode, TomlError> parse_toml(std::string_view text);

}  // namespace creel
