#include "cli/rules.h"

#include <algorithm>
#include <ostream>
#include <ranges>

#include "cli/diff.h"
#include "cli/exit_code.h"
#include "core/text.h"

namespace creel::cli {
namespace {

Json texts(const std::vector<std::string>& values) {
  Json::Array array;
  for (const std::string& value : values)
    array.push_back(Json::of(value));
  return {std::move(array)};
}

std::vector<std::string> texts_of(const Json& json, std::string_view name) {
  std::vector<std::string> texts;
  for (const Json& item : json.items(name)) {
    if (const std::string* text = item.as_text()) texts.push_back(*text);
  }
  return texts;
}

// --- Which condition of a filter says no
// ------------------------------------------------------------------------------

class FilterTrace {
 public:
  explicit FilterTrace(const RuleInput& event) : event_(event) {}

  // The path of the first condition in `conditions` that the event does not meet; "" when it meets all. What
  // stands side by side must all be met, so each can be asked alone; below an operator that is not so.
  std::string refusal(const Json& conditions, std::vector<std::string> path = {}) {
    const auto* members = std::get_if<Json::Object>(&conditions.value);
    if (!members) return {};
    for (const auto& [name, condition] : *members) {
      path.push_back(name);
      if (!accepts(path, condition)) {
        const std::string deeper = name.starts_with('$') ? std::string() : refusal(condition, path);
        return deeper.empty() ? joined(path) : deeper;
      }
      path.pop_back();
    }
    return {};
  }

 private:
  static std::string joined(const std::vector<std::string>& path) {
    std::string text;
    for (const std::string& name : path)
      text += (text.empty() ? "" : ".") + name;
    return text;
  }

  bool accepts(const std::vector<std::string>& path, const Json& condition) {
    Json alone = condition;
    for (const std::string& name : path | std::views::reverse) {
      Json around = Json::object();
      around.set(name, std::move(alone));
      alone = std::move(around);
    }
    const auto filter = Filter::parse(alone.dump());
    return !filter || filter->matches(event_, scratch_);
  }

  const RuleInput& event_;
  RuleScratch scratch_;
};

RouteTrace trace(const Route& route, const RuleInput& event) {
  if (std::ranges::find(route.from, event.source) == route.from.end()) return {&route, "from", {}};
  const bool has_type = route.types.empty() || std::ranges::any_of(route.types, [&](const std::string& glob) {
                          return matches_glob(glob, event.type);
                        });
  if (!has_type) return {&route, "types", {}};
  if (route.filter.empty()) return {&route, "", {}};
  const auto filter = Filter::parse(route.filter);
  RuleScratch scratch;
  if (filter && filter->matches(event, scratch)) return {&route, "", {}};
  const auto conditions = Json::parse(route.filter);
  return {&route, "filter", conditions ? FilterTrace(event).refusal(*conditions) : std::string()};
}

void print_lines(std::string_view title, const std::vector<std::string>& lines, const std::string& indent,
                 std::ostream& out) {
  if (lines.empty()) return;
  out << indent << title << '\n';
  for (const std::string& line : lines)
    out << indent << "  " << displayed(line, 400) << '\n';
}

}  // namespace

std::expected<Config, int> configuration(const ConfigFlags& flags, Io& io) {
  LoadedConfig loaded = load_config(flags, io.outside);
  if (loaded.config) return *std::move(loaded.config);
  for (const ConfigProblem& problem : loaded.problems)
    io.err << to_text(problem) << '\n';
  return std::unexpected(kConfiguration);
}

Json to_json(const Route& route) {
  Json json = Json::object().set("name", Json::of(route.name)).set("from", texts(route.from));
  json.set("types", texts(route.types));
  json.set("filter", route.filter.empty() ? Json() : Json::parse(route.filter).value_or(Json()));
  json.set("transform", route.transform.empty() ? Json() : Json::of(route.transform));
  return json.set("to", texts(route.to));
}

Route route_of(const Json& json) {
  Route route;
  route.name = json.text("name");
  route.from = texts_of(json, "from");
  route.types = texts_of(json, "types");
  const Json* filter = json.find("filter");
  if (filter && !std::holds_alternative<std::nullptr_t>(filter->value)) route.filter = filter->dump();
  route.transform = json.text("transform");
  route.to = texts_of(json, "to");
  return route;
}

Json plan_rules(const Config& config) {
  Json::Array routes, sources;
  for (const Route& route : config.routes)
    routes.push_back(to_json(route));
  for (const SourceConfig& source : config.sources) {
    Json options = Json::object();
    for (const auto& [name, values] : source.options)
      options.set(name, texts(values));
    sources.push_back(Json::object()
                          .set("name", Json::of(source.name))
                          .set("provider", Json::of(source.provider->name))
                          .set("options", std::move(options))
                          .set("dedupe_seconds", Json::of(static_cast<std::int64_t>(source.dedupe.count())))
                          .set("dedupe_by_body", Json::of(source.dedupe_by_body)));
  }
  return Json::object().set("routes", {std::move(routes)}).set("sources", {std::move(sources)});
}

std::vector<RouteTrace> trace(const Routes& routes, const RuleInput& event) {
  std::vector<RouteTrace> traces;
  for (const Route& route : routes.routes())
    traces.push_back(trace(route, event));
  return traces;
}

void print_difference(const Sent& before, const Sent& after, int indent, std::ostream& out) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  const auto head = unified_diff(shown_lines(before.head), shown_lines(after.head));
  const auto body = unified_diff(shown_lines(before.body), shown_lines(after.body));
  print_lines("headers", head, margin, out);
  print_lines("body", body, margin, out);
  if (before.is_cut || after.is_cut) {
    out << margin << "only the first 256 KiB were compared\n";
  } else if (head.empty() && body.empty() && before.body != after.body) {
    out << margin << "the same JSON, written differently\n";
  }
}

}  // namespace creel::cli
