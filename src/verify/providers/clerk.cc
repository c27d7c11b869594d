// Clerk: sent by Svix. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 2> kPrefixes{"svix-", "webhook-"};
constexpr std::array<std::string_view, 2> kEnvironment{"CLERK_WEBHOOK_SIGNING_SECRET",
                                                       "CLERK_WEBHOOK_SECRET"};
constexpr std::array kId{in_header("svix-id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/type")};

constexpr std::array kSubjects{in_body("/data/id")};
constexpr std::array kTimes{in_body("/timestamp")};
constexpr std::array<std::string_view, 6> kHeaders{"svix-id",    "svix-timestamp",    "svix-signature",
                                                   "webhook-id", "webhook-timestamp", "webhook-signature"};
constexpr auto kEventTypes = std::to_array<std::string_view>({"email.created",
                                                              "organization.created",
                                                              "organization.deleted",
                                                              "organization.updated",
                                                              "organizationDomain.created",
                                                              "organizationDomain.deleted",
                                                              "organizationDomain.updated",
                                                              "organizationInvitation.accepted",
                                                              "organizationInvitation.created",
                                                              "organizationInvitation.revoked",
                                                              "organizationMembership.created",
                                                              "organizationMembership.deleted",
                                                              "organizationMembership.updated",
                                                              "paymentAttempt.created",
                                                              "paymentAttempt.updated",
                                                              "permission.created",
                                                              "permission.deleted",
                                                              "permission.updated",
                                                              "role.created",
                                                              "role.deleted",
                                                              "role.updated",
                                                              "session.created",
                                                              "session.ended",
                                                              "session.removed",
                                                              "session.revoked",
                                                              "sms.created",
                                                              "subscription.active",
                                                              "subscription.created",
                                                              "subscription.pastDue",
                                                              "subscription.updated",
                                                              "subscriptionItem.abandoned",
                                                              "subscriptionItem.active",
                                                              "subscriptionItem.canceled",
                                                              "subscriptionItem.created",
                                                              "subscriptionItem.ended",
                                                              "subscriptionItem.freeTrialEnding",
                                                              "subscriptionItem.incomplete",
                                                              "subscriptionItem.pastDue",
                                                              "subscriptionItem.upcoming",
                                                              "subscriptionItem.updated",
                                                              "user.created",
                                                              "user.deleted",
                                                              "user.updated",
                                                              "waitlistEntry.created",
                                                              "waitlistEntry.updated"});
constexpr auto kSamples = std::to_array<Sample>({
    {"organization.created",
     R"({"data":{"id":"org_{{id}}","object":"organization","name":"Sample","slug":"sample",)"
     R"("created_by":"user_5ca1ab1e","created_at":{{now_ms}}},"object":"event",)"
     R"("timestamp":{{now_ms}},"type":"organization.created","instance_id":"ins_5ca1ab1e"})"},
    {"session.created", R"({"data":{"id":"sess_{{id}}","object":"session","user_id":"user_5ca1ab1e",)"
                        R"("client_id":"client_5ca1ab1e","status":"active","created_at":{{now_ms}}},)"
                        R"("object":"event","timestamp":{{now_ms}},"type":"session.created",)"
                        R"("instance_id":"ins_5ca1ab1e"})"},
    {"user.created", R"({"data":{"id":"user_{{id}}","object":"user","first_name":"Jane","last_name":"Doe",)"
                     R"("email_addresses":[{"id":"idn_5ca1ab1e","object":"email_address",)"
                     R"("email_address":"jane@example.com"}],"primary_email_address_id":"idn_5ca1ab1e",)"
                     R"("created_at":{{now_ms}}},"object":"event","timestamp":{{now_ms}},)"
                     R"("type":"user.created","instance_id":"ins_5ca1ab1e"})"},
    {"user.deleted", R"({"data":{"id":"user_{{id}}","object":"user","deleted":true},"object":"event",)"
                     R"("timestamp":{{now_ms}},"type":"user.deleted","instance_id":"ins_5ca1ab1e"})"},
    {"user.updated", R"({"data":{"id":"user_{{id}}","object":"user","first_name":"Jane","last_name":"Roe",)"
                     R"("updated_at":{{now_ms}}},"object":"event","timestamp":{{now_ms}},)"
                     R"("type":"user.updated","instance_id":"ins_5ca1ab1e"})"},
});

}  // namespace

constinit const Provider kClerk{
    .name = "clerk",
    .title = "Clerk",
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
    .documentation = "https://clerk.com/docs/webhooks/overview",
    .notes = "Clerk's own libraries and guides name either of the two variables.",
};

}  // namespace creel::providers
