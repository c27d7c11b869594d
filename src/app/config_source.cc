#include "app/config_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/config_row.h"
#include "app/config_secrets.h"

namespace creel {
namespace {

using std::string_view;
using std::chrono::seconds;

constexpr std::uint64_t kMaxBodyLimit = std::uint64_t{128} << 20;

bool has_timestamp(const Provider& row) {
  switch (row.scheme) {
    case Scheme::standard_webhooks:
      return true;
    case Scheme::signature:
      return !row.signature.timestamp.empty() || !row.signature.timestamp_pair.empty();
    case Scheme::jwt:  // says when it was made and when it ends
      return true;
    case Scheme::credential:
    case Scheme::none:
      break;
  }
  return row.tolerance > seconds(0);
}

// Whether the same body can come again as another event: there is no id, or it stands in a header that no
// signature covers.
bool is_id_unsigned(const Provider& row) {
  if (row.dedupe.empty() && row.without_id != WithoutId::body) return true;
  if (row.scheme == Scheme::standard_webhooks || row.scheme == Scheme::credential ||
      row.scheme == Scheme::none)
    return false;
  if (row.scheme == Scheme::signature && row.signature.content.find("{id}") != string_view::npos)
    return false;
  const auto is_header = [](const Field& field) { return field.in == Field::In::header; };
  return std::ranges::any_of(
      row.dedupe, [is_header](KeyRecipe recipe) { return std::ranges::any_of(recipe, is_header); });
}

// What a provider has no use for, and why.
struct Refusal {
  string_view option;
  bool is_refused;
  string_view because;
};

class SourceReader {
 public:
  SourceReader(const TomlEntry& entry, std::string title, std::size_t max_body, const Outside& outside,
               ConfigProblems& problems)
      : from_(entry.node, std::move(title), all_options(), outside, problems),
        outside_(outside),
        problems_(problems) {
    const Provider* provider = read_provider(entry.name);
    source_ = default_source(entry.name, provider, max_body);
  }

  ReadSource read() {
    if (source_.provider) {
      generic_ = source_.provider.get();
      source_.provider = read_row(from_, *generic_, problems_, source_);
      refuse_what_is_of_no_use();
      source_.dedupe = default_source("", source_.provider.get(), 0).dedupe;
    }
    read_path();
    read_keys();
    if (is_known("tolerance") && from_.has("tolerance")) {
      seconds tolerance{0};
      from_.duration("tolerance", tolerance, seconds(1));
      if (tolerance > seconds(0)) source_.tolerance = tolerance;
    }
    read_windows();
    std::uint64_t max_body = source_.max_body;
    from_.size("max_body", max_body, 1, kMaxBodyLimit);
    source_.max_body = max_body;
    if (is_known("url")) read_url();
    if (is_known("jwks")) read_token_options();
    read_handshake();
    return {std::move(source_),
            {from_.place(""), from_.place("path"), from_.place("dedupe"), from_.place("secrets")}};
  }

 private:
  static std::vector<string_view> all_options() {
    std::vector<string_view> all{"provider", "path",   "secrets",   "tolerance",
                                 "dedupe",   "replay", "max_body",  "algorithms",
                                 "jwks",     "url",    "handshake", "verify_token"};
    all.insert(all.end(), all_row_options().begin(), all_row_options().end());
    return all;
  }

  const Provider* read_provider(const std::string& source_name) {
    const auto given = from_.text("provider");
    if (!given && from_.has("provider")) return nullptr;
    const Provider* provider = find_provider(given ? given->text : source_name);
    if (provider) return provider;
    std::vector<string_view> known;
    for (const Provider& row : all_providers())
      known.push_back(row.name);
    if (given) {
      problems_.error(given->place, fmt::format("unknown provider \"{}\"{}", given->text,
                                                did_you_mean(given->text, known)));
    } else {
      problems_.error(from_.place("provider"),
                      from_.title() + " needs a provider, such as provider = \"openai\"");
    }
    return nullptr;
  }

  // With the source's own row, not the generic one: an option may bring others along.
  std::vector<Refusal> refusals() const {
    const Provider& row = *source_.provider;
    return {{"secrets", row.scheme == Scheme::none, ", which accepts everything"},
            {"tolerance", !has_timestamp(row), ", which signs no time"},
            {"replay", !is_id_unsigned(row), ", where the same event has the same id"},
            {"url", !row.needs_url, ", which does not sign the address that it calls"},
            {"algorithms", row.scheme != Scheme::jwt, ", which sends no tokens"},
            {"jwks", row.scheme != Scheme::jwt, ", which sends no tokens"}};
  }

  void refuse_what_is_of_no_use() {
    std::vector<std::pair<string_view, string_view>> unknown;
    for (const Refusal& refusal : refusals()) {
      if (refusal.is_refused) unknown.emplace_back(refusal.option, refusal.because);
    }
    const auto own = row_options(*generic_);
    for (string_view option : all_row_options()) {
      if (std::ranges::find(own, option) == own.end()) unknown.emplace_back(option, "");
    }
    for (string_view option : all_options()) {
      if (std::ranges::find(unknown, option, &std::pair<string_view, string_view>::first) == unknown.end())
        known_.push_back(option);
    }
    for (const auto& [option, because] : unknown) {
      const auto entries = from_.entries();
      const auto entry = std::ranges::find(entries, option, &TomlEntry::name);
      if (entry == entries.end()) continue;
      problems_.error(entry->place, fmt::format("{} is no option of provider \"{}\"{}; its options are {}",
                                                option, generic_->name, because, fmt::join(known_, ", ")));
    }
  }

  bool is_known(string_view option) const {
    return !source_.provider || std::ranges::find(known_, option) != known_.end();
  }

  void read_path() {
    auto given = from_.text("path");
    if (!given) return;
    const auto is_plain = [](char c) {
      return c > ' ' && c < '\x7f' && c != '?' && c != '#' && c != '"' && c != '\\';
    };
    if (!given->text.starts_with('/') || !std::ranges::all_of(given->text, is_plain)) {
      problems_.error(given->place, "path must begin with / and have no space, ? or # in it");
    } else if (given->text == "/health" || given->text.starts_with("/-/")) {
      problems_.error(given->place, fmt::format("path \"{}\" is creel's own", given->text));
    } else {
      source_.path = std::move(given->text);
    }
  }

  void read_keys() {
    // Without a provider nobody knows how a secret's text is meant.
    if (!source_.provider || !is_known("secrets")) return;
    const auto given = from_.has("secrets") ? read_secrets(from_, outside_, problems_)
                                            : usual_secrets(*source_.provider, outside_, problems_);
    add_keys(given, source_.provider->secret_form, outside_, problems_, source_);
  }

  void read_windows() {
    from_.duration("dedupe", source_.dedupe, seconds(1));
    if (!is_known("replay") || !from_.has("replay")) return;
    seconds replay{0};
    from_.duration("replay", replay, seconds(1));
    source_.dedupe_by_body = true;
    source_.dedupe = std::max(source_.dedupe, replay);
  }

  void read_url() {
    const auto given = from_.text("url");
    if (!given) {
      if (!from_.has("url") && source_.provider) {
        problems_.error(from_.place("url"),
                        fmt::format("{} needs a url: {} signs the address that it calls, such as "
                                    "url = \"https://hooks.example.com{}\"",
                                    from_.title(), generic_->name, source_.path));
      }
      return;
    }
    // A provider that is told a user and a password in the address signs them too.
    std::string plain = given->text;
    const std::size_t begin = plain.find("://") + 3;
    const std::size_t at = plain.find('@');
    if (begin > 2 && at != std::string::npos &&
        at < std::min(plain.find_first_of("/?#", begin), plain.size()))
      plain.erase(begin, at + 1 - begin);
    if (plain.find_first_of("?#") != std::string::npos) {
      problems_.error(given->place,
                      "url: leave out what begins with ? or #; the query is taken from each request");
    } else if (const auto url = parse_http_url(plain); !url) {
      problems_.error(given->place, "url: " + url.error());
    } else {
      source_.url = given->text;
    }
  }

  static bool is_address(string_view text) { return text.find("://") != string_view::npos; }

  void read_token_options() {
    const auto known = jwt_algorithms();
    for (const ConfigText& given : from_.texts("algorithms")) {
      if (std::ranges::find(known, given.text) != known.end()) {
        source_.algorithms.push_back(given.text);
      } else {
        problems_.error(given.place, fmt::format("algorithms: \"{}\" is not one of {}", given.text,
                                                 fmt::join(known, ", ")));
      }
    }
    auto places = from_.one_or_more("jwks");
    for (ConfigText& given : places) {
      if (is_address(given.text)) {
        add_address(given);
      } else if (places.size() > 1) {
        problems_.error(given.place, "jwks: a list is made of addresses; a file stands alone");
      } else {
        read_jwks_file(given);
      }
    }
    check_algorithms();
  }

  void add_address(ConfigText& given) {
    const auto url = parse_http_url(given.text);
    if (!url) {
      problems_.error(given.place, "jwks: " + url.error());
    } else if (url->scheme == "http" && !is_loopback(url->host)) {
      problems_.error(given.place,
                      "jwks: keys that come over http:// could be anybody's; use https:// or a file");
    } else {
      source_.jwks.push_back(std::move(given.text));
    }
  }

  void read_jwks_file(ConfigText& given) {
    const auto content = outside_.file(given.text);
    if (!content) {
      problems_.error(given.place, fmt::format("jwks: cannot read the file {}", given.text));
      return;
    }
    auto set = JwkSet::parse(*content);
    if (!set) {
      problems_.error(given.place, fmt::format("jwks: {}: {}", given.text, set.error()));
      return;
    }
    source_.jwks.push_back(std::move(given.text));
    source_.jwks_json = *content;
    source_.jwks_set = *std::move(set);
  }

  // HS… is made with a secret, the others with keys that are published. Whoever publishes keys and accepts
  // HS… by default would accept tokens signed with a public key.
  void check_algorithms() {
    const auto is_secret = [](string_view name) { return name.starts_with("HS"); };
    const bool has_public = !std::ranges::all_of(source_.algorithms, is_secret);
    if (from_.has("jwks") && !has_public) {
      problems_.error(
          from_.place("jwks"),
          "jwks needs algorithms that sign with published keys, such as algorithms = [\"RS256\"]");
    } else if (!from_.has("jwks") && has_public) {
      problems_.error(from_.place("algorithms"),
                      fmt::format("{} needs jwks: where the keys are published",
                                  *std::ranges::find_if_not(source_.algorithms, is_secret)));
    }
  }

  void read_handshake() {
    from_.choice<Handshake>(
        "handshake", source_.handshake,
        {{"hub_challenge", Handshake::hub_challenge}, {"validation_token", Handshake::validation_token}});
    const auto token = from_.text("verify_token");
    const bool is_wanted = source_.handshake == Handshake::hub_challenge;
    if (token && !is_wanted) {
      problems_.error(token->place, "verify_token is for handshake = \"hub_challenge\"");
    } else if (is_wanted && (token ? token->text.empty() : !from_.has("verify_token"))) {
      problems_.error(
          token ? token->place : from_.place("handshake"),
          "handshake = \"hub_challenge\" needs a verify_token: the one that you gave the provider");
    } else if (token) {
      source_.verify_token = token->text;
    }
  }

  Section from_;
  const Outside& outside_;
  ConfigProblems& problems_;
  const Provider* generic_ = nullptr;
  std::vector<string_view> known_;
  SourceConfig source_;
};

}  // namespace

ReadSource read_source(const TomlEntry& entry, std::string title, std::size_t max_body,
                       const Outside& outside, ConfigProblems& problems) {
  return SourceReader(entry, std::move(title), max_body, outside, problems).read();
}

SourceConfig default_source(std::string name, const Provider* provider, std::size_t max_body) {
  SourceConfig source;
  source.path = "/webhooks/" + name;
  source.name = std::move(name);
  if (provider) {
    source.provider = table_row(*provider);
    if (provider->retry_horizon >= source.dedupe)
      source.dedupe = provider->retry_horizon + std::chrono::days(1);
  }
  source.max_body = max_body;
  return source;
}

bool needs_secret(const SourceConfig& source) {
  if (!source.provider || source.provider->scheme == Scheme::none) return false;
  const auto is_secret = [](string_view name) { return name.starts_with("HS"); };
  return source.jwks.empty() || std::ranges::any_of(source.algorithms, is_secret);
}

bool is_jwks_fetched(const SourceConfig& source) {
  return !source.jwks.empty() && !source.jwks_set;
}

string_view to_text(Handshake handshake) {
  switch (handshake) {
    case Handshake::hub_challenge:
      return "hub_challenge";
    case Handshake::validation_token:
      return "validation_token";
    case Handshake::none:
    case Handshake::body_challenge:
    case Handshake::hashed_challenge:
    case Handshake::ping:
    case Handshake::unsigned_ping:
      break;
  }
  return "";
}

}  // namespace creel
