// Sources, routes and destinations: paused, resumed, and shown with what waits for them.
#include <gmock/gmock.h>

#include "admin/admin_fixture.h"

namespace creel::admin {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class PausesTest : public AdminTest {
 protected:
  struct Said {
    Pause::What what;
    std::string name;
    bool is_paused;
    bool operator==(const Said&) const = default;
  };

  PausesTest() {
    routes_ = *Routes::make({{.name = "small",
                              .from = {"openai"},
                              .types = {},
                              .filter = R"({"body":{"size":"small"}})",
                              .transform = "",
                              .to = {"app"}},
                             {.name = "route 2",
                              .from = {"openai", "stripe"},
                              .types = {},
                              .filter = "",
                              .transform = "",
                              .to = {"app", "books"}}});
    AdminOptions options;
    options.routes = [this] { return routes_; };
    options.sources = [] {
      return std::vector<SourceStatus>{{.name = "openai", .provider = "openai", .path = "/openai"}};
    };
    options.pauses = [this] { return pauses_; };
    options.pause = [this](Pause::What what, std::string name, bool is_paused, auto done) {
      said_.push_back({what, std::move(name), is_paused});
      if (!drops_) done_.push_back(std::move(done));
    };
    restart(std::move(options));
    destinations_ = {{.name = "app", .url = "http://127.0.0.1:8080/", .held = ""}};
  }
  void pause(Pause::What what, std::string name) {
    pauses_.push_back(
        {.what = what, .name = std::move(name), .since = clock_.now() - 1min, .reason = "by hand"});
  }
  void add(Sequence sequence, std::string source, std::string body, std::vector<std::string> to) {
    EventRow& row = add_event(sequence, "", "a");
    row.source = source;
    for (std::string& destination : to)
      row.deliveries.push_back(delivery(row.id, std::move(destination), DeliveryState::pending));
    StoredEvent& content = store_.reader.contents[row.id];
    content.source = std::move(source);
    content.type = "a";
    content.body = std::move(body);
  }
  // The dispatcher, say, has obeyed.
  void answer(PauseAnswer answer) {
    for (auto& done : std::exchange(done_, {}))
      done(answer);
    settle();
  }

  std::shared_ptr<const Routes> routes_;
  std::vector<Pause> pauses_;
  std::vector<Said> said_;
  std::vector<std::move_only_function<void(PauseAnswer)>> done_;
  bool drops_ = false;
};

TEST_F(PausesTest, AreAnsweredWhenTheyAreDoneAndNotBefore) {
  begin("POST", "/api/v1/destinations/app/pause");
  settle();
  EXPECT_FALSE(answer_);
  EXPECT_THAT(said_, testing::ElementsAre(Said{Pause::What::destination, "app", true}));
  destinations_[0].pause = Pause{Pause::What::destination, "app", clock_.now(), "by hand"};
  answer(PauseAnswer::done);
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 200);
  EXPECT_THAT(answer_->body, testing::StartsWith(R"({"name":"app","kind":"http")"));
  EXPECT_THAT(answer_->body, HasSubstr(R"("pause":{"since":"2025-06-15T15:06:40.000Z","reason":"by hand"})"));
}

TEST_F(PausesTest, AreOfSourcesAndRoutesTooAndEndWithResume) {
  for (std::string_view target : {"/api/v1/sources/openai/resume", "/api/v1/routes/route%202/resume"}) {
    begin("POST", target);
    settle();
    answer(PauseAnswer::done);
    ASSERT_TRUE(answer_) << target;
    EXPECT_EQ(answer_->status, 200) << target;
    EXPECT_THAT(answer_->body, HasSubstr(R"("pause":null)"));
  }
  EXPECT_THAT(said_, testing::ElementsAre(Said{Pause::What::source, "openai", false},
                                          Said{Pause::What::route, "route 2", false}));
}

TEST_F(PausesTest, EndForWhatIsNotConfiguredAnyMoreToo) {
  begin("POST", "/api/v1/sources/gone/resume");
  settle();
  answer(PauseAnswer::done);
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 200);
  EXPECT_EQ(answer_->body, R"({"name":"gone","pause":null})");
}

TEST_F(PausesTest, SayWhatStandsInTheirWay) {
  const std::vector<std::tuple<PauseAnswer, int, std::string>> answers{
      {PauseAnswer::not_found, 404, "No route has the name route 2; GET /api/v1/routes lists"},
      {PauseAnswer::unnamed, 409, "route 2 has no name of its own"},
      {PauseAnswer::failed, 503, "store_failed"}};
  for (const auto& [said, status, text] : answers) {
    begin("POST", "/api/v1/routes/route%202/pause");
    settle();
    answer(said);
    ASSERT_TRUE(answer_);
    EXPECT_EQ(answer_->status, status);
    EXPECT_THAT(answer_->body, HasSubstr(text));
  }
}

TEST_F(PausesTest, ThatAStoppingGatewayDropsAreAnsweredAllTheSame) {
  drops_ = true;
  EXPECT_EQ(send("POST", "/api/v1/sources/openai/pause").status, 503);
}

TEST_F(PausesTest, AreNoQuestionAndTakeNoParameters) {
  const http::Response get_it = send("GET", "/api/v1/sources/openai/pause");
  EXPECT_EQ(get_it.status, 405);
  EXPECT_EQ(header(get_it, "Allow"), "POST");
  EXPECT_EQ(send("POST", "/api/v1/sources/openai/pause?for=1h").status, 400);
  EXPECT_EQ(send("POST", "/api/v1/sources/openai/stop").status, 404);
  EXPECT_TRUE(said_.empty());
  restart({});
  EXPECT_THAT(send("POST", "/api/v1/sources/openai/pause").body, HasSubstr("cannot_pause"));
}

TEST_F(PausesTest, AreShownWithTheirSourceAndWhatItHolds) {
  add(1, "openai", "{}", {"app", "books"});
  add(2, "stripe", "{}", {"app"});
  EXPECT_THAT(get("/api/v1/sources/openai").body, Not(HasSubstr("held_deliveries")));
  pause(Pause::What::source, "openai");
  pause(Pause::What::route, "openai");
  const std::string paused = R"("pause":{"since":"2025-06-15T15:05:40.000Z","reason":"by hand"})";
  EXPECT_THAT(get("/api/v1/sources").body, HasSubstr(paused));
  const std::string shown = get("/api/v1/sources/openai").body;
  EXPECT_THAT(shown, HasSubstr(paused));
  EXPECT_THAT(shown, HasSubstr(R"("held_deliveries":2,"held_more":false)"));
}

TEST_F(PausesTest, AreShownWithTheRouteAndWhatItDecides) {
  add(1, "openai", R"({"size":"small"})", {"app", "books"});
  add(2, "openai", R"({"size":"big"})", {"app"});
  add(3, "other", R"({"size":"small"})", {"app"});
  pause(Pause::What::route, "small");
  const std::string all = get("/api/v1/routes").body;
  EXPECT_THAT(all, HasSubstr(R"("to":["app"],"pause":{"since":)"));
  EXPECT_THAT(all, HasSubstr(R"("to":["app","books"],"pause":null})"));
  EXPECT_THAT(get("/api/v1/routes/small").body, HasSubstr(R"("held_deliveries":1,"held_more":false)"));
  // Of the first event the other route decides about books, of the second about app.
  pause(Pause::What::route, "route 2");
  EXPECT_THAT(get("/api/v1/routes/route%202").body, HasSubstr(R"("held_deliveries":2)"));
}

TEST_F(PausesTest, SayWhenTheyHoldMoreThanWasCounted) {
  for (Sequence sequence = 1; sequence <= 251; ++sequence)
    add(sequence, "openai", R"({"size":"small"})", {"app"});
  pause(Pause::What::route, "small");
  EXPECT_THAT(get("/api/v1/routes/small").body, HasSubstr(R"("held_deliveries":250,"held_more":true)"));
}

TEST_F(PausesTest, PassOnWhatTheStoreSays) {
  pause(Pause::What::route, "small");
  store_.reader.trouble = StoreError::busy;
  EXPECT_EQ(get("/api/v1/routes/small").status, 503);
  EXPECT_EQ(get("/api/v1/destinations/app").status, 503);
}

TEST_F(PausesTest, AreShownForADestinationThatIsNotConfiguredAnyMore) {
  store_.reader.counted = {{.destination = "old",
                            .pending = 1,
                            .delivered = 0,
                            .dead = 0,
                            .cancelled = 0,
                            .oldest_pending_due = {}}};
  EXPECT_THAT(get("/api/v1/destinations/old").body,
              HasSubstr(R"("held":"destination unknown","pause":null,"breaker":null)"));
  pause(Pause::What::destination, "old");
  for (std::string_view target : {"/api/v1/destinations", "/api/v1/destinations/old"})
    EXPECT_THAT(get(target).body, HasSubstr(R"("held":"destination unknown","pause":{"since":)")) << target;
  const http::Response none = get("/api/v1/destinations/nobody");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.body, HasSubstr("No destination has the name nobody"));
}

}  // namespace
}  // namespace creel::admin
