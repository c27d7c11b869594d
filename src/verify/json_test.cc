#include "verify/json.h"

#include <gtest/gtest.h>

#include <string>

namespace creel {
namespace {

std::optional<JsonError> error_of(std::string_view text) {
  const auto root = parse_json(text);
  if (root) return std::nullopt;
  return root.error();
}

TEST(Json, RefusesWhatReadersDisagreeAbout) {
  const std::pair<std::string_view, JsonError> rows[] = {
      {"", JsonError::invalid},
      {"not-json", JsonError::invalid},
      {"{} {}", JsonError::invalid},
      {"{\"a\":1,}", JsonError::invalid},
      {"{\"a\":\"\xff\xfe\"}", JsonError::invalid},
      {"\xef\xbb\xbf{}", JsonError::invalid},
      {R"({"type":"a","type":"b"})", JsonError::duplicate_key},
      {R"({"type":"a","t\u0079pe":"b"})", JsonError::duplicate_key},
      {R"({"data":[{"x":{"id":1,"id":2}}]})", JsonError::duplicate_key},
  };
  for (const auto& [text, error] : rows)
    EXPECT_EQ(error_of(text), error) << text;
  EXPECT_EQ(error_of(R"({"id":1,"data":{"id":2},"list":[{"id":3},{"id":4}]})"), std::nullopt);
}

TEST(Json, FindsADuplicateAmongManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 500; ++i)
    text += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_EQ(error_of(text + "\"last\":0}"), std::nullopt);
  EXPECT_EQ(error_of(text + "\"k7\":0}"), JsonError::duplicate_key);
}

TEST(Json, BoundsTheDepth) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_EQ(error_of(nested(kJsonDepthMax - 1)), std::nullopt);
  EXPECT_EQ(error_of(nested(kJsonDepthMax + 1)), JsonError::too_deep);
  EXPECT_EQ(error_of(nested(100'000)), JsonError::too_deep);
}

TEST(Json, ReadsALargeTextAfterASmallOneAndBack) {
  EXPECT_EQ(error_of("[1]"), std::nullopt);
  EXPECT_EQ(error_of("[\"" + std::string(3 << 20, 'x') + "\"]"), std::nullopt);
  EXPECT_EQ(error_of("[2]"), std::nullopt);
}

}  // namespace
}  // namespace creel
