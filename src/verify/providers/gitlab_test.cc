#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

constexpr std::string_view kBody =
    R"({"object_kind":"merge_request","project":{"path_with_namespace":"octo/sample"},"object_attributes":{"updated_at":"2025-06-15 15:06:40 UTC"}})";

TEST(Gitlab, ReadsAnEvent) {
  const ProviderWorld world("gitlab");
  SentRequest request = world.signed_request(std::string(kBody));
  request.set("X-Gitlab-Event", "Merge Request Hook");
  request.set("X-Gitlab-Event-UUID", "uuid_1");
  request.set("Idempotency-Key", "key_1");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "key_1");
  EXPECT_EQ(item.dedupe_key, "key_1");
  EXPECT_EQ(item.type, "merge_request");
  EXPECT_EQ(item.subject, "octo/sample");
}

// Webhooks that a webhook's event causes share its UUID, and two pipelines that fail alike have one body.
TEST(Gitlab, MakesAnEventOfEveryRequestWithoutAKey) {
  const ProviderWorld world("gitlab");
  SentRequest request = world.signed_request(std::string(kBody));
  request.set("X-Gitlab-Event-UUID", "uuid_1");
  EXPECT_EQ(world.item(request).dedupe_key, "");
}

TEST(Gitlab, TakesTheDisplayNameWhereATemplateLeftOutTheKind) {
  const ProviderWorld world("gitlab");
  SentRequest request = world.signed_request(R"({"text":"a template"})");
  request.set("X-Gitlab-Event", "Push Hook");
  EXPECT_EQ(world.item(request).type, "Push Hook");
}

TEST(Gitlab, ComparesTheWholeToken) {
  const ProviderWorld world("gitlab", "glpat-token");
  SentRequest request = world.signed_request(std::string(kBody));
  for (std::string wrong : {"glpat-tokem", "glpat-toke", "glpat-token2", "GLPAT-TOKEN"}) {
    request.set("X-Gitlab-Token", wrong);
    EXPECT_EQ(world.refusal(request), VerifyError::wrong_credential) << wrong;
    EXPECT_EQ(world.status(request), 401);
  }
}

}  // namespace
}  // namespace creel::testing
