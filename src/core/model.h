// The words everyone uses (docs/concepts.md): what is configured, what is kept, what is delivered.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <creel/webhooks.h>

#include "core/clock.h"
#include "core/ids.h"

namespace creel {

// --- Configured
// ----------------------------------------------------------------------------------------------------

// Statuses from `from` to `to`, both included.
struct StatusRange {
  int from = 0, to = 0;
  bool is_excluded = false;  // "!501": taken out of the others

  bool operator==(const StatusRange&) const = default;
};

struct RetryPolicy {
  enum class Growth : std::uint8_t {
    exponential,  // initial, initial × factor, initial × factor² …
    linear,       // initial, 2 × initial, 3 × initial …
    list,         // as `delays` has them; the last one again and again
  };
  std::chrono::milliseconds initial = std::chrono::seconds(1);
  std::chrono::milliseconds max = std::chrono::hours(1);
  double factor = 2.0;
  double jitter = 0.2;  // Spreads each delay evenly over ± this share of it.
  int attempts = 100;   // Counts the first try. With the above: about 3½ days.
  Growth growth = Growth::exponential;
  std::vector<std::chrono::milliseconds> delays;  // of Growth::list, at least one
  // No attempt is planned for later than this after the event was received. Zero: no limit. A retry by hand
  // is not bound by it.
  std::chrono::milliseconds age{0};
  // Which statuses are tried again; all others are final. Empty: every one that is not 2xx. With nothing but
  // exclusions: every one but these. What is no answer at all is always tried again.
  std::vector<StatusRange> statuses;

  bool operator==(const RetryPolicy&) const = default;
};

// So many attempts in each such time; `burst` of them at once.
struct Rate {
  std::uint32_t count = 1;
  std::chrono::milliseconds per = std::chrono::seconds(1);
  std::optional<std::uint32_t> burst;  // else one second's worth, at least 1

  bool operator==(const Rate&) const = default;
};

// Opens when at least this share of at least so many attempts within the window failed, or when a few ended
// and all of them had run into their timeout; a single delivery is tried after `probe_after`, and its success
// closes it.
struct BreakerPolicy {
  double ratio = 0.5;
  int attempts = 20;
  std::chrono::milliseconds window = std::chrono::seconds(60);
  std::chrono::milliseconds probe_after = std::chrono::seconds(30);

  bool operator==(const BreakerPolicy&) const = default;
};

// Deliveries with the same key go one after another, in the order in which their events were accepted.
struct OrderPolicy {
  enum class OnFailure : std::uint8_t {
    block,  // the key waits while its failed delivery is tried again
    park,   // and also after it is dead, until an operator acts
    skip,   // the next one goes at once
  };
  std::string by;  // "data.id" of the body, or "header:X-Account"; "": no order
  OnFailure on_failure = OnFailure::block;

  bool operator==(const OrderPolicy&) const = default;
};

// What an attempt shows of who creel is. Holds secrets: never logged or shown.
struct BasicAuth {
  std::string user, password;
  bool operator==(const BasicAuth&) const = default;
};
struct BearerAuth {
  std::string token;
  bool operator==(const BearerAuth&) const = default;
};
struct ApiKeyAuth {
  std::string header, value;
  bool operator==(const ApiKeyAuth&) const = default;
};
// Client credentials (RFC 6749 §4.4).
struct OAuth2Auth {
  std::string token_url, client_id, client_secret;
  std::string scope, audience;  // "" for none
  bool in_body = false;         // the credentials go as fields of the form, not as Basic
  bool operator==(const OAuth2Auth&) const = default;
};
// A MAC over the body as it goes out.
struct HmacAuth {
  enum class Hash : std::uint8_t { sha1, sha256, sha512 };
  enum class Encoding : std::uint8_t { hex, base64 };
  std::string secret;  // its bytes
  std::string header = "X-Signature", prefix;
  Hash hash = Hash::sha256;
  Encoding encoding = Encoding::hex;
  bool operator==(const HmacAuth&) const = default;
};
using HttpAuth = std::variant<std::monostate, BasicAuth, BearerAuth, ApiKeyAuth, OAuth2Auth, HmacAuth>;

// Which addresses a destination that is marked untrusted may have.
struct TargetGuard {
  std::vector<std::string> networks;  // of the refused kinds, those that are allowed after all: "10.1.0.0/16"
  std::vector<std::uint16_t> ports;   // empty: 80, 443 and all from 1024 on
  bool https_only = false;

  bool operator==(const TargetGuard&) const = default;
};

struct HttpSettings {
  std::string method = "POST";                               // POST, PUT or PATCH
  std::vector<std::pair<std::string, std::string>> headers;  // added, in place of what has their name
  HttpAuth auth;
  std::string client_certificate, client_key;  // paths of PEM files
  std::string ca;                              // path of a PEM file, in place of the system's
  // What these files held when they were checked, which is what counts; "" where they were not.
  std::string client_certificate_pem, client_key_pem, ca_pem;
  bool insecure = false;  // trusts every certificate
  std::string proxy;      // http://, https:// or socks5h://; "" for none
  TargetGuard guard;      // of an untrusted destination

  bool operator==(const HttpSettings&) const = default;
};

// A program that takes the event on its standard input.
struct ExecSettings {
  std::vector<std::string> command;  // the program's path and its arguments
  std::vector<std::pair<std::string, std::string>> environment;
  std::string user;       // "" for creel's own
  std::string directory;  // it starts in; "" for /

  bool operator==(const ExecSettings&) const = default;
};

enum class SignMode {
  source,    // again, with the source's own scheme and secrets and a fresh timestamp
  original,  // the provider's headers as they came
  standard,  // as Standard Webhooks, with the destination's own secret
  none,      // no signature
};

enum class DestinationKind : std::uint8_t { http, exec, standard_output };
std::string_view to_text(DestinationKind kind);  // "http", "exec", "stdout"

struct Destination {
  std::string name;
  std::string url;  // http:// or https://; of kind http
  int concurrency = 32;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  RetryPolicy retry;
  SignMode sign = SignMode::source;
  bool sign_explicit = false;            // Said, and not the default: a secret travels only then.
  std::shared_ptr<const Secret> secret;  // For SignMode::standard.
  bool untrusted = false;                // Never given a provider's signature, nor an address of ours.
  DestinationKind kind = DestinationKind::http;
  HttpSettings http;  // of kind http
  ExecSettings exec;  // of kind exec
  std::optional<Rate> rate;
  bool is_adaptive = false;  // `concurrency` is the most; how many really run follows how it does
  std::optional<BreakerPolicy> breaker;
  OrderPolicy order;
};

// What an operator, or a destination itself, has brought to a stop: deliveries are held, events go on coming.
// Outlives restarts.
struct Pause {
  enum class What : std::uint8_t { source, route, destination };
  What what = What::destination;
  std::string name;
  Time since;
  std::string reason;  // "by hand", "it answered 410 Gone"

  bool operator==(const Pause&) const = default;
};
std::string_view to_text(Pause::What what);  // "source", "route", "destination"

// From sources, through types, filter and transform, to destinations. Of the routes that lead an event to a
// destination the first in the order of the file decides. Plain data: rules/routes.h makes it work.
struct Route {
  std::string name;                // "route 2" where it has none of its own
  std::vector<std::string> from;   // sources
  std::vector<std::string> types;  // globs, one of which the event's type matches; empty: any type
  std::string filter;              // JSON, as rules/filter.h reads it; "": everything
  std::string transform;           // Lua, as rules/transform.h reads it; "": the event goes as it is
  std::vector<std::string> to;     // destinations

  bool operator==(const Route&) const = default;
};

// --- Kept
// ----------------------------------------------------------------------------------------------------------

// A destination of one event, decided before the append.
struct Target {
  std::uint16_t destination = 0;  // its place in NewEvent::destinations
  // By way of a transform: it must not go there as it is, whatever becomes of the route.
  bool transformed = false;

  bool operator==(const Target&) const = default;
};

// One event of a request that is to be kept. The body is a slice of the request's.
struct NewItem {
  std::string_view dedupe_key;  // "": never a duplicate
  std::string_view provider_id;
  std::string_view type;
  std::string_view subject;
  std::optional<Time> occurred;
  std::uint32_t body_offset = 0;
  std::uint32_t body_bytes = 0;
  // Where it goes; nothing: to all of NewEvent::destinations, untransformed.
  std::optional<std::span<const Target>> targets = std::nullopt;
};

// A request to be kept, with everything that is decided before the append. All views belong to
// the caller and must hold still until the append is done.
struct NewEvent {
  std::string_view source;
  Time received;
  std::chrono::seconds dedupe_window{0};
  std::string_view peer;          // address of the sender
  std::string_view secret_label;  // which key matched
  std::string_view
      head;  // request line and header lines as received, up to the empty line; credentials replaced
  std::string_view body;
  std::span<const NewItem> items;
  std::span<const std::string_view>
      destinations;  // names; each item gets one delivery for each of its targets
};

// A request that was not accepted. Kept as far as the quarantine's limits allow.
struct NewRejected {
  std::string_view source;  // "" when none was found
  Time received;
  std::string_view peer;
  std::string_view cause;   // one of a small set of names: "signature_mismatch", "invalid_json" …
  std::string_view detail;  // one sentence, no secret
  int status = 0;           // what the sender was answered
  std::string_view head;    // credentials replaced
  std::string_view body;    // cut by the store where it is longer than the quarantine keeps
};

// --- Delivered
// -----------------------------------------------------------------------------------------------------

enum class DeliveryState : std::uint8_t { pending, delivered, dead, cancelled };
std::string_view to_text(DeliveryState state);

// What became of one attempt.
enum class AttemptResult : std::uint8_t {
  delivered,   // 2xx
  status,      // an answer that is not 2xx
  connect,     // no connection
  dns,         // no address
  tls,         // no trust
  timeout,     // no answer in time
  reset,       // the connection broke
  body_limit,  // the answer was larger than creel reads; its status had not come to count
  unsent,      // never left: signing or the request itself was not possible
  exit,        // the program ended with another code than 0; `status` is the code, or minus the signal
  refused,     // the address is not one that an untrusted destination may have
  auth,        // no token for it could be had
};
std::string_view to_text(AttemptResult result);

// Why an attempt was made.
enum class AttemptTrigger : std::uint8_t {
  first,   // of a new delivery
  retry,   // after a failure
  manual,  // an operator said `retry`
  replay,  // of a delivery that a replay made
  resume,  // the first after its destination, source or route was resumed, or its transform mended
};
std::string_view to_text(AttemptTrigger trigger);

// How long each part of an attempt took; zero for one that did not happen. A connection that is used again
// has no dns, connect and tls.
struct AttemptTimings {
  std::chrono::microseconds dns{0}, connect{0}, tls{0};
  std::chrono::microseconds first_byte{0};  // from the request's going out to the answer's first byte

  bool operator==(const AttemptTimings&) const = default;
};

struct Attempt {
  std::uint32_t number = 1;  // counts over the delivery's life
  Time started;
  std::chrono::milliseconds took{0};
  AttemptResult result = AttemptResult::connect;
  int status = 0;     // HTTP status, 0 without one
  std::string reply;  // head and body of a failure as text, at most 16 KiB; "" for a success
  std::string error;  // one sentence for a person; "" for a success
  AttemptTrigger trigger = AttemptTrigger::first;
  AttemptTimings timings;
};

// An attempt, and what the dispatcher makes of it.
struct Outcome {
  DeliveryId delivery;
  Attempt attempt;
  DeliveryState state = DeliveryState::pending;
  Time due;  // of the next attempt, while pending
};

// An operator's word about deliveries of one event.
struct Command {
  enum class Kind : std::uint8_t {
    retry,   // pending again and due now, with a fresh budget of attempts; made if it was dead, delivered or
             // cancelled
    cancel,  // pending or dead becomes cancelled
  };
  Kind kind = Kind::retry;
  EventId event;
  std::string destination;  // "": every destination of the event
  Time at;
  std::uint32_t ordinal = 0;  // 0: every delivery there
};

// What a job wants done with deliveries.
struct Orders {
  enum class Kind : std::uint8_t {
    retry,   // as of a command, of those that are in one of `states` then
    cancel,  // as of a command, of those that are in one of `states` then
    replay,  // makes a new delivery of each event for its destination: pending, due now, with the next
             // ordinal
  };
  Kind kind = Kind::replay;
  Time at;
  std::vector<DeliveryState> states;   // of retry and cancel
  std::vector<DeliveryId> deliveries;  // of a replay the ordinal is not looked at
};

// An event as it stands in the journal.
struct StoredEvent {
  EventId id;
  std::string source;
  Time received;
  std::string peer;
  std::string secret_label;
  std::string provider_id;
  std::string type;
  std::string subject;
  std::string dedupe_key;  // "" for one that is never a duplicate
  std::optional<Time> occurred;
  std::string head;      // as NewEvent::head
  std::string body;      // of this item
  bool is_whole = true;  // the item is the request's whole body, so the source's signature can cover it
  std::vector<std::string> transformed;  // destinations to which it goes by way of a transform only
};

}  // namespace creel
