#include "deliver/endpoints.h"

#include <utility>

#include "deliver/http_settings.h"

namespace creel {

Endpoints::Endpoints(const Options& options, AttemptSink& sink, PostEnded post_ended)
    : http_(options.http, sink), exec_(options.exec, post_ended), lines_(options.output, post_ended) {}

std::unique_ptr<Endpoint> Endpoints::make(Destination destination, const ReceiverLookup& receivers,
                                          const Clock& clock) {
  switch (destination.kind) {
    case DestinationKind::http:
      return http_.endpoint(std::move(destination), receivers, clock);
    case DestinationKind::exec:
      return exec_.endpoint(std::move(destination));
    case DestinationKind::standard_output:
      return lines_.endpoint(std::move(destination));
  }
  std::unreachable();
}

void Endpoints::stop() {
  lines_.stop();
  exec_.stop();
}

std::expected<void, std::string> check_endpoint(const Destination& destination) {
  switch (destination.kind) {
    case DestinationKind::http:
      return check_http_settings(destination);
    case DestinationKind::exec:
      return check_exec_settings(destination.exec);
    case DestinationKind::standard_output:
      return {};
  }
  std::unreachable();
}

}  // namespace creel
