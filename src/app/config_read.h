// creel.toml's tables read into a draft: each value good by itself, not yet checked against the others.
#pragma once

#include <vector>

#include "app/config.h"
#include "app/config_destination.h"
#include "app/config_route.h"
#include "app/config_section.h"
#include "app/config_source.h"

namespace creel {

// What was read, with where its parts stood in the file, parallel to the vectors of the Config. 0:0 for what
// came from a flag.
struct ConfigDraft {
  Config config;
  bool has_sources = false;
  bool has_tls = false, has_admin_tls = false;  // said, be it good or bad
  Place admin_listen, retention;
  std::vector<SourcePlaces> sources;
  std::vector<DestinationPlaces> destinations;
  std::vector<RoutePlaces> routes;
};

// `root` is the whole file, and `text` what it was made of. What is wrong goes to `problems`; the rest is
// read all the same.
void read_config(const TomlNode& root, std::string_view text, const Outside& outside,
                 ConfigProblems& problems, ConfigDraft& draft);

// Checks what concerns more than one value; config_check.cc.
void check_config(const ConfigDraft& draft, ConfigProblems& problems);
// The parts of it that are about destinations and routes; config_check_destinations.cc,
// config_check_routes.cc.
void check_destinations(const ConfigDraft& draft, ConfigProblems& problems);
void check_routes(const ConfigDraft& draft, ConfigProblems& problems);

}  // namespace creel
