#include "app/config_section.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/units.h"
#include "verify/timestamp.h"

namespace creel {
namespace {

const TomlNode::Table& table_of(const TomlNode& node) {
  static const TomlNode::Table kNone;
  const auto* table = std::get_if<TomlNode::Table>(&node.value);
  return table ? *table : kNone;
}

}  // namespace

void ConfigProblems::add(bool is_warning, Place place, std::string message) {
  const auto order = [](const ConfigProblem& problem) {
    return std::pair(problem.place.line == 0, problem.place);
  };
  ConfigProblem problem{is_warning, place.line > 0 ? file_ : std::string{}, place, std::move(message)};
  const auto position = std::ranges::upper_bound(problems_, order(problem), {}, order);
  problems_.insert(position, std::move(problem));
}

bool ConfigProblems::has_errors() const {
  return !std::ranges::all_of(problems_, &ConfigProblem::is_warning);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string_view meant = nearest(word, candidates);
  return meant.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", meant);
}

Section::Section(const TomlNode& node, std::string title, const std::vector<std::string_view>& keys,
                 const Outside& outside, ConfigProblems& problems)
    : node_(node), title_(std::move(title)), outside_(outside), problems_(problems) {
  if (!std::holds_alternative<TomlNode::Table>(node.value)) {
    problems_.error(node.place, fmt::format("{} must be a table, not {}", title_, kind_name(node)));
  }
  for (const TomlEntry& entry : entries()) {
    if (std::ranges::find(keys, entry.name) != keys.end()) continue;
    const std::string where = title_.empty() ? std::string{} : " in " + title_;
    problems_.error(entry.place,
                    fmt::format("unknown key \"{}\"{}{}", entry.name, where, did_you_mean(entry.name, keys)));
  }
}

std::span<const TomlEntry> Section::entries() const {
  return table_of(node_);
}

const TomlNode* Section::find(std::string_view key) const {
  const auto& all = table_of(node_);
  const auto found = std::ranges::find(all, key, &TomlEntry::name);
  return found == all.end() ? nullptr : &found->node;
}

Place Section::place(std::string_view key) const {
  const TomlNode* node = find(key);
  return node ? node->place : node_.place;
}

void Section::wrong_kind(std::string_view key, const TomlNode& node, std::string_view wanted) {
  problems_.error(node.place, fmt::format("{} must be {}, not {}", key, wanted, kind_name(node)));
}

void Section::unknown_word(std::string_view key, const ConfigText& given,
                           const std::vector<std::string_view>& words) {
  problems_.error(given.place, fmt::format("{} cannot be \"{}\"; it is one of {}{}", key, given.text,
                                           fmt::join(words, ", "), did_you_mean(given.text, words)));
}

std::optional<ConfigText> Section::expanded(std::string_view what, const TomlNode& node, LoneDollar lone) {
  const auto* raw = std::get_if<std::string>(&node.value);
  if (!raw) {
    wrong_kind(what, node, "a string");
    return std::nullopt;
  }
  auto text = expand(*raw, outside_, lone);
  if (!text) {
    problems_.error(node.place, text.error());
    return std::nullopt;
  }
  return ConfigText{*std::move(text), node.place, std::string(expression_name(*raw))};
}

std::optional<ConfigText> Section::text(std::string_view key) {
  const TomlNode* node = find(key);
  return node ? expanded(key, *node) : std::nullopt;
}

std::vector<ConfigText> Section::texts(std::string_view key) {
  std::vector<ConfigText> texts;
  const TomlNode* node = find(key);
  if (!node) return texts;
  const auto* array = std::get_if<TomlNode::Array>(&node->value);
  if (!array) {
    wrong_kind(key, *node, "an array of strings");
    return texts;
  }
  for (const TomlNode& element : *array) {
    if (auto text = expanded(fmt::format("every element of {}", key), element))
      texts.push_back(*std::move(text));
  }
  return texts;
}

std::vector<ConfigText> Section::one_or_more(std::string_view key) {
  const TomlNode* node = find(key);
  if (!node || std::holds_alternative<TomlNode::Array>(node->value)) return texts(key);
  std::vector<ConfigText> texts;
  if (auto only = expanded(key, *node)) texts.push_back(*std::move(only));
  return texts;
}

void Section::time(std::string_view key, std::optional<std::chrono::sys_seconds>& into) {
  const TomlNode* node = find(key);
  if (!node) return;
  if (const auto* time = std::get_if<std::chrono::sys_seconds>(&node->value)) {
    into = *time;
    return;
  }
  std::optional<std::chrono::sys_seconds> read;
  if (std::holds_alternative<std::string>(node->value)) {
    const auto given = expanded(key, *node);
    if (!given) return;
    read = parse_iso_8601(given->text);
  }
  if (!read) {
    problems_.error(node->place,
                    fmt::format("{} must be a time with its zone, such as 2026-12-01T00:00:00Z", key));
  }
  into = read;
}

void Section::duration(std::string_view key, std::chrono::milliseconds& into,
                       std::chrono::milliseconds at_least) {
  const auto given = text(key);
  if (!given) return;
  const auto value = parse_duration(given->text);
  if (!value) {
    problems_.error(given->place, fmt::format("{}: {}", key, value.error()));
  } else if (*value < at_least) {
    problems_.error(given->place, fmt::format("{} must be at least {}", key, duration_text(at_least)));
  } else {
    into = *value;
  }
}

void Section::duration(std::string_view key, std::chrono::seconds& into, std::chrono::seconds at_least) {
  std::chrono::milliseconds value = into;
  duration(key, value, at_least);
  if (value % std::chrono::seconds(1) != std::chrono::milliseconds::zero()) {
    problems_.error(place(key), fmt::format("{} must be a whole number of seconds", key));
    return;
  }
  into = std::chrono::floor<std::chrono::seconds>(value);
}

void Section::size(std::string_view key, std::uint64_t& into, std::uint64_t at_least, std::uint64_t at_most) {
  const auto given = text(key);
  if (!given) return;
  const auto value = parse_size(given->text);
  if (!value) {
    problems_.error(given->place, fmt::format("{}: {}", key, value.error()));
  } else if (*value < at_least || *value > at_most) {
    problems_.error(given->place,
                    fmt::format("{} must be from {} to {}", key, size_text(at_least), size_text(at_most)));
  } else {
    into = *value;
  }
}

void Section::integer(std::string_view key, std::int64_t& into, std::int64_t at_least, std::int64_t at_most) {
  const TomlNode* node = find(key);
  if (!node) return;
  const auto* value = std::get_if<std::int64_t>(&node->value);
  if (!value) {
    wrong_kind(key, *node, "an integer");
  } else if (*value < at_least || *value > at_most) {
    problems_.error(node->place, fmt::format("{} must be from {} to {}", key, at_least, at_most));
  } else {
    into = *value;
  }
}

void Section::number(std::string_view key, double& into, double at_least, double at_most) {
  const TomlNode* node = find(key);
  if (!node) return;
  double value = 0;
  if (const auto* integer = std::get_if<std::int64_t>(&node->value)) {
    value = static_cast<double>(*integer);
  } else if (const auto* number = std::get_if<double>(&node->value)) {
    value = *number;
  } else {
    wrong_kind(key, *node, "a number");
    return;
  }
  // Written so that a NaN fails too.
  if (!(value >= at_least && value <= at_most)) {
    problems_.error(node->place, fmt::format("{} must be from {} to {}", key, at_least, at_most));
    return;
  }
  into = value;
}

void Section::boolean(std::string_view key, bool& into) {
  const TomlNode* node = find(key);
  if (!node) return;
  if (const auto* value = std::get_if<bool>(&node->value)) {
    into = *value;
  } else {
    wrong_kind(key, *node, "true or false");
  }
}

}  // namespace creel
