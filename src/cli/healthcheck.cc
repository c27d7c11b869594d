#include <fmt/format.h>

#include <ostream>

#include "app/config_load.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace creel::cli {

int healthcheck(const HealthcheckOptions& options, Io& io) {
  if (options.flags.config && !io.outside.file(*options.flags.config)) {
    complain(io.err, "--config: cannot read " + *options.flags.config);
    return kNotFound;
  }
  HttpRequest request;
  request.url = options.url.empty()
                    ? own_url(configured_places(options.flags, io.outside).listen) + "/-/ready"
                    : options.url;
  request.timeout = std::chrono::seconds(5);
  const auto answer = exchange(request);
  if (!answer) {
    complain(io.err, fmt::format("{}: {}", request.url, answer.error().message));
    return kNegative;
  }
  io.out << (answer->status == 200 ? "ready" : fmt::format("not ready ({})", answer->status)) << '\n';
  return answer->status == 200 ? kFine : kNegative;
}

}  // namespace creel::cli
