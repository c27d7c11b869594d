#include "verify/timestamp.h"

#include <array>
#include <limits>

namespace creel {
namespace {

constexpr std::int64_t kYear10000 = 253'402'300'800;  // Beyond the calendar a time is of no use.

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Takes exactly `count` digits from the front of the text.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

bool take(std::string_view& text, std::string_view wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(wanted.size());
  return true;
}

// "Z", "UTC", "+02:00" or "-0330": what has to be subtracted to get UTC.
std::optional<std::chrono::minutes> take_zone(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z') || take(text, "UTC") || take(text, "GMT"))
    return std::chrono::minutes(0);
  const bool is_east = take(text, '+');
  if (!is_east && !take(text, '-')) return std::nullopt;
  const auto hours = take_number(text, 2);
  take(text, ':');
  const auto minutes = take_number(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return is_east ? offset : -offset;
}

// "20:26:10", and a fraction that is dropped.
std::optional<std::chrono::seconds> take_time_of_day(std::string_view& text) {
  const auto hours = take_number(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || !take(text, ':')) return std::nullopt;
  const auto seconds = take_number(text, 2);
  if (!seconds || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  if (take(text, '.')) {
    if (!take_number(text, 1)) return std::nullopt;
    while (take_number(text, 1)) {
    }
  }
  return std::chrono::hours(*hours) + std::chrono::minutes(*minutes) + std::chrono::seconds(*seconds);
}

std::optional<int> take_month_name(std::string_view& text) {
  constexpr std::array<std::string_view, 12> kNames{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (take(text, kNames[i])) return static_cast<int>(i) + 1;
  }
  return std::nullopt;
}

struct Date {
  int year, month, day;
};

// A time in its zone, which is what is left of `text`.
std::optional<std::chrono::sys_seconds> finish(Date date, std::chrono::seconds of_day,
                                               std::string_view text) {
  namespace chr = std::chrono;
  const auto zone = take_zone(text);
  const chr::year_month_day day{chr::year(date.year), chr::month(static_cast<unsigned>(date.month)),
                                chr::day(static_cast<unsigned>(date.day))};
  if (!zone || !text.empty() || !day.ok()) return std::nullopt;
  return chr::sys_days(day) + of_day - *zone;
}

// "1750000000", "1750000000123" or "1750000000.5".
std::optional<std::chrono::sys_seconds> parse_digits(std::string_view text) {
  constexpr std::size_t kDigitsMax = 15;  // milliseconds up to the year 9999
  std::int64_t value = 0;
  std::size_t digits = 0;
  while (auto digit = take_number(text, 1)) {
    if (++digits > kDigitsMax) return std::nullopt;
    value = value * 10 + *digit;
  }
  if (digits == 0) return std::nullopt;
  if (take(text, '.')) {
    while (take_number(text, 1)) {
    }
  }
  if (!text.empty()) return std::nullopt;
  return time_of_number(value);
}

}  // namespace

std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept {
  if (text.empty() || text.size() > 12) return std::nullopt;
  if (text.front() == '0' && text.size() > 1) return std::nullopt;
  std::int64_t value = 0;
  for (char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<std::int64_t> parse_timestamp_as_sdks(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  const bool is_negative = take(text, '-');
  if (!is_negative) take(text, '+');
  if (text.empty() || !is_digit(text.front())) return std::nullopt;

  std::int64_t value = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_separator = text[i] == '_' && i + 1 < text.size() && is_digit(text[i + 1]);
    if (is_separator) continue;
    if (!is_digit(text[i])) break;
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    value = value > (kMax - 9) / 10 ? kMax : value * 10 + (text[i] - '0');
  }
  return is_negative ? -value : value;
}

std::optional<std::chrono::sys_seconds> parse_iso_8601(std::string_view text) noexcept {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || (!take(text, 'T') && !take(text, 't') && !take(text, ' '))) return std::nullopt;
  const auto of_day = take_time_of_day(text);
  if (!of_day) return std::nullopt;
  take(text, ' ');
  return finish({*year, *month, *day}, *of_day, text);
}

std::optional<std::chrono::sys_seconds> parse_rfc_5322(std::string_view text) noexcept {
  const std::size_t comma = text.find(',');
  if (comma != text.npos) text.remove_prefix(comma + 1);
  take(text, ' ');
  auto day = take_number(text, 2);
  if (!day) day = take_number(text, 1);
  if (!day || !take(text, ' ')) return std::nullopt;
  const auto month = take_month_name(text);
  if (!month || !take(text, ' ')) return std::nullopt;
  const auto year = take_number(text, 4);
  if (!year || !take(text, ' ')) return std::nullopt;
  const auto of_day = take_time_of_day(text);
  if (!of_day || !take(text, ' ')) return std::nullopt;
  return finish({*year, *month, *day}, *of_day, text);
}

std::optional<std::chrono::sys_seconds> time_of_number(double number) noexcept {
  // The least number of milliseconds that is taken for one is in 1973, the last second in the year 5138.
  constexpr double kMillisecondsMin = 1e11;
  const double seconds = number < kMillisecondsMin ? number : number / 1000;
  if (!(seconds >= 0 && seconds < static_cast<double>(kYear10000))) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

std::optional<std::chrono::sys_seconds> time_of_number(std::int64_t number) noexcept {
  // Whole below 2^53, which is far beyond the calendar.
  return time_of_number(static_cast<double>(number));
}

std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) noexcept {
  auto time = parse_digits(text);
  if (!time) time = parse_iso_8601(text);
  if (!time) time = parse_rfc_5322(text);
  const bool is_in_calendar =
      time && time->time_since_epoch().count() >= 0 && time->time_since_epoch().count() < kYear10000;
  return is_in_calendar ? time : std::nullopt;
}

}  // namespace creel
