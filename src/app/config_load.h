// From flags, environment and creel.toml to a Config, or to a list of everything that is wrong with them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/config_expand.h"
#include "app/config_toml.h"

namespace creel {

// One thing that is wrong, or, as a warning, that is probably not meant.
struct ConfigProblem {
  bool is_warning = false;
  std::string file;  // "" for what a flag or the environment said
  Place place;       // 0:0 for what has no place
  std::string message;
};
// "creel.toml:12:3: unknown key …", with "warning: " before the message of a warning.
std::string to_text(const ConfigProblem& problem);

struct LoadedConfig {
  std::optional<Config> config;         // when nothing but warnings was found
  std::vector<ConfigProblem> problems;  // all of them, in the order of the file
};

// Reads and checks. Nothing is opened but the file and those that ${file:…} names, all through `outside`.
//
// Without any source in the file, or without a file, every provider with one of its usual variables set gets
// a source of its name at /webhooks/<name>, with the variables' namesakes ending in _OLD as further secrets;
// but for those that need to be told the address that the provider calls.
LoadedConfig load_config(const ConfigFlags& flags, const Outside& outside);

// A secret's text with the source it belongs to.
struct ConfiguredSecret {
  std::string source;
  const Provider* provider = nullptr;
  std::string label;  // as Key::label
  std::string text;
};
// Every secret that the configuration names, those that cannot be used too, and whatever else is wrong with
// it: for finding out which of them made a signature.
std::vector<ConfiguredSecret> configured_secrets(const ConfigFlags& flags, const Outside& outside);

// The sources of the file, read as far as they can be: one may lack keys, or its provider. None without a
// file. For commands that send to one and may bring a secret of their own.
std::vector<SourceConfig> configured_sources(const ConfigFlags& flags, const Outside& outside);

// Where a gateway with this configuration listens and keeps its events.
struct ConfiguredPlaces {
  ListenAddress listen, admin_listen;
  std::string store_folder;
  bool has_tls = false, has_admin_tls = false;  // whether the ports speak it
};
// For commands that only look for a gateway or its folder: whatever else is wrong with the configuration does
// not matter, and no secret need be there.
ConfiguredPlaces configured_places(const ConfigFlags& flags, const Outside& outside);

}  // namespace creel
