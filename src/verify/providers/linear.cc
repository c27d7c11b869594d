// Linear: hex over the body, whose own webhookTimestamp bounds a replay. That differs with every attempt, so
// the key is made of what the event says and not of the body. docs/providers/linear.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("Linear-Signature")};
constexpr std::array kTimestamp{in_body("/webhookTimestamp")};
constexpr std::array<std::string_view, 1> kEnvironment{"LINEAR_WEBHOOK_SECRET"};
constexpr std::array kChange{in_body("/data/id"), in_body("/type"), in_body("/action"),
                             in_body("/createdAt")};
constexpr std::array kSession{in_body("/agentSession/id"), in_body("/type"), in_body("/action"),
                              in_body("/createdAt")};
constexpr std::array kNotification{in_body("/notification/id"), in_body("/type"), in_body("/action"),
                                   in_body("/createdAt")};
constexpr std::array kDelivery{in_header("Linear-Delivery")};
constexpr std::array<KeyRecipe, 4> kDedupe{kChange, kSession, kNotification, kDelivery};
constexpr std::array kTypes{
    Field{.in = Field::In::body, .name = "/type", .qualifier = "/action"},
    in_header("Linear-Event"),
};
constexpr std::array kSubjects{in_body("/data/id"), in_body("/agentSession/id"), in_body("/notification/id")};
constexpr std::array kTimes{in_body("/createdAt")};
constexpr std::array<std::string_view, 1> kHeaders{"linear-signature"};
constexpr auto kEventTypes = std::to_array<std::string_view>({"AgentSessionEvent.created",
                                                              "AgentSessionEvent.prompted",
                                                              "AppUserNotification",
                                                              "Attachment.create",
                                                              "Attachment.remove",
                                                              "Attachment.update",
                                                              "AuditEntry.create",
                                                              "AuditEntry.remove",
                                                              "AuditEntry.update",
                                                              "Comment.create",
                                                              "Comment.remove",
                                                              "Comment.update",
                                                              "Customer.create",
                                                              "Customer.remove",
                                                              "Customer.update",
                                                              "CustomerNeed.create",
                                                              "CustomerNeed.remove",
                                                              "CustomerNeed.update",
                                                              "Cycle.create",
                                                              "Cycle.remove",
                                                              "Cycle.update",
                                                              "Document.create",
                                                              "Document.remove",
                                                              "Document.update",
                                                              "Initiative.create",
                                                              "Initiative.remove",
                                                              "Initiative.update",
                                                              "InitiativeUpdate.create",
                                                              "InitiativeUpdate.remove",
                                                              "InitiativeUpdate.update",
                                                              "Issue.create",
                                                              "Issue.remove",
                                                              "Issue.update",
                                                              "IssueLabel.create",
                                                              "IssueLabel.remove",
                                                              "IssueLabel.update",
                                                              "IssueSLA.breached",
                                                              "IssueSLA.highRisk",
                                                              "IssueSLA.set",
                                                              "OAuthApp.revoked",
                                                              "PermissionChange",
                                                              "Project.create",
                                                              "Project.remove",
                                                              "Project.update",
                                                              "ProjectUpdate.create",
                                                              "ProjectUpdate.remove",
                                                              "ProjectUpdate.update",
                                                              "Reaction.create",
                                                              "Reaction.remove",
                                                              "Reaction.update",
                                                              "User.create",
                                                              "User.remove",
                                                              "User.update"});
constexpr auto kSamples = std::to_array<Sample>({
    {"Comment.create",
     R"({"action":"create","type":"Comment","createdAt":"{{now_iso}}","actor":{)"
     R"("id":"b5ea5f1f-8adc-4f52-b4bd-ab4e84cf51ba","type":"user","name":"Jane Doe"},"data":{)"
     R"("id":"{{id}}","body":"A sample.","issueId":"539068e2-ae88-4d09-bd75-22eb4a59612f"},)"
     R"("organizationId":"a7b1c1ff-0000-4000-8000-000000000001",)"
     R"("webhookTimestamp":{{now_ms}},"webhookId":"000042e3-d123-4980-b49f-8e140eef9329"})"},
    {"Issue.create",
     R"({"action":"create","type":"Issue","createdAt":"{{now_iso}}","actor":{)"
     R"("id":"b5ea5f1f-8adc-4f52-b4bd-ab4e84cf51ba","type":"user","name":"Jane Doe"},"data":{)"
     R"("id":"{{id}}","identifier":"ENG-42","number":42,"title":"A sample","priority":0,)"
     R"("team":{"id":"72b2a2dc-6f4f-4423-9d34-24b5bd10634a","key":"ENG"}},)"
     R"("url":"https://linear.app/sample/issue/ENG-42",)"
     R"("organizationId":"a7b1c1ff-0000-4000-8000-000000000001",)"
     R"("webhookTimestamp":{{now_ms}},"webhookId":"000042e3-d123-4980-b49f-8e140eef9329"})"},
    {"Issue.remove", R"({"action":"remove","type":"Issue","createdAt":"{{now_iso}}","data":{"id":"{{id}}",)"
                     R"("identifier":"ENG-42","title":"A sample"},)"
                     R"("organizationId":"a7b1c1ff-0000-4000-8000-000000000001",)"
                     R"("webhookTimestamp":{{now_ms}},"webhookId":"000042e3-d123-4980-b49f-8e140eef9329"})"},
    {"Issue.update", R"({"action":"update","type":"Issue","createdAt":"{{now_iso}}","data":{"id":"{{id}}",)"
                     R"("identifier":"ENG-42","title":"A better sample","priority":1},"updatedFrom":{)"
                     R"("title":"A sample","priority":0},)"
                     R"("organizationId":"a7b1c1ff-0000-4000-8000-000000000001",)"
                     R"("webhookTimestamp":{{now_ms}},"webhookId":"000042e3-d123-4980-b49f-8e140eef9329"})"},
});

}  // namespace

constinit const Provider kLinear{
    .name = "linear",
    .title = "Linear",
    .scheme = Scheme::signature,
    .signature = {.signatures = kSignatures,
                  .timestamp = kTimestamp,
                  .timestamp_unit = TimestampUnit::milliseconds},
    .secret_environment = kEnvironment,
    .tolerance = 60s,
    .retry_horizon = 8h,  // Three retries in about seven hours.
    .methods = kPost,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://linear.app/developers/webhooks",
    .notes =
        "The type is made of type and action: Issue.create. The time that is checked stands in the "
        "body, so a delivery that is signed anew for a handler keeps its old one: the handler's own "
        "check of the time fails a minute after the event.",
    .page = "providers/linear.md",
};

}  // namespace creel::providers
