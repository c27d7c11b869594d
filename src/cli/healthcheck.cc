#include <fmt/format.h>

#include <ostream>

#include "app/config_load.h"
#include "app/units.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace creel::cli {
namespace {

// Where a gateway with this configuration would listen, asked from the same machine. The configuration need
// not be whole: a container's health check may run without the secrets.
std::string ready_url(const ConfigFlags& flags, Io& io) {
  ListenAddress address = ServerConfig{}.listen;
  if (const LoadedConfig loaded = load_config(flags, io.outside); loaded.config) {
    address = loaded.config->server.listen;
  } else {
    if (const auto port = io.outside.variable("PORT"); port && parse_port(*port))
      address.port = *parse_port(*port);
    if (flags.port && parse_port(*flags.port)) address.port = *parse_port(*flags.port);
    if (flags.listen && parse_listen_address(*flags.listen)) address = *parse_listen_address(*flags.listen);
  }
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return "http://" + to_text(address) + "/-/ready";
}

}  // namespace

int healthcheck(const HealthcheckOptions& options, Io& io) {
  HttpRequest request;
  request.url = options.url.empty() ? ready_url(options.flags, io) : options.url;
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
