// What the checks of forensics share: a request that can be changed, and the question whether a change makes
// it genuine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "verify/forensics.h"

namespace creel::forensics {

struct ChangedRequest {
  explicit ChangedRequest(const ForensicInput& input);

  // The first header with this name, or null.
  std::string* find(std::string_view name);

  std::string query, body, url;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Which secret made a request genuine.
struct Match {
  const SecretText* secret = nullptr;
  bool is_suspect = false;
  std::string fingerprint;
};

// Keeps a Receiver of all secrets, suspects too, to which time is of no account. Not for sharing between
// threads.
class Probe {
 public:
  explicit Probe(const ForensicInput& input);
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe();

  const ForensicInput& input() const { return input_; }
  const Provider& provider() const { return input_.provider; }

  // The secret that makes the request, so changed, genuine; a configured one before a suspect.
  std::optional<Match> match(const ChangedRequest& changed) const;
  // The same under another rule. Secrets are read as `provider` reads them, or, with `as_configured`, as the
  // source does.
  enum class Reading : std::uint8_t { as_provider, as_configured };
  std::optional<Match> match(const Provider& provider, Reading reading, const ChangedRequest& changed) const;
  // Whether this secret makes the request genuine as it came.
  bool matches_with(Secret secret) const;

 private:
  struct Trial;
  const SecretText& secret_at(std::size_t index) const;
  std::vector<Key> all_keys(const Provider& provider, Reading reading) const;
  std::optional<Match> ask(const Trial& trial, const ChangedRequest& changed) const;

  const ForensicInput& input_;
  std::unique_ptr<Trial> all_;
};

using Findings = std::vector<Finding>;

Finding make_finding(FindingKind kind, std::string text, std::string fix = {});
Finding make_finding(FindingKind kind, const Match& match, std::string text, std::string fix = {});

// A name or value of the request, as it can be shown: "" unless it is short and printable.
std::string showable(std::string_view text);

// The header that carries a part of the signature by the provider's rule; "" where no header does.
std::string signature_header(const Provider& provider);
std::string timestamp_header(const Provider& provider);
std::string id_header(const Provider& provider);

// The time that the request says it was signed at, in whole seconds; nothing where it says none that a signer
// could be given again.
std::optional<std::chrono::sys_seconds> signed_time(const Provider& provider, const IncomingRequest& request);

// --- The checks. Each adds what it finds.

void explain_missing_header(const Probe& probe, VerifyError error, Findings& findings);
// Signature headers of other providers, and other providers' rules.
void explain_other_provider(const Probe& probe, Findings& findings);
void explain_clock(const Probe& probe, VerifyError error, Findings& findings);
// A timestamp in another unit or notation.
void explain_timestamp(const Probe& probe, Findings& findings);
void explain_secrets(const Probe& probe, Findings& findings);
// A configured secret that cannot be used: without what is wrapped around it, is the signature right?
std::optional<Finding> explain_wrapped_secret(const Probe& probe, const SecretText& secret);
void explain_signed_text(const Probe& probe, Findings& findings);
void explain_signature_digits(const Probe& probe, Findings& findings);
void explain_url(const Probe& probe, Findings& findings);
// What was done to the body: proven ones, and the signs of others.
void explain_body(const Probe& probe, Findings& findings);
void explain_body_signs(const Probe& probe, Findings& findings);
void explain_credential(const Probe& probe, VerifyError error, Findings& findings);
void explain_token(const Probe& probe, VerifyError error, Findings& findings);

}  // namespace creel::forensics
