#include "deliver/http_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/http_attempts_fixture.h"
#include "deliver/http_settings.h"

namespace creel {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

// What the server was sent by a destination with these settings.
std::string sent_with(HttpSettings settings, const std::string& head = "POST / HTTP/1.1\r\n",
                      const std::string& body = "{}") {
  LoopbackServer server(says(kOk));
  Attempts attempts;
  Destination destination = Attempts::destination_at(server.url());
  destination.http = std::move(settings);
  attempts.to(destination);
  attempts.start(0, body, head);
  const auto report = attempts.next().second;
  EXPECT_EQ(report.result, AttemptResult::delivered) << report.error;
  return server.requests().empty() ? "" : server.requests()[0];
}

TEST(HttpMethod, IsTheOneConfigured) {
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    const std::string request = sent_with({.method = method}, "POST / HTTP/1.1\r\n", "{\"a\":1}");
    EXPECT_THAT(request, testing::StartsWith(std::string(method) + " /hook HTTP/1.1\r\n"));
    EXPECT_THAT(request, testing::EndsWith("\r\n\r\n{\"a\":1}"));
  }
}

TEST(HttpHeaders, AreAddedInPlaceOfWhatHasTheirName) {
  const std::string request =
      sent_with({.headers = {{"X-Team", "a"}, {"content-type", "text/plain"}, {"X-None", ""}}},
                "POST / HTTP/1.1\r\nx-team: theirs\r\nContent-Type: application/json\r\nX-Kept: yes\r\n");
  EXPECT_THAT(request, HasSubstr("\r\nX-Team: a\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\ncontent-type: text/plain\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nX-None:\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nX-Kept: yes\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("theirs")));
  EXPECT_THAT(request, Not(HasSubstr("application/json")));
}

TEST(HttpAuth, ShowsUserAndPassword) {
  EXPECT_THAT(sent_with({.auth = BasicAuth{.user = "Aladdin", .password = "open sesame"}}),
              HasSubstr("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
}

TEST(HttpAuth, ShowsATokenAndNotTheProviders) {
  const std::string request =
      sent_with({.auth = BearerAuth{.token = "mine"}}, "POST / HTTP/1.1\r\nAuthorization: Bearer theirs\r\n");
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer mine\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("theirs")));
}

TEST(HttpAuth, ShowsAKey) {
  const std::string request = sent_with({.auth = ApiKeyAuth{.header = "X-Thing", .value = "mine"}},
                                        "POST / HTTP/1.1\r\nx-thing: theirs\r\n");
  EXPECT_THAT(request, HasSubstr("\r\nX-Thing: mine\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("theirs")));
}

TEST(HttpAuth, SignsTheBodyThatGoesOut) {
  // RFC 4231, test case 2.
  HmacAuth hmac{.secret = "Jefe", .header = "X-Signature"};
  const std::string body = "what do ya want for nothing?";
  EXPECT_THAT(
      sent_with({.auth = hmac}, "POST / HTTP/1.1\r\nX-Signature: theirs\r\n", body),
      HasSubstr("\r\nX-Signature: 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\r\n"));
  hmac.encoding = HmacAuth::Encoding::base64;
  hmac.prefix = "sha256=";
  EXPECT_EQ(AuthHeader(hmac).value(body, ""), "sha256=W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
  hmac = {.secret = "Jefe", .hash = HmacAuth::Hash::sha1};
  EXPECT_EQ(AuthHeader(hmac).value(body, ""), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  hmac.hash = HmacAuth::Hash::sha512;
  EXPECT_THAT(AuthHeader(hmac).value(body, ""),
              testing::StartsWith("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e83"));
}

// --- What is refused
// -------------------------------------------------------------------------------------------------

std::string wrong_with(HttpSettings settings, const std::string& url = "https://app.example/",
                       bool is_untrusted = false) {
  Destination destination = Attempts::destination_at(url);
  destination.untrusted = is_untrusted;
  destination.http = std::move(settings);
  const auto checked = check_http_settings(destination);
  return checked ? "" : checked.error();
}

TEST(HttpSettings, FindNothingWrongWithWhatIsRight) {
  EXPECT_EQ(wrong_with({}), "");
  EXPECT_EQ(
      wrong_with(
          {.method = "PATCH",
           .headers = {{"X-Team", "a"}, {"Accept", "x"}},
           .auth = OAuth2Auth{.token_url = "https://id.example/t", .client_id = "a", .client_secret = "b"},
           .client_certificate = "/c.pem",
           .client_key = "/k.pem",
           .proxy = "socks5h://user:password@proxy.example:1080"}),
      "");
  EXPECT_EQ(wrong_with({.guard = {.networks = {"10.0.0.0/8"}, .ports = {443}, .https_only = true}},
                       "https://app.example/", true),
            "");
}

TEST(HttpSettings, KnowWhichHeadersAreNotToBeSet) {
  for (const char* name :
       {"Host", "content-length", "Transfer-Encoding", "Connection", "Creel-Event-Id", "Expect",
        "webhook-signature", "X-Hub-Signature-256", "Proxy-Authorization", "", "a b", "a:b"}) {
    EXPECT_THAT(wrong_with({.headers = {{name, "x"}}}), HasSubstr("cannot be set")) << name;
  }
  EXPECT_THAT(wrong_with({.headers = {{"X-A", "x\r\nHost: other"}}}), HasSubstr("control character"));
  EXPECT_THAT(wrong_with({.headers = {{"X-A", "x"}, {"x-a", "y"}}}), HasSubstr("twice"));
}

TEST(HttpSettings, RefuseWhatCannotBeSent) {
  EXPECT_NE(wrong_with({.method = "GET"}), "");
  EXPECT_NE(wrong_with({.auth = BasicAuth{.user = "a:b", .password = "c"}}), "");
  EXPECT_NE(wrong_with({.auth = BearerAuth{}}), "");
  EXPECT_NE(wrong_with({.auth = BearerAuth{.token = "a\nb"}}), "");
  EXPECT_NE(wrong_with({.auth = ApiKeyAuth{.header = "Host", .value = "a"}}), "");
  EXPECT_NE(wrong_with({.auth = HmacAuth{}}), "");
  EXPECT_NE(wrong_with({.auth = OAuth2Auth{.token_url = "ftp://a", .client_id = "a", .client_secret = "b"}}),
            "");
  EXPECT_NE(wrong_with({.client_key = "/k.pem"}), "");
  for (const char* proxy : {"proxy:80", "socks5://p:1080", "http://", "http://a b", "file:///a"})
    EXPECT_NE(wrong_with({.proxy = proxy}), "") << proxy;
  for (const char* url : {"", "ftp://app.example/", "/path", "httpx://app.example"})
    EXPECT_NE(wrong_with({}, url), "") << url;
}

TEST(HttpSettings, NeverRepeatASecret) {
  for (const auto& sentence :
       {wrong_with({.auth = BearerAuth{.token = "geheim\n"}}),
        wrong_with({.auth = BasicAuth{.user = "u", .password = "geheim\n"}}),
        wrong_with({.proxy = "ftp://user:geheim@proxy"}),
        wrong_with({.auth = OAuth2Auth{
                        .token_url = "https://u:geheim@a", .client_id = "a", .client_secret = "b"}})}) {
    EXPECT_NE(sentence, "");
    EXPECT_THAT(sentence, Not(HasSubstr("geheim")));
  }
}

TEST(HttpSettings, LetNoUntrustedOneAroundItsGuard) {
  EXPECT_THAT(wrong_with({.proxy = "http://proxy:80"}, "https://app.example/", true), HasSubstr("no proxy"));
  EXPECT_THAT(wrong_with({}, "https://a@app.example/", true), HasSubstr("no user"));
  EXPECT_THAT(wrong_with({.guard = {.networks = {"10.0.0.0/99"}}}, "https://app.example/", true),
              HasSubstr("from 0 to 32"));
  EXPECT_THAT(wrong_with({.guard = {.https_only = true}}, "http://app.example/", true),
              HasSubstr("not https"));
}

TEST(HttpSettings, WhatIsWrongIsNeverSent) {
  LoopbackServer server(says(kOk));
  Destination destination = Attempts::destination_at(server.url());
  destination.http.headers = {{"Host", "other"}};
  const auto report = Attempts().once(destination);
  EXPECT_EQ(report.result, AttemptResult::unsent);
  EXPECT_THAT(report.error, HasSubstr("cannot be set"));
  EXPECT_TRUE(server.requests().empty());
}

}  // namespace
}  // namespace creel
