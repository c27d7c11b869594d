// What a well-behaved client may do.
#include "http/server_fixture.h"

namespace creel::http {
namespace {

constexpr std::string_view kGet = "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(Server, AnswersARequest) {
  RunningServer server;
  const std::string response = server.exchange(kGet);
  EXPECT_EQ(status_of(response), 200);
  EXPECT_EQ(body_of(response), "GET /a?b=c ");
  EXPECT_NE(response.find("\r\nDate: "), response.npos);
  EXPECT_NE(response.find("\r\nContent-Length: 11\r\n"), response.npos);
  EXPECT_NE(response.find("\r\nx-peer: 127.0.0.1\r\n"), response.npos);
  EXPECT_EQ(response.find("Server:"), response.npos);
  EXPECT_EQ(response.find("Connection:"), response.npos);
}

TEST(Server, KeepsTheConnectionForMoreRequests) {
  RunningServer server;
  Client client = server.connect();
  for (int times = 0; times < 5; ++times) {
    client.send(post("/", std::to_string(times)));
    EXPECT_EQ(body_of(client.response()), "POST / " + std::to_string(times));
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(Server, TakesARequestThatComesByteByByte) {
  RunningServer server;
  Client client = server.connect();
  const int on = 1;
  ::setsockopt(client.descriptor(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
  for (const char byte : post("/slow", "hello")) {
    client.send(std::string_view(&byte, 1));
    server.connections();  // The loop has been round.
  }
  EXPECT_EQ(body_of(client.response()), "POST /slow hello");
}

TEST(Server, TakesAChunkedBodyThatComesByteByByte) {
  RunningServer server;
  Client client = server.connect();
  const std::string request =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n1;a=b\r\n \r\n5\r\nworld\r\n0\r\nTrailer: yes\r\n\r\n";
  for (const char byte : request) {
    client.send(std::string_view(&byte, 1));
    server.connections();
  }
  EXPECT_EQ(body_of(client.response()), "POST / hello world");
}

TEST(Server, AnswersAHundredPipelinedRequestsInOrder) {
  RunningServer server;
  Client client = server.connect();
  std::string requests;
  for (int number = 0; number < 100; ++number) {
    requests += post("/" + std::to_string(number), std::string(static_cast<std::size_t>(number) * 7, 'b'));
  }
  client.send(requests);
  for (int number = 0; number < 100; ++number) {
    EXPECT_EQ(body_of(client.response()), "POST /" + std::to_string(number) + " " +
                                              std::string(static_cast<std::size_t>(number) * 7, 'b'));
  }
}

TEST(Server, AnswersPipelinedRequestsInOrderWhenTheFirstHasToWait) {
  RunningServer server;
  Gate gate;
  server.handler.gate = &gate;
  Client client = server.connect();
  client.send(post("/wait", "1") + post("/now", "2"));
  gate.wait_until_somebody_waits();
  EXPECT_EQ(server.handler.handled, 1);
  server.loop.post([&gate] { gate.open(); });
  EXPECT_EQ(body_of(client.response()), "POST /wait 1");
  EXPECT_EQ(body_of(client.response()), "POST /now 2");
}

TEST(Server, TakesABodyOfAMebibyteAndRequestsAfterIt) {
  RunningServer server;
  Client client = server.connect();
  const std::string body(std::size_t{1} << 20, 'm');
  client.send(post("/", body) + std::string(kGet));
  EXPECT_EQ(body_of(client.response()), "POST / " + body);
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Server, TakesAChunkedBodyOfAMebibyte) {
  RunningServer server;
  Client client = server.connect();
  const std::string piece(4096, 'c');
  std::string request = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int times = 0; times < 256; ++times)
    request += "1000\r\n" + piece + "\r\n";
  client.send(request + "0\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(body_of(client.response()).size(), 7 + (std::size_t{1} << 20));
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Server, GivesTheHeadAsReceived) {
  RunningServer server;
  EXPECT_EQ(body_of(server.exchange("GET /head HTTP/1.1\r\nHOST:  x \r\nA:b\r\n\r\n")),
            "GET /head HTTP/1.1\r\nHOST:  x \r\nA:b\r\n");
}

TEST(Server, KeepsHeadAndBodySideBySide) {
  RunningServer server;
  EXPECT_EQ(body_of(server.exchange(post("/adjacent", "small"))), "yes");
  EXPECT_EQ(body_of(server.exchange(post("/adjacent", std::string(100'000, 'l')))), "yes");
  EXPECT_EQ(body_of(server.exchange("POST /adjacent HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                    "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")),
            "yes");
}

TEST(Server, AnswersHeadWithoutABody) {
  RunningServer server;
  Client client = server.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(kGet));
  const std::string response = client.response(true);
  EXPECT_NE(response.find("\r\nContent-Length: 7\r\n"), response.npos);
  EXPECT_TRUE(response.ends_with("\r\n\r\n"));
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Server, ClosesWhenAskedTo) {
  RunningServer server;
  Client client = server.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n");
  EXPECT_TRUE(says_close(client.response()));
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Server, ClosesAfterHttp10UnlessAskedToStay) {
  RunningServer server;
  Client client = server.connect();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(client.response().find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(says_close(client.response()));
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Server, AnswersAClientThatHasFinishedSending) {
  RunningServer server;
  Client client = server.connect();
  client.send(post("/", "last words"));
  client.finish_sending();
  EXPECT_EQ(body_of(client.response()), "POST / last words");
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_TRUE(server.comes_to(0));
}

TEST(Server, SendsALongAnswerToASlowReader) {
  RunningServer server;
  Client client = server.connect();
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(kGet));
  server.connections();  // The answer has filled what the kernel takes.
  EXPECT_EQ(body_of(client.response()).size(), std::size_t{8} << 20);
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Server, SendsContinueOnlyWhenTheBodyIsWanted) {
  RunningServer server;
  Client client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.response(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_EQ(body_of(client.response()), "POST / ok");

  client.send("POST /missing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  const std::string refused = client.response();
  EXPECT_EQ(status_of(refused), 404);
  EXPECT_TRUE(says_close(refused));
}

TEST(Server, SendsNoContinueWhenTheBodyIsThere) {
  RunningServer server;
  EXPECT_EQ(status_of(server.exchange(post("/", "body", "Expect: 100-continue\r\n"))), 200);
}

TEST(Server, GoesOnAfterARefusedRequestWhoseBodyIsThere) {
  RunningServer server;
  Client client = server.connect();
  client.send(post("/missing", "ignored") + std::string(kGet));
  EXPECT_EQ(status_of(client.response()), 404);
  EXPECT_EQ(status_of(client.response()), 200);
  EXPECT_EQ(server.handler.handled, 1);
}

TEST(Server, ToleratesOneEmptyLineBeforeARequest) {
  RunningServer server;
  Client client = server.connect();
  client.send(post("/", "1") + "\r\n" + std::string(kGet));
  EXPECT_EQ(status_of(client.response()), 200);
  EXPECT_EQ(status_of(client.response()), 200);
  client.send("\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(status_of(client.response()), 400);
}

TEST(Server, TakesAnAbsoluteTarget) {
  RunningServer server;
  EXPECT_EQ(body_of(server.exchange("GET http://x/p?q HTTP/1.1\r\nHost: x\r\n\r\n")), "GET http://x/p?q ");
}

}  // namespace
}  // namespace creel::http
