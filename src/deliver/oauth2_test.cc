#include "deliver/oauth2.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/http_attempts_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

std::string answer(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

TEST(TokenAnswer, IsReadAsTheStandardHasIt) {
  const auto whole = parse_token_answer(
      200, R"({"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600})");
  ASSERT_TRUE(whole) << whole.error();
  EXPECT_EQ(whole->token, "2YotnFZFEjr1zCsicMWpAA");
  EXPECT_EQ(whole->expires_in, 3600s);
  const auto bare = parse_token_answer(200, R"({"access_token":"a"})");
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->expires_in);
  EXPECT_EQ(parse_token_answer(200, R"({"access_token":"a","expires_in":1e300})")->expires_in,
            1'000'000'000s);
  EXPECT_TRUE(parse_token_answer(200, R"({"access_token":"a","token_type":"bearer"})"));
}

TEST(TokenAnswer, SaysWhatIsWrongAndNoMore) {
  EXPECT_EQ(parse_token_answer(401, R"({"error":"invalid_client","error_description":"geheim"})").error(),
            "no token: its server answered 401 (invalid_client)");
  EXPECT_EQ(parse_token_answer(500, "<html>geheim").error(), "no token: its server answered 500");
  EXPECT_EQ(parse_token_answer(400, R"({"error":"secret geheim!"})").error(),
            "no token: its server answered 400");
  for (const char* body : {"", "[]", "geheim", R"({"access_token":""})", R"({"access_token":7})",
                           R"({"token":"geheim"})", R"({"access_token":"geheim\r\nHost: a"})",
                           R"({"access_token":"gehe im"})", R"({"access_token":"geheim","token_type":"mac"})",
                           R"({"access_token":"geheim","access_token":"other"})"}) {
    const auto read = parse_token_answer(200, body);
    ASSERT_FALSE(read) << body;
    EXPECT_THAT(read.error(), Not(HasSubstr("geheim")));
  }
  EXPECT_FALSE(parse_token_answer(201, R"({"access_token":"a"})"));
}

// A server of tokens, which counts them, and a destination that wants one.
struct World {
  std::atomic<int> count = 0;
  std::string extra = R"(,"expires_in":3600)";
  LoopbackServer tokens{[this](int socket, const std::string&) {
    const std::string body = R"({"access_token":"token)" + std::to_string(++count) + "\"" + extra + "}";
    return LoopbackServer::send(socket, answer("200 OK", body));
  }};
  LoopbackServer app;
  Attempts attempts;

  explicit World(LoopbackServer::Answer does = says(kOk)) : app(std::move(does)) {}
  Destination destination() const {
    Destination made = Attempts::destination_at(app.url());
    made.http.auth = OAuth2Auth{.token_url = tokens.url("/token"),
                                .client_id = "the client",
                                .client_secret = "ge:heim",
                                .scope = "a b",
                                .audience = "https://app"};
    return made;
  }
};

bool shows(const std::string& request, const std::string& token) {
  return request.contains("\r\nAuthorization: Bearer " + token + "\r\n");
}

TEST(OAuth2, AsksAsTheStandardHasItAndShowsTheToken) {
  World world;
  EXPECT_EQ(world.attempts.once(world.destination()).result, AttemptResult::delivered);
  const std::string asked = world.tokens.requests().at(0);
  EXPECT_THAT(asked, testing::StartsWith("POST /token HTTP/1.1\r\n"));
  // "the%20client:ge%3Aheim", as RFC 6749 §2.3.1 wants it encoded.
  EXPECT_THAT(asked, HasSubstr("\r\nAuthorization: Basic dGhlJTIwY2xpZW50OmdlJTNBaGVpbQ==\r\n"));
  EXPECT_THAT(asked, HasSubstr("\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
  EXPECT_THAT(asked, testing::EndsWith(
                         "\r\n\r\ngrant_type=client_credentials&scope=a%20b&audience=https%3A%2F%2Fapp"));
  EXPECT_TRUE(shows(world.app.requests().at(0), "token1"));
}

TEST(OAuth2, PutsTheCredentialsIntoTheBodyWhereThatIsWanted) {
  World world;
  Destination destination = world.destination();
  std::get<OAuth2Auth>(destination.http.auth).in_body = true;
  EXPECT_EQ(world.attempts.once(destination).result, AttemptResult::delivered);
  const std::string asked = world.tokens.requests().at(0);
  EXPECT_THAT(asked, Not(HasSubstr("Authorization")));
  EXPECT_THAT(asked, HasSubstr("&client_id=the%20client&client_secret=ge%3Aheim"));
}

TEST(OAuth2, AsksOnceForAllWhoWait) {
  World world;
  const auto app = world.attempts.to(world.destination());
  for (int i = 0; i < 20; ++i)
    world.attempts.start(app);
  EXPECT_FALSE(world.attempts.is_idle(app));
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(world.attempts.next().second.result, AttemptResult::delivered);
  world.attempts.start(app);
  EXPECT_EQ(world.attempts.next().second.result, AttemptResult::delivered);
  EXPECT_EQ(world.count, 1);
  EXPECT_TRUE(world.attempts.is_idle(app));
}

TEST(OAuth2, AsksAgainForATokenThatEndsSoon) {
  World world;
  world.extra = R"(,"expires_in":30)";
  const auto app = world.attempts.to(world.destination());
  for (int i = 0; i < 3; ++i) {
    world.attempts.start(app);
    EXPECT_EQ(world.attempts.next().second.result, AttemptResult::delivered);
  }
  EXPECT_EQ(world.count, 3);
}

TEST(OAuth2, AsksOnceMoreAfterATokenIsRefused) {
  World world([](int socket, const std::string& request) {
    return LoopbackServer::send(
        socket, shows(request, "token1") ? "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n" : kOk);
  });
  const auto app = world.attempts.to(world.destination());
  for (int i = 0; i < 2; ++i) {
    world.attempts.start(app);
    EXPECT_EQ(world.attempts.next().second.result, AttemptResult::delivered);
  }
  EXPECT_EQ(world.count, 2);
  EXPECT_EQ(world.app.requests().size(), 3u);
}

TEST(OAuth2, TakesTheSecondRefusalAsMeant) {
  World world(says("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"));
  const auto report = world.attempts.once(world.destination());
  EXPECT_EQ(report.result, AttemptResult::status);
  EXPECT_EQ(report.status, 401);
  EXPECT_EQ(world.count, 2);
  EXPECT_EQ(world.app.requests().size(), 2u);
}

TEST(OAuth2, SendsNothingWithoutAToken) {
  LoopbackServer tokens(says(answer("401 No", R"({"error":"invalid_client"})")));
  World world;
  Destination destination = world.destination();
  std::get<OAuth2Auth>(destination.http.auth).token_url = tokens.url();
  const auto report = world.attempts.once(destination);
  EXPECT_EQ(report.result, AttemptResult::auth);
  EXPECT_EQ(report.error, "no token: its server answered 401 (invalid_client)");
  EXPECT_EQ(report.reply, "");
  EXPECT_TRUE(world.app.requests().empty());
}

TEST(OAuth2, WaitsNoLongerThanTheAttemptMay) {
  LoopbackServer* self = nullptr;
  LoopbackServer tokens([&self](int socket, const std::string&) {
    self->hang(socket);
    return false;
  });
  self = &tokens;
  World world;
  Destination destination = world.destination();
  destination.timeout = 50ms;
  std::get<OAuth2Auth>(destination.http.auth).token_url = tokens.url();
  const auto report = world.attempts.once(destination);
  EXPECT_EQ(report.result, AttemptResult::auth);
  EXPECT_THAT(report.error, HasSubstr("no token: no complete answer in time"));
}

TEST(OAuth2, AnEndpointMayGoWhileItAsks) {
  LoopbackServer* self = nullptr;
  LoopbackServer tokens([&self](int socket, const std::string&) {
    self->hang(socket);
    return false;
  });
  self = &tokens;
  World world;
  Destination destination = world.destination();
  std::get<OAuth2Auth>(destination.http.auth).token_url = tokens.url();
  const auto waits = world.attempts.to(destination);
  const auto plain = world.attempts.to(world.app.url());
  world.attempts.start(waits);
  world.attempts.start(plain);
  EXPECT_EQ(world.attempts.next().first, plain);
  world.attempts.remove(waits);
  world.attempts.start(plain);
  EXPECT_EQ(world.attempts.next().first, plain);
}

}  // namespace
}  // namespace creel
