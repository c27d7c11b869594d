#include "deliver/attempt_log.h"

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace creel {
namespace {

using namespace std::chrono_literals;

// An attempt log that writes into memory.
struct Written {
  SystemClock clock;
  int file = ::memfd_create("log", MFD_CLOEXEC);
  Log log{clock, {.descriptor = file}};
  AttemptLog attempts{log};
  Ticks now{1h};

  ~Written() {
    log.flush();
    ::close(file);
  }
  void hold(std::uint64_t event, std::string_view reason) {
    attempts.on_held(0, {.event = EventId::of(event, 0), .destination = "app"}, reason, now);
  }
  std::string text() {
    log.flush();
    std::string text(std::size_t{1} << 20, '\0');
    const auto got = ::pread(file, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  std::ptrdiff_t lines() {
    const std::string all = text();
    return std::ranges::count(all, '\n');
  }
};

TEST(AttemptLog, SaysAReasonToHoldOnceAndCountsTheRest) {
  Written log;
  for (std::uint64_t event = 1; event <= 1000; ++event)
    log.hold(event, "no field");
  EXPECT_EQ(log.lines(), 1);
  EXPECT_NE(log.text().find("no field"), std::string::npos);
  EXPECT_TRUE(log.attempts.flush(log.now));
  EXPECT_FALSE(log.attempts.flush(log.now + 1s));
  EXPECT_EQ(log.lines(), 2);
  EXPECT_NE(log.text().find("999"), std::string::npos);
}

TEST(AttemptLog, SaysFewOfManyReasons) {
  Written log;
  for (std::uint64_t event = 1; event <= 1000; ++event)
    log.hold(event, "reason " + std::to_string(event));
  EXPECT_EQ(log.lines(), 5);
}

TEST(AttemptLog, SaysAReasonAgainAfterAReload) {
  Written log;
  log.hold(1, "no field");
  log.attempts.on_reload();
  log.hold(2, "no field");
  EXPECT_EQ(log.lines(), 2);
}

}  // namespace
}  // namespace creel
