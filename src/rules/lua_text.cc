#include "rules/lua_text.h"

#include <lua.hpp>

namespace creel {

const char* push_text(lua_State* L, int index) {
  index = lua_absindex(L, index);
  const int type = lua_type(L, index);
  const bool has_own_text =
      type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING;
  if (has_own_text) return luaL_tolstring(L, index, nullptr);
  if (luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
    lua_pop(L, 1);
    return luaL_tolstring(L, index, nullptr);
  }
  const int name = luaL_getmetafield(L, index, "__name");
  if (name == LUA_TSTRING) return lua_tostring(L, -1);
  if (name != LUA_TNIL) lua_pop(L, 1);
  return lua_pushstring(L, luaL_typename(L, index));
}

}  // namespace creel
