// Any sender that uses Svix: Standard Webhooks with headers of its own. Bodies are the sender's.
// docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 2> kPrefixes{"svix-", "webhook-"};
constexpr std::array kId{in_header("svix-id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/type")};

constexpr std::array kTimes{in_body("/timestamp")};
constexpr std::array<std::string_view, 6> kHeaders{"svix-id",    "svix-timestamp",    "svix-signature",
                                                   "webhook-id", "webhook-timestamp", "webhook-signature"};
constexpr auto kSamples = std::to_array<Sample>({
    {"invoice.paid", R"({"type":"invoice.paid","timestamp":"{{now_iso}}","data":{"id":"inv_{{id}}",)"
                     R"("amount":4200,"currency":"EUR"}})"},
    {"user.created", R"({"type":"user.created","timestamp":"{{now_iso}}","data":{"id":"user_{{id}}",)"
                     R"("email":"jane@example.com"}})"},
    {"user.deleted", R"({"type":"user.deleted","timestamp":"{{now_iso}}","data":{"id":"user_{{id}}"}})"},
});

}  // namespace

constinit const Provider kSvix{
    .name = "svix",
    .title = "Svix",
    .scheme = Scheme::standard_webhooks,
    .header_prefixes = kPrefixes,
    .secret_form = SecretForm::strict,
    .tolerance = 5min,
    .retry_horizon = 28h,
    .methods = kPost,
    .body = BodyKind::any,
    .dedupe = kDedupe,
    .types = kTypes,
    .times = kTimes,
    .samples = kSamples,
    .sample_id_prefix = "msg_",
    .signature_headers = kHeaders,
    .documentation = "https://docs.svix.com/receiving/verifying-payloads/how",
    .notes = "The headers may be spelled svix-* or webhook-*. Bodies need not be JSON.",
};

}  // namespace creel::providers
