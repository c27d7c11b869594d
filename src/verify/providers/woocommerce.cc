// WooCommerce: base64 over the body alone. Its delivery id is made of the second, so two deliveries may share
// it; as it never tries again, the body can be part of the key. A new webhook first sends an unsigned form
// and wants 200. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("X-WC-Webhook-Signature")};
constexpr std::array<std::string_view, 1> kEnvironment{"WOOCOMMERCE_WEBHOOK_SECRET"};
constexpr std::array kId{in_header("X-WC-Webhook-Delivery-ID")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_header("X-WC-Webhook-Topic")};
constexpr std::array kSubjects{in_body("/id"), in_body("/arg")};
constexpr std::array kTimes{in_body("/date_modified_gmt"), in_body("/date_created_gmt")};
constexpr std::array<std::string_view, 1> kHeaders{"x-wc-webhook-signature"};
constexpr auto kEventTypes = std::to_array<std::string_view>(
    {"coupon.created", "coupon.deleted", "coupon.restored", "coupon.updated", "customer.created",
     "customer.deleted", "customer.updated", "order.created", "order.deleted", "order.restored",
     "order.updated", "product.created", "product.deleted", "product.restored", "product.updated"});
constexpr auto kSamples = std::to_array<Sample>({
    {"customer.created",
     R"({"id":{{number}},"date_created_gmt":"{{now_iso}}","date_modified_gmt":"{{now_iso}}",)"
     R"("email":"jane@example.com","first_name":"Jane","last_name":"Doe","role":"customer",)"
     R"("username":"jane"})"},
    {"order.created", R"({"id":{{number}},"status":"processing","currency":"EUR","total":"42.00",)"
                      R"("date_created_gmt":"{{now_iso}}","date_modified_gmt":"{{now_iso}}","billing":{)"
                      R"("first_name":"Jane","last_name":"Doe","email":"jane@example.com"},"line_items":[{)"
                      R"("id":315,"name":"Sample","product_id":93,"quantity":1,"total":"42.00"}]})"},
    {"order.deleted", R"({"id":{{number}}})"},
    {"order.updated", R"({"id":{{number}},"status":"completed","currency":"EUR","total":"42.00",)"
                      R"("date_modified_gmt":"{{now_iso}}"})"},
    {"product.updated",
     R"({"id":{{number}},"name":"Sample","slug":"sample","status":"publish","price":"42.00",)"
     R"("date_modified_gmt":"{{now_iso}}"})"},
});

}  // namespace

constinit const Provider kWoocommerce{
    .name = "woocommerce",
    .title = "WooCommerce",
    .scheme = Scheme::signature,
    .signature = {.signatures = kSignatures, .encoding = SignatureEncoding::base64},
    .secret_environment = kEnvironment,
    .methods = kPost,
    .handshake = Handshake::unsigned_ping,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://woocommerce.com/document/webhooks/",
    .notes =
        "It never tries again, and disables a webhook after more than five failures in a row. Only "
        "200 to 302 is a success. A secret with &, <, > or quotes in it is used with these characters "
        "as they are, not as HTML entities.",
};

}  // namespace creel::providers
