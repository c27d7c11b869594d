#include "app/config_expand.h"

#include <gtest/gtest.h>

#include <map>

namespace creel {
namespace {

Outside outside() {
  const auto in = [](std::map<std::string, std::string, std::less<>> texts) {
    return [texts = std::move(texts)](std::string_view name) -> std::optional<std::string> {
      const auto found = texts.find(name);
      return found == texts.end() ? std::nullopt : std::optional(found->second);
    };
  };
  return {.variable = in({{"HOST", "example.com"}, {"EMPTY", ""}, {"TRICKY", "${HOST}\"\n"}}),
          .file = in({{"/run/secret", "sesame\n"}, {"/run/lines", "one\ntwo\n\n"}})};
}

TEST(Expand, PutsInVariablesDefaultsAndFiles) {
  EXPECT_EQ(expand("plain", outside()), "plain");
  EXPECT_EQ(expand("https://${HOST}/x", outside()), "https://example.com/x");
  EXPECT_EQ(expand("${HOST}${HOST}", outside()), "example.comexample.com");
  EXPECT_EQ(expand("${NONE:-fallback}", outside()), "fallback");
  EXPECT_EQ(expand("${NONE:-}", outside()), "");
  EXPECT_EQ(expand("${EMPTY:-fallback}", outside()), "fallback");
  EXPECT_EQ(expand("${EMPTY}", outside()), "");
  EXPECT_EQ(expand("${file:/run/secret}", outside()), "sesame");
  EXPECT_EQ(expand("${file:/run/lines}", outside()), "one\ntwo\n");
}

TEST(Expand, ReadsFilesAndNoFolders) {
  const Outside real = real_outside();
  EXPECT_EQ(real.file("/proc/self/comm").has_value(), true);
  EXPECT_EQ(real.file("/dev/null"), "");
  EXPECT_EQ(real.file("/"), std::nullopt);
  EXPECT_EQ(real.file("/none"), std::nullopt);
  EXPECT_TRUE(real.exists("/"));
  EXPECT_FALSE(real.exists("/none"));
}

TEST(Expand, TwoDollarsAreOne) {
  EXPECT_EQ(expand("$$5", outside()), "$5");
  EXPECT_EQ(expand("$${HOST}", outside()), "${HOST}");
}

TEST(Expand, LeavesALoneDollarToLanguagesThatWriteIt) {
  EXPECT_EQ(expand("{\"$eq\":\"5$\"}", outside(), LoneDollar::stays), "{\"$eq\":\"5$\"}");
  EXPECT_EQ(expand("$${HOST} $$ ${HOST}$", outside(), LoneDollar::stays), "${HOST} $ example.com$");
  EXPECT_EQ(expand("${HOST", outside(), LoneDollar::stays).error(), "a ${ without its }");
}

TEST(Expand, DoesNotExpandWhatItPutIn) {
  EXPECT_EQ(expand("${TRICKY}", outside()), "${HOST}\"\n");
}

TEST(Expand, SaysWhatIsMissing) {
  EXPECT_EQ(expand("${NONE}", outside()).error(),
            "the environment variable NONE is not set; ${NONE:-} would stand for nothing then");
  EXPECT_EQ(expand("${file:/none}", outside()).error(), "cannot read the file /none of ${file:/none}");
  EXPECT_EQ(expand("$HOST", outside()).error(),
            "a $ that stands alone; write $$ for a dollar, ${NAME} for a variable");
  EXPECT_EQ(expand("5$", outside()).error(),
            "a $ that stands alone; write $$ for a dollar, ${NAME} for a variable");
  EXPECT_EQ(expand("${HOST", outside()).error(), "a ${ without its }");
  EXPECT_EQ(expand("${a b}", outside()).error(), "\"a b\" is not the name of a variable");
  EXPECT_EQ(expand("${}", outside()).error(), "\"\" is not the name of a variable");
}

TEST(ExpressionName, NamesATextThatIsOneExpression) {
  EXPECT_EQ(expression_name("${HOST}"), "HOST");
  EXPECT_EQ(expression_name("${HOST:-x}"), "HOST");
  EXPECT_EQ(expression_name("${file:/run/secret}"), "/run/secret");
  EXPECT_EQ(expression_name("x${HOST}"), "");
  EXPECT_EQ(expression_name("${HOST}${HOST}"), "");
  EXPECT_EQ(expression_name("whsec_abc"), "");
}

}  // namespace
}  // namespace creel
