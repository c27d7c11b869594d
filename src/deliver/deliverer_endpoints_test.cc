// The deliver thread with destinations that end on threads of their own.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "deliver/deliverer_fixture.h"

namespace creel {
namespace {

void to_shell(Gateway& gateway, const std::string& name, const std::string& script) {
  gateway.to(name, "");
  Destination& destination = gateway.options.destinations.back();
  destination.kind = DestinationKind::exec;
  destination.exec.command = {"/bin/sh", "-c", script};
}

TEST(DelivererEndpoints, DeliversToAProgram) {
  Gateway gateway;
  to_shell(gateway, "app", "exit 0");
  for (int i = 0; i < 20; ++i)
    gateway.store.add("app", "{}");
  gateway.start();
  for (int i = 0; i < 20; ++i)
    gateway.store.add("app", "{}");
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
}

TEST(DelivererEndpoints, TriesAProgramAgainThatFails) {
  Gateway gateway;
  to_shell(gateway, "app", "[ \"$CREEL_ATTEMPT\" = 3 ] || exit 75");
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  const auto row = gateway.store.row(id);
  ASSERT_EQ(row.history.size(), 3u);
  EXPECT_EQ(row.history[0].result, AttemptResult::exit);
  EXPECT_EQ(row.history[0].status, 75);
}

TEST(DelivererEndpoints, DoesNotTryAProgramAgainThatSaysItIsOfNoUse) {
  Gateway gateway;
  to_shell(gateway, "app", "exit 65");
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  EXPECT_TRUE(gateway.all(DeliveryState::dead));
  EXPECT_EQ(gateway.store.row(id).history.size(), 1u);
}

TEST(DelivererEndpoints, ADestinationCanBecomeAProgram) {
  LoopbackServer server(says(kError));
  Gateway gateway;
  gateway.to("app", server.url(), {.initial = 1ms, .max = 2ms, .attempts = 1000});
  gateway.start();
  gateway.store.add("app", "{}");
  gateway.options.destinations.clear();
  to_shell(gateway, "app", "exit 0");
  gateway.reload();
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
}

TEST(DelivererEndpoints, ADrainLeavesNoProgramBehind) {
  Gateway gateway;
  to_shell(gateway, "app", "exec sleep 600");
  gateway.start();
  const auto id = gateway.store.add("app", "{}");
  gateway.deliverer->drain(50ms);
  EXPECT_EQ(gateway.store.row(id).state, DeliveryState::pending);
  EXPECT_TRUE(gateway.store.row(id).history.empty());
}

}  // namespace
}  // namespace creel
