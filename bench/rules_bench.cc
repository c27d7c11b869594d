// What a route costs an event at the door: a glob of types, a filter, and both by way of the routes.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <vector>

#include "rules/filter.h"
#include "rules/routes.h"

namespace creel {
namespace {

constexpr std::string_view kHead =
    "POST /webhooks/openai?tenant=eu HTTP/1.1\r\nHost: hooks.example.org\r\nUser-Agent: "
    "OpenAI-Webhooks/1.0\r\n"
    "Content-Type: application/json\r\nContent-Length: 300\r\nwebhook-id: "
    "wh_685343a1381c819085d44c354e1b330e\r\n"
    "webhook-timestamp: 1750287018\r\nwebhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=\r\n";

// A webhook of about this size.
std::string body_of(std::size_t bytes) {
  std::string body =
      R"({"id":"evt_685343a1381c819085d44c354e1b330e","object":"event","created_at":1750287018,)"
      R"("type":"batch.completed","data":{"id":"batch_abc123","items":[)";
  while (body.size() + 60 < bytes)
    body += R"({"sku":"A-1001","quantity":2,"price":19.99,"gift":false},)";
  return body + R"({"sku":"B-7","quantity":1}],"status":"completed"}})";
}

RuleInput event_of(std::string_view body) {
  return {.source = "openai", .type = "batch.completed", .head = kHead, .body = body};
}

std::shared_ptr<const Routes> routes_of(std::string types, std::string filter) {
  Route route{.name = "r", .from = {"openai"}, .to = {"app"}};
  if (!types.empty()) route.types = {"response.*", std::move(types)};
  route.filter = std::move(filter);
  return *Routes::make({std::move(route)});
}

void ask(benchmark::State& state, const Routes& routes) {
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  RuleScratch scratch;
  std::vector<RouteMatch> matches;
  for (auto _ : state) {
    matches.clear();
    routes.match(event_of(body), scratch, matches);
    benchmark::DoNotOptimize(matches.data());
  }
  if (matches.empty()) state.SkipWithError("the route does not take the event");
}

constexpr const char* kBodyFilter =
    R"({"body":{"data":{"id":{"$startsWith":"batch_"},"status":"completed"}}})";

void Glob(benchmark::State& state) {
  ask(state, *routes_of("batch.*", ""));
}
BENCHMARK(Glob)->Arg(300);

void GlobAndBodyFilter(benchmark::State& state) {
  ask(state, *routes_of("batch.*", kBodyFilter));
}
BENCHMARK(GlobAndBodyFilter)->Arg(300)->Arg(1024)->Arg(16384);

void ArrayFilter(benchmark::State& state) {
  ask(state, *routes_of("", R"({"body":{"data":{"items":{"sku":"B-7","quantity":{"$gte":1}}}}})"));
}
BENCHMARK(ArrayFilter)->Arg(300)->Arg(1024)->Arg(16384);

void HeaderAndQueryFilter(benchmark::State& state) {
  ask(state, *routes_of("", R"({"headers":{"content-type":"application/json"},"query":{"tenant":"eu"}})"));
}
BENCHMARK(HeaderAndQueryFilter)->Arg(300);

void EightRoutesWithFilters(benchmark::State& state) {
  std::vector<Route> routes;
  for (int i = 0; i < 8; ++i)
    routes.push_back(
        {.name = "r", .from = {"openai"}, .filter = kBodyFilter, .to = {"app" + std::to_string(i)}});
  ask(state, **Routes::make(std::move(routes)));
}
BENCHMARK(EightRoutesWithFilters)->Arg(1024);

void ReadAFilter(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(Filter::parse(kBodyFilter));
}
BENCHMARK(ReadAFilter);

}  // namespace
}  // namespace creel

BENCHMARK_MAIN();
