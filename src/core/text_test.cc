#include "core/text.h"

#include <gtest/gtest.h>

namespace creel {
namespace {

TEST(Displayed, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(displayed("Zürich 🔑 batch.completed"), "Zürich 🔑 batch.completed");
}

TEST(Displayed, MakesWhatCouldFoolATerminalVisible) {
  EXPECT_EQ(displayed("\x1b[31mred\r\n"), "\\x1b[31mred\\x0d\\x0a");
  EXPECT_EQ(displayed("a\u202eb"), "a\\u{202e}b");
  EXPECT_EQ(displayed("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(displayed("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(displayed("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
}

TEST(Displayed, CutsWhatIsTooLongAndSaysSo) {
  EXPECT_EQ(displayed("abcdef", 6), "abcdef");
  EXPECT_EQ(displayed("abcdefg", 6), "abcdef…");
}

TEST(Globs, MatchAsUsersOfWebhookFiltersExpect) {
  EXPECT_TRUE(matches_glob("*", "batch.completed"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("batch.*", "batch.completed"));
  EXPECT_TRUE(matches_glob("*.completed", "batch.completed"));
  EXPECT_TRUE(matches_glob("fine_tuning.*.failed", "fine_tuning.job.failed"));
  EXPECT_TRUE(matches_glob("b?tch.*", "batch.x"));
  EXPECT_FALSE(matches_glob("batch.*", "batch"));
  EXPECT_FALSE(matches_glob("batch", "batch.completed"));
  EXPECT_FALSE(matches_glob("", "x"));
  EXPECT_TRUE(matches_glob("a*b*c", "aXbYbZc"));
}

TEST(Case, IsIgnoredInAsciiOnly) {
  EXPECT_TRUE(equal_ignoring_case("Webhook-ID", "webhook-id"));
  EXPECT_FALSE(equal_ignoring_case("webhook-id", "webhook-i"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
}

TEST(WithoutCredentials, HidesUserPasswordAndQuery) {
  EXPECT_EQ(without_credentials("http://127.0.0.1:8080/hook"), "http://127.0.0.1:8080/hook");
  EXPECT_EQ(without_credentials("https://me:p@ss@example.org/hook"), "https://***@example.org/hook");
  EXPECT_EQ(without_credentials("https://example.org/a@b?token=secret#x"), "https://example.org/a@b?***");
  EXPECT_EQ(without_credentials("https://me@example.org?token=secret"), "https://***@example.org?***");
}

}  // namespace
}  // namespace creel
