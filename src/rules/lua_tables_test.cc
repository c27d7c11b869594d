#include <gtest/gtest.h>

#include <string>

#include "rules/lua_strings_fixture.h"

namespace creel {
namespace {

using testing::LuaState;

// The result of each chunk is the one given, by our library and by Lua's own.
void check(std::initializer_list<std::pair<const char*, const char*>> cases) {
  LuaState state(LuaState::Libraries::bounded);
  LuaState real(LuaState::Libraries::real);
  for (const auto& [chunk, result] : cases) {
    state.set_budget(testing::kPlenty);
    real.set_budget(testing::kPlenty);
    EXPECT_EQ(state.run(chunk), result) << chunk;
    EXPECT_EQ(real.run(chunk), result) << chunk << ", by Lua itself";
  }
}

void expect_stopped(const char* chunk) {
  LuaState state(LuaState::Libraries::bounded);
  state.set_budget(1'000'000);
  EXPECT_NE(state.run(chunk).find("stopped after"), std::string::npos) << chunk;
}

TEST(LuaTables, InsertAndRemove) {
  check({{"local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) return table.unpack(t)", "0 1 2 3"},
         {"local t = {1, 2, 3} return table.remove(t), table.remove(t, 1), #t, t[1]", "3 1 1 2"},
         {"local t = {} return table.remove(t), table.remove(t, 0), #t", "nil nil 0"},
         {"local t = {1} return table.remove(t, 2), #t", "nil 1"},
         {"table.insert({}, 3, 1)", "error: test:1: bad argument #2 to 'insert' (position out of bounds)"},
         {"table.insert({}, 1, 2, 3)", "error: test:1: wrong number of arguments to 'insert'"},
         {"table.insert({})", "error: test:1: wrong number of arguments to 'insert'"},
         {"table.insert(nil, 1)", "error: test:1: bad argument #1 to 'insert' (table expected, got nil)"}});
}

TEST(LuaTables, Move) {
  check({{"return table.unpack(table.move({1, 2, 3}, 1, 3, 2))", "1 1 2 3"},
         {"return table.unpack(table.move({1, 2, 3}, 2, 3, 1))", "2 3 3"},
         {"return table.unpack(table.move({1, 2, 3}, 1, 3, 1, {}))", "1 2 3"},
         {"return #table.move({1, 2, 3}, 1, 0, 5)", "3"},
         {"table.move({}, -1, math.maxinteger, 1)",
          "error: test:1: bad argument #3 to 'move' (too many elements to move)"},
         {"table.move({}, 1, math.maxinteger, 3)",
          "error: test:1: bad argument #4 to 'move' (destination wrap around)"}});
}

TEST(LuaTables, ConcatPackAndUnpack) {
  check({{"return table.concat({1, 'a', 2.5}, ', ')", "1, a, 2.5"},
         {"return table.concat({}), table.concat({1, 2, 3}, '-', 2), table.concat({1, 2, 3}, '-', 2, 2)",
          " 2-3 2"},
         {"return table.concat({1, 2}, '', 3)", ""},
         {"return table.concat({1, {}})",
          "error: test:1: invalid value (table) at index 2 in table for 'concat'"},
         {"local t = table.pack(1, nil, 3) return t.n, t[1], t[2], t[3]", "3 1 nil 3"},
         {"return table.pack().n", "0"},
         {"return table.unpack({1, 2, 3}, 2)", "2 3"},
         {"return table.unpack({1, 2, 3}, -1, 1)", "nil nil 1"},
         {"return table.unpack({}, 1, 3)", "nil nil nil"},
         {"return table.unpack('abc', 1, 0)", ""},
         {"return table.unpack({}, math.maxinteger, math.maxinteger)", "nil"},
         {"return table.unpack({}, math.mininteger, math.maxinteger)",
          "error: test:1: too many results to unpack"}});
}

TEST(LuaTables, Sort) {
  check(
      {{"local t = {3, 1, 2} table.sort(t) return table.unpack(t)", "1 2 3"},
       {"local t = {'b', 'a', 'c'} table.sort(t, function(x, y) return x > y end) return table.unpack(t)",
        "c b a"},
       {"local t = {1, 'a'} return (pcall(table.sort, t)) and 'done' or 'failed'", "failed"},
       {"table.sort({1, 2}, 3)", "error: test:1: bad argument #2 to 'sort' (function expected, got number)"},
       {"local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t) "
        "for i = 2, 1000 do assert(t[i - 1] < t[i]) end return #t",
        "1000"},
       {"local t = {} table.sort(t) t[1] = 'x' table.sort(t, print) return t[1]", "x"}});
}

TEST(LuaTables, SortIsStableAndOutlivesWrongOrders) {
  LuaState state(LuaState::Libraries::bounded);
  state.set_budget(testing::kPlenty);
  EXPECT_EQ(
      state.run("local t = {'b1', 'a1', 'b2', 'a2', 'b3'} "
                "table.sort(t, function(x, y) return x:sub(1, 1) < y:sub(1, 1) end) return table.unpack(t)"),
      "a1 a2 b1 b2 b3");
  EXPECT_EQ(state.run("local t = {} for i = 1, 300 do t[i] = i end "
                      "table.sort(t, function() return true end) local sum = 0 "
                      "for i = 1, 300 do sum = sum + t[i] end return #t, sum"),
            "300 45150");
  EXPECT_EQ(
      state.run("local t = {3, 1, 2} local n = 0 "
                "pcall(table.sort, t, function(a, b) n = n + 1 if n == 3 then error() end return a < b end) "
                "return table.unpack(t)"),
      "3 1 2");
}

TEST(LuaTables, WorkByMetamethods) {
  const char* proxy =
      "local function proxy(inner) return setmetatable({}, {__len = function() return #inner end, "
      "__index = function(_, i) return inner[i] end, __newindex = function(_, i, v) inner[i] = v end}) end ";
  LuaState state(LuaState::Libraries::bounded);
  LuaState real(LuaState::Libraries::real);
  for (const char* chunk : {"local t = {3, 1, 2} table.sort(proxy(t)) return table.unpack(t)",
                            "local t = {3, 1, 2} table.insert(proxy(t), 2, 9) return table.unpack(t)",
                            "local t = {3, 1, 2} return table.remove(proxy(t), 1), table.unpack(t)",
                            "return table.concat(proxy{1, 2}, ',')", "return table.unpack(proxy{1, 2})",
                            "local t = {1, 2, 3} table.move(proxy(t), 1, 3, 2) return table.unpack(t)",
                            "return table.unpack(table.move({1, 2}, 1, 2, 1, proxy{}))",
                            "table.insert(setmetatable({}, {__len = function() return 'x' end}), 1)"}) {
    state.set_budget(testing::kPlenty);
    real.set_budget(testing::kPlenty);
    EXPECT_EQ(state.run(proxy + std::string(chunk)), real.run(proxy + std::string(chunk))) << chunk;
  }
}

TEST(LuaTables, StopWorkThatNeverEnds) {
  const std::string huge = "local t = setmetatable({}, {__len = function() return 1 << 60 end}) ";
  expect_stopped("table.move({}, 1, 1000000000000000000, 2)");
  expect_stopped("table.move({}, 1, 1000000000000000000, 2, {})");
  expect_stopped("return table.concat({}, '', 1, 1000000000000000000)");
  expect_stopped("return table.unpack({}, 1, 2000000)");
  expect_stopped("local t = {} for i = 1, 1000 do t[i] = i end for i = 1, 10000 do table.sort(t) end");
  expect_stopped("local t = {} for i = 1, 10000 do t[i] = i end for i = 1, 1000 do table.concat(t) end");
  for (const char* chunk : {"table.insert(t, 1, 1)", "table.remove(t, 1)", "return table.concat(t)"}) {
    expect_stopped((huge + chunk).c_str());
  }
  expect_stopped("table.sort(setmetatable({}, {__len = function() return 1 << 30 end}))");
  expect_stopped(
      "local s, t = ('a'):rep(1000000), {} for i = 1, 100 do t[i] = s .. i end "
      "for i = 1, 1000 do table.sort(t) end");
  expect_stopped("local s = ('a'):rep(1000000) for i = 1, 1000 do table.concat({1, 2}, s) end");
}

}  // namespace
}  // namespace creel
