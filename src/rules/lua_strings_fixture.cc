#include "rules/lua_strings_fixture.h"

#include <cstdio>
#include <cstdlib>

#include "rules/lua_strings.h"

namespace creel::testing {
namespace {

constexpr char kAsk[] = R"lua(
local function show(...)
  local out = ''
  for i = 1, select('#', ...) do
    local value = select(i, ...)
    if type(value) == 'string' then out = out .. '<' .. value .. '>' else out = out .. tostring(value) .. ' ' end
  end
  return out
end

local answers = {a = 'X', b = false, ab = 7, [1] = 'one', [2] = '%1', [''] = '-', c = {}}
local function answer(whole, second)
  if whole == 'a' then return nil elseif whole == 'b' then return 1.5 elseif whole == 'c' then return {} end
  if whole == 'x' then error('thrown', 0) end
  return show(whole, second)
end

return function(operation, subject, pattern, replacement, number)
  if operation == 'find' then return show(pcall(string.find, subject, pattern, number)) end
  if operation == 'plain' then return show(pcall(string.find, subject, pattern, number, true)) end
  if operation == 'match' then return show(pcall(string.match, subject, pattern, number)) end
  if operation == 'gsub' then return show(pcall(string.gsub, subject, pattern, replacement, number)) end
  if operation == 'gsub_table' then return show(pcall(string.gsub, subject, pattern, answers, number)) end
  if operation == 'gsub_function' then return show(pcall(string.gsub, subject, pattern, answer, number)) end
  local out = ''
  local function all()
    for first, second, third in string.gmatch(subject, pattern, number) do
      out = out .. show(first, second, third) .. ';'
    end
  end
  return show(pcall(all)) .. out
end
)lua";

void require(bool condition, lua_State* state) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", luaL_tolstring(state, -1, nullptr));
  std::abort();
}

void install(lua_State* state, const char* name) {
  luaL_getsubtable(state, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(state, -2);
  lua_setfield(state, -2, name);
  lua_pop(state, 1);
  lua_setglobal(state, name);
}

}  // namespace

LuaState::LuaState(Libraries libraries) : state_(luaL_newstate()) {
  lua_State* state = state_.get();
  budget_->watch(state);
  set_budget(kPlenty);
  luaL_openlibs(state);
  if (libraries == Libraries::bounded) {
    open_bounded_strings(state);
    lua_pushliteral(state, "");
    lua_getmetatable(state, -1);
    lua_pushvalue(state, -3);
    lua_setfield(state, -2, "__index");
    lua_pop(state, 2);
    install(state, "string");
    open_bounded_tables(state);
    install(state, "table");
  }
  require(luaL_dostring(state, kAsk) == LUA_OK, state);
}

std::string LuaState::show() {
  lua_State* state = state_.get();
  std::string text;
  for (int i = 2; i <= lua_gettop(state); ++i) {
    if (i > 2) text += ' ';
    std::size_t size = 0;
    const bool has_text = lua_isstring(state, i) != 0;
    const char* value = has_text ? lua_tolstring(state, i, &size) : luaL_typename(state, i);
    text += has_text ? std::string_view(value, size) : std::string_view(value);
  }
  lua_settop(state, 1);
  return text;
}

std::string LuaState::run(std::string_view chunk) {
  lua_State* state = state_.get();
  const bool done = luaL_loadbufferx(state, chunk.data(), chunk.size(), "=test", "t") == LUA_OK &&
                    lua_pcall(state, 0, LUA_MULTRET, 0) == LUA_OK;
  return done ? show() : "error: " + show();
}

std::string LuaState::ask(const Question& question) {
  lua_State* state = state_.get();
  lua_pushvalue(state, 1);
  for (const std::string_view text :
       {question.operation, question.subject, question.pattern, question.replacement}) {
    lua_pushlstring(state, text.data(), text.size());
  }
  if (question.number) {
    lua_pushinteger(state, *question.number);
  } else {
    lua_pushnil(state);
  }
  const bool done = lua_pcall(state, 5, 1, 0) == LUA_OK;
  return done ? show() : "error: " + show();
}

}  // namespace creel::testing
