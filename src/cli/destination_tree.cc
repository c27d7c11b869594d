#include "cli/destination_tree.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <variant>

#include "app/config.h"
#include "app/units.h"
#include "core/credentials.h"
#include "core/text.h"

namespace creel::cli {
namespace {

Json texts_of(const std::vector<std::string>& values) {
  Json::Array array;
  for (const std::string& value : values)
    array.push_back(Json::of(value));
  return {std::move(array)};
}

constexpr std::string_view kHidden = "***";

Json delays_of(const std::vector<std::chrono::milliseconds>& delays) {
  Json::Array array;
  for (const auto delay : delays)
    array.push_back(Json::of(duration_text(delay)));
  return {std::move(array)};
}

Json statuses_of(const std::vector<StatusRange>& statuses) {
  Json::Array array;
  for (const StatusRange& range : statuses) {
    std::string text = fmt::format("{}{}", range.is_excluded ? "!" : "", range.from);
    if (range.to != range.from) text += fmt::format("-{}", range.to);
    array.push_back(Json::of(text));
  }
  return {std::move(array)};
}

Json tree_of(const RetryPolicy& policy) {
  using Growth = RetryPolicy::Growth;
  Json retry = Json::object();
  if (policy.growth == Growth::list) {
    retry.set("backoff", Json::of("list")).set("delays", delays_of(policy.delays));
  } else {
    if (policy.growth == Growth::linear) retry.set("backoff", Json::of("linear"));
    retry.set("initial", Json::of(duration_text(policy.initial)));
    if (policy.growth == Growth::exponential) retry.set("factor", {policy.factor});
    retry.set("max", Json::of(duration_text(policy.max)));
  }
  retry.set("jitter", {policy.jitter}).set("attempts", Json::of(policy.attempts));
  if (policy.age.count() > 0) retry.set("age", Json::of(duration_text(policy.age)));
  if (!policy.statuses.empty()) retry.set("statuses", statuses_of(policy.statuses));
  return retry;
}

// Nothing of it that is secret.
struct AuthTree {
  Json operator()(const std::monostate&) const { return Json::object(); }
  Json operator()(const BasicAuth& basic) const {
    return Json::object().set("basic", Json::of(fmt::format("{}:{}", basic.user, kHidden)));
  }
  Json operator()(const BearerAuth&) const { return Json::object().set("bearer", Json::of(kHidden)); }
  Json operator()(const ApiKeyAuth& key) const {
    return Json::object().set("header", Json::of(key.header)).set("value", Json::of(kHidden));
  }
  Json operator()(const OAuth2Auth& oauth2) const {
    Json tree = Json::object()
                    .set("token_url", Json::of(without_credentials(oauth2.token_url)))
                    .set("client_id", Json::of(oauth2.client_id))
                    .set("client_secret", Json::of(kHidden));
    if (!oauth2.scope.empty()) tree.set("scope", Json::of(oauth2.scope));
    if (!oauth2.audience.empty()) tree.set("audience", Json::of(oauth2.audience));
    tree.set("in_body", Json::of(oauth2.in_body));
    return Json::object().set("oauth2", std::move(tree));
  }
  Json operator()(const HmacAuth& hmac) const {
    constexpr std::array<std::string_view, 3> kHashes = {"sha1", "sha256", "sha512"};
    Json tree = Json::object()
                    .set("secret", Json::of(kHidden))
                    .set("header", Json::of(hmac.header))
                    .set("hash", Json::of(kHashes.at(static_cast<std::size_t>(hmac.hash))))
                    .set("encoding", Json::of(hmac.encoding == HmacAuth::Encoding::hex ? "hex" : "base64"));
    if (!hmac.prefix.empty()) tree.set("prefix", Json::of(hmac.prefix));
    return Json::object().set("hmac", std::move(tree));
  }
};

Json tree_of(const TargetGuard& guard) {
  Json::Array ports;
  for (const std::uint16_t port : guard.ports)
    ports.push_back(Json::of(port));
  Json tree = Json::object();
  if (!guard.networks.empty()) tree.set("networks", texts_of(guard.networks));
  if (!ports.empty()) tree.set("ports", {std::move(ports)});
  return tree.set("https_only", Json::of(guard.https_only));
}

void set_http(Json& tree, const Destination& destination) {
  const HttpSettings& http = destination.http;
  tree.set("url", Json::of(without_credentials(destination.url))).set("method", Json::of(http.method));
  if (!http.headers.empty()) {
    Json headers = Json::object();
    for (const auto& [name, value] : http.headers)
      headers.set(name, Json::of(is_credential_header(name) ? kHidden : std::string_view(value)));
    tree.set("headers", std::move(headers));
  }
  if (!std::holds_alternative<std::monostate>(http.auth)) tree.set("auth", std::visit(AuthTree{}, http.auth));
  Json tls = Json::object();
  if (!http.client_certificate.empty()) {
    tls.set("certificate", Json::of(http.client_certificate)).set("key", Json::of(http.client_key));
  }
  if (!http.ca.empty()) tls.set("ca", Json::of(http.ca));
  if (http.insecure) tls.set("insecure", Json::of(true));
  if (!std::get<Json::Object>(tls.value).empty()) tree.set("tls", std::move(tls));
  if (!http.proxy.empty()) tree.set("proxy", Json::of(without_credentials(http.proxy)));
}

// Values of its environment are often secrets.
void set_exec(Json& tree, const ExecSettings& exec) {
  tree.set("exec", texts_of(exec.command));
  if (!exec.environment.empty()) {
    Json environment = Json::object();
    for (const auto& [name, value] : exec.environment)
      environment.set(name, Json::of(kHidden));
    tree.set("environment", std::move(environment));
  }
  if (!exec.user.empty()) tree.set("user", Json::of(exec.user));
  if (!exec.directory.empty()) tree.set("directory", Json::of(exec.directory));
}

void set_limits(Json& tree, const Destination& destination) {
  if (destination.rate) {
    Rate rate = *destination.rate;
    const auto burst = std::exchange(rate.burst, std::nullopt);
    Json text = Json::of(rate_text(rate));
    if (burst) {
      Json table = Json::object().set("rate", std::move(text)).set("burst", Json::of(std::int64_t{*burst}));
      tree.set("rate", std::move(table));
    } else {
      tree.set("rate", std::move(text));
    }
  }
  if (destination.kind != DestinationKind::standard_output) {
    tree.set("concurrency", Json::of(destination.concurrency));
    if (destination.is_adaptive) tree.set("adaptive_concurrency", Json::of(true));
  }
  tree.set("timeout", Json::of(duration_text(destination.timeout))).set("retry", tree_of(destination.retry));
  if (const auto& breaker = destination.breaker) {
    tree.set("breaker", Json::object()
                            .set("ratio", {breaker->ratio})
                            .set("attempts", Json::of(breaker->attempts))
                            .set("window", Json::of(duration_text(breaker->window)))
                            .set("probe_after", Json::of(duration_text(breaker->probe_after))));
  }
  if (destination.order.by.empty()) return;
  constexpr std::array<std::string_view, 3> kOnFailure = {"block", "park", "skip"};
  tree.set("order_by", Json::of(destination.order.by))
      .set("on_failure", Json::of(kOnFailure.at(static_cast<std::size_t>(destination.order.on_failure))));
}

// What goes out with a request to show whose it is, and where it may go.
void set_trust(Json& tree, const Destination& destination) {
  tree.set("sign", Json::of(to_text(destination.sign)));
  if (destination.secret) {
    tree.set("secret", Json::of(fmt::format("secret (fingerprint {})", destination.secret->fingerprint())));
  }
  tree.set("untrusted", Json::of(destination.untrusted));
  if (destination.http.guard != TargetGuard()) tree.set("guard", tree_of(destination.http.guard));
}

}  // namespace

Json destination_tree(const Destination& destination) {
  Json tree = Json::object();
  switch (destination.kind) {
    case DestinationKind::http:
      set_http(tree, destination);
      break;
    case DestinationKind::exec:
      set_exec(tree, destination.exec);
      break;
    case DestinationKind::standard_output:
      tree.set("stdout", Json::of(true));
      break;
  }
  set_limits(tree, destination);
  if (destination.kind == DestinationKind::http) set_trust(tree, destination);
  return tree;
}

}  // namespace creel::cli
