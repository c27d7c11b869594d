// OpenAI: Standard Webhooks with HMAC secrets. docs/providers.md
#include <creel/openai.h>

#include <array>

#include "verify/event_types.h"
#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 1> kPrefixes{"webhook-"};
constexpr std::array<std::string_view, 1> kEnvironment{"OPENAI_WEBHOOK_SECRET"};
constexpr std::array<std::string_view, 1> kMethods{"POST"};
constexpr std::array kId{in_header("webhook-id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/type")};
// Incoming calls have no data.id, but the id of a call or a session.
constexpr std::array kSubjects{in_body("/data/id"), in_body("/data/call_id"), in_body("/data/session_id"),
                               in_body("/data/safety_identifier")};
constexpr std::array kTimes{in_body("/created_at")};
constexpr std::array<std::string_view, 3> kHeaders{"webhook-id", "webhook-timestamp", "webhook-signature"};

}  // namespace

constinit const Provider kOpenai{
    .name = "openai",
    .title = "OpenAI",
    .scheme = Scheme::standard_webhooks,
    .header_prefixes = kPrefixes,
    .secret_form = SecretForm::strict_hmac,
    .secret_environment = kEnvironment,
    .tolerance = 5min,
    .retry_horizon = 72h,
    .methods = kMethods,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kOpenaiTypes,
    .make_sample = openai::sample,
    .sample_id_prefix = "wh_",
    .signature_headers = kHeaders,
    .documentation = "https://platform.openai.com/docs/guides/webhooks",
    .notes =
        "Events carry ids and little else: fetch the object through the API. The secret is shown "
        "once, when the endpoint is made.",
};

}  // namespace creel::providers
