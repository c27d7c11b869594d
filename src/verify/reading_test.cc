#include "verify/reading.h"

#include <gtest/gtest.h>

#include <array>

#include "verify/digest.h"
#include "verify/fields.h"
#include "verify/json.h"
#include "verify/webhook_fixture.h"

namespace creel {
namespace {

using testing::at;
using Items = std::vector<ReceivedItem>;

const Header kFormType{"content-type", "application/x-www-form-urlencoded"};

// A request to read, under a row that has a recipe in the headers, one of two fields in the body, and more.
struct Reading {
  std::vector<Header> headers;
  std::string body = "{}";
  std::string_view proof_id;
  Scheme scheme = Scheme::signature;
  BodyKind kind = BodyKind::json;
  bool is_array = false;
  bool dedupe_by_body = false;
  WithoutId without_id = WithoutId::body;

  std::expected<Items, ReceiveError> read() const {
    static constexpr std::array kHeaderId{in_header("x-delivery")};
    static constexpr std::array kBodyId{in_body("/id"), in_body("/seq")};
    static constexpr std::array<KeyRecipe, 2> kDedupe{kHeaderId, kBodyId};
    static constexpr std::array kTypes{in_header("x-event"), in_body("/type"), in_body("/object/kind")};
    static constexpr std::array kSubjects{in_body("/object/id"), in_body("/user")};
    static constexpr std::array kTimes{in_body("/time"), in_header("x-time")};
    static constexpr std::array kSignedTime{in_header("x-signed-at")};
    const Provider row{.name = "made-up",
                       .title = "Made up",
                       .scheme = scheme,
                       .signature = {.timestamp = kSignedTime},
                       .body = kind,
                       .is_array = is_array,
                       .dedupe = kDedupe,
                       .without_id = without_id,
                       .types = kTypes,
                       .subjects = kSubjects,
                       .times = kTimes};
    const IncomingRequest request{.headers = headers, .body = body};
    return read_events({.provider = row,
                        .request = request,
                        .proof = {.key_index = 0, .id = proof_id},
                        .dedupe_by_body = dedupe_by_body});
  }
  ReceivedItem one() const { return read().value().at(0); }
  std::string detail() const { return read().error().detail; }
};

std::string hash(std::string_view text) {
  return to_hex(sha256(text));
}

// --- Fields

TEST(Reading, TakesTheFirstFieldThatIsThereAndNotEmpty) {
  Reading reading{.body = R"({"type":"","object":{"kind":"order","id":7}})"};
  EXPECT_EQ(reading.one().type, "order");
  EXPECT_EQ(reading.one().subject, "7");
  reading.headers = {{"X-Event", "push"}};
  EXPECT_EQ(reading.one().type, "push");
}

TEST(Reading, MakesTextsOfNumbersAndBooleansAlone) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"12", "12"},
      {"-1", "-1"},
      {"18446744073709551615", "18446744073709551615"},
      {"1.5", "1.5"},
      {"true", "true"},
      {"false", "false"},
      {"\"caf\\u00e9\"", "caf\xc3\xa9"},
      {"null", ""},
      {"{}", ""},
      {"[1]", ""},
  };
  for (const auto& [value, text] : rows) {
    EXPECT_EQ(Reading{.body = R"({"type":)" + std::string(value) + "}"}.one().type, text) << value;
  }
}

TEST(Reading, ComposesTypes) {
  static constexpr std::array kFields{
      Field{.in = Field::In::header, .name = "x-event", .prefix = {}, .qualifier = "/action"},
      Field{.in = Field::In::body, .name = "/status", .prefix = "message.", .qualifier = {}},
      Field{.in = Field::In::body, .name = "/kind", .prefix = {}, .qualifier = "/action"}, always("event")};
  static constexpr std::array kNames{TypeName{.sent = "2", .type = "command"}};
  const auto composed = [](std::string_view body, Headers headers = {}) {
    const FieldPlaces places{.headers = headers, .json = parse_json(body).value(), .form = {}};
    return first_readable(places, kFields, kNames);
  };
  const Header event{"X-Event", "issues"};
  EXPECT_EQ(composed(R"({"action":"opened"})", Headers(&event, 1)), "issues.opened");
  EXPECT_EQ(composed(R"({"action":null})", Headers(&event, 1)), "issues");
  EXPECT_EQ(composed(R"({"status":"sent","action":"x"})"), "message.sent");
  EXPECT_EQ(composed(R"({"kind":"Issue","action":"create"})"), "Issue.create");
  EXPECT_EQ(composed(R"({"kind":2,"action":3})"), "command.3");
  EXPECT_EQ(composed(R"({"kind":3})"), "3");
  EXPECT_EQ(composed(R"({"kind":")" + std::string(255, 'x') + R"(","action":"create"})"),
            std::string(255, 'x') + ".");
  EXPECT_EQ(composed("{}"), "event");
}

TEST(Reading, ReadsTheFieldsOfAForm) {
  const Reading reading{.headers = {kFormType},
                        .body = "type=message+sent&user=%2B1555&id=1&seq=2&time=1750000000",
                        .kind = BodyKind::json_or_form};
  const ReceivedItem item = reading.one();
  EXPECT_EQ(item.type, "message sent");
  EXPECT_EQ(item.subject, "+1555");
  EXPECT_EQ(item.dedupe_key, "1\n2");
  EXPECT_EQ(item.occurred, at(1750000000));
  EXPECT_EQ(item.body, reading.body);
}

TEST(Reading, ReadsTheJsonInAFormsPayload) {
  Reading reading{.headers = {kFormType},
                  .body = "type=outer&payload=%7B%22type%22%3A%22inner%22%7D",
                  .kind = BodyKind::json_or_form};
  EXPECT_EQ(reading.one().type, "inner");
  reading.kind = BodyKind::any;
  EXPECT_EQ(reading.one().type, "inner");
  reading.body = "type=outer&payload=junk";
  EXPECT_EQ(reading.one().type, "outer");
  reading.kind = BodyKind::json_or_form;
  EXPECT_EQ(reading.detail(), "the field \"payload\" of the form in the body is not JSON that can be read");
}

TEST(Reading, TakesAFormForOneOnlyByItsContentType) {
  Reading reading{.body = "type=a", .kind = BodyKind::json_or_form};
  EXPECT_EQ(reading.read().error().cause, ReceiveCause::invalid_json);
  reading.body = R"({"type":"a"})";
  EXPECT_EQ(reading.one().type, "a");
  reading.headers = {kFormType};
  reading.kind = BodyKind::json;
  EXPECT_EQ(reading.one().type, "a");
}

// Content-Type is not signed: whoever saw an event could send it again as a form and as another event.
TEST(Reading, TakesNoFormForOneThatBeginsLikeJson) {
  for (BodyKind kind : {BodyKind::json_or_form, BodyKind::any}) {
    Reading reading{.headers = {kFormType},
                    .body = R"( {"type":"a","id":1,"seq":2,"text":"&payload={}&type=b"})",
                    .kind = kind};
    EXPECT_EQ(reading.one().type, "a");
    EXPECT_EQ(reading.one().dedupe_key, "1\n2");
  }
}

TEST(Reading, FindsItsWayPastNumbersBeyondReach) {
  Reading reading{.body = R"({"type":"\ud83d","id":123456789012345678901234567890,"seq":1,"n":1e400})"};
  EXPECT_EQ(reading.one().dedupe_key, "123456789012345678901234567890\n1");
  EXPECT_EQ(reading.one().type, "\\ud83d");
  EXPECT_EQ(reading.one().body, reading.body);
  reading.body = R"([{"id":1,"seq":1e400},{"id":2,"seq":2}])";
  reading.is_array = true;
  EXPECT_EQ(reading.read().value().size(), 2U);
  EXPECT_EQ(reading.one().dedupe_key, "1\n1e400");
  EXPECT_EQ(reading.one().body, R"({"id":1,"seq":1e400})");
  EXPECT_EQ(Reading{.body = R"({"n":1e400,"n":1})"}.detail(), "an object in the body has the same key twice");
}

TEST(Reading, AcceptsAnyBodyWhereTheRowDoes) {
  for (std::string_view body : {"", "plain", "{\"a\":", "\xff", "[1]"}) {
    const Reading reading{.headers = {{"x-event", "e"}}, .body = std::string(body), .kind = BodyKind::any};
    EXPECT_EQ(reading.one().type, "e") << body;
    EXPECT_EQ(reading.one().dedupe_key, hash(body));
  }
  std::string fields;
  for (std::size_t i = 0; i <= kFormFieldsMax; ++i)
    fields += "a&";
  Reading crowded{.headers = {kFormType}, .body = fields, .kind = BodyKind::any};
  EXPECT_EQ(crowded.one().dedupe_key, hash(fields));
  crowded.kind = BodyKind::json_or_form;
  EXPECT_EQ(crowded.detail(), "the form in the body has more than 10000 fields");
}

TEST(Reading, KeepsTypesFitToBeShown) {
  EXPECT_EQ(readable("batch.completed"), "batch.completed");
  EXPECT_EQ(readable("a\nb\x7f\x1b[1m\xc2\x85"), "a?b??[1m?");
  EXPECT_EQ(readable("\xff\xc3\xa9\xc3\xe2\x82\xac\xed\xa0\x80\xf0\x9f\x8e\xa3"),
            "?\xc3\xa9?\xe2\x82\xac???\xf0\x9f\x8e\xa3");
  EXPECT_EQ(readable(std::string(300, 'x')), std::string(256, 'x'));
  EXPECT_EQ(readable(std::string(255, 'x') + "\xc3\xa9"), std::string(255, 'x'));
  EXPECT_EQ(readable(std::string(254, 'x') + "\xc3\xa9z"), std::string(254, 'x') + "\xc3\xa9");
  EXPECT_EQ(readable(""), "");
}

TEST(Reading, PutsAHashInPlaceOfAnIdThatIsNone) {
  EXPECT_EQ(as_id("evt_1"), "evt_1");
  EXPECT_EQ(as_id("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(as_id(std::string(512, 'x')), std::string(512, 'x'));
  for (const std::string& text : {std::string(513, 'x'), std::string("a\nb"), std::string("a\xff"),
                                  std::string("\xc2\x80"), std::string("a\0", 2)}) {
    EXPECT_EQ(as_id(text), "sha256:" + hash(text));
  }
}

// --- Times

TEST(Reading, TellsTimesApartByTheirLook) {
  const std::string_view rows[] = {
      "1750000000",
      "1750000000123",
      "1750000000.9",
      "\"1750000000\"",
      "\"1750000000123\"",
      "\"1750000000.9\"",
      "\"2025-06-15T15:06:40Z\"",
      "\"2025-06-15t17:06:40.123+02:00\"",
      "\"2025-06-15 15:06:40 UTC\"",
      "\"Sun, 15 Jun 2025 15:06:40 +0000\"",
  };
  for (std::string_view time : rows) {
    const Reading reading{.headers = {{"x-time", "1"}}, .body = R"({"time":)" + std::string(time) + "}"};
    EXPECT_EQ(reading.one().occurred, at(1750000000)) << time;
  }
}

TEST(Reading, PassesOverWhatIsNoTime) {
  for (std::string_view time : {"\"\"", "\"soon\"", "-1", "1e300", "18446744073709551615", "true", "{}"}) {
    Reading reading{.body = R"({"time":)" + std::string(time) + "}"};
    EXPECT_EQ(reading.one().occurred, std::nullopt) << time;
    reading.headers = {{"x-time", "1750000000000"}};
    EXPECT_EQ(reading.one().occurred, at(1750000000)) << time;
  }
}

// --- Dedupe keys

TEST(DedupeKey, IsTheIdThatIsSigned) {
  const Reading reading{.headers = {{"x-delivery", "d1"}}, .body = R"({"id":1,"seq":2})", .proof_id = "s1"};
  EXPECT_EQ(reading.one().dedupe_key, "s1");
  EXPECT_EQ(reading.one().provider_id, "s1");
}

TEST(DedupeKey, IsMadeOfTheFirstRecipeThatIsWhole) {
  Reading reading{.body = R"({"id":"a","seq":2})"};
  EXPECT_EQ(reading.one().dedupe_key, "a\n2");
  EXPECT_EQ(reading.one().provider_id, "a");
  reading.body = R"({"id":"a","seq":""})";
  EXPECT_EQ(reading.one().dedupe_key, hash(reading.body));
  EXPECT_EQ(reading.one().provider_id, "");
}

TEST(DedupeKey, NeverJoinsTwoListsIntoOneText) {
  const auto key = [](std::string_view body) { return Reading{.body = std::string(body)}.one().dedupe_key; };
  EXPECT_NE(key(R"({"id":"a\nb","seq":"c"})"), key(R"({"id":"a","seq":"b\nc"})"));
  EXPECT_EQ(key(R"({"id":"1","seq":"2"})"), key(R"({"seq":2,"id":1,"else":0})"));
}

TEST(DedupeKey, HasTheBodyInItWhereAHeaderIsNotSigned) {
  Reading reading{.headers = {{"x-delivery", "d1"}}, .body = R"({"id":1,"seq":2})"};
  for (Scheme scheme : {Scheme::signature, Scheme::jwt}) {
    reading.scheme = scheme;
    EXPECT_EQ(reading.one().dedupe_key, "d1#" + hash(reading.body));
    EXPECT_EQ(reading.one().provider_id, "d1");
  }
  for (Scheme scheme : {Scheme::credential, Scheme::none}) {
    reading.scheme = scheme;
    EXPECT_EQ(reading.one().dedupe_key, "d1");
  }
}

TEST(DedupeKey, CanBeTheBodyAlone) {
  Reading reading{.headers = {{"x-delivery", "d1"}}, .dedupe_by_body = true};
  EXPECT_EQ(reading.one().dedupe_key, hash("{}"));
  EXPECT_EQ(reading.one().provider_id, "d1");
  reading.proof_id = "s1";
  EXPECT_EQ(reading.one().dedupe_key, hash("{}"));
  EXPECT_EQ(reading.one().provider_id, "s1");
}

TEST(DedupeKey, TellsTheSameBodyAtAnotherTimeApartWhereTheRowSaysSo) {
  Reading reading{.headers = {{"x-signed-at", "1750000000"}}, .without_id = WithoutId::time_and_body};
  EXPECT_EQ(reading.one().dedupe_key, "1750000000#" + hash("{}"));
  EXPECT_EQ(reading.one().provider_id, "");
  reading.dedupe_by_body = true;
  EXPECT_EQ(reading.one().dedupe_key, hash("{}"));
}

TEST(DedupeKey, IsNoneWithoutAnIdWhereTheRowSaysSo) {
  Reading reading{.without_id = WithoutId::nothing};
  EXPECT_EQ(reading.one().dedupe_key, "");
  reading.body = R"({"id":"1","seq":"2"})";
  EXPECT_EQ(reading.one().dedupe_key, "1\n2");
  reading = {.dedupe_by_body = true, .without_id = WithoutId::nothing};
  EXPECT_EQ(reading.one().dedupe_key, hash("{}"));
}

TEST(DedupeKey, IsBounded) {
  const std::string id(500, 'x');
  const Reading reading{.body = R"({"id":")" + id + R"(","seq":")" + id + R"("})"};
  EXPECT_EQ(reading.one().dedupe_key, "sha256:" + hash(id + '\n' + id));
  EXPECT_EQ(reading.one().provider_id, id);
}

// --- Arrays

TEST(Array, IsOneEventAnElement) {
  const Reading reading{
      .body = R"( [ {"id":1,"seq":2,"type":"open","user":"a@b"} , {"type":"click","time":1750000000}, 7 ])",
      .is_array = true};
  const Items items = reading.read().value();
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].body, R"({"id":1,"seq":2,"type":"open","user":"a@b"})");
  EXPECT_GE(items[0].body.data(), reading.body.data());
  EXPECT_LT(items[0].body.data(), reading.body.data() + reading.body.size());
  EXPECT_EQ(items[0].dedupe_key, "1\n2");
  EXPECT_EQ(items[0].provider_id, "1");
  EXPECT_EQ(items[0].type, "open");
  EXPECT_EQ(items[0].subject, "a@b");
  EXPECT_EQ(items[1].dedupe_key, hash(R"({"type":"click","time":1750000000})"));
  EXPECT_EQ(items[1].occurred, at(1750000000));
  EXPECT_EQ(items[2].body, "7");
  EXPECT_EQ(items[2].type, "");
}

TEST(Array, MayBeEmptyOrASingleObject) {
  Reading reading{.body = " [ ]", .is_array = true};
  EXPECT_TRUE(reading.read().value().empty());
  reading.body = R"({"type":"workflow"})";
  EXPECT_EQ(reading.one().type, "workflow");
  EXPECT_EQ(reading.one().body, reading.body);
}

TEST(Array, IsOneEventWhereTheRowKnowsNoArrays) {
  const Reading reading{.body = R"([{"type":"a"},{"type":"b"}])"};
  EXPECT_EQ(reading.read().value().size(), 1U);
  EXPECT_EQ(reading.one().body, reading.body);
}

TEST(Array, KeepsElementsApartThatShareAnId) {
  for (Reading reading : {Reading{.proof_id = "s1"}, Reading{.headers = {{"x-delivery", "s1"}}},
                          Reading{.headers = {{"x-delivery", "s1"}}, .scheme = Scheme::credential}}) {
    reading.is_array = true;
    reading.body = R"([{"a":1},{"a":2}])";
    const Items items = reading.read().value();
    EXPECT_EQ(items[0].dedupe_key, "s1#" + hash(R"({"a":1})"));
    EXPECT_EQ(items[1].dedupe_key, "s1#" + hash(R"({"a":2})"));
    EXPECT_EQ(items[1].provider_id, "s1");
    reading.dedupe_by_body = true;
    EXPECT_EQ(reading.one().dedupe_key, hash(R"({"a":1})"));
  }
}

TEST(Array, IsRefusedBeyondItsLimit) {
  Reading reading{.body = "[0", .is_array = true};
  for (int i = 1; i < 10'000; ++i)
    reading.body += ",0";
  reading.body += ']';
  EXPECT_EQ(reading.read().value().size(), 10'000U);
  reading.body.back() = ',';
  reading.body += "0]";
  EXPECT_EQ(reading.read().error().cause, ReceiveCause::invalid_json);
  EXPECT_EQ(reading.detail(), "the array in the body has more than 10000 events");
}

}  // namespace
}  // namespace creel
