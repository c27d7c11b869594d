// Any sender that can be given a user and a password (RFC 7617). docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<CredentialPlace, 1> kCredentials{{{CredentialPlace::Kind::basic, ""}}};
constexpr std::array kTypes{in_body("/type"), in_body("/event"), in_body("/event_type")};
constexpr std::array kTimes{in_body("/timestamp"), in_body("/created_at")};
constexpr auto kSamples = std::to_array<Sample>({
    {"sample.created", R"({"type":"sample.created","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
    {"sample.deleted", R"({"type":"sample.deleted","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
    {"sample.updated", R"({"type":"sample.updated","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
});

}  // namespace

constinit const Provider kBasic{
    .name = "basic",
    .title = "Basic credentials",
    .scheme = Scheme::credential,
    .credentials = kCredentials,
    .secret_form = SecretForm::basic,
    .retry_horizon = 72h,  // Not known; as long as most senders try.
    .methods = kPost,
    .reject_status = 401,
    .reject_text = "Unauthorized",
    .body = BodyKind::any,
    .without_id = WithoutId::nothing,
    .types = kTypes,
    .times = kTimes,
    .samples = kSamples,
    .notes = "The secret is written user:password. The credentials cover nothing: use HTTPS.",
};

}  // namespace creel::providers
