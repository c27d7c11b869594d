#include "rules/routes.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/text.h"

namespace creel {
namespace {

// A glob of types, in the form that is cheapest to ask.
class TypeGlob {
 public:
  explicit TypeGlob(std::string_view glob) {
    const std::size_t wild = glob.find_first_of("*?");
    if (wild == std::string_view::npos) {
      kind_ = Kind::exact;
    } else if (glob.find_first_of("*?", wild + 1) != std::string_view::npos || glob[wild] == '?') {
      kind_ = Kind::glob;
    } else if (wild + 1 == glob.size()) {
      kind_ = Kind::prefix;
      glob.remove_suffix(1);
    } else if (wild == 0) {
      kind_ = Kind::suffix;
      glob.remove_prefix(1);
    } else {
      kind_ = Kind::glob;
    }
    text_ = glob;
  }

  bool matches(std::string_view type) const {
    switch (kind_) {
      case Kind::exact:
        return type == text_;
      case Kind::prefix:
        return type.starts_with(text_);
      case Kind::suffix:
        return type.ends_with(text_);
      case Kind::glob:
        return matches_glob(text_, type);
    }
    return false;
  }
  bool matches_all() const { return kind_ == Kind::prefix && text_.empty(); }

 private:
  enum class Kind : std::uint8_t { exact, prefix, suffix, glob };
  Kind kind_ = Kind::exact;
  std::string text_;
};

// A route made ready to be asked.
struct Compiled {
  const Route* route = nullptr;
  std::vector<TypeGlob> types;  // empty: any
  std::optional<Filter> filter;

  bool matches(const RuleInput& event, RuleScratch& scratch) const {
    if (!types.empty() &&
        std::ranges::none_of(types, [&](const TypeGlob& glob) { return glob.matches(event.type); }))
      return false;
    return !filter || filter->matches_also(event, scratch);
  }
  bool needs_no_look() const { return types.empty() && !filter && route->transform.empty(); }
  bool leads_to(std::string_view destination) const {
    return std::ranges::find(route->to, destination) != route->to.end();
  }
};

// What leads away from one source.
struct Leaving {
  std::vector<const Compiled*> routes;                        // in the order of the file
  std::optional<std::vector<std::string_view>> destinations;  // when they need no look at the event
};

bool names(std::span<const RouteMatch> matches, std::string_view destination) {
  return std::ranges::find(matches, destination, &RouteMatch::destination) != matches.end();
}

Leaving leaving(std::string_view source, std::span<const Compiled> all) {
  Leaving leaving;
  for (const Compiled& each : all) {
    if (std::ranges::find(each.route->from, source) != each.route->from.end())
      leaving.routes.push_back(&each);
  }
  if (!std::ranges::all_of(leaving.routes, &Compiled::needs_no_look)) return leaving;

  std::vector<std::string_view>& destinations = leaving.destinations.emplace();
  for (const Compiled* each : leaving.routes) {
    for (const std::string& name : each->route->to) {
      if (std::ranges::find(destinations, name) == destinations.end()) destinations.push_back(name);
    }
  }
  return leaving;
}

}  // namespace

struct Routes::Impl {
  std::vector<Route> routes;
  std::vector<Compiled> compiled;  // points into `routes`
  std::map<std::string, Leaving, std::less<>> by_source;

  std::span<const Compiled* const> of(std::string_view source) const {
    const auto found = by_source.find(source);
    if (found == by_source.end()) return {};
    return found->second.routes;
  }
};

Routes::Routes(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Routes::~Routes() = default;

std::expected<std::shared_ptr<const Routes>, RouteError> Routes::make(std::vector<Route> routes) {
  auto impl = std::make_unique<Impl>();
  impl->routes = std::move(routes);
  impl->compiled.reserve(impl->routes.size());
  for (std::size_t i = 0; i < impl->routes.size(); ++i) {
    const Route& route = impl->routes[i];
    Compiled& compiled = impl->compiled.emplace_back();
    compiled.route = &route;
    for (const std::string& type : route.types)
      compiled.types.emplace_back(type);
    if (std::ranges::any_of(compiled.types, &TypeGlob::matches_all)) compiled.types.clear();
    if (route.filter.empty()) continue;
    auto filter = Filter::parse(route.filter);
    if (!filter) return std::unexpected(RouteError{.route = i, .filter = std::move(filter.error())});
    compiled.filter = *std::move(filter);
  }
  for (const Route& route : impl->routes) {
    for (const std::string& source : route.from)
      impl->by_source.try_emplace(source, leaving(source, impl->compiled));
  }
  return std::shared_ptr<const Routes>(new Routes(std::move(impl)));
}

std::optional<std::span<const std::string_view>> Routes::always(std::string_view source) const {
  const auto found = impl_->by_source.find(source);
  if (found == impl_->by_source.end()) return std::span<const std::string_view>();
  if (!found->second.destinations) return std::nullopt;
  return *found->second.destinations;
}

void Routes::match(const RuleInput& event, RuleScratch& scratch, std::vector<RouteMatch>& into) const {
  scratch.forget();
  const std::size_t before = into.size();
  for (const Compiled* each : impl_->of(event.source)) {
    const auto is_new = [&](const std::string& name) {
      return !names(std::span(into).subspan(before), name);
    };
    // A route whose destinations all have theirs decides nothing.
    if (std::ranges::none_of(each->route->to, is_new) || !each->matches(event, scratch)) continue;
    for (const std::string& name : each->route->to) {
      if (is_new(name)) into.push_back({.destination = name, .route = each->route});
    }
  }
}

const Route* Routes::deciding(const RuleInput& event, RuleScratch& scratch,
                              std::string_view destination) const {
  scratch.forget();
  for (const Compiled* each : impl_->of(event.source)) {
    if (each->leads_to(destination) && each->matches(event, scratch)) return each->route;
  }
  return nullptr;
}

bool Routes::transforms(std::string_view destination) const {
  return std::ranges::any_of(impl_->compiled, [destination](const Compiled& each) {
    return !each.route->transform.empty() && each.leads_to(destination);
  });
}

std::span<const Route> Routes::routes() const {
  return impl_->routes;
}

}  // namespace creel
