// Shopify: base64 over the body alone, so nothing bounds a replay but the dedupe window. One act of a
// merchant has one event id, but each subscription to its topic gets a webhook of its own, told apart by its
// name. The headers without "X-" belong to the newer Events product, which signs alike. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("X-Shopify-Hmac-Sha256"), in_header("Shopify-Hmac-Sha256")};
constexpr std::array<std::string_view, 1> kEnvironment{"SHOPIFY_API_SECRET"};
constexpr std::array kNamed{in_header("X-Shopify-Event-Id"), in_header("X-Shopify-Topic"),
                            in_header("X-Shopify-Name")};
constexpr std::array kEvent{in_header("X-Shopify-Event-Id"), in_header("X-Shopify-Topic")};
constexpr std::array kWebhook{in_header("X-Shopify-Webhook-Id")};
constexpr std::array kNewer{in_header("Shopify-Webhook-Id")};
constexpr std::array<KeyRecipe, 4> kDedupe{kNamed, kEvent, kWebhook, kNewer};
constexpr std::array kTypes{in_header("X-Shopify-Topic"), in_header("Shopify-Topic")};
constexpr std::array kSubjects{in_body("/admin_graphql_api_id"), in_body("/id"),
                               in_header("Shopify-Resource-Id")};
constexpr std::array kTimes{in_header("X-Shopify-Triggered-At"), in_header("Shopify-Triggered-At"),
                            in_body("/updated_at")};
// Shopify demands 401 for these, and rejects an app that answers otherwise.
constexpr std::array<std::string_view, 3> kCompliance{"customers/data_request", "customers/redact",
                                                      "shop/redact"};
constexpr std::array<std::string_view, 2> kHeaders{"x-shopify-hmac-sha256", "shopify-hmac-sha256"};
constexpr auto kEventTypes =
    std::to_array<std::string_view>({"app/scopes_update",
                                     "app/uninstalled",
                                     "app_subscriptions/update",
                                     "bulk_operations/finish",
                                     "carts/create",
                                     "carts/update",
                                     "checkouts/create",
                                     "checkouts/delete",
                                     "checkouts/update",
                                     "collection_listings/add",
                                     "collection_listings/remove",
                                     "collection_listings/update",
                                     "collections/create",
                                     "collections/delete",
                                     "collections/update",
                                     "customer_groups/create",
                                     "customer_groups/delete",
                                     "customer_groups/update",
                                     "customer_payment_methods/create",
                                     "customer_payment_methods/revoke",
                                     "customer_payment_methods/update",
                                     "customers/create",
                                     "customers/data_request",
                                     "customers/delete",
                                     "customers/disable",
                                     "customers/enable",
                                     "customers/redact",
                                     "customers/update",
                                     "customers_marketing_consent/update",
                                     "disputes/create",
                                     "disputes/update",
                                     "domains/create",
                                     "domains/destroy",
                                     "domains/update",
                                     "draft_orders/create",
                                     "draft_orders/delete",
                                     "draft_orders/update",
                                     "fulfillment_events/create",
                                     "fulfillment_events/delete",
                                     "fulfillment_orders/cancellation_request_accepted",
                                     "fulfillment_orders/cancellation_request_rejected",
                                     "fulfillment_orders/cancellation_request_submitted",
                                     "fulfillment_orders/cancelled",
                                     "fulfillment_orders/fulfillment_request_accepted",
                                     "fulfillment_orders/fulfillment_request_rejected",
                                     "fulfillment_orders/fulfillment_request_submitted",
                                     "fulfillment_orders/fulfillment_service_failed_to_complete",
                                     "fulfillment_orders/hold_released",
                                     "fulfillment_orders/line_items_prepared_for_local_delivery",
                                     "fulfillment_orders/line_items_prepared_for_pickup",
                                     "fulfillment_orders/moved",
                                     "fulfillment_orders/order_routing_complete",
                                     "fulfillment_orders/placed_on_hold",
                                     "fulfillment_orders/progress_reported",
                                     "fulfillment_orders/rescheduled",
                                     "fulfillment_orders/scheduled_fulfillment_order_ready",
                                     "fulfillments/create",
                                     "fulfillments/update",
                                     "inventory_items/create",
                                     "inventory_items/delete",
                                     "inventory_items/update",
                                     "inventory_levels/connect",
                                     "inventory_levels/disconnect",
                                     "inventory_levels/update",
                                     "locales/create",
                                     "locales/update",
                                     "locations/activate",
                                     "locations/create",
                                     "locations/deactivate",
                                     "locations/delete",
                                     "locations/update",
                                     "markets/create",
                                     "markets/delete",
                                     "markets/update",
                                     "order_transactions/create",
                                     "orders/cancelled",
                                     "orders/create",
                                     "orders/delete",
                                     "orders/edited",
                                     "orders/fulfilled",
                                     "orders/paid",
                                     "orders/partially_fulfilled",
                                     "orders/updated",
                                     "payment_schedules/due",
                                     "product_listings/add",
                                     "product_listings/remove",
                                     "product_listings/update",
                                     "products/create",
                                     "products/delete",
                                     "products/update",
                                     "profiles/create",
                                     "profiles/delete",
                                     "profiles/update",
                                     "refunds/create",
                                     "scheduled_product_listings/add",
                                     "scheduled_product_listings/remove",
                                     "scheduled_product_listings/update",
                                     "selling_plan_groups/create",
                                     "selling_plan_groups/delete",
                                     "selling_plan_groups/update",
                                     "shop/redact",
                                     "shop/update",
                                     "subscription_billing_attempts/challenged",
                                     "subscription_billing_attempts/failure",
                                     "subscription_billing_attempts/success",
                                     "subscription_billing_cycle_edits/create",
                                     "subscription_billing_cycle_edits/delete",
                                     "subscription_billing_cycle_edits/update",
                                     "subscription_contracts/create",
                                     "subscription_contracts/update",
                                     "tender_transactions/create",
                                     "themes/create",
                                     "themes/delete",
                                     "themes/publish",
                                     "themes/update"});
constexpr auto kSamples = std::to_array<Sample>({
    {"app/uninstalled",
     R"({"id":548380009,"name":"Creel Sample Shop","email":"owner@example.com",)"
     R"("domain":"creel-sample.example.com","myshopify_domain":"creel-sample.myshopify.com",)"
     R"("updated_at":"{{now_iso}}"})"},
    {"customers/data_request",
     R"({"shop_id":954889,"shop_domain":"creel-sample.myshopify.com",)"
     R"("orders_requested":[299938],"customer":{"id":191167,"email":"jane@example.com"},)"
     R"("data_request":{"id":{{number}}}})"},
    {"customers/redact",
     R"({"shop_id":954889,"shop_domain":"creel-sample.myshopify.com","customer":{"id":191167,)"
     R"("email":"jane@example.com"},"orders_to_redact":[299938]})"},
    {"orders/create", R"({"id":{{number}},"admin_graphql_api_id":"gid://shopify/Order/{{number}}",)"
                      R"("name":"#1001","currency":"EUR","total_price":"42.00","financial_status":"pending",)"
                      R"("created_at":"{{now_iso}}","updated_at":"{{now_iso}}","customer":{"id":191167,)"
                      R"("email":"jane@example.com"},"line_items":[{"id":866550311766439020,"quantity":1,)"
                      R"("title":"Sample","price":"42.00"}]})"},
    {"orders/paid", R"({"id":{{number}},"admin_graphql_api_id":"gid://shopify/Order/{{number}}",)"
                    R"("name":"#1001","currency":"EUR","total_price":"42.00","financial_status":"paid",)"
                    R"("created_at":"{{now_iso}}","updated_at":"{{now_iso}}"})"},
    {"products/update", R"({"id":{{number}},"admin_graphql_api_id":"gid://shopify/Product/{{number}}",)"
                        R"("title":"Sample","handle":"sample","status":"active","vendor":"creel",)"
                        R"("updated_at":"{{now_iso}}"})"},
});

}  // namespace

constinit const Provider kShopify{
    .name = "shopify",
    .title = "Shopify",
    .scheme = Scheme::signature,
    .signature = {.signatures = kSignatures, .encoding = SignatureEncoding::base64},
    .secret_environment = kEnvironment,
    .retry_horizon = 4h,
    .methods = kPost,
    .strict_types = kCompliance,
    .strict_status = 401,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://shopify.dev/docs/apps/build/webhooks",
    .notes = "The secret is the app's client secret; webhooks made in the admin have one of the shop's.",
};

}  // namespace creel::providers
