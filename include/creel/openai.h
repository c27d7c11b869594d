// OpenAI's webhooks: from a request to a typed event, and from an event to what has to be fetched next.
//
//   auto verifier = creel::openai::make_verifier({std::getenv("OPENAI_WEBHOOK_SECRET")});
//   auto event = creel::openai::unwrap(headers, raw_body, *verifier, now);
//   if (!event) return reply(creel::openai::is_ours(event.error()) ? 500 : 400);
//   if (auto* batch = std::get_if<creel::openai::BatchEvent>(&event->data)) fetch(batch->id);
//
// OpenAI adds event types between releases of its SDKs. A type that is not known here, or `data` of an
// unexpected shape, is never an error: the event comes as an UnknownEvent with the reason, and its bytes are
// kept whole.
//
// The types and shapes are those of OpenAI's webhook guide, its OpenAPI document and its SDKs as of November
// 2026.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <creel/webhooks.h>

namespace creel::openai {

// A value of a set that OpenAI may extend: the name if it is known, and always the text.
template <class E>
struct Open {
  E value = E::unknown;
  std::string text;
};

// --- What an event is about
// ----------------------------------------------------------------------------------------

// A batch: fetch it, then its output and error files. A completed batch may have no output file, if every row
// failed.
struct BatchEvent {
  enum class State : std::uint8_t { cancelled, completed, expired, failed };
  State state;
  std::string id;  // "batch_…"
};

// A run of an eval. OpenAI does not say of which eval, though fetching the run needs it: remember it when you
// start one.
struct EvalRunEvent {
  enum class State : std::uint8_t { canceled, failed, succeeded };
  State state;
  std::string id;  // "evalrun_…"
};

struct FineTuningJobEvent {
  enum class State : std::uint8_t { cancelled, failed, succeeded };
  State state;
  std::string id;  // "ftjob-…"
};

// A response that was made with background: true.
struct ResponseEvent {
  enum class State : std::uint8_t { cancelled, completed, failed, incomplete };
  State state;
  std::string id;  // "resp_…"
};

// A header of the SIP INVITE, as the caller's network sent it: untrusted. Escape it before it goes to a log.
struct SipHeader {
  std::string name;
  std::string value;
};

enum class SipMediaSecurity : std::uint8_t { unknown, rtp, srtp };

// A phone call that rings until it is accepted or rejected. Answering the webhook does not answer the call.
struct RealtimeCallIncoming {
  std::string call_id;
  std::vector<SipHeader> sip_headers;
  std::optional<Open<SipMediaSecurity>> sip_media_security;
};

enum class LiveTransport : std::uint8_t { unknown, sip };

struct LiveTransportIncoming {
  Open<LiveTransport> transport;
  std::string session_id;
  std::vector<SipHeader> sip_headers;
  std::optional<Open<SipMediaSecurity>> sip_media_security;
};

// Deprecated by OpenAI in favour of live.transport.incoming.
struct LiveCallIncoming {
  std::string session_id;
  std::vector<SipHeader> sip_headers;
  std::optional<Open<SipMediaSecurity>> sip_media_security;
};

struct SafetyAlertEvent {
  enum class Scope : std::uint8_t { project, organization };
  Scope scope;
  std::string id;  // "alert_…"
};

struct SafetyCaseEvent {
  enum class Notice : std::uint8_t { warning, deactivation };
  Notice notice;
  std::string id;
};

enum class SafetyCategory : std::uint8_t { unknown, bio, cyber };

// Withdrawn by OpenAI in July 2026; kept for events that were stored before. There is nothing to fetch.
struct SafetyIdentifierBlocked {
  Open<SafetyCategory> category;
  std::string safety_identifier;
  std::optional<std::string> model;
  std::optional<std::string> project_id;
  std::optional<std::string> request_id;
};

enum class EnvironmentType : std::uint8_t { unknown, none, openai_hosted, self_hosted };
enum class RequiredAction : std::uint8_t {
  unknown,
  computer_use_approval_request,
  function_call,
  environment_connection,
};

struct AgentSessionEvent {
  enum class State : std::uint8_t { action_required, created, failed, idle, in_progress };
  State state;
  std::string id;
  std::optional<Open<EnvironmentType>> environment_type;  // Always there but for action_required.
  std::optional<std::string> environment_id;
  std::optional<std::string> connect_url;               // created, self-hosted: where the executor connects.
  std::optional<Open<RequiredAction>> required_action;  // action_required only.
};

struct AgentEnvironmentEvent {
  enum class State : std::uint8_t { expired, failed, ready, suspended };
  State state;
  std::string id;
};

// The Videos API was shut down in September 2026; kept for events that were stored before.
struct VideoEvent {
  enum class State : std::uint8_t { completed, failed };
  State state;
  std::string id;  // "video_…"
};

// An authentic event that this release cannot read further. Its raw body has everything.
struct UnknownEvent {
  enum class Reason : std::uint8_t {
    new_type,         // the type is not known here
    unexpected_data,  // the type is known, and `data` is not of its shape
  };
  Reason reason;
  std::string detail;  // One sentence: "data.id is missing".
};

using EventData =
    std::variant<BatchEvent, EvalRunEvent, FineTuningJobEvent, ResponseEvent, RealtimeCallIncoming,
                 LiveTransportIncoming, LiveCallIncoming, SafetyAlertEvent, SafetyCaseEvent,
                 SafetyIdentifierBlocked, AgentSessionEvent, AgentEnvironmentEvent, VideoEvent, UnknownEvent>;

struct Event {
  std::string webhook_id;               // The same on every retry: act once for each. Empty after parse().
  std::string id;                       // "evt_…"; not the key to recognise a retry by.
  std::string type;                     // "batch.completed"
  std::chrono::sys_seconds created_at;  // When the thing happened, not when it was sent.
  EventData data;
  std::string raw_body;       // Byte for byte, for what this release does not know.
  std::size_t key_index = 0;  // Which key of the verifier matched.
};

// --- From a request to an event
// ------------------------------------------------------------------------------------

enum class UnwrapCause : std::uint8_t {
  bad_secret,     // ours: the secret cannot be used; see secret_error
  signature,      // not accepted; see verify_error
  invalid_json,   // authentic, and not JSON in UTF-8
  duplicate_key,  // an object has a key twice: two readers could see two events
  too_deep,       // nested more than 64 levels
  not_an_object,  // JSON, and not an object
  missing_field,  // an event has an id, a type, a created_at and data; see field
  wrong_type,     // one of them is there and of another type; see field
};
struct UnwrapError {
  UnwrapCause cause;
  std::optional<VerifyError> verify_error;
  std::optional<SecretError> secret_error;
  std::string_view field;  // A literal: "created_at".
};
// One sentence, without anything from the request.
std::string describe(const UnwrapError& error);

// True when the receiver has to put something right (500), false when the sender has (400).
bool is_ours(const UnwrapError& error);

// Takes the texts of one or more secrets, as OPENAI_WEBHOOK_SECRET has them: several while a secret is
// rotated. Empty and null ones are skipped; the error is that of the first that cannot be used, or `empty`
// when none is left. The keys are labelled "secret 1", "secret 2" … by their place.
std::expected<Verifier, SecretError> make_verifier(std::initializer_list<const char*> secrets,
                                                   VerifyOptions options = {});
std::expected<Verifier, SecretError> make_verifier(std::span<const std::string> secrets,
                                                   VerifyOptions options = {},
                                                   SecretForm form = SecretForm::strict_hmac);

// Verifies, then parses. Nothing is parsed that is not authentic. Safe to call from many threads.
[[nodiscard]] std::expected<Event, UnwrapError> unwrap(Headers headers, std::string_view raw_body,
                                                       const Verifier& verifier,
                                                       std::chrono::sys_seconds now);

// The same with one secret that is parsed on every call: for a script, not for a server.
[[nodiscard]] std::expected<Event, UnwrapError> unwrap(Headers headers, std::string_view raw_body,
                                                       std::string_view secret, std::chrono::sys_seconds now);

// Reads a body that was verified before, as one out of a store. `webhook_id` stays empty.
[[nodiscard]] std::expected<Event, UnwrapError> parse(std::string_view verified_body);

// --- From an event to what comes next
// ------------------------------------------------------------------------------

// A call of OpenAI's REST API at https://api.openai.com, with the project's own API key.
struct RestCall {
  std::string_view method;  // "GET"
  std::string path;         // "/v1/batches/batch_…"; ids in it are percent-encoded
  std::string_view
      missing;  // what the event does not say: "eval_id" (it stands as {eval_id} in the path), "body" or ""
  std::string_view header;  // a header line that the call needs besides: "OpenAI-Beta: agents=v1", or ""
};

// Fetches what the event is about; for an incoming call, accepts it. Nothing where there is nothing to fetch.
std::optional<RestCall> follow_up(const Event& event);

// The same with the eval that the application remembered. Only EvalRunEvent needs it.
RestCall follow_up(const EvalRunEvent& run, std::string_view eval_id);

// Of the object that the event is about: data.id, or the id of the call, session or identifier. "" when
// unknown.
std::string_view subject_id(const Event& event);

// --- For tests and tools
// -------------------------------------------------------------------------------------------

// All types that this release knows, sorted; withdrawn ones included.
std::span<const std::string_view> event_types();

// The known type that is nearest to a mistyped one, or nothing when none is near.
std::optional<std::string_view> nearest_event_type(std::string_view type);

// A body of this type as OpenAI would send it, with made-up ids. Nothing when the type is not known.
std::optional<std::string> sample(
    std::string_view type,
    std::chrono::sys_seconds created_at = std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000)));

}  // namespace creel::openai
