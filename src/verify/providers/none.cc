// No proof at all: whoever knows the path may send. Only ever by explicit choice. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kTypes{in_body("/type"), in_body("/event"), in_body("/event_type")};
constexpr std::array kTimes{in_body("/timestamp"), in_body("/created_at")};
constexpr auto kSamples = std::to_array<Sample>({
    {"sample.created", R"({"type":"sample.created","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
    {"sample.deleted", R"({"type":"sample.deleted","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
    {"sample.updated", R"({"type":"sample.updated","timestamp":"{{now_iso}}","data":{"id":"{{id}}"}})"},
});

}  // namespace

constinit const Provider kNone{
    .name = "none",
    .title = "None",
    .scheme = Scheme::none,
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
        "Nothing is verified: whoever knows the path may send. Give the source a path that nobody "
        "guesses, and take its events as hints.",
    .example = "path     = \"/webhooks/8f1c3b5e9a7d4f02\"\n",
};

}  // namespace creel::providers
