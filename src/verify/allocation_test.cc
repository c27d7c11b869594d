// A verification allocates nothing: neither with operator new nor inside OpenSSL.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "verify/scheme.h"
#include "verify/signature_fixture.h"
#include "verify/webhook_fixture.h"

namespace {
std::atomic<int> allocations{0};

void* count_and_allocate(std::size_t size, const char*, int) {
  ++allocations;
  return std::malloc(size);
}
void* count_and_reallocate(void* memory, std::size_t size, const char*, int) {
  ++allocations;
  return std::realloc(memory, size);
}
void release(void* memory, const char*, int) {
  std::free(memory);
}

// Before main, because OpenSSL takes them only before its first allocation.
const int is_counting_openssl = CRYPTO_set_mem_functions(count_and_allocate, count_and_reallocate, release);
}  // namespace

// Not inlined: g++ 12 would see free() meet operator new, and complain.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto unit = static_cast<std::size_t>(alignment);
  void* memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit);
  if (memory == nullptr) std::abort();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace creel {
namespace {

using namespace testing;

TEST(Allocations, AreCountedInBothPlaces) {
  ASSERT_EQ(is_counting_openssl, 1);
  const int before = allocations;
  const auto text = std::make_unique<std::string>(100, 'x');
  EXPECT_EQ(allocations - before, 2);
  void* memory = OPENSSL_malloc(10);
  EXPECT_EQ(allocations - before, 3);
  OPENSSL_free(memory);
}

TEST(Allocations, NoneIsMadeToVerify) {
  TestWebhook webhook;
  webhook.signature = "v1,AAAA v2,x " + webhook.signature;
  std::string large(64 * 1024, 'x');
  const Verifier verifier(make_keys(make_key(kOtherSecret), make_key(kSecret)));
  const auto headers = webhook.headers();
  const int before = allocations;
  const auto accepted = verifier.verify(headers, webhook.body, webhook.now);
  const auto refused = verifier.verify(headers, large, webhook.now);
  const auto stale = verifier.verify(headers, webhook.body, webhook.now + std::chrono::hours(1));
  const int after = allocations;
  EXPECT_TRUE(accepted.has_value());
  EXPECT_EQ(refused.error(), VerifyError::signature_mismatch);
  EXPECT_EQ(stale.error(), VerifyError::timestamp_too_old);
  EXPECT_EQ(after - before, 0);
}

TEST(Allocations, NoneIsMadeToVerifyAnHmacOfAnyShape) {
  for (const Provider* provider : {&kPairs, &kPrefixed, &kBase64, &kSlackLike, &kUrlBody, &kMethodUrlBody,
                                   &kEitherHeader, &kSha512, &kWithId}) {
    SignedRequest request{.provider = provider, .url = "https://hooks.example.com/in?a=1"};
    request.add(request.sign());
    const auto scheme = make_signature(
        *provider, make_keys(make_key("other", SecretForm::text), make_key("hush", SecretForm::text)),
        {.url = request.address()});
    std::vector<Header> headers;
    for (const auto& [name, value] : request.headers)
      headers.push_back({name, value});
    IncomingRequest incoming{.query = "a=1", .headers = headers, .body = request.body};
    const int before = allocations;
    const auto accepted = scheme->verify(incoming, request.now, nullptr);
    incoming.body.remove_suffix(1);
    const auto refused = scheme->verify(incoming, request.now, nullptr);
    const int after = allocations;
    EXPECT_TRUE(accepted.has_value());
    EXPECT_EQ(refused.error(), VerifyError::signature_mismatch);
    EXPECT_EQ(after - before, 0) << provider->signature.content;
  }
}

}  // namespace
}  // namespace creel
