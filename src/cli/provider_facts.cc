#include "cli/provider_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace creel::cli {
namespace {

using std::string_view;
using Facts = std::vector<std::pair<std::string, std::string>>;

template <class Range, class Word>
std::string joined(const Range& range, string_view separator, Word word) {
  std::vector<std::string> words;
  for (const auto& each : range)
    words.push_back(word(each));
  return fmt::format("{}", fmt::join(words, separator));
}

std::string duration_text(std::chrono::seconds time) {
  const auto count = time.count();
  const auto counted = [](auto number, string_view unit) {
    return fmt::format("{} {}{}", number, unit, number == 1 ? "" : "s");
  };
  if (count >= 48 * 3600 && count % 86400 == 0) return counted(count / 86400, "day");
  if (count >= 3600 && count % 3600 == 0) return counted(count / 3600, "hour");
  if (count >= 60 && count % 60 == 0 && count != 60) return counted(count / 60, "minute");
  return counted(count, "second");
}

string_view algorithm_text(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::hmac_sha1:
      return "HMAC-SHA1";
    case SignatureAlgorithm::hmac_sha256:
      return "HMAC-SHA256";
    case SignatureAlgorithm::hmac_sha512:
      return "HMAC-SHA512";
    case SignatureAlgorithm::ed25519:
      return "Ed25519";
    case SignatureAlgorithm::ecdsa_p256_sha256:
      return "ECDSA (P-256, SHA-256)";
  }
  return "";
}

std::string field_text(const Field& field, const Quote& quote) {
  std::string text;
  switch (field.in) {
    case Field::In::header:
      text = "header " + quote(field.name);
      break;
    case Field::In::body:
      text = quote(field.name);
      break;
    case Field::In::text:
      text = "always " + quote(field.name);
      break;
  }
  if (!field.prefix.empty()) text = quote(field.prefix) + " and " + text;
  if (!field.qualifier.empty()) text += " and " + quote(field.qualifier);
  return text;
}

std::string fields_text(std::span<const Field> fields, const Quote& quote) {
  return joined(fields, ", else ", [&quote](const Field& field) { return field_text(field, quote); });
}

std::string place_text(const CredentialPlace& place, const Quote& quote) {
  switch (place.kind) {
    case CredentialPlace::Kind::header:
      return "header " + quote(place.name);
    case CredentialPlace::Kind::bearer:
      return "a bearer token in header " + quote("Authorization");
    case CredentialPlace::Kind::basic:
      return "Basic credentials in header " + quote("Authorization");
    case CredentialPlace::Kind::query:
      return "query field " + quote(place.name);
  }
  return "";
}

// Where the signature stands, and how it is written.
std::string signature_text(const Provider& provider, const Quote& quote) {
  const SignatureRule& rule = provider.signature;
  std::string text =
      joined(rule.signatures, " or ", [&quote](const Field& field) { return field_text(field, quote); });
  text += rule.encoding == SignatureEncoding::hex ? ", hex" : ", base64";
  if (!rule.prefix.empty()) text += " behind " + quote(rule.prefix);
  if (rule.pair_separator != 0) {
    text += " in " +
            quote(fmt::format("{}=…{}{}=…", rule.timestamp_pair, rule.pair_separator, rule.signature_pair)) +
            "; any of several " + quote(rule.signature_pair) + " will do";
  }
  if (!rule.body_digest_query.empty())
    text += "; a body that is no form is covered by the query field " + quote(rule.body_digest_query);
  return text;
}

std::string timestamp_text(const Provider& provider, const Quote& quote) {
  const SignatureRule& rule = provider.signature;
  const string_view unit = rule.timestamp_unit == TimestampUnit::milliseconds ? "milliseconds" : "seconds";
  if (provider.scheme == Scheme::standard_webhooks)
    return "header " + quote(std::string(provider.header_prefixes.front()) + "timestamp") + ", in seconds";
  if (!rule.timestamp.empty())
    return fmt::format("{}, in {}", field_text(rule.timestamp.front(), quote), unit);
  if (!rule.timestamp_pair.empty())
    return fmt::format("{} in the same header, in {}", quote(rule.timestamp_pair), unit);
  return "none";
}

string_view secret_text(SecretForm form) {
  switch (form) {
    case SecretForm::strict:
      return "whsec_ and base64, or whpk_ and an Ed25519 public key";
    case SecretForm::strict_hmac:
      return "whsec_ and base64";
    case SecretForm::openai_sdk:
    case SecretForm::standard_webhooks:
      return "base64, with or without whsec_";
    case SecretForm::text:
      return "the text itself";
    case SecretForm::basic:
      return "user:password; the password may hold colons";
    case SecretForm::ed25519_hex:
      return "the public key, 64 hex digits";
    case SecretForm::ecdsa_p256:
      return "the public key, base64";
  }
  return "";
}

string_view handshake_text(Handshake handshake) {
  switch (handshake) {
    case Handshake::none:
      return "none";
    case Handshake::body_challenge:
      return "a signed challenge, answered with its text";
    case Handshake::hashed_challenge:
      return "a signed challenge, answered with its HMAC under the secret";
    case Handshake::ping:
      return "a signed ping, answered in kind";
    case Handshake::unsigned_ping:
      return "an unsigned form with nothing but webhook_id, answered";
    case Handshake::hub_challenge:
      return "GET with hub.challenge, answered with its text";
    case Handshake::validation_token:
      return "validationToken in the query, answered with its text";
  }
  return "";
}

std::string body_text(const Provider& provider) {
  if (provider.is_array) return "a JSON array: each item becomes an event";
  switch (provider.body) {
    case BodyKind::json:
      return "JSON";
    case BodyKind::json_or_form:
      return "JSON or a form";
    case BodyKind::any:
      return "any; read when it is JSON or a form";
  }
  return "";
}

bool counts_body(const Provider& provider, KeyRecipe recipe) {
  const bool has_header =
      std::ranges::any_of(recipe, [](const Field& field) { return field.in == Field::In::header; });
  return has_header && (provider.scheme == Scheme::signature || provider.scheme == Scheme::jwt);
}

std::string key_without_id_text(WithoutId without, bool is_all) {
  switch (without) {
    case WithoutId::body:
      return "SHA-256 of the body";
    case WithoutId::time_and_body:
      return "signed time + SHA-256 of the body";
    case WithoutId::nothing:
      return is_all ? "none: every request is an event" : "none";
  }
  std::unreachable();
}

std::string dedupe_text(const Provider& provider, const Quote& quote) {
  std::vector<std::string> words;
  for (const KeyRecipe& recipe : provider.dedupe) {
    std::string text =
        joined(recipe, " + ", [&quote](const Field& field) { return field_text(field, quote); });
    if (counts_body(provider, recipe)) text += " + SHA-256 of the body";
    words.push_back(std::move(text));
  }
  if (provider.scheme != Scheme::standard_webhooks)
    words.push_back(key_without_id_text(provider.without_id, words.empty()));
  return fmt::format("{}", fmt::join(words, ", else "));
}

std::string success_text(const Provider& provider, const Quote& quote) {
  std::string text = std::to_string(provider.success_status);
  text += provider.success_body.empty() ? ", empty" : " " + quote(provider.success_body);
  for (const TypeReply& reply : provider.replies)
    text += fmt::format("; to {}: {} {}", quote(reply.type), reply.status, quote(reply.body));
  return text;
}

std::string refusal_text(const Provider& provider, const Quote& quote) {
  if (provider.scheme == Scheme::none) return "never";
  std::string text = fmt::format("{} {}", provider.reject_status, quote(provider.reject_text));
  if (provider.missing_status != 0) text += fmt::format("; {} where nothing came", provider.missing_status);
  if (provider.strict_status != 0) {
    text += fmt::format("; {} for {}", provider.strict_status, joined(provider.strict_types, ", ", quote));
  }
  return text;
}

std::string types_text(const Provider& provider, const Quote& quote) {
  if (provider.event_types.empty()) return "the sender's own";
  constexpr std::size_t kListed = 24;
  if (provider.event_types.size() > kListed)
    return fmt::format("{}; any other is accepted too", provider.event_types.size());
  return joined(provider.event_types, ", ", quote);
}

string_view signing_text(const Provider& provider) {
  switch (provider.scheme) {
    case Scheme::none:
      return "nothing to sign";
    case Scheme::credential:
      return "only where a destination says sign = \"source\", since the secret itself goes along";
    case Scheme::standard_webhooks:
    case Scheme::jwt:
      return "yes; with public keys no";
    case Scheme::signature:
      break;
  }
  if (provider.is_array) return "no: each item is an event of its own";
  const bool is_public =
      provider.secret_form == SecretForm::ed25519_hex || provider.secret_form == SecretForm::ecdsa_p256;
  if (is_public) return "no: a public key cannot sign";
  if (provider.signature.signatures.front().in == Field::In::body)
    return "no: the signature is part of the body";
  return "yes";
}

void add_proof(const Provider& provider, const Quote& quote, Facts& facts) {
  facts.emplace_back("proof", proof_of(provider, quote));
  if (provider.scheme == Scheme::signature) facts.emplace_back("signature", signature_text(provider, quote));
  const bool has_time = provider.scheme == Scheme::signature || provider.scheme == Scheme::standard_webhooks;
  if (has_time) {
    facts.emplace_back("timestamp", timestamp_text(provider, quote));
    const std::string window = duration_text(provider.tolerance) + " either way";
    facts.emplace_back("window", provider.tolerance.count() == 0 ? "none" : window);
  }
  if (provider.scheme != Scheme::none) facts.emplace_back("secret", secret_text(provider.secret_form));
  if (!provider.secret_environment.empty()) facts.emplace_back("variable", variables_of(provider, quote));
  if (provider.needs_url) facts.emplace_back("address", "is signed: the source needs " + quote("url"));
}

}  // namespace

std::string plainly(string_view code) {
  return std::string(code);
}

std::string in_backticks(string_view code) {
  return fmt::format("`{}`", code);
}

string_view to_text(Scheme scheme) {
  switch (scheme) {
    case Scheme::standard_webhooks:
      return "standard-webhooks";
    case Scheme::signature:
      return "signature";
    case Scheme::credential:
      return "credential";
    case Scheme::jwt:
      return "jwt";
    case Scheme::none:
      return "none";
  }
  return "";
}

std::string proof_of(const Provider& provider, const Quote& quote) {
  switch (provider.scheme) {
    case Scheme::standard_webhooks:
      return "Standard Webhooks, headers " +
             joined(provider.header_prefixes, " or ",
                    [&quote](string_view prefix) { return quote(std::string(prefix) + "*"); });
    case Scheme::signature:
      return fmt::format("{} of {}", algorithm_text(provider.signature.algorithm),
                         quote(provider.signature.content));
    case Scheme::credential:
      return joined(provider.credentials, " or ",
                    [&quote](const CredentialPlace& place) { return place_text(place, quote); });
    case Scheme::jwt:
      return fmt::format("a signed token in header {} with the body's SHA-256 in {}",
                         quote(provider.token_header), quote(provider.body_claim));
    case Scheme::none:
      return "none";
  }
  return "";
}

std::string brief_proof_of(const Provider& provider) {
  switch (provider.scheme) {
    case Scheme::standard_webhooks:
    case Scheme::none:
    case Scheme::signature:
      return proof_of(provider, plainly);
    case Scheme::jwt:
      return "JWT with the body's SHA-256";
    case Scheme::credential:
      break;
  }
  return joined(provider.credentials, " or ", [](const CredentialPlace& place) {
    using Kind = CredentialPlace::Kind;
    if (place.kind == Kind::basic || place.kind == Kind::bearer)
      return std::string(place.kind == Kind::basic ? "Basic" : "Bearer");
    return std::string(place.name) + (place.kind == Kind::query ? " in the query" : " header");
  });
}

std::string variables_of(const Provider& provider, const Quote& quote) {
  return joined(provider.secret_environment, ", ", [&quote](string_view name) {
    const std::size_t colon = name.find(':');
    return colon == name.npos ? quote(name)
                              : quote(name.substr(0, colon)) + " and " + quote(name.substr(colon + 1));
  });
}

std::string statuses_of(const Provider& provider) {
  if (provider.scheme == Scheme::none) return "";
  std::string text = std::to_string(provider.reject_status);
  if (provider.missing_status != 0) text = fmt::format("{} / {}", provider.missing_status, text);
  if (provider.strict_status != 0) text += fmt::format(" / {}", provider.strict_status);
  return text;
}

Facts facts_of(const Provider& provider, const Quote& quote) {
  Facts facts;
  add_proof(provider, quote, facts);
  facts.emplace_back("methods", joined(provider.methods, ", ", quote));
  facts.emplace_back("body", body_text(provider));
  facts.emplace_back("dedupe key", dedupe_text(provider, quote));
  facts.emplace_back("type", fields_text(provider.types, quote));
  if (!provider.subjects.empty()) facts.emplace_back("subject", fields_text(provider.subjects, quote));
  if (!provider.times.empty()) facts.emplace_back("time", fields_text(provider.times, quote));
  facts.emplace_back("known types", types_text(provider, quote));
  facts.emplace_back("samples", joined(sample_types(provider), ", ", quote));
  facts.emplace_back("answer", success_text(provider, quote));
  facts.emplace_back("refusal", refusal_text(provider, quote));
  if (provider.handshake != Handshake::none)
    facts.emplace_back("handshake", handshake_text(provider.handshake));
  facts.emplace_back("tries again", provider.retry_horizon.count() == 0
                                        ? "never"
                                        : "for " + duration_text(provider.retry_horizon));
  facts.emplace_back("signed again", signing_text(provider));
  return facts;
}

std::string example_of(const Provider& provider) {
  std::string text = fmt::format("[sources.{}]\nprovider = \"{}\"\n", provider.name, provider.name);
  if (provider.scheme != Scheme::none) {
    std::string variable = provider.secret_environment.empty()
                               ? "WEBHOOK_SECRET"
                               : std::string(provider.secret_environment.front());
    const std::size_t colon = variable.find(':');
    if (colon != variable.npos) variable.replace(colon, 1, "}:${");
    text += fmt::format("secrets  = [\"${{{}}}\"]\n", variable);
  }
  return text += provider.example;
}

}  // namespace creel::cli
