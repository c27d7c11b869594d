#include "rules/lua_base.h"

#include <array>
#include <lua.hpp>

#include "rules/lua_budget.h"
#include "rules/lua_pairs.h"
#include "rules/lua_strings.h"
#include "rules/lua_text.h"

// Everything below may be left by a longjmp at each call of Lua: no variable has a destructor.
namespace creel {
namespace {

constexpr char kReadOnly = 0;  // Its address is a key of the metatables that make a table read-only.

bool is_read_only(lua_State* L, int index) {
  if (lua_getmetatable(L, index) == 0) return false;
  const bool is = lua_rawgetp(L, -1, &kReadOnly) != LUA_TNIL;
  lua_pop(L, 2);
  return is;
}

int refuse_change(lua_State* L) {
  return luaL_error(L, "the library '%s' cannot be changed", lua_tostring(L, lua_upvalueindex(1)));
}

bool has_raw_field(lua_State* L, int table, const char* name) {
  lua_pushstring(L, name);
  const bool has = lua_rawget(L, table) != LUA_TNIL;
  lua_pop(L, 1);
  return has;
}

int base_setmetatable(lua_State* L) {
  const int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
    return luaL_error(L, "cannot change a protected metatable");
  if (type == LUA_TTABLE) {
    for (const char* name : {"__gc", "__mode"}) {
      if (has_raw_field(L, 2, name)) return luaL_error(L, "a metatable cannot have '%s' here", name);
    }
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

int base_rawset(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  if (is_read_only(L, 1)) return luaL_error(L, "a library cannot be changed");
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 1;
}

int base_tostring(lua_State* L) {
  luaL_checkany(L, 1);
  push_text(L, 1);
  return 1;
}

int base_xpcall(lua_State* L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);  // true, f, handler, arguments
  lua_pushvalue(L, 3);
  lua_insert(L, 2);  // true, handler, f, handler, arguments
  lua_remove(L, 4);
  const int status = lua_pcall(L, lua_gettop(L) - 3, LUA_MULTRET, 0);
  if (status == LUA_OK) {
    lua_remove(L, 2);
    return lua_gettop(L);
  }
  lua_call(L, 1, 1);  // true, handler, error
  lua_pushboolean(L, 0);
  lua_insert(L, 2);
  return 2;
}

constexpr std::array<luaL_Reg, 6> kChanged{{{"next", ordered_next},
                                            {"pairs", ordered_pairs},
                                            {"rawset", base_rawset},
                                            {"setmetatable", base_setmetatable},
                                            {"tostring", base_tostring},
                                            {"xpcall", base_xpcall}}};
constexpr std::array kKeptBase{"assert", "error",  "getmetatable", "ipairs",   "pcall", "rawequal",
                               "rawget", "rawlen", "select",       "tonumber", "type",  "_VERSION"};
constexpr std::array kKeptMath{"abs",  "acos",       "asin",       "atan",     "ceil", "cos", "deg",
                               "exp",  "floor",      "fmod",       "log",      "max",  "min", "modf",
                               "rad",  "sin",        "sqrt",       "tan",      "type", "ult", "pi",
                               "huge", "maxinteger", "mininteger", "tointeger"};

// Copies fields of the table on top into the one below it, and forgets the one on top.
template <std::size_t kCount>
void keep(lua_State* L, const std::array<const char*, kCount>& names) {
  for (const char* name : names) {
    lua_getfield(L, -1, name);
    lua_setfield(L, -3, name);
  }
  lua_pop(L, 1);
}

void push_lua_base(lua_State* L) {
  // Lua writes its functions into the globals, wherever they are.
  luaL_requiref(L, LUA_GNAME, luaopen_base, 0);
}

}  // namespace

void make_read_only(lua_State* L, const char* name) {
  lua_createtable(L, 0, 0);
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_pushcclosure(L, refuse_change, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushboolean(L, 1);
  lua_rawsetp(L, -2, &kReadOnly);
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

void open_base(lua_State* L) {
  luaL_checkstack(L, 12, nullptr);
  lua_createtable(L, 0, 32);
  push_lua_base(L);
  keep(L, kKeptBase);
  for (const luaL_Reg& function : kChanged) {
    lua_pushcfunction(L, function.func);
    lua_setfield(L, -2, function.name);
  }

  lua_createtable(L, 0, kKeptMath.size());
  lua_pushcfunction(L, luaopen_math);
  lua_call(L, 0, 1);
  keep(L, kKeptMath);
  make_read_only(L, "math");
  lua_setfield(L, -2, "math");

  open_bounded_tables(L);
  make_read_only(L, "table");
  lua_setfield(L, -2, "table");

  open_bounded_strings(L);
  lua_pushliteral(L, "");
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  make_read_only(L, "string");
  lua_setfield(L, -2, "string");
}

}  // namespace creel
