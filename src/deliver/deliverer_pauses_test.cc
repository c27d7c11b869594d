// Pauses, breakers and orders on the deliver thread, with a real server on loopback.
#include <gtest/gtest.h>

#include <future>

#include "deliver/deliverer_fixture.h"

namespace creel {
namespace {

// Waits until the deliver thread obeys.
void pause(Gateway& gateway, std::vector<Pause> pauses) {
  auto obeyed = std::make_shared<std::promise<void>>();
  auto future = obeyed->get_future();
  gateway.deliverer->pause(std::move(pauses), [obeyed] { obeyed->set_value(); });
  ASSERT_EQ(future.wait_for(20s), std::future_status::ready);
}

TEST(DelivererPauses, NothingGoesToAPausedDestinationUntilItIsResumed) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.to("other", server.url());
  gateway.options.pauses = {{.what = Pause::What::destination, .name = "app"}};
  gateway.start();
  const auto held = gateway.store.add("app", "{}");
  const auto gone = gateway.store.add("other", "{}");
  EXPECT_TRUE(
      gateway.store.until([&](const auto& rows) { return rows.at(gone).state == DeliveryState::delivered; }));
  EXPECT_EQ(gateway.store.row(held).attempts, 0u);
  const auto standings = gateway.deliverer->standings();
  ASSERT_EQ(standings.size(), 2u);
  EXPECT_TRUE(standings[0].gate.is_paused);
  EXPECT_FALSE(standings[1].gate.is_paused);
  pause(gateway, {});
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(gateway.store.row(held).history.front().trigger, AttemptTrigger::resume);
}

TEST(DelivererPauses, DeliveriesOfAPausedSourceAreHeldAndDrainWhenItIsResumed) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  pause(gateway, {{.what = Pause::What::source, .name = "openai"}});
  for (int i = 0; i < 200; ++i)
    gateway.store.add("app", "{}");
  pause(gateway, {{.what = Pause::What::source, .name = "openai"},
                  {.what = Pause::What::route, .name = "another"}});  // all of the news has been taken
  EXPECT_EQ(gateway.counting.successes, 0);
  pause(gateway, {});
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
}

TEST(DelivererPauses, ADestinationThatIsGoneIsPausedAndSaysSo) {
  LoopbackServer server(says("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"));
  Gateway gateway;
  gateway.to("app", server.url());
  std::promise<Pause> said;
  gateway.options.on_gone = [&said](Pause pause) { said.set_value(std::move(pause)); };
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  auto future = said.get_future();
  ASSERT_EQ(future.wait_for(20s), std::future_status::ready);
  const Pause pause = future.get();
  EXPECT_EQ(pause.name, "app");
  EXPECT_EQ(pause.what, Pause::What::destination);
  gateway.deliverer->drain(0ms);
  EXPECT_EQ(gateway.store.row(id).state, DeliveryState::pending);
  EXPECT_EQ(gateway.store.row(id).attempts, 1u);
}

// Whether it was obeyed; nothing when that can never be known.
std::optional<bool> was_obeyed(std::future<void>& future) {
  if (future.wait_for(20s) != std::future_status::ready) return std::nullopt;
  try {
    future.get();
    return true;
  } catch (const std::future_error&) {
    return false;
  }
}

TEST(DelivererPauses, NobodyWaitsForAThreadThatHasEnded) {
  Gateway gateway;
  gateway.start();
  gateway.deliverer->drain(0ms);
  std::promise<void> obeyed;
  auto future = obeyed.get_future();
  gateway.deliverer->pause({}, [obeyed = std::move(obeyed)]() mutable { obeyed.set_value(); });
  EXPECT_EQ(was_obeyed(future), false);
}

// A destination that is gone while creel stops: the thread ends without opening what comes of that.
TEST(DelivererPauses, NobodyWaitsForAThreadThatEndsMeanwhile) {
  std::atomic<bool> is_stopping = false;
  LoopbackServer server([&](int socket, const std::string&) {
    is_stopping.wait(false);
    return LoopbackServer::send(socket, "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n");
  });
  Gateway gateway;
  gateway.to("app", server.url());
  std::promise<void> obeyed;
  auto future = obeyed.get_future();
  gateway.options.on_gone = [&](const Pause& pause) {
    gateway.deliverer->pause({pause}, [obeyed = std::move(obeyed)]() mutable { obeyed.set_value(); });
  };
  gateway.start();
  gateway.store.add("app", "{}");
  while (server.requests().empty())
    std::this_thread::yield();
  std::thread draining([&] {
    is_stopping = true;
    is_stopping.notify_all();
    gateway.deliverer->drain(20s);
  });
  draining.join();
  EXPECT_TRUE(was_obeyed(future).has_value());
}

TEST(DelivererOrder, ADeadOneParksItsKeyAcrossARestart) {
  std::atomic<bool> works = false;
  LoopbackServer server([&works](int socket, const std::string&) {
    return LoopbackServer::send(socket, works ? kOk : kError);
  });
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.options.destinations.front().order = {.by = "account", .on_failure = OrderPolicy::OnFailure::park};
  gateway.start();
  const auto dead = gateway.store.add("app", R"({"account":7})");
  EXPECT_TRUE(gateway.all(DeliveryState::dead));
  works = true;
  gateway.deliverer->drain(0ms);
  const auto parked = gateway.store.add("app", R"({"account":7})");
  const auto other = gateway.store.add("app", R"({"account":8})");
  gateway.start();
  EXPECT_TRUE(gateway.store.until(
      [&](const auto& rows) { return rows.at(other).state == DeliveryState::delivered; }));
  EXPECT_EQ(gateway.store.row(parked).attempts, 0u);
  gateway.store.command(
      {.kind = Command::Kind::retry, .event = dead.event, .destination = "app", .at = gateway.clock.now()},
      [](const auto&) {});
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
}

}  // namespace
}  // namespace creel
