#include "deliver/exec_runs.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace creel {
namespace {

constexpr int kTryAgain = 75, kDataError = 65;
constexpr int kPartsPerTurn = 4;
// Where the kernel does not say that a process has ended.
constexpr auto kLookEvery = std::chrono::milliseconds(20);

// What a terminal would take as a command, as \xNN. Lines stay lines.
std::string escaped(std::string_view text, std::size_t bytes_max) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string made;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= 0x20 && byte != 0x7f) || c == '\n' || c == '\t') {
      made.push_back(c);
    } else {
      made.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    }
    if (made.size() >= bytes_max) break;
  }
  if (made.size() > bytes_max) made.resize(bytes_max);
  return made;
}

}  // namespace

AttemptReport report_of_exit(int status, std::string output, std::size_t bytes_max) {
  if (status == 0) return {.result = AttemptResult::delivered};
  AttemptReport report{.result = AttemptResult::exit, .status = status, .reply = escaped(output, bytes_max)};
  if (status < 0) {
    report.error = "the program was ended by signal " + std::to_string(-status);
  } else {
    report.error = "the program ended with " + std::to_string(status);
  }
  if (status == kTryAgain) report.error += ": try again";
  if (status == kDataError) {
    report.error += ": no use to try again";
    report.is_final = true;
  }
  return report;
}

ExecRuns::~ExecRuns() {
  for (const auto& run : runs_)
    ::kill(-run->process.id, SIGKILL);
}

void ExecRuns::end_all(Ticks now) {
  is_ending_ = true;
  for (const auto& run : runs_)
    run->until = std::min(run->until, now);
}

bool ExecRuns::wait(int wake, std::chrono::milliseconds at_most, Ticks now) {
  polled_.clear();
  polled_.push_back({.fd = wake, .events = POLLIN, .revents = 0});
  bool has_to_look = false;
  for (const auto& run : runs_) {
    // Closed ones are -1, which poll leaves out.
    const Process& process = run->process;
    if (!run->exited) polled_.push_back({.fd = process.ended.get(), .events = POLLIN, .revents = 0});
    polled_.push_back({.fd = process.input.get(), .events = POLLOUT, .revents = 0});
    polled_.push_back({.fd = process.output.get(), .events = POLLIN, .revents = 0});
    has_to_look |= !run->exited && !process.ended.is_open();
  }
  const Ticks until = next_moment(now + at_most);
  auto rest = std::chrono::ceil<std::chrono::milliseconds>(std::max(until - now, Ticks::duration(0)));
  if (has_to_look) rest = std::min(rest, std::chrono::milliseconds(kLookEvery));
  ::poll(polled_.data(), polled_.size(), static_cast<int>(rest.count()));
  return (polled_[0].revents & POLLIN) != 0;
}

Ticks ExecRuns::next_moment(Ticks latest) const {
  Ticks next = latest;
  for (const auto& run : runs_) {
    if (run->stage == ExecRun::Stage::running) next = std::min(next, run->until);
    if (run->stage == ExecRun::Stage::asked) next = std::min(next, run->forced_at);
    if (run->exited && !run->is_told) next = std::min(next, *run->exited + options_.drain);
  }
  return next;
}

void ExecRuns::advance(Ticks now) {
  for (const auto& run : runs_) {
    feed(*run);
    hear(*run);
    look(*run, now);
    watch_time(*run, now);
    const bool is_drained =
        run->exited && (!run->process.output.is_open() || now >= *run->exited + options_.drain);
    if (is_drained || run->stage == ExecRun::Stage::forced) tell(*run);
  }
  std::erase_if(runs_, [](const std::unique_ptr<ExecRun>& run) {
    if (!is_over(*run)) return false;
    ::waitpid(run->process.id, nullptr, WNOHANG);
    return true;
  });
}

void ExecRuns::feed(ExecRun& run) {
  if (!run.process.input.is_open()) return;
  const std::string_view body = run.order.content->body;
  while (run.written < body.size()) {
    const auto wrote = ::write(run.process.input.get(), body.data() + run.written, body.size() - run.written);
    if (wrote < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return;
      break;  // it does not want the rest, which is its own business
    }
    run.written += static_cast<std::size_t>(wrote);
  }
  run.process.input.close();
}

void ExecRuns::hear(ExecRun& run) {
  std::array<char, 65536> part;
  for (int i = 0; i < kPartsPerTurn && run.process.output.is_open(); ++i) {
    const auto got = ::read(run.process.output.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return run.process.output.close();
    const std::size_t room = options_.reply_bytes_max - std::min(options_.reply_bytes_max, run.output.size());
    run.output.append(part.data(), std::min(room, static_cast<std::size_t>(got)));
  }
}

// Whether it has ended. It is left as it is: as long as nobody has waited for it, nobody else can be given
// its number, which is that of its group.
void ExecRuns::look(ExecRun& run, Ticks now) {
  if (run.exited) return;
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(run.process.id), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0)
    return;
  run.exited = now;
  run.status = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
  run.process.input.close();
  hear(run);
}

void ExecRuns::watch_time(ExecRun& run, Ticks now) {
  if (run.stage == ExecRun::Stage::running && !run.exited && (now >= run.until || run.is_unwanted())) {
    run.stage = ExecRun::Stage::asked;
    run.forced_at = now + options_.kill_after;
    ::kill(-run.process.id, SIGTERM);
  }
  // Its children have time until then; but not while creel itself ends.
  const bool is_to_be_forced = now >= run.forced_at || (is_ending_ && run.exited);
  if (run.stage == ExecRun::Stage::asked && is_to_be_forced) {
    run.stage = ExecRun::Stage::forced;
    ::kill(-run.process.id, SIGKILL);
  }
}

void ExecRuns::tell(ExecRun& run) {
  if (std::exchange(run.is_told, true)) return;
  run.process.input.close();
  run.process.output.close();
  AttemptReport report;
  if (run.stage == ExecRun::Stage::running) {
    report = report_of_exit(run.status, std::move(run.output), options_.reply_bytes_max);
  } else {
    report = {.result = AttemptResult::timeout,
              .reply = escaped(run.output, options_.reply_bytes_max),
              .error = "the program did not end within " + std::to_string(run.timeout.count()) + " ms"};
  }
  run.ended(std::move(run.order), std::move(report));
}

// What was asked to end keeps its number until it was forced: children of the program may have taken the hint
// later than it did.
bool ExecRuns::is_over(const ExecRun& run) {
  return run.is_told && run.exited && run.stage != ExecRun::Stage::asked;
}

}  // namespace creel
