#include "app/live.h"

#include <algorithm>

namespace creel {
namespace {

// A receiver together with the row that it looks at.
struct Held {
  Held(SourceConfig& source, ReceiverOptions options)
      : row(source.provider), receiver(*row, std::move(source.keys), std::move(options)) {}

  std::shared_ptr<const Provider> row;
  Receiver receiver;
};

ReceiverOptions options_of(const SourceConfig& source, const PublishedKeys& published) {
  ReceiverOptions options;
  options.tolerance = source.tolerance;
  options.body_bytes_max = source.max_body;
  options.url = source.url;
  options.dedupe_by_body = source.dedupe_by_body;
  options.algorithms = source.algorithms;
  if (source.jwks_set) options.jwks = [set = source.jwks_set] { return set; };
  if (is_jwks_fetched(source)) options.jwks = published(source);
  options.handshake = source.handshake;
  options.verify_token = source.verify_token;
  return options;
}

}  // namespace

const SourceConfig* Live::find(std::string_view source) const {
  const auto found = std::ranges::find(config.sources, source, &SourceConfig::name);
  return found == config.sources.end() ? nullptr : &*found;
}

std::expected<std::shared_ptr<const Live>, std::string> make_live(Config config,
                                                                  const PublishedKeys& published) {
  auto routes = Routes::make(config.routes);
  if (!routes) {
    const RouteError& error = routes.error();
    return std::unexpected("the filter of " + config.routes[error.route].name + ": " + error.filter.message);
  }
  auto live = std::make_shared<Live>();
  live->routes = *std::move(routes);
  live->config = std::move(config);
  for (SourceConfig& source : live->config.sources) {
    ReceiverOptions options = options_of(source, published);
    auto held = std::make_shared<const Held>(source, options);
    live->sources[source.name] = {.receiver = std::shared_ptr<const Receiver>(held, &held->receiver),
                                  .options = std::move(options)};
  }
  return live;
}

std::shared_ptr<const Receiver> LivePlace::receiver(std::string_view source) const {
  const auto live = now();
  const auto found = live->sources.find(source);
  return found == live->sources.end() ? nullptr : found->second.receiver;
}

}  // namespace creel
