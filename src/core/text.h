// Texts that come from outside or go there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace creel {

// Safe to show on a terminal, in a table or in a text log: control and bidirectional characters and invalid
// UTF-8 become
// \xNN or \u{NNNN}, and what is longer than `bytes_max` is cut with "…".
std::string displayed(std::string_view text, std::size_t bytes_max = 256);

// A URL as it may be shown: user and password, and what stands in the query, replaced by "***".
std::string without_credentials(std::string_view url);

// Whether `text` matches a glob of literals, '*' (any run, dots included) and '?'.
bool matches_glob(std::string_view glob, std::string_view text);

// Equal without regard to ASCII case. Here whole: it is asked of every header, and nearly always the sizes
// differ.
inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace creel
