// The matcher against Lua's own: the same questions, and the answers must agree to the letter, errors
// included. First every combination of a table, then random ones.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "rules/lua_strings_fixture.h"

namespace creel {
namespace {

using namespace std::string_view_literals;
using testing::LuaState;

class Both {
 public:
  void compare(const LuaState::Question& question) {
    bounded_.set_budget(testing::kPlenty);
    real_.set_budget(testing::kPlenty);
    ASSERT_EQ(bounded_.ask(question), real_.ask(question))
        << question.operation << " «" << question.subject << "» «" << question.pattern << "» «"
        << question.replacement << "» " << (question.number ? std::to_string(*question.number) : "nothing");
  }

 private:
  LuaState bounded_{LuaState::Libraries::bounded};
  LuaState real_{LuaState::Libraries::real};
};

constexpr std::string_view kSubjects[] = {"",
                                          "a",
                                          "b",
                                          "ab",
                                          "aaa",
                                          "abc abc",
                                          "hello world",
                                          "THE (quick) fox",
                                          "key = value",
                                          "k1=v1, k2=v2",
                                          "  trim me  ",
                                          "((a)(b))",
                                          "a]b^c-d",
                                          "100%",
                                          "$x ${y}",
                                          "\0a\0b"sv,
                                          "\xff\x80z",
                                          "aXbXcX",
                                          "2026-11-23T12:34:56Z",
                                          "x.y.z\n\ttabs"};

constexpr std::string_view kPatterns[] = {"",
                                          "a",
                                          "ab",
                                          ".",
                                          ".*",
                                          ".-",
                                          ".+",
                                          ".?",
                                          "a*",
                                          "a-",
                                          "a+",
                                          "a?",
                                          "^a",
                                          "a$",
                                          "^",
                                          "$",
                                          "^$",
                                          "^a*$",
                                          "(a)",
                                          "(a*)(b?)",
                                          "()",
                                          "()a()",
                                          "((a)b)",
                                          "(.)(.)",
                                          "(.)%1",
                                          "(.-)(.*)$",
                                          "%a",
                                          "%a+",
                                          "%A+",
                                          "%d+",
                                          "%D",
                                          "%s*",
                                          "%S+",
                                          "%w+",
                                          "%W",
                                          "%u",
                                          "%l+",
                                          "%p",
                                          "%c",
                                          "%x+",
                                          "%g+",
                                          "%z",
                                          "%Z+",
                                          "%%",
                                          "%.",
                                          "%(",
                                          "%)",
                                          "[a-c]+",
                                          "[^a-c]+",
                                          "[]]",
                                          "[^]]+",
                                          "[]-a]",
                                          "[a-]",
                                          "[-a]",
                                          "[%a_]+",
                                          "[%w%-]+",
                                          "[^%s]+",
                                          "[a-%%]",
                                          "[%a-z]",
                                          "[+-]",
                                          "[",
                                          "[a",
                                          "[]",
                                          "[^",
                                          "[^]",
                                          "[%",
                                          "[%]",
                                          "[a-",
                                          "%",
                                          "a%",
                                          "x%",
                                          "%b()",
                                          "%bxx",
                                          "%b",
                                          "%b(",
                                          "%bXX",
                                          "%f[%a]",
                                          "%f[%a]%a+",
                                          "%f[%z]",
                                          "%f",
                                          "%fa",
                                          "%f[",
                                          "%f[^%z]",
                                          "(",
                                          ")",
                                          "a)",
                                          "(a",
                                          "(a))",
                                          "(()",
                                          "())",
                                          "%1",
                                          "(a)%1",
                                          "(%1)",
                                          "%0",
                                          "(a)%2",
                                          "()%1",
                                          "()a%1",
                                          "a$b",
                                          "$a",
                                          "a^b",
                                          "(^a)",
                                          "*",
                                          "+a",
                                          "-",
                                          "?",
                                          "a**",
                                          "a+?",
                                          "a--",
                                          "^-",
                                          "^*a",
                                          "\0",
                                          "[\0]+",
                                          "(a)(b)",
                                          "(%w+)=(%w+)",
                                          "^%s*(.-)%s*$",
                                          "%$(%w+)",
                                          "%$%b{}",
                                          "(%d+)-(%d+)-(%d+)",
                                          "[\x80-\xff]+",
                                          "%q",
                                          "%y*",
                                          "z?y",
                                          "(a?)(b?)(c?)$",
                                          ".-b",
                                          "[^%W]",
                                          "[%D]",
                                          "%s+$",
                                          "(x?)%1",
                                          "[a%]b]+",
                                          "%]",
                                          "[%%]",
                                          "[[]",
                                          "[^[]"};

constexpr std::string_view kReplacements[] = {"",  "x",  "%0", "%1", "%2",   "<%1|%0>", "%%",
                                              "%", "%x", "a%", "%9", "%1%1", "\0",      "-%0-%%"};

constexpr lua_Integer kNumbers[] = {-100, -3, -1, 0, 1, 2, 3, 8, 100};

TEST(LuaStringsDifferential, SearchesAsLuaDoes) {
  Both both;
  for (const std::string_view subject : kSubjects) {
    for (const std::string_view pattern : kPatterns) {
      for (const std::string_view operation : {"find"sv, "plain"sv, "match"sv, "gmatch"sv}) {
        ASSERT_NO_FATAL_FAILURE(both.compare({operation, subject, pattern}));
        for (const lua_Integer number : kNumbers) {
          ASSERT_NO_FATAL_FAILURE(both.compare({operation, subject, pattern, "", number}));
        }
      }
    }
  }
}

TEST(LuaStringsDifferential, ReplacesAsLuaDoes) {
  Both both;
  for (const std::string_view subject : kSubjects) {
    for (const std::string_view pattern : kPatterns) {
      for (const std::string_view replacement : kReplacements) {
        ASSERT_NO_FATAL_FAILURE(both.compare({"gsub", subject, pattern, replacement}));
      }
      for (const lua_Integer number : {-1, 0, 1, 2}) {
        ASSERT_NO_FATAL_FAILURE(both.compare({"gsub", subject, pattern, "[%0]", number}));
      }
      ASSERT_NO_FATAL_FAILURE(both.compare({"gsub_table", subject, pattern}));
      ASSERT_NO_FATAL_FAILURE(both.compare({"gsub_function", subject, pattern}));
    }
  }
}

TEST(LuaStringsDifferential, AgreesOnRandomPatterns) {
  constexpr std::uint64_t kSeed = 20261123;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  const auto text = [&](std::string_view letters, std::size_t size_max) {
    std::string made(random() % (size_max + 1), ' ');
    for (char& letter : made)
      letter = letters[random() % letters.size()];
    return made;
  };
  constexpr std::string_view kOperations[] = {"find", "match",      "gmatch",
                                              "gsub", "gsub_table", "gsub_function"};
  Both both;
  for (int i = 0; i < 60'000; ++i) {
    const std::string subject = text("aabbc(x)] %-1\0"sv, 12);
    const std::string pattern = text("aabc(())%%%[]^$.*+-?1bf\0xw"sv, 10);
    const std::string replacement = text("ab%%%01 2", 4);
    LuaState::Question question{kOperations[random() % std::size(kOperations)], subject, pattern,
                                replacement};
    if (random() % 2 == 0) question.number = static_cast<lua_Integer>(random() % 30) - 15;
    ASSERT_NO_FATAL_FAILURE(both.compare(question));
  }
}

}  // namespace
}  // namespace creel
