#include "deliver/retry_after.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace creel {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// All of `text` as a number of at most nine digits; more digits are as good as nine nines.
std::optional<std::int64_t> number(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  if (text.size() > 9) return 999'999'999;
  std::int64_t value = 0;
  for (const char c : text)
    value = value * 10 + (c - '0');
  return value;
}

std::optional<unsigned> month(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<unsigned>(found - kNames.begin()) + 1;
}

std::optional<std::chrono::seconds> time_of_day(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hour = number(text.substr(0, 2)), minute = number(text.substr(3, 2)),
             second = number(text.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

// The words of a date: everything between spaces, commas and hyphens.
struct Words {
  std::array<std::string_view, 6> word{};
  std::size_t count = 0;
  bool too_many = false;
};
Words split(std::string_view text) {
  Words words;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" ,-"), text.size());
    if (end > 0) {
      if (words.count == words.word.size()) return {.word = {}, .count = 0, .too_many = true};
      words.word[words.count++] = text.substr(0, end);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

struct DateParts {
  std::string_view day, month, year, time;
};

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994". The name
// of the day adds nothing and is not looked at.
std::optional<DateParts> date_parts(std::string_view text) {
  const Words words = split(text);
  const auto& w = words.word;
  if (words.count == 6 && w[5] == "GMT")
    return DateParts{.day = w[1], .month = w[2], .year = w[3], .time = w[4]};
  if (words.count == 5) return DateParts{.day = w[2], .month = w[1], .year = w[4], .time = w[3]};
  return std::nullopt;
}

std::optional<std::chrono::sys_seconds> parse_date(std::string_view text, Time now) {
  const auto parts = date_parts(text);
  if (!parts) return std::nullopt;
  const auto day = number(parts->day), year_number = number(parts->year);
  const auto month_number = month(parts->month);
  const auto time = time_of_day(parts->time);
  if (!day || !year_number || !month_number || !time || *day > 31 || *year_number > 9999) return std::nullopt;

  int year = static_cast<int>(*year_number);
  if (parts->year.size() == 2) {
    // A year of two digits that would be more than 50 years ahead is of the century before (RFC 9110 §5.6.7).
    const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
    const int this_year = static_cast<int>(today.year());
    year += this_year / 100 * 100;
    if (year > this_year + 50) year -= 100;
  }
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(*month_number),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + *time;
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, Time now) {
  value = trimmed(value);
  if (const auto seconds = number(value)) return std::chrono::seconds(*seconds);
  const auto date = parse_date(value, now);
  if (!date) return std::nullopt;
  return std::max(std::chrono::seconds(0), std::chrono::ceil<std::chrono::seconds>(*date - now));
}

}  // namespace creel
