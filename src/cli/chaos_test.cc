// What is done to bodies: --set before they are signed, --truncate and --shuffle after.
#include "cli/chaos.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/body_edit.h"

namespace creel::cli {
namespace {

using testing::HasSubstr;

TEST(Chaos, TruncatedIsTheFirstHalf) {
  EXPECT_EQ(truncated("abcdef"), "abc");
  EXPECT_EQ(truncated("abc"), "a");
  EXPECT_EQ(truncated(""), "");
}

TEST(Chaos, ShuffledMeansTheSameInOtherBytes) {
  EXPECT_EQ(shuffled(R"({"a":1, "b":{"c":[{"x":1,"y":2}],"d":null}})"),
            R"({"b":{"d":null,"c":[{"y":2,"x":1}]},"a":1})");
  EXPECT_EQ(shuffled("a=1&b=2&c"), "c&b=2&a=1");
}

TEST(Chaos, ShuffledIsNeverTheSame) {
  for (const char* body : {"", "{}", "[1,2]", "{\"a\":1}", "a=1", "\"text\"", "plain"})
    EXPECT_NE(shuffled(body), body);
}

std::string edited(std::vector<std::string> assignments, std::string body,
                   std::string_view type = "application/json") {
  const auto done = edit_body(assignments, type, body);
  return done ? body : done.error();
}

TEST(EditBody, SetsMakesAndReplaces) {
  EXPECT_EQ(edited({"a.b=x", "n=7", "t=true", "o={\"k\":[1]}"}, R"({"a":{"b":1},"n":0})"),
            R"({"a":{"b":"x"},"n":7,"t":true,"o":{"k":[1]}})");
  EXPECT_EQ(edited({"1.email=x"}, R"([{"email":"a"},{"email":"b"}])"), R"([{"email":"a"},{"email":"x"}])");
}

TEST(EditBody, LeavesTheBytesAloneWhenThereIsNothingToSet) {
  EXPECT_EQ(edited({}, "{ \"a\" : 1 }"), "{ \"a\" : 1 }");
}

TEST(EditBody, SetsFieldsOfForms) {
  constexpr const char* kForm = "application/x-www-form-urlencoded; charset=utf-8";
  EXPECT_EQ(edited({"Body=a b&c", "New=1"}, "Body=x&From=%2B1", kForm), "Body=a%20b%26c&From=%2B1&New=1");
  // A name with a full stop of its own is no path.
  EXPECT_EQ(edited({"a.b=2"}, "a.b=1", kForm), "a.b=2");
}

TEST(EditBody, SaysWhatIsWrong) {
  for (const char* assignment : {"a", "=1", "a.b.c=1", ".a=1", "l.5=1", "l.x=1"})
    EXPECT_THAT(edited({assignment}, R"({"a":{"b":1},"l":[1]})"), HasSubstr("write a path, = and a value"));
  EXPECT_EQ(edited({"a=1"}, "neither"), "--set: the body is neither JSON nor a form");
}

}  // namespace
}  // namespace creel::cli
