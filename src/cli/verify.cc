// creel verify: why is my webhook refused?
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>

#include "app/config_load.h"
#include "app/config_source.h"
#include "app/units.h"
#include "cli/captured.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/signing.h"
#include "verify/forensics.h"

namespace creel::cli {
namespace {

// The source that receives such webhooks: the one that is named, the one that a kept request came to, or one
// as `creel serve` would make it of the provider alone.
std::expected<SourceConfig, int> source_of(const VerifyOptions& options, const std::string& came_to, Io& io) {
  auto sources = configured_sources({.config = options.server.config}, io.outside);
  std::erase_if(sources, [](const SourceConfig& each) { return each.provider == nullptr; });
  const std::string& wanted = options.provider;
  const auto rank = [&](const SourceConfig& each) {
    const bool is_its = !came_to.empty() && each.name == came_to;
    if (wanted.empty()) return is_its ? 0 : 3;
    if (each.name == wanted) return 0;
    if (each.provider->name != wanted) return 3;
    return is_its ? 1 : 2;
  };
  const auto best = std::ranges::min_element(sources, {}, rank);
  if (best != sources.end() && rank(*best) < 3) return std::move(*best);
  const std::string fallback = find_provider(came_to) ? came_to : "openai";
  const auto provider = provider_named(wanted.empty() ? fallback : wanted, io);
  if (!provider) return std::unexpected(provider.error());
  return default_source(std::string((*provider)->name), *provider, std::size_t{1} << 20);
}

struct Secrets {
  std::vector<SecretText> configured, suspects;

  bool has(std::string_view text) const {
    return std::ranges::find(configured, text, &SecretText::text) != configured.end();
  }
};

// What was given on the command line is what the receiver is said to use, and the configuration's secrets are
// suspects; without any, those of the source are, and the other sources' are suspects.
std::expected<Secrets, int> secrets_of(const VerifyOptions& options, const SourceConfig& source,
                                       const std::string& came_to, Io& io) {
  const SecretForm form = source.provider->secret_form;
  const auto plain = [form](std::string label, std::string text) {
    return SecretText{
        .label = std::move(label), .text = std::move(text), .form = form, .not_before = {}, .not_after = {}};
  };
  Secrets secrets;
  for (std::size_t i = 0; i < options.secrets.size(); ++i)
    secrets.configured.push_back(plain(fmt::format("--secret {}", i + 1), options.secrets[i]));
  if (!options.secret_file.empty()) {
    SecretOptions file;
    file.secret_file = options.secret_file;
    auto text = secret_text(file, *source.provider, io);
    if (!text) return std::unexpected(text.error());
    secrets.configured.push_back(plain(options.secret_file, *std::move(text)));
  }
  const bool is_given = !secrets.configured.empty();
  for (const KeptSecret& each : source.secrets) {
    if (secrets.has(each.text())) continue;
    auto& into = is_given ? secrets.suspects : secrets.configured;
    into.push_back(plain(std::string(each.label()), std::string(each.text())));
    into.back().not_before = each.not_before();
    into.back().not_after = each.not_after();
  }
  for (const ConfiguredSecret& each : configured_secrets({.config = options.server.config}, io.outside)) {
    if (secrets.has(each.text)) continue;
    const bool is_its =
        came_to.empty() ? each.provider->name == source.provider->name : each.source == came_to;
    const bool is_suspect = is_given || !is_its || !source.secrets.empty();
    auto& into = is_suspect ? secrets.suspects : secrets.configured;
    into.push_back(plain(each.label, each.text));
  }
  return secrets;
}

Json json_of(const Finding& finding) {
  Json json = Json::object().set("kind", Json::of(to_text(finding.kind))).set("text", Json::of(finding.text));
  if (!finding.fix.empty()) json.set("fix", Json::of(finding.fix));
  if (finding.clock_off) json.set("clock_off_seconds", Json::of(std::int64_t{finding.clock_off->count()}));
  if (!finding.label.empty()) json.set("secret", Json::of(finding.label));
  if (!finding.fingerprint.empty()) json.set("fingerprint", Json::of(finding.fingerprint));
  return json;
}

void print_json(const std::vector<Finding>& findings, const ForensicInput& input, bool show_expected,
                Io& io) {
  Json::Array array;
  for (const Finding& finding : findings)
    array.push_back(json_of(finding));
  Json answer = Json::object()
                    .set("valid", Json::of(findings.front().kind == FindingKind::valid))
                    .set("cause", Json::of(to_text(findings.front().kind)))
                    .set("provider", Json::of(input.provider.name))
                    .set("findings", {std::move(array)});
  if (show_expected) {
    Json expected = Json::object();
    for (const ExpectedSignature& each : expected_signatures(input))
      expected.set(each.label, Json::of(each.value));
    answer.set("expected", std::move(expected));
  }
  io.out << answer.dump() << '\n';
}

void print_text(const std::vector<Finding>& findings, const ForensicInput& input, bool show_expected,
                Io& io) {
  io.out << (findings.front().kind == FindingKind::valid ? "valid" : "not valid") << '\n';
  for (const Finding& finding : findings) {
    io.out << "  " << to_text(finding.kind) << ": " << finding.text << '\n';
    if (!finding.fingerprint.empty()) {
      io.out << fmt::format("    secret {} (fingerprint {})\n", finding.label, finding.fingerprint);
    }
    if (!finding.fix.empty()) io.out << "    to do: " << finding.fix << '\n';
  }
  if (!show_expected) return;
  for (const ExpectedSignature& each : expected_signatures(input))
    io.out << "  expected with " << each.label << ": " << each.value << '\n';
}

// What the request does not say for itself, said before the findings.
void warn(const Captured& request, const SourceConfig& source, bool has_secrets, bool is_kept, Io& io) {
  const Provider& provider = *source.provider;
  if (request.body.empty()) complain(io.err, "the body is empty");
  const bool wants_secret = provider.scheme != Scheme::none && !source.jwks_set && source.jwks.empty();
  if (wants_secret && !has_secrets) {
    complain(io.err, fmt::format("no secret to verify with: set {}, or say --secret-file FILE",
                                 provider.secret_environment.empty() ? "one in creel.toml"
                                                                     : provider.secret_environment.front()));
  }
  if (is_kept && provider.scheme == Scheme::credential) {
    complain(io.err, "credentials are not kept as they came, so this one cannot be compared here");
  }
  if (!source.jwks.empty() && !source.jwks_set) {
    complain(io.err, "the published keys are not fetched here: only a key set in a file is read");
  }
}

ReceiverOptions receiver_options(const SourceConfig& source, const Captured& request) {
  ReceiverOptions options;
  options.tolerance = source.tolerance;
  options.body_bytes_max = std::max<std::size_t>(request.body.size(), 1);
  options.url = source.url;
  options.algorithms = source.algorithms;
  if (source.jwks_set || !source.jwks.empty()) options.jwks = [set = source.jwks_set] { return set; };
  options.handshake = source.handshake;
  options.verify_token = source.verify_token;
  return options;
}

// What the command line says stands above what the request or the source say.
std::expected<void, int> apply(const VerifyOptions& options, Captured& request, SourceConfig& source,
                               Io& io) {
  if (!options.tolerance.empty()) {
    const auto tolerance = parse_duration(options.tolerance);
    if (!tolerance) {
      complain(io.err, "--tolerance: " + tolerance.error());
      return std::unexpected(kUsage);
    }
    source.tolerance = std::chrono::floor<std::chrono::seconds>(*tolerance);
  }
  if (!options.method.empty()) request.method = options.method;
  if (request.method.empty()) request.method = "POST";
  if (!options.query.empty()) request.query = options.query;
  if (options.url.empty()) return {};
  const std::size_t question = options.url.find('?');
  source.url = options.url.substr(0, question);
  if (question != std::string::npos && request.query.empty())
    request.query = options.url.substr(question + 1);
  return {};
}

}  // namespace

int verify(const VerifyOptions& options, Io& io) {
  if (!options.provider.empty() && options.id.empty()) {
    // A name that is nowhere is said before a file is read.
    if (auto source = source_of(options, "", io); !source) return source.error();
  }
  auto request = captured(options, io);
  if (!request) return request.error();
  auto source = source_of(options, request->source, io);
  if (!source) return source.error();
  if (const auto applied = apply(options, *request, *source, io); !applied) return applied.error();
  const auto secrets = secrets_of(options, *source, request->source, io);
  if (!secrets) return secrets.error();
  warn(*request, *source, !secrets->configured.empty(), !options.id.empty(), io);

  std::vector<Header> headers;
  for (const auto& [name, value] : request->headers)
    headers.push_back({name, value});
  std::chrono::sys_seconds now = request->when.value_or(now_of(io));
  if (options.now) now = std::chrono::sys_seconds(std::chrono::seconds(*options.now));
  const ForensicInput input{.provider = *source->provider,
                            .request = {.method = request->method,
                                        .query = request->query,
                                        .headers = headers,
                                        .body = request->body},
                            .secrets = secrets->configured,
                            .suspects = secrets->suspects,
                            .now = now,
                            .options = receiver_options(*source, *request),
                            .masked = nullptr};
  const std::vector<Finding> findings = explain_request(input);
  if (options.format == Format::json) {
    print_json(findings, input, options.show_expected, io);
  } else {
    print_text(findings, input, options.show_expected, io);
  }
  return findings.front().kind == FindingKind::valid ? kFine : kNegative;
}

}  // namespace creel::cli
