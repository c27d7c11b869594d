#include <bit>
#include <climits>
#include <cstdint>
#include <iterator>
#include <limits>
#include <lua.hpp>

#include "rules/lua_budget.h"
#include "rules/lua_strings.h"

// Everything below may be left by a longjmp at each call of Lua: no variable has a destructor.
namespace creel {
namespace {

constexpr lua_Integer kIntegerMax = std::numeric_limits<lua_Integer>::max();

enum Needs : unsigned { reads = 1, writes = 2, length = 4 };

bool has_field(lua_State* L, const char* name, int metatable) {
  lua_pushstring(L, name);
  const bool found = lua_rawget(L, metatable) != LUA_TNIL;
  lua_pop(L, 1);
  return found;
}

// A table, or something that behaves as one in what is needed of it.
void check_table(lua_State* L, int index, unsigned needs) {
  if (lua_type(L, index) == LUA_TTABLE) return;
  if (lua_getmetatable(L, index) != 0) {
    const int metatable = lua_gettop(L);
    const bool enough = ((needs & reads) == 0 || has_field(L, "__index", metatable)) &&
                        ((needs & writes) == 0 || has_field(L, "__newindex", metatable)) &&
                        ((needs & length) == 0 || has_field(L, "__len", metatable));
    lua_pop(L, 1);
    if (enough) return;
  }
  luaL_checktype(L, index, LUA_TTABLE);
}

lua_Integer checked_length(lua_State* L, int index, unsigned needs) {
  check_table(L, index, needs | length);
  return luaL_len(L, index);
}

std::uint64_t distance(lua_Integer from, lua_Integer to) {
  return from < to ? static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) : 0;
}

// lua_Integer wraps in Lua.
lua_Integer sum(lua_Integer a, lua_Integer b) {
  return static_cast<lua_Integer>(static_cast<lua_Unsigned>(a) + static_cast<lua_Unsigned>(b));
}

int table_insert(lua_State* L) {
  const lua_Integer end = sum(checked_length(L, 1, reads | writes), 1);
  const int arguments = lua_gettop(L);
  if (arguments == 2) {
    lua_seti(L, 1, end);
    return 0;
  }
  if (arguments != 3) return luaL_error(L, "wrong number of arguments to 'insert'");
  const lua_Integer position = luaL_checkinteger(L, 2);
  luaL_argcheck(L, static_cast<lua_Unsigned>(position) - 1 < static_cast<lua_Unsigned>(end), 2,
                "position out of bounds");
  charge_steps(L, distance(position, end));
  for (lua_Integer i = end; i > position; --i) {
    lua_geti(L, 1, i - 1);
    lua_seti(L, 1, i);
  }
  lua_seti(L, 1, position);
  return 0;
}

int table_remove(lua_State* L) {
  const lua_Integer size = checked_length(L, 1, reads | writes);
  lua_Integer position = luaL_optinteger(L, 2, size);
  if (position != size) {
    luaL_argcheck(L, static_cast<lua_Unsigned>(position) - 1 <= static_cast<lua_Unsigned>(size), 2,
                  "position out of bounds");
  }
  charge_steps(L, distance(position, size));
  lua_geti(L, 1, position);
  for (; position < size; ++position) {
    lua_geti(L, 1, position + 1);
    lua_seti(L, 1, position);
  }
  lua_pushnil(L);
  lua_seti(L, 1, position);
  return 1;
}

int table_move(lua_State* L) {
  const lua_Integer from = luaL_checkinteger(L, 2);
  const lua_Integer last = luaL_checkinteger(L, 3);
  const lua_Integer to = luaL_checkinteger(L, 4);
  const int target = lua_isnoneornil(L, 5) ? 1 : 5;
  check_table(L, 1, reads);
  check_table(L, target, writes);
  if (last >= from) {
    luaL_argcheck(L, from > 0 || last < kIntegerMax + from, 3, "too many elements to move");
    const lua_Integer count = last - from + 1;
    luaL_argcheck(L, to <= kIntegerMax - count + 1, 4, "destination wrap around");
    charge_steps(L, static_cast<std::uint64_t>(count));
    const bool overlaps =
        to > from && to <= last && (target == 1 || lua_compare(L, 1, target, LUA_OPEQ) != 0);
    for (lua_Integer i = 0; i < count; ++i) {
      const lua_Integer offset = overlaps ? count - 1 - i : i;
      lua_geti(L, 1, from + offset);
      lua_seti(L, target, to + offset);
    }
  }
  lua_pushvalue(L, target);
  return 1;
}

void add_element(lua_State* L, luaL_Buffer* out, lua_Integer index) {
  const int type = lua_geti(L, 1, index);
  if (lua_isstring(L, -1) == 0) {
    luaL_error(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1),
               static_cast<LUAI_UACINT>(index));
  }
  if (type == LUA_TSTRING) charge_steps(L, lua_rawlen(L, -1) / 64);
  luaL_addvalue(out);
}

int table_concat(lua_State* L) {
  const lua_Integer size = checked_length(L, 1, reads);
  std::size_t separator_size = 0;
  const char* separator = luaL_optlstring(L, 2, "", &separator_size);
  lua_Integer from = luaL_optinteger(L, 3, 1);
  const lua_Integer last = luaL_optinteger(L, 4, size);
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  if (from <= last) {
    const std::uint64_t count = distance(from, last);
    charge_steps(L, count);
    charge_steps(L, separator_size / 64 > 0 ? count * (separator_size / 64) : 0);
    for (; from < last; ++from) {
      add_element(L, &out, from);
      luaL_addlstring(&out, separator, separator_size);
    }
    add_element(L, &out, last);
  }
  luaL_pushresult(&out);
  return 1;
}

int table_pack(lua_State* L) {
  const int count = lua_gettop(L);
  charge_steps(L, static_cast<std::uint64_t>(count));
  lua_createtable(L, count, 1);
  lua_insert(L, 1);
  for (int i = count; i >= 1; --i)
    lua_seti(L, 1, i);
  lua_pushinteger(L, count);
  lua_setfield(L, 1, "n");
  return 1;
}

int table_unpack(lua_State* L) {
  const lua_Integer from = luaL_optinteger(L, 2, 1);
  const lua_Integer last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
  if (from > last) return 0;
  const std::uint64_t more = distance(from, last);
  if (more >= INT_MAX) return luaL_error(L, "too many results to unpack");
  charge_steps(L, more + 1);
  const int count = static_cast<int>(more) + 1;
  if (lua_checkstack(L, count) == 0) return luaL_error(L, "too many results to unpack");
  for (int i = 0; i < count; ++i)
    lua_geti(L, 1, from + i);
  return count;
}

// Sorting: the values are read into a table of our own (index 3), a merge sort orders their numbers, and at
// the end they are written back. The function that compares is at index 2, or nil.
struct Sorting {
  lua_State* L;
  bool has_function;

  bool less(std::uint32_t a, std::uint32_t b) const {
    if (has_function) lua_pushvalue(L, 2);
    const int type_a = lua_rawgeti(L, 3, a);
    const int type_b = lua_rawgeti(L, 3, b);
    bool result = false;
    if (has_function) {
      lua_call(L, 2, 1);
      result = lua_toboolean(L, -1) != 0;
      lua_pop(L, 1);
      return result;
    }
    if (type_a == LUA_TSTRING && type_b == LUA_TSTRING) charge_long_strings();
    result = lua_compare(L, -2, -1, LUA_OPLT) != 0;
    lua_pop(L, 2);
    return result;
  }

  void charge_long_strings() const {
    const std::uint64_t a = lua_rawlen(L, -2), b = lua_rawlen(L, -1);
    if (a >= 64 && b >= 64) charge_steps(L, (a < b ? a : b) / 64);
  }

  // Merges [from, middle) and [middle, end), each in order, from one array into the other.
  void merge(const std::uint32_t* in, std::uint32_t* out, std::size_t from, std::size_t middle,
             std::size_t end) const {
    std::size_t left = from, right = middle;
    for (std::size_t i = from; i < end; ++i) {
      const bool take_right = left == middle || (right < end && less(in[right], in[left]));
      out[i] = take_right ? in[right++] : in[left++];
    }
  }
};

int table_sort(lua_State* L) {
  const lua_Integer size = checked_length(L, 1, reads | writes);
  if (size < 2) return 0;
  luaL_argcheck(L, size < INT_MAX, 1, "array too big");
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  const auto count = static_cast<std::size_t>(size);
  charge_steps(L, count * static_cast<unsigned>(std::bit_width(count)));
  lua_createtable(L, static_cast<int>(size), 0);
  auto* order = static_cast<std::uint32_t*>(lua_newuserdatauv(L, 2 * count * sizeof(std::uint32_t), 0));
  std::uint32_t* spare = order + count;
  for (std::size_t i = 0; i < count; ++i) {
    order[i] = static_cast<std::uint32_t>(i) + 1;
    lua_geti(L, 1, order[i]);
    lua_rawseti(L, 3, order[i]);
  }
  const Sorting sorting{L, !lua_isnil(L, 2)};
  for (std::size_t width = 1; width < count; width *= 2) {
    for (std::size_t from = 0; from < count; from += 2 * width) {
      const std::size_t middle = from + width < count ? from + width : count;
      const std::size_t end = middle + width < count ? middle + width : count;
      sorting.merge(order, spare, from, middle, end);
    }
    std::uint32_t* const sorted = spare;
    spare = order;
    order = sorted;
  }
  for (std::size_t i = 0; i < count; ++i) {
    lua_rawgeti(L, 3, order[i]);
    lua_seti(L, 1, static_cast<lua_Integer>(i) + 1);
  }
  return 0;
}

constexpr luaL_Reg kFunctions[] = {{"concat", table_concat}, {"insert", table_insert}, {"move", table_move},
                                   {"pack", table_pack},     {"remove", table_remove}, {"sort", table_sort},
                                   {"unpack", table_unpack}};

}  // namespace

void open_bounded_tables(lua_State* L) {
  lua_createtable(L, 0, static_cast<int>(std::size(kFunctions)));
  for (const luaL_Reg& function : kFunctions) {
    lua_pushcfunction(L, function.func);
    lua_setfield(L, -2, function.name);
  }
}

}  // namespace creel
