// What creel was told to do: one checked value, made once, of flags, environment, creel.toml and defaults, in
// this order.
//
// Whoever holds a Config may rely on it: every name a route says exists, no two sources have one path, every
// source has a key, every URL is http or https. Where it comes from is config_load.h's business.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <creel/webhooks.h>

#include "app/units.h"
#include "core/log.h"
#include "core/model.h"
#include <creel/provider.h>

namespace creel {

struct ServerConfig {
  ListenAddress listen{"0.0.0.0", 3000};
  std::size_t max_body = std::size_t{1} << 20;  // of sources that do not say their own
  std::size_t max_connections = 10'000;
  std::chrono::milliseconds drain = std::chrono::seconds(10);  // how long a graceful stop may take
};

struct AdminConfig {
  ListenAddress listen{"127.0.0.1", 3001};
  std::vector<std::string> hosts;  // values of Host that are allowed besides the address and localhost
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
  const Provider* provider = nullptr;  // a row of the table, good for ever
  std::string path;
  std::vector<Key> keys;  // at least one; labelled with the variable or file they came from, or "secret 1"
  std::chrono::seconds tolerance{300};
  std::chrono::seconds dedupe = std::chrono::days(7);
  std::size_t max_body = std::size_t{1} << 20;
};

// Move-only: it holds the secrets.
struct Config {
  std::string file;  // the one that was read, "" without one
  ServerConfig server;
  AdminConfig admin;
  StoreConfig store;
  LogConfig log;
  std::vector<SourceConfig> sources;      // at least one
  std::vector<Destination> destinations;  // may be empty: events are kept
  std::vector<Route> routes;
};

std::string_view to_text(SignMode mode);

}  // namespace creel
