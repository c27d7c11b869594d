// What a transform costs: one event of about 1 KiB with ten headers, from StoredEvent to Transformed.
//
//   unchanged  return event end: taking apart, and nothing to write
//   one_field  a field of the body is set: taking apart and writing anew
//   reshape    another body, a header, a loop over a list and a few texts
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <string_view>

#include "rules/transform.h"

namespace {

constexpr std::string_view kUnchanged = "function(event) return event end";
constexpr std::string_view kOneField = "function(event) event.body.data.seen = true return event end";
constexpr std::string_view kReshape = R"(function(event)
  local data = event.body.data
  local names = {}
  for i, item in ipairs(data.output) do
    names[i] = item.role .. ": " .. item.content[1].text:sub(1, 20)
  end
  event.headers["x-model"] = data.model
  event.body = {text = table.concat(names, "; "), id = data.id, tokens = data.usage.total_tokens,
                kind = event.type:match("^(%w+)%.")}
  return event
end)";

std::string body() {
  std::string text =
      R"({"id":"evt_685343a1381c819085d44c354e1b330e","object":"event","created_at":1750287018,)"
      R"("type":"response.completed","data":{"id":"resp_685342f1f08c8190","model":"gpt-5","output":[)";
  for (int i = 0; i < 5; ++i) {
    if (i > 0) text += ',';
    text +=
        R"({"type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":)"
        R"("The quick brown fox jumps over it."}]})";
  }
  return text + R"(],"usage":{"input_tokens":81,"output_tokens":1035,"total_tokens":1116,"cached":0.25},)"
                R"("error":null,"store":true}})";
}

void transform(benchmark::State& state, std::string_view lua) {
  const creel::StoredEvent event{
      .id = creel::EventId::of(7, 0),
      .source = "openai",
      .received = creel::Time(std::chrono::seconds(1'750'287'078)),
      .provider_id = "wh_685342e6c53c8190a1be43f081506c52",
      .type = "response.completed",
      .subject = "resp_685342f1f08c8190",
      .head =
          "POST /webhooks/openai HTTP/1.1\r\nHost: hooks.example.com\r\nUser-Agent: OpenAI/1.0\r\n"
          "Content-Type: application/json\r\nContent-Length: 1024\r\n"
          "webhook-id: wh_685342e6c53c8190a1be43f081506c52\r\nwebhook-timestamp: 1750287078\r\n"
          "webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=\r\nAccept: */*\r\n"
          "Accept-Encoding: gzip\r\nX-Request-Id: 0f1e2d3c\r\n",
      .body = body()};
  auto made = creel::Transform::compile(lua);
  if (!made) return state.SkipWithError(made.error().message.c_str());
  for (auto _ : state) {
    auto result = made->run(event);
    if (!result) return state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(result);
  }
  state.counters["body_bytes"] = static_cast<double>(event.body.size());
}

void compile(benchmark::State& state) {
  for (auto _ : state) {
    auto made = creel::Transform::compile(kReshape);
    benchmark::DoNotOptimize(made);
  }
}

BENCHMARK_CAPTURE(transform, unchanged, kUnchanged);
BENCHMARK_CAPTURE(transform, one_field, kOneField);
BENCHMARK_CAPTURE(transform, reshape, kReshape);
BENCHMARK(compile);

}  // namespace

BENCHMARK_MAIN();
