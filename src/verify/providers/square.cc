// Square: the address as it is configured there and the body, with nothing between. docs/providers/square.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("x-square-hmacsha256-signature")};
constexpr std::array<std::string_view, 1> kEnvironment{"SQUARE_WEBHOOK_SIGNATURE_KEY"};
constexpr std::array kId{in_body("/event_id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/type")};
constexpr std::array kSubjects{in_body("/data/id")};
constexpr std::array kTimes{in_body("/created_at")};
// The first is SHA-1, of former times.
constexpr std::array<std::string_view, 2> kHeaders{"x-square-signature", "x-square-hmacsha256-signature"};
constexpr auto kEventTypes =
    std::to_array<std::string_view>({"bank_account.created",
                                     "bank_account.disabled",
                                     "bank_account.verified",
                                     "booking.created",
                                     "booking.custom_attribute.owned.deleted",
                                     "booking.custom_attribute.owned.updated",
                                     "booking.custom_attribute.visible.deleted",
                                     "booking.custom_attribute.visible.updated",
                                     "booking.custom_attribute_definition.owned.created",
                                     "booking.custom_attribute_definition.owned.deleted",
                                     "booking.custom_attribute_definition.owned.updated",
                                     "booking.custom_attribute_definition.visible.created",
                                     "booking.custom_attribute_definition.visible.deleted",
                                     "booking.custom_attribute_definition.visible.updated",
                                     "booking.updated",
                                     "card.automatically_updated",
                                     "card.created",
                                     "card.disabled",
                                     "card.forgotten",
                                     "card.updated",
                                     "catalog.version.updated",
                                     "customer.created",
                                     "customer.custom_attribute.deleted",
                                     "customer.custom_attribute.owned.deleted",
                                     "customer.custom_attribute.owned.updated",
                                     "customer.custom_attribute.public.deleted",
                                     "customer.custom_attribute.public.updated",
                                     "customer.custom_attribute.updated",
                                     "customer.custom_attribute.visible.deleted",
                                     "customer.custom_attribute.visible.updated",
                                     "customer.custom_attribute_definition.created",
                                     "customer.custom_attribute_definition.deleted",
                                     "customer.custom_attribute_definition.owned.created",
                                     "customer.custom_attribute_definition.owned.deleted",
                                     "customer.custom_attribute_definition.owned.updated",
                                     "customer.custom_attribute_definition.public.created",
                                     "customer.custom_attribute_definition.public.deleted",
                                     "customer.custom_attribute_definition.public.updated",
                                     "customer.custom_attribute_definition.updated",
                                     "customer.custom_attribute_definition.visible.created",
                                     "customer.custom_attribute_definition.visible.deleted",
                                     "customer.custom_attribute_definition.visible.updated",
                                     "customer.deleted",
                                     "customer.updated",
                                     "device.code.paired",
                                     "device.created",
                                     "dispute.created",
                                     "dispute.evidence.added",
                                     "dispute.evidence.created",
                                     "dispute.evidence.deleted",
                                     "dispute.evidence.removed",
                                     "dispute.state.changed",
                                     "dispute.state.updated",
                                     "gift_card.activity.created",
                                     "gift_card.activity.updated",
                                     "gift_card.created",
                                     "gift_card.customer_linked",
                                     "gift_card.customer_unlinked",
                                     "gift_card.updated",
                                     "inventory.count.updated",
                                     "invoice.canceled",
                                     "invoice.created",
                                     "invoice.deleted",
                                     "invoice.payment_made",
                                     "invoice.published",
                                     "invoice.refunded",
                                     "invoice.scheduled_charge_failed",
                                     "invoice.updated",
                                     "job.created",
                                     "job.updated",
                                     "labor.scheduled_shift.created",
                                     "labor.scheduled_shift.deleted",
                                     "labor.scheduled_shift.published",
                                     "labor.scheduled_shift.updated",
                                     "labor.shift.created",
                                     "labor.shift.deleted",
                                     "labor.shift.updated",
                                     "labor.timecard.created",
                                     "labor.timecard.deleted",
                                     "labor.timecard.updated",
                                     "location.created",
                                     "location.custom_attribute.owned.deleted",
                                     "location.custom_attribute.owned.updated",
                                     "location.custom_attribute.visible.deleted",
                                     "location.custom_attribute.visible.updated",
                                     "location.custom_attribute_definition.owned.created",
                                     "location.custom_attribute_definition.owned.deleted",
                                     "location.custom_attribute_definition.owned.updated",
                                     "location.custom_attribute_definition.visible.created",
                                     "location.custom_attribute_definition.visible.deleted",
                                     "location.custom_attribute_definition.visible.updated",
                                     "location.updated",
                                     "loyalty.account.created",
                                     "loyalty.account.deleted",
                                     "loyalty.account.updated",
                                     "loyalty.event.created",
                                     "loyalty.program.created",
                                     "loyalty.program.updated",
                                     "loyalty.promotion.created",
                                     "loyalty.promotion.updated",
                                     "merchant.custom_attribute.owned.deleted",
                                     "merchant.custom_attribute.owned.updated",
                                     "merchant.custom_attribute.visible.deleted",
                                     "merchant.custom_attribute.visible.updated",
                                     "merchant.custom_attribute_definition.owned.created",
                                     "merchant.custom_attribute_definition.owned.deleted",
                                     "merchant.custom_attribute_definition.owned.updated",
                                     "merchant.custom_attribute_definition.visible.created",
                                     "merchant.custom_attribute_definition.visible.deleted",
                                     "merchant.custom_attribute_definition.visible.updated",
                                     "oauth.authorization.revoked",
                                     "online_checkout.location_settings.updated",
                                     "online_checkout.merchant_settings.updated",
                                     "order.created",
                                     "order.custom_attribute.owned.deleted",
                                     "order.custom_attribute.owned.updated",
                                     "order.custom_attribute.visible.deleted",
                                     "order.custom_attribute.visible.updated",
                                     "order.custom_attribute_definition.owned.created",
                                     "order.custom_attribute_definition.owned.deleted",
                                     "order.custom_attribute_definition.owned.updated",
                                     "order.custom_attribute_definition.visible.created",
                                     "order.custom_attribute_definition.visible.deleted",
                                     "order.custom_attribute_definition.visible.updated",
                                     "order.fulfillment.updated",
                                     "order.updated",
                                     "payment.created",
                                     "payment.updated",
                                     "payout.failed",
                                     "payout.paid",
                                     "payout.sent",
                                     "refund.created",
                                     "refund.updated",
                                     "subscription.created",
                                     "subscription.updated",
                                     "team_member.created",
                                     "team_member.updated",
                                     "team_member.wage_setting.updated",
                                     "terminal.action.created",
                                     "terminal.action.updated",
                                     "terminal.checkout.created",
                                     "terminal.checkout.updated",
                                     "terminal.refund.created",
                                     "terminal.refund.updated",
                                     "transfer_order.created",
                                     "transfer_order.deleted",
                                     "transfer_order.updated",
                                     "vendor.created",
                                     "vendor.updated",
                                     "webhooks.test_notification"});
constexpr auto kSamples = std::to_array<Sample>({
    {"invoice.payment_made",
     R"({"merchant_id":"5CA1AB1E00001","type":"invoice.payment_made","event_id":"{{id}}",)"
     R"("created_at":"{{now_iso}}","data":{"type":"invoice","id":"inv:0-Cr33lSample",)"
     R"("object":{"invoice":{"id":"inv:0-Cr33lSample","status":"PAID","version":2}}}})"},
    {"order.updated", R"({"merchant_id":"5CA1AB1E00001","location_id":"L5CA1AB1E","type":"order.updated",)"
                      R"("event_id":"{{id}}","created_at":"{{now_iso}}","data":{"type":"order_updated",)"
                      R"("id":"Cr33lSampleOrder","object":{"order_updated":{"order_id":"Cr33lSampleOrder",)"
                      R"("state":"OPEN","version":3}}}})"},
    {"payment.created",
     R"({"merchant_id":"5CA1AB1E00001","location_id":"L5CA1AB1E","type":"payment.created",)"
     R"("event_id":"{{id}}","created_at":"{{now_iso}}","data":{"type":"payment",)"
     R"("id":"Cr33lSamplePayment","object":{"payment":{"id":"Cr33lSamplePayment",)"
     R"("status":"APPROVED","amount_money":{"amount":4200,"currency":"EUR"}}}}})"},
    {"payment.updated",
     R"({"merchant_id":"5CA1AB1E00001","location_id":"L5CA1AB1E","type":"payment.updated",)"
     R"("event_id":"{{id}}","created_at":"{{now_iso}}","data":{"type":"payment",)"
     R"("id":"Cr33lSamplePayment","object":{"payment":{"id":"Cr33lSamplePayment",)"
     R"("status":"COMPLETED","amount_money":{"amount":4200,"currency":"EUR"}}}}})"},
    {"webhooks.test_notification",
     R"({"merchant_id":"5CA1AB1E00001","type":"webhooks.test_notification",)"
     R"("event_id":"{{id}}","created_at":"{{now_iso}}","data":{"type":"webhooks",)"
     R"("id":"bc368e64-01aa-407e-b46e-3231809b1129"}})"},
});

}  // namespace

constinit const Provider kSquare{
    .name = "square",
    .title = "Square",
    .scheme = Scheme::signature,
    .signature = {.content = "{url}{body}", .signatures = kSignatures, .encoding = SignatureEncoding::base64},
    .secret_environment = kEnvironment,
    .retry_horizon = 72h,  // The newer documentation says 24, the older one 72.
    .methods = kPost,
    .needs_url = true,
    .reject_status = 401,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://developer.squareup.com/docs/webhooks/step3validate",
    .notes =
        "The secret is the signature key of the subscription. url must be the notification URL "
        "exactly as it is written there.",
    .page = "providers/square.md",
    .example = "url      = \"https://hooks.example.com/webhooks/square\"\n",
};

}  // namespace creel::providers
