// Replicate: Standard Webhooks. The body is the prediction itself, so its status is the type and its id no
// key: one prediction sends several webhooks. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 1> kPrefixes{"webhook-"};
constexpr std::array<std::string_view, 1> kEnvironment{"REPLICATE_WEBHOOK_SECRET"};
constexpr std::array kId{in_header("webhook-id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/status")};
constexpr std::array kSubjects{in_body("/id")};
constexpr std::array kTimes{in_body("/completed_at"), in_body("/started_at"), in_body("/created_at")};
constexpr std::array<std::string_view, 3> kHeaders{"webhook-id", "webhook-timestamp", "webhook-signature"};
constexpr auto kEventTypes =
    std::to_array<std::string_view>({"aborted", "canceled", "failed", "processing", "starting", "succeeded"});
constexpr auto kSamples = std::to_array<Sample>({
    {"failed", R"({"id":"{{id}}","version":"5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15)"
               R"(ccaa","status":"failed","input":{"prompt":"a sample"},"output":null,)"
               R"("error":"Out of memory","logs":"","created_at":"{{now_iso}}",)"
               R"("started_at":"{{now_iso}}","completed_at":"{{now_iso}}"})"},
    {"processing", R"({"id":"{{id}}","version":"5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15)"
                   R"(ccaa","status":"processing","input":{"prompt":"a sample"},"output":null,"error":null,)"
                   R"("logs":"50%","created_at":"{{now_iso}}","started_at":"{{now_iso}}",)"
                   R"("completed_at":null})"},
    {"starting", R"({"id":"{{id}}","version":"5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15)"
                 R"(ccaa","status":"starting","input":{"prompt":"a sample"},"output":null,"error":null,)"
                 R"("logs":"","created_at":"{{now_iso}}","started_at":null,"completed_at":null})"},
    {"succeeded", R"({"id":"{{id}}","version":"5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15)"
                  R"(ccaa","status":"succeeded","input":{"prompt":"a sample"},)"
                  R"("output":["https://replicate.delivery/sample/{{id}}.png"],"error":null,"logs":"100%",)"
                  R"("metrics":{"predict_time":1.5},"created_at":"{{now_iso}}","started_at":"{{now_iso}}",)"
                  R"("completed_at":"{{now_iso}}"})"},
});

}  // namespace

constinit const Provider kReplicate{
    .name = "replicate",
    .title = "Replicate",
    .scheme = Scheme::standard_webhooks,
    .header_prefixes = kPrefixes,
    .secret_form = SecretForm::strict_hmac,
    .secret_environment = kEnvironment,
    .tolerance = 5min,
    .retry_horizon = 1h,  // It ends about a minute after the prediction, and is for its end alone.
    .methods = kPost,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .sample_id_prefix = "msg_",
    .signature_headers = kHeaders,
    .documentation = "https://replicate.com/docs/topics/webhooks",
    .notes =
        "Only the last webhook of a prediction is tried again, for about a minute. The secret is "
        "fetched from GET /v1/webhooks/default/secret.",
};

}  // namespace creel::providers
