#include <ostream>

#include "app/config_load.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace creel::cli {

int serve(const ConfigFlags& flags, Io& io) {
  LoadedConfig loaded = load_config(flags, io.outside);
  for (const ConfigProblem& problem : loaded.problems)
    complain(io.err, to_text(problem));
  io.err.flush();
  if (!loaded.config) return kConfiguration;
  return io.serve(*std::move(loaded.config));
}

}  // namespace creel::cli
