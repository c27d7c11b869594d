#include "store/recent_keys.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "core/random.h"

namespace creel::store {
namespace {

using namespace std::chrono_literals;

constexpr Time kNoon{std::chrono::milliseconds(1'750'000'000'000)};
KeyHash key(std::uint64_t number) {
  return {number, number * 3};
}

TEST(RecentKeys, LetsAKeyWaitUntilTheCommit) {
  RecentKeys keys(10);
  keys.add_waiting(key(1), kNoon);
  ASSERT_TRUE(keys.find(key(1)));
  EXPECT_TRUE(keys.find(key(1))->is_waiting);
  keys.commit();
  EXPECT_FALSE(keys.find(key(1))->is_waiting);
  EXPECT_EQ(keys.find(key(1))->received, kNoon);
}

TEST(RecentKeys, ForgetsWhatWaitedWhenTheSyncFails) {
  RecentKeys keys(10);
  keys.add_known(key(1), kNoon);
  keys.add_waiting(key(2), kNoon);
  keys.add_waiting(key(3), kNoon);
  keys.forget_waiting();
  EXPECT_TRUE(keys.find(key(1)));
  EXPECT_FALSE(keys.find(key(2)));
  EXPECT_FALSE(keys.find(key(3)));
}

TEST(RecentKeys, KeepsTheNewest) {
  RecentKeys keys(3);
  for (std::uint64_t number = 1; number <= 5; ++number)
    keys.add_known(key(number), kNoon);
  EXPECT_FALSE(keys.find(key(2)));
  EXPECT_TRUE(keys.find(key(3)));
  EXPECT_EQ(keys.size(), 3u);
}

TEST(RecentKeys, MakesAKeySeenAgainTheNewest) {
  RecentKeys keys(3);
  for (const std::uint64_t number : {1, 2, 3, 1, 4})
    keys.add_known(key(number), kNoon);
  EXPECT_TRUE(keys.find(key(1)));
  EXPECT_FALSE(keys.find(key(2)));
}

TEST(RecentKeys, CountsAWindowFromTheEarlierEvent) {
  EXPECT_TRUE(within_window(kNoon, kNoon + 9s, 10s));
  EXPECT_FALSE(within_window(kNoon, kNoon + 10s, 10s));
  EXPECT_TRUE(within_window(kNoon, kNoon - 5s, 10s));  // the clock went back
  EXPECT_FALSE(within_window(kNoon, kNoon, 0s));
}

TEST(RecentKeys, TellsSourceAndKeyApart) {
  StoreIdentity identity;
  KeyHasher hasher(identity);
  EXPECT_EQ(hasher("openai", "wh_1"), hasher("openai", "wh_1"));
  EXPECT_NE(hasher("openai", "wh_1"), hasher("openaiwh", "_1"));
  identity.secret[0] = 1;
  EXPECT_NE(hasher("openai", "wh_1"), KeyHasher(identity)("openai", "wh_1"));
}

// Against a plain model: few homes, so that they collide, and every kind of step.
TEST(RecentKeys, AgreesWithAModel) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    constexpr std::size_t kCapacity = 16;
    RecentKeys keys(kCapacity);
    std::deque<std::pair<std::uint64_t, bool>> model;  // oldest first; whether it waits
    std::size_t pushed = 0;
    for (int step = 0; step < 500; ++step) {
      const auto dice = random.below(12);
      if (dice == 0) {
        keys.commit();
        for (auto& entry : model)
          entry.second = false;
      } else if (dice == 1) {
        keys.forget_waiting();
        std::erase_if(model, [](const auto& entry) { return entry.second; });
      } else {
        const auto number = random.below(24);
        // Places stay taken by what was replaced, so only keys that are new to both are pushed.
        if (keys.find({number % 4, number})) continue;
        keys.add_waiting({number % 4, number}, kNoon);
        model.emplace_back(number, true);
        if (model.size() > kCapacity) model.pop_front();
        ++pushed;
      }
      ASSERT_EQ(keys.size(), model.size()) << "seed " << seed << " step " << step;
      for (const auto& [number, waits] : model) {
        const auto known = keys.find({number % 4, number});
        ASSERT_TRUE(known) << "seed " << seed << " step " << step;
        ASSERT_EQ(known->is_waiting, waits) << "seed " << seed << " step " << step;
      }
    }
    EXPECT_GT(pushed, 50u);
  }
}

}  // namespace
}  // namespace creel::store
