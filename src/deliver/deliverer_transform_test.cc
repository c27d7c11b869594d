// Events on their way through a transform, and deliveries that one holds.
#include <gtest/gtest.h>

#include <thread>

#include <creel/webhooks.h>

#include "deliver/deliverer_fixture.h"

namespace creel {
namespace {

constexpr const char* kSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
constexpr const char* kAdds = "function(event) event.body.added = true return event end";
constexpr const char* kFails = "function(event) error('not so') end";
constexpr const char* kEndless = "function(event) while true do end end";

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

TEST(DelivererTransform, SendsWhatItsRouteMakesOfTheEvent) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.transform("app", kAdds);
  gateway.start();
  gateway.store.add("app", R"({"a":1})", true);
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(body_of(server.requests().at(0)), R"({"a":1,"added":true})");
}

TEST(DelivererTransform, ARetrySendsTheSameBytesSignedAgain) {
  std::atomic<int> count = 0;
  LoopbackServer server([&count](int socket, const std::string&) {
    return LoopbackServer::send(socket, ++count < 3 ? kError : kOk);
  });
  const auto secret = std::make_shared<const Secret>(Secret::parse(kSecret).value());
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.options.destinations.front().sign = SignMode::standard;
  gateway.options.destinations.front().secret = secret;
  gateway.transform("app", kAdds);
  gateway.start();
  const auto id = gateway.store.add("app", R"({"a":1})", true);
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  ASSERT_EQ(server.requests().size(), 3u);
  std::vector<Key> keys;
  keys.push_back(Key{.secret = Secret::parse(kSecret).value(), .label = "key"});
  const Verifier verifier(std::move(keys));
  for (const std::string& request : server.requests()) {
    EXPECT_EQ(body_of(request), R"({"a":1,"added":true})");
    std::vector<Header> headers;
    for (std::size_t at = request.find("\r\n") + 2; request.compare(at, 2, "\r\n") != 0;) {
      const auto end = request.find("\r\n", at), colon = request.find(": ", at);
      headers.push_back({.name = std::string_view(request).substr(at, colon - at),
                         .value = std::string_view(request).substr(colon + 2, end - colon - 2)});
      at = end + 2;
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(gateway.clock.now());
    EXPECT_TRUE(verifier.verify(headers, body_of(request), now));
  }
  EXPECT_EQ(gateway.store.row(id).content->body, R"({"a":1})");
}

TEST(DelivererTransform, HoldsWhatItsTransformFailsUntilAReloadAndSpendsNoAttempt) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.transform("app", kFails);
  gateway.start();
  const auto id = gateway.store.add("app", "{}", true);
  ASSERT_TRUE(gateway.holds(1));
  EXPECT_NE(gateway.deliverer->held_reason(id).find("not so"), std::string::npos)
      << gateway.deliverer->held_reason(id);
  EXPECT_TRUE(gateway.store.row(id).history.empty());
  gateway.transform("app", kAdds);
  gateway.reload();
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(gateway.deliverer->held_reason(id), "");
  ASSERT_EQ(gateway.store.row(id).history.size(), 1u);
  EXPECT_EQ(gateway.store.row(id).history[0].number, 1u);
}

TEST(DelivererTransform, OthersPassByManyThatAreHeld) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.transform("app", "function(event) if event.body.bad then error('bad') end return event end");
  for (int i = 0; i < 400; ++i)
    gateway.store.add("app", i % 10 == 0 ? R"({"good":1})" : R"({"bad":1})", true);
  gateway.start();
  ASSERT_TRUE(gateway.holds(360));
  EXPECT_TRUE(gateway.store.until([](const auto& rows) {
    return std::ranges::count_if(
               rows, [](const auto& row) { return row.second.state == DeliveryState::delivered; }) == 40;
  }));
  gateway.transform("app", kAdds);
  gateway.reload();
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(server.requests().size(), 400u);
  EXPECT_TRUE(gateway.holds(0));
}

TEST(DelivererTransform, AnOperatorMayCancelOrRetryWhatIsHeld) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.transform("app", kFails);
  gateway.start();
  const auto id = gateway.store.add("app", "{}", true);
  ASSERT_TRUE(gateway.holds(1));
  gateway.store.command({.kind = Command::Kind::cancel, .event = id.event, .destination = "app"},
                        [](auto) {});
  ASSERT_TRUE(gateway.holds(0));
  gateway.store.command({.event = id.event, .destination = "app", .at = gateway.clock.now()}, [](auto) {});
  EXPECT_TRUE(gateway.holds(1)) << "tried again, and held again";
}

TEST(DelivererTransform, NilCancelsTheDelivery) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.transform("app", "function(event) return nil end");
  gateway.start();
  const auto id = gateway.store.add("app", "{}", true);
  EXPECT_TRUE(gateway.all(DeliveryState::cancelled));
  EXPECT_TRUE(gateway.store.row(id).history.empty());
  EXPECT_TRUE(server.requests().empty());
}

TEST(DelivererTransform, WhatCouldNotBeCancelledIsCancelledLater) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.options.cancel_again_after = 1ms;
  gateway.store.refused_commands = 3;
  gateway.to("app", server.url());
  gateway.transform("app", "function(event) return nil end");
  gateway.start();
  gateway.store.add("app", "{}", true);
  EXPECT_TRUE(gateway.all(DeliveryState::cancelled));
  EXPECT_TRUE(server.requests().empty());
}

TEST(DelivererTransform, WithoutItsRouteOnlyWhatWasToBeTransformedIsHeld) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.start();
  const auto flagged = gateway.store.add("app", "{}", true);
  const auto plain = gateway.store.add("app", "{}");
  ASSERT_TRUE(gateway.holds(1));
  EXPECT_EQ(gateway.deliverer->held_reason(flagged),
            "no route leads this event to app any more, and it was to be transformed");
  EXPECT_TRUE(gateway.store.until(
      [&](const auto& rows) { return rows.at(plain).state == DeliveryState::delivered; }));
}

TEST(DelivererTransform, AReloadWhileScriptsRunDecidesAgain) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.transform("app", kEndless);
  gateway.start();
  for (int i = 0; i < 20; ++i)
    gateway.store.add("app", "{}", true);
  ASSERT_TRUE(gateway.store.until([](const auto&) { return true; }));
  gateway.transform("app", kAdds);
  gateway.reload();
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_TRUE(gateway.holds(0));
  for (const std::string& request : server.requests())
    EXPECT_EQ(body_of(request), R"({"added":true})");
}

TEST(DelivererTransform, ADestinationThatGoesWhileScriptsRunKeepsItsDeliveries) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.transform("app", kEndless);
  gateway.start();
  for (int i = 0; i < 5; ++i)
    gateway.store.add("app", "{}", true);
  const auto destinations = std::exchange(gateway.options.destinations, {});
  gateway.reload();
  gateway.transform("app", kAdds);
  gateway.options.destinations = destinations;
  gateway.reload();
  EXPECT_TRUE(gateway.all(DeliveryState::delivered));
  EXPECT_EQ(server.requests().size(), 5u);
}

TEST(DelivererTransform, StopsWithinOneScriptHoweverManyWait) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.options.destinations.front().concurrency = 1000;
  gateway.transform("app", kEndless);
  for (int i = 0; i < 1000; ++i)
    gateway.store.add("app", "{}", true);
  gateway.options.limits.deliveries_max = 1000;
  gateway.start();
  ASSERT_TRUE(gateway.holds(1));
  const auto began = std::chrono::steady_clock::now();
  gateway.deliverer->drain(1ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  EXPECT_TRUE(gateway.all(DeliveryState::pending));
}

TEST(DelivererTransform, WhatIsInATransformMayEndWhileItDrains) {
  LoopbackServer server(says(kOk));
  Gateway gateway;
  gateway.to("app", server.url());
  gateway.transform("app", "function(event) for i = 1, 300000 do end return event end");
  gateway.start();
  for (int i = 0; i < 10; ++i)
    gateway.store.add("app", "{}", true);
  while (server.requests().empty())
    std::this_thread::yield();
  gateway.deliverer->drain(20s);
  EXPECT_TRUE(gateway.store.until([](const auto& rows) {
    return std::ranges::none_of(rows, [](const auto& row) { return row.second.history.size() > 1; });
  }));
  EXPECT_EQ(gateway.counting.failures, 0);
}

}  // namespace
}  // namespace creel
