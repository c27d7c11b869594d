// Deepgram's callbacks: Basic credentials written into the callback's address, or, as it was before, the
// identifier of the API key in a header. One kind of event, without a name of its own. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<CredentialPlace, 2> kCredentials{
    {{CredentialPlace::Kind::basic, ""}, {CredentialPlace::Kind::header, "dg-token"}}};
constexpr std::array<std::string_view, 1> kEnvironment{"DEEPGRAM_API_KEY_ID"};
constexpr std::array<std::string_view, 2> kMethods{"POST", "PUT"};
constexpr std::array kId{in_body("/metadata/request_id")};
constexpr std::array kFlatId{in_body("/request_id")};
constexpr std::array<KeyRecipe, 2> kDedupe{kId, kFlatId};
constexpr std::array kTypes{always("transcription.callback")};
constexpr std::array kSubjects{in_body("/metadata/request_id"), in_body("/request_id")};
constexpr std::array kTimes{in_body("/metadata/created")};
constexpr auto kEventTypes = std::to_array<std::string_view>({"transcription.callback"});
constexpr auto kSamples = std::to_array<Sample>({
    {"transcription.callback",
     R"({"metadata":{"transaction_key":"deprecated","request_id":"{{id}}",)"
     R"("sha256":"154e291ecfa8be6ab8343560bcc109008fa7853eb5372533e8efdefc9b504c33",)"
     R"("created":"{{now_iso}}","duration":25.9,"channels":1,)"
     R"("models":["30089e05-99d1-4376-b32e-c263170674af"]},"results":{"channels":[{)"
     R"("alternatives":[{"transcript":"this is a sample","confidence":0.99,"words":[]}]}]}})"},
});

}  // namespace

constinit const Provider kDeepgram{
    .name = "deepgram",
    .title = "Deepgram",
    .scheme = Scheme::credential,
    .credentials = kCredentials,
    .secret_environment = kEnvironment,
    .retry_horizon = 1h,  // Ten times, 30 seconds apart.
    .methods = kMethods,
    .reject_status = 403,
    .missing_status = 401,
    .reject_text = "Unauthorized",
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .documentation = "https://developers.deepgram.com/docs/callback",
    .notes =
        "Write user:password@ into the callback's address and the same user:password as the secret. "
        "The header dg-token (the secret is then the API key's identifier) is no longer supported by "
        "Deepgram. Callbacks come by POST or PUT. The secret that comes back in the body at "
        "/metadata/extra/callback_secret is not looked at.",
};

}  // namespace creel::providers
