// ElevenLabs: like Stripe's header, with v0 for v1 and half an hour of tolerance. The secret's text
// "wsec_..." is the key. There is no event id. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("ElevenLabs-Signature")};
constexpr std::array<std::string_view, 1> kEnvironment{"ELEVENLABS_WEBHOOK_SECRET"};
constexpr std::array kConversation{in_body("/data/conversation_id"), in_body("/type"),
                                   in_body("/event_timestamp")};
constexpr std::array<KeyRecipe, 1> kDedupe{kConversation};
constexpr std::array kTypes{in_body("/type")};
constexpr std::array kSubjects{in_body("/data/conversation_id"), in_body("/data/voice_id")};
constexpr std::array kTimes{in_body("/event_timestamp")};
constexpr std::array<std::string_view, 1> kHeaders{"elevenlabs-signature"};
constexpr auto kEventTypes = std::to_array<std::string_view>(
    {"call_initiation_failure", "post_call_audio", "post_call_transcription", "voice_removal_notice",
     "voice_removal_notice_withdrawn", "voice_removed"});
constexpr auto kSamples = std::to_array<Sample>({
    {"call_initiation_failure",
     R"({"type":"call_initiation_failure","event_timestamp":{{now}},"data":{)"
     R"("agent_id":"agent_5ca1ab1e","conversation_id":"conv_{{id}}","failure_reason":"busy",)"
     R"("metadata":{"type":"twilio","body":{"CallStatus":"busy"}}}})"},
    {"post_call_audio", R"({"type":"post_call_audio","event_timestamp":{{now}},"data":{)"
                        R"("agent_id":"agent_5ca1ab1e","conversation_id":"conv_{{id}}",)"
                        R"("full_audio":"SUQzBAAAAAAAAA=="}})"},
    {"post_call_transcription",
     R"({"type":"post_call_transcription","event_timestamp":{{now}},"data":{)"
     R"("agent_id":"agent_5ca1ab1e","conversation_id":"conv_{{id}}","status":"done",)"
     R"("transcript":[{"role":"agent","message":"Hello, how can I help?",)"
     R"("time_in_call_secs":0},{"role":"user","message":"This is a sample.",)"
     R"("time_in_call_secs":3}],"metadata":{"start_time_unix_secs":{{now}},)"
     R"("call_duration_secs":22,"cost":296},"analysis":{"call_successful":"success",)"
     R"("transcript_summary":"A sample."}}})"},
});

}  // namespace

constinit const Provider kElevenlabs{
    .name = "elevenlabs",
    .title = "ElevenLabs",
    .scheme = Scheme::signature,
    .signature = {.content = "{timestamp}.{body}",
                  .signatures = kSignatures,
                  .pair_separator = ',',
                  .signature_pair = "v0",
                  .timestamp_pair = "t"},
    .secret_environment = kEnvironment,
    .tolerance = 30min,
    .retry_horizon = 1h,  // Five attempts in about 41 minutes, where retries are switched on at all.
    .methods = kPost,
    .reject_status = 401,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://elevenlabs.io/docs/product-guides/administration/webhooks",
    .notes =
        "Retries are off unless switched on, and come only for transcriptions and after a 5xx, 429 or "
        "408. post_call_audio carries the recording: raise the source's max_body for it. There is no "
        "event id; the key is made of conversation, type and time.",
};

}  // namespace creel::providers
