// What differs between two texts, line by line, as `diff -u` shows it; and JSON laid out so that this tells
// something.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace creel::cli {

// The lines of a text. JSON gets one line a value and its members sorted, so that two writings of the same
// value are the same lines; anything else is taken apart at its line ends.
std::vector<std::string> shown_lines(std::string_view text);

struct DiffOptions {
  std::size_t context = 3;     // lines around a change
  std::size_t lines_max = 60;  // of the answer; what is more is said as a number
};
// "@@ -1,4 +1,4 @@" and lines that begin with ' ', '-' or '+'. Empty when both are the same. Texts that
// differ in more than a thousand lines are shown as one gone and one come.
std::vector<std::string> unified_diff(const std::vector<std::string>& before,
                                      const std::vector<std::string>& after, const DiffOptions& options = {});

}  // namespace creel::cli
