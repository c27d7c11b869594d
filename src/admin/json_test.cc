#include "admin/json.h"

#include <gtest/gtest.h>

#include "admin/query.h"

namespace creel::admin {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

std::string written(std::string_view text) {
  return JsonWriter().value(text).take();
}

TEST(JsonWriter, PutsCommasBetweenMembersAndElements) {
  JsonWriter json;
  json.begin_object()
      .member("a", 1)
      .key("b")
      .begin_array()
      .value(true)
      .null()
      .begin_object()
      .end_object()
      .end_array();
  json.member("c", "x").member("d", std::optional<double>()).member("e", 0.5).end_object();
  EXPECT_EQ(json.take(), R"({"a":1,"b":[true,null,{}],"c":"x","d":null,"e":0.5})");
}

TEST(JsonWriter, EscapesWhatJsonWantsEscaped) {
  EXPECT_EQ(written("\"\\/\b\n\r\t\x1f\x7f\0"s), R"("\"\\/\u0008\n\r\t\u001f\u007f\u0000")");
  EXPECT_EQ(written("grün 😀"), "\"grün 😀\"");
}

TEST(JsonWriter, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(written("a\xff"), R"("a\\xff")");
  EXPECT_EQ(written("\xc0\xaf"), R"("\\xc0\\xaf")") << "overlong";
  EXPECT_EQ(written("\xed\xa0\x80"), R"("\\xed\\xa0\\x80")") << "a surrogate";
  EXPECT_EQ(written("\xf4\x90\x80\x80"), R"("\\xf4\\x90\\x80\\x80")") << "beyond U+10FFFF";
  EXPECT_EQ(written("\xe2\x82"), R"("\\xe2\\x82")") << "cut short";
}

TEST(JsonWriter, KnowsUtf8) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("grün 😀\0"s));
  EXPECT_FALSE(is_utf8("a\x80"));
}

TEST(Times, AreWrittenAndReadInTheSameForm) {
  const Time time = Time(1'750'000'000s) + 7ms;
  EXPECT_EQ(to_rfc3339(time), "2025-06-15T15:06:40.007Z");
  EXPECT_EQ(parse_time(to_rfc3339(time)), time);
  EXPECT_EQ(parse_time("2025-06-15T17:06:40+02:00"), Time(1'750'000'000s));
  EXPECT_EQ(parse_time("2025-06-15T10:36:40.0-04:30"), Time(1'750'000'000s));
  EXPECT_EQ(parse_time("1750000000"), Time(1'750'000'000s));
}

TEST(Times, ThatAreNoneAreNotRead) {
  for (std::string_view text :
       {"", "yesterday", "2025-06-15", "2025-06-15T15:06", "2025-06-15T15:06:40", "2025-02-30T00:00:00Z",
        "2025-06-15T24:00:00Z", "2025-06-15T15:06:40.Z", "2025-06-15T15:06:40Zz", "1234567890123",
        "2025-06-15T15:06:40 02:00", "-1"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(Query, DecodesItsParameters) {
  const Query query("a=1&b=%41+%2b&c&type=x,y&&type=z,&bad=%zz%4");
  EXPECT_EQ(query.get("a"), "1");
  EXPECT_EQ(query.get("b"), "A +");
  EXPECT_TRUE(query.has("c"));
  EXPECT_EQ(query.get("c"), "");
  EXPECT_FALSE(query.has("d"));
  EXPECT_EQ(query.list("type"), (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_EQ(query.get("bad"), "%zz%4");
}

TEST(Query, NamesAParameterThatNobodyKnows) {
  EXPECT_EQ(Query("a=1&tpye=x").unknown({"a", "type"}), "tpye");
  EXPECT_EQ(Query("a=1&type=x").unknown({"a", "type"}), std::nullopt);
}

}  // namespace
}  // namespace creel::admin
