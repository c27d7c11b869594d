#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <thread>

#include "app/gateway.h"
#include "cli/cli.h"
#include "cli/output.h"

namespace creel::cli {
namespace {

// Whoever reads our output may stop at any line, as head does: no reason to complain.
bool has_reader_gone() {
  pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

volatile std::sig_atomic_t interrupts = 0;

bool was_interrupted() {
  static const bool kIsArmed = [] {
    struct sigaction action{};
    action.sa_handler = [](int) { interrupts = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    return sigaction(SIGINT, &action, nullptr) == 0;
  }();
  return kIsArmed && interrupts != 0;
}

}  // namespace

int run(int argc, char** argv) {
  // A reader that goes away (creel events list | head) is an ordinary write error.
  std::signal(SIGPIPE, SIG_IGN);
  const SystemClock clock;
  Io io{.in = std::cin,
        .out = std::cout,
        .err = std::cerr,
        .outside = real_outside(),
        .clock = clock,
        .in_is_terminal = isatty(STDIN_FILENO) == 1,
        .err_is_terminal = isatty(STDERR_FILENO) == 1,
        .serve = [](Config config) { return run_gateway(std::move(config)); },
        .pause = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); },
        .interrupted = &was_interrupted};
  const int code = run(std::vector<std::string>(argv + 1, argv + argc), io);
  if (!std::cout.flush() && !has_reader_gone()) complain(std::cerr, "cannot write to standard output");
  return code;
}

}  // namespace creel::cli
