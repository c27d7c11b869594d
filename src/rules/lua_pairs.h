// pairs and next for scripts that must do the same each time.
//
// Lua goes through a table by the hashes of its keys, which it seeds anew in every state. These go by the
// keys themselves: false, true, numbers, then texts by their bytes. More than one key of another kind cannot
// be put in an order and is an error. pairs looks at the keys as they are when it is called: what is added
// while it goes on is not visited, what is removed is not either.
#pragma once

struct lua_State;

namespace creel {

// Raises an error when the table may lose keys and values whenever memory is collected: whoever goes through
// it and asks for memory meanwhile would hold what is gone. setmetatable refuses such metatables, but a
// script can make one of them later.
void refuse_weak(lua_State* L, int table);

int ordered_pairs(lua_State* L);
int ordered_next(lua_State* L);

}  // namespace creel
