// Patterns of Lua 5.4 (its manual, 6.4.1), translated into items, one a thing to match, so that to try a
// character is one look into a table however long its set is written.
//
// A mistake in a pattern becomes an item too: as in Lua, it is raised when the match comes to it, and a
// pattern whose end is never reached may be wrong there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace creel {

// A set of bytes.
struct ByteSet {
  std::uint64_t words[4];

  constexpr bool has(unsigned char byte) const { return (words[byte >> 6] >> (byte & 63) & 1) != 0; }
  constexpr void add(unsigned char byte) { words[byte >> 6] |= std::uint64_t{1} << (byte & 63); }
};

struct PatternItem {
  enum class Kind : std::uint8_t {
    literal,        // byte
    any,            // .
    set,            // one of *set
    open,           // (
    open_position,  // ()
    close,          // ) of capture `index`
    back,           // %1: capture `index` again
    balance,        // %b: from `byte` to `other`
    frontier,       // %f: into *set
    at_end,         // $
    finish,         // the pattern is over
    mistake         // raise message `index`
  };
  enum class Repeat : std::uint8_t { once, optional, greedy, greedy_once, lazy };  // none ? * + -

  const ByteSet* set;
  Kind kind;
  Repeat repeat;  // of literal, any and set
  unsigned char byte;
  unsigned char other;  // in a mistake with an index of a capture: that index
  std::uint8_t index;
};

inline constexpr unsigned kCapturesMax = 32;

// Room for an ordinary pattern, on the C stack and not initialised.
struct PatternScratch {
  alignas(PatternItem) unsigned char room[1024];
};

// How many bytes compile_pattern needs at most.
std::size_t pattern_bytes(std::string_view pattern);
// Translates into `room`, which is aligned for PatternItem. `pattern` comes without the ^ that anchors it,
// and followed by a zero or another byte that may be read.
const PatternItem* compile_pattern(std::string_view pattern, void* room);
// What Lua says of a mistake, with %d where the capture's index stands (`other`), for luaL_error.
const char* mistake_message(const PatternItem& mistake);

}  // namespace creel
