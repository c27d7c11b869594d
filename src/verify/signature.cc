#include "verify/signature.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "verify/digest.h"
#include "verify/form.h"
#include "verify/hex.h"
#include "verify/key_material.h"
#include "verify/percent.h"
#include "verify/request_body.h"
#include "verify/scheme.h"
#include "verify/signature_key.h"
#include "verify/signature_plan.h"
#include "verify/signature_request.h"
#include "verify/template.h"

namespace creel {
namespace {

using Kind = TemplatePart::Kind;

constexpr std::size_t kIdBytesMax = 256;
// Of a body that is read before anything is verified. Whoever knows the path can send it.
constexpr std::size_t kUnverifiedBytesMax = std::size_t{1} << 20;
// Of a form that is sorted before anything is verified. Senders have some dozens.
constexpr std::size_t kSignedFieldsMax = 1000;

// What was found of a request before anything is compared.
struct Reading {
  SeenSignatures signatures;
  std::string_view timestamp;
  std::string_view id;
  std::vector<std::string> texts;  // one for each of the plan's pointers
  std::vector<std::string_view> pointers;
  std::string sorted_form;
};

bool holds_any(std::string_view text, std::string_view characters) {
  return text.find_first_of(characters) != text.npos;
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '!' && c <= '~'; });
}

bool is_valid_id(std::string_view id, std::string_view forbidden) {
  return id.size() <= kIdBytesMax && is_printable(id) && !holds_any(id, forbidden);
}

// Whether it is certain which part of the text is the query and which the body; see find_borders_of_url().
// Without a query the text after the address does not begin with '?', or it could be read as one.
bool is_query_distinct(const SignaturePlan& plan, const IncomingRequest& request) {
  if (plan.query_forbidden.empty()) return true;
  if (holds_any(request.query, plan.query_forbidden)) return false;
  if (plan.is_query_plain && !is_printable(request.query)) return false;
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::string_view body = request.body;
  if (body.empty()) return true;
  if (plan.is_url_before_body) {
    const std::size_t first = body.find_first_not_of(kBlanks);
    const bool begins = first != body.npos && std::string_view("{[\"").contains(body[first]);
    if (request.query.empty() ? body.front() == '?' : !begins) return false;
  }
  if (plan.is_url_after_body) {
    const std::size_t last = body.find_last_not_of(kBlanks);
    if (last == body.npos || !std::string_view("}]\"").contains(body[last])) return false;
  }
  return true;
}

bool has_well_formed(const SignatureRule& rule, const SeenSignatures& seen) {
  SignatureBytes room;
  return std::ranges::any_of(seen.view(),
                             [&](std::string_view text) { return decode_signature(rule, text, room); });
}

enum class DigestState : std::uint8_t { absent, wrong, right };

DigestState digest_in(std::string_view query, std::string_view field, std::string_view body) {
  DigestState state = DigestState::absent;
  std::optional<Sha256> own;
  for_each_query_field(query, [&](std::string_view name, std::string_view value) {
    if (name != field) return;
    if (!own) own = sha256(body);
    Sha256 sent{};
    if (state == DigestState::absent) state = DigestState::wrong;
    if (decode_hex(value, sent) && sent == *own) state = DigestState::right;
  });
  return state;
}

class Signature final : public SchemeKeys {
 public:
  Signature(const Provider& provider, SignaturePlan plan, std::vector<Key> keys,
            const ReceiverOptions& options)
      : provider_(provider),
        rule_(provider.signature),
        plan_(std::move(plan)),
        tolerance_(options.tolerance.value_or(provider.tolerance)),
        body_bytes_max_(options.body_bytes_max),
        url_(options.url),
        keys_(std::move(keys)) {
    for (const Key& key : keys_)
      prepared_.emplace_back(rule_.algorithm, key.secret);
  }

  std::expected<Proof, VerifyError> verify(const IncomingRequest& request, std::chrono::sys_seconds now,
                                           const Masking*) const override;
  bool can_sign() const override;
  Receiver::Signed sign(const Receiver::SignRequest& request) const override;
  std::string hex_mac(std::size_t key_index, std::string_view text) const override;
  std::span<const Key> keys() const override { return keys_; }

 private:
  using Place = SignaturePlan::Place;

  bool is_body_covered(const IncomingRequest& request) const;
  bool reads_body_first() const { return !plan_.pointers.empty() || plan_.text.has(Kind::sorted_form); }
  bool has_key_at(std::chrono::sys_seconds now) const;
  std::optional<VerifyError> read(const IncomingRequest& request, Reading& reading) const;
  std::optional<VerifyError> read_body(const IncomingRequest& request, Reading& reading) const;
  std::optional<VerifyError> check_time(std::string_view text, std::chrono::sys_seconds now) const;
  std::optional<VerifyError> check_time_in_body(const IncomingRequest& request,
                                                std::chrono::sys_seconds now) const;
  std::optional<std::size_t> match(const IncomingRequest& request, const Reading& reading,
                                   std::span<const SignatureBytes> signatures,
                                   std::chrono::sys_seconds now) const;
  std::optional<std::size_t> match(const TemplateValues& values, std::span<const SignatureBytes> signatures,
                                   std::chrono::sys_seconds now) const;
  std::string sign_text(std::span<const std::string_view> text, std::string_view timestamp,
                        std::chrono::sys_seconds now) const;

  // Whether a timestamp has to be there at all.
  bool wants_time() const {
    return plan_.time != Place::nowhere && (plan_.signs_time || tolerance_.count() != 0);
  }

  const Provider& provider_;
  const SignatureRule& rule_;
  SignaturePlan plan_;
  std::chrono::seconds tolerance_;
  std::size_t body_bytes_max_;
  SignedUrl url_;
  std::vector<Key> keys_;
  std::vector<SignatureKey> prepared_;  // one a key, in their order
};

bool Signature::has_key_at(std::chrono::sys_seconds now) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (prepared_[i].can_verify() && keys_[i].is_valid_at(now)) return true;
  }
  return false;
}

// Whether the text covers the body without a digest in the query: sorted fields are nothing where there is no
// form.
bool Signature::is_body_covered(const IncomingRequest& request) const {
  const bool needs_form =
      !rule_.body_digest_query.empty() || (plan_.text.has(Kind::sorted_form) && !plan_.text.has(Kind::body));
  return !needs_form || request.body.empty() || is_form_body(provider_, request);
}

// Reads what has to be known before a text can be made: signatures that stand in the body, and what of the
// body is signed by itself.
std::optional<VerifyError> Signature::read_body(const IncomingRequest& request, Reading& reading) const {
  if (!plan_.pointers.empty()) {
    reading.texts.resize(plan_.pointers.size());
    read_body_texts(provider_, request, BodyTrust::unverified, plan_.pointers, reading.texts);
    reading.pointers.assign(reading.texts.begin(), reading.texts.end());
    for (std::size_t i = plan_.signatures_at; i < plan_.time_at; ++i) {
      if (auto refused = add_signatures(rule_, reading.pointers[i], reading.signatures)) return refused;
    }
    if (plan_.reads_time_first) reading.timestamp = reading.pointers[plan_.time_at];
  }
  if (plan_.text.has(Kind::sorted_form) && is_form_body(provider_, request)) {
    const auto fields = parse_form(request.body, kSignedFieldsMax);
    if (!fields) return VerifyError::malformed_signature;
    reading.sorted_form = sorted_form_text(*fields);
  }
  return std::nullopt;
}

std::optional<VerifyError> Signature::read(const IncomingRequest& request, Reading& reading) const {
  for (const Field& field : rule_.signatures) {
    if (field.in != Field::In::header) continue;
    const auto value = single_header(request.headers, field.name);
    if (!value) return value.error();
    if (auto refused = add_signatures(rule_, *value, reading.signatures)) return refused;
  }
  if (plan_.time == Place::pair) reading.timestamp = reading.signatures.timestamp;
  for (const auto& [wanted, field, found] :
       {std::tuple(plan_.time == Place::header, plan_.time_name, &reading.timestamp),
        std::tuple(!plan_.id_header.empty(), plan_.id_header, &reading.id)}) {
    if (!wanted) continue;
    const auto value = single_header(request.headers, field);
    if (!value) return value.error();
    *found = *value;
  }
  if (reads_body_first()) {
    // Without a signature in the headers nothing is read, unless one may stand in the body.
    const bool needs_header = plan_.signatures_at == plan_.time_at;
    if (needs_header && reading.signatures.count > 0 && !has_well_formed(rule_, reading.signatures))
      return VerifyError::malformed_signature;
    if (request.body.size() > kUnverifiedBytesMax) return VerifyError::body_too_large;
    if (!needs_header || reading.signatures.count > 0) {
      if (auto refused = read_body(request, reading)) return refused;
    }
  }
  if (reading.signatures.count == 0)
    return reading.signatures.has_others ? VerifyError::no_supported_signature
                                         : VerifyError::missing_signature;
  const bool reads_time = plan_.time != Place::body || plan_.reads_time_first;
  if (wants_time() && reads_time && reading.timestamp.empty()) return VerifyError::missing_timestamp;
  if (!plan_.id_header.empty() && reading.id.empty()) return VerifyError::missing_id;
  for (std::size_t i = 0; i < plan_.signatures_at; ++i) {
    if (reading.texts[i].empty()) return VerifyError::missing_signature;
    if (holds_any(reading.texts[i], plan_.pointers_forbidden[i])) return VerifyError::malformed_signature;
  }
  if (!is_valid_id(reading.id, plan_.id_forbidden)) return VerifyError::invalid_id;
  if (!is_query_distinct(plan_, request)) return VerifyError::malformed_signature;
  return std::nullopt;
}

std::optional<VerifyError> Signature::check_time(std::string_view text, std::chrono::sys_seconds now) const {
  const auto time = parse_unix_time(text, rule_.timestamp_unit);
  if (!time) return VerifyError::invalid_timestamp;
  if (plan_.time_digits != 0 && text.size() != plan_.time_digits) return VerifyError::invalid_timestamp;
  return check_window(*time, rule_.timestamp_unit, now, tolerance_);
}

std::optional<VerifyError> Signature::check_time_in_body(const IncomingRequest& request,
                                                         std::chrono::sys_seconds now) const {
  std::string text;
  // Called when the signature was found right, but it need not be one over the body.
  const BodyTrust trust = plan_.text.has(Kind::body) ? BodyTrust::genuine : BodyTrust::unverified;
  read_body_texts(provider_, request, trust, std::span(&plan_.time_name, 1), std::span(&text, 1));
  if (text.empty()) return VerifyError::missing_timestamp;
  return check_time(text, now);
}

// Every key is tried, whether or not one before it matched.
std::optional<std::size_t> Signature::match(const TemplateValues& values,
                                            std::span<const SignatureBytes> signatures,
                                            std::chrono::sys_seconds now) const {
  const FilledText text(plan_.text, values);
  std::optional<std::size_t> matched;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!keys_[i].is_valid_at(now)) continue;
    if (prepared_[i].matches(text.views(), signatures) && !matched) matched = i;
  }
  return matched;
}

// Which address was signed is no secret, so the first that matches ends the search.
std::optional<std::size_t> Signature::match(const IncomingRequest& request, const Reading& reading,
                                            std::span<const SignatureBytes> signatures,
                                            std::chrono::sys_seconds now) const {
  TemplateValues values{.timestamp = reading.timestamp,
                        .id = reading.id,
                        .method = request.method,
                        .body = request.body,
                        .sorted_form = reading.sorted_form,
                        .url = {},
                        .pointers = reading.pointers};
  if (!plan_.text.has(Kind::url)) return match(values, signatures, now);
  const UrlCandidates candidates(url_, request.query);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    values.url = candidates[i];
    if (const auto matched = match(values, signatures, now)) return matched;
  }
  return std::nullopt;
}

std::expected<Proof, VerifyError> Signature::verify(const IncomingRequest& request,
                                                    std::chrono::sys_seconds now, const Masking*) const {
  if (!has_key_at(now)) return std::unexpected(VerifyError::no_keys);
  if (request.body.size() > body_bytes_max_) return std::unexpected(VerifyError::body_too_large);
  Reading reading;
  if (const auto refused = read(request, reading)) return std::unexpected(*refused);
  const bool checks_time_last = plan_.time == Place::body && !plan_.reads_time_first;
  if (wants_time() && !checks_time_last) {
    if (const auto refused = check_time(reading.timestamp, now)) return std::unexpected(*refused);
  }
  DigestState digest = DigestState::absent;
  if (!rule_.body_digest_query.empty())
    digest = digest_in(request.query, rule_.body_digest_query, request.body);
  if (digest == DigestState::absent && !is_body_covered(request))
    return std::unexpected(VerifyError::malformed_signature);

  std::array<SignatureBytes, kSignaturesMax> signatures;
  std::size_t count = 0;
  for (std::string_view text : reading.signatures.view()) {
    if (decode_signature(rule_, text, signatures[count])) ++count;
  }
  // One that is no signature is skipped among others.
  if (count == 0) return std::unexpected(VerifyError::malformed_signature);
  const auto matched = match(request, reading, std::span(signatures).first(count), now);
  if (!matched) return std::unexpected(VerifyError::signature_mismatch);
  if (digest == DigestState::wrong) return std::unexpected(VerifyError::body_mismatch);
  if (wants_time() && checks_time_last) {
    if (const auto refused = check_time_in_body(request, now)) return std::unexpected(*refused);
  }
  return Proof{.key_index = *matched, .id = reading.id};
}

bool Signature::can_sign() const {
  return rule_.signatures.front().in == Field::In::header &&
         std::ranges::any_of(prepared_, &SignatureKey::can_sign);
}

// The value of the signature header; "" when no key can make it now.
std::string Signature::sign_text(std::span<const std::string_view> text, std::string_view timestamp,
                                 std::chrono::sys_seconds now) const {
  const bool is_list = rule_.pair_separator != 0;
  std::string value;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!prepared_[i].can_sign() || !keys_[i].is_valid_at(now)) continue;
    const SignatureBytes signature = prepared_[i].sign(text);
    if (!is_list) return encode_signature(rule_, signature.view());
    if (value.empty() && plan_.time == Place::pair)
      value.append(rule_.timestamp_pair).append("=").append(timestamp);
    if (!value.empty()) value += rule_.pair_separator;
    value.append(rule_.signature_pair).append("=").append(encode_signature(rule_, signature.view()));
  }
  return value;
}

Receiver::Signed Signature::sign(const Receiver::SignRequest& request) const {
  if (!can_sign()) return {};
  Receiver::Signed made;
  const std::array<Header, 1> headers{{{"content-type", request.content_type}}};
  std::string url(request.url.empty() ? url_.text() : std::string(request.url));
  url.resize(std::min(url.find('#'), url.size()));
  const std::string_view query = std::string_view(url).substr(std::min(url.find('?'), url.size()));
  const IncomingRequest outgoing{
      .method = request.method, .query = "", .headers = headers, .body = request.body};
  if (!is_body_covered(outgoing)) {
    if (rule_.body_digest_query.empty()) return {};
    const std::string_view fields = query.substr(query.empty() ? 0 : 1);
    if (digest_in(fields, rule_.body_digest_query, request.body) != DigestState::right) {
      made.query = std::string(rule_.body_digest_query) + "=" + to_hex(sha256(request.body));
      url += (query.empty() ? "?" : "&") + made.query;
    }
  }

  Reading reading;
  if (read_body(outgoing, reading)) return {};
  const std::string fresh = unix_time_text(request.now, rule_.timestamp_unit);
  const std::string_view timestamp = plan_.time == Place::body ? reading.timestamp : fresh;
  const bool lacks_text = std::ranges::any_of(reading.texts, &std::string::empty);
  const bool lacks_id = !plan_.id_header.empty() && request.provider_id.empty();
  if (lacks_text || lacks_id) return {};

  const FilledText text(plan_.text, {.timestamp = timestamp,
                                     .id = request.provider_id,
                                     .method = request.method,
                                     .body = request.body,
                                     .sorted_form = reading.sorted_form,
                                     .url = {url},
                                     .pointers = reading.pointers});
  std::string value = sign_text(text.views(), timestamp, request.now);
  if (value.empty()) return {};
  if (!plan_.id_header.empty())
    made.headers.push_back({std::string(plan_.id_header), std::string(request.provider_id)});
  if (plan_.time == Place::header) made.headers.push_back({std::string(plan_.time_name), fresh});
  made.headers.push_back({std::string(rule_.signatures.front().name), std::move(value)});
  return made;
}

std::string Signature::hex_mac(std::size_t key_index, std::string_view text) const {
  if (key_index >= keys_.size()) return {};
  const auto& key = SecretAccess::of(keys_[key_index].secret).hmac;
  return key ? to_hex(key->over(std::span(&text, 1))) : std::string();
}

// Of a rule that cannot be used: refuses everything, and says that the fault is ours.
class Unusable final : public SchemeKeys {
 public:
  explicit Unusable(std::vector<Key> keys) : keys_(std::move(keys)) {}

  std::expected<Proof, VerifyError> verify(const IncomingRequest&, std::chrono::sys_seconds,
                                           const Masking*) const override {
    return std::unexpected(VerifyError::no_keys);
  }
  bool can_sign() const override { return false; }
  Receiver::Signed sign(const Receiver::SignRequest&) const override { return {}; }
  std::string hex_mac(std::size_t, std::string_view) const override { return {}; }
  std::span<const Key> keys() const override { return keys_; }

 private:
  std::vector<Key> keys_;
};

}  // namespace

std::optional<std::string_view> find_signature_fault(const Provider& provider) {
  const auto plan = SignaturePlan::make(provider);
  return plan ? std::nullopt : std::optional(plan.error());
}

std::unique_ptr<SchemeKeys> make_signature(const Provider& provider, std::vector<Key> keys,
                                           const ReceiverOptions& options) {
  auto plan = SignaturePlan::make(provider);
  if (!plan) return std::make_unique<Unusable>(std::move(keys));
  return std::make_unique<Signature>(provider, *std::move(plan), std::move(keys), options);
}

}  // namespace creel
