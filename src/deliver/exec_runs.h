// The programs that run now, as the exec runner's thread has them.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "deliver/destination.h"
#include "deliver/exec_process.h"

namespace creel {

// One program on its way.
struct ExecRun {
  enum class Stage : std::uint8_t {
    running,
    asked,   // to end, with SIGTERM
    forced,  // to end, with SIGKILL
  };
  Process process;
  AttemptOrder order;
  std::function<bool()> is_unwanted;                       // nobody waits for its end any more
  std::function<void(AttemptOrder, AttemptReport)> ended;  // called once at most
  Ticks until;                                             // then its time is over
  std::chrono::milliseconds timeout{0};
  std::size_t written = 0;  // of the body
  std::string output;       // the beginning of what it printed
  Stage stage = Stage::running;
  Ticks forced_at{};            // while asked
  std::optional<Ticks> exited;  // when; then `status` holds
  int status = 0;               // the exit code, or minus the signal
  bool is_told = false;
};

class ExecRuns {
 public:
  struct Options {
    std::size_t reply_bytes_max;
    std::chrono::milliseconds kill_after, drain;
  };
  explicit ExecRuns(const Options& options) : options_(options) {}
  // Waits for nobody: to be called when empty, or when nothing is left to be hoped for.
  ~ExecRuns();

  void add(std::unique_ptr<ExecRun> run) { runs_.push_back(std::move(run)); }
  bool is_empty() const { return runs_.empty(); }
  // Asks all to end, for creel does.
  void end_all(Ticks now);
  // Waits until one of them, or `wake`, has something to say, or `at_most` is over. True for `wake`.
  bool wait(int wake, std::chrono::milliseconds at_most, Ticks now);
  // Moves all on, and tells which ended.
  void advance(Ticks now);

 private:
  void feed(ExecRun& run);
  void hear(ExecRun& run);
  void look(ExecRun& run, Ticks now);
  void watch_time(ExecRun& run, Ticks now);
  void tell(ExecRun& run);
  static bool is_over(const ExecRun& run);
  Ticks next_moment(Ticks latest) const;

  const Options options_;
  bool is_ending_ = false;
  std::vector<std::unique_ptr<ExecRun>> runs_;
  std::vector<pollfd> polled_;
};

// What becomes of an attempt whose program ended so. `output` is escaped and cut.
AttemptReport report_of_exit(int status, std::string output, std::size_t bytes_max);

}  // namespace creel
