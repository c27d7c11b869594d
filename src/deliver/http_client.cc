#include "deliver/http_client.h"

#include <utility>

#include "deliver/http_destination.h"

namespace creel {

HttpClient::HttpClient(const Options& options, AttemptSink& sink)
    : options_(options), sink_(sink), multi_(options.connections_max) {}

std::unique_ptr<Endpoint> HttpClient::endpoint(Destination destination, const ReceiverLookup& receivers,
                                               const Clock& clock) {
  const HttpTransfer::Limits limits{.reply_bytes_max = options_.reply_bytes_max,
                                    .body_bytes_max = options_.body_bytes_max,
                                    .connect_timeout = options_.connect_timeout};
  return make_http_destination(multi_, limits, sink_, std::move(destination), receivers, clock);
}

}  // namespace creel
