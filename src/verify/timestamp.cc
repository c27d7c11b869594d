#include "verify/timestamp.h"

#include <limits>

namespace creel {
namespace {

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

// "Z", "+02:00" or "-0330": what has to be subtracted to get UTC.
std::optional<std::chrono::minutes> take_zone(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return std::chrono::minutes(0);
  const bool is_east = take(text, '+');
  if (!is_east && !take(text, '-')) return std::nullopt;
  const auto hours = take_number(text, 2);
  take(text, ':');
  const auto minutes = take_number(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return is_east ? offset : -offset;
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
  namespace chr = std::chrono;
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || (!take(text, 'T') && !take(text, 't') && !take(text, ' '))) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || !take(text, ':')) return std::nullopt;
  const auto seconds = take_number(text, 2);
  if (!seconds) return std::nullopt;
  if (take(text, '.')) {
    if (!take_number(text, 1)) return std::nullopt;
    while (take_number(text, 1)) {
    }
  }
  const auto zone = take_zone(text);
  const chr::year_month_day date{chr::year(*year), chr::month(static_cast<unsigned>(*month)),
                                 chr::day(static_cast<unsigned>(*day))};
  if (!zone || !text.empty() || !date.ok() || *hours > 23 || *minutes > 59 || *seconds > 60)
    return std::nullopt;
  return chr::sys_days(date) + chr::hours(*hours) + chr::minutes(*minutes) + chr::seconds(*seconds) - *zone;
}

}  // namespace creel
