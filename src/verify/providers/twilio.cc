// Twilio: SHA-1 over the address that it called and the fields of the form in order; no timestamp. Types are
// made of the kind and its status. docs/providers/twilio.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("X-Twilio-Signature")};
constexpr std::array<std::string_view, 1> kEnvironment{"TWILIO_AUTH_TOKEN"};
constexpr std::array kToken{in_header("I-Twilio-Idempotency-Token")};
constexpr std::array kMessage{in_body("/MessageSid"), in_body("/MessageStatus")};
constexpr std::array kSms{in_body("/SmsSid"), in_body("/SmsStatus")};
constexpr std::array kRecording{in_body("/RecordingSid"), in_body("/RecordingStatus")};
constexpr std::array kCallStep{in_body("/CallSid"), in_body("/CallStatus"), in_body("/SequenceNumber")};
// The token is not signed, so what is signed comes first.
constexpr std::array<KeyRecipe, 5> kDedupe{kMessage, kSms, kRecording, kCallStep, kToken};
constexpr std::array kTypes{
    Field{Field::In::body, "/TranscriptionStatus", "transcription."},
    Field{Field::In::body, "/RecordingStatus", "recording."},
    Field{Field::In::body, "/MessageStatus", "message."},
    Field{Field::In::body, "/SmsStatus", "message."},
    Field{Field::In::body, "/CallStatus", "call."},
};
constexpr std::array kSubjects{in_body("/MessageSid"), in_body("/SmsSid"), in_body("/RecordingSid"),
                               in_body("/CallSid")};
constexpr std::array kTimes{in_body("/Timestamp")};
constexpr std::array<std::string_view, 1> kHeaders{"x-twilio-signature"};
constexpr auto kEventTypes = std::to_array<std::string_view>(
    {"call.busy",           "call.canceled",         "call.completed",          "call.failed",
     "call.in-progress",    "call.initiated",        "call.no-answer",          "call.queued",
     "call.ringing",        "message.canceled",      "message.delivered",       "message.failed",
     "message.queued",      "message.read",          "message.received",        "message.receiving",
     "message.sending",     "message.sent",          "message.undelivered",     "recording.absent",
     "recording.completed", "recording.in-progress", "transcription.completed", "transcription.failed"});
constexpr auto kSamples = std::to_array<Sample>({
    {"call.completed",
     "AccountSid=AC5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e&CallSid=CA{{id}}&CallStatus=completed&"
     "CallDuration=21&Direction=inbound&From=%2B15005550006&To=%2B15005550001&"
     "SequenceNumber=3&ApiVersion=2010-04-01"},
    {"call.ringing",
     "AccountSid=AC5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e&CallSid=CA{{id}}&CallStatus=ringing&"
     "Direction=inbound&From=%2B15005550006&To=%2B15005550001&ApiVersion=2010-04-01"},
    {"message.delivered",
     "AccountSid=AC5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e&MessageSid=SM{{id}}&"
     "MessageStatus=delivered&SmsSid=SM{{id}}&SmsStatus=delivered&From=%2B15005550001&"
     "To=%2B15005550006&ApiVersion=2010-04-01"},
    {"message.failed",
     "AccountSid=AC5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e&MessageSid=SM{{id}}&"
     "MessageStatus=failed&SmsSid=SM{{id}}&SmsStatus=failed&ErrorCode=30003&"
     "From=%2B15005550001&To=%2B15005550006&ApiVersion=2010-04-01"},
    {"message.received",
     "AccountSid=AC5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e&MessageSid=SM{{id}}&"
     "SmsMessageSid=SM{{id}}&SmsSid=SM{{id}}&SmsStatus=received&Body=A+sample&"
     "From=%2B15005550006&To=%2B15005550001&NumMedia=0&NumSegments=1&ApiVersion=2010-04-01"},
    {"recording.completed",
     "AccountSid=AC5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e&CallSid=CA{{id}}&RecordingSid=RE{{id}}&"
     "RecordingStatus=completed&RecordingDuration=12&"
     "RecordingUrl=https%3A%2F%2Fapi.twilio.com%2Frecordings%2FRE{{id}}"},
});

}  // namespace

constinit const Provider kTwilio{
    .name = "twilio",
    .title = "Twilio",
    .scheme = Scheme::signature,
    .signature = {.algorithm = SignatureAlgorithm::hmac_sha1,
                  .content = "{url}{sorted_form}",
                  .signatures = kSignatures,
                  .encoding = SignatureEncoding::base64,
                  .body_digest_query = "bodySHA256"},
    .secret_environment = kEnvironment,
    .retry_horizon = 1h,  // All attempts of a call or a message lie within 15 seconds.
    .methods = kPost,
    .needs_url = true,
    .reject_status = 403,
    .missing_status = 400,
    .success_body = "<Response/>",
    .success_type = "text/xml",
    .body = BodyKind::json_or_form,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://www.twilio.com/docs/usage/webhooks/webhooks-security",
    .notes =
        "The secret is the account's primary auth token. The answer is TwiML that does nothing, so a "
        "number whose calls or messages want a reply is better pointed at its handler. The type is "
        "made of a field and what it says: message.delivered, call.completed, recording.completed.",
    .page = "providers/twilio.md",
    .example = "url      = \"https://hooks.example.com/webhooks/twilio\"\n",
};

}  // namespace creel::providers
