// The deliver thread end to end: a store that is only a table, and a real server on loopback.
#include "deliver/deliverer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "deliver/deliverer_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;

TEST(Deliverer, DeliversABacklogAndWhatComesAfter) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  for (int i = 0; i < 500; ++i)
    gateway.store.add("app", std::to_string(i));
  gateway.start();
  for (int i = 500; i < 1000; ++i)
    gateway.store.add("app", std::to_string(i));
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(server.requests().size(), 1000u);
  EXPECT_EQ(gateway.counting.successes, 1000);
}

TEST(Deliverer, TriesAgainUntilItIsTaken) {
  std::atomic<int> count = 0;
  LoopbackServer server([&count](int socket, const std::string&) {
    return LoopbackServer::send(socket, ++count < 3 ? kError : kOk);
  });
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  const auto row = gateway.store.row(id);
  ASSERT_EQ(row.history.size(), 3u);
  EXPECT_EQ(row.history[0].status, 500);
  EXPECT_EQ(row.history[2].number, 3u);
}

TEST(Deliverer, IsDeadAfterTheLastAttemptAndAliveAfterARetry) {
  std::atomic<bool> works = false;
  LoopbackServer server([&works](int socket, const std::string&) {
    return LoopbackServer::send(socket, works ? kOk : kError);
  });
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  EXPECT_TRUE(gateway.all(DeliveryState::dead));
  EXPECT_EQ(gateway.store.row(id).attempts, 3u);
  works = true;
  gateway.store.command(
      {.kind = Command::Kind::retry, .event = id.event, .destination = "app", .at = gateway.clock.now()},
      [](auto) {});
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(gateway.store.row(id).attempts, 4u);
}

TEST(Deliverer, StopsTryingWhenWhatBecomesOfItCannotBeRecorded) {
  LoopbackServer server(says(kError));
  Gateway gateway;
  gateway.to("app", server.url(), {.initial = 1ms, .max = 2ms, .attempts = 1'000'000});
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  ASSERT_TRUE(gateway.store.until([&](const auto& rows) { return rows.at(id).attempts >= 3; }));
  gateway.store.failed = true;
  // It looks once a second; then nothing more comes.
  const auto give_up = std::chrono::steady_clock::now() + 20s;
  std::size_t before = 0, after = 1;
  while (before != after && std::chrono::steady_clock::now() < give_up) {
    before = server.requests().size();
    std::this_thread::sleep_for(250ms);
    after = server.requests().size();
  }
  EXPECT_EQ(before, after);
  EXPECT_EQ(gateway.store.row(id).state, DeliveryState::pending);
}

TEST(Deliverer, HoldsWhatNobodyIsConfiguredFor) {
  Gateway gateway;
  gateway.to("app", "http://127.0.0.1:1/");
  gateway.start();
  const auto id = gateway.store.add("gone", "{}");
  EXPECT_EQ(gateway.deliverer->held_for_unknown_destinations(), 1u);
  EXPECT_EQ(gateway.store.row(id).state, DeliveryState::pending);
}

TEST(Deliverer, OneThatHangsDoesNotHoldUpAnother) {
  LoopbackServer* self = nullptr;
  LoopbackServer slow([&self](int socket, const std::string&) {
    self->hang(socket);
    return false;
  });
  self = &slow;
  LoopbackServer quick(says(kOk));
  Gateway gateway;
  gateway.to("slow", slow.url());
  gateway.to("quick", quick.url());
  gateway.start();
  for (int i = 0; i < 200; ++i) {
    gateway.store.add("slow", "{}");
    gateway.store.add("quick", "{}");
  }
  EXPECT_TRUE(gateway.store.until([](const auto& rows) {
    return std::ranges::count_if(
               rows, [](const auto& row) { return row.second.state == DeliveryState::delivered; }) == 200;
  }));
  EXPECT_EQ(quick.requests().size(), 200u);
}

TEST(Deliverer, LeavesPendingWhatItAbandonsWhenItDrains) {
  LoopbackServer* self = nullptr;
  LoopbackServer server([&self](int socket, const std::string&) {
    self->hang(socket);
    return false;
  });
  self = &server;
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  while (server.requests().empty())
    std::this_thread::yield();
  gateway.deliverer->drain(1ms);
  const auto row = gateway.store.row(id);
  EXPECT_EQ(row.state, DeliveryState::pending);
  EXPECT_TRUE(row.history.empty());
}

TEST(Deliverer, WaitsForWhatStillRunsWhenItDrains) {
  std::atomic<bool> may_answer = false, has_come = false;
  LoopbackServer server([&](int socket, const std::string&) {
    has_come = true;
    while (!may_answer)
      std::this_thread::yield();
    return LoopbackServer::send(socket, kOk);
  });
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  while (!has_come)
    std::this_thread::yield();
  std::thread draining([&] { gateway.deliverer->drain(10s); });
  may_answer = true;
  draining.join();
  EXPECT_EQ(gateway.store.row(id).state, DeliveryState::delivered);
}

}  // namespace
}  // namespace creel
