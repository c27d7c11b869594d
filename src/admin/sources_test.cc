// Sources and when their secrets were last used.
#include <gmock/gmock.h>

#include "admin/admin_fixture.h"

namespace creel::admin {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class SourcesTest : public AdminTest {
 protected:
  SourcesTest() {
    AdminOptions options;
    options.sources = [this] { return sources_; };
    restart(std::move(options));
    sources_ = {{.name = "openai",
                 .provider = "openai",
                 .path = "/webhooks/openai",
                 .secrets = {{.label = "current",
                              .stored_label = "current 1a",
                              .fingerprint = "abcd",
                              .not_before = {},
                              .not_after = {}},
                             {.label = "old",
                              .stored_label = "old 2b",
                              .fingerprint = "ef01",
                              .not_before = {},
                              .not_after = clock_.now()}}}};
  }
  void use(std::string label, std::chrono::seconds ago, std::uint64_t events = 1) {
    store_.reader.uses.push_back({"openai", std::move(label), clock_.now() - ago, events});
  }
  std::vector<SourceStatus> sources_;
};

TEST_F(SourcesTest, ShowEachSecretWithItsLastUse) {
  use("current 1a", 1min, 12);
  use("old 2b", 48h, 3);
  use("gone 3c", 1min);
  const std::string shown =
      R"({"name":"openai","provider":"openai","path":"/webhooks/openai","pause":null,"secrets":[)"
      R"({"label":"current","fingerprint":"abcd","not_before":null,"not_after":null,)"
      R"("last_used":"2025-06-15T15:05:40.000Z","events":12,"hint":null},)"
      R"({"label":"old","fingerprint":"ef01","not_before":null,"not_after":"2025-06-15T15:06:40.000Z",)"
      R"("last_used":"2025-06-13T15:06:40.000Z","events":3,)"
      R"("hint":"not used since 2025-06-13T15:06:40.000Z, while another is: safe to remove"}]})";
  EXPECT_EQ(get("/api/v1/sources").body, "{\"sources\":[" + shown + "]}");
  EXPECT_EQ(get("/api/v1/sources/openai").body, shown);
}

TEST_F(SourcesTest, SayThatNobodyNeedsASecretWhichWasNeverUsed) {
  use("current 1a", 1min);
  EXPECT_THAT(get("/api/v1/sources/openai").body,
              HasSubstr(R"("last_used":null,"events":0,"hint":"never used in what is kept)"));
}

TEST_F(SourcesTest, GiveNoHintThatCouldBeWrong) {
  const auto hints = [this] { return get("/api/v1/sources/openai").body; };
  EXPECT_THAT(hints(), Not(HasSubstr("safe"))) << "neither was used";
  use("old 2b", 48h);
  EXPECT_THAT(hints(), HasSubstr("never used")) << "the current one never was";
  use("current 1a", 72h);
  EXPECT_THAT(hints(), HasSubstr(R"("hint":"not used since 2025-06-12)")) << "it is the older one";
  EXPECT_THAT(hints(), Not(HasSubstr("2025-06-13T15:06:40.000Z, while")));
  store_.reader.uses.clear();
  use("current 1a", 1min);
  use("old 2b", 23h);
  EXPECT_THAT(hints(), Not(HasSubstr("safe"))) << "it rested for less than a day";
  store_.reader.uses.clear();
  use("current 1a", 1min);
  sources_[0].secrets[1].not_before = clock_.now() + 1h;
  EXPECT_THAT(hints(), Not(HasSubstr("safe"))) << "it is not valid yet";
}

TEST_F(SourcesTest, SayWhichSourceIsMissing) {
  const http::Response response = get("/api/v1/sources/stripe");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.body, HasSubstr("No source has the name stripe"));
  restart({});
  EXPECT_EQ(get("/api/v1/sources").body, R"({"sources":[]})");
}

TEST_F(SourcesTest, PassOnWhatTheStoreSays) {
  store_.reader.trouble = StoreError::broken;
  EXPECT_EQ(get("/api/v1/sources").status, 503);
}

}  // namespace
}  // namespace creel::admin
