#include "app/config_toml.h"

namespace {
// The library asserts some things of a file that not every malformed file keeps to ("[,", "x =
// 2020-01-01T."), and finds the mistake by itself right behind the assertion. A file must not end a gateway
// that was asked to read it again: what did not hold is noted, and such a file is refused in any case.
thread_local bool is_assertion_broken = false;
}  // namespace

#undef NDEBUG  // with it the library assumes what it does not assert
#define TOML_ASSERT(holds) static_cast<void>((holds) || (is_assertion_broken = true))
#define TOML_EXCEPTIONS 0
#define TOML_UNRELEASED_FEATURES 0
// Of a letter like "é" where none may stand it takes two cases for all there are; either says no.
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wignored-attributes"
#pragma clang attribute push(__attribute__((no_sanitize("unreachable"))), apply_to = function)
#endif
#include <toml++/toml.h>
#ifdef __clang__
#pragma clang attribute pop
#pragma clang diagnostic pop
#endif

#include <algorithm>
#include <utility>

namespace creel {
namespace {

Place place_of(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

std::optional<std::chrono::sys_seconds> moment(const toml::date_time& time) {
  namespace chr = std::chrono;
  const chr::year_month_day date{chr::year(time.date.year), chr::month(time.date.month),
                                 chr::day(time.date.day)};
  if (!time.offset) return std::nullopt;
  return chr::sys_days(date) + chr::hours(time.time.hour) + chr::minutes(time.time.minute) +
         chr::seconds(time.time.second) - chr::minutes(time.offset->minutes);
}

TomlNode converted(const toml::node& node) {
  TomlNode result;
  result.place = place_of(node.source());
  if (const auto* table = node.as_table()) {
    TomlNode::Table entries;
    for (const auto& [key, child] : *table) {
      entries.push_back({std::string(key.str()), place_of(key.source()), converted(child)});
    }
    // The library sorts by name; people read their file from top to bottom.
    std::ranges::sort(entries, {}, &TomlEntry::place);
    result.value = std::move(entries);
  } else if (const auto* array = node.as_array()) {
    TomlNode::Array nodes;
    for (const auto& child : *array)
      nodes.push_back(converted(child));
    result.value = std::move(nodes);
  } else if (const auto* text = node.as_string()) {
    result.value = text->get();
  } else if (const auto* integer = node.as_integer()) {
    result.value = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    result.value = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    result.value = boolean->get();
  } else if (const auto* time = node.as_date_time(); time && moment(time->get())) {
    result.value = *moment(time->get());
  } else {
    result.value = TomlNode::Other{};
  }
  return result;
}

}  // namespace

std::string_view kind_name(const TomlNode& node) {
  switch (node.value.index()) {
    case 0:
      return "a table";
    case 1:
      return "an array";
    case 2:
      return "a string";
    case 3:
      return "an integer";
    case 4:
      return "a number";
    case 5:
      return "a boolean";
    default:
      return "a date or time";
  }
}

std::expected<TomlNode, TomlError> parse_toml(std::string_view text) {
  is_assertion_broken = false;
  const toml::parse_result result = toml::parse(text);
  const bool is_refused = std::exchange(is_assertion_broken, false);
  if (!result) {
    return std::unexpected(
        TomlError{place_of(result.error().source()), std::string(result.error().description())});
  }
  if (is_refused) return std::unexpected(TomlError{{}, "this is no TOML"});
  return converted(result.table());
}

}  // namespace creel
