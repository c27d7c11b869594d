// Slack: "v0:", the timestamp, a colon and the body, be it JSON (events) or a form (commands, interactions).
// docs/providers/slack.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("X-Slack-Signature")};
constexpr std::array kTimestamp{in_header("X-Slack-Request-Timestamp")};
constexpr std::array<std::string_view, 1> kEnvironment{"SLACK_SIGNING_SECRET"};
constexpr std::array kEvent{in_body("/event_id")};
constexpr std::array kAct{in_body("/trigger_id")};
constexpr std::array<KeyRecipe, 2> kDedupe{kEvent, kAct};
// The outer type of an event is always event_callback; a command is called by its name, "/deploy".
constexpr std::array kTypes{in_body("/event/type"), in_body("/command"), in_body("/type")};
constexpr std::array kSubjects{in_body("/event/channel"),    in_body("/event/item/channel"),
                               in_body("/event/channel/id"), in_body("/event/user"),
                               in_body("/channel_id"),       in_body("/user/id")};
constexpr std::array kTimes{in_body("/event_time")};
constexpr std::array<std::string_view, 2> kHeaders{"x-slack-signature", "x-slack-request-timestamp"};
constexpr auto kEventTypes = std::to_array<std::string_view>({"agent_session_stopped",
                                                              "agent_session_title_changed",
                                                              "app_context_changed",
                                                              "app_deleted",
                                                              "app_home_opened",
                                                              "app_installed",
                                                              "app_mention",
                                                              "app_rate_limited",
                                                              "app_requested",
                                                              "app_uninstalled",
                                                              "app_uninstalled_team",
                                                              "assistant_thread_context_changed",
                                                              "assistant_thread_started",
                                                              "block_actions",
                                                              "block_suggestion",
                                                              "call_rejected",
                                                              "channel_archive",
                                                              "channel_created",
                                                              "channel_deleted",
                                                              "channel_history_changed",
                                                              "channel_id_changed",
                                                              "channel_left",
                                                              "channel_rename",
                                                              "channel_shared",
                                                              "channel_unarchive",
                                                              "channel_unshared",
                                                              "dnd_updated",
                                                              "dnd_updated_user",
                                                              "email_domain_changed",
                                                              "emoji_changed",
                                                              "entity_details_requested",
                                                              "file_change",
                                                              "file_comment_deleted",
                                                              "file_created",
                                                              "file_deleted",
                                                              "file_public",
                                                              "file_shared",
                                                              "file_unshared",
                                                              "function_executed",
                                                              "grid_migration_finished",
                                                              "grid_migration_started",
                                                              "group_archive",
                                                              "group_close",
                                                              "group_deleted",
                                                              "group_history_changed",
                                                              "group_left",
                                                              "group_open",
                                                              "group_rename",
                                                              "group_unarchive",
                                                              "im_close",
                                                              "im_created",
                                                              "im_history_changed",
                                                              "im_open",
                                                              "invite_requested",
                                                              "link_shared",
                                                              "member_joined_channel",
                                                              "member_left_channel",
                                                              "message",
                                                              "message_action",
                                                              "message_metadata_deleted",
                                                              "message_metadata_posted",
                                                              "message_metadata_updated",
                                                              "pin_added",
                                                              "pin_removed",
                                                              "reaction_added",
                                                              "reaction_removed",
                                                              "shared_channel_invite_accepted",
                                                              "shared_channel_invite_approved",
                                                              "shared_channel_invite_declined",
                                                              "shared_channel_invite_received",
                                                              "shared_channel_invite_requested",
                                                              "shortcut",
                                                              "star_added",
                                                              "star_removed",
                                                              "subteam_created",
                                                              "subteam_members_changed",
                                                              "subteam_self_added",
                                                              "subteam_self_removed",
                                                              "subteam_updated",
                                                              "team_access_granted",
                                                              "team_access_revoked",
                                                              "team_domain_change",
                                                              "team_join",
                                                              "team_rename",
                                                              "tokens_revoked",
                                                              "url_verification",
                                                              "user_change",
                                                              "user_huddle_changed",
                                                              "user_profile_changed",
                                                              "user_status_changed",
                                                              "view_closed",
                                                              "view_submission",
                                                              "workflow_deleted",
                                                              "workflow_published",
                                                              "workflow_step_deleted",
                                                              "workflow_step_execute",
                                                              "workflow_unpublished"});
constexpr auto kSamples = std::to_array<Sample>({
    {"/deploy",
     "token=Cr33lSample&team_id=T5CA1AB1E&team_domain=sample&channel_id=C5CA1AB1E&"
     "channel_name=general&user_id=U5CA1AB1E&user_name=jane&command=%2Fdeploy&text=main&"
     "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT5CA1AB1E%2Fsample&"
     "trigger_id={{number}}.1337.{{id}}"},
    {"app_mention", R"({"token":"Cr33lSample","team_id":"T5CA1AB1E","api_app_id":"A5CA1AB1E","event":{)"
                    R"("type":"app_mention","user":"U5CA1AB1E","text":"<@U0CREEL> a sample",)"
                    R"("ts":"{{now}}.000100","channel":"C5CA1AB1E","event_ts":"{{now}}.000100"},)"
                    R"("type":"event_callback","event_id":"Ev{{id}}","event_time":{{now}}})"},
    {"block_actions",
     "payload=%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%22%3A%22U5CA1AB1E"
     "%22%7D%2C%22trigger_id%22%3A%22{{number}}.1337.{{id}}%22%2C%22team%22%3A%7B%22id%22"
     "%3A%22T5CA1AB1E%22%7D%2C%22actions%22%3A%5B%7B%22action_id%22%3A%22approve%22%2C"
     "%22type%22%3A%22button%22%7D%5D%7D"},
    {"message", R"({"token":"Cr33lSample","team_id":"T5CA1AB1E","api_app_id":"A5CA1AB1E","event":{)"
                R"("type":"message","user":"U5CA1AB1E","text":"A sample.","ts":"{{now}}.000200",)"
                R"("channel":"C5CA1AB1E","event_ts":"{{now}}.000200","channel_type":"channel"},)"
                R"("type":"event_callback","event_id":"Ev{{id}}","event_time":{{now}}})"},
    {"reaction_added", R"({"token":"Cr33lSample","team_id":"T5CA1AB1E","api_app_id":"A5CA1AB1E","event":{)"
                       R"("type":"reaction_added","user":"U5CA1AB1E","reaction":"thumbsup","item":{)"
                       R"("type":"message","channel":"C5CA1AB1E","ts":"{{now}}.000200"},)"
                       R"("event_ts":"{{now}}.000300"},"type":"event_callback","event_id":"Ev{{id}}",)"
                       R"("event_time":{{now}}})"},
});

}  // namespace

constinit const Provider kSlack{
    .name = "slack",
    .title = "Slack",
    .scheme = Scheme::signature,
    .signature = {.content = "v0:{timestamp}:{body}",
                  .signatures = kSignatures,
                  .prefix = "v0=",
                  .timestamp = kTimestamp},
    .secret_environment = kEnvironment,
    .tolerance = 5min,
    .retry_horizon = 1h,  // Three retries in about six minutes.
    .methods = kPost,
    .reject_status = 401,
    // An answer to a command or an interaction is shown to a person: there is to be none.
    .success_body = "",
    .success_type = "",
    .handshake = Handshake::body_challenge,
    .body = BodyKind::json_or_form,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://docs.slack.dev/authentication/verifying-requests-from-slack/",
    .notes =
        "The answer is an empty 200. Commands and interactions are sent once: handlers reply through "
        "response_url.",
    .page = "providers/slack.md",
};

}  // namespace creel::providers
