// How an HTTP destination is asked: method, headers, proxy, and where one that is not trusted may be.
#include <fmt/format.h>

#include <algorithm>

#include "app/config_destination.h"
#include "app/config_tls.h"
#include "app/units.h"
#include "core/text.h"
#include "deliver/address_guard.h"
#include "deliver/request_headers.h"

namespace creel {
namespace {

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

void read_headers(Section& from, HttpSettings& into) {
  const TomlNode* node = from.find("headers");
  if (!node) return;
  const auto* entries = std::get_if<TomlNode::Table>(&node->value);
  if (!entries) {
    from.problems().error(
        node->place,
        fmt::format("headers must be a table such as {{ X-Team = \"a\" }}, not {}", kind_name(*node)));
    return;
  }
  for (const TomlEntry& entry : *entries) {
    const std::string shown = displayed(entry.name, 64);
    std::string problem = header_name_problem(entry.name, false);
    if (problem.empty() && equal_ignoring_case(entry.name, "authorization"))
      problem = "is a credential: say it as auth, which is never shown";
    const bool is_twice = std::ranges::any_of(
        into.headers, [&](const auto& other) { return equal_ignoring_case(other.first, entry.name); });
    if (problem.empty() && is_twice) problem = "is there twice";
    if (!problem.empty()) {
      from.problems().error(entry.place, fmt::format("headers: {} {}", shown, problem));
      continue;
    }
    auto value = from.expanded("every value of headers", entry.node);
    if (!value) continue;
    if (!is_plain_value(value->text)) {
      from.problems().error(value->place,
                            fmt::format("headers: the value of {} has a line break or another control "
                                        "character in it, or begins or ends with a space",
                                        shown));
      continue;
    }
    into.headers.emplace_back(entry.name, std::move(value->text));
  }
}

// The message never repeats it: a proxy's address may hold its password.
void read_proxy(Section& from, HttpSettings& into) {
  auto given = from.text("proxy");
  if (!given) return;
  const std::string_view text = given->text;
  const std::size_t colon = std::min(text.find("://"), text.size());
  const std::string_view scheme = text.substr(0, colon);
  if (scheme == "socks5") {
    from.problems().error(given->place,
                          "proxy: use socks5h://, which leaves it to the proxy to resolve names");
    return;
  }
  std::string_view rest = text.substr(std::min(colon + 3, text.size()));
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
  const auto url = parse_http_url("http://" + std::string(rest));
  const bool is_known = scheme == "http" || scheme == "https" || scheme == "socks5h";
  if (!is_known || !url || !(url->target.empty() || url->target == "/")) {
    from.problems().error(given->place,
                          "proxy must be http://, https:// or socks5h:// with a host, perhaps a port, and no "
                          "path, such as \"http://proxy.example:3128\"");
    return;
  }
  into.proxy = std::move(given->text);
}

void read_ports(Section& guard, TargetGuard& into) {
  const TomlNode* node = guard.find("ports");
  if (!node) return;
  const auto* array = std::get_if<TomlNode::Array>(&node->value);
  if (!array || array->empty()) {
    guard.problems().error(node->place, "ports must be an array of numbers, such as [443, 8443]");
    return;
  }
  for (const TomlNode& element : *array) {
    const auto* port = std::get_if<std::int64_t>(&element.value);
    if (port && *port >= 1 && *port <= 65535) {
      into.ports.push_back(static_cast<std::uint16_t>(*port));
    } else {
      guard.problems().error(element.place, "every element of ports must be a number from 1 to 65535");
    }
  }
}

void read_guard(Section& from, Destination& into) {
  const TomlNode* node = from.find("guard");
  if (!node) return;
  Section guard(*node, "guard of " + from.title(), {"networks", "ports", "https_only"}, from.outside(),
                from.problems());
  if (!into.untrusted) {
    from.problems().error(
        node->place,
        fmt::format("guard is only for an untrusted destination: {} may be anywhere", from.title()));
  }
  for (ConfigText& network : guard.texts("networks")) {
    if (const auto parsed = parse_network(network.text); !parsed) {
      from.problems().error(network.place, "networks: " + parsed.error());
    } else {
      into.http.guard.networks.push_back(std::move(network.text));
    }
  }
  read_ports(guard, into.http.guard);
  guard.boolean("https_only", into.http.guard.https_only);
}

}  // namespace

std::string header_name_problem(std::string_view name, bool is_auth) {
  if (can_be_added(name) || (is_auth && can_authenticate(name))) return {};
  constexpr std::string_view kToken =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (name.empty() || name.find_first_not_of(kToken) != std::string_view::npos)
    return "is not the name of a header";
  if (begins_with(name, "creel-")) return "cannot be set: creel-… are creel's own";
  if (can_authenticate(name)) return "cannot be set: a handler looks for a provider's signature there";
  return "cannot be set: it belongs to the connection";
}

bool is_plain_value(std::string_view value) {
  return is_header_value(value) && (value.empty() || value.find_first_of(" \t") != 0) &&
         (value.empty() || value.find_last_of(" \t") != value.size() - 1);
}

void read_http(Section& from, Destination& into) {
  HttpSettings& http = into.http;
  from.choice<std::string>("method", http.method, {{"POST", "POST"}, {"PUT", "PUT"}, {"PATCH", "PATCH"}});
  read_headers(from, http);
  read_auth(from, http);
  read_client_tls(from, http);
  read_proxy(from, http);
  read_guard(from, into);
  if (into.untrusted && from.has("proxy")) {
    from.problems().error(
        from.place("proxy"),
        fmt::format("{} is untrusted and cannot have a proxy, which would resolve its name and hide from "
                    "creel where it is",
                    from.title()));
  }
}

}  // namespace creel
