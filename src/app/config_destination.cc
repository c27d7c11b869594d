#include "app/config_destination.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "app/units.h"

namespace creel {
namespace {

struct KindWord {
  std::string_view key;
  DestinationKind kind;
};
constexpr std::array<KindWord, 3> kKinds{{{"url", DestinationKind::http},
                                          {"exec", DestinationKind::exec},
                                          {"stdout", DestinationKind::standard_output}}};

// Which kinds know a key.
struct KnownKey {
  std::string_view name;
  bool http = true, exec = true, standard_output = true;

  bool is_of(DestinationKind kind) const {
    switch (kind) {
      case DestinationKind::http:
        return http;
      case DestinationKind::exec:
        return exec;
      case DestinationKind::standard_output:
        return standard_output;
    }
    return false;
  }
};
constexpr auto kKeys = std::to_array<KnownKey>({
    {"url"},
    {"exec"},
    {"stdout"},
    {"rate"},
    {"retry"},
    {"breaker"},
    {"order_by"},
    {"on_failure"},
    {"timeout"},
    {"concurrency", true, true, false},
    {"adaptive_concurrency", true, true, false},
    {"method", true, false, false},
    {"headers", true, false, false},
    {"auth", true, false, false},
    {"tls", true, false, false},
    {"proxy", true, false, false},
    {"sign", true, false, false},
    {"secret", true, false, false},
    {"untrusted", true, false, false},
    {"guard", true, false, false},
    {"environment", false, true, false},
    {"user", false, true, false},
    {"directory", false, true, false},
});

std::vector<std::string_view> key_names() {
  std::vector<std::string_view> names;
  for (const KnownKey& key : kKeys)
    names.push_back(key.name);
  return names;
}

// Of the first key that says one; http where none does, so that the rest can be read.
DestinationKind read_kind(Section& from) {
  std::vector<KindWord> said;
  for (const KindWord& word : kKinds) {
    if (from.has(word.key)) said.push_back(word);
  }
  if (said.empty()) {
    from.problems().error(
        from.place(""), fmt::format("{} needs a url, or exec for a program, or stdout = true", from.title()));
    return DestinationKind::http;
  }
  for (std::size_t i = 1; i < said.size(); ++i) {
    from.problems().error(from.place(said[i].key),
                          fmt::format("{} has both {} and {}; a destination is one of url, exec and stdout",
                                      from.title(), said[0].key, said[i].key));
  }
  return said[0].kind;
}

// What kinds know a key, for messages: "url", "url or exec".
std::string kinds_of(const KnownKey& key) {
  std::string text;
  for (const KindWord& word : kKinds) {
    if (key.is_of(word.kind)) text += (text.empty() ? "" : " or ") + std::string(word.key);
  }
  return text;
}

void refuse_keys_of_others(Section& from, DestinationKind kind) {
  for (const TomlEntry& entry : from.entries()) {
    const auto key = std::ranges::find(kKeys, entry.name, &KnownKey::name);
    if (key == kKeys.end() || key->is_of(kind)) continue;
    from.problems().error(entry.place, fmt::format("{} is only for a destination with {}, not with {}",
                                                   entry.name, kinds_of(*key), to_text(kind)));
  }
}

void read_url(Section& from, std::string& into) {
  auto given = from.text("url");
  if (!given) return;
  if (auto url = parse_http_url(given->text); !url) {
    from.problems().error(given->place, "url: " + url.error());
  } else {
    into = std::move(given->text);
  }
}

void read_secret(const ConfigText& given, ConfigProblems& problems, Destination& destination) {
  auto secret = Secret::parse(given.text);
  if (!secret) {
    problems.error(given.place, fmt::format("secret: {}", describe(secret.error())));
  } else if (!secret->can_sign()) {
    problems.error(given.place, "secret: a public key cannot sign");
  } else {
    destination.secret = std::make_shared<const Secret>(*std::move(secret));
  }
}

void read_signing(Section& from, Destination& destination) {
  from.boolean("untrusted", destination.untrusted);
  if (const auto secret = from.text("secret")) read_secret(*secret, from.problems(), destination);
  if (destination.untrusted) destination.sign = from.has("secret") ? SignMode::standard : SignMode::none;
  from.choice<SignMode>("sign", destination.sign,
                        {{"source", SignMode::source},
                         {"original", SignMode::original},
                         {"standard", SignMode::standard},
                         {"none", SignMode::none}});
  destination.sign_explicit = from.has("sign");
}

}  // namespace

ReadDestination read_destination(const TomlEntry& entry, std::string title, const Outside& outside,
                                 ConfigProblems& problems) {
  Section from(entry.node, std::move(title), key_names(), outside, problems);
  ReadDestination read;
  Destination& destination = read.destination;
  destination.name = entry.name;
  destination.kind = read_kind(from);
  read.places = {.whole = from.place(""),
                 .url = from.place("url"),
                 .sign = from.place("sign"),
                 .guard = from.place("guard"),
                 .has_sign = from.has("sign"),
                 .has_secret = from.has("secret")};
  refuse_keys_of_others(from, destination.kind);
  read_policies(from, destination);
  if (destination.kind == DestinationKind::http) {
    read_url(from, destination.url);
    read_signing(from, destination);
    read_http(from, destination);
    return read;
  }
  // Nothing else is there that a signature could be put on, or that would look at one.
  destination.sign = SignMode::none;
  if (destination.kind == DestinationKind::exec) {
    read_exec(from, destination);
    return read;
  }
  bool is_on = true;
  from.boolean("stdout", is_on);
  if (!is_on)
    problems.error(from.place("stdout"), "stdout can only be true: leave the destination out to end it");
  return read;
}

}  // namespace creel
