#include "app/pause_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "app/pause_state.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr Time kNow{1'795'435'200'000ms};

Pause paused(Pause::What what, std::string name, std::string reason = "by hand") {
  return {.what = what, .name = std::move(name), .since = kNow, .reason = std::move(reason)};
}

// --- As the store keeps them
// ---------------------------------------------------------------------------------------

TEST(PauseState, IsReadAsItWasWritten) {
  for (const Pause::What what : {Pause::What::source, Pause::What::route, Pause::What::destination}) {
    const Pause pause = paused(what, "app", "it \"said\" so\n");
    EXPECT_EQ(pause_of_entry(pause_entry_name(what, "app"), pause_entry_value(pause)), pause);
  }
  EXPECT_EQ(pause_entry_name(Pause::What::destination, "app"), "pause/destination/app");
  EXPECT_EQ(pause_entry_value(paused(Pause::What::route, "x")),
            R"({"since":1795435200000,"reason":"by hand"})");
}

TEST(PauseState, LeavesOtherEntriesAlone) {
  for (const std::string_view name : {"", "pause", "pause/", "pause/destination", "pause/destination/",
                                      "pause/zone/x", "job/1", "xpause/source/a"}) {
    EXPECT_FALSE(pause_of_entry(name, R"({"since":1,"reason":"x"})")) << name;
  }
}

TEST(PauseState, StaysAPauseWhenItCannotBeRead) {
  for (const std::string_view value :
       {"", "{", "[]", "{}", R"({"since":"x","reason":"y"})", R"({"since":1})"}) {
    const auto pause = pause_of_entry("pause/source/a", value);
    ASSERT_TRUE(pause) << value;
    EXPECT_EQ(pause->name, "a");
    EXPECT_EQ(pause->reason, "its record cannot be read");
  }
}

// --- The book
// ------------------------------------------------------------------------------------------------------

// A store, a dispatcher and a loop that go on only when they are told.
class PauseBookTest : public testing::Test, private Clock, private Executor {
 protected:
  struct Kept {
    std::string name, value;
    std::move_only_function<void(bool)> done;
  };
  struct Obeyed {
    std::vector<Pause> pauses;
    std::move_only_function<void()> done;
  };

  Time now() const override { return kNow; }
  Ticks ticks() const override { return {}; }
  void post(std::move_only_function<void()> work) override { loop_.push_back(std::move(work)); }

  void ask(Pause::What what, std::string name, bool is_paused) {
    answers_.emplace_back("waits");
    assume(on_loop);
    const std::size_t number = answers_.size() - 1;
    book_.set(what, std::move(name), is_paused, "by hand",
              [this, number](bool is_kept) { answers_[number] = is_kept ? "done" : "failed"; });
  }

  // The store answers its oldest question, and the loop hears of it.
  void keep(bool is_kept = true) {
    ASSERT_FALSE(kept_.empty());
    Kept kept = std::move(kept_.front());
    kept_.pop_front();
    kept.done(is_kept);
    turn();
  }
  void turn() {
    while (!loop_.empty()) {
      auto work = std::move(loop_.front());
      loop_.pop_front();
      work();
    }
  }
  // The dispatcher obeys everything that it was told.
  void obey() {
    for (Obeyed& each : obeyed_) {
      running_by_ = each.pauses;
      if (each.done) each.done();
    }
    obeyed_.clear();
  }

  std::deque<std::move_only_function<void()>> loop_;
  std::deque<Kept> kept_;
  std::vector<Obeyed> obeyed_;
  std::vector<Pause> running_by_, shown_;
  std::vector<std::string> answers_;
  Log log_{*this, {.level = LogLevel::error, .descriptor = -1}};
  PauseBook book_{
      {.keep = [this](std::string name, std::string value,
                      auto done) { kept_.push_back({std::move(name), std::move(value), std::move(done)}); },
       .obey = [this](std::vector<Pause> pauses,
                      auto done) { obeyed_.push_back({std::move(pauses), std::move(done)}); },
       .changed = [this](const std::vector<Pause>& pauses) { shown_ = pauses; }},
      *this,
      log_,
      *this};
};

const Pause kApp = paused(Pause::What::destination, "app");
const Pause kShop = paused(Pause::What::source, "shop");

TEST_F(PauseBookTest, AnswersOnceItIsKeptAndObeyed) {
  ask(Pause::What::destination, "app", true);
  ASSERT_EQ(kept_.size(), 1u);
  EXPECT_EQ(kept_[0].name, "pause/destination/app");
  EXPECT_EQ(kept_[0].value, pause_entry_value(kApp));
  EXPECT_THAT(book_.all(), IsEmpty());
  keep();
  EXPECT_THAT(book_.all(), ElementsAre(kApp));
  EXPECT_THAT(answers_, ElementsAre("waits"));
  obey();
  EXPECT_THAT(answers_, ElementsAre("done"));
  EXPECT_THAT(running_by_, ElementsAre(kApp));
  EXPECT_THAT(shown_, ElementsAre(kApp));

  ask(Pause::What::destination, "app", false);
  EXPECT_EQ(kept_.at(0).value, "");
  keep();
  obey();
  EXPECT_THAT(book_.all(), IsEmpty());
  EXPECT_THAT(running_by_, IsEmpty());
  EXPECT_THAT(shown_, IsEmpty());
}

TEST_F(PauseBookTest, LetsTwoAtTheSameTimeBothCount) {
  ask(Pause::What::destination, "app", true);
  ask(Pause::What::source, "shop", true);
  keep();
  keep();
  obey();
  EXPECT_THAT(running_by_, ElementsAre(kShop, kApp));
  EXPECT_THAT(answers_, ElementsAre("done", "done"));
}

TEST_F(PauseBookTest, EndsAsTheLastWordOfTwoSaid) {
  ask(Pause::What::destination, "app", true);
  ask(Pause::What::destination, "app", false);
  keep();
  keep();
  obey();
  EXPECT_THAT(running_by_, IsEmpty());
  EXPECT_THAT(answers_, ElementsAre("done", "done"));
}

TEST_F(PauseBookTest, KeepsTheFirstReasonOfWhatIsPausedAlready) {
  book_.open(
      {{"pause/destination/app", pause_entry_value(paused(Pause::What::destination, "app", "since long"))},
       {"other/thing", "x"}});
  ask(Pause::What::destination, "app", true);
  EXPECT_THAT(kept_, IsEmpty());
  EXPECT_THAT(answers_, ElementsAre("waits"));
  obey();
  EXPECT_THAT(answers_, ElementsAre("done"));
  EXPECT_EQ(book_.all().at(0).reason, "since long");
}

TEST_F(PauseBookTest, ChangesNothingThatCannotBeKept) {
  book_.open({{"pause/source/shop", pause_entry_value(kShop)}});
  ask(Pause::What::destination, "app", true);
  ask(Pause::What::source, "shop", false);
  keep(false);
  keep(false);
  EXPECT_THAT(answers_, ElementsAre("failed", "failed"));
  EXPECT_THAT(book_.all(), ElementsAre(kShop));
  EXPECT_THAT(obeyed_, testing::SizeIs(0));
}

TEST_F(PauseBookTest, HoldsWhatIsGoneAtOnceAndKeepsIt) {
  const Pause gone = paused(Pause::What::destination, "app", "it answered 410 Gone");
  book_.add_gone(gone);
  EXPECT_TRUE(book_.contains(Pause::What::destination, "app"));
  turn();
  ASSERT_EQ(kept_.size(), 1u);
  EXPECT_EQ(kept_[0].value, pause_entry_value(gone));
  obey();
  EXPECT_THAT(running_by_, ElementsAre(gone));
  keep(false);
  EXPECT_THAT(book_.all(), ElementsAre(gone));
}

// The list was on its way to the dispatcher when the destination paused itself.
TEST_F(PauseBookTest, DoesNotForgetWhatIsGoneOverAnother) {
  ask(Pause::What::source, "shop", true);
  keep();
  const Pause gone = paused(Pause::What::destination, "app", "it answered 410 Gone");
  book_.add_gone(gone);
  turn();
  obey();
  EXPECT_THAT(running_by_, ElementsAre(kShop, gone));
}

TEST_F(PauseBookTest, TellsAgainOfWhatIsGoneTwice) {
  const Pause gone = paused(Pause::What::destination, "app", "it answered 410 Gone");
  book_.add_gone(gone);
  book_.add_gone(paused(Pause::What::destination, "app", "again"));
  turn();
  EXPECT_EQ(kept_.size(), 1u);
  EXPECT_EQ(obeyed_.size(), 2u);
  obey();
  EXPECT_THAT(running_by_, ElementsAre(gone));
}

}  // namespace
}  // namespace creel
