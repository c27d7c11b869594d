// What ingest asks its receiver: methods, handshakes, refusals, answers, and how many events there are.
#include "ingest/answers.h"
#include "ingest/ingest_fixture.h"

namespace creel {
namespace {

using testing::HasSubstr;
using testing::Not;

class IngestProviderTest : public IngestTest {
 protected:
  IngestProviderTest() : row_(made_up()) {}

  bool has_counted(std::string_view outcome, int times) {
    return metrics_.text().contains("creel_requests_total{outcome=\"" + std::string(outcome) +
                                    "\",source=\"mine\"} " + std::to_string(times) + "\n");
  }

  Provider row_;
};

TEST_F(IngestProviderTest, TakesTheMethodsOfTheProviderAndNamesThemToOthers) {
  static constexpr std::string_view kMethods[] = {"POST", "PUT"};
  row_.methods = kMethods;
  only(source_of(row_, ""));
  method_ = "PUT";
  EXPECT_TRUE(admit());
  send();
  EXPECT_EQ(store_.waiting.size(), 1u);
  sync(kKept);
  for (std::string_view method : {"GET", "HEAD", "DELETE", "put"}) {
    method_ = method;
    const auto decision = admit();
    ASSERT_FALSE(decision) << method;
    EXPECT_EQ(decision.error().status, 405);
    EXPECT_EQ(header(decision.error(), "Allow"), "POST, PUT");
  }
  EXPECT_TRUE(has_counted("wrong_method", 4));
}

TEST_F(IngestProviderTest, AnswersAHandshakeByGetAndKeepsNothing) {
  only(source_of(row_, "", {.handshake = Handshake::hub_challenge, .verify_token = "s3cret"}));
  method_ = "GET", body_ = "";
  query_ = "?hub.mode=subscribe&hub.verify_token=s3cret&hub.challenge=12345";
  ASSERT_TRUE(admit());
  EXPECT_EQ(admit()->body_bytes_max, 0u);
  const http::Response response = answer();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "12345");
  EXPECT_TRUE(store_.waiting.empty());
  EXPECT_TRUE(store_.rejected.empty());
  EXPECT_TRUE(has_counted("handshake", 1));
  const std::string text = logged();
  EXPECT_THAT(text, HasSubstr("handshake answered"));
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
}

TEST_F(IngestProviderTest, MakesNoEventOfAGetThatIsNoHandshake) {
  only(source_of(row_, "", {.handshake = Handshake::hub_challenge, .verify_token = "s3cret"}));
  method_ = "GET", body_ = "", query_ = "?a=1";
  const http::Response response = answer();
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header(response, "Allow"), "POST, GET");
  EXPECT_TRUE(store_.waiting.empty());
  EXPECT_TRUE(store_.rejected.empty());
}

TEST_F(IngestProviderTest, AnswersASignedHandshakeAndKeepsNothing) {
  row_.handshake = Handshake::body_challenge;
  only(source_of(row_, ""));
  body_ = R"({"type":"url_verification","challenge":"3eZbrw1aB"})";
  const http::Response response = answer();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "3eZbrw1aB");
  EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
  EXPECT_TRUE(store_.waiting.empty());
  EXPECT_TRUE(has_counted("handshake", 1));
  EXPECT_TRUE(has_counted("accepted", 0));
}

TEST_F(IngestProviderTest, RefusesAsTheProviderWantsIt) {
  static constexpr CredentialPlace kPlaces[] = {{CredentialPlace::Kind::header, "X-Custom"}};
  row_.scheme = Scheme::credential;
  row_.credentials = kPlaces;
  row_.reject_status = 403;
  row_.missing_status = 401;
  row_.reject_text = "Go away";
  only(source_of(row_, "t0ken"));
  EXPECT_EQ(answer().status, 401);
  EXPECT_EQ(answers_.back().body, "Go away");
  answers_.clear();
  headers_.emplace_back("x-custom", "wrong");
  EXPECT_EQ(answer().status, 403);
  ASSERT_EQ(store_.rejected.size(), 2u);
  EXPECT_EQ(store_.rejected[0].cause, "missing_credential");
  EXPECT_EQ(store_.rejected[1].cause, "wrong_credential");
  EXPECT_EQ(store_.rejected[1].status, 403);
  EXPECT_THAT(store_.rejected[1].head, HasSubstr("x-custom: creel-hmac:"));
}

TEST_F(IngestProviderTest, AnswersSuccessAsTheProviderWantsItADuplicateToo) {
  static constexpr TypeReply kReplies[] = {
      {.type = "special", .status = 202, .body = "<ok/>", .content_type = "text/xml"}};
  row_.success_status = 201;
  row_.success_body = "ok";
  row_.success_type = "text/plain; charset=utf-8";
  row_.replies = kReplies;
  only(source_of(row_, ""));
  for (const bool is_duplicate : {false, true}) {
    answers_.clear();
    body_ = R"({"type":"usual"})";
    send();
    sync(Kept{.first = EventId::of(7, 0), .duplicate = is_duplicate});
    ASSERT_EQ(answers_.size(), 1u);
    EXPECT_EQ(answers_[0].status, 201);
    EXPECT_EQ(answers_[0].body, "ok");
    EXPECT_EQ(answers_[0].content_type, "text/plain; charset=utf-8");
  }
  body_ = R"({"type":"special"})";
  send();
  sync(kKept);
  EXPECT_EQ(answers_.back().status, 202);
  EXPECT_EQ(answers_.back().body, "<ok/>");
  EXPECT_EQ(header(answers_.back(), "Content-Type"), "text/xml");
}

TEST_F(IngestProviderTest, KeepsTheEventsOfOneRequestTogetherAndSaysHowMany) {
  row_.is_array = true;
  only(source_of(row_, ""));
  body_ = R"( [{"type":"a"}, {"type":"b"}] )";
  send();
  ASSERT_EQ(store_.waiting.size(), 1u);
  const NewEvent& event = *store_.waiting[0]->event;
  ASSERT_EQ(event.items.size(), 2u);
  EXPECT_EQ(event.body, body_);
  EXPECT_EQ(event.body.substr(event.items[0].body_offset, event.items[0].body_bytes), R"({"type":"a"})");
  EXPECT_EQ(event.body.substr(event.items[1].body_offset, event.items[1].body_bytes), R"({"type":"b"})");
  sync(kKept);
  EXPECT_THAT(logged(), HasSubstr(R"("events":2)"));
}

TEST_F(IngestProviderTest, AcceptsAnEmptyArrayWithoutAnEvent) {
  row_.is_array = true;
  only(source_of(row_, ""));
  body_ = "[]";
  EXPECT_EQ(answer().status, 200);
  EXPECT_TRUE(store_.waiting.empty());
  EXPECT_TRUE(store_.rejected.empty());
  EXPECT_TRUE(has_counted("accepted", 1));
}

TEST(Answers, AskEveryProviderToComeAgainWhenTheStoreCannotKeep) {
  EXPECT_EQ(unavailable_answer().status, 503);
  EXPECT_EQ(unavailable_answer(StoreError::stopping).status, 503);
  EXPECT_EQ(unavailable_answer(StoreError::stopping).headers.at(0).second, "5");
}

TEST(Answers, ADuplicateIsNamedOnlyWhereTheProviderWantsNoBodyOfItsOwn) {
  Provider row = made_up();
  EXPECT_EQ(success_answer(row, "", true).body, R"({"received":true,"duplicate":true})");
  row.success_body = "";
  EXPECT_EQ(success_answer(row, "", true).body, "");
}

}  // namespace
}  // namespace creel
