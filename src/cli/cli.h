// The command line: parse it, run one command, return its exit code.
//
// Data goes to stdout and everything else to stderr. run(argc, argv) is all that main() has to call; the
// other one is given its surroundings, so that a test can be them.
#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/config_expand.h"
#include "core/clock.h"

namespace creel::cli {

// Everything a command touches but the network.
struct Io {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Outside outside;  // environment and files
  const Clock& clock;
  bool in_is_terminal = false;
  bool err_is_terminal = false;
  std::function<int(Config)> serve;  // runs the gateway
  std::function<void(std::chrono::milliseconds)> pause;
  // Whether ctrl-C was pressed since this was first asked. From then on the first one is only noted, so that
  // a command may say something before it ends; the second ends the program. May be empty.
  std::function<bool()> interrupted;
};

// `arguments` without the program's name.
int run(const std::vector<std::string>& arguments, Io& io);

int run(int argc, char** argv);

}  // namespace creel::cli
