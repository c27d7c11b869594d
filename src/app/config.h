// What creel was told to do: one checked value, made once, of flags, environment, creel.toml and defaults, in
// this order.
//
// Whoever holds a Config may rely on it: every name a route says exists, no two sources have one path, every
// source has a key, every URL is http or https. Where it comes from is config_load.h's business.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <creel/provider.h>
#include <creel/webhooks.h>

#include "app/kept_secret.h"
#include "app/units.h"
#include "core/log.h"
#include "core/model.h"
#include "http/tls.h"

namespace creel {

// What a port shows over TLS: the files, and what was read there.
struct TlsConfig {
  std::string certificate, key;                     // paths of PEM files
  std::shared_ptr<const http::TlsContext> context;  // made of them
  std::string digest;                               // of what both hold, to tell whether they changed
};

struct ServerConfig {
  ListenAddress listen{"0.0.0.0", 3000};
  std::optional<TlsConfig> tls;
  std::size_t max_body = std::size_t{1} << 20;  // of sources that do not say their own
  std::size_t max_connections = 10'000;
  std::chrono::milliseconds drain = std::chrono::seconds(10);  // how long a graceful stop may take
};

struct AdminConfig {
  ListenAddress listen{"127.0.0.1", 3001};
  std::vector<std::string> hosts;  // values of Host that are allowed besides the address and localhost
  std::optional<TlsConfig> tls;
};

struct StoreConfig {
  std::string folder = "creel-data";
  std::chrono::seconds retention = std::chrono::days(30);
  std::uint64_t max_size = std::uint64_t{20} << 30;
};

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::automatic;
};

struct SourceConfig {
  std::string name;
  // A row of the table, or the source's own, made of a generic row and the options below.
  std::shared_ptr<const Provider> provider;
  std::string path;
  // Labelled as the file says, with the variable or file they came from, or "secret 1". At least one, but
  // where the provider has no secrets or publishes its keys.
  std::vector<Key> keys;
  std::vector<KeptSecret> secrets;                // what the keys were made of, in the same order
  std::optional<std::chrono::seconds> tolerance;  // else the provider's
  std::chrono::seconds dedupe = std::chrono::days(7);
  bool dedupe_by_body = false;  // `replay` is said
  std::size_t max_body = std::size_t{1} << 20;
  std::string url;                         // the address that the provider calls, where it signs that
  std::vector<std::string> algorithms;     // of tokens
  std::vector<std::string> jwks;           // where their keys are published: addresses, or one file
  std::string jwks_json;                   // what the file holds
  std::shared_ptr<const JwkSet> jwks_set;  // the same, ready for use
  Handshake handshake = Handshake::none;   // besides the provider's own
  std::string verify_token;
  // Of a generic provider, what its row was made of: names and texts, in the order of the file.
  std::vector<std::pair<std::string, std::vector<std::string>>> options;
};
// Whether the source's tokens are checked with keys that are fetched.
bool is_jwks_fetched(const SourceConfig& source);

// What the command line said; what it did not say is empty.
struct ConfigFlags {
  std::optional<std::string> config;        // the file; without it ./creel.toml is read when it is there
  std::optional<std::string> listen;        // ADDR:PORT
  std::optional<std::string> port;          // the port alone
  std::optional<std::string> admin_listen;  // ADDR:PORT
  std::optional<std::string> store;         // a folder
  std::optional<std::string> forward_to;    // a URL that gets everything
};

// Move-only: it holds the secrets.
struct Config {
  ConfigFlags flags;  // it was made with, to make it again
  std::string file;   // the one that was read, "" without one
  ServerConfig server;
  AdminConfig admin;
  StoreConfig store;
  LogConfig log;
  std::vector<SourceConfig> sources;      // at least one
  std::vector<Destination> destinations;  // may be empty: events are kept
  std::vector<Route> routes;
};

std::string_view to_text(SignMode mode);
std::string_view to_text(Handshake handshake);  // as configuration says it; "" for those it cannot say

}  // namespace creel
