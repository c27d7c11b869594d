// Cursor's cloud agents. The id in the body is the agent's, so the key is the header's. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("X-Webhook-Signature")};
constexpr std::array<std::string_view, 1> kEnvironment{"CURSOR_WEBHOOK_SECRET"};
constexpr std::array kId{in_header("X-Webhook-ID")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_header("X-Webhook-Event"), in_body("/event")};
constexpr std::array kSubjects{in_body("/id")};
constexpr std::array kTimes{in_body("/timestamp")};
constexpr std::array<std::string_view, 1> kHeaders{"x-webhook-signature"};
constexpr auto kEventTypes = std::to_array<std::string_view>({"statusChange"});
constexpr auto kSamples = std::to_array<Sample>({
    {"statusChange", R"({"event":"statusChange","timestamp":"{{now_iso}}","id":"bc_{{id}}",)"
                     R"("status":"FINISHED","source":{"repository":"https://github.com/octo-org/sample",)"
                     R"("ref":"main"},"target":{"url":"https://cursor.com/agents?id=bc_{{id}}",)"
                     R"("branchName":"cursor/sample","prUrl":"https://github.com/octo-org/sample/pull/7"},)"
                     R"("summary":"Added a sample."})"},
});

}  // namespace

constinit const Provider kCursor{
    .name = "cursor",
    .title = "Cursor",
    .scheme = Scheme::signature,
    .signature = {.signatures = kSignatures, .prefix = "sha256="},
    .secret_environment = kEnvironment,
    .retry_horizon = 24h,  // It may try again; how long is not said.
    .methods = kPost,
    .reject_status = 401,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://cursor.com/docs/cloud-agent/api/webhooks",
    .notes = "Whether and how long Cursor tries again is not published. /status says FINISHED or ERROR.",
};

}  // namespace creel::providers
