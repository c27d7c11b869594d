// Any sender that signs with an HMAC. What stands here is the commonest way; a source of this provider says
// what differs. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("X-Signature")};
constexpr std::array kTypes{in_body("/type"), in_body("/event"), in_body("/event_type")};
constexpr std::array kTimes{in_body("/timestamp"), in_body("/created_at")};
constexpr std::array<std::string_view, 1> kHeaders{"x-signature"};
constexpr auto kSamples = std::to_array<Sample>({
    {"sample.created", R"({"type":"sample.created","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
    {"sample.deleted", R"({"type":"sample.deleted","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
    {"sample.updated", R"({"type":"sample.updated","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
});

}  // namespace

constinit const Provider kHmac{
    .name = "hmac",
    .title = "HMAC",
    .scheme = Scheme::signature,
    .signature = {.signatures = kSignatures},
    .retry_horizon = 72h,  // Not known; as long as most senders try.
    .methods = kPost,
    .reject_status = 401,
    .body = BodyKind::any,
    .without_id = WithoutId::nothing,
    .types = kTypes,
    .times = kTimes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .notes =
        "The source says what differs: the header, hash, encoding, prefix, signed content and "
        "timestamp of the sender.",
    .example = "header   = \"X-Billing-Signature\"\nprefix   = \"sha256=\"\nid       = \"/event_id\"\n",
};

}  // namespace creel::providers
