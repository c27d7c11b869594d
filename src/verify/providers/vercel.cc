// Vercel: hex SHA-1 over the body alone. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array kSignatures{in_header("x-vercel-signature")};
constexpr std::array<std::string_view, 1> kEnvironment{"VERCEL_WEBHOOK_SECRET"};
constexpr std::array kId{in_body("/id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/type")};
constexpr std::array kSubjects{in_body("/payload/deployment/id"), in_body("/payload/project/id"),
                               in_body("/payload/domain/name"), in_body("/payload/configuration/id")};
constexpr std::array kTimes{in_body("/createdAt")};
constexpr std::array<std::string_view, 1> kHeaders{"x-vercel-signature"};
constexpr auto kEventTypes =
    std::to_array<std::string_view>({"ai-gateway.auto-reload.limit-reached",
                                     "ai-gateway.balance-depleted",
                                     "alerts.triggered",
                                     "botid.anomaly",
                                     "budget.reached",
                                     "comment.created",
                                     "comment.deleted",
                                     "comment.mentioned",
                                     "comment.reaction-added",
                                     "comment.reaction-removed",
                                     "comment.resolved",
                                     "comment.unresolved",
                                     "comment.updated",
                                     "deployment.blocked",
                                     "deployment.build-requested",
                                     "deployment.canceled",
                                     "deployment.check-rerequested",
                                     "deployment.checkrun.cancel",
                                     "deployment.checkrun.start",
                                     "deployment.checks.failed",
                                     "deployment.checks.succeeded",
                                     "deployment.cleanup",
                                     "deployment.created",
                                     "deployment.error",
                                     "deployment.integration.action.cancel",
                                     "deployment.integration.action.cleanup",
                                     "deployment.integration.action.start",
                                     "deployment.promoted",
                                     "deployment.ready",
                                     "deployment.rollback",
                                     "deployment.succeeded",
                                     "domain.auto-renew.changed",
                                     "domain.certificate.add",
                                     "domain.certificate.add.failed",
                                     "domain.certificate.deleted",
                                     "domain.certificate.renew",
                                     "domain.certificate.renew.failed",
                                     "domain.created",
                                     "domain.dns.records.changed",
                                     "domain.renewal",
                                     "domain.renewal.failed",
                                     "domain.transfer-in.completed",
                                     "domain.transfer-in.failed",
                                     "domain.transfer-in.started",
                                     "edge-config.created",
                                     "edge-config.deleted",
                                     "edge-config.items.updated",
                                     "firewall.attack",
                                     "firewall.custom-rule-anomaly",
                                     "firewall.system-rule-anomaly",
                                     "flag.created",
                                     "flag.deleted",
                                     "flag.segment.created",
                                     "flag.segment.deleted",
                                     "flag.segment.updated",
                                     "flag.updated",
                                     "function.archival-required",
                                     "function.removal-required",
                                     "integration-configuration.permission-upgraded",
                                     "integration-configuration.removed",
                                     "integration-configuration.scope-change-confirmed",
                                     "integration-configuration.transferred",
                                     "integration-resource.project-connected",
                                     "integration-resource.project-disconnected",
                                     "marketplace.invoice.created",
                                     "marketplace.invoice.notpaid",
                                     "marketplace.invoice.overdue",
                                     "marketplace.invoice.paid",
                                     "marketplace.invoice.refunded",
                                     "marketplace.member.changed",
                                     "message.created",
                                     "message.deleted",
                                     "message.mentioned",
                                     "message.reaction-added",
                                     "message.reaction-removed",
                                     "message.updated",
                                     "observability.anomaly",
                                     "observability.anomaly-error",
                                     "observability.error-anomaly",
                                     "observability.usage-anomaly",
                                     "project.created",
                                     "project.domain.created",
                                     "project.domain.deleted",
                                     "project.domain.moved",
                                     "project.domain.unverified",
                                     "project.domain.updated",
                                     "project.domain.verified",
                                     "project.env-variable.created",
                                     "project.env-variable.deleted",
                                     "project.env-variable.updated",
                                     "project.removed",
                                     "project.renamed",
                                     "project.rolling-release.aborted",
                                     "project.rolling-release.approved",
                                     "project.rolling-release.completed",
                                     "project.rolling-release.started",
                                     "thread.resolved",
                                     "thread.unresolved"});
constexpr auto kSamples = std::to_array<Sample>({
    {"deployment.created",
     R"({"id":"{{id}}","type":"deployment.created","createdAt":{{now_ms}},"region":"fra1",)"
     R"("payload":{"team":{"id":"team_5ca1ab1e"},"user":{"id":"5ca1ab1e"},"deployment":{)"
     R"("id":"dpl_5ca1ab1e","name":"sample","url":"sample-5ca1ab1e.vercel.app","meta":{}},)"
     R"("project":{"id":"prj_5ca1ab1e"},"target":"production","plan":"pro"}})"},
    {"deployment.error",
     R"({"id":"{{id}}","type":"deployment.error","createdAt":{{now_ms}},"region":"fra1",)"
     R"("payload":{"team":{"id":"team_5ca1ab1e"},"user":{"id":"5ca1ab1e"},"deployment":{)"
     R"("id":"dpl_5ca1ab1e","name":"sample","url":"sample-5ca1ab1e.vercel.app","meta":{}},)"
     R"("project":{"id":"prj_5ca1ab1e"},"target":null,"plan":"pro"}})"},
    {"deployment.succeeded",
     R"({"id":"{{id}}","type":"deployment.succeeded","createdAt":{{now_ms}},"region":"fra1",)"
     R"("payload":{"team":{"id":"team_5ca1ab1e"},"user":{"id":"5ca1ab1e"},"deployment":{)"
     R"("id":"dpl_5ca1ab1e","name":"sample","url":"sample-5ca1ab1e.vercel.app","meta":{}},)"
     R"("project":{"id":"prj_5ca1ab1e"},"target":"production","plan":"pro"}})"},
    {"project.created", R"({"id":"{{id}}","type":"project.created","createdAt":{{now_ms}},"region":null,)"
                        R"("payload":{"team":{"id":"team_5ca1ab1e"},"user":{"id":"5ca1ab1e"},"project":{)"
                        R"("id":"prj_5ca1ab1e","name":"sample"}}})"},
});

}  // namespace

constinit const Provider kVercel{
    .name = "vercel",
    .title = "Vercel",
    .scheme = Scheme::signature,
    .signature = {.algorithm = SignatureAlgorithm::hmac_sha1, .signatures = kSignatures},
    .secret_environment = kEnvironment,
    .retry_horizon = 24h,
    .methods = kPost,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://vercel.com/docs/webhooks",
    .notes =
        "The secret is shown once, when the webhook is made; webhooks of an integration use its "
        "client secret.",
};

}  // namespace creel::providers
