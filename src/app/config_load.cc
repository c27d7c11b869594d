#include "app/config_load.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/config_read.h"
#include "app/config_secrets.h"

namespace creel {
namespace {

// The file into the draft. False when there is nothing to go on with.
bool read_file(const ConfigFlags& flags, const Outside& outside, ConfigProblems& problems,
               ConfigDraft& draft) {
  const std::string path = flags.config.value_or("creel.toml");
  const auto content = outside.file(path);
  if (!content) {
    const bool is_wanted = flags.config || (outside.exists && outside.exists(path));
    if (is_wanted) problems.error({}, "cannot read " + path);
    return !is_wanted;
  }
  draft.config.file = path;
  const auto root = parse_toml(*content);
  if (!root) {
    problems.error(root.error().place, root.error().message);
    return false;
  }
  read_config(*root, *content, outside, problems, draft);
  return true;
}

void apply_environment(const Outside& outside, ConfigProblems& problems, Config& config) {
  const auto port = outside.variable("PORT");
  if (!port || port->empty()) return;
  if (const auto value = parse_port(*port)) {
    config.server.listen.port = *value;
  } else {
    problems.error({}, "PORT: " + value.error());
  }
}

void apply_listen(const std::optional<std::string>& given, std::string_view flag, ListenAddress& into,
                  ConfigProblems& problems) {
  if (!given) return;
  if (auto address = parse_listen_address(*given)) {
    into = *std::move(address);
  } else {
    problems.error({}, fmt::format("{}: {}", flag, address.error()));
  }
}

void apply_flags(const ConfigFlags& flags, ConfigProblems& problems, ConfigDraft& draft) {
  Config& config = draft.config;
  apply_listen(flags.listen, "--listen", config.server.listen, problems);
  if (flags.port) {
    if (const auto port = parse_port(*flags.port)) {
      config.server.listen.port = *port;
    } else {
      problems.error({}, "--port: " + port.error());
    }
  }
  if (flags.admin_listen) draft.admin_listen = {};
  apply_listen(flags.admin_listen, "--admin-listen", config.admin.listen, problems);
  if (!flags.store) return;
  if (flags.store->empty() || flags.store->find("://") != std::string::npos) {
    problems.error({}, "--store must name a folder; this version keeps events in no other store");
  } else {
    config.store.folder = *flags.store;
  }
}

// A source for every provider that the environment has a secret for.
void add_usual_sources(const Outside& outside, ConfigProblems& problems, ConfigDraft& draft) {
  for (const Provider& provider : all_providers()) {
    const auto secrets = usual_secrets(provider, outside, problems);
    if (secrets.empty()) continue;
    if (provider.needs_url) {
      problems.warning(
          {}, fmt::format("{} is set, but {} signs the address that it calls: to receive its webhooks, say "
                          "url = \"https://…\" in [sources.{}] of creel.toml",
                          secrets.front().label, provider.name, provider.name));
      continue;
    }
    SourceConfig source = default_source(std::string(provider.name), &provider, draft.config.server.max_body);
    add_keys(secrets, provider.secret_form, outside, problems, source);
    draft.config.sources.push_back(std::move(source));
    draft.sources.emplace_back();
  }
  if (!draft.config.sources.empty()) return;
  problems.error({},
                 "no webhook secret: set OPENAI_WEBHOOK_SECRET or another provider's usual variable (`creel "
                 "providers` lists them), or define a source in creel.toml");
}

// --forward-to: a destination for every event of every source. It keeps what the file says of a destination
// of this name.
void add_forward(const ConfigFlags& flags, ConfigProblems& problems, ConfigDraft& draft) {
  if (!flags.forward_to) return;
  if (const auto url = parse_http_url(*flags.forward_to); !url) {
    problems.error({}, "--forward-to: " + url.error());
    return;
  }
  Config& config = draft.config;
  auto forward = std::ranges::find(config.destinations, "forward", &Destination::name);
  if (forward == config.destinations.end()) {
    draft.destinations.emplace_back();
    Destination destination;
    destination.name = "forward";
    forward = config.destinations.insert(config.destinations.end(), std::move(destination));
  }
  if (forward->kind != DestinationKind::http) {
    problems.error(
        {}, fmt::format("--forward-to: [destinations.forward] of the file is one with {}, not with a url",
                        to_text(forward->kind)));
    return;
  }
  forward->url = *flags.forward_to;
  draft.destinations[static_cast<std::size_t>(forward - config.destinations.begin())].url = {};

  Route route;
  route.name = "--forward-to";
  route.to = {"forward"};
  for (const SourceConfig& source : config.sources)
    route.from.push_back(source.name);
  RoutePlaces places;
  places.from.resize(route.from.size());
  places.to.resize(route.to.size());
  // First, so that no earlier route of the file decides about it.
  draft.routes.insert(draft.routes.begin(), std::move(places));
  config.routes.insert(config.routes.begin(), std::move(route));
}

}  // namespace

std::string to_text(const ConfigProblem& problem) {
  std::string text;
  if (!problem.file.empty())
    text = fmt::format("{}:{}:{}: ", problem.file, problem.place.line, problem.place.column);
  if (problem.is_warning) text += "warning: ";
  return text + problem.message;
}

std::string_view to_text(SignMode mode) {
  switch (mode) {
    case SignMode::source:
      return "source";
    case SignMode::original:
      return "original";
    case SignMode::standard:
      return "standard";
    case SignMode::none:
      return "none";
  }
  return "";
}

LoadedConfig load_config(const ConfigFlags& flags, const Outside& outside) {
  ConfigDraft draft;
  draft.config.flags = flags;
  ConfigProblems problems(flags.config.value_or("creel.toml"));
  if (read_file(flags, outside, problems, draft)) {
    apply_environment(outside, problems, draft.config);
    apply_flags(flags, problems, draft);
    if (!draft.has_sources) add_usual_sources(outside, problems, draft);
    add_forward(flags, problems, draft);
    check_config(draft, problems);
  }
  LoadedConfig loaded;
  if (!problems.has_errors()) loaded.config = std::move(draft.config);
  loaded.problems = std::move(problems).take();
  return loaded;
}

std::vector<ConfiguredSecret> configured_secrets(const ConfigFlags& flags, const Outside& outside) {
  std::vector<ConfiguredSecret> secrets;
  const auto add = [&](std::string_view source, const Provider& provider,
                       const std::vector<GivenSecret>& given) {
    for (const GivenSecret& each : given) {
      if (each.text.text.empty()) continue;
      std::string label = each.has_own_label ? each.label : fmt::format("{} of {}", each.label, source);
      secrets.push_back({std::string(source), &provider, std::move(label), each.text.text});
    }
  };
  const auto content = outside.file(flags.config.value_or("creel.toml"));
  const auto root = content ? parse_toml(*content) : std::unexpected(TomlError{});
  ConfigProblems ignored;
  if (root) {
    const Section all(*root, "", {}, outside, ignored);
    const TomlNode* sources = all.find("sources");
    const auto* entries = sources ? std::get_if<TomlNode::Table>(&sources->value) : nullptr;
    for (const TomlEntry& entry : entries ? *entries : TomlNode::Table{}) {
      Section source(entry.node, "", {}, outside, ignored);
      const auto name = source.text("provider");
      const Provider* provider = find_provider(name ? name->text : entry.name);
      if (!provider) continue;
      add(entry.name, *provider,
          source.has("secrets") ? read_secrets(source, outside, ignored)
                                : usual_secrets(*provider, outside, ignored));
    }
  }
  if (!secrets.empty()) return secrets;
  for (const Provider& provider : all_providers())
    add(provider.name, provider, usual_secrets(provider, outside, ignored));
  return secrets;
}

std::vector<SourceConfig> configured_sources(const ConfigFlags& flags, const Outside& outside) {
  ConfigDraft draft;
  ConfigProblems ignored;
  read_file(flags, outside, ignored, draft);
  return std::move(draft.config.sources);
}

ConfiguredPlaces configured_places(const ConfigFlags& flags, const Outside& outside) {
  ConfigDraft draft;
  ConfigProblems ignored;
  read_file(flags, outside, ignored, draft);
  apply_environment(outside, ignored, draft.config);
  apply_flags(flags, ignored, draft);
  const Config& config = draft.config;
  return {.listen = config.server.listen,
          .admin_listen = config.admin.listen,
          .store_folder = config.store.folder,
          .has_tls = draft.has_tls,
          .has_admin_tls = draft.has_admin_tls};
}

}  // namespace creel
