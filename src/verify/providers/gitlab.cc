// GitLab: a token that comes along and covers nothing. An Idempotency-Key is the same over retries; servers
// before 17.4 send none, and never try again, so each of their requests is an event of its own. The event's
// UUID is no key: webhooks that an event of a webhook causes share it. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<CredentialPlace, 1> kCredentials{{{CredentialPlace::Kind::header, "X-Gitlab-Token"}}};
constexpr std::array<std::string_view, 1> kEnvironment{"GITLAB_WEBHOOK_TOKEN"};
constexpr std::array kId{in_header("Idempotency-Key")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
// The header has the display name, "Push Hook"; bodies by a template of one's own may have nothing else.
constexpr std::array kTypes{in_body("/object_kind"), in_body("/event_name"), in_header("X-Gitlab-Event")};
constexpr std::array kSubjects{in_body("/project/path_with_namespace"), in_body("/group/full_path"),
                               in_body("/group_path")};
constexpr std::array kTimes{in_body("/object_attributes/updated_at"), in_body("/created_at")};
constexpr auto kEventTypes = std::to_array<std::string_view>({"access_request",
                                                              "access_token",
                                                              "build",
                                                              "deployment",
                                                              "emoji",
                                                              "feature_flag",
                                                              "issue",
                                                              "merge_request",
                                                              "milestone",
                                                              "note",
                                                              "pipeline",
                                                              "project_create",
                                                              "project_destroy",
                                                              "push",
                                                              "release",
                                                              "subgroup_create",
                                                              "subgroup_destroy",
                                                              "tag_push",
                                                              "user_add_to_group",
                                                              "user_remove_from_group",
                                                              "user_update_for_group",
                                                              "vulnerability",
                                                              "wiki_page",
                                                              "work_item"});
constexpr auto kSamples = std::to_array<Sample>({
    {"issue", R"({"object_kind":"issue","event_type":"issue","user":{"id":1,"name":"Jane Doe",)"
              R"("username":"jane"},"project":{"id":1,"name":"sample",)"
              R"("path_with_namespace":"octo/sample"},"object_attributes":{"id":{{number}},"iid":23,)"
              R"("title":"A sample","state":"opened","action":"open","updated_at":"{{now_iso}}"}})"},
    {"merge_request", R"({"object_kind":"merge_request","event_type":"merge_request","user":{"id":1,)"
                      R"("name":"Jane Doe","username":"jane"},"project":{"id":1,"name":"sample",)"
                      R"("path_with_namespace":"octo/sample"},"object_attributes":{"id":{{number}},"iid":7,)"
                      R"("source_branch":"topic","target_branch":"main","state":"merged","action":"merge",)"
                      R"("updated_at":"{{now_iso}}"}})"},
    {"pipeline", R"({"object_kind":"pipeline","object_attributes":{"id":{{number}},"ref":"main",)"
                 R"("status":"success","duration":63,"created_at":"{{now_iso}}"},"project":{"id":1,)"
                 R"("name":"sample","path_with_namespace":"octo/sample"},"builds":[]})"},
    {"push", R"({"object_kind":"push","event_name":"push",)"
             R"("before":"95790bf891e76fee5e1747ab589903a6a1f80f22",)"
             R"("after":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7","ref":"refs/heads/main",)"
             R"("user_username":"jane","project_id":1,"project":{"id":1,"name":"sample",)"
             R"("path_with_namespace":"octo/sample"},"commits":[{)"
             R"("id":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7","message":"Sample {{id}}",)"
             R"("timestamp":"{{now_iso}}"}],"total_commits_count":1})"},
});

}  // namespace

constinit const Provider kGitlab{
    .name = "gitlab",
    .title = "GitLab",
    .scheme = Scheme::credential,
    .credentials = kCredentials,
    .secret_environment = kEnvironment,
    .retry_horizon = 24h,  // A failing webhook is paused for a minute at first, for a day at last.
    .methods = kPost,
    .reject_status = 401,
    .reject_text = "Unauthorized",
    .dedupe = kDedupe,
    .without_id = WithoutId::nothing,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .documentation = "https://docs.gitlab.com/user/project/integrations/webhooks/",
    .notes =
        "The token covers nothing: use HTTPS. Before GitLab 17.4 there is no id, and nothing tries again: "
        "every request is an event. A webhook with a signing token (whsec_...) signs as "
        "Standard Webhooks: give such a source the provider \"standard-webhooks\". Four failures in a "
        "row pause a webhook, forty end it.",
};

}  // namespace creel::providers
