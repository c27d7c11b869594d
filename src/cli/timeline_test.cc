// The timeline of a delivery, as people read it.
#include "cli/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/output.h"

namespace creel::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const Time kNow(1767323045s);  // 2026-01-02T03:04:05Z

std::string timeline(std::string_view delivery) {
  std::ostringstream out;
  print_timeline(*Json::parse(delivery), kNow, out);
  return out.str();
}

// Times as this machine shows them.
std::string at(std::string_view clock) {
  return local_time("2026-01-02T" + std::string(clock) + ".000Z");
}

TEST(Timeline, ShowsEveryAttemptWithItsParts) {
  EXPECT_EQ(
      timeline(
          R"({"id":"cev_1.app.1","destination":"app","state":"pending","due":"2026-01-02T03:05:05.000Z","attempts":3,)"
          R"("history":[{"number":1,"trigger":"first","started":"2026-01-02T03:04:00.000Z","took_ms":34,)"
          R"("timings_us":{"dns":310,"connect":95,"tls":2100,"first_byte":31200},"result":"status","status":503,)"
          R"("error":"answered 503"},)"
          R"({"number":2,"trigger":"retry","started":"2026-01-02T03:04:01.000Z","took_ms":30000,)"
          R"("timings_us":{"dns":0,"connect":0,"tls":0,"first_byte":0},"result":"timeout","error":"no answer"},)"
          R"({"number":3,"trigger":"resume","started":"2026-01-02T03:04:03.000Z","took_ms":2,)"
          R"("timings_us":{"dns":0,"connect":0,"tls":0,"first_byte":1900},"result":"status","status":500,)"
          R"("error":"answered 500","reply":"HTTP/1.1 500 Oh no\r\ncontent-type: text/plain\r\n\r\nout of \u001b[31mpaper\n"}]})"),
      "delivery     cev_1.app.1\n"
      "destination  app\n"
      "state        pending\n"
      "attempts     3\n"
      "next         " +
          at("03:05:05") +
          ", in 1 min 0 s\n"
          "\n"
          "  #  WHY     STARTED                    TOOK     DNS     CONNECT  TLS     FIRST BYTE  RESULT\n"
          "  1  first   " +
          at("03:04:00") +
          "  34 ms    310 µs  95 µs    2.1 ms  31 ms       status 503: answered 503\n"
          "  2  retry   " +
          at("03:04:01") +
          "  30.00 s                                       timeout: no answer\n"
          "  3  resume  " +
          at("03:04:03") +
          "  2.0 ms                            1.9 ms      status 500: answered 500\n"
          "\n"
          "  reply of attempt 3\n"
          "    HTTP/1.1 500 Oh no\n"
          "    content-type: text/plain\n"
          "\n"
          "    out of \\x1b[31mpaper\n");
}

TEST(Timeline, LeavesOutTheColumnsThatSayNothing) {
  const std::string shown = timeline(
      R"({"id":"d","destination":"app","state":"dead","attempts":2,"history":[)"
      R"({"number":1,"trigger":"first","started":"2026-01-02T03:04:00.000Z","took_ms":120,"result":"exit","status":75,)"
      R"("error":"it wants to be asked again","reply":"busy"},)"
      R"({"number":2,"trigger":"manual","started":"2026-01-02T03:04:00.000Z","took_ms":5,"result":"exit","status":-9,)"
      R"("reply":"oh"}]})");
  EXPECT_THAT(shown, HasSubstr("TOOK    RESULT\n"));
  EXPECT_THAT(shown, HasSubstr("120 ms  exit 75: it wants to be asked again\n"));
  EXPECT_THAT(shown, HasSubstr("5.0 ms  exit, killed by signal 9\n"));
  EXPECT_THAT(shown, HasSubstr("\n  output of attempt 2\n    oh\n"));
  EXPECT_THAT(shown, Not(HasSubstr("next")));
}

TEST(Timeline, SaysWhyADeliveryIsHeldAndNotWhenItIsDue) {
  const std::string held = timeline(
      R"({"id":"d","destination":"app","state":"held","held":"breaker open","due":"2026-01-02T03:05:05.000Z",)"
      R"("attempts":0,"history":[]})");
  EXPECT_THAT(held, HasSubstr("state        held\nheld         breaker open\nattempts     0\n"));
  EXPECT_THAT(held, Not(HasSubstr("next")));
  EXPECT_THAT(timeline(R"({"state":"pending","due":"2026-01-02T03:04:03.000Z"})"),
              testing::ContainsRegex("next  .*, due for 2\\.00 s\n"));
}

TEST(Timeline, CutsALongReply) {
  std::string reply;
  for (int line = 1; line <= 20; ++line)
    reply += "line " + std::to_string(line) + "\\n";
  const std::string shown =
      timeline(R"({"state":"dead","history":[{"number":1,"reply":")" + reply + R"("}]})");
  EXPECT_THAT(shown, HasSubstr("    line 12\n    … 64 bytes more, with --format json\n"));
  EXPECT_THAT(shown, Not(HasSubstr("line 13")));
}

TEST(RoughDuration, IsShort) {
  EXPECT_EQ(rough_duration(999us), "999 µs");
  EXPECT_EQ(rough_duration(1000us), "1.0 ms");
  EXPECT_EQ(rough_duration(35ms), "35 ms");
  EXPECT_EQ(rough_duration(1500ms), "1.50 s");
  EXPECT_EQ(rough_duration(125s), "2 min 5 s");
  EXPECT_EQ(rough_duration(90min), "1 h 30 min");
  EXPECT_EQ(rough_duration(72h), "3 days");
}

}  // namespace
}  // namespace creel::cli
