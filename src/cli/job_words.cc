#include "cli/job_words.h"

#include <fmt/format.h>

#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {
namespace {

// What was done to the deliveries of a job of this kind.
std::string_view done_to(std::string_view kind) {
  if (kind == "replay") return "replayed";
  if (kind == "cancel") return "cancelled";
  return "retried";
}

std::string events_text(std::int64_t count) {
  return fmt::format("{} {} looked at", count, count == 1 ? "event" : "events");
}

}  // namespace

std::string deliveries_text(std::int64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "delivery" : "deliveries");
}

double progress_of(const Json& job) {
  const Json* progress = job.find("progress");
  if (!progress) return 0;
  if (const auto* real = std::get_if<double>(&progress->value)) return *real;
  return static_cast<double>(job.integer("progress"));
}

// Rounded down: 100 % is the end.
std::string progress_text(const Json& job) {
  return fmt::format("{} %", static_cast<int>(progress_of(job) * 100));
}

std::string running_text(const Json& job, double from, std::chrono::milliseconds took) {
  std::string text =
      fmt::format("{}: {}, {}, {}", job.text("id"), progress_text(job), events_text(job.integer("events")),
                  deliveries_text(job.integer("deliveries")));
  if (const std::string waiting = shown(job.find("waiting")); !waiting.empty())
    return text + "; it waits: " + displayed(waiting);
  const double made = progress_of(job) - from;
  if (made > 0 && took >= std::chrono::seconds(2)) {
    const auto left = took * ((1 - progress_of(job)) / made);
    text += fmt::format(", about {} to go",
                        rough_seconds(std::chrono::duration_cast<std::chrono::seconds>(left)));
  }
  return text;
}

std::string ended_text(const Json& job) {
  const std::string error = shown(job.find("error"));
  return fmt::format("{}: {}{}: {} {}, {}", job.text("id"), job.text("state"),
                     error.empty() ? "" : " (" + displayed(error, 1024) + ")",
                     deliveries_text(job.integer("deliveries")), done_to(job.text("kind")),
                     events_text(job.integer("events")));
}

std::string nothing_matched(const Json& job) {
  const Json* select = job.find("select");
  const bool has_state = select && !select->text("state").empty();
  if (job.text("kind") == "retry" && !has_state)
    return "nothing matched: without --state only dead deliveries are retried";
  if (job.text("kind") == "cancel" && !has_state)
    return "nothing matched: only pending and dead deliveries can be cancelled";
  return "nothing matched";
}

bool is_running(const Json& job) {
  return job.text("state") == "running";
}

}  // namespace creel::cli
