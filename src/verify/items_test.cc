#include "verify/items.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace creel {
namespace {

std::vector<std::string> items_of(std::string_view text) {
  std::vector<std::string> items;
  ArrayItems slices(text);
  while (auto item = slices.next())
    items.emplace_back(*item);
  return items;
}
using Items = std::vector<std::string>;

TEST(ArrayItems, AreSlicesOfTheText) {
  const std::string text = "\r\n[ {\"a\": 1} ,\t{\"b\":2}\n]";
  ArrayItems slices(text);
  const auto first = slices.next();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->data(), text.data() + 4);
  EXPECT_EQ(*first, "{\"a\": 1}");
  EXPECT_EQ(slices.next(), "{\"b\":2}");
  EXPECT_EQ(slices.next(), std::nullopt);
  EXPECT_EQ(slices.next(), std::nullopt);
}

TEST(ArrayItems, MindStringsEscapesAndDepth) {
  EXPECT_EQ(items_of("[]"), Items());
  EXPECT_EQ(items_of(" [ ] "), Items());
  EXPECT_EQ(items_of("[1]"), Items({"1"}));
  EXPECT_EQ(items_of("[1,-2.5e3,true,null,\"\"]"), Items({"1", "-2.5e3", "true", "null", "\"\""}));
  EXPECT_EQ(items_of(R"(["]",",","\"",  "\\" , "\\\",[{"])"),
            Items({R"("]")", R"(",")", R"("\"")", R"("\\")", R"("\\\",[{")"}));
  EXPECT_EQ(items_of(R"([[1,[2]],{"a":[{"b":"}"}],"c":{}},[]])"),
            Items({"[1,[2]]", R"({"a":[{"b":"}"}],"c":{}})", "[]"}));
}

TEST(ArrayItems, StayInsideWhateverTheTextIs) {
  for (std::string_view text : {"", "[", "{}", "[,]", "[\"", "[\"\\", "[[[", "]", "[1", "[1,", "[{]}"}) {
    for (const std::string& item : items_of(text))
      EXPECT_LE(item.size(), text.size()) << text;
  }
}

}  // namespace
}  // namespace creel
