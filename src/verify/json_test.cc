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

// --- What others write, and a 64-bit reader cannot hold

std::string genuine_text(std::string_view value) {
  const auto root = parse_genuine_json(R"({"a":)" + std::string(value) + R"(,"b":"x"})");
  if (!root) return "error";
  std::string_view text;
  if (root->at_pointer("/b").get(text) != simdjson::SUCCESS || text != "x") return "lost";
  return root->at_pointer("/a").get(text) == simdjson::SUCCESS ? std::string(text) : "not a text";
}

TEST(GenuineJson, TakesWhatIsBeyondReachAsTexts) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"-9223372036854775809", "-9223372036854775809"},
      {"18446744073709551616", "18446744073709551616"},
      {"1e400", "1e400"},
      {"-1.5E+400", "-1.5E+400"},
      {R"("\ud83d")", "\\ud83d"},
      {R"("\ude00\ud83d\ude00")", "\\ude00\xf0\x9f\x98\x80"},
      {R"("\\\ud800\"1e400")", "\\\\ud800\"1e400"},
      {R"("\uD83Dx\n")", "\\uD83Dx\n"},
  };
  for (const auto& [value, text] : rows) {
    EXPECT_EQ(genuine_text(value), text) << value;
    EXPECT_EQ(error_of(value), JsonError::invalid) << value;
  }
  for (std::string_view usual : {"1", "18446744073709551615", "1.5e300", "null"})
    EXPECT_EQ(genuine_text(usual), "not a text") << usual;
}

TEST(GenuineJson, IsStillJson) {
  for (std::string_view value : {"01", "1.", "-", "+1", "1e", ".5", "1e400x", "1e400 1", R"("\x")",
                                 R"("\u12")", R"("\ud800\x")", R"("\ud8)", "123456789012345678901234567890."})
    EXPECT_EQ(genuine_text(value), "error") << value;
  EXPECT_EQ(parse_genuine_json(R"({"a":1e400,"a":2})").error(), JsonError::duplicate_key);
  EXPECT_EQ(parse_genuine_json("[1e400," + std::string(100, '[') + std::string(100, ']') + "]").error(),
            JsonError::too_deep);
  EXPECT_EQ(parse_genuine_json(R"({"a":1e400)").error(), JsonError::invalid);
}

TEST(Json, ReadsALargeTextAfterASmallOneAndBack) {
  EXPECT_EQ(error_of("[1]"), std::nullopt);
  EXPECT_EQ(error_of("[\"" + std::string(3 << 20, 'x') + "\"]"), std::nullopt);
  EXPECT_EQ(error_of("[2]"), std::nullopt);
}

}  // namespace
}  // namespace creel
