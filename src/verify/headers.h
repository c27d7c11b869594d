// Header names compare without regard to case; ASCII only, whatever the locale.
#pragma once

#include <algorithm>
#include <string_view>

namespace creel {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Most senders write names in lower case, so the plain comparison nearly always decides.
constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a == b || std::ranges::equal(a, b, {}, ascii_lower, ascii_lower));
}

}  // namespace creel
