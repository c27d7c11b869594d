#include "app/config_filter.h"

#include <fmt/format.h>

#include <cmath>

#include "rules/filter.h"

namespace creel {
namespace {

std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      json += c;
    }
  }
  return json + '"';
}

// Writes a table as JSON, with the texts expanded.
class JsonWriter {
 public:
  explicit JsonWriter(Section& route) : route_(route) {}

  bool write(const TomlNode& node) {
    if (const auto* table = std::get_if<TomlNode::Table>(&node.value)) return write_table(*table);
    if (const auto* array = std::get_if<TomlNode::Array>(&node.value)) return write_array(*array);
    if (std::holds_alternative<std::string>(node.value)) {
      const auto text = route_.expanded("filter", node, LoneDollar::stays);
      if (text) json_ += json_text(text->text);
      return text.has_value();
    }
    if (const auto* integer = std::get_if<std::int64_t>(&node.value)) {
      json_ += std::to_string(*integer);
    } else if (const auto* number = std::get_if<double>(&node.value); number && std::isfinite(*number)) {
      json_ += fmt::format("{}", *number);
    } else if (const auto* boolean = std::get_if<bool>(&node.value)) {
      json_ += *boolean ? "true" : "false";
    } else {
      const std::string_view what =
          std::holds_alternative<double>(node.value) ? "inf or nan" : "date or time";
      route_.problems().error(
          node.place,
          fmt::format("filter: JSON has no {}; write it as a text, as it stands in events", what));
      return false;
    }
    return true;
  }
  std::string take() && { return std::move(json_); }

 private:
  bool write_table(const TomlNode::Table& table) {
    bool is_good = true, is_first = true;
    json_ += '{';
    for (const TomlEntry& entry : table) {
      if (!std::exchange(is_first, false)) json_ += ',';
      json_ += json_text(entry.name) + ':';
      is_good &= write(entry.node);
    }
    json_ += '}';
    return is_good;
  }

  bool write_array(const TomlNode::Array& array) {
    bool is_good = true, is_first = true;
    json_ += '[';
    for (const TomlNode& element : array) {
      if (!std::exchange(is_first, false)) json_ += ',';
      is_good &= write(element);
    }
    json_ += ']';
    return is_good;
  }

  Section& route_;
  std::string json_;
};

// Where the key stands that a filter's error names, or the deepest one on the way that is there.
Place place_of(const TomlNode& node, std::string_view where, Place place) {
  if (where.starts_with('.')) where.remove_prefix(1);
  if (where.empty()) return place;
  const auto leads = [&](std::string_view name) {
    return !name.empty() && where.starts_with(name) &&
           (where.size() == name.size() || where[name.size()] == '.');
  };
  if (const auto* table = std::get_if<TomlNode::Table>(&node.value)) {
    for (const TomlEntry& entry : *table) {
      if (leads(entry.name)) return place_of(entry.node, where.substr(entry.name.size()), entry.place);
    }
  } else if (const auto* array = std::get_if<TomlNode::Array>(&node.value)) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      const std::string name = std::to_string(i);
      if (leads(name)) return place_of((*array)[i], where.substr(name.size()), (*array)[i].place);
    }
  }
  return place;
}

}  // namespace

std::optional<std::string> read_filter(Section& route) {
  const TomlNode* node = route.find("filter");
  if (!node) return "";
  const bool is_table = std::holds_alternative<TomlNode::Table>(node->value);
  std::string json;
  if (is_table) {
    JsonWriter writer(route);
    if (!writer.write(*node)) return std::nullopt;
    json = std::move(writer).take();
  } else if (std::holds_alternative<std::string>(node->value)) {
    auto text = route.expanded("filter", *node, LoneDollar::stays);
    if (!text) return std::nullopt;
    json = std::move(text->text);
  } else {
    route.problems().error(node->place,
                           fmt::format("filter must be a table or a JSON text, not {}", kind_name(*node)));
    return std::nullopt;
  }
  const auto filter = Filter::parse(json);
  if (filter) return json;
  const FilterError& error = filter.error();
  const std::string where = error.where.empty() ? "" : error.where + ": ";
  route.problems().error(is_table ? place_of(*node, error.where, node->place) : node->place,
                         fmt::format("filter: {}{}", where, error.message));
  return std::nullopt;
}

}  // namespace creel
