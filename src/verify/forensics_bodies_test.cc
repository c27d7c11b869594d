// What was done to a body on its way: each case signs one body and lets another arrive.
#include <gtest/gtest.h>

#include "verify/forensics_fixture.h"

namespace creel {
namespace {

using testing::Case;
using testing::kSecret;

// What is said when `sent` was signed and `arrived` came.
Finding explain(const std::string& sent, const std::string& arrived) {
  Case request = Case::openai();
  request.now = testing::at(1'750'861'210);
  request.body = arrived;
  const testing::TestWebhook webhook;
  request["webhook-signature"] = Signer(*Secret::parse(kSecret)).sign(webhook.id, webhook.now, sent);
  return request.first();
}
std::string_view kind(const std::string& sent, const std::string& arrived) {
  return to_text(explain(sent, arrived).kind);
}

constexpr const char* kCompact = R"({"b":1,"a":[1.50,{"c":"x"}],"e":{},"f":[]})";
constexpr const char* kSpaced = R"({"b": 1, "a": [1.50, {"c": "x"}], "e": {}, "f": []})";
constexpr const char* kIndent2 =
    "{\n  \"b\": 1,\n  \"a\": [\n    1.50,\n    {\n      \"c\": \"x\"\n    }\n  ],\n  \"e\": {},\n  \"f\": "
    "[]\n}";
constexpr const char* kIndent4 =
    "{\n    \"b\": 1,\n    \"a\": [\n        1.50,\n        {\n            \"c\": \"x\"\n        }\n    ],\n "
    "   \"e\": {},\n    \"f\": []\n}";
constexpr const char* kSorted = R"({"a":[1.50,{"c":"x"}],"b":1,"e":{},"f":[]})";

TEST(ForensicsOfBodies, FindsABodyThatWasWrittenAgain) {
  for (const char* sent : {kCompact, kSpaced, kIndent2, kIndent4}) {
    for (const char* arrived : {kCompact, kSpaced, kIndent2, kIndent4}) {
      if (sent != arrived) {
        EXPECT_EQ(kind(sent, arrived), "body_reserialised") << sent << arrived;
      }
    }
    EXPECT_EQ(kind(sent, "{ \"b\" : 1 ,\"a\":[ 1.50,{\"c\":\"x\"}],\r\n\"e\":{ },\"f\":[\t]}"),
              "body_reserialised");
  }
  EXPECT_EQ(explain(kSpaced, kCompact).text,
            "the body was parsed and written again: the signature is right for it with spaces after commas "
            "and colons, as Python writes it");
  EXPECT_EQ(explain(kCompact, kSpaced).label, "current");
}

TEST(ForensicsOfBodies, FindsKeysThatWereSorted) {
  EXPECT_EQ(kind(kSorted, kCompact), "body_reserialised");
  EXPECT_NE(explain(kSorted, kIndent2).text.find("with its keys sorted"), std::string::npos);
  EXPECT_EQ(kind(kCompact, kSorted), "unexplained") << "no order leads back";
}

TEST(ForensicsOfBodies, FindsANewlineAfterABodyThatWasWrittenAgain) {
  EXPECT_EQ(kind(std::string(kIndent2) + "\n", kCompact), "body_reserialised");
}

TEST(ForensicsOfBodies, FindsOtherEscapes) {
  const std::string plain = "{\"a\":\"caf\u00e9 \U0001F600 <b> & </b>\\n\"}";
  const std::string escaped = R"({"a":"caf\u00e9 \ud83d\ude00 <b> & </b>\n"})";
  const std::string upper = R"({"a":"caf\u00E9 \uD83D\uDE00 \u003Cb\u003E \u0026 \u003C/b\u003E\n"})";
  const std::string html = "{\"a\":\"caf\u00e9 \U0001F600 \\u003cb\\u003e \\u0026 \\u003c/b\\u003e\\n\"}";
  const std::string slashes = "{\"a\":\"caf\u00e9 \U0001F600 <b> & <\\/b>\\n\"}";
  for (const std::string& sent : {plain, escaped, upper, html, slashes}) {
    for (const std::string& arrived : {plain, escaped, upper, html, slashes}) {
      if (sent != arrived) {
        EXPECT_EQ(kind(sent, arrived), "body_escapes") << sent << arrived;
      }
    }
  }
  const std::string php = R"({"a":"caf\u00e9 \ud83d\ude00 <b> & <\/b>\n"})";
  EXPECT_EQ(kind(php, plain), "body_escapes");
  EXPECT_EQ(kind(php, "{ \"a\": \"caf\u00e9 \U0001F600 <b> & </b>\\n\" }"), "body_reserialised")
      << "and spaces";
}

TEST(ForensicsOfBodies, FindsANewlineThatCameOrWent) {
  EXPECT_EQ(kind("{}", "{}\n"), "body_newline");
  EXPECT_EQ(kind("{}", "{}\r\n"), "body_newline");
  EXPECT_EQ(kind("{}\n", "{}"), "body_newline");
  EXPECT_EQ(kind("{}\r\n", "{}"), "body_newline");
}

TEST(ForensicsOfBodies, FindsOtherLineEndings) {
  EXPECT_EQ(kind("{\n\"a\":1\n}", "{\r\n\"a\":1\r\n}"), "body_line_endings");
  EXPECT_EQ(kind("{\r\n\"a\":1\r\n}", "{\n\"a\":1\n}"), "body_line_endings");
}

TEST(ForensicsOfBodies, FindsAByteOrderMark) {
  EXPECT_EQ(kind("{}", "\xEF\xBB\xBF{}"), "body_bom");
  EXPECT_EQ(kind("\xEF\xBB\xBF{}", "{}"), "body_bom");
}

TEST(ForensicsOfBodies, FindsWhiteSpaceAtTheEnds) {
  EXPECT_EQ(kind("{}", "  {}\t\n\n"), "body_trimmed");
  EXPECT_EQ(kind("{} ", "{}"), "body_trimmed");
}

TEST(ForensicsOfBodies, FindsWhatABodyIsWrappedIn) {
  EXPECT_EQ(kind("{\"a\":\"b\"}", "eyJhIjoiYiJ9"), "body_base64");
  EXPECT_EQ(kind("{\"a\":\"b\"}", R"("{\"a\":\"b\"}")"), "body_reserialised");
}

TEST(ForensicsOfBodies, FindsAFormThatWasDecoded) {
  EXPECT_EQ(kind("payload=%7B%22a%22%3A%22b+c%22%7D", R"({"a":"b c"})"), "body_form");
  Case form = Case::openai();
  form.set("content-type", "application/x-www-form-urlencoded; charset=utf-8");
  form.body = "{}";
  EXPECT_EQ(form.kind(), "body_form") << "told by its Content-Type";
}

TEST(ForensicsOfBodies, SaysWhenABodyIsCompressed) {
  Case request = Case::openai();
  request.body = "\x1f\x8b\x08 whatever";
  EXPECT_EQ(request.kind(), "body_compressed");
  EXPECT_NE(request.first().text.find("with gzip"), std::string::npos);
  Case inflated = Case::openai();
  inflated.body += "x";
  inflated.set("content-encoding", "gzip");
  EXPECT_EQ(inflated.kind(), "body_compressed");
  EXPECT_NE(inflated.first().text.find("decompressed"), std::string::npos);
  inflated.set("content-encoding", "identity");
  EXPECT_EQ(inflated.kind(), "unexplained");
}

TEST(ForensicsOfBodies, SaysWhenCharactersWereReplaced) {
  EXPECT_EQ(kind("{\"a\":\"\xff\"}", "{\"a\":\"\xEF\xBF\xBD\"}"), "body_replaced_characters");
}

TEST(ForensicsOfBodies, SaysWhenABodyWasCutShort) {
  Case request = Case::openai();
  request.set("content-length", std::to_string(request.body.size()));
  EXPECT_EQ(request.kind(), "valid");
  request.body.resize(20);
  EXPECT_EQ(request.kind(), "body_truncated");
  EXPECT_NE(request.first().text.find("the body has 20 bytes"), std::string::npos);
}

TEST(ForensicsOfBodies, SaysWhenABodyIsEmpty) {
  Case request = Case::openai();
  request.body = "";
  EXPECT_EQ(request.kind(), "body_empty");
}

TEST(ForensicsOfBodies, IsNotSlowWithALargeBody) {
  Case request = Case::openai();
  request.body = "{\"a\":[" + std::string(100'000, '1');
  for (int i = 0; i < 50'000; ++i)
    request.body += ", 2";
  request.body += "]}";
  EXPECT_EQ(request.kind(), "unexplained");
}

}  // namespace
}  // namespace creel
