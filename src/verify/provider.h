// A provider is data: how it signs, where its id and type stand, what it expects back.
//
// One row of a table a provider. The gateway asks the table and never knows a provider by name.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <creel/webhooks.h>

namespace creel {

enum class Scheme {
  standard_webhooks,  // id, timestamp and signature headers; HMAC-SHA256 or Ed25519 over id.timestamp.body
};

// How a provider writes when the event happened.
enum class TimeFormat {
  unix_seconds,  // a JSON integer
  iso_8601,      // a JSON string with a zone: "2022-11-03T20:26:10.344522Z"
};

// One row. Every text is a literal.
struct Provider {
  std::string_view name;  // "openai", as configuration says it
  Scheme scheme;
  SecretForm secret_form;               // how the texts of its secrets are read
  std::string_view header_prefix;       // "webhook-"
  std::string_view secret_environment;  // "OPENAI_WEBHOOK_SECRET"; empty when none is usual
  std::chrono::seconds tolerance;       // the default of both sides of the window
  std::chrono::hours retry_horizon;     // how long the provider itself tries; a dedupe window is longer
  int reject_status;                    // of a signature that is missing, wrong or out of its window
  bool body_is_json;                    // authentic, yet no JSON: 400
  // JSON pointers into a verified body; empty when the provider has none.
  std::string_view type_pointer;
  std::string_view time_pointer;
  TimeFormat time_format;
  // Tried in order for what the event is about; the first that is a string counts.
  std::span<const std::string_view> subject_pointers;
  std::span<const std::string_view> event_types;  // known ones, sorted; others are accepted all the same
  // The signature headers of the provider, lower case: dropped when a delivery is signed otherwise.
  std::span<const std::string_view> signature_headers;
};

const Provider* find_provider(std::string_view name);
std::span<const Provider> all_providers();

// The known type that is nearest to a mistyped one, or nothing when none is near.
std::optional<std::string_view> nearest_event_type(const Provider& provider, std::string_view type);

// One event of a request. `body` is its exact slice of the received bytes.
struct ReceivedItem {
  std::string_view body;
  std::string dedupe_key;   // the provider's id for OpenAI
  std::string provider_id;  // what the provider calls this message; stable over its retries
  std::string type;         // "batch.completed"; "" when there is none
  std::string subject;      // "batch_…": the object the event is about; "" when there is none
  std::optional<std::chrono::sys_seconds> occurred;  // by the provider's word
};

// A request that was found genuine, read.
struct Received {
  std::vector<ReceivedItem> items;  // exactly one, but for providers that send arrays
  std::size_t key_index = 0;        // which key matched
};

enum class ReceiveCause {
  signature,     // see `verify_error`
  invalid_json,  // authentic, and not JSON where the provider sends JSON
};
struct ReceiveError {
  ReceiveCause cause;
  std::optional<VerifyError> verify_error;
  std::string detail;  // for quarantine and log: never a secret, never an expected signature
};

// A source's keys under its provider's scheme, ready to use. Immutable: share between threads.
class Receiver {
 public:
  // `provider` outlives the receiver.
  Receiver(const Provider& provider, std::vector<Key> keys, std::chrono::seconds tolerance,
           std::size_t body_bytes_max);
  Receiver(Receiver&&) noexcept;
  Receiver& operator=(Receiver&&) noexcept;
  ~Receiver();

  // Verifies first and only then parses: no parser ever sees unverified bytes. Views in the result point into
  // `raw_body`.
  [[nodiscard]] std::expected<Genuine<Received>, ReceiveError> receive(Headers headers,
                                                                       std::string_view raw_body,
                                                                       std::chrono::sys_seconds now) const;

  const Provider& provider() const;
  std::string_view key_label(std::size_t index) const;

  // The headers that sign `raw_body` anew under the source's own scheme: same id, fresh timestamp, one
  // signature per key that is valid at `now`, in the order of the file: a handler then passes through a
  // rotation. Empty when no key can sign.
  struct SignedHeader {
    std::string name;
    std::string value;
  };
  std::vector<SignedHeader> sign(std::string_view provider_id, std::string_view raw_body,
                                 std::chrono::sys_seconds now) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel
