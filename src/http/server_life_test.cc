// How connections end: patience, limits, disconnects, drains; and where a server may listen.
#include "http/server_fixture.h"

#include <csignal>

namespace creel::http {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

ServerOptions impatient() {
  ServerOptions options = test_options();
  options.head_timeout = 60ms;
  options.body_timeout = 60ms;
  options.idle_timeout = 60ms;
  return options;
}

// --- Patience
// ------------------------------------------------------------------------------------------------------

TEST(Patience, EndsWithASlowHead) {
  RunningServer server(impatient());
  Client client = server.connect();
  client.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(status_of(client.response()), 408);
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(server.handler.refusals(), std::vector<std::string>{"408 head too slow"});
}

TEST(Patience, EndsWithASlowBody) {
  RunningServer server(impatient());
  Client client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_EQ(status_of(client.response()), 408);
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(server.handler.handled, 0);
}

TEST(Patience, EndsWithABodyThatTrickles) {
  ServerOptions options = test_options();
  options.head_timeout = 60ms;  // for a quick look; heads are not the subject
  options.body_rate_min = 100'000;
  RunningServer server(options);
  Client client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n");
  const auto until = std::chrono::steady_clock::now() + 4s;
  while (!client.has_something_to_read(50ms) && std::chrono::steady_clock::now() < until)
    client.send("x");
  EXPECT_EQ(status_of(client.response()), 408);
}

TEST(Patience, EndsSilentlyWithAnIdleConnection) {
  RunningServer server(impatient());
  Client silent = server.connect();
  Client used = server.connect();
  used.send(kGet);
  EXPECT_EQ(status_of(used.response()), 200);
  EXPECT_TRUE(used.is_closed_by_peer());
  EXPECT_TRUE(silent.is_closed_by_peer());
  EXPECT_TRUE(server.comes_to(0));
}

TEST(Patience, EndsWithAReaderThatDoesNotRead) {
  RunningServer server(impatient());
  Client client = server.connect();
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.has_something_to_read(5s));
  EXPECT_TRUE(server.comes_to(0));
}

TEST(Patience, LastsWhileTheHandlerWorks) {
  RunningServer server(impatient());
  Gate gate;
  server.handler.gate = &gate;
  Client client = server.connect();
  client.send(post("/wait", "x"));
  gate.wait_until_somebody_waits();
  EXPECT_FALSE(client.has_something_to_read(200ms));
  gate.open();
  EXPECT_EQ(status_of(client.response()), 200);
}

// --- Limits
// --------------------------------------------------------------------------------------------------------

TEST(Limits, TurnAwayTheConnectionAfterTheLast) {
  ServerOptions options = test_options();
  options.connections_max = 2;
  RunningServer server(options);
  Client first = server.connect();
  Client second = server.connect();
  ASSERT_TRUE(server.comes_to(2));
  Client third = server.connect();
  const std::string response = third.response();
  EXPECT_EQ(status_of(response), 503);
  EXPECT_NE(response.find("\r\nRetry-After: "), response.npos);
  EXPECT_TRUE(third.is_closed_by_peer());

  third.close();
  first.close();
  ASSERT_TRUE(server.comes_to(1));
  EXPECT_EQ(status_of(server.exchange(kGet)), 200);
}

TEST(Limits, HoldForTheBodiesOfAllConnectionsTogether) {
  ServerOptions options = test_options();
  options.bodies_bytes_max = 1000;
  RunningServer server(options);
  Gate gate;
  server.handler.gate = &gate;
  Client first = server.connect();
  first.send(post("/wait", std::string(600, 'b')));
  gate.wait_until_somebody_waits();

  const std::string response = server.exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 401\r\n\r\n");
  EXPECT_EQ(status_of(response), 503);
  EXPECT_NE(response.find("\r\nRetry-After: "), response.npos);
  EXPECT_EQ(
      status_of(server.exchange("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n191\r\n" +
                                std::string(401, 'b'))),
      503);
  EXPECT_EQ(status_of(server.exchange(post("/", std::string(400, 'b')))), 200);

  gate.open();
  EXPECT_EQ(status_of(first.response()), 200);
  EXPECT_EQ(status_of(server.exchange(post("/", std::string(1000, 'b')))), 200);
}

// --- Disconnects
// ---------------------------------------------------------------------------------------------------

TEST(Disconnect, WhileTheHandlerWaitsLeavesItsRequestAlone) {
  RunningServer server;
  Gate gate;
  server.handler.gate = &gate;
  Client client = server.connect();
  client.send(post("/wait", std::string(50'000, 'b')));
  gate.wait_until_somebody_waits();
  client.abort();
  std::thread([&gate] { gate.open(); }).join();  // The task reads its request here, and ends on this thread.
  EXPECT_TRUE(server.comes_to(0));
  EXPECT_EQ(status_of(server.exchange(kGet)), 200);
}

TEST(Disconnect, InTheMiddleOfABodyGivesBackWhatWasHeld) {
  ServerOptions options = test_options();
  options.bodies_bytes_max = 1000;
  RunningServer server(options);
  Client client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(900, 'b'));
  while (server.handler.admitted == 0)
    std::this_thread::yield();
  client.abort();
  ASSERT_TRUE(server.comes_to(0));
  EXPECT_EQ(status_of(server.exchange(post("/", std::string(1000, 'b')))), 200);
  EXPECT_EQ(server.handler.handled, 1);
}

TEST(Disconnect, BeforeTheHeadEndsIsNoRequest) {
  RunningServer server;
  Client client = server.connect();
  client.send("GET / HT");
  client.finish_sending();
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(server.handler.admitted, 0);
}

TEST(Server, TakesAnAnswerThatIsReadyOnAnotherThread) {
  RunningServer server;
  Gate gate;
  server.handler.gate = &gate;
  Client client = server.connect();
  client.send(post("/wait", "1") + post("/", "2"));
  gate.wait_until_somebody_waits();
  std::thread([&gate] { gate.open(); }).join();
  EXPECT_EQ(body_of(client.response()), "POST /wait 1");
  EXPECT_EQ(body_of(client.response()), "POST / 2");
}

// --- Drain
// ---------------------------------------------------------------------------------------------------------

TEST(Drain, ClosesIdleConnectionsAtOnceAndTakesNoNewOnes) {
  RunningServer server;
  Client idle = server.connect();
  idle.send(kGet);
  EXPECT_EQ(status_of(idle.response()), 200);
  EXPECT_EQ(server.drain(10s).wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(idle.is_closed_by_peer());
  EXPECT_FALSE(server.connect().is_connected());
}

TEST(Drain, WaitsForTheAnswersUnderWay) {
  RunningServer server;
  Gate gate;
  server.handler.gate = &gate;
  Client client = server.connect();
  client.send(post("/wait", "1"));
  gate.wait_until_somebody_waits();
  auto drained = server.drain(10s);
  EXPECT_EQ(drained.wait_for(50ms), std::future_status::timeout);
  gate.open();
  EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
  const std::string response = client.response();
  EXPECT_EQ(body_of(response), "POST /wait 1");
  EXPECT_TRUE(says_close(response));
}

TEST(Drain, EndsAtItsLimit) {
  RunningServer server;
  Gate gate;
  server.handler.gate = &gate;
  Client client = server.connect();
  client.send(post("/wait", "1"));
  gate.wait_until_somebody_waits();
  EXPECT_EQ(server.drain(50ms).wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(client.rest().empty());
  gate.open();  // The task ends after its connection.
  EXPECT_EQ(server.connections(), 0u);
}

// --- Listening
// -----------------------------------------------------------------------------------------------------

TEST(Listen, SaysWhoHasThePort) {
  RunningServer first;
  ServerOptions options = test_options();
  options.port = first.server.port();
  Loop loop;
  EchoHandler handler;
  Server second(loop, options, handler);
  const auto listening = second.listen();
  ASSERT_FALSE(listening);
  EXPECT_TRUE(listening.error().in_use);
  EXPECT_NE(listening.error().message.find("127.0.0.1:" + std::to_string(options.port) + " is in use by "),
            std::string::npos);
  EXPECT_NE(listening.error().message.find("(pid " + std::to_string(::getpid()) + ")"), std::string::npos);
}

TEST(Listen, SharesThePortWhenTold) {
  RunningServer first;
  ServerOptions options = test_options();
  options.port = first.server.port();
  options.shared = true;
  Loop loop;
  EchoHandler handler;
  Server second(loop, options, handler);
  EXPECT_TRUE(second.listen());
}

TEST(Listen, CanStartAgainAtOnce) {
  std::uint16_t port = 0;
  {
    RunningServer first;
    port = first.server.port();
    Client client = first.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(status_of(client.response()), 200);  // The server closes first and keeps the port's TIME_WAIT.
  }
  ServerOptions options = test_options();
  options.port = port;
  RunningServer second(options);
  EXPECT_EQ(status_of(second.exchange(kGet)), 200);
}

TEST(Listen, RefusesWhatIsNoAddress) {
  ServerOptions options = test_options();
  options.address = "example.org";
  Loop loop;
  EchoHandler handler;
  Server server(loop, options, handler);
  const auto listening = server.listen();
  ASSERT_FALSE(listening);
  EXPECT_FALSE(listening.error().in_use);
  EXPECT_EQ(listening.error().message, "not an address to listen on: example.org");
}

TEST(Listen, TakesBothFamiliesOnTheIpv6Wildcard) {
  const int probe = ::socket(AF_INET6, SOCK_STREAM, 0);
  if (probe < 0) GTEST_SKIP() << "no IPv6 here";
  ::close(probe);
  ServerOptions options = test_options();
  options.address = "[::]";
  RunningServer server(options);
  EXPECT_NE(server.exchange(kGet).find("\r\nx-peer: 127.0.0.1\r\n"), std::string::npos);
}

// --- Loop
// ----------------------------------------------------------------------------------------------------------

TEST(Loop, RunsWhatIsPostedInOrderAndLater) {
  Loop loop;
  std::vector<int> order;
  loop.post([&] {
    loop.post([&] {
      order.push_back(3);
      loop.stop();
    });
    order.push_back(1);
  });
  loop.post([&] { order.push_back(2); });
  EXPECT_TRUE(order.empty());
  EXPECT_FALSE(loop.is_current());
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(Loop, CallsAfterAWhileAndOnSignals) {
  Loop loop;
  int signal = 0;
  loop.on_signals({SIGUSR1, SIGUSR2}, [&](int number) {
    signal = number;
    loop.stop();
  });
  loop.post([&] {
    assume(on_loop);
    loop.after(1ms, [] { ::raise(SIGUSR2); });
  });
  loop.run();
  EXPECT_EQ(signal, SIGUSR2);
}

}  // namespace
}  // namespace creel::http
