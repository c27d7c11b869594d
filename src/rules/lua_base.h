// What a script sees besides its event: Lua's basic functions, string, table and math, as far as they make it
// no less a pure function.
//
// Missing: whatever reaches outside or makes code (load, dofile, require, print, os, io, debug, coroutine,
// math.random), and finalizers and weak tables, which see the collector at work. Changed: pairs and next go
// through a table in the order of its keys, since Lua's own order differs from one run of the program to the
// next; tostring shows no addresses; xpcall calls its handler after the error and not in the midst of it,
// where no limit holds.
//
// All of it is shared by the runs of a script and can be changed by none of them.
#pragma once

struct lua_State;

namespace creel {

// Pushes the table of all of it, and makes the methods of strings known. The table itself is not read-only:
// it must not come into a script's hands but as the __index of a protected metatable. Raises for want of
// memory.
void open_base(lua_State* L);

// Replaces the table on top of the stack by one through which it can be read and not changed.
void make_read_only(lua_State* L, const char* name);

}  // namespace creel
