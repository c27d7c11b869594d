// What a verification costs beside the HMAC that it cannot do without.
//
//   bare HMAC   inner and outer key blocks hashed once and copied, as cheap as OpenSSL's newer functions can
//   one-shot    HMAC() of OpenSSL, as most code calls it
//   verify      creel::Verifier: headers, limits, window, HMAC, comparison in constant time
//   shape       a provider's scheme beside the bare HMAC over the same text, in turns: `ratio`.
//   `receive_ratio`
//               has the reading of the event in it, `own_hmac_ratio` compares with our own bare HMAC
//   openai      the Verifier through the scheme beside the Verifier alone, in turns: `ratio`
//
// Counts heap allocations of the C++ library and of OpenSSL for each verification; there are to be none.
#include <benchmark/benchmark.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <creel/provider.h>
#include <creel/webhooks.h>

#include "verify/hmac.h"
#include "verify/scheme.h"

namespace {

std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(bytes ? bytes : 1);
}
void* openssl_malloc(std::size_t bytes, const char*, int) {
  return bytes ? counted(bytes) : nullptr;
}
void* openssl_realloc(void* old, std::size_t bytes, const char*, int) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::realloc(old, bytes);
}
void openssl_free(void* memory, const char*, int) {
  std::free(memory);
}
const bool hooked = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1;

}  // namespace

// Not inlined: g++ 12 would see free() meet operator new, and complain.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (void* memory = counted(bytes)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

constexpr std::string_view kSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kId = "wh_685342e6c53c8190a1be43f081506c52";
constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1750287078)};
constexpr std::string_view kPrefix = "wh_685342e6c53c8190a1be43f081506c52.1750287078.";

std::string body_of(std::int64_t bytes) {
  return std::string(static_cast<std::size_t>(bytes), 'x');
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// HMAC by copies of two digest contexts that have taken in the key block, xored with either pad.
class BareHmac {
 public:
  BareHmac(const EVP_MD* hash, std::string_view key) : inner_(key_block(hash, key, 0x36)) {
    outer_ = key_block(hash, key, 0x5c);
  }
  BareHmac(const BareHmac&) = delete;
  BareHmac& operator=(const BareHmac&) = delete;
  ~BareHmac() {
    for (auto* context : {inner_, outer_, work_})
      EVP_MD_CTX_free(context);
  }

  void over(std::initializer_list<std::string_view> parts) {
    unsigned int bytes = 0;
    EVP_MD_CTX_copy_ex(work_, inner_);
    for (std::string_view part : parts)
      EVP_DigestUpdate(work_, part.data(), part.size());
    EVP_DigestFinal_ex(work_, digest_.data(), &bytes);
    EVP_MD_CTX_copy_ex(work_, outer_);
    EVP_DigestUpdate(work_, digest_.data(), bytes);
    EVP_DigestFinal_ex(work_, digest_.data(), nullptr);
    benchmark::DoNotOptimize(digest_);
  }

 private:
  static EVP_MD_CTX* key_block(const EVP_MD* hash, std::string_view key, unsigned char pad) {
    std::array<unsigned char, 64> block{};
    std::copy(key.begin(), key.end(), block.begin());
    for (auto& byte : block)
      byte ^= pad;
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, hash, nullptr);
    EVP_DigestUpdate(context, block.data(), block.size());
    return context;
  }

  EVP_MD_CTX* inner_;
  EVP_MD_CTX* outer_;
  EVP_MD_CTX* work_ = EVP_MD_CTX_new();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest_{};
};

void bare_hmac(benchmark::State& state) {
  const std::string body = body_of(state.range(0));
  BareHmac hmac(EVP_sha256(), kKey);
  for (auto _ : state)
    hmac.over({kPrefix, body});
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void one_shot_hmac(benchmark::State& state) {
  const std::string message = std::string(kPrefix) + body_of(state.range(0));
  std::array<unsigned char, 32> digest{};
  for (auto _ : state) {
    unsigned int bytes = digest.size();
    HMAC(EVP_sha256(), kKey.data(), static_cast<int>(kKey.size()), bytes_of(message), message.size(),
         digest.data(), &bytes);
    benchmark::DoNotOptimize(digest);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void verify(benchmark::State& state) {
  auto secret = creel::Secret::parse(kSecret);
  if (!secret || !hooked) return state.SkipWithError("cannot prepare");
  const std::string body = body_of(state.range(0));
  const std::string signature = creel::Signer(*secret).sign(kId, kNow, body);
  std::vector<creel::Key> keys;
  keys.push_back(creel::Key{.secret = *std::move(secret), .label = "current"});
  const creel::Verifier verifier(std::move(keys));
  // As a provider's request has them: the three that count are not the first.
  const std::array<creel::Header, 8> headers{
      {{"Host", "hooks.example.com"},
       {"User-Agent", "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)"},
       {"Content-Type", "application/json"},
       {"Content-Length", "300"},
       {"webhook-id", kId},
       {"webhook-timestamp", "1750287078"},
       {"webhook-signature", signature},
       {"Accept", "*/*"}}};
  if (!verifier.verify(headers, body, kNow)) return state.SkipWithError("the webhook is not genuine");
  const std::uint64_t before = allocations.load(std::memory_order_relaxed);
  for (auto _ : state) {
    auto webhook = verifier.verify(headers, body, kNow);
    benchmark::DoNotOptimize(webhook);
  }
  const auto made = allocations.load(std::memory_order_relaxed) - before;
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(made) / static_cast<double>(state.iterations()));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

// Times short runs of several things in turns, so that what else the machine does falls on all of them alike.
template <std::size_t kThings>
class Turns {
 public:
  template <class... Acts>
  void take(Acts&&... acts) {
    std::size_t thing = 0;
    (nanoseconds_[thing++].push_back(time_of(acts)), ...);
  }

  double median(std::size_t thing) {
    auto& times = nanoseconds_[thing];
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }
  double ratio(std::size_t thing, std::size_t to) { return median(thing) / median(to); }

 private:
  template <class Act>
  static double time_of(Act& act) {
    constexpr int kRuns = 64;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRuns; ++i)
      act();
    const std::chrono::duration<double, std::nano> passed = std::chrono::steady_clock::now() - start;
    return passed.count() / kRuns;
  }

  std::array<std::vector<double>, kThings> nanoseconds_;
};

std::vector<creel::Key> one_key(std::string_view text, creel::SecretForm form) {
  std::vector<creel::Key> keys;
  keys.push_back(creel::Key{.secret = creel::Secret::parse(text, form).value(), .label = "current"});
  return keys;
}

// A genuine request to a source, with the headers around its own that requests have.
struct Genuine {
  Genuine(const creel::Receiver& receiver, std::int64_t bytes) {
    body = R"({"id":"evt_1","type":"invoice.paid","created":1750287078,"text":")";
    body += body_of(bytes - static_cast<std::int64_t>(body.size()) - 2) + "\"}";
    made = receiver.sign({.provider_id = kId, .body = body, .now = kNow});
    headers = {{"Host", "hooks.example.com"},
               {"User-Agent", "Provider/1.0 (+https://provider.example.com/docs/webhooks)"},
               {"Content-Type", "application/json"},
               {"Content-Length", "300"}};
    for (const auto& [name, value] : made.headers)
      headers.push_back({name, value});
    headers.push_back({"Accept", "*/*"});
  }
  creel::IncomingRequest request() const { return {.query = "", .headers = headers, .body = body}; }

  std::string body;
  creel::Receiver::Signed made;
  std::vector<creel::Header> headers;
};

// `lead` is what stands before the body in the signed text.
template <class Hash>
void measure_shape(benchmark::State& state, const char* provider, std::string_view lead) {
  const creel::Provider* row = creel::find_provider(provider);
  if (row == nullptr) return state.SkipWithError("no such row");
  const creel::Receiver receiver(*row, one_key(kKey, creel::SecretForm::text));
  const auto scheme = creel::make_signature(*row, one_key(kKey, creel::SecretForm::text), {});
  const Genuine genuine(receiver, state.range(0));
  const creel::IncomingRequest request = genuine.request();
  if (!scheme->verify(request, kNow, nullptr) || !receiver.receive(request, kNow))
    return state.SkipWithError("the webhook is not genuine");

  BareHmac bare(std::is_same_v<Hash, creel::HashSha1> ? EVP_sha1() : EVP_sha256(), kKey);
  const creel::HmacKeyOf<Hash> own(
      std::span(reinterpret_cast<const std::uint8_t*>(kKey.data()), kKey.size()));
  const auto verify_once = [&] { benchmark::DoNotOptimize(scheme->verify(request, kNow, nullptr)); };
  const std::uint64_t before = allocations.load(std::memory_order_relaxed);
  verify_once();
  state.counters["allocations"] = static_cast<double>(allocations.load(std::memory_order_relaxed) - before);

  Turns<4> turns;
  const std::array<std::string_view, 2> text{lead, genuine.body};
  for (auto _ : state)
    turns.take([&] { bare.over({lead, genuine.body}); }, verify_once,
               [&] { benchmark::DoNotOptimize(receiver.receive(request, kNow)); },
               [&] { benchmark::DoNotOptimize(own.over(text)); });
  state.counters["bare_ns"] = turns.median(0);
  state.counters["verify_ns"] = turns.median(1);
  state.counters["ratio"] = turns.ratio(1, 0);
  state.counters["receive_ratio"] = turns.ratio(2, 0);
  state.counters["own_hmac_ratio"] = turns.ratio(1, 3);
}

void sha256_shape(benchmark::State& state, const char* provider, std::string_view lead) {
  measure_shape<creel::HashSha256>(state, provider, lead);
}
void sha1_shape(benchmark::State& state, const char* provider, std::string_view lead) {
  measure_shape<creel::HashSha1>(state, provider, lead);
}

void openai(benchmark::State& state) {
  constexpr auto kForm = creel::SecretForm::strict_hmac;
  const creel::Provider& row = *creel::find_provider("openai");
  const creel::Verifier verifier(one_key(kSecret, kForm));
  const auto scheme = creel::make_standard_webhooks(row, one_key(kSecret, kForm), {});
  const Genuine genuine(creel::Receiver(row, one_key(kSecret, kForm)), state.range(0));
  const creel::IncomingRequest request = genuine.request();
  if (!scheme->verify(request, kNow, nullptr)) return state.SkipWithError("the webhook is not genuine");
  Turns<2> turns;
  for (auto _ : state)
    turns.take([&] { benchmark::DoNotOptimize(verifier.verify(request.headers, request.body, kNow)); },
               [&] { benchmark::DoNotOptimize(scheme->verify(request, kNow, nullptr)); });
  state.counters["alone_ns"] = turns.median(0);
  state.counters["scheme_ns"] = turns.median(1);
  state.counters["ratio"] = turns.ratio(1, 0);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(300)->Arg(4 << 10)->Arg(64 << 10);
}

BENCHMARK(bare_hmac)->Apply(sizes);
BENCHMARK(verify)->Apply(sizes);
BENCHMARK(one_shot_hmac)->Apply(sizes);
BENCHMARK(openai)->Arg(300)->Arg(4 << 10);
BENCHMARK_CAPTURE(sha256_shape, pairs, "stripe", "1750287078.")->Arg(300)->Arg(4 << 10);
BENCHMARK_CAPTURE(sha256_shape, prefixed_hex, "github", "")->Arg(300)->Arg(4 << 10);
BENCHMARK_CAPTURE(sha256_shape, base64, "shopify", "")->Arg(300)->Arg(4 << 10);
BENCHMARK_CAPTURE(sha1_shape, sha1_hex, "vercel", "")->Arg(300)->Arg(4 << 10);
BENCHMARK_CAPTURE(sha256_shape, own_time, "slack", "v0:1750287078:")->Arg(300)->Arg(4 << 10);

}  // namespace

BENCHMARK_MAIN();
