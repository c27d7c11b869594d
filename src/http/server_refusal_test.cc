// What is refused on the wire, each with its status, and the connection closed so that the sender sees it.
#include "http/tls_fixture.h"

namespace creel::http {
namespace {

struct Refused {
  const char* name;
  std::string request;
  int status;
};

std::string with_header(const std::string& line) {
  return "POST / HTTP/1.1\r\nHost: x\r\n" + line + "\r\n\r\n";
}
std::string chunked(const std::string& body) {
  return with_header("Transfer-Encoding: chunked") + body;
}

std::vector<Refused> refused_requests() {
  std::string many;
  for (int number = 0; number < 101; ++number)
    many += "a: b\r\n";
  return {
      {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
      {"TwoHosts", with_header("Host: x"), 400},
      {"FoldedHeader", with_header("A: b\r\n c"), 400},
      {"BareLineFeed", "GET / HTTP/1.1\nHost: x\n\n", 400},
      {"BareCarriageReturn", with_header("A: b\rc"), 400},
      {"ZeroByte", with_header(std::string("A: b\0c", 6)), 400},
      {"SpaceBeforeColon", with_header("A : b"), 400},
      {"EmptyName", with_header(": b"), 400},
      {"HundredAndOneHeaders", "GET / HTTP/1.1\r\nHost: x\r\n" + many + "\r\n", 400},
      {"OtherCoding", with_header("Transfer-Encoding: gzip, chunked"), 400},
      {"IdentityCoding", with_header("Transfer-Encoding: identity"), 400},
      {"TwoCodings", with_header("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {"CodingInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"CodingWithLength", with_header("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400},
      {"TwoLengths", with_header("Content-Length: 5\r\nContent-Length: 5"), 400},
      {"SignedLength", with_header("Content-Length: +5"), 400},
      {"LengthList", with_header("Content-Length: 5, 5"), 400},
      {"HugeLength", with_header("Content-Length: 99999999999999999999"), 400},
      {"OtherVersion", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"NoVersion", "GET /\r\n\r\n", 400},
      {"RelativeTarget", "GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"Connect", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 400},
      {"Tls", std::string("\x16\x03\x01\x02\x00", 5), 400},
      {"LongHead", with_header("A: " + std::string(17'000, 'a')), 431},
      {"EndlessHead", "GET /" + std::string(17'000, 'a'), 431},
      {"OtherExpectation", with_header("Expect: tea"), 417},
      {"LongBody", with_header("Content-Length: 1048577"), 413},
      {"LongChunk", chunked("100001\r\n"), 413},
      {"NegativeChunk", chunked("-1\r\n"), 400},
      {"HexadecimalPrefix", chunked("0x5\r\nhello\r\n"), 400},
      {"ChunkWithoutItsEnd", chunked("5\r\nhelloX"), 400},
      {"ChunkSizeWithLineFeed", chunked("5\nhello\r\n"), 400},
      {"EndlessExtension", chunked("5;" + std::string(5000, 'e')), 400},
      {"EndlessTrailer", chunked("0\r\nA: " + std::string(5000, 'e')), 400},
  };
}

class RefusedRequest : public testing::TestWithParam<Refused> {};

void expect_refused(RunningServer& server, Reader& client, int status) {
  const std::string response = client.response();
  EXPECT_EQ(status_of(response), status) << response;
  EXPECT_TRUE(says_close(response));
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(server.handler.handled, 0);
  ASSERT_EQ(server.handler.refusals().size(), 1u);
  EXPECT_TRUE(server.handler.refusals().front().starts_with(std::to_string(status)));
}

TEST_P(RefusedRequest, IsAnsweredAndTheConnectionClosed) {
  RunningServer server;
  Client client = server.connect();
  client.send(GetParam().request);
  expect_refused(server, client, GetParam().status);
}

TEST_P(RefusedRequest, IsAnsweredOverTlsAndTheConnectionClosed) {
  RunningServer server(tls_options());
  TlsClient client(server.server.port());
  client.send(GetParam().request);
  expect_refused(server, client, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(Server, RefusedRequest, testing::ValuesIn(refused_requests()),
                         [](const auto& refused) { return refused.param.name; });

TEST(Refusal, ReachesASenderThatIsStillSending) {
  RunningServer server;
  Client client = server.connect();
  client.send(with_header("Content-Length: 4000000"));
  client.send(std::string(4'000'000, 'b'));
  EXPECT_EQ(status_of(client.response()), 413);
  EXPECT_EQ(server.handler.handled, 0);
}

TEST(Refusal, OfAHeadTakesWhatComesAfterItAlong) {
  RunningServer server;
  Client client = server.connect();
  client.send("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(client.response()), 400);
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Refusal, OfAChunkedBodyThatGrowsTooLong) {
  RunningServer server;
  Client client = server.connect();
  std::string request = chunked("");
  for (int times = 0; times < 5; ++times)
    request += "40000\r\n" + std::string(0x40000, 'b') + "\r\n";
  client.send(request);
  EXPECT_EQ(status_of(client.response()), 413);
}

TEST(Refusal, ComesBeforeTheBodyOfARequestWithExpectation) {
  RunningServer server;
  Client client = server.connect();
  client.send(with_header("Expect: 100-continue\r\nContent-Length: 9999999"));
  EXPECT_EQ(status_of(client.response()), 413);
}

TEST(Refusal, NamesNothingOfWhatWasSent) {
  RunningServer server;
  EXPECT_EQ(body_of(server.exchange(with_header("A : <script>"))), "Bad Request\n");
}

}  // namespace
}  // namespace creel::http
