// Values of Lua as texts, for scripts whose results must not depend on where things lie in memory.
#pragma once

struct lua_State;

namespace creel {

// What tostring and string.format("%s") give, pushed onto the stack: as luaL_tolstring, but "table" where
// that says "table: 0x5581f0c3a2b0". Calls __tostring; may raise. Needs four free slots of stack.
const char* push_text(lua_State* L, int index);

}  // namespace creel
