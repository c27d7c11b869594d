// The whole program behind a checked configuration: ports, store and deliveries, from start to a graceful
// stop.
#pragma once

#include "app/config.h"

namespace creel {

// Runs until SIGTERM or SIGINT and returns the exit code of the program.
int run_gateway(Config config);

}  // namespace creel
