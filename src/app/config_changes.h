// What is different between two configurations, and which of it a running gateway can take over.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"

namespace creel {

struct ConfigChanges {
  // What needs a restart, as messages call it: "server.listen", "destination \"app\"". Nothing is taken over
  // while anything stands here.
  std::vector<std::string> fixed;
  std::vector<std::string> added, removed, changed;  // names of sources
  bool routes = false;
  bool limits = false;  // of the server, those that a running one can change
};

// Keys are not looked at, as they go to the receivers, but the secrets they were made of.
ConfigChanges changes_between(const Config& before, const Config& after);

}  // namespace creel
