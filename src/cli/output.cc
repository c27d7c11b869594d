#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <ostream>

#include "core/text.h"

namespace creel::cli {
namespace {

// How many columns a UTF-8 text takes, near enough: one a code point.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t columns) {
  const std::size_t taken = width(text);
  return taken < columns ? text + std::string(columns - taken, ' ') : text;
}

}  // namespace

void Table::print(std::ostream& out, std::string_view indent, bool drops_empty) const {
  std::vector<std::vector<std::string>> safe;
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    auto& line = safe.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.push_back(displayed(row[i]));
      widths[i] = std::max(widths[i], width(line.back()));
    }
  }
  const auto is_empty = [&](std::size_t column) {
    return std::ranges::all_of(safe.begin() + 1, safe.end(),
                               [column](const auto& row) { return row[column].empty(); });
  };
  for (std::size_t i = widths.size(); drops_empty && i-- > 0;) {
    if (!is_empty(i)) continue;
    for (auto& row : safe)
      row.erase(row.begin() + static_cast<std::ptrdiff_t>(i));
    widths.erase(widths.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (const auto& row : safe) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i + 1 < row.size() ? padded(row[i], widths[i] + 2) : row[i];
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

void print_fields(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& fields) {
  std::size_t columns = 0;
  for (const auto& [name, value] : fields)
    columns = std::max(columns, width(name));
  for (const auto& [name, value] : fields)
    out << padded(name, columns + 2) << displayed(value, 4096) << '\n';
}

std::string local_time(std::string_view rfc3339) {
  std::tm utc{};
  const std::string text(rfc3339.substr(0, 19));
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (!end || *end != '\0' || !rfc3339.ends_with('Z')) return std::string(rfc3339);
  const std::time_t seconds = timegm(&utc);
  std::tm local{};
  localtime_r(&seconds, &local);
  const long minutes = local.tm_gmtoff / 60;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}", local.tm_year + 1900,
                     local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
                     minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
}

std::string rough_duration(std::chrono::microseconds duration) {
  const std::int64_t us = duration.count();
  if (us < 1000) return fmt::format("{} µs", us);
  if (us < 10'000) return fmt::format("{:.1f} ms", static_cast<double>(us) / 1e3);
  if (us < 1'000'000) return fmt::format("{} ms", us / 1000);
  if (us < 60'000'000) return fmt::format("{:.2f} s", static_cast<double>(us) / 1e6);
  const std::int64_t seconds = us / 1'000'000, minutes = seconds / 60, hours = minutes / 60;
  if (minutes < 60) return fmt::format("{} min {} s", minutes, seconds % 60);
  if (hours < 48) return fmt::format("{} h {} min", hours, minutes % 60);
  return fmt::format("{} days", hours / 24);
}

std::string rough_seconds(std::chrono::seconds duration) {
  if (duration < std::chrono::minutes(1)) return fmt::format("{} s", duration.count());
  return rough_duration(std::chrono::microseconds(duration));
}

std::string shell_word(std::string_view name) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,";
  if (!name.empty() && name.find_first_not_of(kPlain) == name.npos) return std::string(name);
  std::string word = "'";
  for (const char character : name) {
    if (character == '\'') word += "'\\'";
    word += character;
  }
  return word + "'";
}

std::string shown(const Json* value) {
  if (!value || std::holds_alternative<std::nullptr_t>(value->value)) return {};
  const std::string* text = value->as_text();
  return text ? *text : value->dump();
}

void complain(std::ostream& err, std::string_view message) {
  err << "creel: " << message << '\n';
}

}  // namespace creel::cli
