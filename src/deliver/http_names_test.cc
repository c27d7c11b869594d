// A name that nobody resolves in time: it costs its own attempt and no other.
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <mutex>
#include <string_view>

#include "deliver/http_attempts_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;

// A server of names that does not answer, as long as there is one of these.
class SilentNames {
 public:
  static constexpr std::string_view kHost = "silent.example";

  SilentNames() {
    const std::lock_guard lock(mutex_);
    is_silent_ = true;
  }
  ~SilentNames() {
    std::unique_lock lock(mutex_);
    is_silent_ = false;
    changed_.notify_all();
    changed_.wait(lock, [] { return waiting_ == 0; });
  }
  // Whether somebody still waits for the answer.
  bool is_asked() const {
    const std::lock_guard lock(mutex_);
    return waiting_ > 0;
  }
  static void wait() {
    std::unique_lock lock(mutex_);
    if (!is_silent_) return;
    ++waiting_;
    // Not for ever: who waits for this on the only thread would never say so.
    changed_.wait_for(lock, 5s, [] { return !is_silent_; });
    --waiting_;
    changed_.notify_all();
  }

 private:
  static inline std::mutex mutex_;
  static inline std::condition_variable changed_;
  static inline bool is_silent_ = false;
  static inline int waiting_ = 0;
};

TEST(HttpClient, AsksForANameNoLongerThanTheAttemptMayTake) {
  LoopbackServer server(says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  SilentNames names;
  Attempts attempts;
  const auto silent = attempts.to("http://" + std::string(SilentNames::kHost) + "/", 50ms);
  const auto other = attempts.to(server.url());
  attempts.start(silent);
  const auto [first, report] = attempts.next();
  EXPECT_EQ(first, silent);
  EXPECT_EQ(report.result, AttemptResult::timeout);
  EXPECT_TRUE(names.is_asked()) << "it was told after the name, and with it everything else";
  attempts.start(other);
  EXPECT_EQ(attempts.next().second.result, AttemptResult::delivered);
}

TEST(HttpClient, LeavesANameToItselfWhenTheDestinationIsGone) {
  SilentNames names;
  Attempts attempts;
  const auto silent = attempts.to("http://" + std::string(SilentNames::kHost) + "/", 20s);
  attempts.start(silent);
  attempts.perform_until([&] { return names.is_asked(); });
  attempts.remove(silent);
  EXPECT_TRUE(names.is_asked());
}

}  // namespace
}  // namespace creel

// In place of the C library's, which libcurl would call.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  if (node && node == creel::SilentNames::kHost) {
    creel::SilentNames::wait();
    return EAI_AGAIN;
  }
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, found);
}
