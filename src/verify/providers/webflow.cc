// Webflow: milliseconds, a colon, the body. There is no event id, and webhooks made in the dashboard are not
// signed at all. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("x-webflow-signature")};
constexpr std::array kTimestamp{in_header("x-webflow-timestamp")};
constexpr std::array<std::string_view, 1> kEnvironment{"WEBFLOW_WEBHOOK_SECRET"};
constexpr std::array kTypes{in_body("/triggerType")};
constexpr std::array kSubjects{in_body("/payload/id"), in_body("/payload/_id"), in_body("/payload/orderId"),
                               in_body("/payload/pageId"), in_body("/payload/siteId")};
constexpr std::array kTimes{in_body("/payload/lastUpdated"), in_body("/payload/submittedAt"),
                            in_body("/payload/createdOn"), in_body("/payload/publishedOn")};
constexpr std::array<std::string_view, 2> kHeaders{"x-webflow-signature", "x-webflow-timestamp"};
constexpr auto kEventTypes = std::to_array<std::string_view>(
    {"collection_item_changed", "collection_item_created", "collection_item_deleted",
     "collection_item_published", "collection_item_unpublished", "comment_created", "ecomm_inventory_changed",
     "ecomm_new_order", "ecomm_order_changed", "form_submission", "page_created", "page_deleted",
     "page_metadata_updated", "site_publish", "user_account_added", "user_account_deleted",
     "user_account_updated"});
constexpr auto kSamples = std::to_array<Sample>({
    {"collection_item_changed",
     R"({"triggerType":"collection_item_changed","payload":{"id":"{{id}}",)"
     R"("siteId":"65427cf400e02b306eaa049c","workspaceId":"63e9e3edeaeb8f000ee23f0d",)"
     R"("collectionId":"65427cf400e02b306eaa04a0","lastUpdated":"{{now_iso}}",)"
     R"("isArchived":false,"isDraft":false,"fieldData":{"name":"A sample","slug":"a-sample"}}})"},
    {"ecomm_new_order",
     R"({"triggerType":"ecomm_new_order","payload":{"orderId":"{{id}}",)"
     R"("status":"unfulfilled","acceptedOn":"{{now_iso}}","customerInfo":{)"
     R"("fullName":"Jane Doe","email":"jane@example.com"},"totals":{"total":{"unit":"EUR",)"
     R"("value":4200,"string":"42.00"}}}})"},
    {"form_submission",
     R"({"triggerType":"form_submission","payload":{"name":"Contact",)"
     R"("siteId":"65427cf400e02b306eaa049c","data":{"First Name":"Jane","Message":"Hello."},)"
     R"("submittedAt":"{{now_iso}}","id":"{{id}}","formId":"65429eadebe8a9f3a30f62d0"}})"},
    {"site_publish", R"({"triggerType":"site_publish","payload":{"domains":["creel-sample.webflow.io"],)"
                     R"("site":"65427cf400e02b306eaa049c","publishedOn":"{{now_iso}}","publishedBy":{)"
                     R"("displayName":"Jane {{id}}"}}})"},
});

}  // namespace

constinit const Provider kWebflow{
    .name = "webflow",
    .title = "Webflow",
    .scheme = Scheme::signature,
    .signature = {.content = "{timestamp}:{body}",
                  .signatures = kSignatures,
                  .timestamp = kTimestamp,
                  .timestamp_unit = TimestampUnit::milliseconds},
    .secret_environment = kEnvironment,
    .tolerance = 5min,
    .retry_horizon = 1h,  // Three attempts, ten minutes apart.
    .methods = kPost,
    .without_id = WithoutId::time_and_body,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://developers.webflow.com/data/docs/working-with-webhooks",
    .notes =
        "The secret is the OAuth app's client secret, or the webhook's own where an API token made "
        "it, as text. Webhooks made in the dashboard are not signed: for these use the provider "
        "\"none\" at a path that nobody guesses. There is no event id: the same body counts as a "
        "duplicate only with the same time.",
};

}  // namespace creel::providers
