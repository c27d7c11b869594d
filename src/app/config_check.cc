// What can be wrong between values that are each right by themselves.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "app/config_read.h"

namespace creel {
namespace {

template <class Things>
std::vector<std::string_view> names_of(const Things& things) {
  std::vector<std::string_view> names;
  for (const auto& thing : things)
    names.push_back(thing.name);
  return names;
}

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

void check_destination(const Destination& destination, const DestinationPlaces& places,
                       ConfigProblems& problems) {
  const auto url = parse_http_url(destination.url);
  if (url && url->scheme == "http" && !is_loopback(url->host)) {
    problems.warning(
        places.url,
        fmt::format("destination \"{}\" is reached over http://: events and signatures travel in the "
                    "clear",
                    destination.name));
  }
  const bool is_providers = destination.sign == SignMode::source || destination.sign == SignMode::original;
  if (destination.untrusted && is_providers) {
    problems.error(
        places.sign,
        fmt::format("destination \"{}\" is untrusted and must not get the provider's signature, which "
                    "it could play elsewhere; use sign = \"standard\" or \"none\"",
                    destination.name));
  }
  if (destination.sign == SignMode::standard && !places.has_secret) {
    problems.error(places.sign,
                   fmt::format("destination \"{}\": sign = \"standard\" needs a secret", destination.name));
  }
  if (destination.sign != SignMode::standard && places.has_secret) {
    problems.warning(places.sign,
                     fmt::format("destination \"{}\": the secret is not used without sign = \"standard\"",
                                 destination.name));
  }
}

void check_names(std::span<const std::string> names, std::span<const Place> places, std::string_view kind,
                 const std::vector<std::string_view>& known, ConfigProblems& problems) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (std::ranges::find(known, names[i]) != known.end()) continue;
    problems.error(places[i],
                   fmt::format("there is no {} \"{}\"{}", kind, names[i], did_you_mean(names[i], known)));
  }
}

// An item of a larger request: what covered the whole covers none of its parts.
void check_items(const Config& config, const std::string& from, const std::string& to, Place place,
                 ConfigProblems& problems) {
  const auto source = std::ranges::find(config.sources, from, &SourceConfig::name);
  const auto destination = std::ranges::find(config.destinations, to, &Destination::name);
  if (source == config.sources.end() || !source->provider || !source->provider->is_array) return;
  if (destination == config.destinations.end()) return;
  if (destination->sign != SignMode::source && destination->sign != SignMode::original) return;
  problems.error(place,
                 fmt::format("several events of source \"{}\" come in one request, and its signature covers "
                             "none of them alone: [destinations.{}] needs sign = \"none\" or \"standard\"",
                             from, to));
}

// A signature in the body goes wherever the body goes.
void check_stranger(const Config& config, const std::string& from, const std::string& to, Place place,
                    ConfigProblems& problems) {
  const auto source = std::ranges::find(config.sources, from, &SourceConfig::name);
  const auto destination = std::ranges::find(config.destinations, to, &Destination::name);
  if (source == config.sources.end() || !source->provider) return;
  if (destination == config.destinations.end() || !destination->untrusted) return;
  const auto is_in_body = [](const Field& field) { return field.in == Field::In::body; };
  if (std::ranges::none_of(source->provider->signature.signatures, is_in_body)) return;
  problems.error(place, fmt::format("the signature stands in the body of what source \"{}\" receives, and "
                                    "[destinations.{}] is untrusted: it must not get what it could play "
                                    "elsewhere",
                                    from, to));
}

void check_routes(const ConfigDraft& draft, ConfigProblems& problems) {
  const Config& config = draft.config;
  const auto sources = names_of(config.sources);
  const auto destinations = names_of(config.destinations);
  std::set<std::pair<std::string_view, std::string_view>> pairs;
  std::set<std::string_view> reached;
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const Route& route = config.routes[i];
    const RoutePlaces& places = draft.routes[i];
    check_names(route.from, places.from, "source", sources, problems);
    check_names(route.to, places.to, "destination", destinations, problems);
    for (std::size_t j = 0; j < route.to.size(); ++j) {
      reached.insert(route.to[j]);
      for (const std::string& source : route.from) {
        check_items(config, source, route.to[j], places.to[j], problems);
        check_stranger(config, source, route.to[j], places.to[j], problems);
        if (pairs.emplace(source, route.to[j]).second) continue;
        problems.warning(
            places.to[j],
            fmt::format("destination \"{}\" gets events of \"{}\" by an earlier route, which decides",
                        route.to[j], source));
      }
    }
  }
  for (std::size_t i = 0; i < config.destinations.size(); ++i) {
    if (reached.contains(config.destinations[i].name)) continue;
    problems.warning(draft.destinations[i].whole,
                     fmt::format("no route leads to destination \"{}\"", config.destinations[i].name));
  }
}

}  // namespace

void check_config(const ConfigDraft& draft, ConfigProblems& problems) {
  const Config& config = draft.config;
  if (!is_loopback(config.admin.listen.host)) {
    problems.error(draft.admin_listen,
                   fmt::format("the admin port has no TLS yet and its token would travel in the clear: it "
                               "cannot listen on {}; use 127.0.0.1 and a tunnel",
                               to_text(config.admin.listen)));
  }
  if (config.admin.listen.port != 0 && config.admin.listen.port == config.server.listen.port) {
    problems.error(draft.admin_listen, fmt::format("webhooks and the admin port cannot share port {}",
                                                   config.server.listen.port));
  }
  check_sources(draft, problems);
  for (std::size_t i = 0; i < config.destinations.size(); ++i) {
    check_destination(config.destinations[i], draft.destinations[i], problems);
  }
  check_routes(draft, problems);
  check_keys(draft, problems);
  check_ids(draft, problems);
}

}  // namespace creel
