#include "cli/signing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <istream>
#include <iterator>
#include <ostream>
#include <random>
#include <span>

#include "app/config_load.h"
#include "app/config_secrets.h"
#include "app/config_source.h"
#include "app/units.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/text.h"
#include "verify/base64.h"

namespace creel::cli {
namespace {

// A secret that may be chosen, with the names it goes by.
struct NamedSecret {
  std::string label;
  std::string text;
  bool is_valid_now = true;
};

// "OPENAI_WEBHOOK_SECRET", or "CHARGEBEE_USER and CHARGEBEE_PASSWORD" of a pair.
std::string usual_names(const Provider& provider) {
  std::vector<std::string> names;
  for (std::string_view each : provider.secret_environment) {
    const std::size_t colon = each.find(':');
    names.push_back(colon == std::string_view::npos
                        ? std::string(each)
                        : fmt::format("{} and {}", each.substr(0, colon), each.substr(colon + 1)));
  }
  return fmt::format("{}", fmt::join(names, " or "));
}

int no_secret(const Provider& provider, Io& io) {
  complain(io.err,
           provider.secret_environment.empty()
               ? std::string("no secret: say --secret or --secret-file")
               : fmt::format("no secret: set {}, or say --secret or --secret-file", usual_names(provider)));
  return kConfiguration;
}

std::expected<std::string, int> secret_of_file(const std::string& path, Io& io) {
  auto text = io.outside.file(path);
  if (!text) {
    complain(io.err, "cannot read " + path);
    return std::unexpected(kNotFound);
  }
  text->erase(text->find_last_not_of("\r\n") + 1);
  return *std::move(text);
}

std::vector<NamedSecret> of_environment(const Provider& provider, const Outside& outside) {
  std::vector<NamedSecret> secrets;
  ConfigProblems ignored;
  for (GivenSecret& each : usual_secrets(provider, outside, ignored))
    secrets.push_back({std::move(each.label), std::move(each.text.text)});
  return secrets;
}

// The source's own, then those of the usual variables.
std::vector<NamedSecret> candidates(const SigningSource& source, Io& io) {
  std::vector<NamedSecret> secrets;
  for (std::size_t i = 0; i < source.config.keys.size(); ++i) {
    const Key& key = source.config.keys[i];
    secrets.push_back({key.label, std::string(source.config.secrets[i].text()), key.is_valid_at(now_of(io))});
  }
  for (NamedSecret& each : of_environment(*source.config.provider, io.outside)) {
    if (std::ranges::find(secrets, each.label, &NamedSecret::label) == secrets.end())
      secrets.push_back(std::move(each));
  }
  return secrets;
}

// Whether a secret of this label is meant: by the label itself, or by its last word, so that "old" is
// OPENAI_WEBHOOK_SECRET_OLD.
bool is_called(std::string_view label, std::string_view name) {
  if (equal_ignoring_case(label, name)) return true;
  return !name.empty() && label.size() > name.size() && label[label.size() - name.size() - 1] == '_' &&
         equal_ignoring_case(label.substr(label.size() - name.size()), name);
}

const NamedSecret* find_called(const std::vector<NamedSecret>& secrets, std::string_view name) {
  const auto exact = std::ranges::find(secrets, name, &NamedSecret::label);
  if (exact != secrets.end()) return &*exact;
  const auto found =
      std::ranges::find_if(secrets, [name](const NamedSecret& each) { return is_called(each.label, name); });
  return found == secrets.end() ? nullptr : &*found;
}

std::expected<std::string, int> named_secret(const std::vector<NamedSecret>& secrets, std::string_view name,
                                             const Provider& provider, Io& io) {
  if (const NamedSecret* found = find_called(secrets, name)) return found->text;
  std::vector<std::string> labels;
  for (const NamedSecret& each : secrets)
    labels.push_back(displayed(each.label));
  std::string known = fmt::format("there are {}", fmt::join(labels, ", "));
  if (labels.empty()) known = "there is none";
  const std::string variable =
      provider.secret_environment.empty()
          ? "label one so in creel.toml"
          : fmt::format("set {}_OLD, or label one so in creel.toml", provider.secret_environment.front());
  complain(io.err, fmt::format("no secret is called \"{}\": {}. {}", displayed(name), known,
                               name == "old" ? "For the one that was replaced, " + variable
                                             : "Labels are given in creel.toml"));
  return std::unexpected(kConfiguration);
}

std::expected<std::string, int> chosen_secret(const SecretOptions& options, const SigningSource& source,
                                              Io& io) {
  const Provider& provider = *source.config.provider;
  const auto secrets = candidates(source, io);
  if (!options.secret_name.empty()) return named_secret(secrets, options.secret_name, provider, io);
  if (options.secret == "old") return named_secret(secrets, options.secret, provider, io);
  if (!options.secret.empty()) {
    const auto label = std::ranges::find(secrets, options.secret, &NamedSecret::label);
    return label == secrets.end() ? options.secret : label->text;
  }
  if (!options.secret_file.empty()) return secret_of_file(options.secret_file, io);
  const auto valid = std::ranges::find_if(secrets, &NamedSecret::is_valid_now);
  if (valid == secrets.end()) return std::unexpected(no_secret(provider, io));
  return valid->text;
}

bool has_private_key(const Provider& provider) {
  return provider.scheme == Scheme::signature &&
         (provider.signature.algorithm == SignatureAlgorithm::ed25519 ||
          provider.signature.algorithm == SignatureAlgorithm::ecdsa_p256_sha256);
}

int cannot_sign(const Provider& provider, Io& io) {
  complain(io.err, fmt::format("{} signs with a private key that only it has: creel can verify its webhooks, "
                               "and not make them",
                               provider.name));
  return kUsage;
}

// A receiver signs only what goes into headers; so one for a provider that signs inside the body is told of a
// header, and the caller puts the value where it belongs.
void sign_into_header(SigningSource& source) {
  const Provider& provider = *source.config.provider;
  const auto& places = provider.signature.signatures;
  if (provider.scheme != Scheme::signature || places.empty() || places.front().in != Field::In::body) return;
  struct Row {
    Provider row;
    Field place;
  };
  auto own = std::make_shared<Row>(Row{provider, in_header(places.front().name)});
  own->row.signature.signatures = std::span(&own->place, 1);
  source.body_signature = own->place.name;
  source.config.provider = std::shared_ptr<const Provider>(own, &own->row);
}

Receiver receiver_with(Secret secret, const SigningSource& source) {
  std::vector<Key> keys;
  keys.push_back(Key{.secret = std::move(secret), .label = "given", .not_before = {}, .not_after = {}});
  ReceiverOptions options;
  options.body_bytes_max = std::size_t{1} << 30;
  options.url = source.config.url;
  options.algorithms = source.config.algorithms;
  return Receiver(*source.config.provider, std::move(keys), std::move(options));
}

}  // namespace

std::expected<const Provider*, int> provider_named(std::string_view name, Io& io) {
  if (const Provider* provider = find_provider(name)) return provider;
  std::vector<std::string_view> known;
  for (const Provider& row : all_providers())
    known.push_back(row.name);
  const std::string_view meant = nearest(name, known);
  complain(io.err, fmt::format("unknown provider \"{}\"{}", displayed(name),
                               meant.empty() ? fmt::format("; known are {}", fmt::join(known, ", "))
                                             : fmt::format("; did you mean \"{}\"?", meant)));
  return std::unexpected(kUsage);
}

std::expected<std::string, int> secret_text(const SecretOptions& options, const Provider& provider, Io& io) {
  if (!options.secret.empty()) return options.secret;
  if (!options.secret_file.empty()) return secret_of_file(options.secret_file, io);
  auto secrets = of_environment(provider, io.outside);
  if (secrets.empty()) return std::unexpected(no_secret(provider, io));
  return std::move(secrets.front().text);
}

std::expected<SigningSource, int> signing_source(const SecretOptions& options, Io& io) {
  const std::string file = options.config.value_or("creel.toml");
  if (options.config && !io.outside.file(file)) {
    complain(io.err, "cannot read " + file);
    return std::unexpected(kNotFound);
  }
  auto sources = configured_sources({.config = options.config}, io.outside);
  std::erase_if(sources, [](const SourceConfig& each) { return each.provider == nullptr; });
  // A generic provider's sources have rows of their own with the name of the generic one.
  const auto is_meant = [&](const SourceConfig& each) {
    if (!options.source.empty()) return each.name == options.source;
    return each.provider->name == options.provider;
  };
  auto found = std::ranges::find_if(sources, is_meant);
  if (found == sources.end() && options.source.empty() && !find_provider(options.provider))
    found = std::ranges::find(sources, options.provider, &SourceConfig::name);
  if (found != sources.end()) {
    if (!options.source.empty() && found->provider->name != options.provider &&
        found->name != options.provider) {
      complain(io.err, fmt::format("source \"{}\" is one of {}, not of {}", found->name,
                                   found->provider->name, displayed(options.provider)));
      return std::unexpected(kUsage);
    }
    SigningSource source{.config = std::move(*found), .is_configured = true, .body_signature = {}};
    sign_into_header(source);
    return source;
  }
  if (!options.source.empty()) {
    std::vector<std::string_view> names;
    for (const SourceConfig& each : sources)
      names.push_back(each.name);
    complain(io.err, fmt::format("{} has no source \"{}\"{}", file, displayed(options.source),
                                 names.empty() ? "" : fmt::format("; it has {}", fmt::join(names, ", "))));
    return std::unexpected(kNotFound);
  }
  const auto provider = provider_named(options.provider, io);
  if (!provider) return std::unexpected(provider.error());
  SigningSource source;
  source.config = default_source(std::string((*provider)->name), *provider, std::size_t{1} << 20);
  sign_into_header(source);
  return source;
}

std::expected<Receiver, int> signer_of(const SecretOptions& options, const SigningSource& source, Io& io) {
  const Provider& provider = *source.config.provider;
  if (has_private_key(provider)) return std::unexpected(cannot_sign(provider, io));
  const auto text = chosen_secret(options, source, io);
  if (!text) return std::unexpected(text.error());
  auto secret = Secret::parse(*text, provider.secret_form);
  if (!secret) {
    complain(io.err, fmt::format("the secret cannot be used: {}", describe(secret.error())));
    return std::unexpected(kConfiguration);
  }
  if (!secret->can_sign()) {
    complain(io.err, "the secret cannot be used: a public key verifies and does not sign");
    return std::unexpected(kConfiguration);
  }
  Receiver receiver = receiver_with(*std::move(secret), source);
  if (!receiver.can_sign()) return std::unexpected(cannot_sign(provider, io));
  return receiver;
}

Receiver stranger(const Receiver& right, const SigningSource& source, std::chrono::sys_seconds now) {
  const Receiver::SignRequest probe{.provider_id = "probe",
                                    .body = "{}",
                                    .content_type = {},
                                    .method = "POST",
                                    .url = "http://localhost/",
                                    .now = now};
  const auto shape = [&](const Receiver& receiver) {
    std::string text;
    for (const auto& header : receiver.sign(probe).headers) {
      // "Basic …" and "Bearer …" are told apart by their first word, "v1,…" and "v1a,…" by their version.
      text += header.name + ":" + header.value.substr(0, header.value.find_first_of(" ,") + 1) + "\n";
    }
    return text;
  };
  const std::string wanted = shape(right);
  const std::string random = new_id("") + new_id("");
  const std::string as_base64 =
      "whsec_" + encode_base64(std::span(reinterpret_cast<const std::uint8_t*>(random.data()), 32));
  std::optional<Receiver> fallback;
  for (const std::string& text : {random, as_base64, "user:" + random}) {
    auto secret = Secret::parse(text, source.config.provider->secret_form);
    if (!secret) continue;
    Receiver receiver = receiver_with(*std::move(secret), source);
    if (shape(receiver) == wanted) return receiver;
    if (!fallback) fallback = std::move(receiver);
  }
  if (fallback) return *std::move(fallback);
  return receiver_with(*Secret::from_bytes(std::as_bytes(std::span(random))), source);
}

std::expected<std::string, int> read_bytes(const std::string& path, Io& io) {
  if (path.empty() || path == "-") return std::string(std::istreambuf_iterator<char>(io.in), {});
  if (auto bytes = io.outside.file(path)) return *std::move(bytes);
  complain(io.err, "cannot read " + path);
  return std::unexpected(kNotFound);
}

std::string new_id(std::string_view prefix) {
  std::random_device device;
  std::string id(prefix);
  for (int i = 0; i < 4; ++i)
    id += fmt::format("{:08x}", static_cast<std::uint32_t>(device()));
  return id;
}

std::chrono::sys_seconds now_of(const Io& io) {
  return std::chrono::floor<std::chrono::seconds>(io.clock.now());
}

}  // namespace creel::cli
