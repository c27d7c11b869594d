// Whose is it? Which destinations an event goes to, decided once, before the append.
//
// Immutable after construction: share between threads.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"

namespace creel {

class Routes {
 public:
  explicit Routes(std::span<const Route> routes);

  // The names of the destinations for events of this source, each once, in the order of the file. The views
  // live as long as the Routes.
  std::span<const std::string_view> destinations(std::string_view source) const;

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::vector<std::string_view>, std::less<>> by_source_;
};

}  // namespace creel
