#include "app/jwks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace creel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

std::string key(std::string_view id) {
  return R"({"kty":"OKP","crv":"Ed25519","kid":")" + std::string(id) +
         R"(","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
}
std::string keys(std::string_view list) {
  return "{\"keys\":[" + std::string(list) + "]}";
}

// A clock that is set, and addresses that answer what they are told.
class Publisher : public testing::Test, private Clock {
 protected:
  Time now() const override { return Time(std::chrono::seconds(1'750'000'000)) + at_; }
  Ticks ticks() const override { return Ticks(at_); }

  std::vector<std::string> turn() {
    asked_.clear();
    next_ = jwks_.turn() - Ticks(at_);
    return asked_;
  }

  std::chrono::milliseconds at_ = 1h;
  std::map<std::string, std::string> answers_;
  std::vector<std::string> asked_;
  Ticks::duration next_{};
  Log log_{*this, {.level = LogLevel::error}};
  Metrics metrics_;
  Jwks jwks_{[this](const std::string& url,
                    const std::function<bool()>&) -> std::expected<std::string, std::string> {
               asked_.push_back(url);
               const auto found = answers_.find(url);
               if (found == answers_.end()) return std::unexpected("no answer");
               return found->second;
             },
             *this, log_, metrics_};
};

TEST_F(Publisher, IsAskedAtOnceAndEveryTenMinutes) {
  answers_["https://a"] = keys(key("1"));
  const auto published = jwks_.keys_of("login", {"https://a"});
  EXPECT_EQ(published(), nullptr);
  EXPECT_THAT(turn(), ElementsAre("https://a"));
  EXPECT_EQ(next_, 10min);
  ASSERT_TRUE(published());
  EXPECT_EQ(published()->size(), 1u);
  at_ += 10min - 1ms;
  EXPECT_THAT(turn(), IsEmpty());
  at_ += 1ms;
  answers_["https://a"] = keys(key("1") + "," + key("2"));
  EXPECT_THAT(turn(), ElementsAre("https://a"));
  EXPECT_EQ(published()->size(), 2u);
}

TEST_F(Publisher, KeepsTheLastGoodKeysAndIsAskedAgainInAMinute) {
  answers_["https://a"] = keys(key("1"));
  const auto published = jwks_.keys_of("login", {"https://a"});
  turn();
  at_ += 10min;
  answers_["https://a"] = "an error page";
  turn();
  EXPECT_EQ(next_, 1min);
  ASSERT_TRUE(published());
  EXPECT_EQ(published()->size(), 1u);
  answers_.clear();
  at_ += 1min;
  EXPECT_THAT(turn(), ElementsAre("https://a"));
  EXPECT_TRUE(published());
}

TEST_F(Publisher, IsAskedForAKeyThatIsNotThereButNotMoreThanOnceAMinute) {
  answers_["https://a"] = keys(key("1"));
  const auto published = jwks_.keys_of("login", {"https://a"});
  turn();
  at_ += 5s;
  jwks_.refresh({"https://a"});
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_EQ(next_, 55s);
  at_ += 55s;
  EXPECT_THAT(turn(), ElementsAre("https://a"));
  at_ += 2min;
  jwks_.refresh({"https://a"});
  jwks_.refresh({"https://a"});
  EXPECT_THAT(turn(), ElementsAre("https://a"));
  EXPECT_EQ(next_, 10min);
}

TEST_F(Publisher, IsNeverAskedWhereNobodyConfiguredIt) {
  jwks_.refresh({"https://evil"});
  EXPECT_THAT(turn(), IsEmpty());
}

TEST_F(Publisher, MayHaveSeveralAddressesOfWhichEachHasToAnswer) {
  answers_["https://a"] = keys(key("1"));
  const auto published = jwks_.keys_of("login", {"https://a", "https://b"});
  turn();
  EXPECT_EQ(published(), nullptr);
  answers_["https://b"] = keys(key("2") + "," + key("3"));
  at_ += 1min;
  EXPECT_THAT(turn(), ElementsAre("https://a", "https://b"));
  ASSERT_TRUE(published());
  EXPECT_EQ(published()->size(), 3u);
}

TEST_F(Publisher, IsKnownAgainAfterAReloadAndForgottenWhenNobodyAsks) {
  answers_["https://a"] = keys(key("1"));
  auto before = jwks_.keys_of("login", {"https://a"});
  turn();
  auto after = jwks_.keys_of("login", {"https://a"});
  before = nullptr;
  EXPECT_TRUE(after());
  after = nullptr;
  at_ += 10min;
  EXPECT_THAT(turn(), IsEmpty());
}

TEST_F(Publisher, TellsHowItStands) {
  const auto published = jwks_.keys_of("login", {"https://a"});
  turn();
  EXPECT_THAT(metrics_.text(), testing::HasSubstr("creel_jwks_failing{source=\"login\"} 1"));
  answers_["https://a"] = keys(key("1"));
  at_ += 1min;
  turn();
  EXPECT_THAT(metrics_.text(), testing::HasSubstr("creel_jwks_failing{source=\"login\"} 0"));
  EXPECT_THAT(metrics_.text(),
              testing::HasSubstr("creel_jwks_fetched_timestamp_seconds{source=\"login\"} 1750003660"));
}

TEST(MergedKeys, AreRefusedWhereOneSetIsNone) {
  const std::string sets[] = {keys(key("1")), "[]"};
  const auto merged = merged_keys(sets);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error(), "what came is no set of keys");
}

}  // namespace
}  // namespace creel
