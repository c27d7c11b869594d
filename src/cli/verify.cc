// creel verify: why does my signature fail?
#include "verify/forensics.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "app/config_load.h"
#include "app/units.h"
#include "cli/captured.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/signing.h"

namespace creel::cli {
namespace {

struct Secrets {
  std::vector<SecretText> configured, suspects;
};

// What was given on the command line is what the receiver is said to use, and the configuration's secrets are
// suspects; without any, those of the request's source are, and the other sources' are suspects.
std::expected<Secrets, int> secrets_of(const VerifyOptions& options, const Provider& provider,
                                       const std::string& source, Io& io) {
  Secrets secrets;
  for (std::size_t i = 0; i < options.secrets.size(); ++i) {
    secrets.configured.push_back(
        {fmt::format("--secret {}", i + 1), options.secrets[i], provider.secret_form});
  }
  if (!options.secret_file.empty()) {
    auto text = secret_text({.provider = options.provider, .secret = "", .secret_file = options.secret_file},
                            provider, io);
    if (!text) return std::unexpected(text.error());
    secrets.configured.push_back({options.secret_file, *std::move(text), provider.secret_form});
  }
  const bool is_given = !secrets.configured.empty();
  for (const ConfiguredSecret& each : configured_secrets({.config = options.server.config}, io.outside)) {
    if (std::ranges::find(secrets.configured, each.text, &SecretText::text) != secrets.configured.end())
      continue;
    const bool is_the_sources = source.empty() ? each.provider == &provider : each.source == source;
    auto& into = is_given || !is_the_sources ? secrets.suspects : secrets.configured;
    into.push_back({each.label, each.text, provider.secret_form});
  }
  return secrets;
}

// The signature that each usable secret would have made. Asked for only with --show-expected.
std::vector<std::pair<std::string, std::string>> expected_signatures(const ForensicInput& input) {
  std::vector<std::pair<std::string, std::string>> signatures;
  const auto id = find_header(input.headers, std::string(input.options.header_prefix) + "id");
  const auto timestamp = find_header(input.headers, std::string(input.options.header_prefix) + "timestamp");
  if (!id || !timestamp || timestamp->empty() || timestamp->size() > 12 ||
      timestamp->find_first_not_of("0123456789") != std::string_view::npos) {
    return signatures;
  }
  const std::chrono::sys_seconds at{std::chrono::seconds(std::stoll(std::string(*timestamp)))};
  for (const SecretText& each : input.secrets) {
    const auto secret = Secret::parse(each.text, each.form);
    if (secret && secret->can_sign())
      signatures.emplace_back(each.label, Signer(*secret).sign(*id, at, input.raw_body));
  }
  return signatures;
}

Json json_of(const Finding& finding) {
  Json json = Json::object().set("kind", Json::of(to_text(finding.kind))).set("text", Json::of(finding.text));
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
                    .set("findings", {std::move(array)});
  if (show_expected) {
    Json expected = Json::object();
    for (const auto& [label, signature] : expected_signatures(input))
      expected.set(label, Json::of(signature));
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
  }
  if (!show_expected) return;
  for (const auto& [label, signature] : expected_signatures(input))
    io.out << "  expected with " << label << ": " << signature << '\n';
}

}  // namespace

int verify(const VerifyOptions& options, Io& io) {
  const auto provider = provider_named(options.provider, io);
  if (!provider) return provider.error();
  const auto tolerance = parse_duration(options.tolerance);
  if (!tolerance) {
    complain(io.err, "--tolerance: " + tolerance.error());
    return kUsage;
  }
  const auto request = captured(options, io);
  if (!request) return request.error();
  const auto secrets = secrets_of(options, **provider, request->source, io);
  if (!secrets) return secrets.error();

  std::vector<Header> headers;
  for (const auto& [name, value] : request->headers)
    headers.push_back({name, value});
  std::chrono::sys_seconds now = request->when.value_or(now_of(io));
  if (options.now) now = std::chrono::sys_seconds(std::chrono::seconds(*options.now));
  creel::VerifyOptions rules;
  rules.max_age = rules.max_skew = std::chrono::floor<std::chrono::seconds>(*tolerance);
  if (!(*provider)->header_prefixes.empty()) rules.header_prefix = (*provider)->header_prefixes.front();
  rules.body_bytes_max = request->body.size();
  if (request->body.empty()) complain(io.err, "the body is empty");
  if (secrets->configured.empty()) {
    complain(io.err,
             fmt::format("no secret to verify with: set {}, or say --secret-file FILE",
                         (*provider)->secret_environment.empty() ? "one in creel.toml"
                                                                 : (*provider)->secret_environment.front()));
  }
  const ForensicInput input{.headers = headers,
                            .raw_body = request->body,
                            .secrets = secrets->configured,
                            .suspects = secrets->suspects,
                            .now = now,
                            .options = rules};
  const std::vector<Finding> findings = explain_signature(input);
  if (options.format == Format::json) {
    print_json(findings, input, options.show_expected, io);
  } else {
    print_text(findings, input, options.show_expected, io);
  }
  return findings.front().kind == FindingKind::valid ? kFine : kNegative;
}

}  // namespace creel::cli
