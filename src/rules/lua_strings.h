// The string and table libraries for scripts that run on strangers' bytes.
//
// Lua's own limit on instructions sees only instructions: a pattern that backtracks, string.rep of nothing
// a billion times or table.move to the far end run inside one call for as long as they like. These
// libraries do the same as those of Lua 5.4 (its manual, 6.4 and 6.6), but their work is charged to the
// script's own budget (rules/lua_budget.h), so whatever the event holds, a script ends.
//
// What differs from the ones of Lua: string.dump is missing. string.format gives no addresses: "%s" makes
// "table" of a table, and "%p" is refused. string.rep of the empty string gives it at once.
// table.sort is stable, makes the same comparisons each time, changes nothing when a comparison fails, and
// never says "invalid order function": a wrong one gives some order. Classes of characters (%a …) are those
// of ASCII whatever the locale.
#pragma once

struct lua_State;

namespace creel {

// Each leaves one new table on the stack and makes it known nowhere. They need eight free slots of stack, may
// raise for want of memory, and what they leave works only in states in which charge_steps does.
//
// byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper
void open_bounded_strings(lua_State* L);

// concat insert move pack remove sort unpack
void open_bounded_tables(lua_State* L);

}  // namespace creel
