#include "rules/transform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/transform_fixture.h"

namespace creel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Case {
  std::string_view lua;
  std::string_view wanted;
};

TEST(Transform, ShowsTheEvent) {
  TransformWorld world;
  for (const Case& row : std::initializer_list<Case>{
           {"event.id", R"(["cev_000000000e000"])"},
           {"event.source, event.provider_id, event.type, event.subject",
            R"(["openai","wh_1","batch.completed","batch_1"])"},
           {"event.received", "[1750287078]"},
           {"event.method, event.path", R"(["POST","/webhooks/openai"])"},
           {"event.query.team", R"(["a"])"},
           {"event.query.tag", R"([["x","y z"]])"},
           {"event.headers.host, event.headers['content-type']",
            R"(["hooks.example.com","application/json"])"},
           {"event.headers['x-trace']", R"([["1","2"]])"},
           {"event.body.data.n + 1, #event.body.data.list", "[4,2]"},
           {"type(event.body), type(event.headers)", R"(["table","table"])"},
       }) {
    EXPECT_EQ(world.value(row.lua), row.wanted) << row.lua;
  }
}

TEST(Transform, LeavesAnEventAsItCameWhenNothingChanges) {
  TransformWorld world;
  world.event.body = R"({ "b" : 1.0, "a":[], "n":null, "u":18446744073709551615, "e":1e2 })";
  const auto made = world.run("function(event) return event end");
  ASSERT_TRUE(made && *made);
  EXPECT_EQ((*made)->head, world.event.head);
  EXPECT_EQ((*made)->body, world.event.body);
}

TEST(Transform, WritesAChangedBodyWithSortedKeys) {
  TransformWorld world;
  EXPECT_EQ(world.body("function(event) event.body.data.id = nil event.body.a = 'é\"\\n' return event end"),
            R"({"a":"é\"\n","data":{"list":[1,2],"n":3},"type":"batch.completed"})");
}

TEST(Transform, KeepsWhatJsonSays) {
  TransformWorld world;
  const auto changed = [&](std::string_view body) {
    world.event.body = body;
    return world.body("function(event) event.body.x = true return event end");
  };
  EXPECT_EQ(changed(R"({"a":[],"b":{},"c":null})"), R"({"a":[],"b":{},"c":null,"x":true})");
  EXPECT_EQ(changed(R"({"a":9223372036854775807,"b":-9223372036854775808})"),
            R"({"a":9223372036854775807,"b":-9223372036854775808,"x":true})");
  EXPECT_EQ(changed(R"({"a":1.0,"b":1.50,"c":1e300,"d":-0.0,"e":0.1})"),
            R"({"a":1.0,"b":1.5,"c":1e+300,"d":-0.0,"e":0.1,"x":true})");
  EXPECT_EQ(changed(R"({"a":123456789012345678901234567890})"), R"({"a":1.2345678901234568e+29,"x":true})");
  EXPECT_EQ(changed(R"({"a":18446744073709551615})"), R"({"a":18446744073709551616.0,"x":true})");
  EXPECT_EQ(changed(R"({"a":"\ud83d","b":"\ud83d\ude00","c":"\u0000\u001f/"})"),
            "{\"a\":\"\\\\ud83d\",\"b\":\"😀\",\"c\":\"\\u0000\\u001f/\",\"x\":true}");
  EXPECT_EQ(changed(R"({"":1,"é":2})"), R"({"":1,"x":true,"é":2})");
}

TEST(Transform, GivesABodyThatIsNoJsonAsText) {
  TransformWorld world;
  for (const std::string body : {"a=1&b=2", "", "{\"a\":", "42", "\"text\"", "\xff\xfe", "[1,]", "nul"}) {
    world.event.body = body;
    EXPECT_EQ(world.body("function(event) assert(type(event.body) == 'string') return event end"), body);
    EXPECT_EQ(world.body("function(event) event.body = event.body .. '!' return event end"), body + "!");
  }
}

TEST(Transform, SendsABodyThatBecameTextAsItIs) {
  TransformWorld world;
  const auto made = world.run("function(event) event.body = 'plain \\0 text' return event end");
  ASSERT_TRUE(made && *made);
  EXPECT_EQ((*made)->body, std::string_view("plain \0 text", 12));
  EXPECT_EQ((*made)->head, world.event.head);
}

TEST(Transform, DecidesWhatATableIs) {
  TransformWorld world;
  for (const Case& row : std::initializer_list<Case>{
           {"{}", "[{}]"},
           {"json.array()", "[[]]"},
           {"json.array({})", "[[]]"},
           {"json.object(json.array())", "[{}]"},
           {"{1, 2}, {a = 1}", R"([[1,2],{"a":1}])"},
           {"json.null, true, 1, 2.0, 10 / 4, 7 // 2, 1e100", "[null,true,1,2.0,2.5,3,1e+100]"},
           {"'a\\tb\\u{2028}'", "[\"a\\tb\u2028\"]"},
           {"json.decode('{\"b\":[],\"a\":{}}')", R"([{"a":{},"b":[]}])"},
           {"json.encode({z = 1, a = json.null})", R"(["{\"a\":null,\"z\":1}"])"},
           {"json.decode('7'), json.decode('\"x\"'), json.decode('null') == json.null", R"([7,"x",true])"},
           {"tostring(json.null), tostring({}), tostring(print), tostring(pairs)",
            R"(["null","table","nil","function"])"},
       }) {
    EXPECT_EQ(world.value(row.lua), row.wanted) << row.lua;
  }
}

TEST(Transform, NamesWhatCannotBeSent) {
  TransformWorld world;
  const auto with = [&](std::string_view statement) {
    return world.body("function(event)\n" + std::string(statement) + " return event end");
  };
  for (const Case& row : std::initializer_list<Case>{
           {"event.body.data.list[3] = print or pairs", "event.body.data.list[3]: a function cannot be sent"},
           {"event.body.data.x = 0/0", "event.body.data.x: a number that is not finite cannot be sent"},
           {"event.body.data.x = 1/0", "event.body.data.x: a number that is not finite cannot be sent"},
           {"event.body.self = event.body", "event.body.self: the table contains itself"},
           {"event.body.x = {1, a = 2}", "event.body.x: the table has both texts and numbers as keys"},
           {"event.body.x = {[1] = 1, [3] = 1}", "event.body.x: the list has a gap"},
           {"event.body.x = {[true] = 1}", "event.body.x: a key is neither a text nor one of 1, 2, 3 …"},
           {"event.body.x = {[0] = 1}", "event.body.x: a key is neither a text nor one of 1, 2, 3 …"},
           {"event.body.x = '\\xff'", "event.body.x: the text is not UTF-8"},
           {"event.body['a b'] = {{pairs}}", "event.body[\"a b\"][1][1]: a function cannot be sent"},
           {"event.body.data.list.x = 1", "event.body.data.list: the table has both texts and numbers"},
           {"local t = event.body for i = 1, 300 do t.a = {} t = t.a end",
            "nested more than 256 levels deep"},
           {"event.type = 'x'", "event.type: cannot be changed, only body, headers and query can"},
           {"event.received = event.received + 1", "event.received: cannot be changed"},
           {"event.path = '/'", "event.path: cannot be changed"},
           {"event.bodi = 1", "event.bodi: an event has no such field"},
           {"event[1] = 1", "event: a key is no text"},
           {"event.body = nil", "event.body: is missing (\"\" is an empty one)"},
           {"event.body = 5", "event.body: must be a text or a table"},
           {"event.headers = 'x'", "event.headers: must be a table"},
           {"event.headers.x = true", "event.headers[\"x\"]: must be a text, a number or a list of these"},
           {"event.query.x = {{}}", "event.query[\"x\"]: must be a text, a number or a list of these"},
           {"event.headers.x = 'a\\r\\nb: c'",
            "event.headers[\"x\"]: a header's value cannot hold control characters"},
           {"event.headers['a b'] = 'c'", "event.headers[\"a b\"]: no header can have this name"},
           {"event.headers['X-Trace'] = 'c'", "]: the header is there twice, in different spellings"},
           {"event.headers.x = ('x'):rep(300000)", "event.headers and event.query: longer than 256 KiB"},
           {"event = 5", "the function returned a number; return event to send it, or nil to send nothing"},
           {"do return end", "the function ended without a return; return event to send it"},
       }) {
    EXPECT_THAT(with(row.lua), HasSubstr(row.wanted)) << row.lua;
  }
}

// Each Lua orders its tables by a seed of its own.
TEST(Transform, NamesTheFirstOfSeveralThatCannotBeSent) {
  TransformWorld world;
  const std::string_view letters = "hgfedcba";
  for (const Case& row : std::initializer_list<Case>{
           {"event.headers[name .. ' '] = 'c'", "event.headers[\"a \"]: no header can have this name"},
           {"event.headers[name] = {1, {}}",
            "event.headers[\"a\"]: must be a text, a number or a list of these"},
           {"event.query[name] = {1, {}}", "event.query[\"a\"]: must be a text, a number or a list of these"},
           {"event.headers[name] = '\\n'",
            "event.headers[\"a\"]: a header's value cannot hold control characters"},
           {"event.headers[name:upper()] = '1' event.headers[name] = '1'",
            "event.headers[\"A\"]: the header is there twice, in different spellings"},
           {"event[name] = 1",
            "event.a: an event has no such field (what is to be sent belongs into body, headers or query)"},
       }) {
    std::vector<Transform> alive;
    for (int i = 0; i < 64; ++i) {
      auto transform =
          Transform::compile("function(event) for name in ('" + std::string(letters) + "'):gmatch('.') do " +
                                 std::string(row.lua) + " end return event end",
                             world.limits);
      ASSERT_TRUE(transform) << transform.error().message;
      const auto made = transform->run(world.event);
      ASSERT_FALSE(made) << row.lua;
      ASSERT_EQ(made.error().message, row.wanted) << row.lua << " the " << i << "th time";
      alive.push_back(*std::move(transform));
    }
  }
}

TEST(Transform, SendsNothingForNil) {
  TransformWorld world;
  EXPECT_EQ(world.body("function(event) return nil end"), "nil");
}

TEST(Transform, TakesAnotherTableForTheEvent) {
  TransformWorld world;
  const auto made = world.run("function(event) return {body = {text = event.type}} end");
  ASSERT_TRUE(made && *made);
  EXPECT_EQ((*made)->body, R"({"text":"batch.completed"})");
  EXPECT_EQ((*made)->head, world.event.head);
}

TEST(Transform, ChangesHeadersAndKeepsTheOthersAsTheyStand) {
  TransformWorld world;
  const auto with = [&](std::string_view statement) {
    return world.head("function(event) " + std::string(statement) + " return event end");
  };
  const std::string line = "POST /webhooks/openai?team=a&tag=x&tag=y%20z HTTP/1.1\r\n";
  const std::string rest = "Host: hooks.example.com\r\nContent-Type: application/json\r\n";
  EXPECT_EQ(with("event.headers['x-new'] = 'v' event.headers.Another = 5"),
            line + rest + "X-Trace: 1\r\nAccept: */*\r\nX-Trace: 2\r\nAnother: 5\r\nx-new: v\r\n");
  EXPECT_EQ(with("event.headers['x-trace'] = 'only'"), line + rest + "X-Trace: only\r\nAccept: */*\r\n");
  EXPECT_EQ(with("table.insert(event.headers['x-trace'], '3')"),
            line + rest + "X-Trace: 1\r\nX-Trace: 2\r\nX-Trace: 3\r\nAccept: */*\r\n");
  EXPECT_EQ(with("event.headers['x-trace'] = nil event.headers.accept = {}"), line + rest);
  EXPECT_EQ(with("event.headers = {}"), line);
  EXPECT_EQ(with("event.headers = nil"), world.event.head);
}

TEST(Transform, ChangesTheQuery) {
  TransformWorld world;
  const auto with = [&](std::string_view statement) {
    const std::string head = world.head("function(event) " + std::string(statement) + " return event end");
    return head.substr(0, head.find("\r\n"));
  };
  EXPECT_EQ(with("event.query.team = 'b&c'"), "POST /webhooks/openai?team=b%26c&tag=x&tag=y%20z HTTP/1.1");
  EXPECT_EQ(with("event.query.tag = nil"), "POST /webhooks/openai?team=a HTTP/1.1");
  EXPECT_EQ(with("event.query = {}"), "POST /webhooks/openai HTTP/1.1");
  EXPECT_EQ(with("event.query['z y'] = {1, 'HTTP\\r\\n'}"),
            "POST /webhooks/openai?team=a&tag=x&tag=y%20z&z%20y=1&z%20y=HTTP%0D%0A HTTP/1.1");
  world.event.head = "GET http://host/p?a&b=1&&c=%zz#f HTTP/1.1\r\n";
  EXPECT_EQ(with("assert(event.path == '/p' and event.query.a == '' and event.query.c == '%zz')"),
            "GET http://host/p?a&b=1&&c=%zz#f HTTP/1.1");
  EXPECT_EQ(with("event.query.b = 2"), "GET http://host/p?a&b=2&&c=%zz#f HTTP/1.1");
}

TEST(Transform, SaysJsonWhereABodyBecameJson) {
  TransformWorld world;
  world.event.body = "a=1";
  world.event.head = "POST / HTTP/1.1\r\nContent-Type: text/plain\r\nA: b\r\n";
  EXPECT_EQ(world.head("function(event) event.body = {} return event end"),
            "POST / HTTP/1.1\r\nContent-Type: application/json\r\nA: b\r\n");
  EXPECT_EQ(
      world.head("function(event) event.body = {} event.headers['content-type'] = 'text/x' return event end"),
      "POST / HTTP/1.1\r\nContent-Type: text/x\r\nA: b\r\n");
  world.event.head = "POST / HTTP/1.1\r\nContent-Type: application/x+json; v=1\r\n";
  EXPECT_EQ(world.head("function(event) event.body = {} return event end"), world.event.head);
  world.event.head = "POST / HTTP/1.1\r\n";
  EXPECT_EQ(world.head("function(event) event.body = {} return event end"),
            "POST / HTTP/1.1\r\ncontent-type: application/json\r\n");
}

TEST(Transform, NamesTheLineOfAnError) {
  TransformWorld world;
  struct Row {
    std::string_view lua, wanted;
    int line;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"function(event)\n\n return event.data.x end",
            "line 3: attempt to index a nil value (field 'data')", 3},
           {"function(event)\n event.body.data.n.x = 1 end",
            "line 2: attempt to index a number value (field 'n')", 2},
           {"-- comment\n--[[ long\n ]] function(event) error('no ' .. event.type) end",
            "line 3: no batch.completed", 3},
           {"function(event) error('plain', 0) end", "plain", 0},
           {"function(event) error({}) end", "the script raised a table in place of a text", 0},
           {"function(event) error() end", "the script raised a nil in place of a text", 0},
           {"function(event) error(42) end", "error 42", 0},
           {"function(event) error('a\\27[31m\\nb', 0) end", "a\\x1b[31m\\x0ab", 0},
           {"function(event) print('x') end", "line 1: attempt to call a nil value (global 'print')", 1},
           {"function(event)\n x = = 1 end", "line 2: unexpected symbol near '='", 2},
           {"function(event) return event", "line 1: 'end' expected near <eof>", 1},
           {"x = 1", "the script gives a nil; it must be function(event) … end, or return such a function",
            0},
           {"return 5",
            "the script gives a number; it must be function(event) … end, or return such a function", 0},
           {"\x1bLua", "attempt to load a binary chunk (mode is 't')", 0},
           {"event.body = json.null", "line 1: attempt to index a nil value (global 'event')", 1},
       }) {
    const auto made = world.run(row.lua);
    ASSERT_FALSE(made) << row.lua;
    EXPECT_EQ(made.error().message, row.wanted);
    EXPECT_EQ(made.error().line, row.line) << row.lua;
  }
  world.event.body = R"({"data":null})";
  EXPECT_EQ(world.body("function(event) return event.body.data.x end"),
            "line 1: attempt to index a null value (field 'data')");
}

TEST(Transform, CutsALongError) {
  TransformWorld world;
  const auto made = world.run("function(event) error(('x'):rep(100000)) end");
  ASSERT_FALSE(made);
  EXPECT_LE(made.error().message.size(), 500u);
}

TEST(Transform, TakesAChunkThatReturnsAFunction) {
  TransformWorld world;
  EXPECT_EQ(world.body("local function short(text) return text:sub(1, 5) end\n"
                       "return function(event) event.body = {short(event.type)} return event end"),
            R"(["batch"])");
  EXPECT_THAT(world.body(std::string(70'000, ' ')), HasSubstr("longer than 64 KiB"));
}

TEST(Transform, IsTheSameEachTimeAndEverywhere) {
  TransformWorld world;
  const std::string lua = R"(function(event)
    local t, keys = {}, {}
    for i = 1, 200 do t['k' .. i * 7919 % 1000] = i end
    for k, v in pairs(t) do keys[#keys + 1] = k .. '=' .. v end
    local k = next(t)
    event.body = {keys = keys, first = k, text = tostring(t) .. tostring(pairs)}
    event.headers.b = '1' event.headers.a = '2' event.query.z = '1' event.query.y = '2'
    return event
  end)";
  auto first = Transform::compile(lua);
  ASSERT_TRUE(first);
  const auto wanted = first->run(world.event);
  ASSERT_TRUE(wanted && *wanted) << wanted.error().message;
  for (int i = 0; i < 100; ++i) {
    const auto again = first->run(world.event);
    ASSERT_TRUE(again && *again);
    EXPECT_EQ((*again)->body, (*wanted)->body);
    EXPECT_EQ((*again)->head, (*wanted)->head);
  }
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(world.body(lua), (*wanted)->body);
}

}  // namespace
}  // namespace creel
