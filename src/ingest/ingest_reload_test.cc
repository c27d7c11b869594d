// Sources and routes are replaced while requests run.
#include "ingest/ingest_fixture.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class IngestReloadTest : public IngestTest {
 protected:
  void reload(std::vector<IngestSource> sources, std::vector<std::string> destinations) {
    assume(on_loop);
    routes_ = routes_of({{.name = "all", .from = {"openai"}, .to = std::move(destinations)}});
    ingest_->reload(std::move(sources), routes_);
  }
  static std::vector<IngestSource> at(std::string path) {
    std::vector<IngestSource> sources;
    sources.push_back(source("openai", std::move(path), 1000));
    return sources;
  }
};

TEST_F(IngestReloadTest, ARequestUnderWayEndsWithWhatItBeganWith) {
  const std::weak_ptr<const Routes> old = routes_;
  send();
  ASSERT_EQ(store_.waiting.size(), 1u);
  reload({}, {});
  EXPECT_FALSE(old.expired());
  EXPECT_EQ(store_.waiting[0]->event->source, "openai");
  EXPECT_THAT(store_.waiting[0]->event->destinations, ElementsAre("app", "copy"));
  sync(kKept);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].status, 200);
  EXPECT_TRUE(old.expired());
}

TEST_F(IngestReloadTest, APathThatMovedIsGoneAndTheNewOneIsThere) {
  reload(at("/elsewhere"), {"other"});
  EXPECT_EQ(answer().status, 404);
  path_ = "/elsewhere";
  EXPECT_TRUE(admit());
  send();
  ASSERT_EQ(store_.waiting.size(), 1u);
  EXPECT_THAT(store_.waiting[0]->event->destinations, ElementsAre("other"));
  sync(kKept);
}

TEST_F(IngestReloadTest, ASourceThatWasRemovedIsNotFound) {
  EXPECT_TRUE(admit());
  reload({}, {});
  EXPECT_EQ(admit().error().status, 404);
  EXPECT_EQ(answer().status, 404) << "also when its head was admitted before";
}

TEST_F(IngestReloadTest, ASecretThatWasReplacedVerifiesNoMore) {
  std::vector<Key> keys;
  keys.push_back(
      {.secret = *Secret::parse("whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="), .label = "new"});
  std::vector<IngestSource> sources = at("/webhooks/openai");
  sources[0].receiver = std::make_shared<const Receiver>(*find_provider("openai"), std::move(keys));
  reload(std::move(sources), {});
  EXPECT_EQ(answer().status, 400);
  EXPECT_EQ(store_.rejected.at(0).cause, "signature_mismatch");
}

TEST_F(IngestReloadTest, TheCountersOfASourceGoOn) {
  send();
  sync(kKept);
  reload(at("/elsewhere"), {"other"});
  path_ = "/elsewhere";
  send();
  sync(kKept);
  EXPECT_THAT(metrics_.text(), HasSubstr("creel_requests_total{outcome=\"accepted\",source=\"openai\"} 2"));
}

}  // namespace
}  // namespace creel
