// JSON as the commands see it: a small value that keeps the order of its members.
//
// Parsing is Boost.JSON's, in json.cc alone. Where a name stands twice the last one counts; nothing here
// decides whether a webhook is genuine.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace creel::cli {

struct Json {
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> value =
      nullptr;

  static std::optional<Json> parse(std::string_view text);
  static Json object() { return {Object{}}; }
  static Json array() { return {Array{}}; }
  static Json of(std::string_view text) { return {std::string(text)}; }
  static Json of(std::int64_t number) { return {number}; }
  static Json of(int number) { return {std::int64_t{number}}; }
  // Not a plain bool, which a literal text would rather become than a string_view.
  static Json of(std::same_as<bool> auto truth) { return {truth}; }

  // Of an object; nothing, "" or 0 when there is no such member or this is no object.
  const Json* find(std::string_view name) const;
  Json* find(std::string_view name);
  std::string text(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  const Array& items(std::string_view name) const;
  bool is_true(std::string_view name) const;
  // Appends or replaces; this becomes an object if it is none. Returns *this.
  Json& set(std::string_view name, Json member);

  const std::string* as_text() const { return std::get_if<std::string>(&value); }
  const Array* as_array() const { return std::get_if<Array>(&value); }

  std::string dump() const;  // on one line
};

}  // namespace creel::cli
