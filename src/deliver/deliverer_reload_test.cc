// Destinations that change while deliveries run.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "core/random.h"
#include "deliver/deliverer_fixture.h"

namespace creel {
namespace {

LoopbackServer::Answer waits_for(const std::atomic<bool>& may_answer) {
  return [&may_answer](int socket, const std::string&) {
    while (!may_answer)
      std::this_thread::yield();
    return LoopbackServer::send(socket, kOk);
  };
}

TEST(DelivererReload, WhatWaitsGoesByTheNewSettings) {
  LoopbackServer old_server(says(kError)), new_server(says(kOk));
  Gateway gateway;
  gateway.to("app", old_server.url(), {.initial = 1ms, .max = 2ms, .attempts = 1'000'000});
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  ASSERT_TRUE(gateway.store.until([&](const auto& rows) { return rows.at(id).attempts >= 2; }));
  gateway.options.destinations.front().url = new_server.url();
  gateway.reload();
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(new_server.requests().size(), 1u);
}

TEST(DelivererReload, ANewDestinationGetsWhatWaitedForIt) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto before = gateway.store.add("late", "before");
  EXPECT_EQ(gateway.deliverer->held_for_unknown_destinations(), 1u);
  gateway.to("late", server.url());
  gateway.reload();
  gateway.store.add("late", "after");
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(gateway.store.row(before).attempts, 1u);
}

TEST(DelivererReload, OneThatIsGoneLeavesItsDeliveriesPendingUntilItIsBack) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto destinations = std::exchange(gateway.options.destinations, {});
  gateway.reload();
  // Told to the index before reload() returned, so that this finds nobody.
  const auto id = gateway.store.add("app", "{}");
  EXPECT_EQ(gateway.deliverer->held_for_unknown_destinations(), 1u);
  EXPECT_EQ(gateway.store.row(id).state, DeliveryState::pending);
  gateway.options.destinations = destinations;
  gateway.reload();
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
}

TEST(DelivererReload, WhatRunsEndsAsItBegan) {
  std::atomic<bool> may_answer = false;
  LoopbackServer server(waits_for(may_answer)), other(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.to("gone", server.url());
  gateway.start();
  gateway.store.add("app", "{}");
  gateway.store.add("gone", "{}");
  while (server.requests().size() < 2)
    std::this_thread::yield();
  gateway.options.destinations.pop_back();
  gateway.options.destinations.front().url = other.url();
  gateway.reload();
  gateway.store.add("app", "{}");
  while (other.requests().empty())
    std::this_thread::yield();
  may_answer = true;
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(other.requests().size(), 1u);
}

TEST(DelivererReload, OneThatIsBackDoesNotRepeatWhatStillRuns) {
  std::atomic<bool> may_answer = false;
  LoopbackServer server(waits_for(may_answer)), other(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto running = gateway.store.add("app", "{}");
  while (server.requests().empty())
    std::this_thread::yield();
  auto destinations = std::exchange(gateway.options.destinations, {});
  gateway.reload();
  destinations.front().url = other.url();
  gateway.options.destinations = destinations;
  gateway.reload();
  const auto next = gateway.store.add("app", "{}");
  ASSERT_TRUE(
      gateway.store.until([&](const auto& rows) { return rows.at(next).state == DeliveryState::delivered; }));
  EXPECT_EQ(other.requests().size(), 1u);
  may_answer = true;
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(gateway.store.row(running).attempts, 1u);
}

TEST(DelivererReload, LosesAndRepeatsNothingWhileDestinationsComeAndGo) {
  constexpr std::uint64_t kSeed = 1;
  constexpr int kEach = 1000;
  LoopbackServer server(says(kOk));
  Gateway gateway;
  for (const char* name : {"a", "b", "c"})
    gateway.to(name, server.url());
  const auto all = std::exchange(gateway.options.destinations, {});
  gateway.start();
  std::atomic<bool> is_done = false;
  std::thread arrivals([&] {
    for (int i = 0; i < kEach; ++i) {
      for (const char* name : {"a", "b", "c"})
        gateway.store.add(name, std::to_string(i));
    }
    is_done = true;
  });
  Random random(kSeed);
  for (int reloads = 0; reloads < 100 || !is_done; ++reloads) {
    auto some = all;
    std::erase_if(some, [&](const Destination&) { return random.below(3) == 0; });
    for (Destination& destination : some)
      destination.concurrency = 1 + static_cast<int>(random.below(8));
    gateway.options.destinations = some;
    gateway.reload();
    std::this_thread::yield();
  }
  arrivals.join();
  gateway.options.destinations = all;
  gateway.reload();
  EXPECT_TRUE(gateway.all(DeliveryState::delivered)) << "seed " << kSeed;
  EXPECT_EQ(server.requests().size(), 3u * kEach) << "seed " << kSeed;
}

}  // namespace
}  // namespace creel
