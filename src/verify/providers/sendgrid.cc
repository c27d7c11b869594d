// SendGrid: ECDSA over the timestamp and the body, which ends in CRLF, with nothing between. A body is an
// array of events, each with an id of its own. It names no window, and whether a retry is signed anew is not
// said. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("X-Twilio-Email-Event-Webhook-Signature")};
constexpr std::array kTimestamp{in_header("X-Twilio-Email-Event-Webhook-Timestamp")};
constexpr std::array<std::string_view, 1> kEnvironment{"SENDGRID_WEBHOOK_VERIFICATION_KEY"};
constexpr std::array kId{in_body("/sg_event_id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/event")};
constexpr std::array kSubjects{in_body("/sg_message_id"), in_body("/email")};
constexpr std::array kTimes{in_body("/timestamp")};
constexpr std::array<std::string_view, 2> kHeaders{"x-twilio-email-event-webhook-signature",
                                                   "x-twilio-email-event-webhook-timestamp"};
constexpr auto kEventTypes = std::to_array<std::string_view>(
    {"account_status_change", "bounce", "click", "deferred", "delivered", "dropped", "group_resubscribe",
     "group_unsubscribe", "open", "processed", "spamreport", "unsubscribe"});
constexpr auto kSamples = std::to_array<Sample>({
    {"bounce", R"([{"email":"nobody@example.com","timestamp":{{now}},"event":"bounce",)"
               R"("sg_event_id":"{{id}}","sg_message_id":"5ca1ab1e.filter0001.16648.5515E0B88.0",)"
               R"("smtp-id":"<5ca1ab1e@example.com>","reason":"500 unknown recipient","status":"5.0.0",)"
               R"("type":"bounce"}])"},
    {"click", R"([{"email":"jane@example.com","timestamp":{{now}},"event":"click",)"
              R"("sg_event_id":"{{id}}","sg_message_id":"5ca1ab1e.filter0001.16648.5515E0B88.0",)"
              R"("url":"https://example.com/","useragent":"Mozilla/5.0","ip":"192.0.2.1"}])"},
    {"delivered", R"([{"email":"jane@example.com","timestamp":{{now}},"event":"delivered",)"
                  R"("sg_event_id":"{{id}}","sg_message_id":"5ca1ab1e.filter0001.16648.5515E0B88.0",)"
                  R"("smtp-id":"<5ca1ab1e@example.com>","response":"250 OK"}])"},
    {"open", R"([{"email":"jane@example.com","timestamp":{{now}},"event":"open",)"
             R"("sg_event_id":"{{id}}","sg_message_id":"5ca1ab1e.filter0001.16648.5515E0B88.0",)"
             R"("useragent":"Mozilla/5.0","ip":"192.0.2.1"}])"},
    {"processed", R"([{"email":"jane@example.com","timestamp":{{now}},"event":"processed",)"
                  R"("sg_event_id":"{{id}}","sg_message_id":"5ca1ab1e.filter0001.16648.5515E0B88.0",)"
                  R"("smtp-id":"<5ca1ab1e@example.com>"}])"},
});

}  // namespace

constinit const Provider kSendgrid{
    .name = "sendgrid",
    .title = "SendGrid",
    .scheme = Scheme::signature,
    .signature = {.algorithm = SignatureAlgorithm::ecdsa_p256_sha256,
                  .content = "{timestamp}{body}",
                  .signatures = kSignatures,
                  .encoding = SignatureEncoding::base64,
                  .timestamp = kTimestamp},
    .secret_form = SecretForm::ecdsa_p256,
    .secret_environment = kEnvironment,
    .retry_horizon = 24h,
    .methods = kPost,
    .is_array = true,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event",
    .notes =
        "The secret is the public key that SendGrid shows: it verifies and cannot sign, so there is "
        "nothing to trigger or to sign with. Each item of the array becomes an event. The window is "
        "off, as SendGrid names none and may try for 24 hours; tolerance switches it on.",
};

}  // namespace creel::providers
