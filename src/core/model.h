// The words everyone uses (docs/concepts.md): what is configured, what is kept, what is delivered.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <creel/webhooks.h>

#include "core/clock.h"
#include "core/ids.h"

namespace creel {

// --- Configured
// ----------------------------------------------------------------------------------------------------

struct RetryPolicy {
  std::chrono::milliseconds initial = std::chrono::seconds(1);
  std::chrono::milliseconds max = std::chrono::hours(1);
  double factor = 2.0;
  double jitter = 0.2;  // Spreads each delay evenly over ± this share of it.
  int attempts = 100;   // Counts the first try. With the above: about 3½ days.
};

enum class SignMode {
  source,    // again, with the source's own scheme and secrets and a fresh timestamp
  original,  // the provider's headers as they came
  standard,  // as Standard Webhooks, with the destination's own secret
  none,      // no signature
};

struct Destination {
  std::string name;
  std::string url;  // http:// or https://
  int concurrency = 32;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  RetryPolicy retry;
  SignMode sign = SignMode::source;
  bool sign_explicit = false;            // Said, and not the default: a secret travels only then.
  std::shared_ptr<const Secret> secret;  // For SignMode::standard.
  bool untrusted = false;                // Never given a provider's signature.
};

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
};
std::string_view to_text(AttemptResult result);

struct Attempt {
  std::uint32_t number = 1;  // counts over the delivery's life
  Time started;
  std::chrono::milliseconds took{0};
  AttemptResult result = AttemptResult::connect;
  int status = 0;     // HTTP status, 0 without one
  std::string reply;  // head and body of a failure as text, at most 16 KiB; "" for a success
  std::string error;  // one sentence for a person; "" for a success
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
    cancel,  // pending becomes cancelled
  };
  Kind kind = Kind::retry;
  EventId event;
  std::string destination;  // "": every destination of the event
  Time at;
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
