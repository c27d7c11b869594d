#include "verify/forensics.h"

#include <algorithm>
#include <utility>

#include "verify/forensics_probe.h"

namespace creel {
namespace {

using namespace forensics;

std::string named(const SecretText& secret) {
  return "secret \"" + secret.label + "\"";
}

// The secrets that cannot be used, and why.
Findings faults_of_secrets(const Probe& probe) {
  Findings faults;
  for (const SecretText& text : probe.input().secrets) {
    const auto secret = Secret::parse(text.text, text.form);
    if (secret) continue;
    if (auto wrapped = explain_wrapped_secret(probe, text)) {
      faults.push_back(*std::move(wrapped));
      continue;
    }
    faults.push_back(make_finding(FindingKind::bad_secret,
                                  named(text) + ": " + std::string(describe(secret.error())),
                                  "paste the secret again as the provider shows it"));
    faults.back().label = text.label;
  }
  return faults;
}

// A receiver as the source has it: each secret in its time.
struct Configured {
  explicit Configured(const ForensicInput& input) {
    for (const SecretText& text : input.secrets) {
      auto secret = Secret::parse(text.text, text.form);
      if (!secret) continue;
      texts.push_back(&text);
      keys.push_back({.secret = *std::move(secret),
                      .label = text.label,
                      .not_before = text.not_before,
                      .not_after = text.not_after});
    }
  }
  std::vector<const SecretText*> texts;
  std::vector<Key> keys;
};

Finding valid_finding(const ForensicInput& input, const Receiver& receiver, std::size_t key_index) {
  if (input.provider.scheme == Scheme::none)
    return make_finding(FindingKind::valid, "this source wants no proof: whoever knows its path may send");
  const std::string_view what = input.provider.scheme == Scheme::credential ? "credential" : "signature";
  const auto keys = receiver.keys();
  if (key_index >= keys.size())
    return make_finding(FindingKind::valid, "the signature is right, by a published key");
  Finding made = make_finding(FindingKind::valid, "the " + std::string(what) + " is right, by secret \"" +
                                                      keys[key_index].label + "\"");
  made.label = keys[key_index].label;
  made.fingerprint = keys[key_index].secret.fingerprint();
  return made;
}

Finding no_keys_finding(const Probe& probe) {
  const ForensicInput& input = probe.input();
  const bool is_published = input.provider.scheme == Scheme::jwt && input.options.jwks;
  if (is_published && !input.options.jwks()) {
    return make_finding(FindingKind::no_secrets, "the published keys are not there yet",
                        "see whether the address of the key set can be reached from here");
  }
  if (const auto match = probe.match(ChangedRequest(input)); match && match->secret && !match->is_suspect) {
    return make_finding(FindingKind::expired_secret, *match,
                        "it is genuine by " + named(*match->secret) + ", which is not valid at this time",
                        "give the secret another time to be valid, or configure the new one");
  }
  return make_finding(FindingKind::no_secrets, "no secret was given that can be used at this time",
                      "configure the secret that the provider shows for this endpoint");
}

// Well-formed, and not by a configured secret over these bytes. Each group is asked only when those before it
// found nothing.
void explain_mismatch(const Probe& probe, Findings& findings) {
  constexpr void (*kProofs[])(const Probe&, Findings&) = {
      explain_secrets,   explain_body, explain_signed_text,    explain_signature_digits,
      explain_timestamp, explain_url,  explain_other_provider, explain_body_signs};
  for (const auto proof : kProofs) {
    if (findings.empty()) proof(probe, findings);
  }
  if (findings.empty()) {
    findings.push_back(make_finding(
        FindingKind::unexplained,
        "no given secret makes this signature over these bytes: the body or the id was changed after "
        "signing, or the sender has another secret",
        "compare the secret with the one that the provider shows, and see that nothing before the receiver "
        "reads and rewrites the body"));
  }
}

void explain_malformed(const Probe& probe, VerifyError error, Findings& findings) {
  explain_signature_digits(probe, findings);
  if (findings.empty()) explain_signed_text(probe, findings);
  if (findings.empty()) explain_other_provider(probe, findings);
  if (findings.empty())
    findings.push_back(make_finding(FindingKind::bad_request, std::string(describe(error))));
}

Findings explain(const Probe& probe, VerifyError error) {
  Findings findings;
  switch (error) {
    case VerifyError::missing_id:
    case VerifyError::missing_timestamp:
    case VerifyError::missing_signature:
      explain_other_provider(probe, findings);
      explain_missing_header(probe, error, findings);
      break;
    case VerifyError::invalid_timestamp:
      explain_timestamp(probe, findings);
      break;
    case VerifyError::timestamp_too_old:
    case VerifyError::timestamp_too_new:
      explain_timestamp(probe, findings);
      explain_clock(probe, error, findings);
      break;
    case VerifyError::signature_mismatch:
      explain_mismatch(probe, findings);
      break;
    case VerifyError::malformed_signature:
    case VerifyError::no_supported_signature:
      explain_malformed(probe, error, findings);
      break;
    case VerifyError::no_keys:
      findings.push_back(no_keys_finding(probe));
      break;
    case VerifyError::missing_credential:
    case VerifyError::malformed_credential:
    case VerifyError::wrong_credential:
      explain_credential(probe, error, findings);
      break;
    case VerifyError::refused_algorithm:
    case VerifyError::unknown_key:
    case VerifyError::body_mismatch:
      explain_token(probe, error, findings);
      break;
    case VerifyError::conflicting_header:
    case VerifyError::invalid_id:
    case VerifyError::too_many_signatures:
    case VerifyError::body_too_large:
      break;
  }
  if (findings.empty())
    findings.push_back(make_finding(FindingKind::bad_request, std::string(describe(error))));
  return findings;
}

}  // namespace

std::vector<Finding> explain_request(const ForensicInput& input) {
  Configured configured(input);
  const Receiver receiver(input.provider, std::move(configured.keys), input.options);
  const auto received = input.masked ? receiver.receive_stored(input.request, input.now, *input.masked)
                                     : receiver.receive(input.request, input.now);
  if (received) return {valid_finding(input, receiver, (*received)->key_index)};
  if (received.error().cause == ReceiveCause::invalid_json) {
    return {make_finding(FindingKind::invalid_json, "the request is genuine, but " + received.error().detail,
                         "ask the sender: nothing on this side can make it right")};
  }

  const VerifyError error = received.error().verify_error.value_or(VerifyError::signature_mismatch);
  const Probe probe(input);
  Findings faults = faults_of_secrets(probe);
  std::vector<Finding> findings;
  const bool is_wrapped =
      std::ranges::find(faults, FindingKind::secret_wrapped, &Finding::kind) != faults.end();
  if (!is_wrapped) findings = explain(probe, error);
  for (Finding& made : findings)
    made.verify_error = error;
  const auto place = error == VerifyError::no_keys ? findings.begin() : findings.end();
  findings.insert(place, std::make_move_iterator(faults.begin()), std::make_move_iterator(faults.end()));
  return findings;
}

}  // namespace creel
