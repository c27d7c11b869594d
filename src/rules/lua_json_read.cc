#include <cstring>

#include "rules/lua_json.h"

namespace creel {
namespace {

// The largest body whose memory is kept for the next one.
constexpr std::size_t kKeptMax = std::size_t{4} << 20;
constexpr std::size_t kIntegerDigitsMax = 18;  // So many always fit.

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The number after "\u" at `at`, or -1.
int code_unit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int value = 0;
  for (const char c : text.substr(at + 2, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      value = value * 16 + (c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + (lower - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}
bool is_high(int unit) {
  return unit >= 0xd800 && unit < 0xdc00;
}
bool is_low(int unit) {
  return unit >= 0xdc00 && unit < 0xe000;
}

// Copies the escape at `at` and gives the place after it. A surrogate without its other half becomes the text
// that is written there.
std::size_t mend_escape(std::string_view text, std::size_t at, std::string& into) {
  const int unit = code_unit(text, at);
  std::size_t bytes = unit < 0 ? 2 : 6;
  if (is_high(unit) && is_low(code_unit(text, at + 6))) {
    bytes = 12;
  } else if (is_high(unit) || is_low(unit)) {
    into += '\\';
  }
  into += text.substr(at, bytes);
  return at + bytes;
}

// Copies the number at `at`, made a double where it may be an integer beyond 64 bits.
std::size_t mend_number(std::string_view text, std::size_t at, std::string& into) {
  std::size_t end = at + 1;
  while (end < text.size() && is_digit(text[end]))
    ++end;
  into += text.substr(at, end - at);
  const bool is_integer = end == text.size() || (text[end] != '.' && text[end] != 'e' && text[end] != 'E');
  if (is_integer && end - at > kIntegerDigitsMax + 1) into += ".0";
  // The rest of it, so that its exponent is not taken for a number of its own.
  while (!is_integer && end < text.size() && std::string_view("+-.eE0123456789").contains(text[end]))
    into += text[end++];
  return end;
}

void mend(std::string_view text, std::string& into) {
  into.clear();
  bool in_text = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (in_text && c == '\\') {
      at = mend_escape(text, at, into);
    } else if (!in_text && (is_digit(c) || c == '-')) {
      at = mend_number(text, at, into);
    } else {
      in_text = in_text != (c == '"');
      into += c;
      ++at;
    }
  }
}

}  // namespace

LuaJsonReader::LuaJsonReader() = default;

bool LuaJsonReader::parse(std::string_view text, simdjson::dom::element& into) {
  const std::size_t bytes = text.size() + simdjson::SIMDJSON_PADDING;
  if (padded_.size() < bytes) padded_.resize(bytes);
  std::memcpy(padded_.data(), text.data(), text.size());
  std::memset(padded_.data() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
  if (parser_.capacity() < text.size() || parser_.max_depth() != kLuaJsonDepthMax) {
    if (parser_.allocate(text.size(), kLuaJsonDepthMax) != simdjson::SUCCESS) return false;
  }
  return parser_.parse(padded_.data(), text.size(), false).get(into) == simdjson::SUCCESS;
}

bool LuaJsonReader::read(std::string_view text, simdjson::dom::element& into) {
  if (padded_.size() > kKeptMax) {
    padded_ = {};
    mended_ = {};
    parser_ = simdjson::dom::parser();
  }
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || (text[begin] != '{' && text[begin] != '[')) return false;
  if (parse(text, into)) return true;
  mend(text, mended_);
  return mended_ != text && parse(mended_, into);
}

}  // namespace creel
