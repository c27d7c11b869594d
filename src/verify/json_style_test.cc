#include "verify/json_style.h"

#include <gtest/gtest.h>

namespace creel {
namespace {

using Space = JsonStyle::Space;
using Text = JsonStyle::Text;
using Slash = JsonStyle::Slash;

std::string write(std::string_view text, JsonStyle style) {
  const auto json = JsonRewriter::of(text);
  return json ? json->write(style) : "no JSON";
}

TEST(JsonStyle, WritesValuesOfEveryKind) {
  constexpr std::string_view kCompact = R"({"a":null,"b":[true,false,-1.50e+3,"x\"y",{}],"":[[]]})";
  EXPECT_EQ(write(R"( { "a" : null , "b":[ true,false ,-1.50e+3, "x\"y" , { } ],"" : [ [ ] ] } )", {}),
            kCompact);
  for (std::string_view scalar : {"7", "\"x\"", "null", "[]", "{}"})
    EXPECT_EQ(write(scalar, {.space = Space::indent_2}), scalar);
}

TEST(JsonStyle, WritesAsJavaScriptAndPythonDo) {
  EXPECT_EQ(write(R"({"a":[1,2],"b":{}})", {.space = Space::spaced}), R"({"a": [1, 2], "b": {}})");
  EXPECT_EQ(write(R"({"a":[1,2],"b":{}})", {.space = Space::indent_2}),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

TEST(JsonStyle, SortsTheKeysOfEachObject) {
  EXPECT_EQ(write(R"({"b":{"d":1,"c":2},"a":3})", {.is_sorted = true}), R"({"a":3,"b":{"c":2,"d":1}})");
}

TEST(JsonStyle, EscapesAndUnescapes) {
  const std::string plain = "\"\u00e9\u20ac\U0001F600/\\\\\\\"\\t\"";
  EXPECT_EQ(restyled_string(plain, Text::escaped, Slash::as_it_is), R"("\u00e9\u20ac\ud83d\ude00/\\\"\t")");
  EXPECT_EQ(restyled_string(R"("\u00e9\u20ac\ud83d\ude00/\\\"\u0009")", Text::plain, Slash::as_it_is), plain);
  EXPECT_EQ(restyled_string(R"("\u0001\ud800x")", Text::plain, Slash::as_it_is), R"("\u0001\ud800x")");
  EXPECT_EQ(restyled_string(R"("a/b\/c")", Text::as_it_is, Slash::escaped), R"("a\/b\/c")");
  EXPECT_EQ(restyled_string(R"("a/b\/c\\")", Text::as_it_is, Slash::plain), R"("a/b/c\\")");
  EXPECT_EQ(restyled_string(R"("a/b\/c")", Text::plain, Slash::as_it_is), R"("a/b\/c")");
  EXPECT_EQ(restyled_string(R"("<&>")", Text::html_escaped, Slash::as_it_is), R"("\u003c\u0026\u003e")");
}

TEST(JsonStyle, RefusesWhatIsNoJson) {
  for (std::string_view junk : {"", "{", "{\"a\":1,\"a\":2}", "a=b", "\xEF\xBB\xBF{}"})
    EXPECT_FALSE(JsonRewriter::of(junk)) << junk;
}

TEST(JsonStyle, KeepsWhatStandsBetweenStrings) {
  EXPECT_EQ(JsonRewriter::of("{ \"\u00e9\" :\n1 }")->write_strings(Text::escaped, Slash::as_it_is),
            "{ \"\\u00e9\" :\n1 }");
}

}  // namespace
}  // namespace creel
