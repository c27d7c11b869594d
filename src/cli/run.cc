#include <unistd.h>

#include <csignal>
#include <iostream>

#include "app/gateway.h"
#include "cli/cli.h"

namespace creel::cli {

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
        .serve = [](Config config) { return run_gateway(std::move(config)); }};
  const int code = run(std::vector<std::string>(argv + 1, argv + argc), io);
  std::cout.flush();
  return code;
}

}  // namespace creel::cli
