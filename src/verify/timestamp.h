// The text of a timestamp header, and the times inside bodies.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace creel {

// One to twelve ASCII digits without a leading zero: there is one text for each time.
std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept;

// What one or another of OpenAI's SDKs reads as a number: white space around it, a sign, leading zeros,
// underscores between digits, and anything after the digits. Numbers beyond 64 bits saturate, so that they
// are outside any window.
std::optional<std::int64_t> parse_timestamp_as_sdks(std::string_view text) noexcept;

// "2022-11-03T20:26:10.344522Z" or "2022-11-03 20:26:10 UTC": with a zone, and with or without a fraction,
// which is dropped. Nothing for any other text.
std::optional<std::chrono::sys_seconds> parse_iso_8601(std::string_view text) noexcept;

// "Mon, 16 Aug 2010 03:45:01 +0000", as mail and some older interfaces write it. The day's name is not looked
// at.
std::optional<std::chrono::sys_seconds> parse_rfc_5322(std::string_view text) noexcept;

// Seconds since 1970, or milliseconds where the number is too large for seconds (1e11 and more). What is left
// of a second is dropped. Nothing before 1970 or after the year 9999.
std::optional<std::chrono::sys_seconds> time_of_number(double number) noexcept;
std::optional<std::chrono::sys_seconds> time_of_number(std::int64_t number) noexcept;

// Any of these, told apart by their look; digits are read as the number. Nothing before 1970 or after 9999.
std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) noexcept;

}  // namespace creel
