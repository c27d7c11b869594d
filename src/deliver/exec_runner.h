// Destinations that are programs: the event's body on standard input, the answer in the exit code.
//
//   0 is delivered, 75 (EX_TEMPFAIL) asks for another try, 65 (EX_DATAERR) says that none will help, and any
//   other code is a failure like another, as is an end by a signal.
//
// All programs run from one thread, started with the first attempt, which feeds them, takes what they print
// and watches the clock. A program that hangs, prints without end, reads nothing or leaves children behind
// costs the others nothing. What has to go, because its time is over, its destination is gone or creel stops,
// goes with its process group: first asked (SIGTERM), then made to (SIGKILL). If creel is killed, so are the
// programs.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/model.h"
#include "core/threads.h"
#include "deliver/destination.h"
#include "deliver/exec_process.h"

namespace creel {

class ExecRuns;

// The error is a sentence for the person who configures. Looks at no file.
std::expected<void, std::string> check_exec_settings(const ExecSettings& settings);

class ExecRunner {
 public:
  struct Options {
    std::size_t reply_bytes_max = 1024;                                // of what a failure printed, kept
    std::chrono::milliseconds kill_after = std::chrono::seconds(2);    // it was asked to end
    std::chrono::milliseconds drain = std::chrono::milliseconds(250);  // for what is still in its pipe
  };
  // Called on the runner's thread; returns at once. Not called for attempts whose endpoint was gone before
  // they ended.
  using Ended = std::function<void(AttemptOrder, AttemptReport)>;

  ExecRunner(const Options& options, Ended ended);
  ~ExecRunner() { stop(); }
  ExecRunner(const ExecRunner&) = delete;
  ExecRunner& operator=(const ExecRunner&) = delete;

  // Goes before the runner does.
  std::unique_ptr<Endpoint> endpoint(Destination destination) ON_DELIVER;
  // Ends what runs, at worst by force, and tells of none. Blocks for little more than `kill_after`.
  void stop();

 private:
  class Handler;
  // What an endpoint and the thread both know.
  struct Shared {
    explicit Shared(Destination told) : destination(std::move(told)) {}

    const Destination destination;
    std::atomic<bool> is_gone = false;
    std::atomic<std::size_t> running = 0;
    // Of the thread.
    std::optional<std::expected<Program, std::string>> program;
  };
  struct Job {
    std::shared_ptr<Shared> shared;
    AttemptOrder order;
    Ticks until;
  };

  void submit(Job job) ON_DELIVER;
  void wake() const;
  void run();
  void begin(Job job, ExecRuns& runs);
  bool is_told_to_stop();

  const Options options_;
  const Ended ended_;
  const Descriptor wake_;
  std::mutex mutex_;
  std::deque<Job> jobs_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace creel
