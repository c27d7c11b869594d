// What can be wrong between values that are each right by themselves.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/config_read.h"

namespace creel {
namespace {

void check_sources(const ConfigDraft& draft, ConfigProblems& problems) {
  const Config& config = draft.config;
  std::map<std::string_view, std::string_view> by_path;
  for (std::size_t i = 0; i < config.sources.size(); ++i) {
    const SourceConfig& source = config.sources[i];
    const SourcePlaces& places = draft.sources[i];
    const auto [other, is_new] = by_path.emplace(source.path, source.name);
    if (!is_new) {
      problems.error(places.path, fmt::format("path \"{}\" of source \"{}\" is already that of source \"{}\"",
                                              source.path, source.name, other->second));
    }
    if (config.store.retention < source.dedupe) {
      const Place place =
          places.dedupe == places.whole && draft.retention.line > 0 ? draft.retention : places.dedupe;
      problems.error(
          place,
          fmt::format("retention ({}) is shorter than the dedupe window of source \"{}\" ({})",
                      duration_text(config.store.retention), source.name, duration_text(source.dedupe)));
    }
    if (source.provider && source.provider->scheme == Scheme::none) {
      problems.warning(places.whole,
                       fmt::format("source \"{}\" accepts everything that is sent to {}: nothing is "
                                   "checked",
                                   source.name, source.path));
    }
    if (source.provider && source.dedupe < source.provider->retry_horizon) {
      problems.warning(
          places.dedupe,
          fmt::format(
              "dedupe of source \"{}\" ({}) is shorter than {} tries again ({}): a late retry will be a "
              "second event",
              source.name, duration_text(source.dedupe), source.provider->name,
              duration_text(source.provider->retry_horizon)));
    }
  }
}

// Told apart from a secret that is bad, which was reported where it stands.
void check_keys(const ConfigDraft& draft, ConfigProblems& problems) {
  if (problems.has_errors()) return;
  for (std::size_t i = 0; i < draft.config.sources.size(); ++i) {
    const SourceConfig& source = draft.config.sources[i];
    if (!source.keys.empty() || !needs_secret(source)) continue;
    const auto variables = source.provider->secret_environment;
    const std::string_view usual = variables.empty() ? std::string_view() : variables.front();
    problems.error(draft.sources[i].secrets,
                   fmt::format("source \"{}\" has no secret: none is given, or all are empty{}", source.name,
                               usual.empty() ? "" : fmt::format("; its usual variable is {}", usual)));
  }
}

void check_ids(const ConfigDraft& draft, ConfigProblems& problems) {
  if (problems.has_errors()) return;
  for (std::size_t i = 0; i < draft.config.sources.size(); ++i) {
    const SourceConfig& source = draft.config.sources[i];
    const Provider& row = *source.provider;
    if (!row.dedupe.empty() || row.without_id != WithoutId::nothing || source.dedupe_by_body) continue;
    problems.warning(draft.sources[i].whole,
                     fmt::format("source \"{}\" has no id, so nothing that comes again is recognised as a "
                                 "duplicate: say where one stands, such as id = \"/event_id\"",
                                 source.name));
  }
}

}  // namespace

void check_config(const ConfigDraft& draft, ConfigProblems& problems) {
  const Config& config = draft.config;
  if (!is_loopback(config.admin.listen.host) && !config.admin.tls && !draft.has_admin_tls) {
    problems.error(
        draft.admin_listen,
        fmt::format("without TLS the admin port's token would travel in the clear: it cannot listen "
                    "on {}; give it [admin] tls, or use 127.0.0.1 and a tunnel",
                    to_text(config.admin.listen)));
  }
  if (config.admin.listen.port != 0 && config.admin.listen.port == config.server.listen.port) {
    problems.error(draft.admin_listen, fmt::format("webhooks and the admin port cannot share port {}",
                                                   config.server.listen.port));
  }
  check_sources(draft, problems);
  check_destinations(draft, problems);
  check_routes(draft, problems);
  check_keys(draft, problems);
  check_ids(draft, problems);
}

}  // namespace creel
