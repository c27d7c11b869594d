#include "app/config_route.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/config_filter.h"
#include "rules/transform.h"

namespace creel {
namespace {

std::vector<std::string> read_list(Section& from, std::string_view key, std::vector<Place>& places) {
  std::vector<std::string> texts;
  for (ConfigText& each : from.one_or_more(key)) {
    texts.push_back(std::move(each.text));
    places.push_back(each.place);
  }
  return texts;
}

bool is_empty_list(const TomlNode* node) {
  const auto* array = node ? std::get_if<TomlNode::Array>(&node->value) : nullptr;
  return array && array->empty();
}

std::vector<std::string> read_names(Section& from, std::string_view key, std::vector<Place>& places) {
  if (!from.has(key) || is_empty_list(from.find(key)))
    from.problems().error(from.place(key), fmt::format("a route needs names in {}", key));
  return read_list(from, key, places);
}

std::string_view line_of(std::string_view text, int number) {
  for (; number > 1; --number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Where a line of the script stands in the file, when it stands there as it is: not behind an escape, and not
// moved by what was put in before it.
Place place_of_line(std::string_view file, Place value, std::string_view script, int number) {
  std::string_view line = line_of(script, number);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.empty()) return value;
  // The text begins where its quotes end, or on the next line when nothing follows them.
  const std::string_view first = line_of(file, value.line);
  const auto column = std::min(static_cast<std::size_t>(std::max(value.column, 1)) - 1, first.size());
  const std::string_view opening = first.substr(column);
  const bool begins_below = opening == "'''" || opening == "\"\"\"";
  const int there = value.line + number - (begins_below ? 0 : 1);
  const std::size_t found = line_of(file, there).find(line);
  return found == std::string_view::npos ? value : Place{there, static_cast<int>(found) + 1};
}

void read_transform(Section& from, std::string_view file, ReadRoute& read) {
  const TomlNode* node = from.find("transform");
  if (!node) return;
  read.places.transform = node->place;
  // Lua writes a $ in its patterns.
  auto given = from.expanded("transform", *node, LoneDollar::stays);
  if (!given) return;
  if (given->text.find_first_not_of(" \t\r\n") == std::string::npos) {
    from.problems().error(given->place, "transform is empty: leave it out when events go as they are");
    return;
  }
  const auto compiled = Transform::compile(given->text);
  if (!compiled) {
    const TransformError& error = compiled.error();
    const bool is_inline = given->origin.empty() && error.line > 0;
    const std::string origin = given->origin.empty() ? "" : fmt::format(" ({})", given->origin);
    from.problems().error(
        is_inline ? place_of_line(file, given->place, given->text, error.line) : given->place,
        fmt::format("transform{}: {}", origin, error.message));
  }
  read.route.transform = std::move(given->text);
}

// Names stand in paths and tables: plain letters only.
void read_name(Section& from, ReadRoute& read) {
  const auto given = from.text("name");
  read.places.name = given ? given->place : read.places.whole;
  if (!given) return;
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (given->text.empty() || given->text.size() > 64 || !std::ranges::all_of(given->text, is_plain)) {
    from.problems().error(given->place, "a name is made of 1 to 64 letters, digits, - and _");
  } else {
    read.route.name = given->text;
  }
}

}  // namespace

ReadRoute read_route(const TomlNode& node, std::size_t number, std::string_view file, const Outside& outside,
                     ConfigProblems& problems) {
  Section from(node, "[[routes]]", {"name", "from", "types", "filter", "transform", "to"}, outside, problems);
  ReadRoute read;
  read.route.name = fmt::format("route {}", number);
  read.places.whole = node.place;
  if (!std::holds_alternative<TomlNode::Table>(node.value)) return read;
  read_name(from, read);
  read.route.from = read_names(from, "from", read.places.from);
  read.route.types = read_list(from, "types", read.places.types);
  if (is_empty_list(from.find("types")))
    problems.error(from.place("types"), "types is empty: leave it out when a route takes all types");
  read.route.filter = read_filter(from).value_or("");
  read_transform(from, file, read);
  read.route.to = read_names(from, "to", read.places.to);
  return read;
}

}  // namespace creel
