// Any sender that follows the specification of Standard Webhooks. It advises JSON with a type and an ISO 8601
// time, and demands neither. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 1> kPrefixes{"webhook-"};
constexpr std::array<std::string_view, 1> kMethods{"POST"};
constexpr std::array kId{in_header("webhook-id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/type")};
constexpr std::array kTimes{in_body("/timestamp")};
constexpr std::array<std::string_view, 3> kHeaders{"webhook-id", "webhook-timestamp", "webhook-signature"};

constexpr auto kSamples = std::to_array<Sample>({
    {"invoice.paid", R"({"type":"invoice.paid","timestamp":"{{now_iso}}","data":{"id":"inv_{{id}}",)"
                     R"("amount":4200,"currency":"EUR"}})"},
    {"user.created", R"({"type":"user.created","timestamp":"{{now_iso}}","data":{"id":"user_{{id}}",)"
                     R"("email":"jane@example.com"}})"},
    {"user.deleted", R"({"type":"user.deleted","timestamp":"{{now_iso}}","data":{"id":"user_{{id}}"}})"},
});

}  // namespace

constinit const Provider kStandardWebhooks{
    .name = "standard-webhooks",
    .title = "Standard Webhooks",
    .scheme = Scheme::standard_webhooks,
    .header_prefixes = kPrefixes,
    .secret_form = SecretForm::strict,
    .tolerance = 5min,
    .retry_horizon = 76h,  // The example schedule of the specification ends after 75 h 35 min.
    .methods = kMethods,
    .body = BodyKind::any,
    .dedupe = kDedupe,
    .types = kTypes,
    .times = kTimes,
    .samples = kSamples,
    .sample_id_prefix = "msg_",
    .signature_headers = kHeaders,
    .documentation =
        "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
    .notes = "HMAC secrets (whsec_...) and Ed25519 public keys (whpk_...). Bodies need not be JSON.",
};

}  // namespace creel::providers
