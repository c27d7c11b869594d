#include "rules/routes.h"

#include <algorithm>

namespace creel {

Routes::Routes(std::span<const Route> routes) {
  for (const Route& route : routes)
    names_.insert(names_.end(), route.to.begin(), route.to.end());
  std::ranges::sort(names_);
  names_.erase(std::ranges::unique(names_).begin(), names_.end());

  for (const Route& route : routes) {
    for (const std::string& source : route.from) {
      auto& destinations = by_source_[source];
      for (const std::string& name : route.to) {
        std::string_view kept = *std::ranges::lower_bound(names_, name);
        if (std::ranges::find(destinations, kept) == destinations.end()) destinations.push_back(kept);
      }
    }
  }
}

std::span<const std::string_view> Routes::destinations(std::string_view source) const {
  auto found = by_source_.find(source);
  if (found == by_source_.end()) return {};
  return found->second;
}

}  // namespace creel
