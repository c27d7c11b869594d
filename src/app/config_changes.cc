#include "app/config_changes.h"

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

bool is_same(const Destination& a, const Destination& b) {
  const auto secret_of = [](const Destination& destination) {
    return destination.secret ? destination.secret->fingerprint() : std::string{};
  };
  return a.url == b.url && a.concurrency == b.concurrency && a.timeout == b.timeout && a.retry == b.retry &&
         a.sign == b.sign && a.sign_explicit == b.sign_explicit && a.untrusted == b.untrusted &&
         secret_of(a) == secret_of(b) && a.kind == b.kind && a.http == b.http && a.exec == b.exec &&
         a.rate == b.rate && a.is_adaptive == b.is_adaptive && a.breaker == b.breaker && a.order == b.order;
}

template <class Things>
auto find(const Things& things, const std::string& name) {
  const auto found = std::ranges::find(things, name, &Things::value_type::name);
  return found == things.end() ? nullptr : &*found;
}

template <class Things>
ConfigChanges::Names compare(const Things& before, const Things& after) {
  ConfigChanges::Names names;
  for (const auto& thing : after) {
    const auto* old = find(before, thing.name);
    if (!old) {
      names.added.push_back(thing.name);
    } else if (!is_same(*old, thing)) {
      names.changed.push_back(thing.name);
    }
  }
  for (const auto& old : before) {
    if (!find(after, old.name)) names.removed.push_back(old.name);
  }
  return names;
}

bool has_other_content(const std::optional<TlsConfig>& before, const std::optional<TlsConfig>& after) {
  return before && after && before->digest != after->digest;
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
  fixed(before.log.format != after.log.format, "log.format");
  // A port speaks TLS from the start, or never; with which certificate, a running one can change.
  fixed(before.server.tls.has_value() != after.server.tls.has_value(), "server.tls");
  fixed(before.admin.tls.has_value() != after.admin.tls.has_value(), "admin.tls");

  changes.sources = compare(before.sources, after.sources);
  changes.destinations = compare(before.destinations, after.destinations);
  changes.routes = before.routes != after.routes;
  changes.certificates = has_other_content(before.server.tls, after.server.tls) ||
                         has_other_content(before.admin.tls, after.admin.tls);
  changes.limits = before.server.drain != after.server.drain;
  return changes;
}

}  // namespace creel
