#include "verify/handshake.h"

#include <gtest/gtest.h>

#include <array>

namespace creel {
namespace {

constexpr std::array<std::string_view, 1> kSignatureHeaders{"x-signature"};
const Provider kRow{.name = "made-up",
                    .title = "Made up",
                    .success_body = "noted",
                    .success_type = "text/plain",
                    .signature_headers = kSignatureHeaders};

// Keys whose MAC is the text in brackets, with the key's index before them.
class BracketKeys final : public SchemeKeys {
 public:
  std::expected<Proof, VerifyError> verify(const IncomingRequest&, std::chrono::sys_seconds,
                                           const Masking*) const override {
    return Proof();
  }
  bool can_sign() const override { return false; }
  Receiver::Signed sign(const Receiver::SignRequest&) const override { return {}; }
  std::string hex_mac(std::size_t key_index, std::string_view text) const override {
    return has_mac ? std::to_string(key_index) + "[" + std::string(text) + "]" : "";
  }
  std::span<const Key> keys() const override { return {}; }

  bool has_mac = true;
};

struct Asked {
  std::string body;
  std::string_view query;
  std::string_view method = "POST";
  std::vector<Header> headers;

  IncomingRequest request() const {
    return {.method = method, .query = query, .headers = headers, .body = body};
  }
  std::optional<Reply> with_signature(Handshake handshake) const {
    return answer_signed_handshake(handshake, request(), BracketKeys(), {.key_index = 3, .id = {}});
  }
  std::optional<Reply> open(Handshake handshake, std::string_view verify_token = "") const {
    return answer_open_handshake(handshake, kRow, verify_token, request());
  }
};

std::string shown(const std::optional<Reply>& reply) {
  if (!reply) return "none";
  const bool is_json = reply->content_type == "application/json";
  return std::to_string(reply->status) + (is_json ? " json " : " text ") + reply->body;
}

TEST(BodyChallenge, IsEchoedAsText) {
  const auto answer = [](std::string body) {
    return shown(Asked{.body = std::move(body)}.with_signature(Handshake::body_challenge));
  };
  EXPECT_EQ(answer(R"({"token":"t","challenge":"3eZbrw1aBm2rZgRNFd","type":"url_verification"})"),
            "200 text 3eZbrw1aBm2rZgRNFd");
  EXPECT_EQ(answer(R"({"type":"event_callback","challenge":"url_verification"})"), "none");
  EXPECT_EQ(answer(R"({"type":"url_verification"})"), "none");
  EXPECT_EQ(answer(R"({"type":"url_verification","challenge":7})"), "none");
  EXPECT_EQ(answer(R"({"type":"url_verification","challenge":"a\r\nb"})"), "none");
  EXPECT_EQ(answer(R"({"type":"url_verification","challenge":")" + std::string(1025, 'x') + R"("})"), "none");
  EXPECT_EQ(answer(R"({"type":"url_verification","challenge":"a",)"), "none");
}

TEST(BodyChallenge, AnswersACheckOfTheCertificate) {
  Asked asked{.body = "ssl_check=1&token=x"};
  EXPECT_EQ(shown(asked.with_signature(Handshake::body_challenge)), "none");
  asked.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  EXPECT_EQ(shown(asked.with_signature(Handshake::body_challenge)), "200 text ");
  for (std::string_view event :
       {"command=%2Fweather&ssl_check=0", "command=%2Fweather&ssl_check=1", "ssl_check=1&payload=%7B%7D",
        R"({"type":"event_callback","event":{"text":"&ssl_check=1&"}})"}) {
    asked.body = event;
    EXPECT_EQ(shown(asked.with_signature(Handshake::body_challenge)), "none") << event;
  }
}

TEST(HashedChallenge, IsAnsweredWithTheMacOfTheKeyThatMatched) {
  const auto answer = [](std::string body) {
    return shown(Asked{.body = std::move(body)}.with_signature(Handshake::hashed_challenge));
  };
  EXPECT_EQ(answer(R"({"event":"endpoint.url_validation","payload":{"plainToken":"qgg8"},"event_ts":1})"),
            R"(200 json {"plainToken":"qgg8","encryptedToken":"3[qgg8]"})");
  EXPECT_EQ(answer(R"({"event":"endpoint.url_validation","payload":{"plainToken":"a\"\\"}})"),
            R"(200 json {"plainToken":"a\"\\","encryptedToken":"3[a"\]"})");
  EXPECT_EQ(answer(R"({"event":"endpoint.url_validation","payload":{}})"), "none");
  EXPECT_EQ(answer(R"({"event":"meeting.started","payload":{"plainToken":"endpoint.url_validation"}})"),
            "none");
}

TEST(HashedChallenge, IsAnEventWhereTheSchemeHasNoSuchKey) {
  const Asked asked{.body = R"({"event":"endpoint.url_validation","payload":{"plainToken":"a"}})"};
  BracketKeys keys;
  keys.has_mac = false;
  EXPECT_EQ(shown(answer_signed_handshake(Handshake::hashed_challenge, asked.request(), keys, {})), "none");
}

TEST(Ping, IsToldFromEventsOfTheSameNumber) {
  const std::pair<std::string, std::string_view> rows[] = {
      {R"({"type":1,"id":"1","application_id":"2","version":1})", R"(200 json {"type":1})"},
      {R"({"version":1,"application_id":"2","type":0})", "204 text "},
      {R"({"version":1,"type":1,"event":{"type":"ENTITLEMENT_CREATE"}})", "none"},
      {R"({"type":2})", "none"},
      {R"({"type":"1"})", "none"},
      {R"({})", "none"},
      {R"([])", "none"},
      {"type=1", "none"},
      {R"({"type":1,"filler":")" + std::string(20'000, 'x') + R"("})", "none"},
  };
  for (const auto& [body, reply] : rows)
    EXPECT_EQ(shown(Asked{.body = body}.with_signature(Handshake::ping)), reply) << body;
}

TEST(UnsignedPing, IsOneFieldAndNothingElse) {
  const auto answer = [](Asked asked) { return shown(asked.open(Handshake::unsigned_ping)); };
  EXPECT_EQ(answer({.body = "webhook_id=12"}), "200 text noted");
  for (std::string_view body : {"", "webhook_id=", "webhook_id=1x", "webhook_id=1&a=2", "a=2&webhook_id=1",
                                "webhook_id=123456789012345678901", "{\"webhook_id\":1}"}) {
    EXPECT_EQ(answer({.body = std::string(body)}), "none") << body;
  }
  EXPECT_EQ(answer({.body = "webhook_id=12", .method = "PUT"}), "none");
  EXPECT_EQ(answer({.body = "webhook_id=12", .headers = {{"X-Signature", "AAAA"}}}), "none");
}

TEST(HubChallenge, WantsTheVerifyToken) {
  const auto answer = [](std::string_view query, std::string_view token = "a token") {
    return shown(Asked{.query = query, .method = "GET"}.open(Handshake::hub_challenge, token));
  };
  EXPECT_EQ(answer("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=a+token"),
            "200 text 1158201444");
  EXPECT_EQ(answer("hub.mode=subscribe&hub.challenge=1&hub.verify_token=a%20token"), "200 text 1");
  EXPECT_EQ(answer("hub.mode=subscribe&hub.challenge=1&hub.verify_token=a+tokem"),
            "403 text Wrong verify token");
  EXPECT_EQ(answer("hub.mode=subscribe&hub.challenge=1&hub.verify_token="), "403 text Wrong verify token");
  EXPECT_EQ(answer("hub.mode=subscribe&hub.challenge=1"), "403 text Wrong verify token");
  EXPECT_EQ(answer("hub.mode=subscribe&hub.challenge=1&hub.verify_token=", ""),
            "403 text Wrong verify token");
  EXPECT_EQ(answer("hub.mode=subscribe&hub.verify_token=a+token"), "400 text Bad challenge");
  EXPECT_EQ(answer("hub.mode=subscribe&hub.challenge=%0d%0a&hub.verify_token=a+token"),
            "400 text Bad challenge");
  EXPECT_EQ(answer("hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=a+token"), "none");
  EXPECT_EQ(answer(""), "none");
  EXPECT_EQ(shown(Asked{.query = "hub.mode=subscribe&hub.challenge=1&hub.verify_token=t"}.open(
                Handshake::hub_challenge, "t")),
            "none");
}

TEST(ValidationToken, IsEchoedDecoded) {
  const auto answer = [](std::string_view query) {
    return shown(Asked{.query = query}.open(Handshake::validation_token));
  };
  EXPECT_EQ(answer("validationToken=Validation%3A+Testing+client"), "200 text Validation: Testing client");
  EXPECT_EQ(answer("a=1&validationToken=x"), "200 text x");
  EXPECT_EQ(answer("validationToken="), "none");
  EXPECT_EQ(answer("validationToken=%00"), "none");
  EXPECT_EQ(answer("validationToken=%C3%A9"), "none");
  EXPECT_EQ(answer("validationToken=" + std::string(1025, 'x')), "none");
  EXPECT_EQ(answer("validation=x"), "none");
}

TEST(ValidationToken, IsNotEchoedInPlaceOfAnEvent) {
  const Asked asked{.body = R"({"value":[{"changeType":"updated"}]})", .query = "validationToken=x"};
  EXPECT_EQ(shown(asked.open(Handshake::validation_token)), "none");
}

TEST(Handshake, IsAnsweredOnlyInItsOwnWay) {
  const Asked asked{.body = R"({"type":1})", .query = "validationToken=x"};
  for (Handshake each :
       {Handshake::none, Handshake::unsigned_ping, Handshake::hub_challenge, Handshake::validation_token})
    EXPECT_EQ(shown(asked.with_signature(each)), "none");
  for (Handshake each :
       {Handshake::none, Handshake::body_challenge, Handshake::hashed_challenge, Handshake::ping})
    EXPECT_EQ(shown(asked.open(each)), "none");
}

}  // namespace
}  // namespace creel
