#include "app/config_changes.h"

#include <fmt/format.h>

#include <algorithm>

namespace creel {
namespace {

bool is_same(const SourceConfig& a, const SourceConfig& b) {
  // A source's own row is made of the generic row of this name and the options.
  return a.provider->name == b.provider->name && a.options == b.options && a.path == b.path &&
         a.secrets == b.secrets && a.tolerance == b.tolerance && a.dedupe == b.dedupe &&
         a.dedupe_by_body == b.dedupe_by_body && a.max_body == b.max_body && a.url == b.url &&
         a.algorithms == b.algorithms && a.jwks == b.jwks && a.jwks_json == b.jwks_json &&
         a.handshake == b.handshake && a.verify_token == b.verify_token;
}

bool is_same(const RetryPolicy& a, const RetryPolicy& b) {
  return a.initial == b.initial && a.max == b.max && a.factor == b.factor && a.jitter == b.jitter &&
         a.attempts == b.attempts;
}

bool is_same(const Destination& a, const Destination& b) {
  const auto secret_of = [](const Destination& destination) {
    return destination.secret ? destination.secret->fingerprint() : std::string{};
  };
  return a.url == b.url && a.concurrency == b.concurrency && a.timeout == b.timeout &&
         is_same(a.retry, b.retry) && a.sign == b.sign && a.sign_explicit == b.sign_explicit &&
         a.untrusted == b.untrusted && secret_of(a) == secret_of(b);
}

bool is_same(const Route& a, const Route& b) {
  return a.from == b.from && a.to == b.to;
}

template <class Things>
auto find(const Things& things, const std::string& name) {
  const auto found = std::ranges::find(things, name, &Things::value_type::name);
  return found == things.end() ? nullptr : &*found;
}

void compare_destinations(const Config& before, const Config& after, ConfigChanges& changes) {
  for (const Destination& destination : after.destinations) {
    const Destination* old = find(before.destinations, destination.name);
    if (!old || !is_same(*old, destination))
      changes.fixed.push_back(fmt::format("destination \"{}\"", destination.name));
  }
  for (const Destination& old : before.destinations) {
    if (!find(after.destinations, old.name))
      changes.fixed.push_back(fmt::format("destination \"{}\"", old.name));
  }
}

}  // namespace

ConfigChanges changes_between(const Config& before, const Config& after) {
  ConfigChanges changes;
  const auto fixed = [&changes](bool is_changed, const char* name) {
    if (is_changed) changes.fixed.emplace_back(name);
  };
  fixed(before.server.listen != after.server.listen, "server.listen");
  fixed(before.server.max_connections != after.server.max_connections, "server.max_connections");
  fixed(before.admin.listen != after.admin.listen, "admin.listen");
  fixed(before.admin.hosts != after.admin.hosts, "admin.hosts");
  fixed(before.store.folder != after.store.folder, "store.url");
  fixed(before.store.retention != after.store.retention, "store.retention");
  fixed(before.store.max_size != after.store.max_size, "store.max_size");
  fixed(before.log.level != after.log.level, "log.level");
  fixed(before.log.format != after.log.format, "log.format");
  compare_destinations(before, after, changes);

  for (const SourceConfig& source : after.sources) {
    const SourceConfig* old = find(before.sources, source.name);
    if (!old) {
      changes.added.push_back(source.name);
    } else if (!is_same(*old, source)) {
      changes.changed.push_back(source.name);
    }
  }
  for (const SourceConfig& old : before.sources) {
    if (!find(after.sources, old.name)) changes.removed.push_back(old.name);
  }
  changes.routes = !std::ranges::equal(before.routes, after.routes,
                                       [](const Route& a, const Route& b) { return is_same(a, b); });
  changes.limits = before.server.drain != after.server.drain;
  return changes;
}

}  // namespace creel
