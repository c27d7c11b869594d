// A port that speaks TLS: what a good client may do, and how the others end.
#include "http/tls_fixture.h"

namespace creel::http {
namespace {

constexpr std::string_view kGet = "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n";

ServerOptions impatient() {
  ServerOptions options = tls_options();
  options.head_timeout = 60ms;
  options.body_timeout = 60ms;
  options.idle_timeout = 60ms;
  return options;
}

struct TlsServer : RunningServer {
  explicit TlsServer(ServerOptions options = tls_options()) : RunningServer(std::move(options)) {}
  std::uint16_t port() const { return server.port(); }
  std::string exchange(std::string_view request) {
    TlsClient client(port());
    client.send(request);
    return client.response();
  }
  void set_tls(std::shared_ptr<const TlsContext> tls) {
    on_the_loop([&] {
      assume(on_loop);
      server.set_tls(std::move(tls));
      return true;
    });
  }
  // The refusals, once there is one.
  std::vector<std::string> refusals() {
    comes_to(0);
    return handler.refusals();
  }
};

// --- Requests
// ------------------------------------------------------------------------------------------------------

TEST(Tls, AnswersARequestAndKeepsTheConnection) {
  TlsServer server;
  TlsClient client(server.port());
  ASSERT_TRUE(client.is_connected()) << client.failure();
  EXPECT_EQ(client.version(), "TLSv1.3");
  for (int times = 0; times < 5; ++times) {
    client.send(post("/", std::to_string(times)));
    const std::string response = client.response();
    EXPECT_EQ(body_of(response), "POST / " + std::to_string(times));
    EXPECT_NE(response.find("\r\nx-peer: 127.0.0.1\r\n"), response.npos);
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(Tls, IsSpokenIn12Too) {
  TlsServer server;
  TlsClient client(server.port(), {.is_1_2 = true});
  EXPECT_EQ(client.version(), "TLSv1.2");
  client.send(kGet);
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Tls, ShowsTheWholeChain) {
  const TestCertificate root = make_certificate({.name = "root"});
  TestCertificate own = make_certificate({.name = "own", .issuer = &root});
  own.certificate += root.certificate;
  ServerOptions options = test_options();
  options.tls = make_context(own);
  TlsServer server(options);
  const TlsClient client(server.port());
  EXPECT_EQ(client.certificate_name(), "own");
  EXPECT_EQ(client.certificates(), 2u);
}

TEST(Tls, AnswersAHundredRequestsOfOneRecordInOrder) {
  TlsServer server;
  TlsClient client(server.port());
  std::string requests;
  for (int number = 0; number < 100; ++number)
    requests += post("/" + std::to_string(number), "body");
  ASSERT_LT(requests.size(), 16384u);
  client.send(requests);
  for (int number = 0; number < 100; ++number)
    EXPECT_EQ(body_of(client.response()), "POST /" + std::to_string(number) + " body");
}

TEST(Tls, AnswersWhatIsDecryptedAlreadyAfterAPause) {
  TlsServer server;
  Gate gate;
  server.handler.gate = &gate;
  TlsClient client(server.port());
  // More than a buffer takes: the rest stays with TLS while the handler works, and nothing new arrives.
  client.send(post("/wait", "1") + post("/", std::string(12'000, 'b')) + std::string(kGet));
  gate.wait_until_somebody_waits();
  std::thread([&gate] { gate.open(); }).join();
  EXPECT_EQ(body_of(client.response()), "POST /wait 1");
  EXPECT_EQ(body_of(client.response()).size(), 7u + 12'000);
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Tls, TakesRecordsOfOneByte) {
  TlsServer server;
  TlsClient client(server.port());
  for (const char byte : post("/slow", "hello") + std::string(kGet)) {
    client.send(std::string_view(&byte, 1));
    server.connections();  // The loop has been round.
  }
  EXPECT_EQ(body_of(client.response()), "POST /slow hello");
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Tls, TakesAndGivesAMebibyte) {
  TlsServer server;
  TlsClient client(server.port());
  const std::string body(std::size_t{1} << 20, 'm');
  client.send(post("/", body));
  EXPECT_EQ(body_of(client.response()), "POST / " + body);
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int times = 0; times < 256; ++times)
    client.send("1000\r\n" + std::string(4096, 'c') + "\r\n");
  client.send("0\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(body_of(client.response()).size(), 7 + (std::size_t{1} << 20));
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Tls, WaitsForASlowReader) {
  TlsServer server;
  TlsClient client(server.port(), {.receive_bytes_max = 4096});
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(kGet));
  server.connections();  // The answer has filled what the kernel takes.
  EXPECT_EQ(status_of(server.exchange(kGet)), 200);
  EXPECT_EQ(body_of(client.response()), std::string(std::size_t{8} << 20, 'x'));
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Tls, SendsContinue) {
  TlsServer server;
  TlsClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.response(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_EQ(body_of(client.response()), "POST / ok");
}

TEST(Tls, TakesAnAnswerThatIsReadyOnAnotherThread) {
  TlsServer server;
  Gate gate;
  server.handler.gate = &gate;
  TlsClient client(server.port());
  client.send(post("/wait", "1"));
  gate.wait_until_somebody_waits();
  client.send(post("/", "2"));
  std::thread([&gate] { gate.open(); }).join();
  EXPECT_EQ(body_of(client.response()), "POST /wait 1");
  EXPECT_EQ(body_of(client.response()), "POST / 2");
}

// --- What TLS has besides
// ------------------------------------------------------------------------------------------

TEST(Tls, TakesNewKeysInTheMiddleOfABody) {
  TlsServer server;
  TlsClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello");
  client.change_keys();
  client.send("world");
  EXPECT_EQ(body_of(client.response()), "POST / helloworld");
  client.change_keys();
  client.send(kGet);
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Tls, TakesNewKeysWhileALargeAnswerIsUnderWay) {
  TlsServer server;
  TlsClient client(server.port(), {.receive_bytes_max = 4096});
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  server.connections();
  client.change_keys();
  client.send(kGet);
  EXPECT_EQ(body_of(client.response()).size(), std::size_t{8} << 20);
  EXPECT_EQ(body_of(client.response()), "GET /a?b=c ");
}

TEST(Tls, ServesTheOthersWhileOneOnlyChangesItsKeys) {
  TlsServer server;
  TlsClient busy(server.port());
  for (int times = 0; times < 2000; ++times)
    busy.change_keys();
  EXPECT_EQ(status_of(server.exchange(kGet)), 200);
  busy.send(kGet);
  EXPECT_EQ(status_of(busy.response()), 200);
}

TEST(Tls, ShakesHandsOnceOnly) {
  TlsServer server;
  TlsClient client(server.port(), {.is_1_2 = true});
  client.send(kGet);
  EXPECT_EQ(status_of(client.response()), 200);
  // The client waits for an answer that says no, and gives up.
  EXPECT_FALSE(client.renegotiate());
  EXPECT_EQ(status_of(server.exchange(kGet)), 200);
}

TEST(Tls, ResumesASession) {
  for (const bool is_1_2 : {false, true}) {
    TlsServer server;
    TlsClient first(server.port(), {.is_1_2 = is_1_2});
    first.send(kGet);
    EXPECT_EQ(status_of(first.response()), 200);  // In TLS 1.3 the ticket comes with it.
    EXPECT_FALSE(first.is_resumed());
    TlsClient second(server.port(), {.is_1_2 = is_1_2, .session = first.session()});
    second.send(kGet);
    EXPECT_EQ(status_of(second.response()), 200);
    EXPECT_TRUE(second.is_resumed());
  }
}

TEST(Tls, OffersNoEarlyData) {
  TlsServer server;
  TlsClient client(server.port());
  client.send(kGet);
  client.response();
  EXPECT_EQ(TlsClient::early_data_max(client.session()), 0u);
}

TEST(Tls, AgreesOnHttp11) {
  TlsServer server;
  EXPECT_EQ(TlsClient(server.port(), {.protocol = "http/1.1"}).protocol(), "http/1.1");
  EXPECT_EQ(TlsClient(server.port()).protocol(), "");
}

TEST(Tls, ShowsANewCertificateToNewConnections) {
  TlsServer server;
  TlsClient old(server.port());
  old.send(kGet);
  EXPECT_EQ(status_of(old.response()), 200);
  server.set_tls(make_context(make_certificate({.name = "renewed"})));
  EXPECT_EQ(TlsClient(server.port()).certificate_name(), "renewed");
  old.send(kGet);
  EXPECT_EQ(status_of(old.response()), 200);
  EXPECT_EQ(old.certificate_name(), "localhost");
  // A ticket of before is not understood any more: no failure, only another handshake.
  TlsClient back(server.port(), {.session = old.session()});
  EXPECT_FALSE(back.is_resumed());
  back.send(kGet);
  EXPECT_EQ(status_of(back.response()), 200);
}

// --- Who is refused
// ------------------------------------------------------------------------------------------------

TEST(Tls, TellsWhoSpeaksPlainHttp) {
  for (const std::string method : {"GET", "POST", "PATCH", "OPTIONS"}) {
    TlsServer server;
    Client client = server.connect();
    client.send(method + " / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    const std::string response = client.response();
    EXPECT_EQ(status_of(response), 400);
    EXPECT_EQ(body_of(response), "this port speaks HTTPS\n");
    EXPECT_TRUE(says_close(response));
    EXPECT_TRUE(client.is_closed_by_peer());
    EXPECT_EQ(server.handler.admitted, 0);
    client.close();
    EXPECT_EQ(server.refusals(), std::vector<std::string>{"400 plain HTTP on a port that speaks HTTPS"});
  }
}

struct Stranger {
  const char* name;
  TlsClientOptions options;
  const char* theirs;  // what the client hears
  const char* ours;    // what the log says
};

class StrangerOnTls : public testing::TestWithParam<Stranger> {};

TEST_P(StrangerOnTls, IsToldAndLogged) {
  TlsServer server;
  {
    const TlsClient client(server.port(), GetParam().options);
    EXPECT_NE(client.failure().find(GetParam().theirs), std::string::npos) << client.failure();
  }
  EXPECT_EQ(server.refusals(), std::vector<std::string>{GetParam().ours});
  EXPECT_EQ(status_of(server.exchange(kGet)), 200);
}

INSTANTIATE_TEST_SUITE_P(Tls, StrangerOnTls,
                         testing::Values(Stranger{"OfVersion11",
                                                  {.is_1_1 = true},
                                                  "alert protocol version",
                                                  "0 TLS: unsupported protocol"},
                                         Stranger{"WithoutForwardSecrecy",
                                                  {.is_1_2 = true, .suites = "AES128-GCM-SHA256"},
                                                  "alert handshake failure",
                                                  "0 TLS: no shared cipher"},
                                         Stranger{"WithoutAuthenticatedEncryption",
                                                  {.is_1_2 = true, .suites = "ECDHE-ECDSA-AES128-SHA"},
                                                  "alert handshake failure",
                                                  "0 TLS: no shared cipher"},
                                         Stranger{"OfHttp2Only",
                                                  {.protocol = "h2"},
                                                  "alert no application protocol",
                                                  "0 TLS: no application protocol"}),
                         [](const auto& stranger) { return stranger.param.name; });

TEST(Tls, EndsWithGarbage) {
  for (const std::string& garbage :
       {std::string("\x16\x03\x01\x00\x05hello", 10), std::string("\0\1\2\3\4\5\6\7", 8),
        std::string(300, '\x16'), std::string("\x80\x2e\x01\x03\x01", 5) + std::string(60, 'x')}) {
    TlsServer server;
    Client client = server.connect();
    client.send(garbage);
    client.rest();
    client.close();
    const auto refusals = server.refusals();
    ASSERT_EQ(refusals.size(), 1u);
    EXPECT_TRUE(refusals.front().starts_with("0 TLS: ")) << refusals.front();
    EXPECT_EQ(server.handler.admitted, 0);
  }
}

TEST(Tls, CountsConnectionsFromTheFirstByte) {
  ServerOptions options = tls_options();
  options.connections_max = 1;
  TlsServer server(options);
  const Client silent = server.connect();
  ASSERT_TRUE(server.comes_to(1));
  EXPECT_FALSE(TlsClient(server.port()).is_connected());
  EXPECT_EQ(server.handler.refusals(), std::vector<std::string>{"503 too many connections"});
}

// --- Patience and ends
// ---------------------------------------------------------------------------------------------

TEST(Tls, WaitsForAHandshakeAsLongAsForAHead) {
  TlsServer server(impatient());
  Client silent = server.connect();
  EXPECT_TRUE(silent.is_closed_by_peer());
  EXPECT_TRUE(server.handler.refusals().empty());
  Client halting = server.connect();
  halting.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8));
  EXPECT_TRUE(halting.is_closed_by_peer());
  EXPECT_EQ(server.refusals(), std::vector<std::string>{"0 TLS: handshake too slow"});
}

TEST(Tls, EndsWithASlowHeadAndASlowBody) {
  for (const std::string_view half :
       {"GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel"}) {
    TlsServer server(impatient());
    TlsClient client(server.port());
    client.send(half);
    EXPECT_EQ(status_of(client.response()), 408);
    EXPECT_TRUE(client.is_closed_by_peer());
    EXPECT_EQ(server.handler.handled, 0);
  }
}

TEST(Tls, EndsAnIdleConnectionInAnOrderlyManner) {
  TlsServer server(impatient());
  TlsClient client(server.port());
  client.send(kGet);
  EXPECT_EQ(status_of(client.response()), 200);
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Tls, EndsWithAReaderThatDoesNotRead) {
  TlsServer server(impatient());
  TlsClient client(server.port());
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(server.comes_to(0));
  // What was cut short does not look like an end.
  EXPECT_FALSE(client.rest().empty());
  EXPECT_FALSE(client.is_closed_by_peer());
}

TEST(Tls, SaysItsEndAfterTheLastAnswer) {
  TlsServer server;
  TlsClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(client.response()), 200);
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Tls, AnswersAClientThatHasSaidItsEnd) {
  TlsServer server;
  TlsClient client(server.port());
  client.send(post("/", "1") + post("/", "2"));
  client.finish_sending();
  EXPECT_EQ(body_of(client.response()), "POST / 1");
  EXPECT_EQ(body_of(client.response()), "POST / 2");
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Tls, TakesNothingFromALineThatIsCut) {
  for (const std::string_view half :
       {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n"}) {
    TlsServer server;
    TlsClient client(server.port());
    client.send(half);
    client.cut_off();
    EXPECT_FALSE(client.is_closed_by_peer());  // What was cut is not ended in an orderly manner either.
    EXPECT_TRUE(server.comes_to(0));
    EXPECT_EQ(server.handler.handled, 0);
  }
}

TEST(Tls, GivesBackWhatACutBodyHeld) {
  ServerOptions options = tls_options();
  options.bodies_bytes_max = 1000;
  TlsServer server(options);
  {
    TlsClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(900, 'b'));
    while (server.handler.admitted == 0)
      std::this_thread::yield();
    client.abort();
  }
  ASSERT_TRUE(server.comes_to(0));
  EXPECT_EQ(status_of(server.exchange(post("/", std::string(1000, 'b')))), 200);
}

TEST(Tls, LeavesARequestAloneWhoseClientGoes) {
  TlsServer server;
  Gate gate;
  server.handler.gate = &gate;
  TlsClient client(server.port());
  client.send(post("/wait", std::string(50'000, 'b')));
  gate.wait_until_somebody_waits();
  client.abort();
  std::thread([&gate] { gate.open(); }).join();
  EXPECT_TRUE(server.comes_to(0));
  EXPECT_EQ(status_of(server.exchange(kGet)), 200);
}

TEST(Tls, IsDrained) {
  TlsServer server;
  Gate gate;
  server.handler.gate = &gate;
  TlsClient idle(server.port());
  idle.send(kGet);
  EXPECT_EQ(status_of(idle.response()), 200);
  Client silent = server.connect();
  TlsClient busy(server.port());
  busy.send(post("/wait", "1"));
  gate.wait_until_somebody_waits();
  auto drained = server.drain(10s);
  EXPECT_TRUE(idle.is_closed_by_peer());
  EXPECT_TRUE(silent.is_closed_by_peer());
  EXPECT_EQ(drained.wait_for(20ms), std::future_status::timeout);
  gate.open();
  EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
  const std::string response = busy.response();
  EXPECT_EQ(body_of(response), "POST /wait 1");
  EXPECT_TRUE(says_close(response));
  EXPECT_TRUE(busy.is_closed_by_peer());
}

}  // namespace
}  // namespace creel::http
