// pairs and next for scripts that must do the same each time.
//
// Lua goes through a table by the hashes of its keys, which it seeds anew in every state. These go by the
// keys themselves: false, true, numbers, then texts by their bytes. More than one key of another kind cannot
// be put in an order and is an error. pairs looks at the keys as they are when it is called: what is added
// while it goes on is not visited, what is removed is not either.
#pragma once

struct lua_State;

namespace creel {

int ordered_pairs(lua_State* L);
int ordered_next(lua_State* L);

}  // namespace creel
