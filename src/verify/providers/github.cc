// GitHub: hex over the body, JSON or a form whose field "payload" holds the JSON. It never tries again by
// itself; a redelivery that somebody asks for carries the same id. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("X-Hub-Signature-256")};
constexpr std::array<std::string_view, 1> kEnvironment{"GITHUB_WEBHOOK_SECRET"};
constexpr std::array kId{in_header("X-GitHub-Delivery")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_header("X-GitHub-Event")};
constexpr std::array kSubjects{in_body("/repository/full_name"), in_body("/organization/login"),
                               in_body("/installation/account/login")};
constexpr std::array kTimes{in_body("/head_commit/timestamp"), in_body("/pull_request/updated_at"),
                            in_body("/issue/updated_at")};
// The first of them is SHA-1, which nothing here accepts.
constexpr std::array<std::string_view, 2> kHeaders{"x-hub-signature", "x-hub-signature-256"};
constexpr auto kEventTypes = std::to_array<std::string_view>({"branch_protection_configuration",
                                                              "branch_protection_rule",
                                                              "check_run",
                                                              "check_suite",
                                                              "code_scanning_alert",
                                                              "commit_comment",
                                                              "create",
                                                              "custom_property",
                                                              "custom_property_values",
                                                              "delete",
                                                              "dependabot_alert",
                                                              "deploy_key",
                                                              "deployment",
                                                              "deployment_protection_rule",
                                                              "deployment_review",
                                                              "deployment_status",
                                                              "discussion",
                                                              "discussion_comment",
                                                              "fork",
                                                              "github_app_authorization",
                                                              "gollum",
                                                              "installation",
                                                              "installation_repositories",
                                                              "installation_target",
                                                              "issue_comment",
                                                              "issue_dependencies",
                                                              "issues",
                                                              "label",
                                                              "marketplace_purchase",
                                                              "member",
                                                              "membership",
                                                              "merge_group",
                                                              "meta",
                                                              "milestone",
                                                              "org_block",
                                                              "organization",
                                                              "package",
                                                              "page_build",
                                                              "personal_access_token_request",
                                                              "ping",
                                                              "project",
                                                              "project_card",
                                                              "project_column",
                                                              "projects_v2",
                                                              "projects_v2_item",
                                                              "projects_v2_status_update",
                                                              "public",
                                                              "pull_request",
                                                              "pull_request_review",
                                                              "pull_request_review_comment",
                                                              "pull_request_review_thread",
                                                              "push",
                                                              "registry_package",
                                                              "release",
                                                              "repository",
                                                              "repository_advisory",
                                                              "repository_dispatch",
                                                              "repository_import",
                                                              "repository_ruleset",
                                                              "repository_vulnerability_alert",
                                                              "secret_scanning_alert",
                                                              "secret_scanning_alert_location",
                                                              "secret_scanning_scan",
                                                              "security_advisory",
                                                              "security_and_analysis",
                                                              "sponsorship",
                                                              "star",
                                                              "status",
                                                              "sub_issues",
                                                              "team",
                                                              "team_add",
                                                              "watch",
                                                              "workflow_dispatch",
                                                              "workflow_job",
                                                              "workflow_run"});
constexpr auto kSamples = std::to_array<Sample>({
    {"issues", R"({"action":"opened","issue":{"id":{{number}},"number":42,"title":"A sample",)"
               R"("state":"open","user":{"login":"octocat","id":1},"created_at":"{{now_iso}}",)"
               R"("updated_at":"{{now_iso}}"},"repository":{"id":35129377,"name":"sample",)"
               R"("full_name":"octo-org/sample","private":false},"sender":{"login":"octocat","id":1}})"},
    {"ping", R"({"zen":"Keep it logically awesome.","hook_id":{{number}},"hook":{"type":"Repository",)"
             R"("id":{{number}},"name":"web","active":true,"events":["push"],"config":{)"
             R"("content_type":"json","insecure_ssl":"0",)"
             R"("url":"https://example.com/webhooks/github"}},"repository":{"id":35129377,)"
             R"("name":"sample","full_name":"octo-org/sample","private":false},"sender":{)"
             R"("login":"octocat","id":1}})"},
    {"pull_request",
     R"({"action":"closed","number":7,"pull_request":{"id":{{number}},"number":7,)"
     R"("state":"closed","merged":true,"title":"A sample","updated_at":"{{now_iso}}","head":{)"
     R"("ref":"topic","sha":"6dcb09b5b57875f334f61aebed695e2e4193db5e"},"base":{)"
     R"("ref":"main"}},"repository":{"id":35129377,"name":"sample",)"
     R"("full_name":"octo-org/sample","private":false},"sender":{"login":"octocat","id":1}})"},
    {"push", R"({"ref":"refs/heads/main","before":"6113728f27ae82c7b1a177c8d03f9e96e0adf246",)"
             R"("after":"6dcb09b5b57875f334f61aebed695e2e4193db5e","repository":{"id":35129377,)"
             R"("name":"sample","full_name":"octo-org/sample","private":false},"pusher":{)"
             R"("name":"octocat"},"created":false,"deleted":false,"forced":false,"head_commit":{)"
             R"("id":"6dcb09b5b57875f334f61aebed695e2e4193db5e","message":"Sample {{id}}",)"
             R"("timestamp":"{{now_iso}}"},"sender":{"login":"octocat","id":1}})"},
    {"workflow_run",
     R"({"action":"completed","workflow_run":{"id":{{number}},"name":"build",)"
     R"("status":"completed","conclusion":"success","head_branch":"main",)"
     R"("updated_at":"{{now_iso}}"},"repository":{"id":35129377,"name":"sample",)"
     R"("full_name":"octo-org/sample","private":false},"sender":{"login":"octocat","id":1}})"},
});

}  // namespace

constinit const Provider kGithub{
    .name = "github",
    .title = "GitHub",
    .scheme = Scheme::signature,
    .signature = {.signatures = kSignatures, .prefix = "sha256="},
    .secret_environment = kEnvironment,
    .retry_horizon = 72h,  // Never by itself; somebody may ask for three days.
    .methods = kPost,
    .reject_status = 401,
    .body = BodyKind::json_or_form,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://docs.github.com/en/webhooks",
    .notes =
        "Nothing is sent again by itself: what is not accepted is lost until somebody asks for a "
        "redelivery. The type is the event's name; the action (opened, closed ...) stands in the body "
        "at /action. Bodies may have 25 MB.",
};

}  // namespace creel::providers
