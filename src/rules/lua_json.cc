#include "rules/lua_json.h"

#include <algorithm>
#include <cstring>
#include <lua.hpp>

#include "rules/lua_budget.h"

// Everything below may be left by a longjmp at each call of Lua: no variable has a destructor.
namespace creel {
namespace {

using simdjson::dom::element_type;

// Their addresses are keys in the registry.
constexpr char kArrayMark = 0, kObjectMark = 0, kNull = 0;

constexpr std::size_t kBytesPerStep = 8;
constexpr std::size_t kPresizedMax = 1 << 16;
// json.decode keeps no more of its memory than texts of this size need.
constexpr std::size_t kParserKeptMax = std::size_t{1} << 20;
// simdjson needs several times the text's size, which no limit of the script's memory sees.
constexpr std::size_t kDecodedMax = std::size_t{16} << 20;

int null_text(lua_State* L) {
  lua_pushliteral(L, "null");
  return 1;
}

// A protected metatable.
const void* make_mark(lua_State* L, const void* key, const char* name) {
  lua_createtable(L, 0, 2);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  if (name) {
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
  }
  const void* mark = lua_topointer(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
  return mark;
}

int presized(std::size_t count) {
  return static_cast<int>(std::min(count, kPresizedMax));
}

}  // namespace

LuaJson& LuaJson::of(lua_State* L) {
  return *static_cast<LuaJson*>(lua_touserdata(L, lua_upvalueindex(1)));
}

void LuaJson::open(lua_State* L) {
  array_mark_ = make_mark(L, &kArrayMark, nullptr);
  object_mark_ = make_mark(L, &kObjectMark, nullptr);

  null_ = lua_newuserdatauv(L, 0, 0);
  lua_createtable(L, 0, 3);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushliteral(L, "null");  // "attempt to index a null value (field 'data')"
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, null_text);
  lua_setfield(L, -2, "__tostring");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kNull);

  constexpr luaL_Reg kFunctions[] = {
      {"array", array}, {"object", object}, {"encode", encode}, {"decode", decode}};
  lua_createtable(L, 0, 8);
  for (const luaL_Reg& function : kFunctions) {
    lua_pushlightuserdata(L, this);
    lua_pushcclosure(L, function.func, 1);
    lua_setfield(L, -2, function.name);
  }
  push_null(L);
  lua_setfield(L, -2, "null");
}

void LuaJson::push_null(lua_State* L) const {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kNull);
}

void LuaJson::mark(lua_State* L, const void* key) const {
  lua_rawgetp(L, LUA_REGISTRYINDEX, key);
  lua_setmetatable(L, -2);
}

bool LuaJson::has_mark(lua_State* L, int index, const void* mark) const {
  if (lua_getmetatable(L, index) == 0) return false;
  const bool has = lua_topointer(L, -1) == mark;
  lua_pop(L, 1);
  return has;
}

void LuaJson::push(lua_State* L, simdjson::dom::element value) const {
  luaL_checkstack(L, 6, "too deep");
  switch (value.type()) {
    case element_type::OBJECT: {
      simdjson::dom::object object;
      if (value.get(object) == simdjson::SUCCESS) return push_object(L, object);
      break;
    }
    case element_type::ARRAY: {
      simdjson::dom::array array;
      if (value.get(array) == simdjson::SUCCESS) return push_items(L, array);
      break;
    }
    case element_type::STRING: {
      std::string_view text;
      if (value.get(text) != simdjson::SUCCESS) break;
      lua_pushlstring(L, text.data(), text.size());
      return;
    }
    case element_type::INT64: {
      std::int64_t number = 0;
      if (value.get(number) != simdjson::SUCCESS) break;
      lua_pushinteger(L, number);
      return;
    }
    case element_type::UINT64:
    case element_type::DOUBLE: {
      double number = 0;
      if (value.get(number) != simdjson::SUCCESS) break;
      lua_pushnumber(L, number);
      return;
    }
    case element_type::BOOL: {
      bool is = false;
      if (value.get(is) != simdjson::SUCCESS) break;
      lua_pushboolean(L, is ? 1 : 0);
      return;
    }
    case element_type::NULL_VALUE:
      break;
  }
  push_null(L);
}

void LuaJson::push_object(lua_State* L, simdjson::dom::object object) const {
  lua_createtable(L, 0, presized(object.size()));
  for (const simdjson::dom::key_value_pair field : object) {
    lua_pushlstring(L, field.key.data(), field.key.size());
    push(L, field.value);
    lua_rawset(L, -3);
  }
}

void LuaJson::push_array(lua_State* L, int count) const {
  lua_createtable(L, count, 0);
  mark(L, &kArrayMark);
}

void LuaJson::push_items(lua_State* L, simdjson::dom::array array) const {
  push_array(L, presized(array.size()));
  lua_Integer at = 0;
  for (const simdjson::dom::element item : array) {
    push(L, item);
    lua_rawseti(L, -2, ++at);
  }
}

bool LuaJson::is_same(lua_State* L, int index, simdjson::dom::element value) const {
  luaL_checkstack(L, 6, "too deep");
  index = lua_absindex(L, index);
  switch (value.type()) {
    case element_type::OBJECT: {
      simdjson::dom::object object;
      if (value.get(object) != simdjson::SUCCESS || lua_type(L, index) != LUA_TTABLE ||
          has_mark(L, index, array_mark_))
        return false;
      // Of a key that is there twice the table has only one.
      std::size_t count = 0, kept = 0;
      for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
        ++kept;
      bool is = true;
      for (const simdjson::dom::key_value_pair field : object) {
        lua_pushlstring(L, field.key.data(), field.key.size());
        lua_rawget(L, index);
        is = is_same(L, -1, field.value);
        lua_pop(L, 1);
        if (!is || ++count > kept) return false;
      }
      return count == kept;
    }
    case element_type::ARRAY: {
      simdjson::dom::array array;
      if (value.get(array) != simdjson::SUCCESS || lua_type(L, index) != LUA_TTABLE ||
          !has_mark(L, index, array_mark_))
        return false;
      lua_Integer count = 0, kept = 0;
      for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
        ++kept;
      for (const simdjson::dom::element item : array) {
        lua_rawgeti(L, index, ++count);
        const bool is = is_same(L, -1, item);
        lua_pop(L, 1);
        if (!is) return false;
      }
      return count == kept;
    }
    case element_type::STRING: {
      std::string_view text;
      if (value.get(text) != simdjson::SUCCESS || lua_type(L, index) != LUA_TSTRING) return false;
      std::size_t size = 0;
      const char* mine = lua_tolstring(L, index, &size);
      return std::string_view(mine, size) == text;
    }
    case element_type::INT64: {
      std::int64_t number = 0;
      return value.get(number) == simdjson::SUCCESS && lua_isinteger(L, index) != 0 &&
             lua_tointeger(L, index) == number;
    }
    case element_type::UINT64:
    case element_type::DOUBLE: {
      double number = 0;
      if (value.get(number) != simdjson::SUCCESS || lua_type(L, index) != LUA_TNUMBER ||
          lua_isinteger(L, index) != 0)
        return false;
      const double mine = lua_tonumber(L, index);
      return std::memcmp(&mine, &number, sizeof mine) == 0;
    }
    case element_type::BOOL: {
      bool is = false;
      return value.get(is) == simdjson::SUCCESS && lua_type(L, index) == LUA_TBOOLEAN &&
             (lua_toboolean(L, index) != 0) == is;
    }
    case element_type::NULL_VALUE:
      break;
  }
  return lua_touserdata(L, index) == null_;
}

// json.array(t), json.object(t): marks t, or a new table, and gives it back.
int LuaJson::array(lua_State* L) {
  LuaJson& json = of(L);
  lua_settop(L, 1);
  if (lua_isnil(L, 1)) {
    lua_createtable(L, 0, 0);
    lua_replace(L, 1);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  if (lua_getmetatable(L, 1) != 0) {
    const void* now = lua_topointer(L, -1);
    lua_pop(L, 1);
    luaL_argcheck(L, now == json.array_mark_ || now == json.object_mark_, 1, "the table has a metatable");
  }
  json.mark(L, &kArrayMark);
  return 1;
}

int LuaJson::object(lua_State* L) {
  array(L);
  of(L).mark(L, &kObjectMark);
  return 1;
}

int LuaJson::encode(lua_State* L) {
  luaL_checkany(L, 1);
  const std::string& text = of(L).write(L, 1, "value");
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

int LuaJson::decode(lua_State* L) {
  LuaJson& json = of(L);
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  if (size > kDecodedMax) return luaL_error(L, "json.decode: the text is longer than 16 MiB");
  charge_steps(L, size / kBytesPerStep);
  const auto padded = static_cast<char*>(lua_newuserdatauv(L, size + simdjson::SIMDJSON_PADDING, 0));
  std::memcpy(padded, text, size);
  std::memset(padded + size, ' ', simdjson::SIMDJSON_PADDING);
  if (json.parser_.capacity() == 0 || json.parser_.max_depth() != kLuaJsonDepthMax) {
    if (json.parser_.allocate(std::max<std::size_t>(size, 4096), kLuaJsonDepthMax) != simdjson::SUCCESS)
      return luaL_error(L, "json.decode: not enough memory");
  }
  simdjson::dom::element value;
  const simdjson::error_code error = json.parser_.parse(padded, size, false).get(value);
  if (error != simdjson::SUCCESS) {
    return luaL_error(L,
                      error == simdjson::DEPTH_ERROR ? "json.decode: nested more than %d levels deep"
                                                     : "json.decode: the text is not JSON",
                      static_cast<int>(kLuaJsonDepthMax));
  }
  json.push(L, value);
  if (json.parser_.capacity() > kParserKeptMax) json.parser_ = simdjson::dom::parser();
  return 1;
}

}  // namespace creel
