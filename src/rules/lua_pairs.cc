#include "rules/lua_pairs.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <lua.hpp>
#include <string_view>

#include "rules/lua_budget.h"

// Everything below may be left by a longjmp at each call of Lua: no variable has a destructor.
namespace creel {
namespace {

// A key by value. Its text lives as long as the key in its table.
struct Key {
  enum class Kind : std::uint8_t { boolean, integer, real, text, other };

  Kind kind = Kind::other;
  lua_Integer integer = 0;  // of a boolean too
  lua_Number real = 0;
  std::string_view text;
};

Key key_at(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      return {.kind = Key::Kind::boolean, .integer = lua_toboolean(L, index)};
    case LUA_TNUMBER:
      if (lua_isinteger(L, index) != 0)
        return {.kind = Key::Kind::integer, .integer = lua_tointeger(L, index)};
      return {.kind = Key::Kind::real, .real = lua_tonumber(L, index)};
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      return {.kind = Key::Kind::text, .text = {text, size}};
    }
    default:
      return {};
  }
}

// Integers and other numbers are ordered among each other.
int rank(const Key& key) {
  switch (key.kind) {
    case Key::Kind::boolean:
      return 0;
    case Key::Kind::integer:
    case Key::Kind::real:
      return 1;
    case Key::Kind::text:
      return 2;
    case Key::Kind::other:
      break;
  }
  return 3;
}

// Wide enough for both on all machines we know; where it were not, two large keys would only change places.
long double number(const Key& key) {
  return key.kind == Key::Kind::integer ? static_cast<long double>(key.integer)
                                        : static_cast<long double>(key.real);
}

bool before(const Key& a, const Key& b) {
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  switch (a.kind) {
    case Key::Kind::text:
      return a.text < b.text;
    case Key::Kind::other:
      return false;
    case Key::Kind::boolean:
      return a.integer < b.integer;
    case Key::Kind::integer:
      if (b.kind == Key::Kind::integer) return a.integer < b.integer;
      break;
    case Key::Kind::real:
      break;
  }
  return number(a) < number(b);
}

void push_key(lua_State* L, const Key& key, int other) {
  switch (key.kind) {
    case Key::Kind::boolean:
      lua_pushboolean(L, static_cast<int>(key.integer));
      break;
    case Key::Kind::integer:
      lua_pushinteger(L, key.integer);
      break;
    case Key::Kind::real:
      lua_pushnumber(L, key.real);
      break;
    case Key::Kind::text:
      lua_pushlstring(L, key.text.data(), key.text.size());
      break;
    case Key::Kind::other:
      lua_pushvalue(L, other);
      break;
  }
}

void refuse_others(lua_State* L) {
  luaL_error(L, "a table with several keys that are neither texts, numbers nor booleans has no order");
}

// What pairs gives: upvalue 1 holds the keys, upvalue 2 how many of them are done.
int step(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer at = lua_tointeger(L, lua_upvalueindex(2));
  for (;;) {
    if (lua_rawgeti(L, lua_upvalueindex(1), ++at) == LUA_TNIL) return 1;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) != LUA_TNIL) break;
    lua_pop(L, 2);
    charge_steps(L, 1);
  }
  lua_pushinteger(L, at);
  lua_replace(L, lua_upvalueindex(2));
  return 2;
}

// Pushes the keys of the table at 1 in their order, as a list.
void push_keys(lua_State* L) {
  std::size_t count = 0;
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1))
    ++count;
  charge_steps(L, count * (1 + static_cast<unsigned>(std::bit_width(count)) / 4));
  lua_pushnil(L);  // The one key of another kind.
  const int other = lua_gettop(L);
  const auto keys = static_cast<Key*>(lua_newuserdatauv(L, sizeof(Key) * count, 0));
  std::size_t at = 0;
  bool is_sorted = true;
  for (lua_pushnil(L); at < count && lua_next(L, 1) != 0; lua_pop(L, 1)) {
    keys[at] = key_at(L, -2);
    if (keys[at].kind == Key::Kind::other) {
      if (!lua_isnil(L, other)) refuse_others(L);
      lua_pushvalue(L, -2);
      lua_replace(L, other);
    }
    is_sorted = is_sorted && (at == 0 || before(keys[at - 1], keys[at]));
    ++at;
  }
  lua_settop(L, other + 1);
  if (!is_sorted) std::sort(keys, keys + at, before);
  lua_createtable(L, static_cast<int>(at), 0);
  for (std::size_t i = 0; i < at; ++i) {
    push_key(L, keys[i], other);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
}

}  // namespace

void refuse_weak(lua_State* L, int table) {
  if (lua_getmetatable(L, table) == 0) return;
  lua_pushliteral(L, "__mode");
  if (lua_rawget(L, -2) != LUA_TNIL)
    luaL_error(L, "a table whose metatable has '__mode' cannot be gone through");
  lua_pop(L, 2);
}

int ordered_pairs(lua_State* L) {
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 3);
    return 3;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  refuse_weak(L, 1);
  push_keys(L);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, step, 2);
  lua_pushvalue(L, 1);
  return 2;
}

int ordered_next(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  refuse_weak(L, 1);
  const bool is_first = lua_isnil(L, 2);
  const Key after = key_at(L, 2);
  Key found;
  bool has_found = false;
  int others = 0;
  std::uint64_t count = 0;
  lua_pushnil(L);  // 3: the key of another kind
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
    ++count;
    const Key key = key_at(L, -2);
    if (key.kind == Key::Kind::other) {
      if (++others > 1) refuse_others(L);
      lua_pushvalue(L, -2);
      lua_replace(L, 3);
    }
    if ((is_first || before(after, key)) && (!has_found || before(key, found))) {
      found = key;
      has_found = true;
    }
  }
  charge_steps(L, count);
  if (!has_found) {
    lua_pushnil(L);
    return 1;
  }
  push_key(L, found, 3);
  lua_pushvalue(L, -1);
  lua_rawget(L, 1);
  return 2;
}

}  // namespace creel
