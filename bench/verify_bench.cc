// What a verification costs beside the HMAC that it cannot do without.
//
//   bare HMAC   inner and outer key blocks hashed once and copied, as cheap as OpenSSL can do it
//   one-shot    HMAC() of OpenSSL, as most code calls it
//   verify      creel::Verifier: headers, limits, window, HMAC, comparison in constant time
//
// Counts heap allocations of the C++ library and of OpenSSL for each verification; there are to be none.
#include <benchmark/benchmark.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <creel/webhooks.h>

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

void* operator new(std::size_t bytes) {
  if (void* memory = counted(bytes)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
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

// A digest context that has taken in the key block, xored with `pad`.
EVP_MD_CTX* key_block(unsigned char pad) {
  std::array<unsigned char, 64> block{};
  for (std::size_t i = 0; i < kKey.size(); ++i)
    block[i] = static_cast<unsigned char>(kKey[i]);
  for (auto& byte : block)
    byte ^= pad;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  EVP_DigestUpdate(context, block.data(), block.size());
  return context;
}

void bare_hmac(benchmark::State& state) {
  const std::string body = body_of(state.range(0));
  EVP_MD_CTX *inner = key_block(0x36), *outer = key_block(0x5c), *work = EVP_MD_CTX_new();
  std::array<unsigned char, 32> digest{};
  for (auto _ : state) {
    EVP_MD_CTX_copy_ex(work, inner);
    EVP_DigestUpdate(work, kPrefix.data(), kPrefix.size());
    EVP_DigestUpdate(work, body.data(), body.size());
    EVP_DigestFinal_ex(work, digest.data(), nullptr);
    EVP_MD_CTX_copy_ex(work, outer);
    EVP_DigestUpdate(work, digest.data(), digest.size());
    EVP_DigestFinal_ex(work, digest.data(), nullptr);
    benchmark::DoNotOptimize(digest);
  }
  for (auto* context : {inner, outer, work})
    EVP_MD_CTX_free(context);
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

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(300)->Arg(4 << 10)->Arg(64 << 10);
}

BENCHMARK(bare_hmac)->Apply(sizes);
BENCHMARK(verify)->Apply(sizes);
BENCHMARK(one_shot_hmac)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
