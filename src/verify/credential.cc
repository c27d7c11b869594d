// A shared secret that comes along: in a header, as a bearer token, as Basic credentials, or in the query.
//
// What came and what is wanted are compared as MACs of the same length under the wanted secret, so that the
// time tells neither where they differ nor how long the secret is. Every key and every place is tried.
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <string>

#include "verify/base64.h"
#include "verify/headers.h"
#include "verify/key_material.h"
#include "verify/percent.h"
#include "verify/scheme.h"

namespace creel {
namespace {

using Place = CredentialPlace;

constexpr std::string_view kAuthorization = "authorization";
constexpr std::string_view kBasic = "Basic";
constexpr std::string_view kBearer = "Bearer";
constexpr std::size_t kCredentialBytesMax = 4096;

std::string_view text_of(const Secret& secret) {
  const auto& bytes = SecretAccess::of(secret).bytes;
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_equal(const Mac& a, const Mac& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// Bytes on the stack that held a credential, wiped at the end.
struct Decoded {
  Decoded() = default;
  Decoded(const Decoded&) = delete;
  Decoded& operator=(const Decoded&) = delete;
  ~Decoded() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  std::array<std::uint8_t, kCredentialBytesMax> bytes;
};

// "Basic", one or more spaces, and the rest; nothing for another scheme. The word's case does not count.
std::optional<std::string_view> after_scheme(std::string_view authorization, std::string_view scheme) {
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ') return std::nullopt;
  if (!equals_ignoring_case(authorization.substr(0, scheme.size()), scheme)) return std::nullopt;
  authorization.remove_prefix(scheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  if (authorization.empty()) return std::nullopt;
  return authorization;
}

// "Basic " and the base64 of "user:password", as clients write it.
std::string basic_header(std::string_view secret) {
  return "Basic " + encode_base64({reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()});
}

bool fits_into_header(std::string_view secret) {
  return std::ranges::all_of(secret, [](unsigned char c) { return c >= ' ' && c != 0x7f; });
}

// How far a place got; a later one tells more than an earlier one.
enum class Step : std::uint8_t { missing, malformed, wrong, right };

class Credentials final : public SchemeKeys {
 public:
  Credentials(const Provider& provider, std::vector<Key> keys, const ReceiverOptions& options)
      : places_(provider.credentials), keys_(std::move(keys)), body_bytes_max_(options.body_bytes_max) {
    for (const Key& key : keys_)
      wanted_.push_back(mac_under(key, text_of(key.secret)));
  }

  std::expected<Proof, VerifyError> verify(const IncomingRequest& request, std::chrono::sys_seconds now,
                                           const Masking* masked) const override;
  bool can_sign() const override { return !keys_.empty(); }
  Receiver::Signed sign(const Receiver::SignRequest& request) const override;
  std::string hex_mac(std::size_t, std::string_view) const override { return {}; }
  std::span<const Key> keys() const override { return keys_; }

 private:
  struct Question {
    const IncomingRequest& request;
    std::chrono::sys_seconds now;
    const Masking* masked;
  };
  struct Found {
    Step step = Step::missing;
    std::size_t key_index = 0;
  };

  static Mac mac_under(const Key& key, std::string_view text) {
    const auto& hmac = SecretAccess::of(key.secret).hmac;
    const std::array parts{text};
    return hmac ? hmac->over(parts) : Mac{};
  }
  std::expected<Found, VerifyError> look(const Place& place, const Question& question) const;
  Found judge(const Place& place, std::string_view value, const Question& question) const;
  Found compare(std::string_view credential, std::chrono::sys_seconds now) const;
  Found compare_masked(const Place& place, std::string_view value, const Question& question) const;

  std::span<const Place> places_;
  std::vector<Key> keys_;
  std::vector<Mac> wanted_;  // of each key's own text, under that key
  std::size_t body_bytes_max_;
};

std::expected<Proof, VerifyError> Credentials::verify(const IncomingRequest& request,
                                                      std::chrono::sys_seconds now,
                                                      const Masking* masked) const {
  if (std::ranges::none_of(keys_, [now](const Key& key) { return key.is_valid_at(now); }))
    return std::unexpected(VerifyError::no_keys);
  if (request.body.size() > body_bytes_max_) return std::unexpected(VerifyError::body_too_large);

  Found best;
  for (const Place& place : places_) {
    const auto found = look(place, {.request = request, .now = now, .masked = masked});
    if (!found) return std::unexpected(found.error());
    if (found->step > best.step) best = *found;
  }
  switch (best.step) {
    case Step::missing:
      return std::unexpected(VerifyError::missing_credential);
    case Step::malformed:
      return std::unexpected(VerifyError::malformed_credential);
    case Step::wrong:
      return std::unexpected(VerifyError::wrong_credential);
    case Step::right:
      break;
  }
  return Proof{.key_index = best.key_index, .id = {}};
}

// Two different values in one place are refused, whichever of them is right: another reader of the request
// could take the other one.
std::expected<Credentials::Found, VerifyError> Credentials::look(const Place& place,
                                                                 const Question& question) const {
  if (place.kind == Place::Kind::query) {
    std::optional<std::string> value;
    bool is_conflict = false;
    for_each_query_field(question.request.query, [&](std::string_view name, std::string_view sent) {
      if (percent_decoded(name) != place.name) return;
      std::string decoded = percent_decoded(sent);
      is_conflict |= value && *value != decoded;
      value = std::move(decoded);
    });
    if (is_conflict) return std::unexpected(VerifyError::conflicting_header);
    return value ? judge(place, *value, question) : Found{};
  }
  const std::string_view name = place.kind == Place::Kind::header ? place.name : kAuthorization;
  std::optional<std::string_view> value;
  for (const Header& header : question.request.headers) {
    if (!equals_ignoring_case(header.name, name)) continue;
    if (value && *value != header.value) return std::unexpected(VerifyError::conflicting_header);
    value = header.value;
  }
  return value ? judge(place, *value, question) : Found{};
}

Credentials::Found Credentials::judge(const Place& place, std::string_view value,
                                      const Question& question) const {
  if (value.empty()) return {};
  if (question.masked) {
    const Found found = compare_masked(place, value, question);
    if (found.step == Step::right) return found;
  }
  const Found malformed{.step = question.masked ? Step::wrong : Step::malformed};
  if (value.size() > base64_decoded_max(kCredentialBytesMax)) return malformed;
  if (place.kind == Place::Kind::bearer) {
    const auto token = after_scheme(value, kBearer);
    return token ? compare(*token, question.now) : malformed;
  }
  if (place.kind == Place::Kind::basic) {
    const auto encoded = after_scheme(value, kBasic);
    if (!encoded) return malformed;
    Decoded decoded;
    const auto size = decode_base64_secret(*encoded, decoded.bytes, Base64Rule::canonical);
    if (!size) return malformed;
    // The user ends at the first colon, and the password may hold more of them: comparing the whole says the
    // same.
    const std::string_view pair(reinterpret_cast<const char*>(decoded.bytes.data()), *size);
    return pair.find(':') == pair.npos ? malformed : compare(pair, question.now);
  }
  return compare(value, question.now);
}

Credentials::Found Credentials::compare(std::string_view credential, std::chrono::sys_seconds now) const {
  Found found{.step = Step::wrong};
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!keys_[i].is_valid_at(now)) continue;
    Mac came = mac_under(keys_[i], credential);
    if (is_equal(came, wanted_[i]) && found.step != Step::right)
      found = {.step = Step::right, .key_index = i};
    OPENSSL_cleanse(came.data(), came.size());
  }
  return found;
}

// A kept header was replaced whole, its scheme's word included; so the usual spellings of the word are tried.
Credentials::Found Credentials::compare_masked(const Place& place, std::string_view value,
                                               const Question& question) const {
  Found found{.step = Step::wrong};
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!keys_[i].is_valid_at(question.now)) continue;
    const std::string_view secret = text_of(keys_[i].secret);
    std::vector<std::string> spellings{std::string(secret)};
    if (place.kind == Place::Kind::basic || place.kind == Place::Kind::bearer) {
      const bool is_basic = place.kind == Place::Kind::basic;
      const std::string rest =
          is_basic ? basic_header(secret).substr(kBasic.size()) : " " + std::string(secret);
      spellings.clear();
      for (std::string_view word : is_basic ? std::array<std::string_view, 3>{kBasic, "basic", "BASIC"}
                                            : std::array<std::string_view, 3>{kBearer, "bearer", "BEARER"})
        spellings.push_back(std::string(word) + rest);
    }
    for (std::string& spelling : spellings) {
      const std::string wanted = (*question.masked)(spelling);
      OPENSSL_cleanse(spelling.data(), spelling.size());
      const bool is_same =
          wanted.size() == value.size() && CRYPTO_memcmp(wanted.data(), value.data(), wanted.size()) == 0;
      if (is_same && found.step != Step::right) found = {.step = Step::right, .key_index = i};
    }
  }
  return found;
}

// The first place that the secret fits into.
Receiver::Signed Credentials::sign(const Receiver::SignRequest& request) const {
  const auto key =
      std::ranges::find_if(keys_, [&](const Key& each) { return each.is_valid_at(request.now); });
  if (key == keys_.end()) return {};
  const std::string_view secret = text_of(key->secret);
  for (const Place& place : places_) {
    switch (place.kind) {
      case Place::Kind::header:
        if (fits_into_header(secret))
          return {.headers = {{std::string(place.name), std::string(secret)}}, .query = {}};
        break;
      case Place::Kind::bearer:
        if (fits_into_header(secret))
          return {.headers = {{"Authorization", "Bearer " + std::string(secret)}}, .query = {}};
        break;
      case Place::Kind::basic:
        if (secret.find(':') != secret.npos)
          return {.headers = {{"Authorization", basic_header(secret)}}, .query = {}};
        break;
      case Place::Kind::query:
        return {.headers = {}, .query = std::string(place.name) + "=" + percent_encoded_field(secret)};
    }
  }
  return {};
}

}  // namespace

std::unique_ptr<SchemeKeys> make_credential(const Provider& provider, std::vector<Key> keys,
                                            const ReceiverOptions& options) {
  return std::make_unique<Credentials>(provider, std::move(keys), options);
}

}  // namespace creel
