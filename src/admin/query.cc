#include "admin/query.h"

#include <algorithm>

namespace creel::admin {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string percent_decoded(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

Query::Query(std::string_view text) {
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
    if (field.empty()) continue;
    const std::size_t equals = field.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1);
    parameters_.emplace_back(percent_decoded(field.substr(0, equals), true), percent_decoded(value, true));
  }
}

std::string_view Query::get(std::string_view name) const {
  for (const auto& [each, value] : parameters_) {
    if (each == name) return value;
  }
  return {};
}

bool Query::has(std::string_view name) const {
  return std::ranges::any_of(parameters_, [&](const auto& parameter) { return parameter.first == name; });
}

std::vector<std::string> Query::list(std::string_view name) const {
  std::vector<std::string> parts;
  for (const auto& [each, value] : parameters_) {
    if (each != name) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      if (!part.empty()) parts.emplace_back(part);
    }
  }
  return parts;
}

std::optional<std::string_view> Query::unknown(const std::vector<std::string_view>& known) const {
  for (const auto& [name, value] : parameters_) {
    if (std::ranges::find(known, name) == known.end()) return name;
  }
  return std::nullopt;
}

}  // namespace creel::admin
