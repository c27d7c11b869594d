#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "app/config_load.h"
#include "cli/commands.h"
#include "cli/destination_tree.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {
namespace {

Json texts(const std::vector<std::string>& values) {
  Json::Array array;
  for (const std::string& value : values)
    array.push_back(Json::of(value));
  return {std::move(array)};
}

std::string described(std::string_view label, const Secret& secret) {
  return fmt::format("{} (fingerprint {})", label, secret.fingerprint());
}

std::string described(const Key& key) {
  std::string text = described(key.label, key.secret);
  if (key.not_before) text += fmt::format(", from {:%Y-%m-%dT%H:%M:%SZ}", *key.not_before);
  if (key.not_after) text += fmt::format(", until {:%Y-%m-%dT%H:%M:%SZ}", *key.not_after);
  return text;
}

Json tree_of(const SourceConfig& source) {
  Json::Array secrets;
  for (const Key& key : source.keys)
    secrets.push_back(Json::of(described(key)));
  Json tree = Json::object()
                  .set("provider", Json::of(source.provider->name))
                  .set("path", Json::of(source.path))
                  .set("secrets", {std::move(secrets)});
  const auto tolerance = source.tolerance.value_or(source.provider->tolerance);
  if (tolerance.count() > 0) tree.set("tolerance", Json::of(duration_text(tolerance)));
  tree.set("dedupe", Json::of(duration_text(source.dedupe)));
  if (source.dedupe_by_body) tree.set("replay", Json::of(duration_text(source.dedupe)));
  tree.set("max_body", Json::of(size_text(source.max_body)));
  if (!source.url.empty()) tree.set("url", Json::of(without_credentials(source.url)));
  if (!source.algorithms.empty()) tree.set("algorithms", texts(source.algorithms));
  if (!source.jwks.empty()) tree.set("jwks", texts(source.jwks));
  for (const auto& [name, values] : source.options)
    tree.set(name, values.size() == 1 ? Json::of(values.front()) : texts(values));
  if (const auto handshake = to_text(source.handshake); !handshake.empty())
    tree.set("handshake", Json::of(handshake));
  return tree;
}

// By its first line: scripts are long, and what they hold is for whoever reads their file.
std::string described_transform(std::string_view lua) {
  lua.remove_prefix(std::min(lua.find_first_not_of(" \t\r\n"), lua.size()));
  const std::string_view line = lua.substr(0, lua.find('\n'));
  if (line.size() == lua.size() && line.size() <= 80) return std::string(line);
  return fmt::format("{} … ({} bytes)", displayed(line, 80), lua.size());
}

Json tree_of(const Route& route) {
  Json tree = Json::object().set("name", Json::of(route.name)).set("from", texts(route.from));
  if (!route.types.empty()) tree.set("types", texts(route.types));
  if (!route.filter.empty()) tree.set("filter", Json::of(route.filter));
  if (!route.transform.empty()) tree.set("transform", Json::of(described_transform(route.transform)));
  return tree.set("to", texts(route.to));
}

// Names of files, and nothing of what is in them but when the certificate ends.
void set_tls(Json& tree, const std::optional<TlsConfig>& tls) {
  if (!tls) return;
  tree.set("tls", Json::object()
                      .set("certificate", Json::of(fmt::format("{} ({})", tls->certificate,
                                                               displayed(tls->context->summary()))))
                      .set("key", Json::of(tls->key)));
}

std::string_view format_name(LogFormat format) {
  switch (format) {
    case LogFormat::automatic:
      return "auto";
    case LogFormat::text:
      return "text";
    case LogFormat::json:
      return "json";
  }
  return "";
}

Json tree_of(const Config& config) {
  Json sources = Json::object(), destinations = Json::object(), routes = Json::array();
  for (const SourceConfig& source : config.sources)
    sources.set(source.name, tree_of(source));
  for (const Destination& destination : config.destinations)
    destinations.set(destination.name, destination_tree(destination));
  for (const Route& route : config.routes) {
    std::get<Json::Array>(routes.value).push_back(tree_of(route));
  }
  Json server =
      Json::object()
          .set("listen", Json::of(to_text(config.server.listen)))
          .set("max_body", Json::of(size_text(config.server.max_body)))
          .set("max_connections", Json::of(static_cast<std::int64_t>(config.server.max_connections)))
          .set("drain", Json::of(duration_text(config.server.drain)));
  set_tls(server, config.server.tls);
  Json admin = Json::object()
                   .set("listen", Json::of(to_text(config.admin.listen)))
                   .set("hosts", texts(config.admin.hosts));
  set_tls(admin, config.admin.tls);
  return Json::object()
      .set("server", std::move(server))
      .set("admin", std::move(admin))
      .set("store", Json::object()
                        .set("url", Json::of(config.store.folder))
                        .set("retention", Json::of(duration_text(config.store.retention)))
                        .set("max_size", Json::of(size_text(config.store.max_size))))
      .set("log", Json::object()
                      .set("level", Json::of(to_text(config.log.level)))
                      .set("format", Json::of(format_name(config.log.format))))
      .set("sources", std::move(sources))
      .set("destinations", std::move(destinations))
      .set("routes", std::move(routes));
}

// A value as TOML writes it on one line.
std::string inline_toml(const Json& value) {
  if (const auto* members = std::get_if<Json::Object>(&value.value)) {
    std::string text;
    for (const auto& [name, member] : *members)
      text += (text.empty() ? "" : ", ") + name + " = " + inline_toml(member);
    return "{ " + text + " }";
  }
  if (const auto* items = value.as_array()) {
    std::string text;
    for (const Json& item : *items)
      text += (text.empty() ? "" : ", ") + inline_toml(item);
    return "[" + text + "]";
  }
  if (const auto* number = std::get_if<double>(&value.value)) return fmt::format("{}", *number);
  return value.dump();
}

void print_table(std::ostream& out, const std::string& title, const Json& table) {
  out << title << '\n';
  for (const auto& [name, member] : std::get<Json::Object>(table.value))
    out << name << " = " << inline_toml(member) << '\n';
  out << '\n';
}

void print_tree(std::ostream& out, const Json& tree) {
  for (const char* name : {"server", "admin", "store", "log"})
    print_table(out, fmt::format("[{}]", name), *tree.find(name));
  for (const char* group : {"sources", "destinations"}) {
    for (const auto& [name, member] : std::get<Json::Object>(tree.find(group)->value)) {
      print_table(out, fmt::format("[{}.{}]", group, name), member);
    }
  }
  for (const Json& route : tree.items("routes"))
    print_table(out, "[[routes]]", route);
}

Json problem_json(const ConfigProblem& problem) {
  return Json::object()
      .set("level", Json::of(problem.is_warning ? "warning" : "error"))
      .set("file", Json::of(problem.file))
      .set("line", Json::of(problem.place.line))
      .set("column", Json::of(problem.place.column))
      .set("message", Json::of(problem.message));
}

}  // namespace

int check_config_command(const CheckConfigOptions& options, Io& io) {
  const LoadedConfig loaded = load_config(options.flags, io.outside);
  if (options.format == Format::json) {
    Json::Array problems;
    for (const ConfigProblem& problem : loaded.problems)
      problems.push_back(problem_json(problem));
    Json answer =
        Json::object().set("ok", Json::of(loaded.config.has_value())).set("problems", {std::move(problems)});
    answer.set("config", loaded.config ? tree_of(*loaded.config) : Json{});
    io.out << answer.dump() << '\n';
  } else {
    for (const ConfigProblem& problem : loaded.problems)
      io.err << to_text(problem) << '\n';
    if (loaded.config) print_tree(io.out, tree_of(*loaded.config));
  }
  return loaded.config ? kFine : kConfiguration;
}

int config_show(const CheckConfigOptions& options, Io& io) {
  const LoadedConfig loaded = load_config(options.flags, io.outside);
  if (!loaded.config) {
    for (const ConfigProblem& problem : loaded.problems)
      io.err << to_text(problem) << '\n';
    return kConfiguration;
  }
  const Json tree = tree_of(*loaded.config);
  if (options.format == Format::json) {
    io.out << tree.dump() << '\n';
  } else {
    print_tree(io.out, tree);
  }
  return kFine;
}

}  // namespace creel::cli
