#include "rules/event_key.h"

#include <gtest/gtest.h>

namespace creel {
namespace {

constexpr std::string_view kHead =
    "POST /in HTTP/1.1\r\nX-Account: a 7\r\nx-account: b\r\nContent-Type: text/plain\r\n";

std::string key_of(std::string_view path, std::string_view body, std::string_view head = kHead) {
  RuleScratch scratch;
  std::string key;
  if (!EventKey::parse(path).value().read({.head = head, .body = body}, scratch, key)) return "none";
  return key;
}

TEST(EventKey, IsAFieldOfTheBody) {
  EXPECT_EQ(key_of("data.id", R"({"data":{"id":"batch_1"}})"), "batch_1");
  EXPECT_EQ(key_of("id", R"({"id":"1"})"), "1");
}

TEST(EventKey, IsTheFieldOfThatVeryNameFirst) {
  EXPECT_EQ(key_of("data.id", R"({"data":{"id":"deep"},"data.id":"flat"})"), "flat");
}

TEST(EventKey, IsAPlaceInAnArray) {
  EXPECT_EQ(key_of("items.1.id", R"({"items":[{"id":"a"},{"id":"b"}]})"), "b");
  EXPECT_EQ(key_of("items.1", R"({"items":{"1":"named"}})"), "named");
  EXPECT_EQ(key_of("items.2.id", R"({"items":[{"id":"a"}]})"), "none");
  EXPECT_EQ(key_of("items.id", R"({"items":[{"id":"a"}]})"), "none");
}

TEST(EventKey, ANumberIsItsText) {
  EXPECT_EQ(key_of("id", R"({"id":7})"), "7");
  EXPECT_EQ(key_of("id", R"({"id":7.0})"), "7");
  EXPECT_EQ(key_of("id", R"({"id":-1})"), "-1");
  EXPECT_EQ(key_of("id", R"({"id":0.5})"), "0.5");
  EXPECT_EQ(key_of("id", R"({"id":18446744073709551615})"), "18446744073709551615");
}

TEST(EventKey, WhatIsNoTextAndNoNumberIsNone) {
  for (const char* body : {R"({"id":null})", R"({"id":{}})", R"({"id":[1]})", R"({"id":true})",
                           R"({"id":""})", R"({"other":1})", "[]", "not json", ""})
    EXPECT_EQ(key_of("id", body), "none") << body;
}

TEST(EventKey, IsAFieldOfAForm) {
  EXPECT_EQ(key_of("From", "From=%2B49&To=1",
                   "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"),
            "+49");
}

TEST(EventKey, IsTheFirstHeaderOfThisName) {
  EXPECT_EQ(key_of("header:X-ACCOUNT", "{}"), "a 7");
  EXPECT_EQ(key_of("header:x-other", "{}"), "none");
}

TEST(EventKey, RefusesWhatIsNoPath) {
  for (const char* path : {"", ".", "a..b", "a.", ".a", "header:", "header:X Account"})
    EXPECT_FALSE(EventKey::parse(path)) << path;
}

}  // namespace
}  // namespace creel
