#include "verify/base64.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace creel {
namespace {

std::optional<std::string> decoded(std::string_view text, Base64Rule rule = Base64Rule::canonical) {
  std::vector<std::uint8_t> out(base64_decoded_max(text.size()));
  const auto size = decode_base64_secret(text, out, rule);
  if (!size) return std::nullopt;
  return std::string(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*size));
}

TEST(Base64, KnowsTheVectorsOfTheStandard) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    const std::vector<std::uint8_t> bytes(plain.begin(), plain.end());
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decoded(text), plain);
  }
}

TEST(Base64, ReadsEveryByteBothWays) {
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 256; ++i)
    bytes.push_back(static_cast<std::uint8_t>(i));
  const std::string text = encode_base64(bytes);
  EXPECT_EQ(decoded(text), std::string(bytes.begin(), bytes.end()));
  std::vector<std::uint8_t> out(bytes.size());
  ASSERT_EQ(decode_base64_public(text, out), bytes.size());
  EXPECT_EQ(out, bytes);
}

TEST(Base64, TheTwoAlphabetsAgreeOnEveryCharacter) {
  for (int c = 0; c < 256; ++c) {
    const std::string text{static_cast<char>(c), 'A', 'A', 'A'};
    std::array<std::uint8_t, 3> out{};
    EXPECT_EQ(decode_base64_public(text, out).has_value(), decoded(text).has_value()) << c;
  }
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (std::string_view text : {"Zg", "Zg=", "Zg===", "Zm9v=", "====", "=", "Zh==", "Zm9=", "Zm9v!!!!",
                                "Zm 9", "Zm9v\n", "_-8=", "Z===", "Zg==Zg=="}) {
    EXPECT_EQ(decoded(text), std::nullopt) << text;
  }
}

TEST(Base64, ToleratesAnEndingWithoutPaddingWhereAsked) {
  EXPECT_EQ(decoded("Zg", Base64Rule::lenient_ending), "f");
  EXPECT_EQ(decoded("Zm8", Base64Rule::lenient_ending), "fo");
  EXPECT_EQ(decoded("Zh==", Base64Rule::lenient_ending), "f");
  EXPECT_EQ(decoded("Z", Base64Rule::lenient_ending), std::nullopt);
  EXPECT_EQ(decoded("Zm!v", Base64Rule::lenient_ending), std::nullopt);
}

TEST(Base64, NeverWritesBeyondTheBuffer) {
  std::array<std::uint8_t, 2> small{};
  EXPECT_EQ(decode_base64_public("Zm9v", small), std::nullopt);
  EXPECT_EQ(decode_base64_public("Zm8=", small), 2U);
}

}  // namespace
}  // namespace creel
