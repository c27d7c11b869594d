// Mailgun: the signature stands in the body and covers a time and a token, not the event. An event of a
// subaccount may carry its parent's signature too. docs/providers/mailgun.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_body("/signature/signature"), in_body("/signature/parent-signature")};
constexpr std::array kTimestamp{in_body("/signature/timestamp")};
constexpr std::array<std::string_view, 1> kEnvironment{"MAILGUN_WEBHOOK_SIGNING_KEY"};
constexpr std::array kId{in_body("/event-data/id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/event-data/event")};
constexpr std::array kSubjects{in_body("/event-data/message/headers/message-id"),
                               in_body("/event-data/recipient")};
constexpr std::array kTimes{in_body("/event-data/timestamp")};
constexpr auto kEventTypes =
    std::to_array<std::string_view>({"accepted", "clicked", "complained", "delivered", "failed", "opened",
                                     "rejected", "stored", "unsubscribed"});
constexpr auto kSamples = std::to_array<Sample>({
    {"clicked", R"({"signature":{"timestamp":"{{now}}","token":"{{id}}5ca1ab1e5ca1ab1e00",)"
                R"("signature":"0000000000000000000000000000000000000000000000000000000000000000"},)"
                R"("event-data":{"event":"clicked","id":"{{id}}","timestamp":{{now}},)"
                R"("recipient":"jane@example.com","message":{"headers":{)"
                R"("message-id":"{{id}}@example.com","subject":"A sample"}},)"
                R"("url":"https://example.com/"}})"},
    {"complained", R"({"signature":{"timestamp":"{{now}}","token":"{{id}}5ca1ab1e5ca1ab1e00",)"
                   R"("signature":"0000000000000000000000000000000000000000000000000000000000000000"},)"
                   R"("event-data":{"event":"complained","id":"{{id}}","timestamp":{{now}},)"
                   R"("recipient":"jane@example.com","message":{"headers":{)"
                   R"("message-id":"{{id}}@example.com","subject":"A sample"}}}})"},
    {"delivered", R"({"signature":{"timestamp":"{{now}}","token":"{{id}}5ca1ab1e5ca1ab1e00",)"
                  R"("signature":"0000000000000000000000000000000000000000000000000000000000000000"},)"
                  R"("event-data":{"event":"delivered","id":"{{id}}","timestamp":{{now}},)"
                  R"("recipient":"jane@example.com","message":{"headers":{)"
                  R"("message-id":"{{id}}@example.com","subject":"A sample"}},"delivery-status":{)"
                  R"("code":250,"message":"OK"}}})"},
    {"failed", R"({"signature":{"timestamp":"{{now}}","token":"{{id}}5ca1ab1e5ca1ab1e00",)"
               R"("signature":"0000000000000000000000000000000000000000000000000000000000000000"},)"
               R"("event-data":{"event":"failed","id":"{{id}}","timestamp":{{now}},)"
               R"("recipient":"jane@example.com","message":{"headers":{)"
               R"("message-id":"{{id}}@example.com","subject":"A sample"}},"severity":"permanent",)"
               R"("reason":"bounce","delivery-status":{"code":550,"message":"No such mailbox"}}})"},
    {"opened", R"({"signature":{"timestamp":"{{now}}","token":"{{id}}5ca1ab1e5ca1ab1e00",)"
               R"("signature":"0000000000000000000000000000000000000000000000000000000000000000"},)"
               R"("event-data":{"event":"opened","id":"{{id}}","timestamp":{{now}},)"
               R"("recipient":"jane@example.com","message":{"headers":{)"
               R"("message-id":"{{id}}@example.com","subject":"A sample"}},"client-info":{)"
               R"("device-type":"desktop"}}})"},
});

}  // namespace

constinit const Provider kMailgun{
    .name = "mailgun",
    .title = "Mailgun",
    .scheme = Scheme::signature,
    .signature = {.content = "{timestamp}{/signature/token}",
                  .signatures = kSignatures,
                  .timestamp = kTimestamp},
    .secret_environment = kEnvironment,
    .tolerance = 12h,  // Longer than it tries, as a retry may carry the first signature.
    .retry_horizon = 8h,
    .methods = kPost,
    .reject_status = 401,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .documentation = "https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks",
    .notes =
        "The signature does not cover the event: whoever has one request can make others of it while "
        "its window lasts. Use HTTPS, and ask Mailgun's API where it matters. The signature is part "
        "of the body, so a delivery is passed on with the one that came.",
    .page = "providers/mailgun.md",
};

}  // namespace creel::providers
