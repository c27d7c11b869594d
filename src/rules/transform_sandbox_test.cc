// What a script can do to the next event, to the next script and to the machine: nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "rules/transform_fixture.h"

namespace creel {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(TransformSandbox, HasNothingThatReachesOutside) {
  TransformWorld world;
  for (const std::string name :
       {"load", "loadstring", "dofile", "loadfile", "require", "package", "print", "warn", "collectgarbage",
        "coroutine", "os", "io", "debug", "utf8", "string.dump", "math.random", "math.randomseed"}) {
    EXPECT_EQ(world.value("tostring(" + name + ")"), R"(["nil"])") << name;
  }
}

TEST(TransformSandbox, LeavesNothingForTheNextEvent) {
  TransformWorld world;
  for (const std::string_view change : {
           "x = 1",
           "_G.x = 1",
           "_ENV.x = 1",
           "rawset(_G, 'x', 1)",
           "pairs = nil",
           "string = {x = 1}",
           "pcall(function() string.x = 1 end)",
           "pcall(function() math.x = 1 end)",
           "pcall(function() json.null = 1 end)",
           "pcall(rawset, string, 'x', 1)",
           "pcall(rawset, table, 1, 1)",
           "pcall(table.insert, table, 1)",
           "pcall(table.insert, json, 1, 1)",
           "pcall(table.move, {1, 2}, 1, 2, 1, math)",
           "pcall(setmetatable, string, {})",
           "pcall(setmetatable, _G, {})",
           "pcall(function() getmetatable('').__index = {} end)",
           "pcall(function() getmetatable(string).__index = {} end)",
           "pcall(function() getmetatable(_G).__index.x = 1 end)",
           "pcall(function() getmetatable(event.body.data.list).x = 1 end)",
           "pcall(function() getmetatable(json.array()).__index = {x = 1} end)",
           "pcall(function() getmetatable(json.null).__index = {x = 1} end)",
           "pcall(function() json.null.x = 1 end)",
           "pcall(function() ('').x = 1 end)",
           "count = (count or 0) + 1",
           "kept[#kept + 1] = event",
       }) {
    auto transform = Transform::compile(
        "local kept, seen = {}, 0\n"
        "return function(event)\n"
        "seen = seen + 1\n"
        "local list = json.array()\n"
        "event.body.saw = {seen, #kept, tostring(x), tostring(count), type(pairs), "
        "tostring(string.x), tostring(math.x), tostring(table[1]), tostring(json[1]), "
        "tostring(json.null), tostring(('').x), tostring(list.x), ('a'):upper()}\n" +
        std::string(change) + "\nreturn event end");
    ASSERT_TRUE(transform) << transform.error().message;
    for (int i = 0; i < 2; ++i) {
      const auto made = transform->run(world.event);
      ASSERT_TRUE(made && *made) << change << (made ? "" : made.error().message);
      EXPECT_THAT(
          (*made)->body,
          HasSubstr(R"("saw":[1,0,"nil","nil","function","nil","nil","nil","nil","null","nil","nil","A"])"))
          << change;
    }
  }
}

TEST(TransformSandbox, KeepsFinalizersAndWeakTablesOut) {
  TransformWorld world;
  EXPECT_EQ(world.body("function(event) setmetatable({}, {__gc = function() end}) return event end"),
            "line 1: a metatable cannot have '__gc' here");
  EXPECT_EQ(world.body("function(event) setmetatable({}, {__mode = 'k'}) return event end"),
            "line 1: a metatable cannot have '__mode' here");
  EXPECT_EQ(world.body("function(event) string.trim = 1 return event end"),
            "line 1: the library 'string' cannot be changed");
  EXPECT_EQ(world.value("setmetatable({}, {__index = {x = 5}}).x, getmetatable('') == false"), "[5,true]");
}

// Else what goes through them would hold keys that are gone, which AddressSanitizer sees.
TEST(TransformSandbox, GoesThroughNoTableThatBecameWeak) {
  TransformWorld world;
  world.limits.memory_max = std::size_t{2} << 20;
  constexpr std::string_view kWeak =
      "local hog, s = {}, ('x'):rep(1000) for i = 1, 1200 do hog[i] = s .. i end "
      "local mt = {} local t = setmetatable({}, mt) mt.__mode = 'v' "
      "for i = 1, 500 do t[('k'):rep(400) .. i] = {} end ";
  for (const std::string_view use :
       {"for k in pairs(t) do end", "next(t)", "json.encode(t)", "event.body = t", "event.body = {t}",
        "event.headers = t", "event.query = t"}) {
    const std::string made =
        world.body("function(event) " + std::string(kWeak) + std::string(use) + " return event end");
    EXPECT_THAT(made, HasSubstr("a table whose metatable has '__mode' cannot be gone through")) << use;
  }
}

// What goes on for ever, or would take all memory.
TEST(TransformSandbox, EndsWhatDoesNotEnd) {
  TransformWorld world;
  world.limits = {
      .memory_max = std::size_t{4} << 20, .steps_max = 200'000, .time_max = std::chrono::seconds(2)};
  for (const std::string_view body : {
           "while true do end",
           "while true do pcall(function() while true do end end) end",
           "local function f() while true do pcall(f) end end f()",
           "while true do pcall(string.rep, 'x', 1 << 40) end",
           "while true do pcall(error, 'x') end",
           "xpcall(function() while true do end end, function() while true do end end) while true do end",
           "while true do xpcall(error, function(e) return e end) end",
           "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]",
           "local function f() return f() end f()",
           "local function f() f() f() end while true do pcall(f) end",
           "local s = 'x' while true do s = s .. s end",
           "local s = ('x'):rep(1000000) while true do local t = s .. 'y' end",
           "local s = ('x'):rep(1000000) local t = ('x'):rep(1000000) while true do local u = s == t end",
           "local s = '0x' .. ('f'):rep(1000000) while true do local u = s | 1 end",
           "local s = ('1'):rep(1000000) while true do tonumber(s) end",
           "local t = {} while true do t[#t + 1] = {} end",
           "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(100000) end) end",
           "local a = ('a'):rep(100000) a:find(('.-'):rep(20) .. 'b')",
           "string.rep('x', 1 << 50)",
           "local t = {} for i = 1, 1000 do t[i] = t end t[1] = {t} event.body = t while true do pairs(t) "
           "end",
           "local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do "
           "end",
           "local s = '' while true do s = json.encode({s, s}) end",
           "local t = {} for i = 1, 40 do t = {t, t} end json.encode(t)",
           "local t = {} for i = 1, 40 do t = {t, t} end event.body = t return event",
           "local t = {} for i = 1, 10000 do t[i] = i end while true do next(t, 5000) end",
           "local function f(...) return select('#', ...) end local t = {} for i = 1, 5000 do t[i] = i end "
           "while true do f(table.unpack(t)) end",
           "return setmetatable({}, {__index = function() while true do end end}).x",
           "for i = 1, math.huge do end",
       }) {
    const auto began = std::chrono::steady_clock::now();
    const auto made = world.run("function(event) " + std::string(body) + " end");
    ASSERT_FALSE(made) << body;
    EXPECT_THAT(
        made.error().message,
        ::testing::AnyOf(HasSubstr("stopped after 200000 steps"), HasSubstr("needs more than 4 MiB"),
                         HasSubstr("overflow"), HasSubstr("too large"), HasSubstr("stopped after 2000 ms")))
        << body;
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20)) << body;
  }
}

TEST(TransformSandbox, SaysWhichLimitWasReached) {
  TransformWorld world;
  EXPECT_EQ(world.body("function(event)\nwhile true do end end"), "line 2: stopped after 10000000 steps");
  EXPECT_EQ(world.body("function(event) local t = {} while true do t[#t + 1] = {{}, {}} end end"),
            "needs more than 64 MiB");
  world.limits.time_max = std::chrono::milliseconds(0);
  EXPECT_EQ(world.body("function(event)\nwhile true do end end"),
            "line 2: stopped after 0 ms of processor time");
}

TEST(TransformSandbox, MayLeaveMuchGarbage) {
  TransformWorld world;
  EXPECT_EQ(world.body("function(event) local s for i = 1, 400 do s = ('xxxxxxxxxx'):rep(10000) .. i end "
                       "event.body = tostring(#s) return event end"),
            "100003");
}

TEST(TransformSandbox, IsAsGoodAsNewAfterAnError) {
  TransformWorld world;
  world.limits = {.memory_max = std::size_t{2} << 20, .steps_max = 100'000};
  auto transform = Transform::compile(
      "function(event)\n"
      "local what = event.body.what\n"
      "if what == 1 then while true do end end\n"
      "if what == 2 then local t = {} while true do t[#t + 1] = {} end end\n"
      "if what == 3 then local function f() f() end f() end\n"
      "if what == 4 then event.body.x = event.body end\n"
      "if what == 5 then event.body.x = pairs end\n"
      "if what == 6 then error('six') end\n"
      "if what == 7 then json.decode('{') end\n"
      "event.body.ok = true return event end",
      world.limits);
  ASSERT_TRUE(transform);
  for (int round = 0; round < 3; ++round) {
    for (int what = 0; what < 8; ++what) {
      world.event.body = "{\"what\":" + std::to_string(what) + "}";
      const auto made = transform->run(world.event);
      EXPECT_EQ(made.has_value(), what == 0) << what;
      world.event.body = R"({"what":0})";
      const auto next = transform->run(world.event);
      ASSERT_TRUE(next && *next) << next.error().message;
      EXPECT_EQ((*next)->body, R"({"ok":true,"what":0})");
    }
  }
}

// Memory ends at each place in turn: at its making, at the script, in the midst of an event.
TEST(TransformSandbox, OutlivesTheEndOfMemoryAnywhere) {
  TransformWorld world;
  const std::string lua =
      "function(event) local t = {} for k, v in pairs(event.body) do t[k] = tostring(v) end "
      "event.body.copy = t event.body.text = json.encode(t) return event end";
  const std::string small = world.event.body;
  std::string large = "{\"list\":[";
  for (int i = 0; i < 200; ++i)
    large += "\"text number " + std::to_string(i) + "\",";
  large += "1]}";
  int not_made = 0, failed = 0, succeeded = 0;
  for (std::size_t bytes = 0; bytes < 200'000; bytes += bytes < 70'000 ? 104 : 504) {
    auto transform = Transform::compile(lua, {.memory_max = bytes});
    if (!transform) {
      EXPECT_THAT(transform.error().message, HasSubstr("needs more than"));
      ++not_made;
      continue;
    }
    world.event.body = large;
    const auto made = transform->run(world.event);
    if (made) {
      ++succeeded;
    } else {
      EXPECT_THAT(made.error().message, HasSubstr("needs more than"));
      ++failed;
    }
    world.event.body = "{}";
    const auto next = transform->run(world.event);
    if (made) {
      ASSERT_TRUE(next && *next) << next.error().message;
    }
  }
  EXPECT_GT(not_made, 20);
  EXPECT_GT(failed, 20);
  EXPECT_GT(succeeded, 20);
}

}  // namespace
}  // namespace creel
