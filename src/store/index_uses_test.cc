// When each secret was last used, by what is kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/index_fixture.h"

namespace creel::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

class SecretUsesTest : public testing::Test, public IndexFixture {
 protected:
  // "source/label events @seconds" of each.
  std::vector<std::string> uses() {
    index();
    std::vector<std::string> all;
    const auto found = reader()->secret_uses();
    EXPECT_TRUE(found.has_value());
    for (const SecretUse& use : found.value_or(std::vector<SecretUse>())) {
      const auto after = std::chrono::duration_cast<std::chrono::seconds>(use.last - began_);
      all.push_back(use.source + "/" + use.label + " " + std::to_string(use.events) + " @" +
                    std::to_string(after.count()));
    }
    return all;
  }
  Time began_ = clock_.now();
};

TEST_F(SecretUsesTest, AreNoneOfAnEmptyJournal) {
  EXPECT_THAT(uses(), IsEmpty());
}

TEST_F(SecretUsesTest, AreCountedBySourceAndLabel) {
  keep({.key = "a", .secret = "old"});
  clock_.advance(10s);
  keep({.key = "b", .secret = "new"});
  keep({.key = "c", .secret = "new"});
  keep({.key = "d", .source = "stripe", .secret = "new"});
  EXPECT_THAT(uses(), ElementsAre("openai/new 2 @10", "openai/old 1 @0", "stripe/new 1 @10"));
}

TEST_F(SecretUsesTest, KeepTheLatestTimeWhenTheClockGoesBack) {
  keep({.key = "a", .received = began_ + 60s});
  keep({.key = "b", .received = began_ + 20s});
  EXPECT_THAT(uses(), ElementsAre("openai/first 2 @60"));
}

TEST_F(SecretUsesTest, TakeADuplicateForAUseAndForNoEvent) {
  keep({.key = "a"});
  clock_.advance(5s);
  keep({.key = "a"});
  EXPECT_THAT(uses(), ElementsAre("openai/first 1 @5"));
}

TEST_F(SecretUsesTest, AddUpOverSegmentsAndTransactionsAndRestarts) {
  std::size_t segments = 0;
  for (int i = 0; segments < 3; ++i) {
    keep({.key = std::to_string(i), .body = std::string(100'000, 'b')});
    clock_.advance(1s);
    if (i % 5 == 0) index();
    if (i % 7 == 0) open_journal();
    segments = journal_->segments().size();
    if (segments == 3) {
      EXPECT_THAT(uses(), ElementsAre("openai/first " + std::to_string(i + 1) + " @" + std::to_string(i)));
    }
  }
}

TEST_F(SecretUsesTest, AreTheSameInAnIndexMadeAnew) {
  for (int i = 0; i < 40; ++i) {
    keep({.key = std::to_string(i % 30),
          .body = std::string(90'000, 'b'),
          .source = i % 3 == 0 ? "stripe" : "openai",
          .secret = i % 2 == 0 ? "old" : "new"});
    clock_.advance(1s);
    if (i % 6 == 0) index();
  }
  const auto live = uses();
  EXPECT_EQ(live.size(), 4u);
  EXPECT_EQ(rows(), rebuilt_rows());
  index_.reset();
  Index::remove(disk_, index_options().folder);
  EXPECT_EQ(uses(), live);
}

}  // namespace
}  // namespace creel::store
