#include "verify/items.h"

namespace creel {
namespace {

// The white space of JSON (RFC 8259, section 2).
constexpr std::string_view kSpace = " \t\n\r";

std::string_view without_leading_space(std::string_view text) {
  const std::size_t start = text.find_first_not_of(kSpace);
  return start == text.npos ? std::string_view() : text.substr(start);
}

// Where the string that begins at `start` ends: behind its closing quote.
std::size_t end_of_string(std::string_view text, std::size_t start) {
  for (std::size_t i = start + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;  // Whatever it escapes is no end; the digits of \u are none either.
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return text.size();
}

// Where the element at the front ends: at the comma or the bracket behind it.
std::size_t end_of_element(std::string_view text) {
  std::size_t depth = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    switch (text[i]) {
      case '"':
        i = end_of_string(text, i);
        continue;
      case '[':
      case '{':
        ++depth;
        break;
      case ']':
      case '}':
        if (depth == 0) return i;
        --depth;
        break;
      case ',':
        if (depth == 0) return i;
        break;
      default:
        break;
    }
    ++i;
  }
  return text.size();
}

}  // namespace

ArrayItems::ArrayItems(std::string_view array) : rest_(without_leading_space(array)) {
  if (!rest_.starts_with('[')) {
    rest_ = {};
    return;
  }
  rest_ = without_leading_space(rest_.substr(1));
  if (rest_.starts_with(']')) rest_ = {};
}

std::optional<std::string_view> ArrayItems::next() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t end = end_of_element(rest_);
  std::string_view element = rest_.substr(0, end);
  const bool is_last = end == rest_.size() || rest_[end] != ',';
  rest_ = is_last ? std::string_view() : without_leading_space(rest_.substr(end + 1));
  element = element.substr(0, element.find_last_not_of(kSpace) + 1);
  if (element.empty()) return std::nullopt;
  return element;
}

}  // namespace creel
