#include "verify/event_types.h"

#include <algorithm>
#include <array>
#include <vector>

namespace creel {
namespace {

static_assert(std::ranges::is_sorted(kOpenaiTypes));

// Insertions, deletions and replacements that turn one text into the other.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest_name(std::span<const std::string_view> names, std::string_view text) {
  constexpr std::size_t kTextMax = 128;
  if (text.size() > kTextMax) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t edits_min = std::max<std::size_t>(2, text.size() / 4) + 1;
  for (std::string_view name : names) {
    const std::size_t edits = edits_between(text, name);
    if (edits >= edits_min) continue;
    edits_min = edits;
    nearest = name;
  }
  return nearest;
}

}  // namespace creel
