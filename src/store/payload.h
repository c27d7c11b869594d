// How the payloads of all kinds of records write times, short texts and enumerators: shared by the files that
// know a kind each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "store/codec.h"

namespace creel::store {

// Every payload begins with the version of its own form, so that a kind can grow without a new format of the
// journal.
inline constexpr std::uint8_t kForm = 1;

inline void put_time(std::string& into, Time time) {
  put_number(into, std::int64_t{time.time_since_epoch().count()});
}
inline Time take_time(Decoder& from) {
  return Time(std::chrono::milliseconds(from.number<std::int64_t>()));
}

inline bool take_form(Decoder& from) {
  if (from.number<std::uint8_t>() != kForm) from.fail();
  return from.good();
}

template <class Enum>
Enum take_enum(Decoder& from, Enum last) {
  const auto value = from.number<std::uint8_t>();
  if (value > static_cast<std::uint8_t>(last)) from.fail();
  return static_cast<Enum>(value);
}

// A text that is short nearly always: one byte of length, or 255 and four more.
inline void put_text(std::string& into, std::string_view text) {
  if (text.size() < 255) {
    put_number(into, static_cast<std::uint8_t>(text.size()));
    into.append(text);
  } else {
    put_number(into, std::uint8_t{255});
    put_long_text(into, text);
  }
}
inline std::string_view take_text(Decoder& from) {
  const auto bytes = from.number<std::uint8_t>();
  return bytes < 255 ? from.text(bytes) : from.long_text();
}

constexpr std::int64_t count_of(Time time) {
  return time.time_since_epoch().count();
}
// Of numbers that may be anything: the difference wraps around, and back again.
constexpr std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
constexpr Time time_of(std::int64_t count) {
  return Time(std::chrono::milliseconds(count));
}

}  // namespace creel::store
