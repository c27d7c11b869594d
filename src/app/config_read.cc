#include "app/config_read.h"

#include "app/config_tls.h"

#include <fmt/format.h>

#include <algorithm>

namespace creel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMaxBodyLimit = std::uint64_t{128} << 20;
constexpr std::uint64_t kMinStoreSize = std::uint64_t{128} << 20;
constexpr std::uint64_t kMaxStoreSize = std::uint64_t{1} << 50;

class Reader {
 public:
  Reader(std::string_view text, const Outside& outside, ConfigProblems& problems, ConfigDraft& draft)
      : text_(text), outside_(outside), problems_(problems), draft_(draft), config_(draft.config) {}

  void read(const TomlNode& root) {
    Section all = section(root, "", {"server", "admin", "store", "log", "sources", "destinations", "routes"});
    if (const auto* node = all.find("server")) read_server(*node);
    if (const auto* node = all.find("admin")) read_admin(*node);
    if (const auto* node = all.find("store")) read_store(*node);
    if (const auto* node = all.find("log")) read_log(*node);
    if (const auto* node = all.find("sources")) read_named(*node, "sources", &Reader::read_source_table);
    if (const auto* node = all.find("destinations"))
      read_named(*node, "destinations", &Reader::read_destination_table);
    if (const auto* node = all.find("routes")) read_routes(*node);
  }

 private:
  Section section(const TomlNode& node, std::string title, const std::vector<std::string_view>& keys) {
    return Section(node, std::move(title), keys, outside_, problems_);
  }

  void read_listen(Section& from, ListenAddress& into) {
    const auto given = from.text("listen");
    if (!given) return;
    if (auto address = parse_listen_address(given->text)) {
      into = *std::move(address);
    } else {
      problems_.error(given->place, "listen: " + address.error());
    }
  }

  void read_server(const TomlNode& node) {
    Section server = section(node, "[server]", {"listen", "max_body", "max_connections", "drain", "tls"});
    read_listen(server, config_.server.listen);
    std::uint64_t max_body = config_.server.max_body;
    server.size("max_body", max_body, 1, kMaxBodyLimit);
    config_.server.max_body = max_body;
    auto max_connections = static_cast<std::int64_t>(config_.server.max_connections);
    server.integer("max_connections", max_connections, 1, 1'000'000);
    config_.server.max_connections = static_cast<std::size_t>(max_connections);
    server.duration("drain", config_.server.drain, milliseconds(0));
    draft_.has_tls = server.has("tls");
    config_.server.tls = read_tls(server);
  }

  void read_admin(const TomlNode& node) {
    Section admin = section(node, "[admin]", {"listen", "hosts", "tls"});
    read_listen(admin, config_.admin.listen);
    draft_.admin_listen = admin.place("listen");
    draft_.has_admin_tls = admin.has("tls");
    config_.admin.tls = read_tls(admin);
    for (ConfigText& host : admin.texts("hosts")) {
      if (host.text.empty() || host.text.find_first_of(" /\t\r\n") != std::string::npos) {
        problems_.error(
            host.place,
            "hosts: write names as they stand in a browser's address line, without http:// and path");
      } else {
        config_.admin.hosts.push_back(std::move(host.text));
      }
    }
  }

  void read_store(const TomlNode& node) {
    Section store = section(node, "[store]", {"url", "retention", "max_size"});
    if (auto url = store.text("url")) {
      if (url->text.empty()) {
        problems_.error(url->place, "url must name a folder");
      } else if (url->text.find("://") != std::string::npos) {
        problems_.error(url->place, "url must name a folder; this version keeps events in no other store");
      } else {
        config_.store.folder = std::move(url->text);
      }
    }
    store.duration("retention", config_.store.retention, seconds(1));
    draft_.retention = store.place("retention");
    store.size("max_size", config_.store.max_size, kMinStoreSize, kMaxStoreSize);
  }

  void read_log(const TomlNode& node) {
    Section log = section(node, "[log]", {"level", "format"});
    log.choice<LogLevel>("level", config_.log.level,
                         {{"debug", LogLevel::debug},
                          {"info", LogLevel::info},
                          {"warning", LogLevel::warning},
                          {"error", LogLevel::error}});
    log.choice<LogFormat>(
        "format", config_.log.format,
        {{"auto", LogFormat::automatic}, {"text", LogFormat::text}, {"json", LogFormat::json}});
  }

  // [sources.NAME] and [destinations.NAME].
  void read_named(const TomlNode& node, std::string_view group,
                  void (Reader::*read_one)(const TomlEntry&, std::string)) {
    const auto* entries = std::get_if<TomlNode::Table>(&node.value);
    if (!entries) {
      problems_.error(node.place, fmt::format("{} must be tables; write [{}.NAME]", group, group));
      return;
    }
    for (const TomlEntry& entry : *entries) {
      if (check_name(entry)) (this->*read_one)(entry, fmt::format("[{}.{}]", group, entry.name));
    }
  }

  // Names stand in ids, paths, metrics and file names: plain letters only.
  bool check_name(const TomlEntry& entry) {
    const auto is_plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '-';
    };
    if (!entry.name.empty() && entry.name.size() <= 64 && std::ranges::all_of(entry.name, is_plain))
      return true;
    problems_.error(entry.place, "a name is made of 1 to 64 letters, digits, - and _");
    return false;
  }

  void read_source_table(const TomlEntry& entry, std::string title) {
    draft_.has_sources = true;
    ReadSource read = read_source(entry, std::move(title), config_.server.max_body, outside_, problems_);
    draft_.sources.push_back(read.places);
    config_.sources.push_back(std::move(read.source));
  }

  void read_destination_table(const TomlEntry& entry, std::string title) {
    ReadDestination read = read_destination(entry, std::move(title), outside_, problems_);
    draft_.destinations.push_back(read.places);
    config_.destinations.push_back(std::move(read.destination));
  }

  void read_routes(const TomlNode& node) {
    const auto* array = std::get_if<TomlNode::Array>(&node.value);
    if (!array) {
      problems_.error(node.place, "routes must be an array of tables; write [[routes]]");
      return;
    }
    for (const TomlNode& element : *array) {
      ReadRoute read = read_route(element, config_.routes.size() + 1, text_, outside_, problems_);
      draft_.routes.push_back(std::move(read.places));
      config_.routes.push_back(std::move(read.route));
    }
  }

  const std::string_view text_;
  const Outside& outside_;
  ConfigProblems& problems_;
  ConfigDraft& draft_;
  Config& config_;
};

}  // namespace

void read_config(const TomlNode& root, std::string_view text, const Outside& outside,
                 ConfigProblems& problems, ConfigDraft& draft) {
  Reader(text, outside, problems, draft).read(root);
}

}  // namespace creel
