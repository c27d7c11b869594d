#include "core/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace creel {
namespace {

using testing::HasSubstr;

class StoppedClock final : public Clock {
 public:
  Time now() const override { return Time(std::chrono::milliseconds(1'750'861'210'042)); }
  Ticks ticks() const override { return {}; }
};

// A log into a file, and what it wrote.
struct LogFile {
  explicit LogFile(Log::Options options) {
    options.descriptor = ::fileno(file);
    log = std::make_unique<Log>(clock, options);
  }
  ~LogFile() { std::fclose(file); }
  std::string read() {
    log->flush();
    std::string text(1 << 16, '\0');
    ssize_t bytes = ::pread(::fileno(file), text.data(), text.size(), 0);
    text.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return text;
  }
  std::FILE* file = std::tmpfile();
  StoppedClock clock;
  std::unique_ptr<Log> log;
};

TEST(Log, WritesOneJsonObjectALine) {
  LogFile file({.format = LogFormat::json});
  file.log->info("event accepted",
                 {{"source", "openai"}, {"bytes", std::int64_t{300}}, {"first", true}, {"took", 0.25}});
  EXPECT_EQ(file.read(),
            "{\"time\":\"2025-06-25T14:20:10.042Z\",\"level\":\"info\",\"message\":\"event accepted\","
            "\"source\":\"openai\",\"bytes\":300,\"first\":true,\"took\":0.25}\n");
}

TEST(Log, WritesTextForPeopleAndQuotesWhereNeeded) {
  LogFile file({.format = LogFormat::text});
  file.log->warning("slow", {{"type", "batch.completed"}, {"error", "no answer in 30 s"}});
  EXPECT_EQ(file.read(),
            "2025-06-25T14:20:10.042Z warning slow type=batch.completed error=\"no answer in 30 s\"\n");
}

TEST(Log, EscapesWhatCameFromOutside) {
  LogFile file({.format = LogFormat::json});
  file.log->info("x", {{"id", "a\"b\\c\n\x1b[2J"}});
  EXPECT_THAT(file.read(), HasSubstr(R"("id":"a\"b\\c\\x0a\\x1b[2J")"));
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  LogFile file({.level = LogLevel::warning, .format = LogFormat::text});
  file.log->info("quiet");
  file.log->error("loud");
  EXPECT_THAT(file.read(), testing::Not(HasSubstr("quiet")));
  EXPECT_THAT(file.read(), HasSubstr("loud"));
}

TEST(Log, GoesOnWithAnotherLevel) {
  LogFile file({.level = LogLevel::warning, .format = LogFormat::text});
  file.log->info("quiet");
  file.log->set_level(LogLevel::info);
  file.log->info("heard");
  EXPECT_THAT(file.read(), testing::Not(HasSubstr("quiet")));
  EXPECT_THAT(file.read(), HasSubstr("heard"));
}

TEST(Log, DropsLinesRatherThanMemoryAndSaysHowMany) {
  LogFile file({.format = LogFormat::text, .queue_bytes_max = 256});
  for (int i = 0; i < 100; ++i)
    file.log->info("a line that takes some room in the queue");
  file.read();
  EXPECT_GT(file.log->dropped(), 0u);
  file.log->info("after");
  EXPECT_THAT(file.read(), HasSubstr("log lines dropped: the log could not keep up lines="));
}

}  // namespace
}  // namespace creel
