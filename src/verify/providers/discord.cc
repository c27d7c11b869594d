// Discord: Ed25519 over the timestamp and the body with nothing between. Two addresses of an app are signed
// alike: interactions, whose types are numbers, and webhook events. It sends wrong signatures on purpose and
// wants 401. docs/providers/discord.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("X-Signature-Ed25519")};
constexpr std::array kTimestamp{in_header("X-Signature-Timestamp")};
constexpr std::array<std::string_view, 1> kEnvironment{"DISCORD_PUBLIC_KEY"};
// A webhook event has no id of its own: the body is its key.
constexpr std::array kId{in_body("/id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/event/type"), in_body("/type")};
constexpr std::array<TypeName, 4> kTypeNames{{{"2", "interaction.APPLICATION_COMMAND"},
                                              {"3", "interaction.MESSAGE_COMPONENT"},
                                              {"4", "interaction.APPLICATION_COMMAND_AUTOCOMPLETE"},
                                              {"5", "interaction.MODAL_SUBMIT"}}};
// 204 is no answer to an interaction: it is put off (5; 6 leaves a component's message as it is), and
// finished by the handler with its token. Completion cannot be put off: no choices (8).
constexpr std::array<TypeReply, 4> kReplies{
    {{"interaction.APPLICATION_COMMAND", 200, R"({"type":5})", "application/json"},
     {"interaction.APPLICATION_COMMAND_AUTOCOMPLETE", 200, R"({"type":8,"data":{"choices":[]}})",
      "application/json"},
     {"interaction.MESSAGE_COMPONENT", 200, R"({"type":6})", "application/json"},
     {"interaction.MODAL_SUBMIT", 200, R"({"type":5})", "application/json"}}};
constexpr std::array kSubjects{in_body("/event/data/user/id"), in_body("/event/data/id"),
                               in_body("/member/user/id"), in_body("/user/id")};
constexpr std::array kTimes{in_body("/event/timestamp")};
constexpr std::array<std::string_view, 2> kHeaders{"x-signature-ed25519", "x-signature-timestamp"};
constexpr auto kEventTypes = std::to_array<std::string_view>(
    {"APPLICATION_AUTHORIZED", "APPLICATION_DEAUTHORIZED", "ENTITLEMENT_CREATE", "GAME_DIRECT_MESSAGE_CREATE",
     "GAME_DIRECT_MESSAGE_DELETE", "GAME_DIRECT_MESSAGE_UPDATE", "LOBBY_MESSAGE_CREATE",
     "LOBBY_MESSAGE_DELETE", "LOBBY_MESSAGE_UPDATE", "QUEST_USER_ENROLLMENT",
     "interaction.APPLICATION_COMMAND", "interaction.APPLICATION_COMMAND_AUTOCOMPLETE",
     "interaction.MESSAGE_COMPONENT", "interaction.MODAL_SUBMIT"});
constexpr auto kSamples = std::to_array<Sample>({
    {"APPLICATION_AUTHORIZED",
     R"({"version":1,"application_id":"1234560123453231555","type":1,"event":{)"
     R"("type":"APPLICATION_AUTHORIZED","timestamp":"{{now_iso}}","data":{)"
     R"("integration_type":1,"scopes":["applications.commands"],"user":{"id":"{{number}}",)"
     R"("username":"jane"}}}})"},
    {"ENTITLEMENT_CREATE",
     R"({"version":1,"application_id":"1234560123453231555","type":1,"event":{)"
     R"("type":"ENTITLEMENT_CREATE","timestamp":"{{now_iso}}","data":{"id":"{{number}}",)"
     R"("sku_id":"1234560123453231557","application_id":"1234560123453231555",)"
     R"("user_id":"1234560123453231558","type":8,"deleted":false}}})"},
    {"interaction.APPLICATION_COMMAND",
     R"({"version":1,"type":2,"id":"{{number}}","application_id":"1234560123453231555",)"
     R"("token":"{{id}}","guild_id":"1234560123453231559","member":{"user":{)"
     R"("id":"1234560123453231558","username":"jane"}},"data":{"id":"1234560123453231560",)"
     R"("name":"deploy","type":1}})"},
});

}  // namespace

constinit const Provider kDiscord{
    .name = "discord",
    .title = "Discord",
    .scheme = Scheme::signature,
    .signature = {.algorithm = SignatureAlgorithm::ed25519,
                  .content = "{timestamp}{body}",
                  .signatures = kSignatures,
                  .timestamp = kTimestamp},
    .secret_form = SecretForm::ed25519_hex,
    .secret_environment = kEnvironment,
    .retry_horizon = 1h,  // Ten minutes.
    .methods = kPost,
    .reject_status = 401,
    .success_status = 204,
    .success_body = "",
    .success_type = "",
    .replies = kReplies,
    .handshake = Handshake::ping,
    .dedupe = kDedupe,
    .types = kTypes,
    .type_names = kTypeNames,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://docs.discord.com/developers/events/webhook-events",
    .notes =
        "The secret is the application's public key: it verifies and cannot sign. Webhook events are "
        "answered with 204, interactions with an answer that puts them off (200): the handler "
        "finishes them with the interaction's token, within 15 minutes. Discord names no window; "
        "tolerance switches one on.",
    .page = "providers/discord.md",
};

}  // namespace creel::providers
