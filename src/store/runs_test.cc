#include "store/runs.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "store/index_fixture.h"

namespace creel::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class RunsTest : public testing::Test {
 protected:
  RunsTest() { open(); }
  void open() {
    runs_ = std::make_unique<Runs>(
        disk_, Runs::Options{.folder = temp_.path(), .prefix = "keys", .with_filter = true, .fan_in = 4});
    std::vector<ListedRun> listed;
    for (const auto& [id, run] : listed_)
      listed.push_back(run);
    ASSERT_TRUE(runs_->open(listed).has_value());
  }
  void list(const RunsChange& change) {
    for (const std::uint64_t id : change.removed)
      listed_.erase(id);
    if (change.added) listed_[change.added->id] = *change.added;
  }
  void flush() {
    const auto change = runs_->flush();
    ASSERT_TRUE(change.has_value());
    list(*change);
  }
  void merge_all(Sequence floor = 0) {
    do {
      const auto change = runs_->merge(100, floor);
      ASSERT_TRUE(change.has_value());
      if (*change) list(**change);
    } while (runs_->has_merge());
  }
  std::vector<std::uint64_t> find(std::uint64_t low) {
    std::vector<std::uint64_t> places;
    EXPECT_TRUE(runs_->find({.low = low, .high = low * 0x9e3779b97f4a7c15u}, places).has_value());
    return places;
  }
  void add(std::uint64_t low, std::uint64_t place) {
    runs_->add({.low = low, .high = low * 0x9e3779b97f4a7c15u}, place);
  }

  RealDisk disk_;
  TempFolder temp_;
  std::map<std::uint64_t, ListedRun> listed_;
  std::unique_ptr<Runs> runs_;
};

TEST_F(RunsTest, FindsWhatIsInMemory) {
  add(1, 10);
  add(1, 11);
  EXPECT_THAT(find(1), UnorderedElementsAre(10, 11));
  EXPECT_THAT(find(2), IsEmpty());
}

TEST_F(RunsTest, FindsWhatIsInAFileAfterAReopen) {
  add(1, 10);
  flush();
  open();
  EXPECT_THAT(find(1), ElementsAre(10));
}

TEST_F(RunsTest, FindsEveryEntryOfAHashThatFillsSeveralBlocks) {
  for (std::uint64_t i = 0; i < 1000; ++i)
    add(7, i);
  for (std::uint64_t i = 0; i < 1000; ++i)
    add(1000 + i, i);
  flush();
  EXPECT_EQ(find(7).size(), 1000u);
}

TEST_F(RunsTest, MergesToFewRunsAndLosesNothing) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  std::multimap<std::uint64_t, std::uint64_t> model;
  for (int run = 0; run < 64; ++run) {
    for (int i = 0; i < 200; ++i) {
      const std::uint64_t low = random.below(5000) * 0x100000001b3u;
      const std::uint64_t place = random.next() >> 1;
      add(low, place);
      model.emplace(low, place);
    }
    flush();
    merge_all();
  }
  EXPECT_LE(runs_->runs(), 9u);
  runs_->forget_replaced();
  open();
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const std::uint64_t low = i * 0x100000001b3u;
    std::vector<std::uint64_t> expected;
    for (auto [one, end] = model.equal_range(low); one != end; ++one)
      expected.push_back(one->second);
    EXPECT_THAT(find(low), testing::UnorderedElementsAreArray(expected));
  }
}

TEST_F(RunsTest, DropsEntriesOfRemovedRecordsInAMerge) {
  for (std::uint64_t i = 0; i < 4; ++i) {
    add(i, i << 16);
    flush();
  }
  merge_all(2);
  EXPECT_THAT(find(1), IsEmpty());
  EXPECT_THAT(find(2), ElementsAre(2u << 16));
  EXPECT_EQ(runs_->entries(), 2u);
}

TEST_F(RunsTest, KeepsReplacedFilesUntilTheirListingIsGoneForGood) {
  for (std::uint64_t i = 0; i < 4; ++i) {
    add(i, i << 16);
    flush();
  }
  const auto listed_before = listed_;
  merge_all();
  listed_ = listed_before;  // A power cut brings the old listing back.
  open();
  EXPECT_THAT(find(3), ElementsAre(3u << 16));
}

TEST_F(RunsTest, NoticesADamagedBlock) {
  add(1, 10);
  flush();
  {
    std::fstream file(temp_.path() + "/keys-1", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('!');
  }
  std::vector<std::uint64_t> places;
  const auto found = runs_->find({.low = 1, .high = 0x9e3779b97f4a7c15u}, places);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error(), RunError::damaged);
}

}  // namespace
}  // namespace creel::store
