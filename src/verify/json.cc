#include "verify/json.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace creel {
namespace {

constexpr std::size_t kKeepBytesMax = std::size_t{1} << 20;  // A thread does not hold on to more than this.
constexpr std::size_t kFewKeys = 16;

struct Reader {
  simdjson::dom::parser parser;
  std::vector<char> padded;  // simdjson reads a little beyond the end, so it gets a copy.
};

Reader& reader_for(std::size_t bytes) {
  thread_local std::unique_ptr<Reader> kept;
  const bool is_too_large = kept && kept->padded.size() > kKeepBytesMax + simdjson::SIMDJSON_PADDING;
  if (!kept || is_too_large) kept = std::make_unique<Reader>();
  if (kept->padded.size() < bytes + simdjson::SIMDJSON_PADDING) {
    kept->padded.resize(std::max<std::size_t>(bytes, 2048) + simdjson::SIMDJSON_PADDING);
  }
  return *kept;
}

bool has_duplicate_key(const simdjson::dom::object& object) {
  std::vector<std::string_view> many;
  std::string_view few[kFewKeys];
  std::size_t count = 0;
  for (auto field : object) {
    if (count < kFewKeys) {
      if (std::find(few, few + count, field.key) != few + count) return true;
      few[count] = field.key;
    } else {
      if (many.empty()) many.assign(few, few + kFewKeys);
      many.push_back(field.key);
    }
    ++count;
  }
  std::ranges::sort(many);
  return std::ranges::adjacent_find(many) != many.end();
}

// The depth is bounded by the parser, so the recursion is.
bool has_duplicate_key_anywhere(const simdjson::dom::element& element) {
  if (element.is_object()) {
    const simdjson::dom::object object = element.get_object().value_unsafe();
    if (has_duplicate_key(object)) return true;
    for (auto field : object) {
      if (has_duplicate_key_anywhere(field.value)) return true;
    }
  } else if (element.is_array()) {
    const simdjson::dom::array array = element.get_array().value_unsafe();
    for (simdjson::dom::element item : array) {
      if (has_duplicate_key_anywhere(item)) return true;
    }
  }
  return false;
}

// --- What other writers make of JSON
// ------------------------------------------------------------------------

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end]))
    ++end;
  return end - at;
}

// Whether a text is a number of JSON's (RFC 8259 section 6).
bool is_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits_at(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return false;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = digits_at(text, at + 1);
    if (fraction == 0) return false;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = digits_at(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

template <class Number>
bool holds(std::string_view text) {
  Number number{};
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

bool is_beyond_reach(std::string_view number) {
  const bool is_whole = number.find_first_of(".eE") == number.npos;
  if (is_whole) return !holds<std::int64_t>(number) && !holds<std::uint64_t>(number);
  return !holds<double>(number);
}

// The number of "\uXXXX" at the front, or nothing.
std::optional<std::uint32_t> escape_at(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
  std::uint32_t unit = 0;
  const auto end = std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
  return end.ec == std::errc() && end.ptr == text.data() + 6 ? std::optional(unit) : std::nullopt;
}
bool is_high(std::optional<std::uint32_t> unit) {
  return unit && *unit >= 0xD800 && *unit < 0xDC00;
}
bool is_low(std::optional<std::uint32_t> unit) {
  return unit && *unit >= 0xDC00 && *unit < 0xE000;
}

// Copies what stands behind a backslash, which is at the front of `rest`. Returns how much that was.
std::size_t copy_escape(std::string_view rest, std::string& copy) {
  const auto unit = escape_at(rest);
  std::size_t bytes = unit ? 6 : std::min<std::size_t>(2, rest.size());
  if (is_high(unit) && is_low(escape_at(rest.substr(6)))) {
    bytes = 12;
  } else if (is_high(unit) || is_low(unit)) {
    copy += '\\';  // So it is a text of six characters, and two of them stay two.
  }
  copy += rest.substr(0, bytes);
  return bytes;
}

// The text with what the reader cannot hold made into texts. What is no JSON stays none.
std::string within_reach(std::string_view text) {
  std::string copy;
  copy.reserve(text.size() + text.size() / 16);
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (is_in_string && c == '\\') {
      i += copy_escape(text.substr(i), copy);
    } else if (!is_in_string && (is_digit(c) || c == '-')) {
      const std::size_t end = std::min(text.find_first_not_of("0123456789+-.eE", i), text.size());
      const std::string_view number = text.substr(i, end - i);
      const bool is_quoted = is_number(number) && is_beyond_reach(number);
      if (is_quoted) copy += '"';
      copy += number;
      if (is_quoted) copy += '"';
      i = end;
    } else {
      is_in_string ^= c == '"';
      copy += c;
      ++i;
    }
  }
  return copy;
}

// --- Reading
// ------------------------------------------------------------------------------------------------------

std::expected<simdjson::dom::element, simdjson::error_code> parse(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) return std::unexpected(simdjson::UTF8_ERROR);
  Reader& reader = reader_for(text.size());
  std::memcpy(reader.padded.data(), text.data(), text.size());
  std::memset(reader.padded.data() + text.size(), ' ', simdjson::SIMDJSON_PADDING);

  const std::size_t capacity = std::max<std::size_t>(text.size(), 2048);
  const bool fits = reader.parser.capacity() >= capacity && reader.parser.max_depth() == kJsonDepthMax;
  if (!fits && reader.parser.allocate(capacity, kJsonDepthMax) != simdjson::SUCCESS) {
    return std::unexpected(simdjson::CAPACITY);
  }
  simdjson::dom::element root;
  const auto error = reader.parser.parse(reader.padded.data(), text.size(), false).get(root);
  if (error != simdjson::SUCCESS) return std::unexpected(error);
  return root;
}

// Whether one value was at fault, and not the text as a whole. Which error a number beyond 64 bits is depends
// on simdjson's version.
bool is_of_a_value(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
    case simdjson::TAPE_ERROR:
    case simdjson::DEPTH_ERROR:
    case simdjson::UTF8_ERROR:
    case simdjson::UNCLOSED_STRING:
      return false;
    default:
      return true;
  }
}

std::expected<simdjson::dom::element, JsonError> checked(
    const std::expected<simdjson::dom::element, simdjson::error_code>& root) {
  if (!root)
    return std::unexpected(root.error() == simdjson::DEPTH_ERROR ? JsonError::too_deep : JsonError::invalid);
  if (has_duplicate_key_anywhere(*root)) return std::unexpected(JsonError::duplicate_key);
  return *root;
}

}  // namespace

std::expected<simdjson::dom::element, JsonError> parse_json(std::string_view text) {
  return checked(parse(text));
}

std::expected<simdjson::dom::element, JsonError> parse_genuine_json(std::string_view text) {
  auto root = parse(text);
  const bool is_odd = !root && is_of_a_value(root.error());
  if (is_odd) root = parse(within_reach(text));
  return checked(root);
}

std::string_view describe(JsonError error) {
  switch (error) {
    case JsonError::invalid:
      return "the body is not JSON in UTF-8";
    case JsonError::duplicate_key:
      return "an object in the body has the same key twice";
    case JsonError::too_deep:
      return "the body is nested too deeply";
  }
  return "unknown error";
}

}  // namespace creel
