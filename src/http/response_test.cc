#include "http/response.h"

#include <gtest/gtest.h>

namespace creel::http {
namespace {

std::string head_of(const Response& response, const ResponseFraming& framing = {}) {
  std::string head;
  append_head(head, response, framing, "now");
  return head;
}

TEST(ResponseHead, SaysWhatFollows) {
  Response response;
  response.status = 405;
  response.body = "{}";
  response.headers.emplace_back("Allow", "POST");
  EXPECT_EQ(head_of(response),
            "HTTP/1.1 405 Method Not Allowed\r\nDate: now\r\nContent-Type: "
            "application/json\r\nContent-Length: 2\r\n"
            "Allow: POST\r\n\r\n");
}

TEST(ResponseHead, SaysWhetherTheConnectionStays) {
  EXPECT_EQ(head_of({}), "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\n\r\n");
  EXPECT_NE(head_of({}, {.close = true}).find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_NE(head_of({}, {.is_http_1_0 = true}).find("\r\nConnection: keep-alive\r\n"), std::string::npos);
}

TEST(ResponseHead, HasNoLengthWhereThereIsNoBody) {
  Response response;
  response.status = 204;
  EXPECT_EQ(head_of(response), "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n");
}

TEST(ResponseHead, CannotBeSplitByAValue) {
  Response response;
  response.headers.emplace_back("Location", std::string("/a\r\nSet-Cookie: b\n\0", 19));
  EXPECT_NE(head_of(response).find("\r\nLocation: /aSet-Cookie: b\r\n\r\n"), std::string::npos);
}

TEST(ResponseHead, NamesAStatusItDoesNotKnowWithNothing) {
  Response response;
  response.status = 299;
  EXPECT_TRUE(head_of(response).starts_with("HTTP/1.1 299 \r\n"));
}

TEST(DateCache, WritesTheSecondAsHttpWantsIt) {
  DateCache dates;
  EXPECT_EQ(dates.at(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(dates.at(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(dates.at(784'111'778), "Sun, 06 Nov 1994 08:49:38 GMT");
}

}  // namespace
}  // namespace creel::http
