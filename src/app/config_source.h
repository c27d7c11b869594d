// [sources.NAME]: which provider, where, with which secrets, and what else that provider's scheme wants to
// be told.
//
// Every provider knows the same options but for those that its row has no use for: those are refused with a
// list of what it knows.
#pragma once

#include <string>

#include "app/config.h"
#include "app/config_section.h"

namespace creel {

// Where the parts of a source stood in the file. 0:0 for one that came from the environment.
struct SourcePlaces {
  Place whole, path, dedupe, secrets;
};

struct ReadSource {
  SourceConfig source;
  SourcePlaces places;
};

// One table. `max_body` is for a source that does not say its own.
ReadSource read_source(const TomlEntry& entry, std::string title, std::size_t max_body,
                       const Outside& outside, ConfigProblems& problems);

// What a new source has before anything is said about it. `provider` may be null.
SourceConfig default_source(std::string name, const Provider* provider, std::size_t max_body);

// Whether a source of this provider can be without any secret.
bool needs_secret(const SourceConfig& source);

}  // namespace creel
