#include "verify/form.h"

#include <gtest/gtest.h>

namespace creel {
namespace {

std::string printed(std::string_view text) {
  std::string all;
  const auto fields = parse_form(text);
  if (!fields) return "none";
  for (const FormField& field : *fields)
    all += '[' + field.name + '|' + field.value + ']';
  return all;
}

TEST(Form, ReadsFieldsInTheirOrder) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},
      {"a=1&b=2", "[a|1][b|2]"},
      {"b=2&a=1&a=0", "[b|2][a|1][a|0]"},
      {"a", "[a|]"},
      {"a=", "[a|]"},
      {"=1", "[|1]"},
      {"&&a=1&", "[a|1]"},
      {"a=1=2", "[a|1=2]"},
      {"text=Hello+there%2C%20you", "[text|Hello there, you]"},
      {"%61%5B%5d=%c3%BC", "[a[]|\xc3\xbc]"},
      {"a=100%&b=%zz&c=%4&d=%", "[a|100%][b|%zz][c|%4][d|%]"},
      {"a=1;b=2", "[a|1;b=2]"},
  };
  for (const auto& [text, fields] : rows)
    EXPECT_EQ(printed(text), fields) << text;
}

TEST(Form, BoundsTheNumberOfFields) {
  std::string text = "a";
  for (std::size_t i = 1; i < kFormFieldsMax; ++i)
    text += "&a";
  EXPECT_EQ(parse_form(text)->size(), kFormFieldsMax);
  EXPECT_EQ(parse_form(text + "&&"), parse_form(text));
  EXPECT_EQ(parse_form(text + "&a"), std::nullopt);
}

TEST(Form, FindsTheFirstOfAName) {
  const auto fields = parse_form("a=1&b=&a=2").value();
  EXPECT_EQ(*find_form_value(fields, "a"), "1");
  EXPECT_EQ(*find_form_value(fields, "b"), "");
  EXPECT_EQ(find_form_value(fields, "A"), nullptr);
}

TEST(Form, IsToldByItsContentType) {
  const auto says = [](std::string_view type) {
    const Header header{"Content-Type", type};
    return is_form(Headers(&header, 1));
  };
  EXPECT_TRUE(says("application/x-www-form-urlencoded"));
  EXPECT_TRUE(says("Application/X-WWW-Form-Urlencoded; charset=utf-8"));
  EXPECT_TRUE(says("application/x-www-form-urlencoded ;charset=utf-8"));
  EXPECT_FALSE(says("application/x-www-form-urlencoded2"));
  EXPECT_FALSE(says("application/json"));
  EXPECT_FALSE(says(""));
  EXPECT_FALSE(is_form({}));
}

}  // namespace
}  // namespace creel
