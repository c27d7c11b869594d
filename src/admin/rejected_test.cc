// Rejected requests as the API shows and explains them.
#include <gmock/gmock.h>

#include "admin/admin_fixture.h"

namespace creel::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

class Quarantine : public AdminTest {};

TEST_F(Quarantine, IsListedNewestFirstInPages) {
  for (std::uint64_t id = 1; id <= 3; ++id)
    add_rejected(id, "{}", 2);
  const std::string first = get("/api/v1/rejected?limit=2").body;
  EXPECT_LT(first.find("\"id\":3"), first.find("\"id\":2"));
  EXPECT_THAT(first, HasSubstr(R"("cursor":2,"more":true})"));
  const std::string second = get("/api/v1/rejected?limit=2&cursor=2").body;
  EXPECT_EQ(
      second,
      R"({"rejected":[{"id":1,"source":"openai","received":"2025-06-15T15:06:40.000Z","peer":"192.0.2.1",)"
      R"("cause":"signature_mismatch","detail":"no key matched","status":400,"bytes":2,"accepted":null}],"cursor":1,"more":false})");
  EXPECT_EQ(get("/api/v1/rejected?cursor=x").status, 400);
  EXPECT_EQ(get("/api/v1/rejected?limit=0").status, 400);
  EXPECT_EQ(get("/api/v1/rejected?since=x").status, 400);
  EXPECT_EQ(get("/api/v1/rejected?accepted=true").status, 400);
  EXPECT_EQ(get("/api/v1/rejected?sauce=x").status, 400);
}

TEST_F(Quarantine, ShowsARequestWithoutLosingAByte) {
  add_rejected(1, "{\"a\":\n", 6);
  add_rejected(2, std::string("\xff\0", 2), 5000);
  EXPECT_THAT(get("/api/v1/rejected/1").body,
              HasSubstr(R"("head":"POST / HTTP/1.1\r\n","body":"{\"a\":\n","body_is_whole":true})"));
  EXPECT_THAT(get("/api/v1/rejected/2").body, HasSubstr(R"("body_base64":"/wA=","body_is_whole":false})"));
  for (std::string_view id : {"3", "x", ""}) {
    EXPECT_EQ(get("/api/v1/rejected/" + std::string(id)).status, 404) << id;
  }
}

TEST_F(Quarantine, IsListedByAFilter) {
  add_rejected(1, "{}", 2);
  add_rejected(2, "{}", 2);
  add_rejected(3, "{}", 2);
  store_.reader.quarantine[1].row.source = "stripe";
  store_.reader.quarantine[2].row.accepted = {EventId::of(2, 0), clock_.now()};
  const std::string all = get("/api/v1/rejected").body;
  EXPECT_THAT(all, HasSubstr(R"("accepted":{"event":"cev_0000000004000","at":"2025-06-15T15:06:40.000Z"})"));
  const std::string one =
      get("/api/v1/rejected?source=openai&accepted=false&since=1&cause=signature_mismatch").body;
  EXPECT_THAT(one, HasSubstr("\"id\":1,"));
  EXPECT_THAT(one, Not(HasSubstr("\"id\":2,")));
  EXPECT_THAT(one, Not(HasSubstr("\"id\":3,")));
  EXPECT_EQ(get("/api/v1/rejected?until=1").body, R"({"rejected":[],"cursor":null,"more":false})");
}

TEST_F(Quarantine, ExplainsARequest) {
  add_rejected(7, "{}", 2);
  std::uint64_t asked = 0;
  AdminOptions options;
  options.explain = [&asked](const RejectedRequest& rejected) {
    asked = rejected.row.id;
    Finding finding{};
    finding.kind = FindingKind::other_secret;
    finding.text = "signed with last month's secret";
    Finding second{};
    second.kind = FindingKind::clock;
    second.text = "old";
    second.fix = "compare the clocks";
    return std::vector<Finding>{finding, second};
  };
  restart(std::move(options));
  const http::Response response = get("/api/v1/rejected/7/explain");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(asked, 7u);
  EXPECT_THAT(response.body, HasSubstr(R"("body_is_whole":true,"findings":[{"kind":"other_secret",)"
                                       R"("text":"signed with last month's secret"},)"
                                       R"({"kind":"clock","text":"old","fix":"compare the clocks"}]})"));
  EXPECT_EQ(get("/api/v1/rejected/8/explain").status, 404);
}

TEST_F(Quarantine, SaysThatItCannotExplainWithoutSources) {
  add_rejected(7, "{}", 2);
  EXPECT_THAT(get("/api/v1/rejected/7/explain").body, HasSubstr("cannot_explain"));
}

}  // namespace
}  // namespace creel::admin
