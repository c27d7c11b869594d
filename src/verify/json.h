// The one JSON reader of the library, over verified bytes only.
//
// Two readers of one body must not see two different events, so what parsers disagree about is refused:
// duplicate keys (some take the first, some the last), a byte order mark, invalid UTF-8, text after the
// value.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <expected>
#include <string_view>

namespace creel {

enum class JsonError : std::uint8_t {
  invalid,        // no JSON, or not in UTF-8
  duplicate_key,  // one object has a key twice
  too_deep,       // nested more than `kJsonDepthMax` levels
};
std::string_view describe(JsonError error);

inline constexpr std::size_t kJsonDepthMax = 64;

// The element points into memory of the calling thread and is good until its next call of parse_json: look,
// copy, leave. It is kept for the next call, so that a usual body costs no allocation.
std::expected<simdjson::dom::element, JsonError> parse_json(std::string_view text);

// The same for bytes that were found genuine, which are an event whatever stands in them: numbers beyond 64
// bits or a double, and half surrogate pairs ("\ud83d" of an emoji that was cut), which other JSON writers
// make, are read as texts that hold what is written there, digits or escape. Nobody's proof may rest on such
// a reading.
std::expected<simdjson::dom::element, JsonError> parse_genuine_json(std::string_view text);

}  // namespace creel
