// Paddle Billing: pairs parted by semicolons, a colon after the timestamp, and a window of five seconds; each
// attempt is signed anew. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("Paddle-Signature")};
constexpr std::array<std::string_view, 1> kEnvironment{"PADDLE_WEBHOOK_SECRET"};
// The notification's id would tell two destinations of one event apart; the source does so already.
constexpr std::array kId{in_body("/event_id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/event_type")};
constexpr std::array kSubjects{in_body("/data/id")};
constexpr std::array kTimes{in_body("/occurred_at")};
constexpr std::array<std::string_view, 1> kHeaders{"paddle-signature"};
constexpr auto kEventTypes = std::to_array<std::string_view>({"address.created",
                                                              "address.imported",
                                                              "address.updated",
                                                              "adjustment.created",
                                                              "adjustment.updated",
                                                              "api_key.created",
                                                              "api_key.expired",
                                                              "api_key.expiring",
                                                              "api_key.revoked",
                                                              "api_key.updated",
                                                              "api_key_exposure.created",
                                                              "business.created",
                                                              "business.imported",
                                                              "business.updated",
                                                              "client_token.created",
                                                              "client_token.revoked",
                                                              "client_token.updated",
                                                              "customer.created",
                                                              "customer.imported",
                                                              "customer.updated",
                                                              "discount.created",
                                                              "discount.imported",
                                                              "discount.updated",
                                                              "discount_group.created",
                                                              "discount_group.updated",
                                                              "payment_method.deleted",
                                                              "payment_method.saved",
                                                              "payout.created",
                                                              "payout.paid",
                                                              "price.created",
                                                              "price.imported",
                                                              "price.updated",
                                                              "product.created",
                                                              "product.imported",
                                                              "product.updated",
                                                              "report.created",
                                                              "report.updated",
                                                              "subscription.activated",
                                                              "subscription.canceled",
                                                              "subscription.created",
                                                              "subscription.imported",
                                                              "subscription.past_due",
                                                              "subscription.paused",
                                                              "subscription.resumed",
                                                              "subscription.trialing",
                                                              "subscription.updated",
                                                              "transaction.billed",
                                                              "transaction.canceled",
                                                              "transaction.completed",
                                                              "transaction.created",
                                                              "transaction.paid",
                                                              "transaction.past_due",
                                                              "transaction.payment_failed",
                                                              "transaction.ready",
                                                              "transaction.revised",
                                                              "transaction.updated"});
constexpr auto kSamples = std::to_array<Sample>({
    {"customer.created",
     R"({"event_id":"evt_{{id}}","event_type":"customer.created","occurred_at":"{{now_iso}}",)"
     R"("notification_id":"ntf_{{id}}","data":{"id":"ctm_01h8441jn5pcwrfhwh78jqt8hk",)"
     R"("name":"Jane Doe","email":"jane@example.com","status":"active",)"
     R"("created_at":"{{now_iso}}"}})"},
    {"subscription.canceled",
     R"({"event_id":"evt_{{id}}","event_type":"subscription.canceled",)"
     R"("occurred_at":"{{now_iso}}","notification_id":"ntf_{{id}}","data":{)"
     R"("id":"sub_01h8441jn5pcwrfhwh78jqt8hk","status":"canceled",)"
     R"("customer_id":"ctm_01h8441jn5pcwrfhwh78jqt8hk","canceled_at":"{{now_iso}}"}})"},
    {"subscription.created",
     R"({"event_id":"evt_{{id}}","event_type":"subscription.created",)"
     R"("occurred_at":"{{now_iso}}","notification_id":"ntf_{{id}}","data":{)"
     R"("id":"sub_01h8441jn5pcwrfhwh78jqt8hk","status":"active",)"
     R"("customer_id":"ctm_01h8441jn5pcwrfhwh78jqt8hk","currency_code":"EUR","items":[{)"
     R"("status":"active","quantity":1,"price":{"id":"pri_01h8441jn5pcwrfhwh78jqt8hk"}}]}})"},
    {"transaction.completed",
     R"({"event_id":"evt_{{id}}","event_type":"transaction.completed",)"
     R"("occurred_at":"{{now_iso}}","notification_id":"ntf_{{id}}","data":{)"
     R"("id":"txn_01h8441jn5pcwrfhwh78jqt8hk","status":"completed",)"
     R"("customer_id":"ctm_01h8441jn5pcwrfhwh78jqt8hk","currency_code":"EUR","details":{)"
     R"("totals":{"total":"4200","currency_code":"EUR"}}}})"},
    {"transaction.payment_failed",
     R"({"event_id":"evt_{{id}}","event_type":"transaction.payment_failed",)"
     R"("occurred_at":"{{now_iso}}","notification_id":"ntf_{{id}}","data":{)"
     R"("id":"txn_01h8441jn5pcwrfhwh78jqt8hk","status":"past_due","payments":[{)"
     R"("status":"error","error_code":"declined","amount":"4200"}]}})"},
});

}  // namespace

constinit const Provider kPaddle{
    .name = "paddle",
    .title = "Paddle",
    .scheme = Scheme::signature,
    .signature = {.content = "{timestamp}:{body}",
                  .signatures = kSignatures,
                  .pair_separator = ';',
                  .signature_pair = "h1",
                  .timestamp_pair = "ts"},
    .secret_environment = kEnvironment,
    .tolerance = 5s,
    .retry_horizon = 72h,
    .methods = kPost,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://developer.paddle.com/webhooks/overview",
    .notes =
        "The secret is the text as shown, pdl_ntfset_ included. Five seconds is Paddle's own window: "
        "keep the clock right, or set tolerance. Paddle Classic signs otherwise and is not this "
        "provider.",
};

}  // namespace creel::providers
