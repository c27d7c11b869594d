// Credentials: missing, of another kind, in another place, or nearly the secret.
//
// A request that was kept has masks in place of what came, so guesses are compared as the whole value that
// they would have made; nothing is taken apart that may be a mask.
#include <algorithm>
#include <array>

#include "verify/base64.h"
#include "verify/forensics_probe.h"
#include "verify/headers.h"
#include "verify/percent.h"

namespace creel::forensics {
namespace {

using Place = CredentialPlace;

std::string describe_place(const Place& place) {
  switch (place.kind) {
    case Place::Kind::header:
      return "the header " + std::string(place.name);
    case Place::Kind::bearer:
      return "Authorization: Bearer";
    case Place::Kind::basic:
      return "Authorization: Basic";
    case Place::Kind::query:
      return "the query field " + std::string(place.name);
  }
  return {};
}

std::string wanted_places(const Provider& provider) {
  std::string text;
  for (const Place& place : provider.credentials)
    text += (text.empty() ? "" : " or ") + describe_place(place);
  return text;
}

// What stands in a place, as it came or as its mask.
std::string value_at(const Probe& probe, const Place& place) {
  if (place.kind != Place::Kind::query) {
    const std::string_view name = place.kind == Place::Kind::header ? place.name : "authorization";
    return std::string(find_header(probe.input().request.headers, name).value_or(""));
  }
  std::string value;
  for_each_query_field(probe.input().request.query, [&](std::string_view name, std::string_view sent) {
    if (value.empty() && percent_decoded(name) == place.name) value = percent_decoded(sent);
  });
  return value;
}

std::string spelled(const Place& place, const std::string& credential) {
  if (place.kind == Place::Kind::bearer) return "Bearer " + credential;
  if (place.kind != Place::Kind::basic) return credential;
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(credential.data()), credential.size());
  return "Basic " + encode_base64(bytes);
}

// A credential that is nearly the secret.
struct Guess {
  FindingKind kind;
  std::string credential;
  std::string_view what;
};

std::vector<Guess> guesses_of(const std::string& secret) {
  constexpr std::string_view kWrapped = "with white space or quotes around it";
  std::vector<Guess> guesses;
  for (const auto& [before, after] : std::to_array<std::pair<std::string_view, std::string_view>>(
           {{"", "\n"}, {"", "\r\n"}, {"", " "}, {" ", ""}, {"\"", "\""}, {"'", "'"}}))
    guesses.push_back(
        {FindingKind::credential_wrapped, std::string(before) + secret + std::string(after), kWrapped});
  const std::size_t colon = secret.find(':');
  if (colon == std::string::npos) {
    guesses.push_back({FindingKind::credential_parts, secret + ":", "as a user without a password"});
    guesses.push_back({FindingKind::credential_parts, ":" + secret, "as a password without a user"});
    return guesses;
  }
  const std::string user = secret.substr(0, colon), password = secret.substr(colon + 1);
  constexpr FindingKind kParts = FindingKind::credential_parts;
  guesses.push_back({kParts, password + ":" + user, "with user and password swapped"});
  guesses.push_back({kParts, password, "without the user"});
  guesses.push_back({kParts, ":" + password, "without the user"});
  guesses.push_back({kParts, password + ":", "with the password in the user's place"});
  guesses.push_back({kParts, user + ":", "without the password"});
  guesses.push_back({kParts, user, "without the password"});
  return guesses;
}

std::optional<Finding> try_guesses(const Probe& probe, const SecretText& secret) {
  const auto key = Secret::parse(secret.text, secret.form);
  for (const Guess& guess : guesses_of(secret.text)) {
    for (const Place& place : probe.provider().credentials) {
      const std::string came = value_at(probe, place);
      if (came.empty()) continue;
      std::string value = spelled(place, guess.credential);
      if (probe.input().masked) value = (*probe.input().masked)(value);
      if (came != value) continue;
      const Match match{
          .secret = &secret, .is_suspect = false, .fingerprint = key ? key->fingerprint() : std::string()};
      return make_finding(
          guess.kind, match,
          "the credential is secret \"" + secret.label + "\", but " + std::string(guess.what),
          guess.kind == FindingKind::credential_wrapped
              ? "take what stands around the credential away on the sender's side"
              : "let the sender send user and password, and write the secret as user:password");
    }
  }
  return std::nullopt;
}

// The right secret where this source does not look.
std::optional<Finding> try_other_places(const Probe& probe) {
  std::vector<Place> places{{Place::Kind::bearer, ""}, {Place::Kind::basic, ""}};
  for (std::string_view name : {"token", "key", "secret", "api_key", "access_token"})
    places.push_back({Place::Kind::query, name});
  for (const Header& header : probe.input().request.headers)
    places.push_back({Place::Kind::header, header.name});
  for (const Place& place : places) {
    if (value_at(probe, place).empty()) continue;
    Provider row = probe.provider();
    row.credentials = {&place, 1};
    const auto match = probe.match(row, Probe::Reading::as_configured, ChangedRequest(probe.input()));
    if (!match || !match->secret) continue;
    const bool is_showable = place.name.empty() || !showable(place.name).empty();
    return make_finding(FindingKind::credential_place, *match,
                        "secret \"" + match->secret->label + "\" came in " +
                            (is_showable ? describe_place(place) : "another header") + ", where " +
                            wanted_places(probe.provider()) + " is wanted",
                        "let the sender put it there, or change where this source looks");
  }
  return std::nullopt;
}

// The scheme's word, if it is one that is known: any other may be the credential itself.
std::string_view known_scheme(std::string_view authorization) {
  const std::string_view word = authorization.substr(0, authorization.find(' '));
  for (std::string_view known : {"Basic", "Bearer", "Digest", "Negotiate", "NTLM", "Token", "ApiKey", "HMAC",
                                 "Signature", "OAuth", "AWS4-HMAC-SHA256"}) {
    if (equals_ignoring_case(word, known)) return known;
  }
  return "of another kind";
}

Finding explain_scheme(const Probe& probe) {
  const auto value = find_header(probe.input().request.headers, "authorization").value_or("");
  const std::string_view word = known_scheme(value);
  const bool is_wanted = std::ranges::any_of(probe.provider().credentials, [word](const Place& place) {
    return (place.kind == Place::Kind::basic && word == "Basic") ||
           (place.kind == Place::Kind::bearer && word == "Bearer");
  });
  if (is_wanted) {
    const std::string what = word == "Basic" ? "it holds the base64 of user:password" : "it holds the token";
    return make_finding(FindingKind::credential_scheme,
                        "Authorization: " + std::string(word) + " cannot be read: " + what,
                        "let the sender write one space and then the credential, base64 with its padding");
  }
  return make_finding(
      FindingKind::credential_scheme,
      "Authorization is " + std::string(word) + ", where " + wanted_places(probe.provider()) + " is wanted",
      "change how the sender authenticates, or the provider of this source");
}

}  // namespace

void explain_credential(const Probe& probe, VerifyError error, Findings& findings) {
  if (const auto match = probe.match(ChangedRequest(probe.input())); match && match->secret) {
    findings.push_back(
        make_finding(match->is_suspect ? FindingKind::other_secret : FindingKind::expired_secret, *match,
                     "the credential is secret \"" + match->secret->label +
                         (match->is_suspect ? "\", which is not among those configured for this source"
                                            : "\", which is not valid at this time"),
                     "let the sender use the secret of this source, or configure that one"));
    return;
  }
  for (const auto& list : {probe.input().secrets, probe.input().suspects}) {
    for (const SecretText& secret : list) {
      if (auto found = try_guesses(probe, secret)) findings.push_back(*std::move(found));
    }
  }
  if (!findings.empty()) return;
  if (auto found = try_other_places(probe)) {
    findings.push_back(*std::move(found));
    return;
  }
  explain_other_provider(probe, findings);
  if (error == VerifyError::missing_credential) {
    findings.push_back(make_finding(
        FindingKind::missing_credential,
        "the request carries no credential; it is wanted in " + wanted_places(probe.provider()),
        "configure the credential at the sender, and see that nothing before the receiver drops it"));
  } else if (error == VerifyError::malformed_credential) {
    findings.push_back(explain_scheme(probe));
  } else {
    findings.push_back(make_finding(FindingKind::wrong_credential,
                                    "the credential is not that of this source",
                                    "compare it with what the sender is configured to send"));
  }
}

}  // namespace creel::forensics
