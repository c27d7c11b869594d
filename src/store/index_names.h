// The names of sources, types, destinations and secrets, which rows hold as numbers.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/index_sql.h"

namespace creel::store {

enum class NameKind : std::uint8_t { source = 1, type = 2, destination = 3, secret = 4 };

class Names {
 public:
  // Reads what the database has. Errors stay in the database.
  explicit Names(Database& database);

  // Its number; a new name is written to the database at once, in the transaction under way. Numbers count
  // from 1.
  std::uint32_t number(NameKind kind, std::string_view name);
  std::optional<std::uint32_t> find(NameKind kind, std::string_view name) const;
  // Good as long as the object; "" for a number that was never given. Looks into the database for numbers
  // that another connection has given since.
  std::string_view text(std::uint32_t number);
  // Reads what has come since.
  void refresh();
  // Every name of a kind, with its number.
  void each(NameKind kind, const std::function<void(std::uint32_t, std::string_view)>& visit) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Map = std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>>;

  Statement insert_, load_;
  Map maps_[4];
  std::deque<std::string> texts_;  // by number, from 1
};

}  // namespace creel::store
