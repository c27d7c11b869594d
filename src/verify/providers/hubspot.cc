// HubSpot, version 3: method, address, body and timestamp, one after the other. A body is an array of events;
// a workflow sends one object. The bytes of an event differ with every attempt. docs/providers/hubspot.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("X-HubSpot-Signature-v3")};
constexpr std::array kTimestamp{in_header("X-HubSpot-Request-Timestamp")};
constexpr std::array<std::string_view, 1> kEnvironment{"HUBSPOT_CLIENT_SECRET"};
// eventId alone is not unique, says HubSpot.
constexpr std::array kEvent{in_body("/eventId"), in_body("/portalId"), in_body("/subscriptionId"),
                            in_body("/occurredAt"), in_body("/objectId")};
// An association has two objects, and events to come may have none.
constexpr std::array kAssociation{in_body("/eventId"),        in_body("/portalId"),
                                  in_body("/subscriptionId"), in_body("/occurredAt"),
                                  in_body("/fromObjectId"),   in_body("/toObjectId")};
constexpr std::array kBare{in_body("/eventId"), in_body("/portalId"), in_body("/subscriptionId"),
                           in_body("/occurredAt")};
constexpr std::array<KeyRecipe, 3> kDedupe{kEvent, kAssociation, kBare};
constexpr std::array kTypes{in_body("/subscriptionType"), in_body("/eventType")};
constexpr std::array kSubjects{in_body("/objectId")};
constexpr std::array kTimes{in_body("/occurredAt")};
// The first belongs to versions 1 and 2, which are no HMAC and which nothing here accepts.
constexpr std::array<std::string_view, 4> kHeaders{"x-hubspot-signature", "x-hubspot-signature-version",
                                                   "x-hubspot-signature-v3", "x-hubspot-request-timestamp"};
constexpr auto kEventTypes = std::to_array<std::string_view>({"company.associationChange",
                                                              "company.creation",
                                                              "company.deletion",
                                                              "company.merge",
                                                              "company.propertyChange",
                                                              "company.restore",
                                                              "contact.associationChange",
                                                              "contact.creation",
                                                              "contact.deletion",
                                                              "contact.merge",
                                                              "contact.privacyDeletion",
                                                              "contact.propertyChange",
                                                              "contact.restore",
                                                              "conversation.creation",
                                                              "conversation.deletion",
                                                              "conversation.newMessage",
                                                              "conversation.privacyDeletion",
                                                              "conversation.propertyChange",
                                                              "deal.associationChange",
                                                              "deal.creation",
                                                              "deal.deletion",
                                                              "deal.merge",
                                                              "deal.propertyChange",
                                                              "deal.restore",
                                                              "line_item.associationChange",
                                                              "line_item.creation",
                                                              "line_item.deletion",
                                                              "line_item.merge",
                                                              "line_item.propertyChange",
                                                              "line_item.restore",
                                                              "object.associationChange",
                                                              "object.creation",
                                                              "object.deletion",
                                                              "object.merge",
                                                              "object.propertyChange",
                                                              "object.restore",
                                                              "product.creation",
                                                              "product.deletion",
                                                              "product.merge",
                                                              "product.propertyChange",
                                                              "product.restore",
                                                              "ticket.associationChange",
                                                              "ticket.creation",
                                                              "ticket.deletion",
                                                              "ticket.merge",
                                                              "ticket.propertyChange",
                                                              "ticket.restore"});
constexpr auto kSamples = std::to_array<Sample>({
    {"company.creation", R"([{"eventId":{{number}},"subscriptionId":25,"portalId":33,"appId":1160452,)"
                         R"("occurredAt":{{now_ms}},"subscriptionType":"company.creation","attemptNumber":0,)"
                         R"("objectId":4711,"changeSource":"CRM","changeFlag":"NEW"}])"},
    {"contact.creation", R"([{"eventId":{{number}},"subscriptionId":24,"portalId":33,"appId":1160452,)"
                         R"("occurredAt":{{now_ms}},"subscriptionType":"contact.creation","attemptNumber":0,)"
                         R"("objectId":1246965,"changeSource":"IMPORT","changeFlag":"NEW"}])"},
    {"contact.propertyChange", R"([{"eventId":{{number}},"subscriptionId":26,"portalId":33,"appId":1160452,)"
                               R"("occurredAt":{{now_ms}},"subscriptionType":"contact.propertyChange",)"
                               R"("attemptNumber":0,"objectId":1246965,"propertyName":"lifecyclestage",)"
                               R"("propertyValue":"customer","changeSource":"CRM"}])"},
    {"deal.deletion", R"([{"eventId":{{number}},"subscriptionId":27,"portalId":33,"appId":1160452,)"
                      R"("occurredAt":{{now_ms}},"subscriptionType":"deal.deletion","attemptNumber":0,)"
                      R"("objectId":815,"changeSource":"CRM","changeFlag":"DELETED"}])"},
});

}  // namespace

constinit const Provider kHubspot{
    .name = "hubspot",
    .title = "HubSpot",
    .scheme = Scheme::signature,
    .signature = {.content = "{method}{url}{body}{timestamp}",
                  .signatures = kSignatures,
                  .encoding = SignatureEncoding::base64,
                  .timestamp = kTimestamp,
                  .timestamp_unit = TimestampUnit::milliseconds},
    .secret_environment = kEnvironment,
    .tolerance = 5min,
    .retry_horizon = 24h,
    .methods = kPost,
    .needs_url = true,
    .reject_status = 401,
    .is_array = true,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation =
        "https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/"
        "request-validation",
    .notes =
        "The secret is the app's client secret. Each item of the array becomes an event, which cannot "
        "be signed again as HubSpot's.",
    .page = "providers/hubspot.md",
    .example = "url      = \"https://hooks.example.com/webhooks/hubspot\"\n",
};

}  // namespace creel::providers
