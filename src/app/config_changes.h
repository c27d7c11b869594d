// What is different between two configurations, and which of it a running gateway can take over.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"

namespace creel {

struct ConfigChanges {
  // Names of sources, or of destinations.
  struct Names {
    std::vector<std::string> added, removed, changed;
  };

  // What needs a restart, as messages call it: "server.listen", "server.tls". Nothing is taken over while
  // anything stands here.
  std::vector<std::string> fixed;
  Names sources, destinations;
  bool routes = false;        // any of them, or their order
  bool certificates = false;  // what is in the files of a port's certificate and key
  bool limits = false;        // of the server, those that a running one can change
};

// Keys are not looked at, as they go to the receivers, but the secrets they were made of.
ConfigChanges changes_between(const Config& before, const Config& after);

}  // namespace creel
