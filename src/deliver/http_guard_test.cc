// Untrusted destinations against real sockets: what may be connected to, and what is connected already.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/http_attempts_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

Destination untrusted(const std::string& url, TargetGuard guard = {}) {
  Destination destination = Attempts::destination_at(url);
  destination.untrusted = true;
  destination.http.guard = std::move(guard);
  return destination;
}
std::string at_host(const std::string& host, const LoopbackServer& server) {
  return "http://" + host + ":" + std::to_string(server.port()) + "/";
}

TEST(HttpGuard, RefusesAnAddressOfOurs) {
  LoopbackServer server(says(kOk));
  const auto report = Attempts().once(untrusted(server.url()));
  EXPECT_EQ(report.result, AttemptResult::refused);
  EXPECT_EQ(report.error, "127.0.0.1 is a loopback address, and destination app is untrusted");
  EXPECT_EQ(server.connections(), 0u);
}

// Whatever a resolver makes of it is what counts.
TEST(HttpGuard, RefusesItHoweverItIsWritten) {
  LoopbackServer server(says(kOk));
  for (const char* host : {"0x7f.1", "2130706433", "127.1", "0177.0.0.1", "0x7f000001", "127.0.0.1.",
                           "localhost", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
                           "[::127.0.0.1]", "0", "0.0.0.0", "[::]", "%31%32%37.0.0.1"}) {
    const auto report = Attempts().once(untrusted(at_host(host, server)));
    EXPECT_TRUE(report.result == AttemptResult::refused || report.result == AttemptResult::dns)
        << host << ": " << report.error;
  }
  EXPECT_EQ(server.connections(), 0u);
}

TEST(HttpGuard, LetsPassWhatIsExcepted) {
  LoopbackServer server(says(kOk));
  const auto report = Attempts().once(untrusted(server.url(), {.networks = {"127.0.0.0/8"}}));
  EXPECT_EQ(report.result, AttemptResult::delivered) << report.error;
}

TEST(HttpGuard, RefusesPortsThatAreNotAllowed) {
  LoopbackServer server(says(kOk));
  const auto report = Attempts().once(untrusted(server.url(), {.networks = {"127.0.0.0/8"}, .ports = {443}}));
  EXPECT_EQ(report.result, AttemptResult::refused);
  EXPECT_THAT(report.error,
              HasSubstr("port " + std::to_string(server.port()) + " is not one of those allowed"));
  EXPECT_EQ(server.connections(), 0u);
}

TEST(HttpGuard, WantsHttpsWhereThatIsSaid) {
  LoopbackServer server(says(kOk));
  const auto report =
      Attempts().once(untrusted(server.url(), {.networks = {"127.0.0.0/8"}, .https_only = true}));
  EXPECT_EQ(report.result, AttemptResult::unsent);
  EXPECT_THAT(report.error, HasSubstr("not https"));
  EXPECT_EQ(server.connections(), 0u);
}

// A name with several addresses, of which some are allowed: "localhost" is ::1 and 127.0.0.1.
TEST(HttpGuard, ANameNeverLeadsToItsRefusedAddress) {
  LoopbackServer server(says(kOk));
  EXPECT_NE(Attempts().once(untrusted(at_host("localhost", server), {.networks = {"::1"}})).result,
            AttemptResult::delivered);
  EXPECT_EQ(server.connections(), 0u);
  const auto report = Attempts().once(untrusted(at_host("localhost", server), {.networks = {"127.0.0.1"}}));
  EXPECT_EQ(report.result, AttemptResult::delivered) << report.error;
}

TEST(HttpGuard, UsesNoConnectionOfATrustedDestination) {
  LoopbackServer server(says(kOk));
  Attempts attempts;
  const auto trusted = attempts.to(server.url());
  const auto refused = attempts.to(untrusted(server.url()));
  const auto excepted = attempts.to(untrusted(server.url(), {.networks = {"127.0.0.0/8"}}));
  attempts.start(trusted);
  EXPECT_EQ(attempts.next().second.result, AttemptResult::delivered);
  attempts.start(refused);
  EXPECT_EQ(attempts.next().second.result, AttemptResult::refused);
  EXPECT_EQ(server.connections(), 1u);
  attempts.start(excepted);
  EXPECT_EQ(attempts.next().second.result, AttemptResult::delivered);
  EXPECT_EQ(server.connections(), 2u);
  // Each goes on with its own.
  for (const auto one : {trusted, excepted, trusted, excepted}) {
    attempts.start(one);
    EXPECT_EQ(attempts.next().second.result, AttemptResult::delivered);
  }
  EXPECT_EQ(server.connections(), 2u);
}

TEST(HttpGuard, ChecksAConnectionThatIsUsedAgain) {
  LoopbackServer server(says(kOk));
  Attempts attempts;
  const auto excepted = attempts.to(untrusted(server.url(), {.networks = {"127.0.0.0/8"}}));
  const auto refused = attempts.to(untrusted(server.url()));
  attempts.start(excepted);
  EXPECT_EQ(attempts.next().second.result, AttemptResult::delivered);
  attempts.start(refused);
  const auto report = attempts.next().second;
  EXPECT_EQ(report.result, AttemptResult::refused);
  EXPECT_EQ(report.error, "127.0.0.1 is a loopback address, and destination app is untrusted");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(HttpGuard, GuardsTheServerOfTokensToo) {
  LoopbackServer tokens(says(kOk));
  Destination destination = untrusted("http://127.0.0.2:1/", {.networks = {"127.0.0.2"}});
  destination.http.auth = OAuth2Auth{.token_url = tokens.url(), .client_id = "a", .client_secret = "b"};
  const auto report = Attempts().once(destination);
  EXPECT_EQ(report.result, AttemptResult::auth);
  EXPECT_EQ(report.error, "no token: 127.0.0.1 is a loopback address, and destination app is untrusted");
  EXPECT_EQ(tokens.connections(), 0u);
}

TEST(HttpGuard, AProxyOrAUserNeverGetsAroundIt) {
  LoopbackServer proxy(says(kOk));
  Destination destination = untrusted("http://app.example/");
  destination.http.proxy = proxy.url("");
  EXPECT_EQ(Attempts().once(destination).result, AttemptResult::unsent);
  EXPECT_EQ(
      Attempts().once(untrusted("http://example.com@127.0.0.1:" + std::to_string(proxy.port()) + "/")).result,
      AttemptResult::unsent);
  EXPECT_EQ(proxy.connections(), 0u);
}

}  // namespace
}  // namespace creel
