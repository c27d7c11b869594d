// auth = { … } of a destination: exactly one way to show who creel is. No message repeats a value.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/config_destination.h"
#include "app/units.h"
#include "core/text.h"

namespace creel {
namespace {

constexpr std::array<std::string_view, 5> kWays = {"basic", "bearer", "header", "oauth2", "hmac"};

void error(Section& from, std::string_view key, std::string_view message) {
  from.problems().error(from.place(key), fmt::format("{} of {}", key, from.title()).append(message));
}

// A text that goes into a header and cannot be empty. "" when it is bad, which is reported.
std::string credential(Section& from, std::string_view key) {
  auto given = from.text(key);
  if (!given) {
    if (!from.has(key)) from.problems().error(from.place(key), fmt::format("{} needs {}", from.title(), key));
    return {};
  }
  if (given->text.empty()) {
    error(from, key, " is empty");
    return {};
  }
  if (!is_plain_value(given->text)) {
    error(from, key, " has a line break or another control character in it, or a space at its begin or end");
    return {};
  }
  return std::move(given->text);
}

BasicAuth read_basic(Section& from) {
  const std::string text = credential(from, "basic");
  const std::size_t colon = text.find(':');
  if (text.empty()) return {};
  if (colon == std::string::npos || colon == 0) {
    error(from, "basic", " must be a user and a password with a colon between them");
    return {};
  }
  return {.user = text.substr(0, colon), .password = text.substr(colon + 1)};
}

BearerAuth read_bearer(Section& from) {
  std::string token = credential(from, "bearer");
  if (token.find_first_of(" \t") != std::string::npos) {
    error(from, "bearer", " has a space in it: write the token alone, without Bearer before it");
    return {};
  }
  return {.token = std::move(token)};
}

std::string header_name(Section& from, std::string name) {
  const auto given = from.text("header");
  if (!given) return name;
  if (const std::string problem = header_name_problem(given->text, true); !problem.empty()) {
    from.problems().error(given->place, fmt::format("header: {} {}", displayed(given->text, 64), problem));
    return name;
  }
  return given->text;
}

ApiKeyAuth read_api_key(Section& from) {
  return {.header = header_name(from, {}), .value = credential(from, "value")};
}

OAuth2Auth read_oauth2(const TomlNode& node, Section& auth) {
  Section from(node, "oauth2 of " + auth.title(),
               {"token_url", "client_id", "client_secret", "scope", "audience", "in_body"}, auth.outside(),
               auth.problems());
  OAuth2Auth oauth2;
  oauth2.token_url = credential(from, "token_url");
  oauth2.client_id = credential(from, "client_id");
  oauth2.client_secret = credential(from, "client_secret");
  for (const auto& [key, into] :
       {std::pair("scope", &oauth2.scope), std::pair("audience", &oauth2.audience)}) {
    if (from.has(key)) *into = credential(from, key);
  }
  from.boolean("in_body", oauth2.in_body);
  if (oauth2.token_url.empty()) return oauth2;
  const auto url = parse_http_url(oauth2.token_url);
  if (!url) {
    from.problems().error(from.place("token_url"), "token_url: " + url.error());
  } else if (url->scheme == "http" && !is_loopback(url->host)) {
    from.problems().warning(
        from.place("token_url"),
        fmt::format("{}: the client's secret travels in the clear to http://", from.title()));
  }
  return oauth2;
}

HmacAuth read_hmac(const TomlNode& node, Section& auth) {
  Section from(node, "hmac of " + auth.title(), {"secret", "header", "hash", "encoding", "prefix"},
               auth.outside(), auth.problems());
  HmacAuth hmac;
  hmac.header = header_name(from, hmac.header);
  if (from.has("prefix")) hmac.prefix = credential(from, "prefix");
  from.choice<HmacAuth::Hash>("hash", hmac.hash,
                              {{"sha256", HmacAuth::Hash::sha256},
                               {"sha1", HmacAuth::Hash::sha1},
                               {"sha512", HmacAuth::Hash::sha512}});
  from.choice<HmacAuth::Encoding>("encoding", hmac.encoding,
                                  {{"hex", HmacAuth::Encoding::hex}, {"base64", HmacAuth::Encoding::base64}});
  auto secret = from.text("secret");
  if (secret && secret->text.empty()) {
    error(from, "secret", " is empty");
  } else if (secret) {
    hmac.secret = std::move(secret->text);
  } else if (!from.has("secret")) {
    from.problems().error(from.place("secret"), from.title() + " needs secret");
  }
  return hmac;
}

}  // namespace

void read_auth(Section& from, HttpSettings& into) {
  const TomlNode* node = from.find("auth");
  if (!node) return;
  Section auth(*node, "auth of " + from.title(), {"basic", "bearer", "header", "value", "oauth2", "hmac"},
               from.outside(), from.problems());
  if (!std::holds_alternative<TomlNode::Table>(node->value)) return;
  const auto ways = std::ranges::count_if(kWays, [&](std::string_view way) { return auth.has(way); });
  if (ways != 1) {
    from.problems().error(
        node->place,
        fmt::format("{} must have one of basic, bearer, header with value, oauth2 and hmac", auth.title()));
    return;
  }
  if (auth.has("value") && !auth.has("header"))
    from.problems().error(auth.place("value"), "value is only for header");
  if (auth.has("basic")) into.auth = read_basic(auth);
  if (auth.has("bearer")) into.auth = read_bearer(auth);
  if (auth.has("header")) into.auth = read_api_key(auth);
  if (const auto* oauth2 = auth.find("oauth2")) into.auth = read_oauth2(*oauth2, auth);
  if (const auto* hmac = auth.find("hmac")) into.auth = read_hmac(*hmac, auth);

  std::string_view header = "Authorization";
  if (const auto* key = std::get_if<ApiKeyAuth>(&into.auth)) header = key->header;
  if (const auto* hmac = std::get_if<HmacAuth>(&into.auth)) header = hmac->header;
  if (std::ranges::any_of(into.headers,
                          [&](const auto& other) { return equal_ignoring_case(other.first, header); })) {
    from.problems().error(node->place,
                          fmt::format("{} says {}, which headers does too", auth.title(), header));
  }
}

}  // namespace creel
