// Any sender that can be given a header with a token. A source of this provider may name another header, a
// bearer token or a query field. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<CredentialPlace, 1> kCredentials{{{CredentialPlace::Kind::header, "X-Webhook-Token"}}};
constexpr std::array kTypes{in_body("/type"), in_body("/event"), in_body("/event_type")};
constexpr std::array kTimes{in_body("/timestamp"), in_body("/created_at")};
constexpr auto kSamples = std::to_array<Sample>({
    {"sample.created", R"({"type":"sample.created","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
    {"sample.deleted", R"({"type":"sample.deleted","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
    {"sample.updated", R"({"type":"sample.updated","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
});

}  // namespace

constinit const Provider kToken{
    .name = "token",
    .title = "Shared token",
    .scheme = Scheme::credential,
    .credentials = kCredentials,
    .retry_horizon = 72h,  // Not known; as long as most senders try.
    .methods = kPost,
    .reject_status = 401,
    .reject_text = "Unauthorized",
    .body = BodyKind::any,
    .without_id = WithoutId::nothing,
    .types = kTypes,
    .times = kTimes,
    .samples = kSamples,
    .notes =
        "The source may name another header, a bearer token or a field of the query. The token covers "
        "nothing: use HTTPS.",
    .example = "header   = \"X-Billing-Token\"\n",
};

}  // namespace creel::providers
