// Which destinations each event of a request goes to.
#include "ingest/ingest_fixture.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class IngestRoutingTest : public IngestTest {
 protected:
  // From here on `sources` are taken where these routes lead.
  void set_routes(std::vector<Route> routes) {
    assume(on_loop);
    routes_ = routes_of(std::move(routes));
    std::vector<IngestSource> sources;
    sources.push_back(source("openai", "/webhooks/openai", 1000));
    ingest_->reload(std::move(sources), routes_);
  }
  // From here on one request may bring several events, each an element of its body.
  void take_arrays(std::vector<Route> routes) {
    row_.is_array = true;
    routes_ = routes_of(std::move(routes));
    only(source_of(row_, ""));
  }
  const NewEvent& event() {
    send();
    EXPECT_EQ(store_.waiting.size(), 1u);
    return *store_.waiting.at(0)->event;
  }
  // "app", "copy transformed": where an item goes.
  static std::vector<std::string> targets(const NewEvent& event, std::size_t item) {
    std::vector<std::string> names;
    for (const Target& target : *event.items[item].targets)
      names.push_back(std::string(event.destinations[target.destination]) +
                      (target.transformed ? " transformed" : ""));
    return names;
  }
  bool has_counted_unrouted(std::string_view source, int times) {
    return metrics_.text().contains("creel_events_unrouted_total{source=\"" + std::string(source) + "\"} " +
                                    std::to_string(times) + "\n");
  }

  Provider row_ = made_up();  // Its source holds on to it.
};

TEST_F(IngestRoutingTest, SendsWithoutALookWhereEveryEventGoes) {
  const NewEvent& sent = event();
  EXPECT_THAT(sent.destinations, ElementsAre("app", "copy"));
  EXPECT_FALSE(sent.items[0].targets);
  sync(kKept);
  EXPECT_TRUE(has_counted_unrouted("openai", 0));
}

TEST_F(IngestRoutingTest, SendsAnEventWhereItsTypeLeads) {
  set_routes({{.from = {"openai"}, .types = {"batch.*"}, .to = {"app"}},
              {.from = {"openai"}, .types = {"response.*"}, .to = {"copy"}}});
  const NewEvent& sent = event();
  EXPECT_THAT(targets(sent, 0), ElementsAre("app"));
  EXPECT_THAT(sent.destinations, ElementsAre("app"));
  sync(kKept);
}

TEST_F(IngestRoutingTest, SaysOfEachTargetWhetherItIsByWayOfATransform) {
  set_routes({{.from = {"openai"}, .transform = "function(event) return event end", .to = {"app"}},
              {.from = {"openai"}, .to = {"app", "copy"}}});
  EXPECT_THAT(targets(event(), 0), ElementsAre("app transformed", "copy"));
  sync(kKept);
}

TEST_F(IngestRoutingTest, DecidesForEachEventOfAnArray) {
  take_arrays(
      {{.from = {"mine"}, .types = {"a"}, .to = {"x"}},
       {.from = {"mine"}, .types = {"b"}, .transform = "function(e) return e end", .to = {"y", "x"}}});
  body_ = R"([{"id":"1","type":"b"},{"id":"2","type":"c"},{"id":"3","type":"a"}])";
  const NewEvent& sent = event();
  ASSERT_EQ(sent.items.size(), 3u);
  EXPECT_THAT(targets(sent, 0), ElementsAre("y transformed", "x transformed"));
  EXPECT_THAT(targets(sent, 1), IsEmpty());
  EXPECT_THAT(targets(sent, 2), ElementsAre("x"));
  EXPECT_THAT(sent.destinations, ElementsAre("y", "x"));
  sync(kKept);
  EXPECT_TRUE(has_counted_unrouted("mine", 1));
}

TEST_F(IngestRoutingTest, SendsAnEventWhereItsContentLeads) {
  set_routes(
      {{.from = {"openai"}, .filter = R"({"body":{"data":{"id":{"$startsWith":"batch_"}}}})", .to = {"app"}},
       {.from = {"openai"}, .filter = R"({"headers":{"webhook-id":"wh_2"}})", .to = {"copy"}}});
  EXPECT_THAT(targets(event(), 0), ElementsAre("app"));
  sync(kKept);
  sign(R"({"id":"evt_2","type":"batch.completed","data":{"id":"resp_1"}})");
  EXPECT_THAT(targets(event(), 0), IsEmpty());
  sync(kKept);
}

TEST_F(IngestRoutingTest, AsksEachEventOfAnArrayForItsOwnContent) {
  take_arrays({{.from = {"mine"}, .filter = R"({"body":{"n":{"$gt":1}}})", .to = {"x"}}});
  body_ = R"([{"type":"a","n":1},{"type":"a","n":2},{"type":"a","n":3}])";
  const NewEvent& sent = event();
  ASSERT_EQ(sent.items.size(), 3u);
  EXPECT_THAT(targets(sent, 0), IsEmpty());
  EXPECT_THAT(targets(sent, 1), ElementsAre("x"));
  EXPECT_THAT(targets(sent, 2), ElementsAre("x"));
  sync(kKept);
}

// A replay and a plan see no more than what is kept, so neither does the first decision.
TEST_F(IngestRoutingTest, ShowsFiltersNoCredential) {
  set_routes(
      {{.from = {"openai"}, .filter = R"({"headers":{"authorization":"Bearer hunter2"}})", .to = {"app"}},
       {.from = {"openai"}, .filter = R"({"query":{"token":{"$contains":"hunter2"}}})", .to = {"app"}},
       {.from = {"openai"},
        .filter = R"({"headers":{"authorization":{"$startsWith":"creel-hmac:"}},"query":{"a":"1"}})",
        .to = {"copy"}}});
  headers_.emplace_back("Authorization", "Bearer hunter2");
  query_ = "?token=hunter2&a=1";
  EXPECT_THAT(targets(event(), 0), ElementsAre("copy"));
  sync(kKept);
}

TEST_F(IngestRoutingTest, KeepsAnEventThatNoRouteTakesAndCountsIt) {
  set_routes({{.from = {"openai"}, .types = {"response.*"}, .to = {"app"}}});
  const NewEvent& sent = event();
  EXPECT_THAT(sent.destinations, IsEmpty());
  EXPECT_THAT(targets(sent, 0), IsEmpty());
  sync(kKept);
  EXPECT_EQ(answers_.at(0).status, 200);
  EXPECT_TRUE(has_counted_unrouted("openai", 1));
  EXPECT_THAT(printed_, IsEmpty()) << "a route leads away from the source";
}

TEST_F(IngestRoutingTest, DoesNotCountADuplicateAsUnrouted) {
  set_routes({});
  send();
  sync(Kept{.first = {}, .duplicate = true});
  EXPECT_TRUE(has_counted_unrouted("openai", 0));
}

TEST_F(IngestRoutingTest, RoutesARejectedRequestThatIsAcceptedLater) {
  set_routes({{.from = {"openai"}, .types = {"response.*"}, .to = {"app"}},
              {.from = {"openai"}, .types = {"batch.*"}, .to = {"copy"}}});
  RejectedRequest rejected;
  rejected.row.source = "openai";
  rejected.row.received = clock_.now();
  rejected.row.body_bytes = static_cast<std::uint32_t>(kBody.size());
  rejected.head = request().head;
  rejected.body = kBody;
  assume(on_loop);
  ingest_->accept_rejected(std::move(rejected), [](AcceptResult) {});
  ASSERT_EQ(store_.waiting.size(), 1u);
  EXPECT_THAT(targets(*store_.waiting[0]->event, 0), ElementsAre("copy"));
  sync(kKept);
}

}  // namespace
}  // namespace creel
