#include "cli/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace creel::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

TEST(Diff, FindsNothingBetweenTheSameLines) {
  EXPECT_THAT(unified_diff({"a", "b"}, {"a", "b"}), IsEmpty());
  EXPECT_THAT(unified_diff({}, {}), IsEmpty());
}

TEST(Diff, ShowsAChangedLineWithItsSurroundings) {
  EXPECT_THAT(
      unified_diff({"1", "2", "3", "4", "5", "6", "7", "8"}, {"1", "2", "3", "4", "five", "6", "7", "8"}),
      ElementsAre("@@ -2,7 +2,7 @@", " 2", " 3", " 4", "-5", "+five", " 6", " 7", " 8"));
}

TEST(Diff, ShowsWhatCameAndWhatWent) {
  EXPECT_THAT(unified_diff({}, {"a"}), ElementsAre("@@ -0,0 +1,1 @@", "+a"));
  EXPECT_THAT(unified_diff({"a", "b"}, {"b"}), ElementsAre("@@ -1,2 +1,1 @@", "-a", " b"));
}

TEST(Diff, ShowsChangesFarApartAsHunksOfTheirOwn) {
  Lines before, after;
  for (int i = 0; i < 30; ++i)
    before.push_back(std::to_string(i));
  after = before;
  after[2] = "x";
  after[25] = "y";
  EXPECT_THAT(
      unified_diff(before, after, {.context = 1}),
      ElementsAre("@@ -2,3 +2,3 @@", " 1", "-2", "+x", " 3", "@@ -25,3 +25,3 @@", " 24", "-25", "+y", " 26"));
}

TEST(Diff, CutsWhatIsTooLong) {
  EXPECT_THAT(unified_diff({"a", "b", "c"}, {}, {.lines_max = 2}),
              ElementsAre("@@ -1,3 +0,0 @@", "-a", "… 2 more lines"));
}

TEST(Diff, ShowsTextsThatHaveNothingInCommonAsGoneAndCome) {
  const Lines before(3000, "a"), after(3000, "b");
  const Lines diff = unified_diff(before, after, {.lines_max = 10'000});
  EXPECT_EQ(diff.size(), 6001u);
  EXPECT_EQ(diff[1], "-a");
  EXPECT_EQ(diff.back(), "+b");
}

// Of random texts: what is kept and removed is the one, what is kept and added the other.
TEST(Diff, LeadsFromOneTextToTheOther) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    Lines before(random() % 20), after(random() % 20);
    for (Lines* lines : {&before, &after}) {
      for (std::string& line : *lines)
        line = std::string(1, static_cast<char>('a' + random() % 4));
    }
    Lines one, other;
    const Lines diff = unified_diff(before, after, {.context = 100, .lines_max = 1000});
    for (std::size_t i = 1; i < diff.size(); ++i) {
      if (diff[i][0] != '+') one.push_back(diff[i].substr(1));
      if (diff[i][0] != '-') other.push_back(diff[i].substr(1));
    }
    if (before != after) {
      EXPECT_EQ(one, before) << "round " << round;
      EXPECT_EQ(other, after) << "round " << round;
    }
  }
}

TEST(ShownLines, LayOutJsonWithItsMembersSorted) {
  EXPECT_THAT(shown_lines(R"({"b":[1,{"c":null}],"a":"x","d":{},"e":[]})"),
              ElementsAre("{", "  \"a\": \"x\",", "  \"b\": [", "    1,", "    {", "      \"c\": null",
                          "    }", "  ],", "  \"d\": {},", "  \"e\": []", "}"));
}

TEST(ShownLines, TakeAnythingElseApartAtItsLineEnds) {
  EXPECT_THAT(shown_lines("a=1\r\nb\n\nc"), ElementsAre("a=1", "b", "", "c"));
  EXPECT_THAT(shown_lines(""), IsEmpty());
}

}  // namespace
}  // namespace creel::cli
