#include "deliver/line_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "deliver/posted_ends_fixture.h"
#include "verify/json.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

AttemptOrder order_of(StoredEvent event) {
  event.id = EventId::of(7, 0);
  auto content = std::make_shared<StoredEvent>(std::move(event));
  return {.event = content->id, .content = content};
}

TEST(EventLine, HasEverythingOnOneLine) {
  const std::string line = event_line(order_of({.source = "github",
                                                .received = Time{1'700'000'000'123ms},
                                                .type = "push",
                                                .subject = "a\"b\n",
                                                .head = "POST / HTTP/1.1\r\nX-A:  b\r\nX-A: c\r\n",
                                                .body = "{\n  \"a\": [1,\r\n 2]\n}"}),
                                      "out");
  const std::string id = to_text(EventId::of(7, 0));
  EXPECT_EQ(line,
            "{\"id\":\"" + id + "\",\"delivery\":\"" +
                to_text(DeliveryId{.event = EventId::of(7, 0), .destination = "out"}) +
                "\",\"source\":\"github\",\"type\":\"push\",\"subject\":\"a\\\"b\\u000a\","
                "\"received\":\"2023-11-14T22:13:20.123Z\",\"headers\":[[\"X-A\",\"b\"],[\"X-A\",\"c\"]],"
                "\"body\":{   \"a\": [1,   2] }}\n");
}

TEST(EventLine, IsJsonWhateverTheEventHolds) {
  for (const char* body :
       {"", "not json", "{\"a\":1,\"a\":2}", "\xff\xfe", "\"\\ud83d\"", "12345678901234567890123"}) {
    const std::string line = event_line(
        order_of({.source = "s", .type = "\xff\x01", .head = "POST\r\nX: \xfe\r\nbroken\r\n", .body = body}),
        "out");
    EXPECT_TRUE(parse_genuine_json(line)) << line;
    EXPECT_EQ(line.find('\n'), line.size() - 1);
  }
  EXPECT_THAT(event_line(order_of({.body = "not json"}), "out"),
              HasSubstr("\"body_base64\":\"bm90IGpzb24=\"}"));
}

// A pipe whose reader is the test.
class Pipe {
 public:
  Pipe() { [[maybe_unused]] const int made = ::pipe2(ends_.data(), O_CLOEXEC); }
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  int writer() const { return ends_[1]; }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  // So many lines.
  std::string read_lines(std::ptrdiff_t count) const {
    std::string text;
    while (std::ranges::count(text, '\n') < count) {
      std::array<char, 65536> part;
      const auto got = ::read(ends_[0], part.data(), part.size());
      if (got <= 0) break;
      text.append(part.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

struct Lines {
  Pipe pipe;
  PostedEnds ends;
  LineWriter writer{pipe.writer(), ends.post()};
  std::vector<std::unique_ptr<Endpoint>> endpoints;

  std::size_t to(std::chrono::milliseconds timeout = 20s) {
    assume(on_deliver);
    Destination destination;
    destination.name = "out";
    destination.kind = DestinationKind::standard_output;
    destination.timeout = timeout;
    endpoints.push_back(writer.endpoint(std::move(destination)));
    return endpoints.size() - 1;
  }
  void start(std::size_t endpoint, std::string body, std::uint64_t sequence = 1) {
    assume(on_deliver);
    endpoints[endpoint]->attempt(PostedEnds::order(std::move(body), sequence), Time{});
  }
  bool is_idle(std::size_t endpoint) {
    assume(on_deliver);
    return endpoints[endpoint]->is_idle();
  }
};

TEST(LineWriter, WritesALineForEachEventInTheirOrder) {
  Lines lines;
  lines.to();
  std::string wanted;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    lines.start(0, "{}", i);
    wanted += event_line(PostedEnds::order("{}", i), "out");
  }
  EXPECT_EQ(lines.pipe.read_lines(20), wanted);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(lines.ends.next().second.result, AttemptResult::delivered);
  lines.writer.stop();
  EXPECT_TRUE(lines.is_idle(0));
}

// Else whoever lets go what is idle would never hear of that end.
TEST(LineWriter, IsIdleOnlyOnceItsEndsAreTold) {
  Pipe pipe;
  PostedEnds ends;
  std::unique_ptr<Endpoint> endpoint;
  bool was_idle = true;
  LineWriter writer(pipe.writer(), [&](AttemptOrder order, AttemptReport report) {
    assume(on_deliver);
    was_idle = endpoint->is_idle();
    ends.post()(std::move(order), std::move(report));
  });
  assume(on_deliver);
  endpoint = writer.endpoint({.name = "out", .kind = DestinationKind::standard_output});
  endpoint->attempt(PostedEnds::order("{}"), Time{});
  EXPECT_EQ(ends.next().second.result, AttemptResult::delivered);
  EXPECT_FALSE(was_idle);
  writer.stop();
  EXPECT_TRUE(endpoint->is_idle());
}

TEST(LineWriter, WritesALongLineWhole) {
  Lines lines;
  lines.to();
  const std::string body = "\"" + std::string(8 << 20, 'x') + "\"";
  lines.start(0, body);
  EXPECT_EQ(lines.pipe.read_lines(1), event_line(PostedEnds::order(body, 1), "out"));
  EXPECT_EQ(lines.ends.next().second.result, AttemptResult::delivered);
}

TEST(LineWriter, SaysWhenNobodyReadsAnyMore) {
  Lines lines;
  lines.to();
  lines.pipe.close_reader();
  lines.start(0, "{}");
  const auto report = lines.ends.next().second;
  EXPECT_EQ(report.result, AttemptResult::reset);
  EXPECT_EQ(report.error, "standard output: Broken pipe");
}

TEST(LineWriter, FinishesALineThatItHasBegunAndNoOtherThatIsLate) {
  Lines lines;
  const auto patient = lines.to(), hasty = lines.to(30ms);
  const std::string body = "\"" + std::string(1 << 20, 'x') + "\"";
  lines.start(patient, body, 1);
  lines.start(hasty, "{}", 2);
  // The pipe is full with the first one; until somebody reads, the second waits, and is late then.
  ::usleep(60'000);
  EXPECT_EQ(lines.ends.count(), 0u);
  EXPECT_EQ(lines.pipe.read_lines(1), event_line(PostedEnds::order(body, 1), "out"));
  EXPECT_EQ(lines.ends.next().second.result, AttemptResult::delivered);
  const auto late = lines.ends.next().second;
  EXPECT_EQ(late.result, AttemptResult::timeout);
  EXPECT_EQ(late.error, "nobody read standard output for 30 ms");
}

TEST(LineWriter, StopsWhileNobodyReads) {
  Lines lines;
  lines.to();
  lines.start(0, "\"" + std::string(1 << 20, 'x') + "\"");
  lines.writer.stop();
  EXPECT_EQ(lines.ends.count(), 0u);
}

TEST(LineWriter, WritesToAFile) {
  std::string name = "/tmp/creel_lines_XXXXXX";
  const int file = ::mkstemp(name.data());
  ::unlink(name.c_str());
  PostedEnds ends;
  {
    LineWriter writer(file, ends.post());
    assume(on_deliver);
    Destination destination;
    destination.name = "out";
    const auto endpoint = writer.endpoint(destination);
    endpoint->attempt(PostedEnds::order("{}"), Time{});
    EXPECT_EQ(ends.next().second.result, AttemptResult::delivered);
  }
  std::string written(4096, '\0');
  written.resize(static_cast<std::size_t>(::pread(file, written.data(), written.size(), 0)));
  EXPECT_EQ(written, event_line(PostedEnds::order("{}"), "out"));
  ::close(file);
}

}  // namespace
}  // namespace creel
