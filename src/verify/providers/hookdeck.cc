// Hookdeck's Event Gateway, in front of creel: it keeps the original's headers and body and signs both anew.
// While its secret is rotated there is a second header. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("x-hookdeck-signature"), in_header("x-hookdeck-signature-2")};
constexpr std::array<std::string_view, 1> kEnvironment{"HOOKDECK_WEBHOOK_SECRET"};
constexpr std::array kId{in_header("x-hookdeck-eventid")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/type"), in_body("/topic"), in_header("X-GitHub-Event"),
                            in_header("X-Shopify-Topic")};
constexpr std::array kSubjects{in_body("/data/object/id"), in_body("/data/id")};
constexpr std::array kTimes{in_body("/created"), in_body("/created_at"), in_body("/timestamp")};
constexpr std::array<std::string_view, 2> kHeaders{"x-hookdeck-signature", "x-hookdeck-signature-2"};
constexpr auto kSamples = std::to_array<Sample>({
    {"invoice.paid", R"({"id":"evt_{{id}}","object":"event","created":{{now}},"type":"invoice.paid","data":{)"
                     R"("object":{"id":"in_Cr33lSample0001","object":"invoice","status":"paid"}}})"},
    {"order.created", R"({"type":"order.created","timestamp":"{{now_iso}}","data":{"id":"ord_{{id}}",)"
                      R"("total":"42.00"}})"},
    {"user.created", R"({"type":"user.created","timestamp":"{{now_iso}}","data":{"id":"user_{{id}}",)"
                     R"("email":"jane@example.com"}})"},
});

}  // namespace

constinit const Provider kHookdeck{
    .name = "hookdeck",
    .title = "Hookdeck",
    .scheme = Scheme::signature,
    .signature = {.signatures = kSignatures, .encoding = SignatureEncoding::base64},
    .secret_environment = kEnvironment,
    .retry_horizon = 168h,  // By rules of one's own; a week is the longest that it offers.
    .methods = kPost,
    .reject_status = 401,
    .body = BodyKind::any,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://hookdeck.com/docs/authentication",
    .notes =
        "What came to Hookdeck is passed on as it was, so types and bodies are those of whoever sent "
        "it. The headers may be renamed in Hookdeck's settings; the provider \"hmac\" then takes the "
        "other name.",
};

}  // namespace creel::providers
