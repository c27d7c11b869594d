#include "http/head.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace creel::http {
namespace {

class HeadTest : public testing::Test {
 protected:
  std::expected<Head, Refusal> check(std::string text) {
    text_ = std::move(text);
    return check_head(text_, limits_, headers_);
  }
  // The status of what is refused, 0 for what is not.
  int refusal(const std::string& text) {
    const auto head = check(text);
    return head ? 0 : head.error().status;
  }
  int refusal_of_header(const std::string& line) {
    return refusal("POST / HTTP/1.1\r\nHost: x\r\n" + line + "\r\n\r\n");
  }
  int refusal_of_target(const std::string& target, const std::string& method = "GET") {
    return refusal(method + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }

  HeadLimits limits_;
  std::vector<Header> headers_;
  std::string text_;
};

TEST_F(HeadTest, ReadsARequest) {
  const auto head =
      check("POST /a/b?c=d?e HTTP/1.1\r\nHost: x:80\r\nContent-Length: 012\r\nEmpty:\r\nA:\t b c \t\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/a/b?c=d?e");
  EXPECT_EQ(head->path, "/a/b");
  EXPECT_EQ(head->query, "c=d?e");
  EXPECT_EQ(head->content_length, 12u);
  EXPECT_FALSE(head->chunked);
  EXPECT_TRUE(head->keep_alive);
  ASSERT_EQ(headers_.size(), 4u);
  EXPECT_EQ(headers_[0].name, "Host");
  EXPECT_EQ(headers_[2].value, "");
  EXPECT_EQ(headers_[3].name, "A");
  EXPECT_EQ(headers_[3].value, "b c");
}

TEST_F(HeadTest, ReadsItsFramingWithoutRegardToCase) {
  const auto head =
      check("POST / HTTP/1.1\r\nhOST: x\r\ntransfer-ENCODING: Chunked\r\nexpect: 100-Continue\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->chunked);
  EXPECT_TRUE(head->expects_continue);
}

TEST_F(HeadTest, TakesBytesBeyondAsciiInValuesAlone) {
  EXPECT_EQ(refusal_of_header("A: \xc3\xa9"), 0);
  EXPECT_EQ(refusal_of_header("\xc3\xa9: a"), 400);
  EXPECT_EQ(refusal_of_target("/\xc3\xa9"), 400);
}

TEST_F(HeadTest, RefusesControlBytes) {
  for (int byte = 0; byte < 256; ++byte) {
    const char letter = static_cast<char>(byte);
    const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
    if (letter == '\n' || letter == '\r') continue;
    EXPECT_EQ(refusal_of_header(std::string("A: b") + letter + "c"), control ? 400 : 0) << byte;
  }
}

TEST_F(HeadTest, ReadsTargetsOfAllForms) {
  EXPECT_EQ(refusal_of_target("/"), 0);
  EXPECT_EQ(refusal_of_target("//x/../%00"), 0);  // What a path means is for whoever looks it up.
  EXPECT_EQ(refusal_of_target("*", "OPTIONS"), 0);
  EXPECT_EQ(refusal_of_target("*"), 400);
  EXPECT_EQ(refusal_of_target("x:443", "CONNECT"), 400);
  EXPECT_EQ(refusal_of_target("a"), 400);
  EXPECT_EQ(refusal_of_target("/a#b"), 400);
  EXPECT_EQ(refusal_of_target("/a b"), 400);
  EXPECT_EQ(refusal_of_target(""), 400);
  EXPECT_EQ(refusal_of_target("ftp://x/"), 400);
  EXPECT_EQ(refusal_of_target("http:///"), 400);
  EXPECT_EQ(refusal_of_target("http://user@x/"), 400);
}

TEST_F(HeadTest, FindsThePathOfAnAbsoluteTarget) {
  const auto head = check("GET HTTP://X?q HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->path, "/");
  EXPECT_EQ(head->query, "q");
  EXPECT_EQ(refusal_of_target("http://other/"), 400);
}

TEST_F(HeadTest, KnowsItsVersions) {
  EXPECT_EQ(refusal("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(refusal("PRI * HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(refusal("GET / HTTP/1.2\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(refusal("GET / http/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1 \r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.10\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET /\r\n\r\n"), 400);
  EXPECT_EQ(refusal("\r\n\r\n"), 400);
  EXPECT_EQ(refusal(""), 400);
}

TEST_F(HeadTest, WantsOneHost) {
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of_header("Host: x"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n"), 0);
}

TEST_F(HeadTest, IgnoresAnExpectationInHttp10) {
  const auto head = check("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_FALSE(head->expects_continue);
  EXPECT_FALSE(head->keep_alive);
}

TEST_F(HeadTest, LetsCloseWin) {
  const auto head =
      check("GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nConnection: ,close\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_FALSE(head->keep_alive);
}

TEST_F(HeadTest, RefusesAConnectionThatIsNoListOfTokens) {
  EXPECT_EQ(refusal_of_header("Connection: , close,\t,upgrade"), 0);
  EXPECT_EQ(refusal_of_header("Connection: close;now"), 400);
  EXPECT_EQ(refusal_of_header("Connection: keep alive"), 400);
  EXPECT_EQ(refusal_of_header("Proxy-Connection: keep\xa0"
                              "alive"),
            400);
}

TEST_F(HeadTest, CountsItsHeaders) {
  std::string lines;
  for (int number = 0; number < 99; ++number)
    lines += "a: b\r\n";
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n"), 0);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: x\r\n" + lines + "a: b\r\n\r\n"), 400);
}

TEST_F(HeadTest, TakesAMethodOfItsOwnMaking) {
  EXPECT_EQ(refusal("FROB-1 / HTTP/1.1\r\nHost: x\r\n\r\n"), 0);
  EXPECT_EQ(refusal("G(T / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal(std::string(33, 'G') + " / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
}

TEST(FindHeadEnd, FindsItWhereverTheBytesAreCut) {
  const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET";
  const std::size_t end = text.find("\r\n\r\n") + 4;
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    std::size_t scanned = 0;
    const auto before = find_head_end(std::string_view(text).substr(0, cut), scanned, {});
    ASSERT_TRUE(before);
    EXPECT_EQ(*before, cut < end ? 0 : end);
    if (*before != 0) continue;
    const auto after = find_head_end(text, scanned, {});
    ASSERT_TRUE(after);
    EXPECT_EQ(*after, end);
  }
}

TEST(FindHeadEnd, HoldsTheLimitToTheByte) {
  const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  std::size_t scanned = 0;
  EXPECT_EQ(find_head_end(text, scanned, {.bytes_max = text.size()}), text.size());
  scanned = 0;
  const auto refused = find_head_end(text, scanned, {.bytes_max = text.size() - 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 431);
}

TEST(FindHeadEnd, RefusesALoneLineFeedAtOnce) {
  std::size_t scanned = 0;
  EXPECT_FALSE(find_head_end("GET / HTTP/1.1\n", scanned, {}));
}

}  // namespace
}  // namespace creel::http
