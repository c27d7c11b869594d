// Filters that users of other gateways bring, with what they mean there.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "rules/filter.h"

namespace creel {
namespace {

struct Case {
  std::string_view value, filter;
  bool matches;
};

bool matches(std::string_view filter, std::string_view body, std::string_view head = "") {
  const auto parsed = Filter::parse(filter);
  EXPECT_TRUE(parsed) << filter << ": "
                      << (parsed ? "" : parsed.error().where + " " + parsed.error().message);
  RuleScratch scratch;
  return parsed && parsed->matches({.source = "s", .type = "t", .head = head, .body = body}, scratch);
}

void expect(std::initializer_list<Case> cases) {
  for (const Case& row : cases) {
    const std::string filter(row.filter);
    EXPECT_EQ(matches(R"({"body":)" + filter + "}", row.value), row.matches) << filter << " of " << row.value;
    EXPECT_EQ(matches(R"({"body":{"$not":)" + filter + "}}", row.value), !row.matches)
        << "not " << filter << " of " << row.value;
  }
}

// The behaviour that the tests of Hookdeck's library simple-json-match and of its port in Outpost state, all
// but that 5 is not "5" (JavaScript's comparison), that what is no use as an operand is refused, and that an
// empty filter of a part asks nothing.
TEST(FilterCompat, MeansWhatItMeansAtHookdeckAndOutpost) {
  expect({
      {R"({})", R"({"type":"created"})", false},
      {R"({"type":1})", R"({"type":"created"})", false},
      {R"({"count":1,"type":"created"})", R"({"count":1})", true},
      {R"({"count":1})", R"({"count":1,"type":"created"})", false},
      {R"({"count":0})", R"({"count":{"$lt":1}})", true},
      {R"({"count":4})", R"({"count":{"$gt":1,"$lt":3}})", false},
      {R"({"title":"c"})", R"({"title":{"$gt":"b"}})", true},
      {R"({"type":{"something":"created"}})", R"({"type":1})", false},
      {R"({"tags":["test","other"]})", R"({"tags":"test"})", true},
      {R"({"items":[{"sku":"test"}]})", R"({"items":{"sku":"test"}})", true},
      {R"({"items":[{"inventory":9},{"inventory":11}]})", R"({"items":{"inventory":{"$lte":10}}})", true},
      {R"({"items":[{"inventory":12},{"inventory":11}]})", R"({"items":{"inventory":{"$lte":10}}})", false},
      {R"({"tags":["test","other","more"]})", R"({"tags":["test","other"]})", true},
      {R"({"tags":["test","other","more"]})", R"({"tags":["test","whatever"]})", false},
      {R"({"tags":["test","other"]})", R"({"tags":{"$eq":["test","other"]}})", true},
      {R"({"tags":["test","other","more"]})", R"({"tags":{"$eq":["test","other"]}})", false},
      {"[1,2,3]", "3", true},
      {"[1,2,3]", R"([{"$eq":3}])", true},
      {"[1,2,3]", R"([{"$eq":4}])", false},
      {"[1,2,3]", R"({"$eq":3})", false},
      {R"({"exist":null})", R"({"exist":null})", true},
      {R"({"exist":null})", R"({"exist":false})", false},
      {R"({"exist":null})", R"({"exist":{"$neq":null}})", false},
      {"10", R"({"$gte":5})", true},
      {R"({"test":true})", "true", false},
      {R"({"test":"some-text"})", R"({"test":{"something":"text"}})", false},
      {R"({"test":{"more":true}})", R"({"test":{"$startsWith":"text"}})", false},
      {R"({"test":"some-text"})", R"({"test":{"$startsWith":["some","else"]}})", true},
      {R"({"test":"some-text"})", R"({"test":{"$endsWith":["some","else"]}})", false},
      {R"({"test":"some-text","id":123})", R"({"test":{"$in":"text"},"id":{"$in":[123,456]}})", true},
      {R"({"test":"some-text","id":123})", R"({"test":{"$in":["some","text"]}})", false},
      {R"({"test":"some-text"})", R"({"test":{"$nin":"some"}})", false},
      {R"({"tags":["test","something"]})", R"({"tags":{"$nin":"test"}})", false},
      {"1", R"({"$or":[1,2]})", true},
      {"1", R"({"$and":[1,2]})", false},
      {R"({"test":{"something":"else"}})",
       R"({"test":{"$or":[{"something":true},{"something":{"$in":"else"}}]}})", true},
      {R"({"test":{"something":null}})",
       R"({"test":{"$and":[{"something":{"$neq":null}},{"something":{"$in":"else"}}]}})", false},
      {R"({"test1":"else"})", R"({"test":{"$exist":false}})", true},
      {R"({"test1":"else"})", R"({"test":{"$exist":true}})", false},
      {R"({"test":{"test1":"else1"}})", R"({"test":{"test1":{"$exist":true,"$or":["else","not"]}}})", false},
      {R"({"test":{"test1":"else","test2":"not"}})",
       R"({"test":{"test1":{"$exist":true,"$or":["else","not"]},"$and":[{"test1":"else"},{"test2":"not"}]}})",
       true},
      {R"({"test":{"test1":{"test3":"else"}}})", R"({"test":{"test1":{"test2":{"$exist":false}}}})", true},
      {R"({"test":{"test3":"else"}})",
       R"({"$or":[{"test":{"test1":{"$exist":true}}},{"test":{"test2":{"$exist":false}}}]})", true},
      {R"({"test":{"test1":"else","test2":"not"}})",
       R"({"$not":{"test":{"test1":"else2"}},"$and":[{"test":{"test1":"else"}},{"test":{"test2":"not"}}]})",
       true},
      {R"({"test":{"test1":"else","test2":"not"}})",
       R"({"$not":{"test":{"test1":{"$exist":true}}},"$or":[{"test":{"test3":{"$exist":true}}}]})", false},
      {R"({"a":1})", R"({"a":{}})", false},
  });
}

TEST(FilterCompat, ReadsTheReferencesOfHookdeck) {
  expect({
      {R"({"test":true,"test2":true})", R"({"test2":{"$ref":"test"}})", true},
      {R"({"test":true,"test2":false})", R"({"test2":{"$ref":"test"}})", false},
      {R"({"test":1,"test2":2})", R"({"test2":{"$gt":{"$ref":"test"}}})", true},
      {R"({"types":["something","else"],"test2":"else"})", R"({"types":{"$ref":"test2"}})", true},
      {R"({"types":["something","else"],"test2":"else"})", R"({"test2":{"$ref":"types[1]"}})", true},
      {R"({"current":{"something":true},"another":{"thing":true}})",
       R"({"another":{"thing":{"$ref":"current.something"}}})", true},
      {R"({"test":[{"a":2,"b":1},{"a":2,"b":2}]})", R"({"test":{"a":{"$eq":{"$ref":"test[$index].b"}}}})",
       true},
      {R"({"test":[{"a":2,"b":1},{"a":3,"b":2}]})", R"({"test":{"a":{"$eq":{"$ref":"test[$index].b"}}}})",
       false},
      {R"({"test":[{"a":2,"b":1},{"a":2,"b":2}]})",
       R"({"$or":[{"test":{"a":{"$eq":{"$ref":"test[$index].b"}}}}]})", true},
      {R"({"test":[{"a":[{"b":3,"c":3}]},{"a":[{"b":2,"c":3}]}]})",
       R"({"test":{"a":{"b":{"$ref":"test[$index].a[$index].c"}}}})", true},
      {R"({"test":[{"a":[{"b":3,"c":4}]},{"a":[{"b":2,"c":3}]}]})",
       R"({"test":{"a":{"b":{"$ref":"test[$index].a[$index].c"}}}})", false},
      {R"([{"a":2,"b":1},{"a":2,"b":2}])", R"({"a":{"$eq":{"$ref":"[$index].b"}}})", true},
      {R"({"current":{"a":"a"},"previous":{"a":"test"}})",
       R"({"current":{"$and":[{"a":{"$neq":null}},{"a":{"$neq":{"$ref":"previous.a"}}}]}})", true},
      {R"({"variants":[{"updated_at":"2020-05-20","created_at":"2020-04-20"},
                       {"updated_at":"2020-04-20","created_at":"2020-04-20"}]})",
       R"({"variants":{"updated_at":{"$ref":"variants[$index].created_at"}}})", true},
      {R"({"inventory":0,"old_inventory":10})", R"({"inventory":{"$lte":{"$ref":"old_inventory"}}})", true},
  });
}

// From Hookdeck's documentation of filters.
TEST(FilterCompat, TakesHookdecksExamplesForItsFourParts) {
  constexpr std::string_view kHead = "POST /webhooks/shop?region=eu HTTP/1.1\r\nX-Webhook-Source: stripe\r\n";
  constexpr std::string_view kSlack =
      R"({"event":{"type":"message","subtype":"bot_message"},"team_id":"team3","amount":100})";
  EXPECT_TRUE(matches(R"({"path":{"$in":"/webhooks"}})", "{}", kHead));
  EXPECT_TRUE(matches(R"({"path":{"$not":{"$in":"/health"}}})", "{}", kHead));
  EXPECT_TRUE(matches(R"({"headers":{"x-webhook-source":"stripe"},"query":{"region":"eu"}})", "{}", kHead));
  EXPECT_TRUE(matches(R"({"body":{"amount":{"$and":[{"$gte":100},{"$lte":500}]}}})", kSlack, kHead));
  constexpr std::string_view kFilter = R"({"body":{"event":{"type":"message"},"$not":{"$or":[
      {"event":{"subtype":{"$or":["message_changed","message_deleted"]}}},{"team_id":{"$or":["team1","team2"]}}]}}})";
  EXPECT_TRUE(matches(kFilter, kSlack, kHead));
  EXPECT_FALSE(matches(kFilter, R"({"event":{"type":"message"},"team_id":"team1"})", kHead));
}

// From the guide to filters in Outpost's portal; "data" is the body here.
TEST(FilterCompat, TakesOutpostsExamples) {
  expect({
      {R"({"amount":250})", R"({"amount":{"$gte":100,"$lt":500}})", true},
      {R"({"type":"order.updated"})", R"({"type":{"$in":["order.created","order.updated"]}})", true},
      {R"({"email":"ann@example.com"})", R"({"email":{"$endsWith":"@example.com"}})", true},
      {R"({"status":"active"})", R"({"status":{"$not":{"$in":["cancelled","refunded"]}}})", true},
      {R"({"status":"refunded"})", R"({"status":{"$not":{"$in":["cancelled","refunded"]}}})", false},
      {R"({"tags":["urgent","support"]})", R"({"tags":"urgent"})", true},
  });
}

// The behaviour that the tests of Convoy's package "compare" state, regular expressions apart.
TEST(FilterCompat, MeansWhatItMeansAtConvoy) {
  constexpr std::string_view kCities = R"({"cities":["lagos","ibadan","agodi"],"type":"weekly",
      "temperatures":[30,12,39.9,10],"person":{"age":12}})";
  constexpr std::string_view kList = R"([{"event":"meetup"},
      {"venues":[{"lagos":["ikeja","lekki"]},{"ibadan":["bodija","dugbe"]}]},
      {"speakers":[{"name":"raymond"},{"name":"subomi"}]}])";
  constexpr std::string_view kData = R"({"data":[{"event":"meetup"},{"venue":"test"},
      {"speakers":[{"name":"raymond"},{"name":"subomi"}]}],"swag":"hoodies"})";
  expect({
      {kCities, R"({"$and":[{"person.age":{"$gte":10}},{"type":"weekly"},{"cities":"lagos"}]})", true},
      {kCities, R"({"$or":[{"type":"monthly"},{"cities":"lagos"}]})", true},
      {kCities, R"({"$and":[{"person.age":{"$gte":10}},{"$or":[{"type":"x"},{"cities":"lagos"}]}]})", true},
      {kCities, R"({"person.age":{"$gte":13}})", false},
      {kCities, R"({"person":{"age":{"$exist":true}}})", true},
      {kCities, R"({"person.name":{"$exist":false}})", true},
      {kCities, R"({"friend.name":{"$exist":false}})", true},
      {kList, R"({"$.venues.$.lagos":"ikeja"})", true},
      {kList, R"({"$.venues.$.lagos":"ikeja","$.speakers.$.name":"subomi"})", true},
      {kList, R"({"$.venues.$.lagos":"bariga"})", false},
      {kList, R"({"$or":[{"$.venues.$.lagos":"ifako"},{"$.venues.$.ibadan":"dugbe"}]})", true},
      {kData, R"({"data.$.event":"meetup","data.$.venue":"test"})", true},
      {kData, R"({"data.$.speakers.$.name":"raymond","swag":"hoodies"})", true},
      {kData, R"({"data.$.speakers.$.name":"tunde"})", false},
      {kData, R"({"data.0.event":"meetup"})", true},
      {kData, R"({"data.1.event":"meetup"})", false},
      {R"({"person":{"name":"subomi"}})", R"({"person":{"name":{"$in":["subomi","daniel"]}}})", true},
      {R"({"person":{"name":"raymond"}})", R"({"person":{"name":{"$nin":["subomi","daniel"]}}})", true},
      {R"({"person":{"name":["subomi","daniel"]}})", R"({"person":{"name":"subomi"}})", true},
      {R"({"type":"invoice"})", R"({"customer":{"$exist":false}})", true},
      {R"({"type":"invoice"})", R"({"customer":{"$exist":false,"$eq":"alice"}})", false},
      {R"({"type":"invoice"})", R"({"type":"invoice","customer":{}})", false},
      {R"({"type":"invoice"})", R"({"$or":[{"type":"invoice","customer":"alice"},{"type":"payment"}]})",
       false},
      {R"({"a.b":1,"a":{"b":2}})", R"({"a.b":1})", true},
      {R"({"a":{"b":2}})", R"({"a.b":2})", true},
      {R"({"$set":{"b":2}})", R"({"$.$set":{"b":2}})", true},
  });
  EXPECT_TRUE(matches(R"({"body":{},"headers":{}})", "{}")) << "as Convoy stores a filter that asks nothing";
}

}  // namespace
}  // namespace creel
