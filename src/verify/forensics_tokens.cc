// Tokens: an algorithm that is not accepted, a key that is not published, another body.
#include "verify/forensics_probe.h"
#include "verify/headers.h"
#include "verify/json.h"
#include "verify/jwk.h"

namespace creel::forensics {
namespace {

// A text of the token's header; "" where there is none that can be shown.
std::string token_header(const Probe& probe, std::string_view name) {
  const auto token = find_header(probe.input().request.headers, probe.provider().token_header);
  if (!token) return {};
  const auto head = decode_base64url(token->substr(0, token->find('.')));
  if (!head) return {};
  const auto json = parse_json(*head);
  std::string_view text;
  if (!json || (*json)[name].get(text) != simdjson::SUCCESS) return {};
  return showable(text);
}

std::string accepted(const ReceiverOptions& options) {
  if (options.algorithms.empty()) return "HS256, HS384, HS512";
  std::string text;
  for (const std::string& name : options.algorithms)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

Finding refused_algorithm(const Probe& probe) {
  const std::string algorithm = token_header(probe, "alg");
  std::string text = "the token is signed by " + (algorithm.empty() ? "another algorithm" : algorithm) +
                     ", and this source accepts " + accepted(probe.input().options);
  return make_finding(FindingKind::refused_algorithm, std::move(text),
                      equals_ignoring_case(algorithm, "none")
                          ? "let the sender sign its tokens: none is never accepted"
                          : "add it to algorithms of the source if the sender is meant to use it");
}

Finding unknown_key(const Probe& probe) {
  const std::string id = token_header(probe, "kid");
  std::string text = id.empty()
                         ? "no published key is for the token's algorithm"
                         : "the token names the key \"" + id + "\", which is not published for its algorithm";
  const auto& jwks = probe.input().options.jwks;
  if (const auto set = jwks ? jwks() : nullptr)
    text += "; there are " + std::to_string(set->size()) + " published keys";
  return make_finding(FindingKind::unknown_key, std::move(text),
                      "see that the address of the key set is that of the sender, and that the set is fresh");
}

}  // namespace

void explain_token(const Probe& probe, VerifyError error, Findings& findings) {
  if (error == VerifyError::refused_algorithm) {
    findings.push_back(refused_algorithm(probe));
    return;
  }
  if (error == VerifyError::unknown_key) {
    findings.push_back(unknown_key(probe));
    return;
  }
  explain_body(probe, findings);
  if (findings.empty()) explain_body_signs(probe, findings);
  if (findings.empty()) {
    findings.push_back(make_finding(FindingKind::body_mismatch,
                                    "the signature is right, but it belongs to another body",
                                    "see that nothing before the receiver reads and rewrites the body"));
  }
}

}  // namespace creel::forensics
