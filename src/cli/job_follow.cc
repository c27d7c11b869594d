#include "cli/job_follow.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/exit_code.h"
#include "cli/job_words.h"
#include "cli/output.h"

namespace creel::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseMin(50), kPauseMax(500);
constexpr milliseconds kLineEvery(10'000);

// How far a job is, on stderr.
class Progress {
 public:
  Progress(const Json& job, Io& io) : io_(io), from_(progress_of(job)), told_(from_) {}

  void show(const Json& job, milliseconds waited) {
    took_ += waited;
    if (io_.err_is_terminal) {
      io_.err << "\r\x1b[K" << running_text(job, from_, took_) << std::flush;
      is_open_ = true;
      return;
    }
    const std::string waiting = shown(job.find("waiting"));
    const bool is_news = progress_of(job) >= told_ + 0.1 || took_ >= told_at_ + kLineEvery ||
                         (!waiting.empty() && waiting != waiting_);
    waiting_ = waiting;
    if (!is_news) return;
    told_ = progress_of(job);
    told_at_ = took_;
    complain(io_.err, running_text(job, from_, took_));
  }
  void end() {
    if (is_open_) io_.err << "\r\x1b[K" << std::flush;
    is_open_ = false;
  }

 private:
  Io& io_;
  double from_, told_;
  milliseconds took_{0}, told_at_{0};
  std::string waiting_;
  bool is_open_ = false;
};

int report(const Json& job, Format format, Io& io) {
  io.out << (format == Format::json ? job.dump() : ended_text(job)) << '\n';
  if (job.text("state") != "done") return kNegative;
  if (job.integer("deliveries") > 0) return kFine;
  complain(io.err, nothing_matched(job));
  return kNegative;
}

}  // namespace

int follow_job(AdminClient& client, Json job, Format format, Io& io) {
  const std::string id = job.text("id"), path = "/api/v1/jobs/" + percent_encoded(id);
  const auto is_interrupted = [&io] { return io.interrupted && io.interrupted(); };
  Progress progress(job, io);
  if (is_running(job) && !is_interrupted())
    complain(io.err, fmt::format("{} is on its way; ctrl-C leaves it running", id));
  for (milliseconds wait = kPauseMin; is_running(job); wait = std::min(wait * 2, kPauseMax)) {
    io.pause(wait);
    auto now = is_interrupted() ? std::unexpected(kInterrupted)
                                : get_through_restarts(client, path, is_interrupted, io);
    if (!now && now.error() == kInterrupted) {
      progress.end();
      complain(io.err, fmt::format("{} goes on by itself: creel jobs wait {} follows it, creel jobs cancel "
                                   "{} stops it",
                                   id, id, id));
      return kInterrupted;
    }
    if (!now) return now.error();
    job = *std::move(now);
    if (is_running(job)) progress.show(job, wait);
  }
  progress.end();
  return report(job, format, io);
}

}  // namespace creel::cli
