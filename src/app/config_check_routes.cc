// What can be wrong with routes that are each right by themselves: names that are not there, pairs that do
// not go together, and routes that do not do what was probably meant.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "app/config_read.h"
#include "core/text.h"

namespace creel {
namespace {

template <class Things>
std::vector<std::string_view> names_of(const Things& things) {
  std::vector<std::string_view> names;
  for (const auto& thing : things)
    names.push_back(thing.name);
  return names;
}

void check_names(std::span<const std::string> names, std::span<const Place> places, std::string_view kind,
                 const std::vector<std::string_view>& known, ConfigProblems& problems) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (std::ranges::find(known, names[i]) == known.end()) {
      problems.error(places[i],
                     fmt::format("there is no {} \"{}\"{}", kind, names[i], did_you_mean(names[i], known)));
    } else if (std::ranges::find(names.first(i), names[i]) !=
               names.begin() + static_cast<std::ptrdiff_t>(i)) {
      problems.warning(places[i], fmt::format("{} \"{}\" is named twice", kind, names[i]));
    }
  }
}

// --- A source and a destination
// ------------------------------------------------------------------------------------

// One way that a route leads.
struct Way {
  const Route& route;
  const SourceConfig& source;
  const Destination& destination;
  Place to;
};

// An item of a larger request: what covered the whole covers none of its parts.
void check_items(const Way& way, ConfigProblems& problems) {
  if (!way.source.provider->is_array) return;
  if (way.destination.sign != SignMode::source && way.destination.sign != SignMode::original) return;
  problems.error(way.to,
                 fmt::format("several events of source \"{}\" come in one request, and its signature covers "
                             "none of them alone: [destinations.{}] needs sign = \"none\" or \"standard\"",
                             way.source.name, way.destination.name));
}

// A signature in the body goes wherever the body goes.
void check_stranger(const Way& way, ConfigProblems& problems) {
  if (!way.destination.untrusted) return;
  const auto is_in_body = [](const Field& field) { return field.in == Field::In::body; };
  if (std::ranges::none_of(way.source.provider->signature.signatures, is_in_body)) return;
  problems.error(way.to, fmt::format("the signature stands in the body of what source \"{}\" receives, and "
                                     "[destinations.{}] is untrusted: it must not get what it could play "
                                     "elsewhere",
                                     way.source.name, way.destination.name));
}

bool is_body_signed(const Provider& provider) {
  return provider.scheme == Scheme::signature || provider.scheme == Scheme::standard_webhooks ||
         provider.scheme == Scheme::jwt;
}

// The provider's own signature goes along with a body that it does not cover.
void check_transform(const Way& way, Place transform, ConfigProblems& problems) {
  if (way.route.transform.empty() || !is_body_signed(*way.source.provider)) return;
  const auto can_sign = [](const Key& key) { return key.secret.can_sign(); };
  const bool has_signer = std::ranges::any_of(way.source.keys, can_sign);
  if (way.destination.sign == SignMode::original) {
    problems.warning(transform,
                     fmt::format("destination \"{}\" gets the provider's signature as it came (sign = "
                                 "\"original\"), which does not fit what a transform has changed",
                                 way.destination.name));
  } else if (way.destination.sign == SignMode::source && !has_signer) {
    problems.warning(transform,
                     fmt::format("creel cannot sign as source \"{}\" does: destination \"{}\" gets the "
                                 "provider's own signature, which does not fit what a transform has changed",
                                 way.source.name, way.destination.name));
  }
}

// --- Types
// ---------------------------------------------------------------------------------------------------------

// The names that somebody may have meant by a glob: the types themselves, and all of a group ("batch.*").
std::vector<std::string> globs_of(const std::vector<const Provider*>& providers) {
  std::set<std::string> globs;
  for (const Provider* provider : providers) {
    for (const std::string_view type : provider->event_types) {
      globs.emplace(type);
      for (std::size_t dot = type.find('.'); dot != std::string_view::npos; dot = type.find('.', dot + 1))
        globs.insert(std::string(type.substr(0, dot)) + ".*");
    }
  }
  return {globs.begin(), globs.end()};
}

// Types are the providers' business and new ones come, so one that is not known is a warning; and none when a
// source may have any.
void check_types(const Route& route, const RoutePlaces& places, const Config& config,
                 ConfigProblems& problems) {
  std::vector<const Provider*> providers;
  for (const SourceConfig& source : config.sources) {
    if (std::ranges::find(route.from, source.name) == route.from.end()) continue;
    if (!source.provider || source.provider->event_types.empty()) return;
    providers.push_back(source.provider.get());
  }
  if (providers.empty()) return;
  for (std::size_t i = 0; i < route.types.size(); ++i) {
    const std::string& glob = route.types[i];
    const auto has_match = [&](const Provider* provider) {
      return std::ranges::any_of(provider->event_types,
                                 [&](std::string_view type) { return matches_glob(glob, type); });
    };
    if (std::ranges::any_of(providers, has_match)) continue;
    const std::vector<std::string> globs = globs_of(providers);
    problems.warning(places.types[i],
                     fmt::format("no event type that {} is known to send is \"{}\"{}",
                                 providers.size() == 1 ? std::string(providers[0]->title) : "these sources",
                                 displayed(glob), did_you_mean(glob, {globs.begin(), globs.end()})));
  }
}

// --- Routes among each other
// ---------------------------------------------------------------------------------------

bool is_covered(const std::string& glob, const std::string& by) {
  if (glob == by) return true;
  // A star of the one takes whatever the other's may stand for; a question mark takes one letter, and no
  // star.
  return by.find('?') == std::string::npos && matches_glob(by, glob);
}

// Whether the earlier route takes every event that the later one does.
bool takes_all_of(const Route& earlier, const Route& later) {
  if (!earlier.filter.empty() && earlier.filter != later.filter) return false;
  if (earlier.types.empty()) return true;
  return !later.types.empty() && std::ranges::all_of(later.types, [&](const std::string& glob) {
    return std::ranges::any_of(earlier.types, [&](const std::string& by) { return is_covered(glob, by); });
  });
}

// What of a route an earlier one has decided already.
void check_order(const Config& config, std::size_t number, const RoutePlaces& places,
                 ConfigProblems& problems) {
  const Route& route = config.routes[number];
  const auto earlier = [&](const std::string& source, const std::string& destination) -> const Route* {
    for (const Route& other : std::span(config.routes).first(number)) {
      if (std::ranges::find(other.from, source) != other.from.end() &&
          std::ranges::find(other.to, destination) != other.to.end() && takes_all_of(other, route))
        return &other;
    }
    return nullptr;
  };
  bool decides_something = false;
  std::vector<std::pair<Place, std::string>> warnings;
  for (std::size_t j = 0; j < route.to.size(); ++j) {
    for (const std::string& source : route.from) {
      const Route* by = earlier(source, route.to[j]);
      decides_something |= by == nullptr;
      if (!by) continue;
      warnings.push_back(
          {places.to[j],
           fmt::format("destination \"{}\" gets these events of \"{}\" by an earlier route, {}, "
                       "which decides",
                       route.to[j], source, by->name)});
    }
  }
  if (!decides_something && !warnings.empty()) {
    problems.warning(places.whole,
                     fmt::format("{} never decides: earlier routes take all of its events to all of its "
                                 "destinations",
                                 route.name));
    return;
  }
  for (auto& [place, text] : warnings)
    problems.warning(place, std::move(text));
}

template <class Things>
const typename Things::value_type* find(const Things& things, const std::string& name) {
  const auto found = std::ranges::find(things, name, &Things::value_type::name);
  return found == things.end() ? nullptr : &*found;
}

}  // namespace

void check_routes(const ConfigDraft& draft, ConfigProblems& problems) {
  const Config& config = draft.config;
  const auto sources = names_of(config.sources);
  const auto destinations = names_of(config.destinations);
  std::set<std::string_view> reached, named;
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const Route& route = config.routes[i];
    const RoutePlaces& places = draft.routes[i];
    if (!named.insert(route.name).second)
      problems.error(places.name, fmt::format("another route is called \"{}\" already", route.name));
    check_names(route.from, places.from, "source", sources, problems);
    check_names(route.to, places.to, "destination", destinations, problems);
    check_types(route, places, config, problems);
    for (std::size_t j = 0; j < route.to.size(); ++j) {
      reached.insert(route.to[j]);
      const Destination* destination = find(config.destinations, route.to[j]);
      for (const std::string& name : route.from) {
        const SourceConfig* source = find(config.sources, name);
        if (!source || !source->provider || !destination) continue;
        const Way way{route, *source, *destination, places.to[j]};
        check_items(way, problems);
        check_stranger(way, problems);
        check_transform(way, places.transform, problems);
      }
    }
    check_order(config, i, places, problems);
  }
  for (std::size_t i = 0; i < config.destinations.size(); ++i) {
    if (reached.contains(config.destinations[i].name)) continue;
    problems.warning(draft.destinations[i].whole,
                     fmt::format("no route leads to destination \"{}\"", config.destinations[i].name));
  }
}

}  // namespace creel
