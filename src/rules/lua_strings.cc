#include "rules/lua_strings.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <lua.hpp>
#include <string_view>

#include "rules/lua_budget.h"
#include "rules/lua_strings_match.h"
#include "rules/lua_text.h"

// Everything below may be left by a longjmp at each call of Lua: no variable has a destructor.
namespace creel {
namespace {

// Slots of the stack that an error of the budget needs.
constexpr int kRoomToRaise = 8;
constexpr std::uint64_t kBytesCopiedPerStep = 64;
constexpr std::uint64_t kBytesChangedPerStep = 8;

std::string_view check_text(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, index, &size);
  return {text, size};
}

// The offset that the position at `index` names: 1 is the first byte, -1 the last.
std::size_t start_offset(lua_State* L, int index, std::size_t size) {
  const lua_Integer position = luaL_optinteger(L, index, 1);
  if (position > 0) return static_cast<std::size_t>(position) - 1;
  if (position == 0 || position < -static_cast<lua_Integer>(size)) return 0;
  return size + static_cast<std::size_t>(position);
}

bool take_anchor(std::string_view& pattern) {
  if (!pattern.starts_with('^')) return false;
  pattern.remove_prefix(1);
  return true;
}

bool is_plain(std::string_view pattern) {
  return std::none_of(pattern.begin(), pattern.end(), [](char letter) {
    return std::string_view("^$*+?.([%-").find(letter) != std::string_view::npos;
  });
}

// Capture `index` of a match over [from, to), which is capture 0 of a pattern without any. Nothing for a
// position.
std::string_view captured(Matcher& matcher, unsigned index, const char* from, const char* to) {
  if (index >= matcher.level) {
    if (index == 0) return {from, to};
    matcher.settle();
    luaL_error(matcher.L, "invalid capture index %%%d", static_cast<int>(index) + 1);
  }
  const Capture& capture = matcher.captures[index];
  if (capture.length == Capture::kPosition) return {};
  if (capture.length == Capture::kOpen) {
    matcher.settle();
    luaL_error(matcher.L, "unfinished capture");
  }
  return {capture.start, static_cast<std::size_t>(capture.length)};
}

void push_capture(Matcher& matcher, unsigned index, const char* from, const char* to) {
  const std::string_view text = captured(matcher, index, from, to);
  if (text.data() == nullptr) {
    lua_pushinteger(matcher.L, matcher.captures[index].start - matcher.begin + 1);
    return;
  }
  matcher.spend(static_cast<std::ptrdiff_t>(text.size()) / 16);
  lua_pushlstring(matcher.L, text.data(), text.size());
}

// All of them; without any the whole match, if it is asked for.
int push_captures(Matcher& matcher, bool whole, const char* from, const char* to) {
  const unsigned count = matcher.level == 0 && whole ? 1 : matcher.level;
  luaL_checkstack(matcher.L, static_cast<int>(count) + kRoomToRaise, "too many captures");
  for (unsigned i = 0; i < count; ++i)
    push_capture(matcher, i, from, to);
  return static_cast<int>(count);
}

int find_plain(lua_State* L, std::string_view text, std::string_view wanted, std::size_t offset) {
  charge_steps(L, (text.size() - offset + wanted.size()) / kBytesChangedPerStep);
  const void* hit = memmem(text.data() + offset, text.size() - offset, wanted.data(), wanted.size());
  if (hit == nullptr) {
    luaL_pushfail(L);
    return 1;
  }
  const lua_Integer before = static_cast<const char*>(hit) - text.data();
  lua_pushinteger(L, before + 1);
  lua_pushinteger(L, before + static_cast<lua_Integer>(wanted.size()));
  return 2;
}

int search(lua_State* L, bool find) {
  const std::string_view text = check_text(L, 1);
  std::string_view pattern = check_text(L, 2);
  const std::size_t offset = start_offset(L, 3, text.size());
  if (offset > text.size()) {
    luaL_pushfail(L);
    return 1;
  }
  if (find && (lua_toboolean(L, 4) != 0 || is_plain(pattern))) return find_plain(L, text, pattern, offset);
  Matcher matcher(L, text);
  PatternScratch scratch;
  const bool anchored = take_anchor(pattern);
  const PatternItem* items = prepare_pattern(matcher, pattern, scratch);
  for (const char* at = matcher.begin + offset; at <= matcher.end; ++at) {
    if (!anchored && (at = next_start(matcher, items, at)) == nullptr) break;
    if (const char* to = match_at(matcher, items, at)) {
      if (find) {
        lua_pushinteger(L, at - matcher.begin + 1);
        lua_pushinteger(L, to - matcher.begin);
      }
      const int results = push_captures(matcher, !find, at, to) + (find ? 2 : 0);
      matcher.settle();
      return results;
    }
    if (anchored) break;
  }
  matcher.settle();
  luaL_pushfail(L);
  return 1;
}

int string_find(lua_State* L) {
  return search(L, true);
}
int string_match(lua_State* L) {
  return search(L, false);
}

// What an iteration of gmatch keeps, in a userdata with the items behind it.
struct Iteration {
  std::size_t next;
  std::size_t end_of_last;  // at which no empty match may follow
};

constexpr std::size_t kNoEnd = std::numeric_limits<std::size_t>::max();

int gmatch_next(lua_State* L) {
  std::size_t size = 0;
  const char* text = lua_tolstring(L, lua_upvalueindex(1), &size);
  auto* iteration = static_cast<Iteration*>(lua_touserdata(L, lua_upvalueindex(2)));
  const auto* items = reinterpret_cast<const PatternItem*>(iteration + 1);
  Matcher matcher(L, {text, size});
  if (iteration->next > size) return 0;
  for (const char* at = matcher.begin + iteration->next; at <= matcher.end; ++at) {
    if ((at = next_start(matcher, items, at)) == nullptr) break;
    const char* to = match_at(matcher, items, at);
    if (to == nullptr || static_cast<std::size_t>(to - text) == iteration->end_of_last) continue;
    iteration->next = iteration->end_of_last = static_cast<std::size_t>(to - text);
    const int results = push_captures(matcher, true, at, to);
    matcher.settle();
    return results;
  }
  matcher.settle();
  return 0;
}

int string_gmatch(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  const std::string_view pattern = check_text(L, 2);
  const std::size_t offset = start_offset(L, 3, text.size());
  charge_steps(L, pattern.size());
  lua_pushvalue(L, 1);
  auto* iteration =
      static_cast<Iteration*>(lua_newuserdatauv(L, sizeof(Iteration) + pattern_bytes(pattern), 0));
  *iteration = {offset, kNoEnd};
  compile_pattern(pattern, iteration + 1);
  lua_pushcclosure(L, gmatch_next, 2);
  return 1;
}

// A replacement in which %0 … %9 stand for captures.
void add_template(Matcher& matcher, luaL_Buffer* out, std::string_view text, const char* from,
                  const char* to) {
  matcher.spend(static_cast<std::ptrdiff_t>(text.size()) / 16);
  for (;;) {
    const std::size_t percent = text.find('%');
    luaL_addlstring(out, text.data(), std::min(percent, text.size()));
    if (percent == std::string_view::npos) return;
    const char letter = percent + 1 < text.size() ? text[percent + 1] : '\0';
    text.remove_prefix(std::min(percent + 2, text.size()));
    matcher.spend(2);
    if (letter == '%') {
      luaL_addchar(out, letter);
    } else if (letter == '0') {
      luaL_addlstring(out, from, static_cast<std::size_t>(to - from));
    } else if (letter >= '1' && letter <= '9') {
      push_capture(matcher, static_cast<unsigned>(letter - '1'), from, to);
      luaL_addvalue(out);
    } else {
      matcher.settle();
      luaL_error(matcher.L, "invalid use of '%%' in replacement string");
    }
  }
}

// Appends what a table or function has to say to a match; false when it says to leave it.
bool add_answer(Matcher& matcher, luaL_Buffer* out, int type, const char* from, const char* to) {
  lua_State* L = matcher.L;
  if (type == LUA_TTABLE) {
    push_capture(matcher, 0, from, to);
    matcher.settle();
    lua_gettable(L, 3);
  } else {
    lua_pushvalue(L, 3);
    const int count = push_captures(matcher, true, from, to);
    matcher.settle();
    lua_call(L, count, 1);
  }
  if (lua_toboolean(L, -1) == 0) {
    lua_pop(L, 1);
    return false;
  }
  if (lua_isstring(L, -1) == 0) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  if (lua_type(L, -1) == LUA_TSTRING) matcher.spend(static_cast<std::ptrdiff_t>(lua_rawlen(L, -1)) / 16);
  luaL_addvalue(out);
  return true;
}

int string_gsub(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  std::string_view pattern = check_text(L, 2);
  const int type = lua_type(L, 3);
  const lua_Integer count_max = luaL_optinteger(L, 4, static_cast<lua_Integer>(text.size()) + 1);
  if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TTABLE && type != LUA_TFUNCTION) {
    return luaL_typeerror(L, 3, "string/function/table");
  }
  const bool is_template = type == LUA_TNUMBER || type == LUA_TSTRING;
  const std::string_view replacement = is_template ? check_text(L, 3) : std::string_view();
  Matcher matcher(L, text);
  PatternScratch scratch;
  const bool anchored = take_anchor(pattern);
  const PatternItem* items = prepare_pattern(matcher, pattern, scratch);
  luaL_Buffer out;
  luaL_buffinit(L, &out);

  const char* copied = matcher.begin;  // up to here the result is written
  const char* end_of_last = nullptr;
  lua_Integer count = 0;
  bool changed = false;
  for (const char* at = matcher.begin; count < count_max;) {
    if (!anchored && (at = next_start(matcher, items, at)) == nullptr) break;
    const char* to = match_at(matcher, items, at);
    if (to != nullptr && to != end_of_last) {
      ++count;
      luaL_addlstring(&out, copied, static_cast<std::size_t>(at - copied));
      copied = at;
      if (is_template) add_template(matcher, &out, replacement, at, to);
      if (is_template || add_answer(matcher, &out, type, at, to)) {
        copied = to;
        changed = true;
      }
      at = end_of_last = to;
    } else if (at++ == matcher.end) {
      break;
    }
    if (anchored) break;
  }
  matcher.spend(static_cast<std::ptrdiff_t>(text.size()) / 16);
  matcher.settle();
  if (changed) {
    luaL_addlstring(&out, copied, static_cast<std::size_t>(matcher.end - copied));
    luaL_pushresult(&out);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, count);
  return 2;
}

// The functions of Lua whose work its input or its result bounds do it themselves; they are the first
// upvalue of what charges for it.

int call_real(lua_State* L) {
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

std::uint64_t bytes_at(lua_State* L, int index) {
  return lua_type(L, index) == LUA_TSTRING ? lua_rawlen(L, index) : 0;
}

int charged_by_result(lua_State* L) {
  const int results = call_real(L);
  std::uint64_t bytes = 0;
  for (int i = 1; i <= results; ++i)
    bytes += bytes_at(L, -i);
  luaL_checkstack(L, kRoomToRaise, nullptr);
  charge_steps(L, static_cast<std::uint64_t>(results) + bytes / kBytesCopiedPerStep);
  return results;
}

void charge_arguments(lua_State* L) {
  std::uint64_t bytes = 0;
  const int count = lua_gettop(L);
  for (int i = 1; i <= count; ++i)
    bytes += bytes_at(L, i);
  charge_steps(L, static_cast<std::uint64_t>(count) + bytes / kBytesChangedPerStep);
}

int charged_by_arguments(lua_State* L) {
  charge_arguments(L);
  return call_real(L);
}

// Numbers of hundreds of digits are slow to write.
bool is_long_number(lua_State* L, int index) {
  const double size = std::fabs(lua_tonumber(L, index));
  return size > 1e20 || (size < 1e-20 && size > 0);
}

// Charges for each conversion, which costs more than most instructions. Gives %s the text of values that only
// have an address by which Lua would name them, and lets nobody ask for one by %p: results must not depend on
// where things lie.
void prepare_conversions(lua_State* L, std::string_view format) {
  const int count = lua_gettop(L);
  for (int argument = 2; argument <= count; ++argument) {
    std::size_t percent = format.find('%');
    while (percent != std::string_view::npos && format.substr(percent).starts_with("%%")) {
      percent = format.find('%', percent + 2);
    }
    const std::size_t letter = format.find_first_not_of("-+ #0123456789.", percent + 1);
    if (percent == std::string_view::npos || letter == std::string_view::npos) return;
    charge_steps(L, 20 * (letter - percent));
    if (format[letter] == 'p') luaL_error(L, "invalid conversion '%%p' to 'format'");
    if (format[letter] == 's') {
      push_text(L, argument);
      lua_replace(L, argument);
    } else if (is_long_number(L, argument)) {
      charge_steps(L, 1000);
    }
    format.remove_prefix(letter + 1);
  }
}

int string_format(lua_State* L) {
  const std::string_view format = check_text(L, 1);
  charge_steps(L, format.size() / kBytesChangedPerStep);
  luaL_checkstack(L, kRoomToRaise, nullptr);
  prepare_conversions(L, format);
  charge_arguments(L);
  return charged_by_result(L);
}

// A format may ask for more padding than any argument has: each number in it counts.
int string_pack(lua_State* L) {
  std::uint64_t padding = 0;
  std::uint64_t number = 0;
  for (const char letter : check_text(L, 1)) {
    if (letter >= '0' && letter <= '9') {
      number = std::min<std::uint64_t>(number * 10 + static_cast<std::uint64_t>(letter - '0'), 1U << 31);
    } else {
      padding += number;
      number = 0;
    }
  }
  charge_steps(L, (padding + number) / kBytesChangedPerStep);
  charge_arguments(L);
  return call_real(L);
}

// unpack goes through its format, which gives no more results than it has letters.
int string_unpack(lua_State* L) {
  charge_steps(L, check_text(L, 1).size());
  return charged_by_result(L);
}

int string_packsize(lua_State* L) {
  charge_steps(L, check_text(L, 1).size());
  return call_real(L);
}

int string_rep(lua_State* L) {
  const std::uint64_t size = check_text(L, 1).size();
  const lua_Integer count = luaL_checkinteger(L, 2);
  const std::uint64_t separator = lua_isnoneornil(L, 3) ? 0 : check_text(L, 3).size();
  if (count <= 0 || size + separator == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<lua_Integer>::max());
  const auto times = static_cast<std::uint64_t>(count);
  if (size + separator > kMax / times) return luaL_error(L, "resulting string too large");
  charge_steps(L, times / 4 + times * (size + separator) / kBytesCopiedPerStep);
  return call_real(L);
}

constexpr luaL_Reg kOwn[] = {
    {"find", string_find}, {"gmatch", string_gmatch}, {"gsub", string_gsub}, {"match", string_match}};

constexpr luaL_Reg kCharged[] = {{"byte", charged_by_result},       {"char", charged_by_result},
                                 {"format", string_format},         {"len", call_real},
                                 {"lower", charged_by_arguments},   {"pack", string_pack},
                                 {"packsize", string_packsize},     {"rep", string_rep},
                                 {"reverse", charged_by_arguments}, {"sub", charged_by_result},
                                 {"unpack", string_unpack},         {"upper", charged_by_arguments}};

}  // namespace

void open_bounded_strings(lua_State* L) {
  lua_createtable(L, 0, static_cast<int>(std::size(kOwn) + std::size(kCharged)));
  for (const luaL_Reg& function : kOwn) {
    lua_pushcfunction(L, function.func);
    lua_setfield(L, -2, function.name);
  }
  // Lua's own also sets the metatable of strings: the one from before is put back.
  lua_pushliteral(L, "");
  if (lua_getmetatable(L, -1) == 0) lua_pushnil(L);
  lua_pushcfunction(L, luaopen_string);
  lua_call(L, 0, 1);
  for (const luaL_Reg& function : kCharged) {
    lua_getfield(L, -1, function.name);
    lua_pushcclosure(L, function.func, 1);
    lua_setfield(L, -5, function.name);
  }
  lua_pop(L, 1);
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

}  // namespace creel
