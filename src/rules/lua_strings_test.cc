#include "rules/lua_strings.h"

#include <gtest/gtest.h>

#include "rules/lua_strings_fixture.h"

namespace creel {
namespace {

using testing::LuaState;

struct Case {
  const char* chunk;
  const char* result;
};

void check(std::initializer_list<Case> cases) {
  LuaState state(LuaState::Libraries::bounded);
  LuaState real(LuaState::Libraries::real);
  for (const Case& one : cases) {
    state.set_budget(testing::kPlenty);
    real.set_budget(testing::kPlenty);
    EXPECT_EQ(state.run(one.chunk), one.result) << one.chunk;
    EXPECT_EQ(real.run(one.chunk), one.result) << one.chunk << ", by Lua itself";
  }
}

// Ends with the error of the budget, after no more than it.
void expect_stopped(const char* chunk, std::uint64_t budget = 1'000'000) {
  LuaState state(LuaState::Libraries::bounded);
  state.set_budget(budget);
  EXPECT_NE(state.run(chunk).find("stopped after"), std::string::npos) << chunk;
}

TEST(LuaStrings, FindsPlainTextAndPatterns) {
  check({{"return ('hello world'):find('wor')", "7 9"},
         {"return ('hello world'):find('l+')", "3 4"},
         {"return ('hello world'):find('(o)(.)')", "5 6 o  "},
         {"return ('a.b'):find('.', 1, true)", "2 2"},
         {"return ('a+b'):find('+', 1, true)", "2 2"},
         {"return ('abc'):find('')", "1 0"},
         {"return ('abc'):find('', 4)", "4 3"},
         {"return ('abc'):find('', 5)", "nil"},
         {"return ('abc'):find('b', -2)", "2 2"},
         {"return ('abc'):find('a', -100)", "1 1"},
         {"return ('abc'):find('^b')", "nil"},
         {"return ('abc'):find('^b', 2)", "2 2"},
         {"return ('a\\0b\\0c'):find('\\0c')", "4 5"},
         {"return ('a\\0b'):find('%z')", "2 2"},
         {"return string.find(1234, 23)", "2 3"}});
}

TEST(LuaStrings, KnowsTheClassesAndSetsOfTheManual) {
  check(
      {{"return ('x7'):match('%a%d')", "x7"},
       {"return ('x7'):match('%A'), ('x7'):match('%D')", "7 x"},
       {"return ('\\t é!'):match('%s+'):len(), ('a!b'):match('%p'), ('aZ'):match('%u'), ('Za'):match('%l')",
        "2 ! Z a"},
       {"return ('xyz 0aF'):match('%x+', 4), ('a_b'):match('[%w_]+'), ('\\1a'):match('%c'):byte()",
        "0aF a_b 1"},
       {"return ('a b'):match('%g+')", "a"},
       {"return ('k=v'):match('[^=]+'), ('a]b'):match('[]]'), ('a^b'):match('[b^]'), ('a-b'):match('[a-]+')",
        "k ] ^ a-"},
       {"return ('x%]'):match('[%]]'), ('f3'):match('[a-f][0-9]'), ('%d'):match('%%d')", "] f3 %d"},
       {"return ('aXb'):find('[^%l]')", "2 2"}});
}

TEST(LuaStrings, RepeatsAsMuchOrAsLittleAsAsked) {
  check({{"return ('aaab'):match('a*'), ('b'):match('a*'), ('aaab'):match('a-b'), ('aaab'):match('^a?a?b')",
          "aaa  aaab nil"},
         {"return ('<<a>b>'):match('<.->'), ('<<a>b>'):match('<.*>')", "<<a> <<a>b>"},
         {"return ('color colour'):gsub('colou?r', 'X')", "X X 2"},
         {"return ('aaa'):match('^a+a$'), ('aaa'):match('^a+aaa$')", "aaa nil"}});
}

TEST(LuaStrings, CapturesTextPositionsAndWhatCameBefore) {
  check({{"return ('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key value"},
         {"return ('hello'):match('()ll()')", "3 5"},
         {"return ([[say \"it's\" now]]):match([[([\"'])(.-)%1]])", "\" it's"},
         {"return ('abc'):match('((a)(b))')", "ab a b"},
         {"return ('abab'):match('^(ab)%1$'), ('abac'):match('^(ab)%1$')", "ab nil"},
         {"return ('aa'):match('()a%1')", "nil"}});
}

TEST(LuaStrings, BalancesAndFindsFrontiers) {
  check({{"return ('f(a(b)c)d)'):match('%b()'), ('((x'):match('%b()'), ('aXbXc'):match('%bXX')",
          "(a(b)c) nil XbX"},
         {"return ('THE (quick) fox'):gsub('%f[%a]%a+%f[%A]', '<%0>')", "<THE> (<quick>) <fox> 3"},
         {"return ('abc'):find('%f[%z]')", "4 3"}});
}

TEST(LuaStrings, ReplacesByTextTableAndFunction) {
  check({{"return ('hello world'):gsub('o', '0')", "hell0 w0rld 2"},
         {"return ('hello world'):gsub('o', '0', 1)", "hell0 world 1"},
         {"return ('hello world'):gsub('(%w+) (%w+)', '%2 %1 %0 %%')", "world hello hello world % 1"},
         {"return ('hello'):gsub('l', '%1%1')", "hellllo 2"},
         {"return ('abc'):gsub('()', '%1')", "1a2b3c4 4"},
         {"return ('$name is $age'):gsub('%$(%w+)', {name = 'x', age = 3})", "x is 3 2"},
         {"return ('$name is $age'):gsub('%$(%w+)', {name = false})", "$name is $age 2"},
         {"return ('abc'):gsub('%w', function(c) if c ~= 'b' then return c .. c end end)", "aabcc 3"},
         {"return ('abc'):gsub('', '-')", "-a-b-c- 4"},
         {"return ('abc def'):gsub('%w*', 'x')", "x x 2"},
         {"return ('aaa'):gsub('^a', 'b')", "baa 1"},
         {"return ('abc'):gsub('b', 7)", "a7c 1"},
         {"return ('abc'):gsub('b', 'x', 0)", "abc 0"},
         {"return ('abc'):gsub('b', 'x', -1)", "abc 0"},
         {"return ('a b'):gsub('%w', setmetatable({}, {__index = function(_, k) return k:upper() end}))",
          "A B 2"}});
}

TEST(LuaStrings, GoesThroughAllMatches) {
  check({{"local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end return "
          "table.unpack(t)",
          "a1 b2"},
         {"local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n", "4"},
         {"local n = 0 for _ in ('^a^a'):gmatch('^a') do n = n + 1 end return n", "2"},
         {"local t = {} for w in ('one two three'):gmatch('%a+', 5) do t[#t + 1] = w end return "
          "table.concat(t, '|')",
          "two|three"},
         {"return ('abc'):gmatch('x', 9)()", ""},
         {"return ('abc'):gmatch('%f[%w]()', -1)()", ""}});
}

TEST(LuaStrings, SaysWhatIsWrongInTheWordsOfLua) {
  check({{"return ('a'):find('[a')", "error: test:1: malformed pattern (missing ']')"},
         {"return ('a'):find('[]')", "error: test:1: malformed pattern (missing ']')"},
         {"return ('a'):find('a%')", "error: test:1: malformed pattern (ends with '%')"},
         {"return ('a'):find('%b')", "error: test:1: malformed pattern (missing arguments to '%b')"},
         {"return ('a'):find('%f')", "error: test:1: missing '[' after '%f' in pattern"},
         {"return ('a'):find('%1')", "error: test:1: invalid capture index %1"},
         {"return ('a'):find('(%1)')", "error: test:1: invalid capture index %1"},
         {"return ('a'):find('%0')", "error: test:1: invalid capture index %0"},
         {"return ('a'):match('a)')", "error: test:1: invalid pattern capture"},
         {"return ('a'):find('(a')", "error: test:1: unfinished capture"},
         {"return ('a'):find(('()'):rep(33))", "error: test:1: too many captures"},
         {"return ('a'):gsub('a', '%2')", "error: test:1: invalid capture index %2"},
         {"return ('a'):gsub('a', '%x')", "error: test:1: invalid use of '%' in replacement string"},
         {"return ('a'):gsub('a', '%')", "error: test:1: invalid use of '%' in replacement string"},
         {"return ('a'):gsub('a', function() return {} end)",
          "error: test:1: invalid replacement value (a table)"},
         {"return string.gsub('a', 'a', true)",
          "error: test:1: bad argument #3 to 'gsub' (string/function/table expected, got boolean)"},
         {"return string.find('a')",
          "error: test:1: bad argument #2 to 'find' (string expected, got no value)"},
         {"return ('a'):rep(1 << 62, 'xx')", "error: test:1: resulting string too large"},
         {"return ('x'):find(('x?'):rep(300))", "1 1"},
         {"return (('x'):rep(300)):find(('x?'):rep(300))", "error: test:1: pattern too complex"}});
}

TEST(LuaStrings, LeavesWrongPatternsAloneThatItNeverReaches) {
  check({{"return ('abc'):find('x[')", "nil"}, {"return ('abc'):match('ax%')", "nil"}});
}

TEST(LuaStrings, KeepsTheOtherFunctionsOfLua) {
  check({{"return ('abc'):byte(1, -1)", "97 98 99"},
         {"return string.char(97, 98), ('aBc'):upper(), ('aBc'):lower(), ('abc'):reverse(), #'abc'",
          "ab ABC abc cba 3"},
         {"return ('abc'):sub(-2), ('abc'):len(), ('ab'):rep(3, '-')", "bc 3 ab-ab-ab"},
         {"return ('x'):rep(0), ('x'):rep(-1), (''):rep(5), (''):rep(3, ',')", "   ,,"},
         {"return ('%d %5.1f %s %q'):format(3, 2.25, 'x', 'y')", "3   2.2 x \"y\""},
         {"return ('%.3f %5.2e %g'):format(1e25, 1e-30, 1e300), ('%5.1f'):format('2')",
          "10000000000000000905969664.000 1.00e-30 1e+300   2.0"},
         {"return string.format('%s', setmetatable({}, {__tostring = function() return 'me' end}))", "me"},
         {"return string.unpack('<I2z', string.pack('<I2z', 258, 'ab'))", "258 ab 6"},
         {"return string.packsize('<i4i8'), string.pack('c3', 'a'):len()", "12 3"},
         {"return ('a'):byte(10)", ""}});
  LuaState state(LuaState::Libraries::bounded);
  EXPECT_EQ(state.run("return string.dump"), "nil");
}

TEST(LuaStrings, GivesNoAddresses) {
  LuaState state(LuaState::Libraries::bounded);
  EXPECT_EQ(state.run("return ('%d %5s %% %s'):format(1, {}, print)"), "1 table % function");
  EXPECT_EQ(state.run("return ('%d %-8p'):format(1, {})"),
            "error: test:1: invalid conversion '%p' to 'format'");
}

TEST(LuaStrings, StopsPatternsThatNeverEnd) {
  expect_stopped("return (('a'):rep(30000)):find('.-.-.-.-b')");
  expect_stopped("return (('a'):rep(30000)):match('.*.*.*.*b')");
  expect_stopped("return (('a'):rep(30000)):gsub('a*a*a*b', '')");
  expect_stopped("for _ in (('a'):rep(30000)):gmatch('a*a*a*b') do end");
  expect_stopped("return (('('):rep(30000)):find('%b()')");
  expect_stopped("return (('a'):rep(30000)):find('(a*)%1b')");
  expect_stopped("return (('a'):rep(30000)):find('[%w%d%s]-b')");
}

TEST(LuaStrings, StopsWorkWithoutResultsToo) {
  expect_stopped("return ('a'):rep(1e10)");
  expect_stopped("return (''):rep(1e10, 'a')");
  expect_stopped("return string.pack('c2000000000', '')");
  expect_stopped("for _ = 1, 900 do ('%99.99f'):format(1e308) end");
  expect_stopped("local s = ('a'):rep(500000) for _ = 1, 1000 do s:byte(1, -1) end");
  expect_stopped("local s = ('a'):rep(1000000) for _ = 1, 1000 do s:upper() end");
  expect_stopped("local s = ('a'):rep(1000000) for _ = 1, 1000 do s:find('b', 1, true) end");
  expect_stopped("local s = ('a'):rep(1000000) for _ = 1, 1000 do (s .. 'b'):sub(2) end", 100'000);
  expect_stopped("local s = ('a'):rep(1000000) for _ = 1, 1000 do ('%s'):format(s) end");
  expect_stopped("local s = ('a'):rep(1000000) for _ = 1, 10000 do ('a'):gsub('a', s) end");
}

TEST(LuaStrings, ChargesForWhatItDidBeforeACallbackFails) {
  LuaState state(LuaState::Libraries::bounded);
  state.set_budget(200'000);
  const char* chunk =
      "local s = ('a'):rep(1000) .. 'b'\n"
      "for i = 1, 1000 do pcall(string.gsub, s, '[^b]+()b', error) end";
  EXPECT_NE(state.run(chunk).find("stopped after"), std::string::npos);
}

TEST(LuaStrings, CostLittleOnOrdinaryText) {
  LuaState state(LuaState::Libraries::bounded);
  state.set_budget(20'000);
  EXPECT_EQ(state.run("return select(2, ('word '):rep(1000):gsub('%w+', '%0'))"), "1000");
}

TEST(LuaStrings, GoAsDeepAsAPatternMayWithoutTheStack) {
  // As many choices at once as there may be, each with a choice for each character.
  expect_stopped("return (('x'):rep(100000)):find(('x-'):rep(150) .. 'y')");
}

TEST(LuaStrings, LeaveTheMetatableOfStringsAsItWas) {
  lua_State* state = luaL_newstate();
  open_bounded_strings(state);
  EXPECT_EQ(lua_gettop(state), 1);
  EXPECT_EQ(lua_type(state, 1), LUA_TTABLE);
  lua_pushliteral(state, "text");
  EXPECT_EQ(lua_getmetatable(state, -1), 0);
  lua_close(state);
}

}  // namespace
}  // namespace creel
