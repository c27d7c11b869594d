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

// "2022-11-03T20:26:10.344522Z", with a zone and with or without a fraction, which is dropped. Nothing for
// any other text.
std::optional<std::chrono::sys_seconds> parse_iso_8601(std::string_view text) noexcept;

}  // namespace creel
