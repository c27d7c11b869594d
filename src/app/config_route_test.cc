#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_fixture.h"

namespace creel {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// Two destinations, one of them with a secret of its own, and then what a test says of routes. The first line
// of `lines` is line 6.
std::string file(std::string_view lines) {
  return "[destinations.app]\nurl = 'https://app.example/'\n[destinations.copy]\nurl = 'https://c.example/'\n"
         "[[routes]]\n" +
         std::string(lines);
}
// With what every route needs; the first line of `lines` is line 8.
std::string route(std::string_view lines) {
  return file("from = 'openai'\nto = ['app', 'copy']\n" + std::string(lines));
}

Route loaded(std::string toml, Machine machine = {}) {
  const auto result = machine.load(std::move(toml));
  EXPECT_THAT(texts_of(result), IsEmpty());
  return result.config && !result.config->routes.empty() ? result.config->routes[0] : Route{};
}

std::string problem(std::string toml, Machine machine = {}) {
  const auto result = machine.load(std::move(toml));
  EXPECT_FALSE(result.config);
  const auto texts = texts_of(result);
  EXPECT_EQ(texts.size(), 1u) << testing::PrintToString(texts);
  return texts.empty() ? "" : texts.front();
}

std::vector<std::string> warnings(std::string toml, Machine machine = {}) {
  const auto result = machine.load(std::move(toml));
  EXPECT_TRUE(result.config) << testing::PrintToString(texts_of(result));
  return texts_of(result);
}

constexpr std::string_view kTransform = "function(event) event.body.data = nil return event end";

// --- What a route says
// ---------------------------------------------------------------------------------------------

TEST(RouteConfig, MaySayNothingButFromAndTo) {
  const Route route = loaded(file("from = ['openai']\nto = ['app', 'copy']"));
  EXPECT_EQ(route, (Route{.name = "route 1", .from = {"openai"}, .to = {"app", "copy"}}));
}

TEST(RouteConfig, MaySayEverything) {
  const Route route =
      loaded(file("name = 'paid'\nfrom = 'openai'\ntypes = ['batch.*', 'response.completed']\n"
                  "filter = { body = { data = { id = { '$startsWith' = 'batch_' } } } }\n"
                  "transform = '" +
                  std::string(kTransform) + "'\nto = ['app', 'copy']"));
  EXPECT_EQ(route, (Route{.name = "paid",
                          .from = {"openai"},
                          .types = {"batch.*", "response.completed"},
                          .filter = R"({"body":{"data":{"id":{"$startsWith":"batch_"}}}})",
                          .transform = std::string(kTransform),
                          .to = {"app", "copy"}}));
}

TEST(RouteConfig, MaySayOneTypeWithoutAList) {
  EXPECT_THAT(loaded(route("types = 'batch.*'")).types, ElementsAre("batch.*"));
}

TEST(RouteConfig, IsCalledByItsPlaceWithoutAName) {
  const auto result =
      Machine{}.load(file("name = 'first'\nfrom = 'openai'\nto = 'app'\n"
                          "[[routes]]\nfrom = 'openai'\nto = 'copy'"));
  ASSERT_TRUE(result.config);
  EXPECT_EQ(result.config->routes.at(1).name, "route 2");
}

TEST(RouteConfig, OfAFlagComesFirstAndChangesNoOtherName) {
  Machine machine;
  machine.flags.forward_to = "http://127.0.0.1:1/";
  const auto result = machine.load(file("from = 'openai'\nto = ['app', 'copy']"));
  ASSERT_TRUE(result.config);
  ASSERT_EQ(result.config->routes.size(), 2u);
  EXPECT_EQ(result.config->routes[0].name, "--forward-to");
  EXPECT_EQ(result.config->routes[1].name, "route 1");
}

// --- Filters
// -------------------------------------------------------------------------------------------------------

TEST(FilterConfig, IsTheSameAsATableOfAnyShape) {
  const std::string_view tables[] = {
      "filter = { body = { type = 'a', n = { '$gte' = 5 } } }",
      "filter.body = { type = 'a', n.'$gte' = 5 }",
      "[routes.filter.body]\ntype = 'a'\n[routes.filter.body.n]\n'$gte' = 5",
  };
  for (const std::string_view table : tables)
    EXPECT_EQ(loaded(route(table)).filter, R"({"body":{"type":"a","n":{"$gte":5}}})") << table;
}

TEST(FilterConfig, WritesEveryKindOfValueAsJson) {
  EXPECT_EQ(
      loaded(
          route(
              R"(filter = { body = { a = [1, -2.5, true, "x"], "b\"\\" = "\u0001é\n", c = 1.0, d = 1e300 } })"))
          .filter,
      R"({"body":{"a":[1,-2.5,true,"x"],"b\"\\":"\u0001é\u000a","c":1,"d":1e+300}})");
}

TEST(FilterConfig, MayBeAJsonText) {
  constexpr std::string_view kJson = R"({ "body": { "data": { "id": { "$startsWith": "batch_" } } } })";
  EXPECT_EQ(loaded(route("filter = '" + std::string(kJson) + "'")).filter, kJson);
  EXPECT_EQ(loaded(route("filter = '''\n" + std::string(kJson) + "'''")).filter, kJson);
}

TEST(FilterConfig, PutsInVariablesAndFilesAndLeavesOtherDollarsAlone) {
  Machine machine;
  machine.variables["TENANT"] = "t\"1";
  machine.files["/etc/filter.json"] = R"({"body":{"price":{"$eq":"$5 ${TENANT}"}}})";
  EXPECT_EQ(loaded(route("filter = { body = { tenant = '${TENANT}', price = '$5', other = '$$' } }"), machine)
                .filter,
            R"({"body":{"tenant":"t\"1","price":"$5","other":"$"}})");
  EXPECT_EQ(loaded(route("filter = '${file:/etc/filter.json}'"), machine).filter,
            machine.files["/etc/filter.json"]);
}

TEST(FilterConfig, IsWrongAtTheKeyThatIsWrong) {
  EXPECT_THAT(
      problem(route("[routes.filter.body.data]\nid = { '$statsWith' = 'x' }")),
      AllOf(StartsWith("creel.toml:9:8: filter: body.data.id.$statsWith: "), HasSubstr("$statsWith")));
  EXPECT_THAT(problem(route("[routes.filter]\nbody = {}\nboddy = {}")),
              AllOf(StartsWith("creel.toml:10:1: filter: "), HasSubstr("boddy")));
}

TEST(FilterConfig, OfATextSaysWhereInIt) {
  EXPECT_THAT(problem(route(R"(filter = '{"body":{"id":{"$statsWith":"x"}}}')")),
              AllOf(StartsWith("creel.toml:8:10: filter: body.id.$statsWith: "), HasSubstr("$statsWith")));
  EXPECT_THAT(problem(route("filter = { '$or' = [ { body.a = 1 },\n { body.a.'$statsWith' = 1 } ] }")),
              StartsWith("creel.toml:9:11: filter: $or.1.body.a.$statsWith: "));
  EXPECT_THAT(problem(route("filter = '{'")), StartsWith("creel.toml:8:10: filter: "));
}

TEST(FilterConfig, HasNoValuesThatJsonHasNot) {
  EXPECT_EQ(problem(route("filter = { body = { at = 2026-01-01T00:00:00Z } }")),
            "creel.toml:8:26: filter: JSON has no date or time; write it as a text, as it stands in events");
  EXPECT_EQ(problem(route("filter = { body = { at = [inf] } }")),
            "creel.toml:8:27: filter: JSON has no inf or nan; write it as a text, as it stands in events");
  EXPECT_EQ(problem(route("filter = 5")),
            "creel.toml:8:10: filter must be a table or a JSON text, not an integer");
  EXPECT_EQ(
      problem(route("filter = { body = { id = '${NONE}' } }")),
      "creel.toml:8:26: the environment variable NONE is not set; ${NONE:-} would stand for nothing then");
}

// --- Transforms
// ----------------------------------------------------------------------------------------------------

TEST(TransformConfig, MayStandInAFile) {
  Machine machine;
  machine.files["/etc/app.lua"] = std::string(kTransform) + "\n";
  EXPECT_EQ(loaded(route("transform = '${file:/etc/app.lua}'"), machine).transform, kTransform);
  EXPECT_EQ(problem(route("transform = '${file:/none}'")),
            "creel.toml:8:13: cannot read the file /none of ${file:/none}");
}

TEST(TransformConfig, KeepsTheDollarsOfItsPatterns) {
  constexpr std::string_view kLua = "function(event) event.body = event.body:match('^a$') return event end";
  EXPECT_EQ(loaded(route("transform = \"" + std::string(kLua) + "\"")).transform, kLua);
}

TEST(TransformConfig, IsWrongAtItsLineOfTheFile) {
  const std::string_view texts[] = {
      "transform = '''\nfunction(event)\n  local x = = 1\n  return event\nend'''",
      "transform = \"\"\"\nfunction(event)\n  local x = = 1\n  return event\nend\"\"\"",
  };
  for (const std::string_view text : texts) {
    EXPECT_THAT(problem(route(text)), AllOf(StartsWith("creel.toml:10:3: transform: "), HasSubstr("line 2")))
        << text;
  }
  EXPECT_THAT(problem(route("transform = '''function(event)\n  local x = = 1\nend'''")),
              StartsWith("creel.toml:9:3: transform: "));
  EXPECT_THAT(problem(route("transform = 'function(event) x = = 1 end'")),
              StartsWith("creel.toml:8:14: transform: "));
}

TEST(TransformConfig, ThatWasPutTogetherIsWrongWhereItStands) {
  Machine machine;
  machine.files["/etc/app.lua"] = "function(event)\n  local x = = 1\nend\n";
  machine.variables["TWO_LINES"] = "-- one\n-- two\n";
  EXPECT_THAT(problem(route("transform = '${file:/etc/app.lua}'"), machine),
              AllOf(StartsWith("creel.toml:8:13: transform (/etc/app.lua): "), HasSubstr("line 2")));
  // Its lines are not the file's.
  EXPECT_THAT(problem(route("transform = '''\n${TWO_LINES}function(event)\nlocal x = = 1\nend'''"), machine),
              StartsWith("creel.toml:8:13: transform: "));
  EXPECT_THAT(problem(route("transform = \"function(event)\\n  local x = = 1\\nend\"")),
              StartsWith("creel.toml:8:13: transform: "));
}

TEST(TransformConfig, SaysSomething) {
  EXPECT_EQ(problem(route("transform = ' '")),
            "creel.toml:8:13: transform is empty: leave it out when events go as they are");
  EXPECT_EQ(problem(route("transform = 5")), "creel.toml:8:13: transform must be a string, not an integer");
}

// --- Mistakes
// ------------------------------------------------------------------------------------------------------

TEST(RouteConfig, NamesWhatIsWrong) {
  EXPECT_EQ(problem(route("name = 'a b'")),
            "creel.toml:8:8: a name is made of 1 to 64 letters, digits, - and _");
  EXPECT_EQ(
      problem(route("types = 'eval.*'\nname = 'a'\n[[routes]]\nname = 'a'\nfrom = 'openai'\nto = 'app'")),
      "creel.toml:11:8: another route is called \"a\" already");
  EXPECT_EQ(problem(route("types = []")),
            "creel.toml:8:9: types is empty: leave it out when a route takes all types");
  EXPECT_EQ(problem(route("types = [1]")),
            "creel.toml:8:10: every element of types must be a string, not an integer");
  EXPECT_EQ(problem(route("filters = {}")),
            "creel.toml:8:1: unknown key \"filters\" in [[routes]]; did you mean \"filter\"?");
}

// --- Warnings
// ------------------------------------------------------------------------------------------------------

TEST(RouteWarning, NamesTheTypeThatWasProbablyMeant) {
  EXPECT_THAT(warnings(route("types = ['batch.complete', 'bacth.*', '*.completed', 'invoice.paid']")),
              ElementsAre("creel.toml:8:10: warning: no event type that OpenAI is known to send is "
                          "\"batch.complete\"; did you mean \"batch.completed\"?",
                          "creel.toml:8:28: warning: no event type that OpenAI is known to send is "
                          "\"bacth.*\"; did you mean \"batch.*\"?",
                          "creel.toml:8:54: warning: no event type that OpenAI is known to send is "
                          "\"invoice.paid\""));
}

TEST(RouteWarning, KnowsNoTypesOfASourceThatMayHaveAny) {
  EXPECT_THAT(
      warnings(
          file("from = ['openai', 'mine']\ntypes = 'bacth.*'\nto = ['app', 'copy']\n"
               "[sources.openai]\n[sources.mine]\nprovider = 'token'\nsecrets = ['s3cret']\nid = '/id'\n")),
      IsEmpty());
}

TEST(RouteWarning, TellsThatAnEarlierRouteTakesEverything) {
  const std::string_view earlier[] = {
      "",
      "types = ['batch.*', 'response.completed']",
      "types = '*'",
      "filter = { body = { a = 1 } }",
      "filter = { body = { a = 1 } }\ntypes = 'batch.*'",
  };
  for (const std::string_view lines : earlier) {
    EXPECT_THAT(
        warnings(route(std::string(lines) + "\n[[routes]]\nfrom = 'openai'\nto = 'app'\n"
                                            "types = 'batch.completed'\nfilter = { body = { a = 1 } }")),
        ElementsAre(HasSubstr(" warning: route 2 never decides: earlier routes take all of its events to "
                              "all of its destinations")))
        << lines;
  }
}

TEST(RouteWarning, TellsWhichDestinationAnEarlierRouteDecidesAbout) {
  EXPECT_THAT(
      warnings(file("name = 'all'\nfrom = 'openai'\nto = 'app'\n"
                    "[[routes]]\nfrom = 'openai'\nto = ['copy', 'app']\ntypes = 'batch.*'")),
      ElementsAre("creel.toml:11:15: warning: destination \"app\" gets these events of \"openai\" by an "
                  "earlier route, all, which decides"));
}

TEST(RouteWarning, IsSilentWhereRoutesOverlap) {
  const std::string_view earlier[] = {
      "types = 'batch.completed'",
      "types = 'batch.?'",
      "filter = { body = { a = 2 } }",
      "types = '*'\nfilter = { body = { a = 2 } }",
  };
  for (const std::string_view lines : earlier) {
    EXPECT_THAT(warnings(route(std::string(lines) + "\n[[routes]]\nfrom = 'openai'\nto = 'app'\n"
                                                    "types = 'batch.*'\nfilter = { body = { a = 1 } }")),
                Not(testing::Contains(HasSubstr("earlier route"))))
        << lines;
  }
}

TEST(RouteWarning, TellsOfANameThatStandsTwice) {
  EXPECT_THAT(warnings(file("from = ['openai', 'openai']\nto = ['app', 'copy', 'app']")),
              ElementsAre("creel.toml:6:19: warning: source \"openai\" is named twice",
                          "creel.toml:7:22: warning: destination \"app\" is named twice"));
}

TEST(RouteWarning, TellsThatASignatureWillNotFitWhatATransformMakes) {
  const std::string transform = "transform = '" + std::string(kTransform) + "'\n";
  EXPECT_THAT(
      warnings("[destinations.app]\nurl = 'https://app.example/'\nsign = 'original'\n[[routes]]\n"
               "from = 'openai'\nto = 'app'\n" +
               transform),
      ElementsAre(HasSubstr("creel.toml:7:13: warning: destination \"app\" gets the provider's signature "
                            "as it came (sign = \"original\")")));
  const std::string_view key =
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/"
      "7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
  EXPECT_THAT(warnings("[sources.sendgrid]\nsecrets = ['" + std::string(key) +
                       "']\n[destinations.app]\nurl = 'https://app.example/'\nsign = 'none'\n[[routes]]\n"
                       "from = 'sendgrid'\nto = 'app'\n" +
                       transform),
              IsEmpty());
}

TEST(RouteWarning, TellsThatCreelCannotSignWhatATransformMakes) {
  Machine machine;
  machine.files["jwks.json"] = R"({"keys":[]})";
  EXPECT_THAT(
      warnings("[sources.login]\nprovider = 'fusionauth'\nalgorithms = ['RS256']\njwks = "
               "'https://login.example/keys'\n[destinations.app]\nurl = 'https://app.example/'\n[[routes]]\n"
               "from = 'login'\nto = 'app'\ntransform = '" +
                   std::string(kTransform) + "'\n",
               machine),
      ElementsAre(HasSubstr("creel.toml:10:13: warning: creel cannot sign as source \"login\" does")));
}

}  // namespace
}  // namespace creel
