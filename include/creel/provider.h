// Providers: how each signs, where its id and type stand, what it expects back; and a Receiver, which
// verifies and reads requests by these rules.
//
//   const creel::Provider& stripe = *creel::find_provider("stripe");
//   std::vector<creel::Key> keys;
//   keys.push_back({.secret = *creel::Secret::parse(text, stripe.secret_form), .label = "current"});
//   const creel::Receiver receiver(stripe, std::move(keys));
//   auto received = receiver.receive({.method = "POST", .headers = headers, .body = raw_body}, now);
//   if (!received) return reply(receiver.refusal(received.error(), headers));
//   for (const creel::ReceivedItem& event : (*received)->items) handle(event.type, event.body);
//
// A provider is data: one row of a table. Whoever uses a row never asks for its name. Nothing here reads a
// clock, opens a socket or throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <creel/genuine.h>
#include <creel/webhooks.h>

namespace creel {

// A request as it arrived. Views into the caller's memory.
struct IncomingRequest {
  std::string_view method = "POST";
  std::string_view query;  // what follows the '?' of the target, as sent; "" without one
  Headers headers;
  std::string_view body;  // raw
};

// --- One row of the table
// ------------------------------------------------------------------------------------------

// Where a value stands in a request.
struct Field {
  enum class In : std::uint8_t {
    header,  // `name` is a header's
    body,    // `name` is a JSON pointer (RFC 6901); of a form body, "/" and a field's name
    text,    // `name` is the value itself, for providers that have but one
  };
  In in;
  std::string_view name;
  std::string_view prefix = {};     // stands before the value: "message."
  std::string_view qualifier = {};  // a JSON pointer: its text follows the value after a full stop, if there
};
constexpr Field in_header(std::string_view name) {
  return {Field::In::header, name};
}
constexpr Field in_body(std::string_view pointer) {
  return {Field::In::body, pointer};
}
constexpr Field always(std::string_view text) {
  return {Field::In::text, text};
}

// A dedupe key made of several values; it counts when all of them are there.
using KeyRecipe = std::span<const Field>;

enum class Scheme : std::uint8_t {
  standard_webhooks,  // headers with id, timestamp and signatures; HMAC-SHA256 or Ed25519 over
                      // id.timestamp.body
  signature,          // a signature over a text made by a template, see SignatureRule
  credential,         // a shared secret that comes along, see CredentialPlace
  jwt,                // a signed token (RFC 7519) that holds the body's SHA-256
  none,               // nothing: whoever knows the path may send
};

// What makes the dedupe key of an event without an id.
enum class WithoutId : std::uint8_t {
  body,           // the body's SHA-256: the same bytes again are the same event
  time_and_body,  // the signed time, as sent, with it: the same bytes at another time are another event
  nothing,        // no key: every request is an event of its own
};

enum class SignatureAlgorithm : std::uint8_t {
  hmac_sha1,
  hmac_sha256,
  hmac_sha512,
  ed25519,
  ecdsa_p256_sha256
};
enum class SignatureEncoding : std::uint8_t { hex, base64 };
enum class TimestampUnit : std::uint8_t { seconds, milliseconds };

// A signature over a text made by a template.
struct SignatureRule {
  SignatureAlgorithm algorithm = SignatureAlgorithm::hmac_sha256;
  // What is signed: text and the placeholders {timestamp} (as sent), {id} (the first dedupe field, as sent),
  // {method}, {url} (the address that the provider calls with the query that came), {body}, {sorted_form}
  // (name and value of each field of a form body, sorted by name) and {/pointer} (a text of a JSON body).
  std::string_view content = "{body}";
  std::span<const Field> signatures;  // each may carry one: one that is right is enough
  std::string_view prefix;            // "sha256=": must stand before the digits
  SignatureEncoding encoding = SignatureEncoding::hex;
  // A header of pairs, "t=1750000000,v1=…": 0 where the header is the signature alone.
  char pair_separator = 0;
  std::string_view signature_pair;   // "v1"; it may repeat, and others are skipped
  std::string_view timestamp_pair;   // "t"
  std::span<const Field> timestamp;  // where it stands by itself: none or one
  TimestampUnit timestamp_unit = TimestampUnit::seconds;
  // A query field with the hex SHA-256 of a body that is no form, where such a body is not part of `content`.
  std::string_view body_digest_query;
};

// Where a shared secret may come.
struct CredentialPlace {
  enum class Kind : std::uint8_t {
    header,  // the whole value of header `name`
    bearer,  // Authorization: Bearer …
    basic,   // Authorization: Basic …, the secret being "user:password"
    query,   // the query field `name`
  };
  Kind kind;
  std::string_view name;
};

enum class BodyKind : std::uint8_t {
  json,          // anything else is refused
  json_or_form,  // a form by its Content-Type; its field "payload", where there is one, holds JSON
  any,           // read when it is JSON or a form, accepted all the same
};

// How a provider finds out that somebody listens.
enum class Handshake : std::uint8_t {
  none,
  body_challenge,    // signed {"type":"url_verification","challenge":…}: the challenge, as text
  hashed_challenge,  // signed {"event":"endpoint.url_validation",…plainToken}: its HMAC under the secret
  ping,              // signed {"type":1}: {"type":1}; signed {"type":0}: 204
  unsigned_ping,     // a form with nothing but webhook_id, before the first signed request: 200
  hub_challenge,     // GET with hub.mode=subscribe, the verify token and hub.challenge: the challenge
  validation_token,  // ?validationToken=… on the first request: the token, as text
};

struct Sample {
  std::string_view type;
  // JSON or a form, with {{id}} (32 hex digits), {{number}} (a positive number made of them), {{now}} (Unix
  // seconds), {{now_ms}} and {{now_iso}}.
  std::string_view body;
};

// What a type that is only a number on the wire is called here.
struct TypeName {
  std::string_view sent;  // "2"
  std::string_view type;
};

// The answer that an event of one type wants in place of the usual one.
struct TypeReply {
  std::string_view type;
  int status = 200;
  std::string_view body;
  std::string_view content_type;
};

// One row. Every text is a literal, or outlives whoever uses the row.
struct Provider {
  std::string_view name;   // "stripe", as configuration says it
  std::string_view title;  // "Stripe", for people
  Scheme scheme = Scheme::none;
  SignatureRule signature;                       // of Scheme::signature
  std::span<const CredentialPlace> credentials;  // of Scheme::credential: a secret in any of them counts
  std::string_view token_header;                 // of Scheme::jwt
  std::string_view body_claim;                   // of Scheme::jwt: holds the base64 SHA-256 of the body
  // Of Scheme::standard_webhooks: "webhook-", "svix-". The first is what is signed with.
  std::span<const std::string_view> header_prefixes;

  SecretForm secret_form = SecretForm::text;  // how the texts of its secrets are read
  // Usual variables; all that are set are used. "USER:PASSWORD" means two, joined by a colon.
  std::span<const std::string_view> secret_environment;

  std::chrono::seconds tolerance{
      0};  // the default of both sides of the window; 0: no timestamp, or none that counts
  std::chrono::hours retry_horizon{0};        // how long the provider itself tries; a dedupe window is longer
  std::span<const std::string_view> methods;  // "POST" first
  bool needs_url = false;                     // the address that the provider calls is part of what it signs

  // What the sender is told.
  int reject_status = 400;                         // missing, wrong or out of its window
  int missing_status = 0;                          // where a missing credential has another
  std::span<const std::string_view> strict_types;  // events whose bad signature has a status of its own
  int strict_status = 0;
  std::string_view reject_text = "Invalid signature";
  int success_status = 200;
  std::string_view success_body = R"({"received":true})";
  std::string_view success_type = "application/json";
  std::span<const TypeReply> replies;  // to the types that want another
  Handshake handshake = Handshake::none;

  // What an event is.
  BodyKind body = BodyKind::json;
  bool is_array = false;  // a JSON array of events; fields are looked up in each
  // The first recipe that is whole makes the dedupe key, and its first field is the provider's id. Where
  // a header of it is not signed, the body's SHA-256 is part of the key.
  std::span<const KeyRecipe> dedupe;
  WithoutId without_id = WithoutId::body;  // when no recipe is whole
  std::span<const Field> types;            // the first that is there counts, as in all of these
  std::span<const TypeName> type_names;
  std::span<const Field> subjects;  // what the event is about
  std::span<const Field>
      times;  // when it happened: seconds, milliseconds or ISO 8601, told apart by their look
  std::span<const std::string_view> event_types;  // known ones, sorted; others are accepted all the same
  std::span<const Sample> samples;
  // Makes samples of all event_types in place of the list; the text is JSON. Nothing for another type.
  std::optional<std::string> (*make_sample)(std::string_view type, std::chrono::sys_seconds now) = nullptr;
  std::string_view sample_id_prefix;  // "wh_": of a sample's id that stands in a header
  // The signature headers of the provider, lower case: dropped when a delivery is signed otherwise.
  std::span<const std::string_view> signature_headers;

  // For people: the provider's own page, and what one has to know that no other member says.
  std::string_view documentation;
  std::string_view notes;
  std::string_view page;     // of docs/, where there is more to say: "providers/slack.md"
  std::string_view example;  // lines of configuration beyond provider and secrets
};

const Provider* find_provider(std::string_view name);
std::span<const Provider> all_providers();  // in the order of docs/providers.md

// The known type that is nearest to a mistyped one, or nothing when none is near.
std::optional<std::string_view> nearest_event_type(const Provider& provider, std::string_view type);

// A sample event as the provider would send it, unsigned. `id` makes it differ from others.
struct SampleRequest {
  std::string body;
  std::string content_type;
  std::string provider_id;                                   // for Receiver::sign
  std::vector<std::pair<std::string, std::string>> headers;  // where type and id stand in headers
};
// Nothing when there is no sample of this type.
std::optional<SampleRequest> sample(const Provider& provider, std::string_view type, std::string_view id,
                                    std::chrono::sys_seconds now);
// The same with a body of one's own, and so of any type.
SampleRequest sample_with_body(const Provider& provider, std::string_view type, std::string body,
                               std::string_view id);
std::vector<std::string_view> sample_types(const Provider& provider);

// --- Receiving
// ---------------------------------------------------------------------------------------------------

// One event of a request. `body` is its exact slice of the received bytes.
struct ReceivedItem {
  std::string_view body;
  std::string dedupe_key;   // "" when nothing tells this event from another: it is never a duplicate
  std::string provider_id;  // what the provider calls this message; "" when it does not
  std::string type;         // "batch.completed"; "" when there is none
  std::string subject;      // "batch_…": the object the event is about; "" when there is none
  std::optional<std::chrono::sys_seconds> occurred;  // by the provider's word
};

struct Reply {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

// A request that was found genuine, read.
struct Received {
  std::vector<ReceivedItem> items;  // exactly one, but for providers that send arrays, and handshakes
  std::size_t key_index = 0;        // which key matched
  std::optional<Reply> reply;       // the answer to a handshake: no event
};

enum class ReceiveCause : std::uint8_t {
  signature,     // see `verify_error`
  invalid_json,  // authentic, and not JSON where the provider sends JSON
};
struct ReceiveError {
  ReceiveCause cause;
  std::optional<VerifyError> verify_error;
  std::string detail;  // for quarantine and log: never a secret, never an expected signature
};

// Public keys for tokens (RFC 7517), as a provider publishes them. Immutable.
class JwkSet {
 public:
  // RSA, EC (P-256, P-384, P-521) and Ed25519 keys; others are skipped. The error is a sentence.
  static std::expected<std::shared_ptr<const JwkSet>, std::string> parse(std::string_view json);
  ~JwkSet();
  std::size_t size() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit JwkSet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The names of the token algorithms that are known: "HS256" … "EdDSA". "none" is not among them.
std::span<const std::string_view> jwt_algorithms();

struct ReceiverOptions {
  std::optional<std::chrono::seconds> tolerance;  // else the provider's
  std::size_t body_bytes_max = std::size_t{1} << 20;
  std::string url;  // the address that the provider calls, without a query; see Provider::needs_url
  bool dedupe_by_body = false;          // the same body again is a duplicate whatever its id
  std::vector<std::string> algorithms;  // of tokens: those that are accepted; empty: HS256, HS384 and HS512
  // The published keys as they are now, or null when there are none yet. Called for every token.
  std::function<std::shared_ptr<const JwkSet>()> jwks;
  Handshake handshake = Handshake::none;  // besides the provider's own
  std::string verify_token;               // of hub_challenge
};

// What stands in the store in place of a credential; see Receiver::receive_stored.
using Masking = std::function<std::string(std::string_view credential)>;

// A source's keys under its provider's scheme, ready to use. Immutable: share between threads.
class Receiver {
 public:
  // `provider` outlives the receiver.
  Receiver(const Provider& provider, std::vector<Key> keys, ReceiverOptions options = {});
  Receiver(Receiver&&) noexcept;
  Receiver& operator=(Receiver&&) noexcept;
  ~Receiver();

  // Verifies first and only then reads (but for signatures that stand in the body itself). Views in the
  // result point into the request.
  [[nodiscard]] std::expected<Genuine<Received>, ReceiveError> receive(const IncomingRequest& request,
                                                                       std::chrono::sys_seconds now) const;

  // The same for a request that was kept with its credentials masked, with the time at which it came.
  [[nodiscard]] std::expected<Genuine<Received>, ReceiveError> receive_stored(
      const IncomingRequest& request, std::chrono::sys_seconds received, const Masking& masked) const;

  // The answer to a handshake that comes without a signature; nothing for any other request. Asked first.
  std::optional<Reply> greet(const IncomingRequest& request) const;

  bool accepts(std::string_view method) const;
  const std::string& allow() const;  // "POST, PUT", for the Allow header

  // What the sender is told of an error: nothing of its cause. `headers` are the request's.
  Reply refusal(const ReceiveError& error, Headers headers) const;

  const Provider& provider() const;
  std::span<const Key> keys() const;
  std::string_view key_label(std::size_t index) const;

  // Whether a header or a query field carries this source's credential: neither stored nor forwarded as it
  // came. A query field's name is decoded.
  bool is_credential_header(std::string_view name) const;
  bool is_credential_query(std::string_view name) const;
  // Whether the row reads a header for something else, an id, a type, a time or a signature, however much its
  // name looks like a credential's. A signature is good for one body only.
  bool reads_header(std::string_view name) const;
  // Whether the query is part of what the provider signs.
  bool signs_query() const;

  // Whether any key can make what the provider's signature is, or send along its credential.
  bool can_sign() const;
  // Whether signing means that the secret itself travels.
  bool sends_secret() const;

  struct SignRequest {
    std::string_view provider_id;
    std::string_view body;
    std::string_view content_type;  // "" for JSON
    std::string_view method = "POST";
    std::string_view url;  // where it goes, with its query
    std::chrono::sys_seconds now;
  };
  struct SignedHeader {
    std::string name;
    std::string value;
  };
  struct Signed {
    std::vector<SignedHeader> headers;
    std::string query;  // "token=…", for a credential that stands there; else ""
  };
  // Signs anew under the source's own scheme: same id, same body, fresh timestamp; one signature per key that
  // is valid at `now`, in the order of the file, where the scheme takes a list (a handler then passes through
  // a rotation), else the first. Empty when no key can sign.
  Signed sign(const SignRequest& request) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel
