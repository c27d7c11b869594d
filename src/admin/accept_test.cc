// Accepting rejected requests: once, in slices, and with every answer that can come.
#include <gmock/gmock.h>

#include "admin/admin_fixture.h"

namespace creel::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Status = AcceptAnswer::Status;

class AcceptTest : public AdminTest {
 protected:
  AcceptTest() {
    AdminOptions options;
    options.accept = [this](RejectedRequest request, std::move_only_function<void(AcceptAnswer)> done) {
      asked_.push_back(request.row.id);
      if (keeps_waiting_) {
        waiting_.push_back(std::move(done));
      } else if (!drops_) {
        done(answer_to_ ? answer_to_(request.row.id) : accepted(request.row.id));
      }
    };
    restart(std::move(options));
  }
  static AcceptAnswer accepted(std::uint64_t id) {
    return {.status = Status::accepted, .event = EventId::of(id, 0), .cause = {}, .text = {}};
  }
  http::Response post(std::string_view target, std::string body = "") {
    body_ = std::move(body);
    return send("POST", target);
  }

  std::vector<std::uint64_t> asked_;
  std::function<AcceptAnswer(std::uint64_t)> answer_to_;
  bool keeps_waiting_ = false, drops_ = false;
  std::vector<std::move_only_function<void(AcceptAnswer)>> waiting_;
};

TEST_F(AcceptTest, MakesAnEventOnceAndSaysTheSameIdAgain) {
  add_rejected(3, "{}", 2);
  EXPECT_EQ(post("/api/v1/rejected/3/accept").body,
            R"({"id":3,"result":"accepted","event":"cev_0000000006000"})");
  ASSERT_TRUE(store_.reader.quarantine[0].row.accepted);
  EXPECT_EQ(store_.reader.quarantine[0].row.accepted->event, EventId::of(3, 0));
  const http::Response again = post("/api/v1/rejected/3/accept");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, R"({"id":3,"result":"already_accepted","event":"cev_0000000006000"})");
  EXPECT_THAT(asked_, ElementsAre(3));
}

TEST_F(AcceptTest, MarksADuplicateToo) {
  add_rejected(3, "{}", 2);
  answer_to_ = [](std::uint64_t) {
    return AcceptAnswer{.status = Status::duplicate, .event = {}, .cause = {}, .text = {}};
  };
  EXPECT_EQ(post("/api/v1/rejected/3/accept").body, R"({"id":3,"result":"duplicate","event":null})");
  EXPECT_TRUE(store_.reader.quarantine[0].row.accepted);
}

TEST_F(AcceptTest, LeavesWhatIsStillRejected) {
  add_rejected(3, "{}", 2);
  answer_to_ = [](std::uint64_t) {
    return AcceptAnswer{.status = Status::still_rejected,
                        .event = {},
                        .cause = "signature_mismatch",
                        .text = "no key matched"};
  };
  EXPECT_EQ(
      post("/api/v1/rejected/3/accept").body,
      R"({"id":3,"result":"still_rejected","event":null,"cause":"signature_mismatch","text":"no key matched"})");
  EXPECT_FALSE(store_.reader.quarantine[0].row.accepted);
}

TEST_F(AcceptTest, RefusesABodyThatWasCut) {
  add_rejected(3, "{}", 5000);
  EXPECT_THAT(post("/api/v1/rejected/3/accept").body,
              HasSubstr(R"("result":"cannot","event":null,"cause":"body_cut")"));
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(AcceptTest, KnowsWhatIsNotThere) {
  for (std::string_view id : {"9", "x"}) {
    const http::Response response = post("/api/v1/rejected/" + std::string(id) + "/accept");
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.body, HasSubstr("No rejected request has the id " + std::string(id)));
  }
  const http::Response get_it = get("/api/v1/rejected/accept");
  EXPECT_EQ(get_it.status, 405);
  EXPECT_EQ(header(get_it, "Allow"), "POST");
}

TEST_F(AcceptTest, LetsOnlyOneAcceptARequestAtATime) {
  add_rejected(3, "{}", 2);
  keeps_waiting_ = true;
  begin("POST", "/api/v1/rejected/3/accept");
  settle();
  ASSERT_FALSE(answer_);
  EXPECT_THAT(post("/api/v1/rejected/3/accept").body, HasSubstr(R"("cause":"underway")"));
  ASSERT_EQ(waiting_.size(), 1u);
  waiting_[0](accepted(3));
  settle();
  keeps_waiting_ = false;
  EXPECT_THAT(post("/api/v1/rejected/3/accept").body, HasSubstr("already_accepted"));
  EXPECT_THAT(asked_, ElementsAre(3));
}

TEST_F(AcceptTest, AnswersWhenNobodyDoes) {
  add_rejected(3, "{}", 2);
  drops_ = true;
  EXPECT_THAT(post("/api/v1/rejected/3/accept").body, HasSubstr(R"("cause":"stopping")"));
  restart({});
  EXPECT_THAT(post("/api/v1/rejected/3/accept").body, HasSubstr(R"("cause":"cannot_accept")"));
}

TEST_F(AcceptTest, GoesThroughManyInSlices) {
  for (std::uint64_t id = 1; id <= 5; ++id)
    add_rejected(id, "{}", id == 4 ? 9 : 2);
  store_.reader.quarantine[0].row.source = "stripe";
  answer_to_ = [](std::uint64_t id) {
    AcceptAnswer answer = accepted(id);
    if (id == 2) answer = {.status = Status::still_rejected, .event = {}, .cause = "c", .text = "t"};
    return answer;
  };
  const http::Response first = post("/api/v1/rejected/accept", R"({"source":"openai","limit":2})");
  EXPECT_EQ(first.body, R"({"results":[{"id":5,"result":"accepted","event":"cev_000000000a000"},)"
                        R"({"id":4,"result":"cannot","event":null,"cause":"body_cut",)"
                        R"("text":"Only 2 of the 9 bytes of its body were kept: it cannot be verified."}],)"
                        R"("accepted":1,"already_accepted":0,"cannot":1,"duplicate":0,"still_rejected":0,)"
                        R"("cursor":4,"more":true})");
  const http::Response second =
      post("/api/v1/rejected/accept", R"({"source":"openai","limit":2,"cursor":4})");
  EXPECT_THAT(second.body, HasSubstr(R"("accepted":1,"already_accepted":0,"cannot":0,"duplicate":0,)"
                                     R"("still_rejected":1,"cursor":2,"more":false})"));
  EXPECT_THAT(asked_, ElementsAre(5, 3, 2));
}

TEST_F(AcceptTest, EndsASliceThatTakesTooLong) {
  for (std::uint64_t id = 1; id <= 3; ++id)
    add_rejected(id, "{}", 2);
  answer_to_ = [this](std::uint64_t id) {
    clock_.at += std::chrono::seconds(3);
    return accepted(id);
  };
  EXPECT_THAT(post("/api/v1/rejected/accept", R"({"source":"openai"})").body,
              HasSubstr(R"("accepted":2,"already_accepted":0,"cannot":0,"duplicate":0,"still_rejected":0,)"
                        R"("cursor":2,"more":true})"));
  EXPECT_THAT(asked_, ElementsAre(3, 2));
}

TEST_F(AcceptTest, TakesTheWholeFilter) {
  add_rejected(1, "{}", 2);
  EXPECT_THAT(
      post("/api/v1/rejected/accept",
           R"({"source":"openai","cause":"signature_mismatch","since":1,"until":"2030-01-01T00:00:00Z"})")
          .body,
      HasSubstr("\"accepted\":1"));
  add_rejected(2, "{}", 2);
  for (const auto* filter : {R"({"source":"openai","cause":"other"})", R"({"source":"openai","until":1})",
                             R"({"source":"openai","since":"2030-01-01T00:00:00Z"})", R"({"source":"x"})"}) {
    EXPECT_THAT(post("/api/v1/rejected/accept", filter).body, HasSubstr(R"("results":[])")) << filter;
  }
}

TEST_F(AcceptTest, RefusesABodyThatSaysSomethingElse) {
  for (const auto* body : {"", "[]", "{}", R"({"source":1})", R"({"source":"a","since":"x"})",
                           R"({"source":"a","limit":0})", R"({"source":"a","cursor":"5"})",
                           R"({"source":"a","sauce":"b"})", R"({"source":"a","source":"b"})"}) {
    const http::Response response = post("/api/v1/rejected/accept", body);
    EXPECT_EQ(response.status, 400) << body;
  }
  EXPECT_EQ(post("/api/v1/rejected/accept?source=openai", "{}").status, 400);
}

}  // namespace
}  // namespace creel::admin
