// FusionAuth: a token in a header that holds the body's digest. docs/providers.md
#include <array>

#include "verify/providers/table.h"

namespace creel::providers {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 1> kEnvironment{"FUSIONAUTH_WEBHOOK_SECRET"};
constexpr std::array kId{in_body("/event/id")};
constexpr std::array<KeyRecipe, 1> kDedupe{kId};
constexpr std::array kTypes{in_body("/event/type")};
constexpr std::array kSubjects{in_body("/event/user/id"), in_body("/event/group/id"),
                               in_body("/event/applicationId")};
constexpr std::array kTimes{in_body("/event/createInstant")};
constexpr std::array<std::string_view, 1> kHeaders{"x-fusionauth-signature-jwt"};
constexpr auto kEventTypes = std::to_array<std::string_view>({"audit-log.create",
                                                              "entity.create",
                                                              "entity.create.complete",
                                                              "entity.delete",
                                                              "entity.delete.complete",
                                                              "entity.update",
                                                              "entity.update.complete",
                                                              "event-log.create",
                                                              "group.create",
                                                              "group.create.complete",
                                                              "group.delete",
                                                              "group.delete.complete",
                                                              "group.member.add",
                                                              "group.member.add.complete",
                                                              "group.member.remove",
                                                              "group.member.remove.complete",
                                                              "group.member.update",
                                                              "group.member.update.complete",
                                                              "group.update",
                                                              "group.update.complete",
                                                              "jwt.public-key.update",
                                                              "jwt.refresh",
                                                              "jwt.refresh-token.revoke",
                                                              "kickstart.success",
                                                              "test",
                                                              "user.action",
                                                              "user.bulk.create",
                                                              "user.create",
                                                              "user.create.complete",
                                                              "user.deactivate",
                                                              "user.delete",
                                                              "user.delete.complete",
                                                              "user.email.update",
                                                              "user.email.verified",
                                                              "user.identity-provider.link",
                                                              "user.identity-provider.unlink",
                                                              "user.identity.update",
                                                              "user.identity.verified",
                                                              "user.login.failed",
                                                              "user.login.new-device",
                                                              "user.login.success",
                                                              "user.login.suspicious",
                                                              "user.loginId.duplicate.create",
                                                              "user.loginId.duplicate.update",
                                                              "user.password.breach",
                                                              "user.password.reset.send",
                                                              "user.password.reset.start",
                                                              "user.password.reset.success",
                                                              "user.password.update",
                                                              "user.reactivate",
                                                              "user.registration.create",
                                                              "user.registration.create.complete",
                                                              "user.registration.delete",
                                                              "user.registration.delete.complete",
                                                              "user.registration.update",
                                                              "user.registration.update.complete",
                                                              "user.registration.verified",
                                                              "user.two-factor.challenge",
                                                              "user.two-factor.failed-attempt",
                                                              "user.two-factor.method.add",
                                                              "user.two-factor.method.remove",
                                                              "user.two-factor.success",
                                                              "user.update",
                                                              "user.update.complete"});
constexpr auto kSamples = std::to_array<Sample>({
    {"jwt.refresh-token.revoke",
     R"({"event":{"applicationId":"85a03867-dccf-4882-adde-1a79aeec50df",)"
     R"("createInstant":{{now_ms}},"id":"{{id}}",)"
     R"("tenantId":"30663132-6464-6665-3032-326466613934","type":"jwt.refresh-token.revoke",)"
     R"("userId":"5ca1ab1e-0000-4000-8000-000000000001"}})"},
    {"test", R"({"event":{"createInstant":{{now_ms}},"id":"{{id}}","message":"A sample.",)"
             R"("type":"test"}})"},
    {"user.create", R"({"event":{"createInstant":{{now_ms}},"id":"{{id}}",)"
                    R"("tenantId":"30663132-6464-6665-3032-326466613934","type":"user.create","user":{)"
                    R"("id":"5ca1ab1e-0000-4000-8000-000000000001","email":"jane@example.com","active":true,)"
                    R"("verified":false}}})"},
    {"user.delete", R"({"event":{"createInstant":{{now_ms}},"id":"{{id}}",)"
                    R"("tenantId":"30663132-6464-6665-3032-326466613934","type":"user.delete","user":{)"
                    R"("id":"5ca1ab1e-0000-4000-8000-000000000001","email":"jane@example.com"}}})"},
    {"user.login.success",
     R"({"event":{"applicationId":"85a03867-dccf-4882-adde-1a79aeec50df",)"
     R"("authenticationType":"PASSWORD","createInstant":{{now_ms}},"id":"{{id}}",)"
     R"("tenantId":"30663132-6464-6665-3032-326466613934","type":"user.login.success",)"
     R"("user":{"id":"5ca1ab1e-0000-4000-8000-000000000001","email":"jane@example.com"}}})"},
});

}  // namespace

constinit const Provider kFusionauth{
    .name = "fusionauth",
    .title = "FusionAuth",
    .scheme = Scheme::jwt,
    .token_header = "X-FusionAuth-Signature-JWT",
    .body_claim = "request_body_sha256",
    .secret_environment = kEnvironment,
    .retry_horizon = 24h,  // It states no schedule, and says that an event may be sent again.
    .methods = kPost,
    .reject_status = 401,
    .dedupe = kDedupe,
    .types = kTypes,
    .subjects = kSubjects,
    .times = kTimes,
    .event_types = kEventTypes,
    .samples = kSamples,
    .signature_headers = kHeaders,
    .documentation = "https://fusionauth.io/docs/extend/events-and-webhooks/signing",
    .notes =
        "HS256, HS384 and HS512 with a shared secret, or public keys from jwks; which algorithms are "
        "accepted is the source's word (algorithms), never the token's. A transaction of FusionAuth "
        "may wait for the answer, two seconds by default.",
};

}  // namespace creel::providers
