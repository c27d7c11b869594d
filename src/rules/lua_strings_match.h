// The matcher for patterns of Lua, with a count of the work done.
//
//   PatternScratch scratch;
//   Matcher matcher(L, subject);
//   const PatternItem* items = prepare_pattern(matcher, pattern, scratch);
//   const char* end = match_at(matcher, items, at);  // or null
//
// All of this runs between calls that may raise, and raising jumps over C++ frames: everything here can be
// forgotten without a destructor.
#pragma once

#include <cstddef>
#include <string_view>

#include "rules/lua_strings_pattern.h"

struct lua_State;

namespace creel {

struct Capture {
  static constexpr std::ptrdiff_t kOpen = -1;
  static constexpr std::ptrdiff_t kPosition = -2;

  const char* start;
  std::ptrdiff_t length;  // or one of the above
};

// What a match knows: the subject, the captures of the last match_at, and the work not yet charged.
struct Matcher {
  Matcher(lua_State* state, std::string_view subject)
      : L(state), begin(subject.data()), end(subject.data() + subject.size()) {}

  // Notes work, one unit a byte or item looked at; a few units cost a step. May raise.
  void spend(std::ptrdiff_t units) {
    left -= units;
    if (left < 0) settle();
  }
  // Charges what was noted. To be called when done, and before anything that may raise. May raise.
  void settle();

  static constexpr std::ptrdiff_t kBatch = 4096;
  static constexpr std::ptrdiff_t kUnitsPerStep = 4;

  lua_State* L;
  const char* begin;
  const char* end;
  std::ptrdiff_t left = kBatch;
  unsigned level = 0;  // captures begun
  Capture captures[kCapturesMax];
};

// Translates into the scratch, or, where that is too small, into a userdata that it leaves on the stack.
const PatternItem* prepare_pattern(Matcher& matcher, std::string_view pattern, PatternScratch& scratch);

// The end of the match that begins at `at`, or null. Raises for mistakes, when the budget is spent, and when
// a pattern has more than 199 choices at once ("pattern too complex", where Lua draws the line).
const char* match_at(Matcher& matcher, const PatternItem* items, const char* at);
// The next place from `at` on where a match may begin, as far as the first item tells; null when there is
// none.
const char* next_start(Matcher& matcher, const PatternItem* items, const char* at);

}  // namespace creel
