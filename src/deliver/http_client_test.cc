#include "deliver/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "deliver/http_attempts_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(HttpClient, TakesA2xxAsDelivered) {
  LoopbackServer server(says("HTTP/1.1 204 No Content\r\n\r\n"));
  const auto report = Attempts().once(server.url());
  EXPECT_EQ(report.result, AttemptResult::delivered);
  EXPECT_EQ(report.status, 204);
  EXPECT_EQ(report.reply, "");
  EXPECT_EQ(report.error, "");
}

TEST(HttpClient, SendsTheBodyByteForByte) {
  LoopbackServer server(says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  std::string body;
  for (int i = 0; i < 70'000; ++i)
    body.push_back(static_cast<char>(i % 256));
  Attempts attempts;
  attempts.to(server.url());
  attempts.start(0, body);
  EXPECT_EQ(attempts.next().second.result, AttemptResult::delivered);
  const std::string request = server.requests().at(0);
  EXPECT_EQ(request.substr(request.find("\r\n\r\n") + 4), body);
}

TEST(HttpClient, SendsWhatTheProviderSentAndNothingOfItsOwn) {
  LoopbackServer server(says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  Attempts attempts;
  attempts.to(server.url("/hook"));
  attempts.start(0, "{}", "POST /w?a=1 HTTP/1.1\r\nX-Kept: yes\r\nX-Empty:\r\n");
  attempts.next();
  const std::string request = server.requests().at(0);
  EXPECT_THAT(request, testing::StartsWith("POST /hook?a=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(request, HasSubstr("\r\nX-Kept: yes\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nX-Empty:\r\n"));
  for (const char* name : {"Expect:", "Accept:", "User-Agent:", "Content-Type:", "Accept-Encoding:"}) {
    EXPECT_THAT(request, testing::Not(HasSubstr(name)));
  }
}

TEST(HttpClient, KeepsTheAnswerOfAFailure) {
  LoopbackServer server(says("HTTP/1.1 500 Oh no\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nwrong"));
  const auto report = Attempts().once(server.url());
  EXPECT_EQ(report.result, AttemptResult::status);
  EXPECT_EQ(report.status, 500);
  EXPECT_EQ(report.reply, "HTTP/1.1 500 Oh no\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nwrong");
  EXPECT_EQ(report.error, "the destination answered 500");
  EXPECT_EQ(report.retry_after, 7s);
}

TEST(HttpClient, KeepsOnlyTheBeginningOfALongFailure) {
  LoopbackServer server(
      says("HTTP/1.1 400 No\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x')));
  const auto report = Attempts().once(server.url());
  EXPECT_EQ(report.result, AttemptResult::status);
  EXPECT_EQ(report.reply.size(), 1024u);
}

TEST(HttpClient, TellsHowLongEachPartTook) {
  LoopbackServer server([](int socket, const std::string&) {
    pollfd nothing{.fd = -1, .events = 0, .revents = 0};
    ::poll(&nothing, 1, 20);
    return LoopbackServer::send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  Attempts attempts;
  attempts.to(server.url());
  attempts.start(0);
  const auto first = attempts.next().second.timings;
  EXPECT_GT(first.connect, 0us);
  EXPECT_EQ(first.tls, 0us);
  EXPECT_GE(first.first_byte, 15ms);
  EXPECT_LT(first.first_byte, 10s);
  attempts.start(0);
  const auto second = attempts.next().second.timings;
  EXPECT_EQ(second.dns, 0us);
  EXPECT_EQ(second.connect, 0us);
  EXPECT_GE(second.first_byte, 15ms);
  EXPECT_EQ(server.connections(), 1u);
}

TEST(HttpClient, FollowsNoRedirect) {
  LoopbackServer other(says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  LoopbackServer server(
      says("HTTP/1.1 302 Found\r\nLocation: " + other.url() + "\r\nContent-Length: 0\r\n\r\n"));
  const auto report = Attempts().once(server.url());
  EXPECT_EQ(report.result, AttemptResult::status);
  EXPECT_EQ(report.status, 302);
  EXPECT_TRUE(other.requests().empty());
}

TEST(HttpClient, DoesNotTakeAnInterimAnswerForTheAnswer) {
  LoopbackServer server(
      says("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(Attempts().once(server.url()).status, 503);
}

TEST(HttpClient, GivesUpOnOneThatHangs) {
  LoopbackServer* self = nullptr;
  LoopbackServer server([&self](int socket, const std::string&) {
    self->hang(socket);
    return false;
  });
  self = &server;
  const auto report = Attempts().once(server.url(), 50ms);
  EXPECT_EQ(report.result, AttemptResult::timeout);
  EXPECT_EQ(report.status, 0);
}

TEST(HttpClient, NamesABrokenConnection) {
  LoopbackServer server([](int socket, const std::string&) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    return false;
  });
  EXPECT_EQ(Attempts().once(server.url()).result, AttemptResult::reset);
}

TEST(HttpClient, TakesAnAnswerThatIsNotHttpAsBroken) {
  LoopbackServer server([](int socket, const std::string&) {
    LoopbackServer::send(socket, "220 mail.example ESMTP\r\n");
    return false;
  });
  EXPECT_EQ(Attempts().once(server.url()).result, AttemptResult::reset);
}

TEST(HttpClient, NamesAPortWhereNobodyListens) {
  std::string url;
  {
    LoopbackServer gone(says(""));
    url = gone.url();
  }
  EXPECT_EQ(Attempts().once(url).result, AttemptResult::connect);
}

TEST(HttpClient, NamesAHostThatDoesNotExist) {
  EXPECT_EQ(Attempts().once("http://nowhere.invalid/").result, AttemptResult::dns);
}

TEST(HttpClient, SpeaksNothingButHttp) {
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"}) {
    EXPECT_NE(Attempts().once(url).result, AttemptResult::delivered) << url;
  }
}

// Sends a body for as long as anybody reads it.
LoopbackServer::Answer endless(std::string head, std::atomic<std::size_t>& sent) {
  return [head = std::move(head), &sent](int socket, const std::string&) {
    const std::string part(64 << 10, 'x');
    LoopbackServer::send(socket, head);
    for (std::size_t left = std::size_t{1} << 30; left > 0; left -= part.size()) {
      if (!LoopbackServer::send(socket, part)) return false;
      sent += part.size();
    }
    return true;
  };
}

TEST(HttpClient, DoesNotReadAnAnswerWithoutEnd) {
  for (const auto& [status, result] :
       {std::pair("200", AttemptResult::delivered), std::pair("500", AttemptResult::body_limit)}) {
    std::atomic<std::size_t> sent = 0;
    {
      LoopbackServer server(
          endless("HTTP/1.1 " + std::string(status) + " X\r\nContent-Length: 1073741824\r\n\r\n", sent));
      EXPECT_EQ(Attempts().once(server.url()).result, result);
    }
    EXPECT_LT(sent, std::size_t{64} << 20);
  }
}

TEST(HttpClient, DoesNotReadHeadersWithoutEnd) {
  LoopbackServer server([](int socket, const std::string&) {
    LoopbackServer::send(socket, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1'000'000; ++i) {
      if (!LoopbackServer::send(socket, "X-More: and more and more and more and more and more\r\n"))
        return false;
    }
    return false;
  });
  EXPECT_EQ(Attempts().once(server.url()).result, AttemptResult::body_limit);
}

TEST(HttpClient, OneThatCrawlsDoesNotSlowAnother) {
  LoopbackServer* self = nullptr;
  LoopbackServer slow([&self](int socket, const std::string&) {
    LoopbackServer::send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx");
    self->hang(socket);
    return false;
  });
  self = &slow;
  LoopbackServer quick(says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  Attempts attempts;
  attempts.to(slow.url());
  attempts.to(quick.url());
  for (int i = 0; i < 8; ++i)
    attempts.start(0);
  for (int i = 0; i < 100; ++i) {
    attempts.start(1);
    const auto [destination, report] = attempts.next();
    EXPECT_EQ(destination, 1u);
    EXPECT_EQ(report.result, AttemptResult::delivered);
  }
}

TEST(HttpClient, UsesItsConnectionsAgain) {
  LoopbackServer server(says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  Attempts attempts;
  attempts.to(server.url());
  for (int i = 0; i < 20; ++i) {
    attempts.start(0, "{}", i % 2 == 0 ? "POST /?q=1 HTTP/1.1\r\n" : "POST / HTTP/1.1\r\n");
    EXPECT_EQ(attempts.next().second.result, AttemptResult::delivered);
  }
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_THAT(server.requests().at(18), HasSubstr("/hook?q=1 "));
  EXPECT_THAT(server.requests().at(19), HasSubstr("/hook "));
}

}  // namespace
}  // namespace creel
