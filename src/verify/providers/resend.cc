// Resend: sent by Svix. Its own pages name the svix-* headers; the spelling of Standard Webhooks is taken
// too. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 2> kPrefixes{"svix-", "webhook-"};
constexpr std::array<std::string_view, 1> kEnvironment{"RESEND_WEBHOOK_SECRET"};
constexpr std::array kId{in_header("svix-id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/type")};

// Events of one mail share its email_id, which therefore is no key.
constexpr std::array kSubjects{in_body("/data/email_id"), in_body("/data/id")};
constexpr std::array kTimes{in_body("/created_at")};
constexpr std::array<std::string_view, 6> kHeaders{"svix-id",    "svix-timestamp",    "svix-signature",
                                                   "webhook-id", "webhook-timestamp", "webhook-signature"};
constexpr auto kEventTypes = std::to_array<std::string_view>({"contact.created",
                                                              "contact.deleted",
                                                              "contact.topics.updated",
                                                              "contact.updated",
                                                              "domain.created",
                                                              "domain.deleted",
                                                              "domain.updated",
                                                              "email.bounced",
                                                              "email.clicked",
                                                              "email.complained",
                                                              "email.delivered",
                                                              "email.delivery_delayed",
                                                              "email.failed",
                                                              "email.opened",
                                                              "email.received",
                                                              "email.scheduled",
                                                              "email.sent",
                                                              "email.suppressed",
                                                              "inbox.created",
                                                              "inbox.deleted",
                                                              "inbox.draft.created",
                                                              "inbox.draft.deleted",
                                                              "inbox.draft.sent",
                                                              "inbox.draft.updated",
                                                              "inbox.email.received",
                                                              "inbox.email.sent",
                                                              "inbox.thread.assigned",
                                                              "inbox.thread.created",
                                                              "inbox.thread.folder.updated",
                                                              "inbox.thread.labels.updated",
                                                              "inbox.thread.unassigned",
                                                              "inbox.updated",
                                                              "suppression.added",
                                                              "suppression.removed",
                                                              "topic.created",
                                                              "topic.deleted",
                                                              "topic.updated"});
constexpr auto kSamples = std::to_array<Sample>({
    {"contact.created", R"({"type":"contact.created","created_at":"{{now_iso}}","data":{"id":"{{id}}",)"
                        R"("audience_id":"78261eea-8f8b-4381-83c6-79fa7120f1cf","email":"jane@example.com",)"
                        R"("first_name":"Jane","last_name":"Doe","unsubscribed":false}})"},
    {"email.bounced",
     R"({"type":"email.bounced","created_at":"{{now_iso}}","data":{"email_id":"{{id}}",)"
     R"("from":"creel <hello@example.com>","to":["nobody@example.com"],"subject":"A sample",)"
     R"("bounce":{"type":"Permanent","subType":"General",)"
     R"("message":"The mailbox does not exist."}}})"},
    {"email.clicked", R"({"type":"email.clicked","created_at":"{{now_iso}}","data":{"email_id":"{{id}}",)"
                      R"("from":"creel <hello@example.com>","to":["jane@example.com"],"subject":"A sample",)"
                      R"("click":{"link":"https://example.com/","timestamp":"{{now_iso}}"}}})"},
    {"email.delivered",
     R"({"type":"email.delivered","created_at":"{{now_iso}}","data":{"email_id":"{{id}}",)"
     R"("from":"creel <hello@example.com>","to":["jane@example.com"],"subject":"A sample"}})"},
    {"email.received", R"({"type":"email.received","created_at":"{{now_iso}}","data":{"email_id":"{{id}}",)"
                       R"("from":"jane@example.com","to":["inbox@example.com"],"subject":"A sample",)"
                       R"("attachments":[]}})"},
    {"email.sent", R"({"type":"email.sent","created_at":"{{now_iso}}","data":{"email_id":"{{id}}",)"
                   R"("from":"creel <hello@example.com>","to":["jane@example.com"],"subject":"A sample"}})"},
});

}  // namespace

constinit const Provider kResend{
    .name = "resend",
    .title = "Resend",
    .scheme = Scheme::standard_webhooks,
    .header_prefixes = kPrefixes,
    .secret_form = SecretForm::strict_hmac,
    .secret_environment = kEnvironment,
    .tolerance = 5min,
    .retry_horizon = 28h,
    .methods = kPost,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .sample_id_prefix = "msg_",
    .signature_headers = kHeaders,
    .documentation = "https://resend.com/docs/dashboard/webhooks/introduction",
    .notes = "A received mail comes without its text and attachments, which are fetched through the API.",
};

}  // namespace creel::providers
