// What of a destination depends on more than one of its keys, or on a flag.
#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "app/config_read.h"
#include "deliver/address_guard.h"
#include "deliver/exec_runner.h"
#include "deliver/http_settings.h"

namespace creel {
namespace {

void check_signing(const Destination& destination, const DestinationPlaces& places,
                   ConfigProblems& problems) {
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

void check_clear(const Destination& destination, const UrlParts& url, Place place, ConfigProblems& problems) {
  if (url.scheme != "http") return;
  const HttpSettings& http = destination.http;
  const bool has_tls = !http.client_certificate.empty() || !http.ca.empty() || http.insecure;
  if (has_tls && !http.proxy.starts_with("https://")) {
    problems.warning(place,
                     fmt::format("destination \"{}\" is reached over http://, which its tls has no part in",
                                 destination.name));
  }
  if (is_loopback(url.host)) return;
  const bool has_auth = !std::holds_alternative<std::monostate>(http.auth);
  problems.warning(place,
                   fmt::format("destination \"{}\" is reached over http://: events{} travel in the clear",
                               destination.name, has_auth ? ", signatures and its auth" : " and signatures"));
}

// The last word is that of who makes the attempts.
void check_reach(const Destination& destination, const DestinationPlaces& places, ConfigProblems& problems) {
  if (problems.has_errors()) return;
  const auto checked = destination.kind == DestinationKind::exec ? check_exec_settings(destination.exec)
                                                                 : check_http_settings(destination);
  if (!checked) {
    problems.error(places.whole, fmt::format("destination \"{}\": {}", destination.name, checked.error()));
  }
}

// What the guard will refuse at every attempt.
void check_guard(const Destination& destination, const UrlParts& url, const DestinationPlaces& places,
                 ConfigProblems& problems) {
  if (!destination.untrusted) return;
  const TargetGuard& settings = destination.http.guard;
  if (settings.https_only && url.scheme != "https") {
    problems.error(
        places.url,
        fmt::format("destination \"{}\" must be reached over https:// (guard.https_only)", destination.name));
  }
  const auto guard = AddressGuard::make(settings);
  if (!guard) return;
  // A name is looked up at each attempt; what it will be is not known here. An address of the internet stands
  // in for it, as the port has to be right all the same.
  const auto address = parse_address(url.host == "localhost" ? "127.0.0.1" : url.host);
  const auto why = guard->refuses(address.value_or(*parse_address("8.8.8.8")), url.port);
  if (why) {
    problems.error(places.url, fmt::format("destination \"{}\" is untrusted and would be refused: {}",
                                           destination.name, *why));
  }
}

}  // namespace

void check_destinations(const ConfigDraft& draft, ConfigProblems& problems) {
  for (std::size_t i = 0; i < draft.config.destinations.size(); ++i) {
    const Destination& destination = draft.config.destinations[i];
    const DestinationPlaces& places = draft.destinations[i];
    check_signing(destination, places, problems);
    if (destination.kind == DestinationKind::exec) check_reach(destination, places, problems);
    const auto url = parse_http_url(destination.url);
    if (!url) continue;
    check_clear(destination, *url, places.url, problems);
    check_guard(destination, *url, places, problems);
    check_reach(destination, places, problems);
  }
}

}  // namespace creel
