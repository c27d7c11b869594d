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
  request.url = options.url;
  if (options.url.empty()) {
    const ConfiguredPlaces places = configured_places(options.flags, io.outside);
    request.url = own_url(places.listen, places.has_tls) + "/-/ready";
    // Nothing secret is asked, and the certificate names another host than this machine's address.
    request.checks_certificate = false;
  }
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
