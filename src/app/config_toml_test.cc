#include "app/config_toml.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace creel {
namespace {

TEST(ConfigToml, SaysWhereAMalformedFileIsWrong) {
  const struct {
    std::string_view text;
    Place place;
  } cases[] = {
      {"a = 1\n[[[\n", {2, 3}},
      {"[,\n", {1, 2}},
      {"a = 1\nb = 2020-01-01T.\n", {2, 5}},
      {"a = [\u2028", {1, 6}},
      {"a = [1, 2\nb = 3\n", {2, 1}},
      {"a = é\n", {1, 5}},
      {"\"a\" \"b\" = 1", {1, 5}},
      {"a = '''b", {1, 9}},
      {"[a", {1, 3}},
      {"a.b = 1\n[a]\n", {2, 1}},
  };
  for (const auto& [text, place] : cases) {
    const auto parsed = parse_toml(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().place, place)
        << text << ": " << parsed.error().place.line << ":" << parsed.error().place.column;
    EXPECT_FALSE(parsed.error().message.empty()) << text;
  }
}

TEST(ConfigToml, SurvivesWhateverAFileHolds) {
  constexpr std::string_view kPieces[] = {
      "[",    "]",     "[[",         "]]",   "a",      "\"b\"",   "'c'",     "=",          "{",
      "}",    ",",     ".",          "\n",   "\r\n",   "#",       "1",       "-",          "+",
      "0x",   "1e5",   "2020-01-01", "T",    "12:00:", "00",      "Z",       "\"\"\"",     "'''",
      "\"",   "\\",    "\\u",        "\xff", "\u2028", "\ufeff",  "true",    "inf",        "_",
      "x = ", "x = [", "..",         "\x01", " ",      "[a.b]\n", "[[a]]\n", "a.b.c = 1\n"};
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    std::minstd_rand random(seed);
    std::string text;
    for (auto pieces = 1 + random() % 12; pieces > 0; --pieces)
      text += kPieces[random() % std::size(kPieces)];
    const auto parsed = parse_toml(text);
    if (!parsed) {
      EXPECT_FALSE(parsed.error().message.empty()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace creel
