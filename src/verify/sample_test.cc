#include <creel/openai.h>
#include <creel/provider.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "verify/reading.h"
#include "verify/webhook_fixture.h"

namespace creel {
namespace {

using testing::at;

constexpr std::string_view kHexId = "000102030405060708090a0b0c0d0e0f";
constexpr auto kNow = 1750000000;
using HeaderTexts = std::vector<std::pair<std::string, std::string>>;

constexpr std::array<Sample, 2> kSamples{
    Sample{
        .type = "issue.opened",
        .body = R"({"id":"{{id}}","n":{{number}},"action":"opened","t":[{{now}},{{now_ms}},"{{now_iso}}"]})"},
    Sample{.type = "message", .body = "id={{id}}&kind=message"}};

TEST(Sample, FillsInIdAndTimes) {
  const Provider row{.name = "made-up", .title = "Made up", .samples = kSamples};
  const auto made = sample(row, "issue.opened", kHexId, at(kNow)).value();
  EXPECT_TRUE(made.body.starts_with(R"({"id":"000102030405060708090a0b0c0d0e0f","n":)")) << made.body;
  EXPECT_TRUE(made.body.ends_with(R"("t":[1750000000,1750000000000,"2025-06-15T15:06:40Z"]})")) << made.body;
  EXPECT_FALSE(made.body.contains("{{"));
  EXPECT_EQ(made.content_type, "application/json");
  EXPECT_EQ(made.headers, HeaderTexts());
  EXPECT_EQ(sample(row, "message", kHexId, at(kNow))->content_type, "application/x-www-form-urlencoded");
  EXPECT_EQ(sample(row, "other", kHexId, at(kNow)), std::nullopt);
  EXPECT_EQ(sample_types(row), (std::vector<std::string_view>{"issue.opened", "message"}));
}

TEST(Sample, SendsTypeAndIdInTheHeadersThatTheyStandIn) {
  static constexpr std::array kTypes{
      Field{.in = Field::In::header, .name = "X-Event", .prefix = {}, .qualifier = "/action"}};
  static constexpr std::array kRecipe{in_header("X-Delivery"), in_header("X-Event"), in_header("X-Part")};
  static constexpr std::array<KeyRecipe, 1> kDedupe{kRecipe};
  static constexpr std::array kNames{TypeName{.sent = "7", .type = "issue"}};
  const Provider row{.name = "made-up",
                     .title = "Made up",
                     .scheme = Scheme::signature,
                     .dedupe = kDedupe,
                     .types = kTypes,
                     .type_names = kNames,
                     .samples = kSamples,
                     .sample_id_prefix = "d_"};
  const auto made = sample(row, "issue.opened", "0f", at(kNow)).value();
  EXPECT_EQ(made.headers, (HeaderTexts{{"X-Event", "7"}, {"X-Delivery", "d_0f"}, {"X-Part", "d_0f"}}));
  EXPECT_EQ(made.provider_id, "d_0f");
}

TEST(Sample, LeavesTheIdThatIsSignedToTheSigner) {
  static constexpr std::array kRecipe{in_header("X-Id")};
  static constexpr std::array<KeyRecipe, 1> kDedupe{kRecipe};
  const Provider row{.name = "made-up",
                     .title = "Made up",
                     .scheme = Scheme::signature,
                     .signature = {.content = "{id}.{body}"},
                     .dedupe = kDedupe,
                     .samples = kSamples};
  const auto made = sample(row, "issue.opened", "0f", at(kNow)).value();
  EXPECT_EQ(made.headers, HeaderTexts());
  EXPECT_EQ(made.provider_id, "0f");
}

TEST(Sample, NamesTheIdThatStandsInItsBody) {
  static constexpr std::array kRecipe{in_body("/id"), in_body("/action")};
  static constexpr std::array kFormRecipe{in_body("/id")};
  static constexpr std::array<KeyRecipe, 2> kDedupe{kRecipe, kFormRecipe};
  const Provider row{.name = "made-up",
                     .title = "Made up",
                     .scheme = Scheme::signature,
                     .body = BodyKind::json_or_form,
                     .dedupe = kDedupe,
                     .samples = kSamples};
  EXPECT_EQ(sample(row, "issue.opened", kHexId, at(kNow))->provider_id, kHexId);
  EXPECT_EQ(sample(row, "message", kHexId, at(kNow))->provider_id, kHexId);
}

TEST(Sample, OfOpenaiIsThatOfTheLibrary) {
  const Provider& row = *find_provider("openai");
  const auto types = sample_types(row);
  EXPECT_TRUE(std::ranges::equal(types, openai::event_types()));
  const auto made = sample(row, "batch.completed", "0f", at(kNow)).value();
  EXPECT_EQ(made.body, openai::sample("batch.completed", at(kNow)));
  EXPECT_EQ(made.content_type, "application/json");
  EXPECT_EQ(made.provider_id, "wh_0f");
  EXPECT_EQ(made.headers, HeaderTexts());
  EXPECT_EQ(sample(row, "batch.done", "0f", at(kNow)), std::nullopt);
}

// As a receiver reads it: what is sampled is an event of its type, and two samples are two events.
TEST(Sample, IsReadAsTheEventThatItIs) {
  for (const Provider& row : all_providers()) {
    for (std::string_view type : sample_types(row)) {
      const auto read = [&](std::string_view id) {
        const auto made = sample(row, type, id, at(kNow)).value();
        std::vector<Header> headers{{"content-type", made.content_type}};
        for (const auto& [name, value] : made.headers)
          headers.push_back({name, value});
        const IncomingRequest request{.headers = headers, .body = made.body};
        const bool is_signed = row.scheme == Scheme::standard_webhooks;
        const auto items = read_events({.provider = row,
                                        .request = request,
                                        .proof = {.key_index = 0, .id = is_signed ? made.provider_id : ""}});
        EXPECT_TRUE(items.has_value() && !items->empty()) << row.name << ' ' << type << ' ' << made.body;
        if (!items || items->empty()) return std::string();
        EXPECT_EQ(items->front().type, type) << row.name << ' ' << made.body;
        EXPECT_EQ(items->front().provider_id, made.provider_id) << row.name << ' ' << type;
        return items->front().dedupe_key;
      };
      const std::string key = read(kHexId);
      EXPECT_EQ(key.empty(), row.without_id == WithoutId::nothing && row.dedupe.empty()) << row.name;
      if (key.empty()) continue;
      EXPECT_NE(key, read("f0e0d0c0b0a090807060504030201000")) << row.name << ' ' << type;
    }
  }
}

}  // namespace
}  // namespace creel
