#include "verify/forensics_probe.h"

#include <algorithm>
#include <limits>

#include "verify/headers.h"

namespace creel::forensics {
namespace {

constexpr std::chrono::seconds kAlways{std::chrono::hours(24 * 366 * 10'000)};

// Where a row has no window, none is wanted: one would ask for a timestamp.
std::chrono::seconds any_time(const Provider& provider, const ReceiverOptions& options) {
  const auto own = options.tolerance.value_or(provider.tolerance);
  return own.count() == 0 && provider.scheme != Scheme::standard_webhooks ? own : kAlways;
}

std::string header_of(std::span<const Field> fields) {
  for (const Field& field : fields) {
    if (field.in == Field::In::header) return std::string(field.name);
  }
  return {};
}

}  // namespace

ChangedRequest::ChangedRequest(const ForensicInput& input)
    : query(input.request.query), body(input.request.body), url(input.options.url) {
  for (const Header& header : input.request.headers)
    headers.emplace_back(header.name, header.value);
}

std::string* ChangedRequest::find(std::string_view name) {
  for (auto& [each, value] : headers) {
    if (equals_ignoring_case(each, name)) return &value;
  }
  return nullptr;
}

// A receiver to which neither time nor the inside of the body is of any account.
struct Probe::Trial {
  Trial(const ForensicInput& input, const Provider& provider, std::vector<Key> keys, const std::string& url)
      : row(provider), receiver(row_to_try(row), std::move(keys), options_for(input, provider, url)) {}
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  static const Provider& row_to_try(Provider& row) {
    row.body = BodyKind::any;
    row.is_array = false;
    row.handshake = Handshake::none;
    return row;
  }
  static ReceiverOptions options_for(const ForensicInput& input, const Provider& provider,
                                     const std::string& url) {
    ReceiverOptions options = input.options;
    options.tolerance = any_time(provider, options);
    options.body_bytes_max = std::numeric_limits<std::size_t>::max();
    options.url = url;
    options.handshake = Handshake::none;
    return options;
  }

  Provider row;
  Receiver receiver;
};

Probe::Probe(const ForensicInput& input) : input_(input) {
  all_ = std::make_unique<Trial>(input, input.provider, all_keys(input.provider, Reading::as_configured),
                                 input.options.url);
}
Probe::~Probe() = default;

const SecretText& Probe::secret_at(std::size_t index) const {
  const std::size_t configured = input_.secrets.size();
  return index < configured ? input_.secrets[index] : input_.suspects[index - configured];
}

// Keys are labelled with the place of their secret among all.
std::vector<Key> Probe::all_keys(const Provider& provider, Reading reading) const {
  std::vector<Key> keys;
  for (std::size_t i = 0; i < input_.secrets.size() + input_.suspects.size(); ++i) {
    const SecretText& text = secret_at(i);
    auto secret =
        Secret::parse(text.text, reading == Reading::as_provider ? provider.secret_form : text.form);
    if (!secret) continue;
    keys.push_back({.secret = *std::move(secret),
                    .label = std::to_string(i),
                    .not_before = std::nullopt,
                    .not_after = std::nullopt});
  }
  return keys;
}

std::optional<Match> Probe::ask(const Trial& trial, const ChangedRequest& changed) const {
  std::vector<Header> headers;
  for (const auto& [name, value] : changed.headers)
    headers.push_back({name, value});
  const IncomingRequest request{
      .method = input_.request.method, .query = changed.query, .headers = headers, .body = changed.body};
  const auto received = input_.masked ? trial.receiver.receive_stored(request, input_.now, *input_.masked)
                                      : trial.receiver.receive(request, input_.now);
  if (!received) return std::nullopt;
  const std::size_t key = (*received)->key_index;
  const auto keys = trial.receiver.keys();
  if (key >= keys.size()) return Match{};
  const std::size_t index = std::stoul(keys[key].label);
  return Match{.secret = &secret_at(index),
               .is_suspect = index >= input_.secrets.size(),
               .fingerprint = keys[key].secret.fingerprint()};
}

std::optional<Match> Probe::match(const ChangedRequest& changed) const {
  if (changed.url == input_.options.url) return ask(*all_, changed);
  return ask(Trial(input_, input_.provider, all_keys(input_.provider, Reading::as_configured), changed.url),
             changed);
}

std::optional<Match> Probe::match(const Provider& provider, Reading reading,
                                  const ChangedRequest& changed) const {
  return ask(Trial(input_, provider, all_keys(provider, reading), changed.url), changed);
}

bool Probe::matches_with(Secret secret) const {
  std::vector<Key> keys;
  keys.push_back({.secret = std::move(secret), .label = "0", .not_before = {}, .not_after = {}});
  const Trial trial(input_, input_.provider, std::move(keys), input_.options.url);
  return (input_.masked ? trial.receiver.receive_stored(input_.request, input_.now, *input_.masked)
                        : trial.receiver.receive(input_.request, input_.now))
      .has_value();
}

Finding make_finding(FindingKind kind, std::string text, std::string fix) {
  return {.kind = kind,
          .text = std::move(text),
          .fix = std::move(fix),
          .verify_error = {},
          .clock_off = {},
          .label = {},
          .fingerprint = {}};
}

Finding make_finding(FindingKind kind, const Match& match, std::string text, std::string fix) {
  Finding made = make_finding(kind, std::move(text), std::move(fix));
  if (match.secret) made.label = match.secret->label;
  made.fingerprint = match.fingerprint;
  return made;
}

std::string showable(std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
  return is_plain && text.size() < 64 ? std::string(text) : std::string();
}

std::string signature_header(const Provider& provider) {
  switch (provider.scheme) {
    case Scheme::standard_webhooks:
      return std::string(provider.header_prefixes.front()) + "signature";
    case Scheme::signature:
      return header_of(provider.signature.signatures);
    case Scheme::jwt:
      return std::string(provider.token_header);
    case Scheme::credential:
    case Scheme::none:
      return {};
  }
  return {};
}

std::string timestamp_header(const Provider& provider) {
  if (provider.scheme == Scheme::standard_webhooks)
    return std::string(provider.header_prefixes.front()) + "timestamp";
  return provider.scheme == Scheme::signature ? header_of(provider.signature.timestamp) : std::string();
}

std::string id_header(const Provider& provider) {
  if (provider.scheme == Scheme::standard_webhooks)
    return std::string(provider.header_prefixes.front()) + "id";
  return provider.dedupe.empty() ? std::string() : header_of(provider.dedupe.front());
}

}  // namespace creel::forensics
