#include "cli/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "cli/json.h"

namespace creel::cli {
namespace {

using Lines = std::span<const std::string>;

// --- Laying out
// ----------------------------------------------------------------------------------------------------

void lay_out(const Json& value, std::size_t depth, std::string_view name, std::string_view comma,
             std::vector<std::string>& lines) {
  const std::string indent(2 * depth, ' ');
  const auto* members = std::get_if<Json::Object>(&value.value);
  const auto* items = value.as_array();
  if (members && !members->empty()) {
    std::vector<const Json::Member*> sorted;
    for (const Json::Member& member : *members)
      sorted.push_back(&member);
    std::ranges::sort(sorted, {},
                      [](const Json::Member* member) -> const std::string& { return member->first; });
    lines.push_back(fmt::format("{}{}{{", indent, name));
    for (const Json::Member* member : sorted) {
      lay_out(member->second, depth + 1, Json::of(member->first).dump() + ": ",
              member == sorted.back() ? "" : ",", lines);
    }
    lines.push_back(fmt::format("{}}}{}", indent, comma));
  } else if (items && !items->empty()) {
    lines.push_back(fmt::format("{}{}[", indent, name));
    for (const Json& item : *items)
      lay_out(item, depth + 1, "", &item == &items->back() ? "" : ",", lines);
    lines.push_back(fmt::format("{}]{}", indent, comma));
  } else {
    const double* number = std::get_if<double>(&value.value);
    lines.push_back(
        fmt::format("{}{}{}{}", indent, name, number ? fmt::format("{}", *number) : value.dump(), comma));
  }
}

// --- Comparing (Myers, "An O(ND) difference algorithm and its variations", 1986)
// -----------------------------------

constexpr int kEditsMax = 1000;

enum class Edit : char { keep = ' ', remove = '-', add = '+' };

// How far each diagonal got with so many edits: index k + d.
using Reach = std::vector<int>;

int reach_of(const Reach& reach, int d, int k) {
  return k < -d || k > d ? -1 : reach[static_cast<std::size_t>(k + d)];
}

// Whether the best way to diagonal k with d edits ends with a line of `b`.
bool comes_down(const Reach& before, int d, int k) {
  return k == -d || (k != d && reach_of(before, d - 1, k - 1) < reach_of(before, d - 1, k + 1));
}

// The edits of a way through the table of reaches, from its end to its begin.
std::vector<Edit> walk_back(const std::vector<Reach>& reaches, Lines a, Lines b) {
  std::vector<Edit> edits;
  int x = static_cast<int>(a.size()), y = static_cast<int>(b.size());
  for (int d = static_cast<int>(reaches.size()) - 1; d > 0; --d) {
    const Reach& before = reaches[static_cast<std::size_t>(d - 1)];
    const int k = x - y;
    const bool is_added = comes_down(before, d, k);
    const int from = is_added ? k + 1 : k - 1;
    const int from_x = reach_of(before, d - 1, from);
    const int at = is_added ? from_x : from_x + 1;
    for (; x > at; --x)
      edits.push_back(Edit::keep);
    edits.push_back(is_added ? Edit::add : Edit::remove);
    x = from_x, y = from_x - from;
  }
  edits.insert(edits.end(), static_cast<std::size_t>(x), Edit::keep);
  std::ranges::reverse(edits);
  return edits;
}

std::vector<Edit> edits_between(Lines a, Lines b) {
  const int n = static_cast<int>(a.size()), m = static_cast<int>(b.size());
  std::vector<Reach> reaches;
  for (int d = 0; d <= std::min(n + m, kEditsMax); ++d) {
    Reach reach(static_cast<std::size_t>(2 * d + 1), -1);
    for (int k = -d; k <= d; k += 2) {
      int x = 0;
      if (d > 0) {
        const Reach& before = reaches.back();
        x = comes_down(before, d, k) ? reach_of(before, d - 1, k + 1) : reach_of(before, d - 1, k - 1) + 1;
      }
      int y = x - k;
      while (x >= 0 && y >= 0 && x < n && y < m &&
             a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(y)])
        ++x, ++y;
      reach[static_cast<std::size_t>(k + d)] = x;
      if (x >= n && y >= m) {
        reaches.push_back(std::move(reach));
        return walk_back(reaches, a, b);
      }
    }
    reaches.push_back(std::move(reach));
  }
  std::vector<Edit> all(a.size(), Edit::remove);
  all.insert(all.end(), b.size(), Edit::add);
  return all;
}

// --- Showing
// -------------------------------------------------------------------------------------------------------

// One stretch of edits with what surrounds it; `a` and `b` are where it begins.
void show_hunk(std::span<const Edit> edits, Lines before, Lines after, std::size_t a, std::size_t b,
               std::vector<std::string>& lines) {
  const auto counted = [&](Edit other) {
    return static_cast<std::size_t>(
        std::ranges::count_if(edits, [other](Edit edit) { return edit != other; }));
  };
  const std::size_t count_a = counted(Edit::add), count_b = counted(Edit::remove);
  lines.push_back(fmt::format("@@ -{},{} +{},{} @@", count_a == 0 ? a : a + 1, count_a,
                              count_b == 0 ? b : b + 1, count_b));
  for (Edit edit : edits) {
    lines.push_back(static_cast<char>(edit) + (edit == Edit::add ? after[b] : before[a]));
    a += edit != Edit::add;
    b += edit != Edit::remove;
  }
}

}  // namespace

std::vector<std::string> shown_lines(std::string_view text) {
  std::vector<std::string> lines;
  if (const auto json = Json::parse(text)) {
    lay_out(*json, 0, "", "", lines);
    return lines;
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string> unified_diff(const std::vector<std::string>& before,
                                      const std::vector<std::string>& after, const DiffOptions& options) {
  // What both begin and end with is nothing to search.
  const auto [first_a, first_b] = std::ranges::mismatch(before, after);
  const auto same = static_cast<std::size_t>(first_a - before.begin());
  std::size_t tail = 0;
  while (tail < std::min(before.size(), after.size()) - same &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail])
    ++tail;
  std::vector<Edit> edits(same, Edit::keep);
  const std::vector<Edit> middle = edits_between(Lines(before).subspan(same, before.size() - same - tail),
                                                 Lines(after).subspan(same, after.size() - same - tail));
  edits.insert(edits.end(), middle.begin(), middle.end());
  edits.insert(edits.end(), tail, Edit::keep);

  std::vector<std::string> lines;
  std::size_t a = 0, b = 0;
  for (std::size_t i = 0; i < edits.size();) {
    const auto changed = std::find_if(edits.begin() + static_cast<std::ptrdiff_t>(i), edits.end(),
                                      [](Edit edit) { return edit != Edit::keep; });
    if (changed == edits.end()) break;
    const auto at = static_cast<std::size_t>(changed - edits.begin());
    const std::size_t begin = std::max(i, at - std::min(at, options.context));
    a += begin - i, b += begin - i;
    // On to where more lines stay than two stretches of context.
    std::size_t end = at, kept = 0;
    while (end < edits.size() && kept <= 2 * options.context) {
      kept = edits[end] == Edit::keep ? kept + 1 : 0;
      ++end;
    }
    end -= kept > options.context ? kept - options.context : 0;
    const auto hunk = std::span<const Edit>(edits).subspan(begin, end - begin);
    show_hunk(hunk, before, after, a, b, lines);
    a += static_cast<std::size_t>(std::ranges::count_if(hunk, [](Edit edit) { return edit != Edit::add; }));
    b +=
        static_cast<std::size_t>(std::ranges::count_if(hunk, [](Edit edit) { return edit != Edit::remove; }));
    i = end;
  }
  if (lines.size() > options.lines_max) {
    const std::size_t more = lines.size() - options.lines_max;
    lines.resize(options.lines_max);
    lines.push_back(fmt::format("… {} more lines", more));
  }
  return lines;
}

}  // namespace creel::cli
