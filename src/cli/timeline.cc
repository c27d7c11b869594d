#include "cli/timeline.h"

#include <fmt/format.h>

#include <chrono>
#include <ostream>

#include "admin/json.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {
namespace {

using std::chrono::microseconds;

constexpr int kReplyLines = 12;

// "2026-11-23T17:40:00+01:00, in 12.00 s".
std::string next_text(const std::string& due, Time now) {
  const auto time = admin::parse_time(due);
  if (!time) return {};
  const std::string text = local_time(due);
  if (*time > now) return fmt::format("{}, in {}", text, rough_duration(*time - now));
  return fmt::format("{}, due for {}", text, rough_duration(now - *time));
}

// Of a part of an attempt; "" when it did not happen.
std::string part_text(const Json* timings, std::string_view name) {
  const std::int64_t us = timings ? timings->integer(name) : 0;
  return us > 0 ? rough_duration(microseconds(us)) : std::string();
}

std::string result_text(const Json& attempt) {
  std::string text = attempt.text("result");
  const std::int64_t status = attempt.integer("status");
  if (status < 0) {
    text += fmt::format(", killed by signal {}", -status);
  } else if (status > 0) {
    text += fmt::format(" {}", status);
  }
  const std::string error = attempt.text("error");
  return error.empty() ? text : text + ": " + error;
}

void print_attempts(const Json& delivery, std::ostream& out) {
  Table table({"#", "WHY", "STARTED", "TOOK", "DNS", "CONNECT", "TLS", "FIRST BYTE", "RESULT"});
  for (const Json& attempt : delivery.items("history")) {
    const Json* timings = attempt.find("timings_us");
    table.add({shown(attempt.find("number")), attempt.text("trigger"), local_time(attempt.text("started")),
               rough_duration(std::chrono::milliseconds(attempt.integer("took_ms"))),
               part_text(timings, "dns"), part_text(timings, "connect"), part_text(timings, "tls"),
               part_text(timings, "first_byte"), result_text(attempt)});
  }
  if (!table.has_rows()) return;
  out << '\n';
  table.print(out, "  ", true);
}

// The beginning of what the newest failure was answered, or of what its program said.
void print_reply(const Json& delivery, std::ostream& out) {
  const Json* newest = nullptr;
  for (const Json& attempt : delivery.items("history")) {
    if (!attempt.text("reply").empty()) newest = &attempt;
  }
  if (!newest) return;
  const std::string reply = newest->text("reply");
  out << fmt::format("\n  {} of attempt {}\n", newest->text("result") == "exit" ? "output" : "reply",
                     shown(newest->find("number")));
  std::string_view rest = reply;
  for (int lines = 0; !rest.empty(); ++lines) {
    if (lines == kReplyLines) {
      out << fmt::format("    … {} bytes more, with --format json\n", rest.size());
      return;
    }
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string safe = displayed(line);
    out << (safe.empty() ? "" : "    ") << safe << '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

}  // namespace

void print_timeline(const Json& delivery, Time now, std::ostream& out) {
  std::vector<std::pair<std::string, std::string>> fields{{"delivery", delivery.text("id")},
                                                          {"destination", delivery.text("destination")},
                                                          {"state", delivery.text("state")},
                                                          {"held", delivery.text("held")},
                                                          {"attempts", shown(delivery.find("attempts"))}};
  // What is held goes when nothing holds it any more, whenever it is due.
  if (delivery.text("state") == "pending") fields.emplace_back("next", next_text(delivery.text("due"), now));
  std::erase_if(fields, [](const auto& field) { return field.second.empty(); });
  print_fields(out, fields);
  print_attempts(delivery, out);
  print_reply(delivery, out);
}

}  // namespace creel::cli
