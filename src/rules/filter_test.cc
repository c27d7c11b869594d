// The filter language: every operator over every kind of value, and what it says of filters it cannot read.
#include "rules/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace creel {
namespace {

struct Case {
  std::string_view filter, value;
  bool matches;
};

// Asks one filter about one event, and its opposite about the same.
class FilterTest : public testing::Test {
 protected:
  bool matches(std::string_view filter, const RuleInput& event) {
    const bool matches = matches_alone(filter, event);
    EXPECT_EQ(matches_alone("{\"$not\":" + std::string(filter) + "}", event), !matches) << filter;
    return matches;
  }
  bool body_matches(std::string_view filter, std::string_view body) {
    return matches(R"({"body":)" + std::string(filter) + "}",
                   {.source = "s", .type = "t", .head = kHead, .body = body});
  }
  bool head_matches(std::string_view filter, std::string_view head) {
    return matches(filter, {.source = "s", .type = "t", .head = head, .body = "{}"});
  }
  void expect_bodies(std::initializer_list<Case> cases) {
    for (const Case& row : cases)
      EXPECT_EQ(body_matches(row.filter, row.value), row.matches) << row.filter << " asked of " << row.value;
  }
  void expect_heads(std::initializer_list<Case> cases) {
    for (const Case& row : cases)
      EXPECT_EQ(head_matches(row.filter, row.value), row.matches) << row.filter << " asked of " << row.value;
  }

  static constexpr std::string_view kHead =
      "POST /webhooks/openai?a=1 HTTP/1.1\r\nHost: example.org\r\nContent-Type: application/json\r\n";

 private:
  bool matches_alone(std::string_view filter, const RuleInput& event) {
    const auto parsed = Filter::parse(filter);
    if (!parsed) {
      ADD_FAILURE() << filter << ": " << parsed.error().where << " " << parsed.error().message;
      return false;
    }
    return parsed->matches(event, scratch_);
  }

  RuleScratch scratch_;
};

TEST_F(FilterTest, MatchesAValueByItself) {
  expect_bodies({
      {R"({"a":"x"})", R"({"a":"x"})", true},
      {R"({"a":"x"})", R"({"a":"X"})", false},
      {R"({"a":"x"})", R"({"b":"x"})", false},
      {R"({"a":"x"})", R"({})", false},
      {R"({"a":"x"})", R"({"a":1})", false},
      {R"({"a":"x"})", R"({"a":{"a":"x"}})", false},
      {R"({"a":""})", R"({"a":""})", true},
      {R"({"a":"é😀"})", R"({"a":"\u00e9\ud83d\ude00"})", true},
      {R"({"a":1})", R"({"a":1})", true},
      {R"({"a":1})", R"({"a":1.0})", true},
      {R"({"a":1})", R"({"a":"1"})", false},
      {R"({"a":"1"})", R"({"a":1})", false},
      {R"({"a":true})", R"({"a":true})", true},
      {R"({"a":true})", R"({"a":false})", false},
      {R"({"a":true})", R"({"a":1})", false},
      {R"({"a":true})", R"({"a":"true"})", false},
      {R"({"a":null})", R"({"a":null})", true},
      {R"({"a":null})", R"({"a":0})", false},
      {R"({"a":null})", R"({})", false},
      {"5", "5", true},
      {R"("x")", R"("x")", true},
      {"null", "null", true},
      {"5", R"({"a":5})", false},
  });
}

TEST_F(FilterTest, MatchesAnObjectThatHasMoreFields) {
  expect_bodies({
      {R"({"a":{"b":{"c":1}}})", R"({"x":0,"a":{"y":0,"b":{"c":1,"z":0}}})", true},
      {R"({"a":{"b":{"c":1}}})", R"({"a":{"b":{"c":2}}})", false},
      {R"({"a":1,"b":2})", R"({"b":2,"a":1})", true},
      {R"({"a":1,"b":2})", R"({"a":1})", false},
      {R"({"a":{}})", R"({"a":{"b":1}})", true},
      {R"({"a":{}})", R"({"a":{}})", true},
      {R"({"a":{}})", R"({"a":1})", false},
      {R"({"a":{}})", R"({})", false},
      {R"({"a":{"b":1}})", R"({"a":1})", false},
  });
}

TEST_F(FilterTest, MatchesAnArrayByItsElements) {
  expect_bodies({
      {R"({"a":"x"})", R"({"a":["y","x"]})", true},
      {R"({"a":"x"})", R"({"a":["y"]})", false},
      {R"({"a":"x"})", R"({"a":[]})", false},
      {R"({"a":"x"})", R"({"a":[["x"]]})", true},
      {R"({"a":null})", R"({"a":[1,null]})", true},
      {R"({"a":["x","y"]})", R"({"a":["y","z","x"]})", true},
      {R"({"a":["x","y"]})", R"({"a":["x","z"]})", false},
      {R"({"a":["x"]})", R"({"a":"x"})", false},
      {R"({"a":[]})", R"({"a":[1]})", true},
      {R"({"a":[{"$startsWith":"x"}]})", R"({"a":["y","xy"]})", true},
      {R"({"a":{"b":1}})", R"({"a":[{"b":2},{"b":1}]})", true},
      {R"({"a":{"b":1,"c":1}})", R"({"a":[{"b":1},{"c":1}]})", false},
      {R"({"a":{"b":1,"c":1}})", R"({"a":[{"b":1,"c":1}]})", true},
      {R"({"a":[{"b":1},{"c":1}]})", R"({"a":[{"b":1},{"c":1}]})", true},
      {R"({"a":{"b":{"$gt":5}}})", R"({"a":[{"b":1},{"b":6}]})", true},
      {R"({"a":{"$and":[{"b":1},{"c":1}]}})", R"({"a":[{"b":1},{"c":1}]})", false},
      {R"({"a":{"$not":"x"}})", R"({"a":["y"]})", true},
      {R"({"a":{"$not":"x"}})", R"({"a":["y","x"]})", false},
      {R"({"a":{"b":1,"$not":{"c":1}}})", R"({"a":[{"b":1,"c":1},{"b":1,"c":2}]})", true},
      {R"({"b":1})", R"([{"b":1}])", true},
  });
}

TEST_F(FilterTest, EqAndNeqCompareWhole) {
  expect_bodies({
      {R"({"a":{"$eq":"x"}})", R"({"a":"x"})", true},
      {R"({"a":{"$eq":"x"}})", R"({"a":["x"]})", false},
      {R"({"a":{"$eq":["x",{"b":1}]}})", R"({"a":["x",{"b":1.0}]})", true},
      {R"({"a":{"$eq":["x","y"]}})", R"({"a":["y","x"]})", false},
      {R"({"a":{"$eq":["x"]}})", R"({"a":["x","y"]})", false},
      {R"({"a":{"$eq":["x","y"]}})", R"({"a":["x"]})", false},
      {R"({"a":{"$eq":{"b":1,"c":2}}})", R"({"a":{"c":2,"b":1}})", true},
      {R"({"a":{"$eq":{"b":1}}})", R"({"a":{"b":1,"c":2}})", false},
      {R"({"a":{"$eq":{"b":1,"c":2}}})", R"({"a":{"b":1}})", false},
      {R"({"a":{"$eq":null}})", R"({"a":null})", true},
      {R"({"a":{"$eq":null}})", R"({})", false},
      {R"({"a":{"$neq":"x"}})", R"({"a":"y"})", true},
      {R"({"a":{"$neq":"x"}})", R"({"a":"x"})", false},
      {R"({"a":{"$neq":"x"}})", R"({"a":1})", true},
      {R"({"a":{"$neq":"x"}})", R"({"a":["x"]})", true},
      {R"({"a":{"$neq":"x"}})", R"({})", false},
      {R"({"a":{"$neq":null}})", R"({"a":null})", false},
      {R"({"a":{"$neq":null}})", R"({"a":0})", true},
  });
}

TEST_F(FilterTest, OrdersNumbersByWhatTheyAreWorth) {
  expect_bodies({
      {R"({"a":{"$gt":5}})", R"({"a":6})", true},
      {R"({"a":{"$gt":5}})", R"({"a":5})", false},
      {R"({"a":{"$gte":5}})", R"({"a":5})", true},
      {R"({"a":{"$gte":5}})", R"({"a":4.999})", false},
      {R"({"a":{"$lt":5}})", R"({"a":-7})", true},
      {R"({"a":{"$lt":5}})", R"({"a":5})", false},
      {R"({"a":{"$lte":5}})", R"({"a":5.0})", true},
      {R"({"a":{"$lte":5}})", R"({"a":5.5})", false},
      {R"({"a":{"$gt":1,"$lt":3}})", R"({"a":2})", true},
      {R"({"a":{"$gt":1,"$lt":3}})", R"({"a":3})", false},
      {R"({"a":9007199254740993})", R"({"a":9007199254740992})", false},
      {R"({"a":9007199254740993})", R"({"a":9007199254740992.0})", false},
      {R"({"a":{"$gt":9007199254740992.0}})", R"({"a":9007199254740993})", true},
      {R"({"a":18446744073709551615})", R"({"a":18446744073709551615})", true},
      {R"({"a":18446744073709551615})", R"({"a":18446744073709551614})", false},
      {R"({"a":{"$gt":9223372036854775807}})", R"({"a":9223372036854775808})", true},
      {R"({"a":{"$lt":0}})", R"({"a":18446744073709551615})", false},
      {R"({"a":{"$lt":1e300}})", R"({"a":18446744073709551615})", true},
      {R"({"a":{"$gt":-1e300}})", R"({"a":-9223372036854775808})", true},
      {R"({"a":-9223372036854775808})", R"({"a":-9223372036854775808.0})", true},
      {R"({"a":9223372036854775807})", R"({"a":9223372036854775808.0})", false},
      {R"({"a":{"$lt":0}})", R"({"a":-0.5})", true},
      {R"({"a":0})", R"({"a":-0.0})", true},
      {R"({"a":{"$lt":18446744073709551615}})", R"({"a":-0.5})", true},
  });
}

TEST_F(FilterTest, OrdersStringsByTheirBytesAndNothingElse) {
  expect_bodies({
      {R"({"a":{"$gt":"b"}})", R"({"a":"c"})", true},
      {R"({"a":{"$gt":"b"}})", R"({"a":"B"})", false},
      {R"({"a":{"$gte":"b"}})", R"({"a":"b"})", true},
      {R"({"a":{"$lt":"b"}})", R"({"a":"a"})", true},
      {R"({"a":{"$lte":"2026-01-01"}})", R"({"a":"2025-12-31T23:59:59Z"})", true},
      {R"({"a":{"$gt":"z"}})", R"({"a":"é"})", true},
      {R"({"a":{"$gt":5}})", R"({"a":"6"})", false},
      {R"({"a":{"$gt":"5"}})", R"({"a":6})", false},
      {R"({"a":{"$gte":0}})", R"({"a":null})", false},
      {R"({"a":{"$gte":0}})", R"({"a":true})", false},
      {R"({"a":{"$gte":0}})", R"({"a":[1]})", false},
      {R"({"a":{"$gte":0}})", R"({})", false},
  });
}

TEST_F(FilterTest, InAndNinLookIntoListsArraysAndStrings) {
  expect_bodies({
      {R"({"a":{"$in":["x","y"]}})", R"({"a":"y"})", true},
      {R"({"a":{"$in":["x","y"]}})", R"({"a":"z"})", false},
      {R"({"a":{"$in":["xy"]}})", R"({"a":"x"})", false},
      {R"({"a":{"$in":[1,2]}})", R"({"a":2.0})", true},
      {R"({"a":{"$in":[1,2]}})", R"({"a":"2"})", false},
      {R"({"a":{"$in":[null]}})", R"({"a":null})", true},
      {R"({"a":{"$in":["x","y"]}})", R"({"a":["z","y"]})", true},
      {R"({"a":{"$in":["x","y"]}})", R"({"a":["z"]})", false},
      {R"({"a":{"$in":["x","y"]}})", R"({"a":{"x":1}})", false},
      {R"({"a":{"$in":"ell"}})", R"({"a":"hello"})", true},
      {R"({"a":{"$in":"ell"}})", R"({"a":"help"})", false},
      {R"({"a":{"$in":"ell"}})", R"({"a":["ell"]})", true},
      {R"({"a":{"$in":"ell"}})", R"({"a":["hello"]})", false},
      {R"({"a":{"$in":5}})", R"({"a":[4,5]})", true},
      {R"({"a":{"$in":5}})", R"({"a":5})", false},
      {R"({"a":{"$in":["x"]}})", R"({})", false},
      {R"({"a":{"$nin":["x","y"]}})", R"({"a":"z"})", true},
      {R"({"a":{"$nin":["x","y"]}})", R"({"a":"x"})", false},
      {R"({"a":{"$nin":["x","y"]}})", R"({"a":7})", true},
      {R"({"a":{"$nin":["x","y"]}})", R"({"a":null})", true},
      {R"({"a":{"$nin":["x","y"]}})", R"({"a":["z"]})", true},
      {R"({"a":{"$nin":["x","y"]}})", R"({"a":["z","x"]})", false},
      {R"({"a":{"$nin":["x","y"]}})", R"({"a":{}})", false},
      {R"({"a":{"$nin":["x","y"]}})", R"({})", false},
      {R"({"a":{"$nin":"ell"}})", R"({"a":"help"})", true},
      {R"({"a":{"$nin":"ell"}})", R"({"a":"hello"})", false},
      {R"({"a":{"$nin":"ell"}})", R"({"a":5})", false},
      {R"({"a":{"$nin":"x"}})", R"({"a":["x"]})", false},
  });
}

TEST_F(FilterTest, LooksAtTheEndsAndTheInsideOfStrings) {
  expect_bodies({
      {R"({"a":{"$startsWith":"batch_"}})", R"({"a":"batch_1"})", true},
      {R"({"a":{"$startsWith":"batch_"}})", R"({"a":"batch"})", false},
      {R"({"a":{"$startsWith":""}})", R"({"a":""})", true},
      {R"({"a":{"$startsWith":["x","y"]}})", R"({"a":"yes"})", true},
      {R"({"a":{"$startsWith":["x","y"]}})", R"({"a":"no"})", false},
      {R"({"a":{"$startsWith":[]}})", R"({"a":"no"})", false},
      {R"({"a":{"$startsWith":"1"}})", R"({"a":12})", false},
      {R"({"a":{"$startsWith":"x"}})", R"({"a":["x"]})", false},
      {R"({"a":{"$startsWith":"x"}})", R"({})", false},
      {R"({"a":{"$endsWith":".failed"}})", R"({"a":"batch.failed"})", true},
      {R"({"a":{"$endsWith":".failed"}})", R"({"a":"failed"})", false},
      {R"({"a":{"$endsWith":["d","e"]}})", R"({"a":"abode"})", true},
      {R"({"a":{"$endsWith":"x"}})", R"({"a":null})", false},
      {R"({"a":{"$contains":"b"}})", R"({"a":"abc"})", true},
      {R"({"a":{"$contains":"x"}})", R"({"a":"abc"})", false},
      {R"({"a":{"$contains":"b"}})", R"({"a":["a","b"]})", true},
      {R"({"a":{"$contains":"b"}})", R"({"a":["abc"]})", false},
      {R"({"a":{"$contains":5}})", R"({"a":[5.0]})", true},
      {R"({"a":{"$contains":["a","b"]}})", R"({"a":["b","c","a"]})", true},
      {R"({"a":{"$contains":["a","b"]}})", R"({"a":["b","c"]})", false},
      {R"({"a":{"$contains":["a","c"]}})", R"({"a":"abc"})", true},
      {R"({"a":{"$contains":"a"}})", R"({"a":{"a":1}})", false},
      {R"({"a":{"$contains":5}})", R"({"a":5})", false},
  });
}

TEST_F(FilterTest, ExistTellsAMissingFieldFromNull) {
  expect_bodies({
      {R"({"a":{"$exist":true}})", R"({"a":null})", true},
      {R"({"a":{"$exist":true}})", R"({"a":[]})", true},
      {R"({"a":{"$exist":true}})", R"({"a":{}})", true},
      {R"({"a":{"$exist":true}})", R"({"b":1})", false},
      {R"({"a":{"$exist":false}})", R"({"b":1})", true},
      {R"({"a":{"$exist":false}})", R"({"a":null})", false},
      {R"({"a":{"b":{"$exist":false}}})", R"({"a":{}})", true},
      {R"({"a":{"b":{"$exist":false}}})", R"({"a":{"b":0}})", false},
      {R"({"a":{"b":{"$exist":false}}})", R"({})", false},
      {R"({"a":{"b":{"$exist":false}}})", R"({"a":1})", false},
      {R"({"a.b":{"$exist":false}})", R"({})", true},
      {R"({"a":{"$exist":true,"$startsWith":"x"}})", R"({"a":"xy"})", true},
      {R"({"a":{"$exist":true,"$startsWith":"x"}})", R"({"a":"y"})", false},
      {R"({"a":{"$exist":false,"$eq":"x"}})", R"({})", false},
      {R"({"a":{"$exist":false}})", R"([{"a":1},{}])", true},
  });
}

// Neither a comparison nor its opposite says anything of a field that is not there; $exist does.
TEST_F(FilterTest, OfAMissingFieldOnlyExistSaysAnything) {
  expect_bodies({
      {R"({"a":{"$not":"x"}})", R"({})", false},
      {R"({"$not":{"a":"x"}})", R"({})", true},
      {R"({"a":{"$not":{"$in":["x"]}}})", R"({})", false},
      {R"({"a":{"$not":{"$exist":true}}})", R"({})", true},
      {R"({"a":{"$not":{"$exist":false}}})", R"({})", false},
      {R"({"a":{"$or":[{"$exist":false},"x"]}})", R"({})", true},
      {R"({"a":{"$or":[{"$exist":false},"x"]}})", R"({"a":"x"})", true},
      {R"({"a":{"$or":[{"$exist":false},"x"]}})", R"({"a":"y"})", false},
      {R"({"a":{"$and":[{"$exist":false},{"$not":{"$exist":true}}]}})", R"({})", true},
      {R"({"a":{"$and":[{"$exist":false},{"$not":"x"}]}})", R"({})", false},
      {R"({"a":{"$not":{"b":1}}})", R"({})", false},
      {R"({"a":{"$not":{"b":1}}})", R"({"a":{}})", true},
  });
}

TEST_F(FilterTest, OrAndAndNotCombineConditionsAtEveryLevel) {
  expect_bodies({
      {R"({"$or":[{"a":1},{"b":2}]})", R"({"b":2})", true},
      {R"({"$or":[{"a":1},{"b":2}]})", R"({"b":1})", false},
      {R"({"$and":[{"a":1},{"b":2}]})", R"({"a":1,"b":2})", true},
      {R"({"$and":[{"a":1},{"b":2}]})", R"({"a":1})", false},
      {R"({"$not":{"a":1}})", R"({"a":2})", true},
      {R"({"$not":{"a":1}})", R"({"a":1})", false},
      {R"({"c":3,"$or":[{"a":1},{"b":2}],"$not":{"d":4}})", R"({"c":3,"b":2})", true},
      {R"({"c":3,"$or":[{"a":1},{"b":2}],"$not":{"d":4}})", R"({"c":3,"b":2,"d":4})", false},
      {R"({"a":{"$or":["x","y"]}})", R"({"a":"y"})", true},
      {R"({"a":{"$or":["x",{"$gt":5}]}})", R"({"a":6})", true},
      {R"({"a":{"$or":["x","y"]}})", R"({"a":["z","y"]})", true},
      {R"({"a":{"$and":[{"$gte":1},{"$lt":5}]}})", R"({"a":3})", true},
      {R"({"a":{"$and":[{"$gte":1},{"$lt":5}]}})", R"({"a":5})", false},
      {R"({"a":{"$and":["x","y"]}})", R"({"a":["x","y"]})", true},
      {R"({"a":{"$not":{"$not":"x"}}})", R"({"a":"x"})", true},
      {R"({"$not":{"$or":[{"a":1},{"a":2}]}})", R"({"a":3})", true},
  });
  const RuleInput event{.source = "s", .type = "t", .head = kHead, .body = R"({"a":1})"};
  EXPECT_TRUE(matches(R"({"$or":[{"body":{"a":2}},{"path":"/webhooks/openai"}]})", event));
  EXPECT_FALSE(matches(R"({"$and":[{"body":{"a":2}},{"path":"/webhooks/openai"}]})", event));
  EXPECT_FALSE(matches(R"({"body":{"a":1},"headers":{"host":"other"}})", event));
  EXPECT_TRUE(matches(R"({"body":{"a":1},"$not":{"headers":{"host":"other"}}})", event));
}

TEST_F(FilterTest, RefNamesAnotherFieldOfThePart) {
  expect_bodies({
      {R"({"a":{"$ref":"b.c"}})", R"({"a":1,"b":{"c":1}})", true},
      {R"({"a":{"$ref":"b.c"}})", R"({"a":1,"b":{"c":2}})", false},
      {R"({"a":{"$ref":"$.b"}})", R"({"a":1,"b":1})", true},
      {R"({"a":{"$ref":"b.c"}})", R"({"a":1,"b.c":1})", true},
      {R"({"a":{"$gt":{"$ref":"b"}}})", R"({"a":2,"b":1})", true},
      {R"({"a":{"$lte":{"$ref":"b"}}})", R"({"a":2,"b":1})", false},
      {R"({"a":{"$neq":{"$ref":"b"}}})", R"({"a":2,"b":2})", false},
      {R"({"a":{"$neq":{"$ref":"b"}}})", R"({"a":2})", true},
      {R"({"a":{"$ref":"b"}})", R"({"a":null})", true},
      {R"({"a":{"$ref":"b"}})", R"({})", false},
      {R"({"a":{"$startsWith":{"$ref":"b"}}})", R"({"a":"xyz","b":"xy"})", true},
      {R"({"a":{"$in":{"$ref":"b"}}})", R"({"a":"x","b":["y","x"]})", true},
      {R"({"a":{"$nin":{"$ref":"b"}}})", R"({"a":"x","b":["y","x"]})", false},
      {R"({"a":{"$ref":"b[1]"}})", R"({"a":"x","b":["y","x"]})", true},
      {R"({"a":{"$ref":"b[2]"}})", R"({"a":"x","b":["y","x"]})", false},
      {R"({"a":{"$ref":"b[1][0].c"}})", R"({"a":"x","b":[0,[{"c":"x"}]]})", true},
      {R"({"a":{"$eq":{"$ref":"b"}}})", R"({"a":{"x":[1,2]},"b":{"x":[1,2.0]}})", true},
  });
  EXPECT_TRUE(
      head_matches(R"({"headers":{"X-A":{"$ref":"x-b"}}})", "POST / HTTP/1.1\r\nx-a: 1\r\nX-B: 1\r\n"));
}

TEST_F(FilterTest, AsksOfHeadersWithoutRegardToTheCaseOfTheirNames) {
  constexpr std::string_view kHeaders =
      "POST /a HTTP/1.1\r\nX-Event:  push \r\nX-Count: 12\r\nX-Tag: a\r\nx-tag: b\r\nX-Empty:\r\n";
  expect_heads({
      {R"({"headers":{"x-event":"push"}})", kHeaders, true},
      {R"({"headers":{"X-EVENT":"push"}})", kHeaders, true},
      {R"({"headers":{"X-Event":"Push"}})", kHeaders, false},
      {R"({"headers":{"x-event":{"$startsWith":"pu"}}})", kHeaders, true},
      {R"({"headers":{"x-count":12}})", kHeaders, true},
      {R"({"headers":{"x-count":"12"}})", kHeaders, true},
      {R"({"headers":{"x-count":{"$gt":9}}})", kHeaders, true},
      {R"({"headers":{"x-count":{"$gt":"9"}}})", kHeaders, false},
      {R"({"headers":{"x-event":{"$gt":9}}})", kHeaders, false},
      {R"({"headers":{"x-count":{"$in":[11,12]}}})", kHeaders, true},
      {R"({"headers":{"x-tag":"b"}})", kHeaders, true},
      {R"({"headers":{"x-tag":"c"}})", kHeaders, false},
      {R"({"headers":{"x-tag":["b","a"]}})", kHeaders, true},
      {R"({"headers":{"x-tag":{"$eq":["a","b"]}}})", kHeaders, true},
      {R"({"headers":{"x-tag":{"$eq":["a"]}}})", kHeaders, false},
      {R"({"headers":{"x-tag":{"$eq":["a","b","c"]}}})", kHeaders, false},
      {R"({"headers":{"x-tag":{"$contains":"a"}}})", kHeaders, true},
      {R"({"headers":{"x-event":["push"]}})", kHeaders, true},
      {R"({"headers":{"x-empty":""}})", kHeaders, true},
      {R"({"headers":{"x-none":{"$exist":false}}})", kHeaders, true},
      {R"({"headers":{"x-none":""}})", kHeaders, false},
      {R"({"headers":{"x-event":true}})", "POST /a HTTP/1.1\r\nx-event: true\r\n", false},
      {R"({"headers":{"x.event":"1"}})", "POST /a HTTP/1.1\r\nx.event: 1\r\n", true},
      {R"({"headers":{"$eq":{"A":"1","b":["2","3"]}}})", "GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nB: 3\r\n", true},
      {R"({"headers":{"$eq":{"a":"1"}}})", "GET / HTTP/1.1\r\na: 1\r\nb: 2\r\n", false},
      {R"({"headers":{"$eq":{"a":"1","b":"2"}}})", "GET / HTTP/1.1\r\na: 1\r\n", false},
      {R"({"headers":{}})", "", true},
      {R"({"headers":{"a":"b"}})", "", false},
  });
}

TEST_F(FilterTest, AsksOfTheQueryDecoded) {
  constexpr std::string_view kQuery =
      "POST /a?type=a%20b+c&n=5&tag=x&tag=y&flag&empty=&bad=%zz%4&hub.mode=subscribe&%6Bey=1 HTTP/1.1\r\n";
  expect_heads({
      {R"({"query":{"type":"a b c"}})", kQuery, true},
      {R"({"query":{"n":5}})", kQuery, true},
      {R"({"query":{"n":{"$lt":10}}})", kQuery, true},
      {R"({"query":{"tag":"y"}})", kQuery, true},
      {R"({"query":{"tag":["x","y"]}})", kQuery, true},
      {R"({"query":{"Tag":"y"}})", kQuery, false},
      {R"({"query":{"flag":""}})", kQuery, true},
      {R"({"query":{"empty":""}})", kQuery, true},
      {R"({"query":{"bad":"%zz%4"}})", kQuery, true},
      {R"({"query":{"hub.mode":"subscribe"}})", kQuery, true},
      {R"({"query":{"key":"1"}})", kQuery, true},
      {R"({"query":{"none":{"$exist":false}}})", kQuery, true},
      {R"({"query":{"a":1}})", "POST /a HTTP/1.1\r\n", false},
      {R"({"query":{}})", "POST /a HTTP/1.1\r\n", true},
  });
}

TEST_F(FilterTest, AsksOfThePathWithoutItsQuery) {
  constexpr std::string_view kLine = "POST /webhooks/openai?a=1 HTTP/1.1\r\n";
  expect_heads({
      {R"({"path":"/webhooks/openai"})", kLine, true},
      {R"({"path":"/webhooks"})", kLine, false},
      {R"({"path":{"$startsWith":"/webhooks/"}})", kLine, true},
      {R"({"path":{"$in":"openai"}})", kLine, true},
      {R"({"path":{"$not":{"$in":"/health"}}})", kLine, true},
      {R"({"path":{"$or":["/a","/webhooks/openai"]}})", kLine, true},
      {R"({"path":"/a"})", "POST http://example.org/a?b=c HTTP/1.1\r\n", true},
      {R"({"path":"/a%20b"})", "POST /a%20b HTTP/1.1\r\n", true},
      {R"({"path":""})", "", true},
  });
}

TEST_F(FilterTest, AsksOfAFormAsOfAnObjectOfTexts) {
  constexpr std::string_view kFormHead =
      "POST / HTTP/1.1\r\ncontent-type: Application/X-WWW-Form-Urlencoded; charset=utf-8\r\n";
  const RuleInput form{.source = "s", .type = "t", .head = kFormHead, .body = "a=1&b=x%26y&b=z&c="};
  EXPECT_TRUE(matches(R"({"body":{"a":1,"b":"x&y","c":""}})", form));
  EXPECT_TRUE(matches(R"({"body":{"b":["z"]}})", form));
  EXPECT_FALSE(matches(R"({"body":{"b":{"$startsWith":"x"}}})", form));
  EXPECT_FALSE(matches(R"({"body":{"a.b":1}})", form));
  EXPECT_TRUE(
      matches(R"({"body":{"a":1}})", {.source = "s", .type = "t", .head = kFormHead, .body = R"({"a":1})"}))
      << "it begins like JSON";
}

TEST_F(FilterTest, AsksOfAnyOtherBodyAsOfOneText) {
  expect_bodies({
      {R"("hello")", "hello", true},
      {R"({"$contains":"<id>5</id>"})", "<a><id>5</id></a>", true},
      {R"({"$startsWith":"<"})", "<a/>", true},
      {R"({"a":"b"})", R"({"a":"b")", false},
      {R"({"a":{"$exist":false}})", "a=b", false},
      {R"({"$eq":""})", "", true},
      {R"({})", "anything", true},
  });
}

// Numbers beyond 64 bits and halves of surrogate pairs are in bodies that others accept, so creel does.
TEST_F(FilterTest, ReadsWhatOtherWritersMakeOfJson) {
  expect_bodies({
      {R"({"b":"x"})", R"({"a":123456789012345678901234567890,"b":"x"})", true},
      {R"({"a":{"$gt":1e28}})", R"({"a":123456789012345678901234567890,"b":"x"})", true},
      {R"({"b":"x"})", R"({"a":"cut \ud83d","b":"x"})", true},
      {R"({"b":"x"})", R"({"a":"cut \ud83d","b":"y"})", false},
      {R"({"b":"x"})", R"({"a":12345678901234567890123,"b":"x")", false},
  });
}

TEST_F(FilterTest, TakesTheFirstOfKeysThatComeTwice) {
  expect_bodies({
      {R"({"a":1})", R"({"a":1,"a":2})", true},
      {R"({"a":2})", R"({"a":1,"a":2})", false},
      {R"({"x":{"$eq":{"a":1}}})", R"({"x":{"a":1,"a":2}})", true},
  });
}

TEST_F(FilterTest, AsksNothingOfAPartWithAnEmptyFilter) {
  EXPECT_TRUE(matches("{}", {.source = "s", .type = "t", .head = "", .body = ""}));
  EXPECT_TRUE(matches(R"({"body":{},"headers":{},"query":{},"path":{}})",
                      {.source = "s", .type = "t", .head = "", .body = "[1]"}));
}

TEST_F(FilterTest, SaysNoToWhatItCannotRead) {
  expect_bodies({
      {R"({"a":1})", "", false},
      {R"({"a":1})", R"({"a":1} x)", false},
      {R"({"a":1})", "{\"a\":1,\"b\":\"\xff\"}", false},
  });
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  EXPECT_FALSE(body_matches(R"({"a":1})", deep));
}

TEST_F(FilterTest, ReadsTheNextEventAnew) {
  const auto filter = Filter::parse(R"({"body":{"a":1},"headers":{"b":"1"},"query":{"c":"1"}})");
  RuleScratch scratch;
  const std::string_view head = "POST /?c=1 HTTP/1.1\r\nb: 1\r\n";
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(filter->matches({.source = "s", .type = "t", .head = head, .body = R"({"a":1})"}, scratch));
    EXPECT_FALSE(filter->matches({.source = "s", .type = "t", .head = head, .body = R"({"a":2})"}, scratch));
    EXPECT_FALSE(filter->matches(
        {.source = "s", .type = "t", .head = "POST /?c=2 HTTP/1.1\r\nb: 1\r\n", .body = R"({"a":1})"},
        scratch));
    EXPECT_FALSE(filter->matches(
        {.source = "s", .type = "t", .head = "POST /?c=1 HTTP/1.1\r\nb: 2\r\n", .body = R"({"a":1})"},
        scratch));
    const std::string large = R"({"a":1,"x":")" + std::string(5 << 20, 'x') + "\"}";
    EXPECT_TRUE(filter->matches({.source = "s", .type = "t", .head = head, .body = large}, scratch));
  }
}

TEST(FilterErrors, SayWhereAndWhatToWriteInstead) {
  const struct {
    std::string_view filter, where, message;
  } rows[] = {
      {"", "", "is not JSON"},
      {"{", "", "is not JSON"},
      {R"({"body":1} x)", "", "is not JSON"},
      {"[]", "", R"(such as {"body": {"type": "a"}})"},
      {R"("x")", "", "a filter is an object"},
      {R"({"data":{"id":1}})", "data", R"(write {"body": {"data": …}})"},
      {R"({"header":{"a":1}})", "header", "body, headers, query and path"},
      {R"({"body":{"id":{"$regex":"^a"}}})", "body.id.$regex", "write $startsWith"},
      {R"({"body":{"id":{"$ne":"a"}}})", "body.id.$ne", "write $neq"},
      {R"({"body":{"id":{"$exists":true}}})", "body.id.$exists", "write $exist"},
      {R"({"body":{"id":{"$foo":1}}})", "body.id.$foo", "is no operator; there are $eq, "},
      {R"({"body":{"$schema":"x"}})", "body.$schema", "is no operator"},
      {R"({"$eq":{"body":1}})", "$eq", "is no operator"},
      {R"({"body":{"a":{"$gt":[1]}}})", "body.a.$gt", "takes a number or a string"},
      {R"({"body":{"a":{"$lt":null}}})", "body.a.$lt", "takes a number or a string"},
      {R"({"body":{"a":{"$in":{"b":1}}}})", "body.a.$in", "a list of values"},
      {R"({"body":{"a":{"$startsWith":5}}})", "body.a.$startsWith", "takes a string or a list of strings"},
      {R"({"body":{"a":{"$endsWith":["x",5]}}})", "body.a.$endsWith", "takes a string or a list of strings"},
      {R"({"body":{"a":{"$contains":{"b":1}}}})", "body.a.$contains", "write the object itself"},
      {R"({"body":{"a":{"$exist":"yes"}}})", "body.a.$exist", "takes true or false"},
      {R"({"body":{"a":{"$or":"x"}}})", "body.a.$or", "takes a list of at least one condition"},
      {R"({"body":{"$and":[]}})", "body.$and", "takes a list of at least one condition"},
      {R"({"$or":[{"body":1},{"bdy":1}]})", "$or.1.bdy", "is no part of an event"},
      {R"({"$not":5})", "$not", "a filter is an object"},
      {R"({"body":{"a":1,"b":2,"a":3}})", "body", "\"a\" stands here twice"},
      {R"({"body":{"a":{"$ref":5}}})", "body.a.$ref", "takes the path of another field"},
      {R"({"body":{"a":{"$eq":{"$ref":"a[x]"}}}})", "body.a.$eq.$ref", "is no path"},
      {R"({"body":{"a":{"$ref":"a..b"}}})", "body.a.$ref", "is no path"},
      {R"({"body":{"a":{"$ref":"a."}}})", "body.a.$ref", "is no path"},
      {R"({"body":{"a":{"$ref":"a[0]b"}}})", "body.a.$ref", "is no path"},
      {R"({"body":{"a.$":"x"}})", "body.a.$", "leave \".$\" away"},
      {R"({"headers":{"$.a":"x"}})", "headers.$.a", "is no operator"},
  };
  for (const auto& row : rows) {
    const auto filter = Filter::parse(row.filter);
    ASSERT_FALSE(filter) << row.filter;
    EXPECT_EQ(filter.error().where, row.where) << row.filter;
    EXPECT_THAT(filter.error().message, testing::HasSubstr(row.message)) << row.filter;
  }
}

TEST(FilterErrors, BoundWhatAFilterMayBe) {
  const auto nested = [](std::size_t levels) {
    std::string filter = R"({"body":)";
    for (std::size_t i = 0; i < levels; ++i)
      filter += R"({"$not":)";
    return filter + "1" + std::string(levels + 1, '}');
  };
  EXPECT_TRUE(Filter::parse(nested(62)));
  EXPECT_EQ(Filter::parse(nested(64)).error().message, "is nested deeper than 64 levels");
  EXPECT_EQ(Filter::parse(R"({"body":")" + std::string(65536, 'x') + "\"}").error().message,
            "is larger than 64 KiB");
}

}  // namespace
}  // namespace creel
