// creel.toml's tables read into a draft: each value good by itself, not yet checked against the others.
#pragma once

#include <vector>

#include "app/config.h"
#include "app/config_section.h"

namespace creel {

// Where the parts of the draft stood in the file; parallel to the vectors of the Config. 0:0 for what came
// from a flag.
struct SourcePlaces {
  Place whole, path, dedupe, secrets;
};
struct DestinationPlaces {
  Place whole, url, sign;
  bool has_sign = false;    // said in the file, not by default
  bool has_secret = false;  // said, be it good or bad
};
struct RoutePlaces {
  std::vector<Place> from, to;
};

struct ConfigDraft {
  Config config;
  bool has_sources = false;
  Place admin_listen, retention;
  std::vector<SourcePlaces> sources;
  std::vector<DestinationPlaces> destinations;
  std::vector<RoutePlaces> routes;
};

// `root` is the whole file. What is wrong goes to `problems`; the rest is read all the same.
void read_config(const TomlNode& root, const Outside& outside, ConfigProblems& problems, ConfigDraft& draft);

// Makes keys of a source's secrets: empty ones are skipped, bad ones reported with why, never with what they
// say.
std::vector<Key> parse_keys(const std::vector<ConfigText>& secrets, SecretForm form,
                            ConfigProblems& problems);

// The provider's usual variable and its namesake ending in _OLD, those that are set.
std::vector<ConfigText> usual_secrets(const Provider& provider, const Outside& outside);

// What a new source has before anything is said about it.
SourceConfig default_source(std::string name, const Provider* provider, std::size_t max_body);

// Checks what concerns more than one value; config_check.cc.
void check_config(const ConfigDraft& draft, ConfigProblems& problems);

}  // namespace creel
