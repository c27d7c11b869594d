#include "rules/lua_strings_pattern.h"

#include <algorithm>
#include <array>

namespace creel {
namespace {

using Kind = PatternItem::Kind;
using Repeat = PatternItem::Repeat;

// The mistakes, in the words of Lua. Those after kWithIndex name a capture.
enum Mistake : std::uint8_t {
  too_many_captures,
  no_open_capture,
  ends_with_percent,
  unclosed_set,
  balance_without_bytes,
  frontier_without_set,
  wrong_index
};
constexpr const char* kMessages[] = {"too many captures",
                                     "invalid pattern capture",
                                     "malformed pattern (ends with '%%')",
                                     "malformed pattern (missing ']')",
                                     "malformed pattern (missing arguments to '%%b')",
                                     "missing '[' after '%%f' in pattern",
                                     "invalid capture index %%%d"};

constexpr bool between(int byte, int low, int high) {
  return low <= byte && byte <= high;
}

constexpr bool in_class(unsigned char byte, char letter) {
  const bool lower = between(byte, 'a', 'z'), upper = between(byte, 'A', 'Z'),
             digit = between(byte, '0', '9');
  switch (letter) {
    case 'a':
      return lower || upper;
    case 'c':
      return byte < 32 || byte == 127;
    case 'd':
      return digit;
    case 'g':
      return between(byte, 33, 126);
    case 'l':
      return lower;
    case 'p':
      return between(byte, 33, 126) && !lower && !upper && !digit;
    case 's':
      return byte == ' ' || between(byte, '\t', '\r');
    case 'u':
      return upper;
    case 'w':
      return lower || upper || digit;
    case 'x':
      return digit || between(byte, 'a', 'f') || between(byte, 'A', 'F');
    default:
      return byte == 0;  // 'z', of older versions
  }
}

constexpr std::string_view kClassLetters = "acdglpsuwxz";

// The classes by letter, and the opposites by capital.
constexpr auto kClasses = [] {
  std::array<std::array<ByteSet, 2>, kClassLetters.size()> classes{};
  for (std::size_t i = 0; i < kClassLetters.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      const auto value = static_cast<unsigned char>(byte);
      classes[i][in_class(value, kClassLetters[i]) ? 0 : 1].add(value);
    }
  }
  return classes;
}();

// What %letter stands for; null when that is the letter itself.
const ByteSet* class_of(char letter) {
  const bool capital = between(letter, 'A', 'Z');
  const std::size_t i = kClassLetters.find(capital ? static_cast<char>(letter - 'A' + 'a') : letter);
  return i == std::string_view::npos ? nullptr : &kClasses[i][capital ? 1 : 0];
}

unsigned char byte_of(char letter) {
  return static_cast<unsigned char>(letter);
}

void add_range(ByteSet& set, unsigned char low, unsigned char high) {
  for (unsigned byte = low; byte <= high; ++byte)
    set.add(static_cast<unsigned char>(byte));
}

// Translates one pattern; `at` walks through it.
class Compiler {
 public:
  Compiler(std::string_view pattern, PatternItem* items, ByteSet* sets)
      : at_(pattern.data()), end_(pattern.data() + pattern.size()), items_(items), sets_(sets) {}

  void run() {
    while (at_ < end_ && step()) {
    }
    if (items_ == nullptr) return;
    *items_ = {nullptr, Kind::finish, Repeat::once, 0, 0, 0};
  }

 private:
  // Each of these is false after a mistake, at which the translation ends.
  bool step() {
    switch (*at_) {
      case '(':
        return open();
      case ')':
        return close();
      case '%':
        return escape();
      case '$':
        if (at_ + 1 != end_) break;
        ++at_;
        return put(Kind::at_end);
      default:
        break;
    }
    return single();
  }

  bool open() {
    if (captures_ == kCapturesMax) return mistake(too_many_captures);
    const bool position = at_ + 1 < end_ && at_[1] == ')';
    at_ += position ? 2 : 1;
    closed_[captures_++] = position;
    return put(position ? Kind::open_position : Kind::open);
  }

  bool close() {
    unsigned index = captures_;
    while (index > 0 && closed_[index - 1])
      --index;
    if (index == 0) return mistake(no_open_capture);
    closed_[index - 1] = true;
    ++at_;
    return put(Kind::close, index - 1);
  }

  bool escape() {
    if (at_ + 1 == end_) return mistake(ends_with_percent);
    const char letter = at_[1];
    if (letter == 'b') {
      if (end_ - at_ < 4) return mistake(balance_without_bytes);
      *items_++ = {nullptr, Kind::balance, Repeat::once, byte_of(at_[2]), byte_of(at_[3]), 0};
      at_ += 4;
      return true;
    }
    if (letter == 'f') {
      at_ += 2;
      if (at_ == end_ || *at_ != '[') return mistake(frontier_without_set);
      const ByteSet* set = read_set();
      if (set == nullptr) return mistake(unclosed_set);
      *items_++ = {set, Kind::frontier, Repeat::once, 0, 0, 0};
      return true;
    }
    if (!between(letter, '0', '9')) return single();
    const auto index = static_cast<unsigned>(letter - '1');  // of %0: none has it
    if (index >= captures_ || !closed_[index]) return mistake(wrong_index, byte_of(letter) - '0');
    at_ += 2;
    return put(Kind::back, index);
  }

  // One character, class or set, and how often.
  bool single() {
    PatternItem item{nullptr, Kind::literal, Repeat::once, byte_of(*at_), 0, 0};
    if (*at_ == '[') {
      item.kind = Kind::set;
      item.set = read_set();
      if (item.set == nullptr) return mistake(unclosed_set);
    } else if (*at_ == '.') {
      item.kind = Kind::any;
      ++at_;
    } else if (*at_ == '%') {
      item.set = class_of(at_[1]);
      item.kind = item.set != nullptr ? Kind::set : Kind::literal;
      item.byte = byte_of(at_[1]);
      at_ += 2;
    } else {
      ++at_;
    }
    item.repeat = read_repeat();
    *items_++ = item;
    return true;
  }

  Repeat read_repeat() {
    Repeat repeat = Repeat::once;
    if (at_ == end_) return repeat;
    switch (*at_) {
      case '?':
        repeat = Repeat::optional;
        break;
      case '*':
        repeat = Repeat::greedy;
        break;
      case '+':
        repeat = Repeat::greedy_once;
        break;
      case '-':
        repeat = Repeat::lazy;
        break;
      default:
        return repeat;
    }
    ++at_;
    return repeat;
  }

  // From a [ past its ]; null when there is none. The first character is never the closing one.
  const ByteSet* read_set() {
    const char* from = at_ + 1;
    const bool negated = from < end_ && *from == '^';
    if (negated) ++from;
    const char* close = from;
    do {
      if (close >= end_) return nullptr;
      if (*close++ == '%' && close < end_) ++close;
    } while (close >= end_ || *close != ']');
    ByteSet& set = *sets_++;
    set = {};
    for (; from < close; ++from) {
      if (*from == '%') {
        // After a range that ends with %, this may be the closing bracket: so does Lua.
        add_escaped(set, *++from);
      } else if (from[1] == '-' && from + 2 < close) {
        add_range(set, byte_of(from[0]), byte_of(from[2]));
        from += 2;
      } else {
        set.add(byte_of(*from));
      }
    }
    if (negated) {
      for (std::uint64_t& word : set.words)
        word = ~word;
    }
    at_ = close + 1;
    return &set;
  }

  static void add_escaped(ByteSet& set, char letter) {
    const ByteSet* named = class_of(letter);
    if (named == nullptr) return set.add(byte_of(letter));
    for (int i = 0; i < 4; ++i)
      set.words[i] |= named->words[i];
  }

  bool put(Kind kind, unsigned index = 0) {
    *items_++ = {nullptr, kind, Repeat::once, 0, 0, static_cast<std::uint8_t>(index)};
    return true;
  }

  bool mistake(Mistake which, int capture = 0) {
    *items_++ = {nullptr, Kind::mistake, Repeat::once, 0, static_cast<unsigned char>(capture), which};
    items_ = nullptr;
    return false;
  }

  const char* at_;
  const char* end_;
  PatternItem* items_;
  ByteSet* sets_;
  unsigned captures_ = 0;
  bool closed_[kCapturesMax] = {};
};

std::size_t sets_in(std::string_view pattern) {
  return static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '['));
}

}  // namespace

std::size_t pattern_bytes(std::string_view pattern) {
  return (pattern.size() + 1) * sizeof(PatternItem) + sets_in(pattern) * sizeof(ByteSet);
}

const PatternItem* compile_pattern(std::string_view pattern, void* room) {
  auto* items = static_cast<PatternItem*>(room);
  Compiler(pattern, items, reinterpret_cast<ByteSet*>(items + pattern.size() + 1)).run();
  return items;
}

const char* mistake_message(const PatternItem& mistake) {
  return kMessages[mistake.index];
}

}  // namespace creel
