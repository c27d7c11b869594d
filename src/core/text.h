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

// Whether `text` matches a glob of literals, '*' (any run, dots included) and '?'.
bool matches_glob(std::string_view glob, std::string_view text);

// Equal without regard to ASCII case.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace creel
