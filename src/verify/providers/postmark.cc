// Postmark signs nothing: the address carries Basic credentials or a token. The trace id is the same over
// retries; a message has many events, so its id alone is no key. Incoming mail comes without a RecordType.
// docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<CredentialPlace, 2> kCredentials{
    {{CredentialPlace::Kind::query, "token"}, {CredentialPlace::Kind::basic, ""}}};
constexpr std::array<std::string_view, 2> kEnvironment{"POSTMARK_WEBHOOK_TOKEN",
                                                       "POSTMARK_WEBHOOK_USERNAME:POSTMARK_WEBHOOK_PASSWORD"};
constexpr std::array kTrace{in_header("X-PM-Webhook-Trace-Id")};
constexpr std::array kNumbered{in_body("/MessageID"), in_body("/RecordType"), in_body("/ID")};
constexpr std::array kDelivered{in_body("/MessageID"), in_body("/RecordType"), in_body("/DeliveredAt"),
                                in_body("/Recipient")};
constexpr std::array kReceived{in_body("/MessageID"), in_body("/RecordType"), in_body("/ReceivedAt"),
                               in_body("/Recipient")};
constexpr std::array kChanged{in_body("/MessageID"), in_body("/RecordType"), in_body("/ChangedAt"),
                              in_body("/Recipient")};
constexpr std::array kIncoming{in_body("/MessageID"), in_body("/FromFull/Email"), in_body("/Date")};
constexpr std::array<KeyRecipe, 6> kDedupe{kTrace, kNumbered, kDelivered, kReceived, kChanged, kIncoming};
constexpr std::array kTypes{in_body("/RecordType"), always("Inbound")};
constexpr std::array kSubjects{in_body("/MessageID"), in_body("/Recipient"), in_body("/Email")};
constexpr std::array kTimes{in_body("/BouncedAt"), in_body("/DeliveredAt"), in_body("/ReceivedAt"),
                            in_body("/ChangedAt")};
constexpr auto kEventTypes =
    std::to_array<std::string_view>({"Bounce", "Click", "Delivery", "Inbound", "Open", "SMTPApiError",
                                     "SpamComplaint", "SubscriptionChange"});
constexpr auto kSamples = std::to_array<Sample>({
    {"Bounce", R"({"RecordType":"Bounce","ID":{{number}},"Type":"HardBounce","TypeCode":1,)"
               R"("MessageID":"{{id}}","MessageStream":"outbound","Email":"nobody@example.com",)"
               R"("From":"hello@example.com","BouncedAt":"{{now_iso}}","Inactive":true,)"
               R"("CanActivate":true,"Subject":"A sample"})"},
    {"Click", R"({"RecordType":"Click","MessageStream":"outbound","ClickLocation":"HTML",)"
              R"("Platform":"Desktop","OriginalLink":"https://example.com","MessageID":"{{id}}",)"
              R"("ReceivedAt":"{{now_iso}}","Recipient":"jane@example.com"})"},
    {"Delivery", R"({"RecordType":"Delivery","MessageStream":"outbound","ServerID":23,)"
                 R"("MessageID":"{{id}}","Recipient":"jane@example.com","DeliveredAt":"{{now_iso}}",)"
                 R"("Details":"250 accepted"})"},
    {"Inbound", R"({"FromName":"Jane Doe","MessageStream":"inbound","From":"jane@example.com",)"
                R"("FromFull":{"Email":"jane@example.com","Name":"Jane Doe","MailboxHash":""},)"
                R"("To":"inbox@example.com","Subject":"A sample","MessageID":"{{id}}",)"
                R"("Date":"{{now_iso}}","TextBody":"Hello.","Attachments":[]})"},
    {"Open", R"({"RecordType":"Open","FirstOpen":true,"MessageStream":"outbound",)"
             R"("MessageID":"{{id}}","ReceivedAt":"{{now_iso}}","Recipient":"jane@example.com",)"
             R"("Platform":"Mobile"})"},
    {"SpamComplaint",
     R"({"RecordType":"SpamComplaint","ID":{{number}},"Type":"SpamComplaint","TypeCode":512,)"
     R"("MessageID":"{{id}}","MessageStream":"outbound","Email":"jane@example.com",)"
     R"("From":"hello@example.com","BouncedAt":"{{now_iso}}"})"},
});

}  // namespace

constinit const Provider kPostmark{
    .name = "postmark",
    .title = "Postmark",
    .scheme = Scheme::credential,
    .credentials = kCredentials,
    .secret_environment = kEnvironment,
    .retry_horizon = 11h,
    .methods = kPost,
    .reject_status = 401,
    .reject_text = "Unauthorized",
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .documentation = "https://postmarkapp.com/developer/webhooks/webhooks-overview",
    .notes =
        "Put user:password@ or ?token=... into the address; the secret is user:password or the token. "
        "Postmark signs nothing: use HTTPS. Incoming mail is tried for about ten and a half hours, "
        "other events for an hour and only after a 5xx, 408 or 429, so a wrong secret loses them: "
        "what was rejected waits in quarantine. Incoming mail has no RecordType; its type is Inbound.",
};

}  // namespace creel::providers
