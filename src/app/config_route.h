// [[routes]]: from which sources, which events, made what of, to which destinations.
#pragma once

#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/config_section.h"

namespace creel {

// Where the parts of a route stood in the file. 0:0 for one that came from a flag.
struct RoutePlaces {
  Place whole, name, transform;
  std::vector<Place> from, types, to;
};

struct ReadRoute {
  Route route;
  RoutePlaces places;
};

// One table of the array, the `number`-th. `file` is the text of the whole file: an error in a script that
// stands there is reported at its line.
ReadRoute read_route(const TomlNode& node, std::size_t number, std::string_view file, const Outside& outside,
                     ConfigProblems& problems);

}  // namespace creel
