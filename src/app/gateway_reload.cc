// SIGHUP: the configuration is read again, away from the loop, and taken over there: all of it or nothing.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "app/gateway_impl.h"

namespace creel {
namespace {

std::string listed(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::chrono::seconds longest_window(const Config& config) {
  std::chrono::seconds longest{0};
  for (const SourceConfig& source : config.sources)
    longest = std::max(longest, source.dedupe);
  return longest;
}

std::expected<std::shared_ptr<const Live>, std::string> Gateway::live_of(Config config) {
  return make_live(std::move(config),
                   [this](const SourceConfig& source) { return jwks_.keys_of(source.name, source.jwks); });
}

// With the same flags, away from the loop: it reads files.
void Gateway::reload() {
  if (stopping_) return;
  if (std::exchange(reloading_, true)) {
    reload_again_ = true;
    return;
  }
  if (reading_.joinable()) reading_.join();
  reading_ = std::thread([this, flags = live_.now()->config.flags] {
    auto loaded = std::make_shared<LoadedConfig>(load_config(flags, real_outside()));
    loop_.post([this, loaded = std::move(loaded)] {
      assume(on_loop);
      if (!stopping_) reload_metrics_.on_reload(take_over(*loaded));
      reloading_ = false;
      if (std::exchange(reload_again_, false)) reload();
    });
  });
}

// All of it or nothing: nothing is put in its place before everything is made. Says what came of it.
bool Gateway::take_over(LoadedConfig& loaded) {
  for (const ConfigProblem& problem : loaded.problems)
    log_.write(problem.is_warning ? LogLevel::warning : LogLevel::error, to_text(problem), {});
  if (!loaded.config) return refuse("the new one has mistakes");
  const std::string& file = live_.now()->config.file;
  // Editors and scripts put a file away before they put another in its place.
  if (!file.empty() && loaded.config->file.empty()) return refuse(file + " is not there any more");
  const ConfigChanges changes = changes_between(live_.now()->config, *loaded.config);
  if (needs_restart(*loaded.config, changes)) return refuse("the new one needs a restart");
  const auto live = live_of(std::move(*loaded.config));
  if (!live) return refuse(live.error());
  put_in_place(*live);
  say_reloaded(changes);
  return true;
}

bool Gateway::needs_restart(const Config& config, const ConfigChanges& changes) {
  for (const std::string& what : changes.fixed)
    log_.error(what + " changed: restart creel to apply it");
  const auto longest = longest_window(config);
  if (changes.fixed.empty() && longest > dedupe_window_max_) {
    // The store keeps the keys of removed events for as long as it was told when it was opened.
    log_.error("a dedupe window is longer than any was at the start: restart creel to apply it",
               {{"seconds", static_cast<std::int64_t>(longest.count())}});
    return true;
  }
  return !changes.fixed.empty();
}

// Whoever is asked for something new comes before who asks: what new routes lead to a new destination has to
// find it, and what it signs for has to find the source.
void Gateway::put_in_place(const std::shared_ptr<const Live>& live) {
  const Config& config = live->config;
  log_.set_level(config.log.level);
  live_.set(live);
  delivery_metrics_.reload(config.destinations);
  deliverer_->reload(config.destinations, live->routes);
  ingest_->reload(ingest_sources(*live), live->routes);
  note_standard_output(config);
  warn_of_dangling_pauses(config);
  // Always what was read just now, as a file may hold another certificate under the same name.
  if (config.server.tls) ingest_server_->set_tls(config.server.tls->context);
  if (config.admin.tls) admin_server_->set_tls(config.admin.tls->context);
}

void Gateway::say_reloaded(const ConfigChanges& changes) {
  const std::string added = listed(changes.sources.added), removed = listed(changes.sources.removed),
                    changed = listed(changes.sources.changed);
  const std::string destinations_added = listed(changes.destinations.added),
                    destinations_removed = listed(changes.destinations.removed),
                    destinations_changed = listed(changes.destinations.changed);
  log_.info("configuration reloaded", {{"sources_added", added},
                                       {"sources_removed", removed},
                                       {"sources_changed", changed},
                                       {"destinations_added", destinations_added},
                                       {"destinations_removed", destinations_removed},
                                       {"destinations_changed", destinations_changed},
                                       {"routes_changed", changes.routes},
                                       {"certificate_changed", changes.certificates}});
}

bool Gateway::refuse(std::string_view why) {
  log_.error("configuration not reloaded: creel goes on with the old one", {{"reason", why}});
  return false;
}

}  // namespace creel
