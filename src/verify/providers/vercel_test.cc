#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

TEST(Vercel, ReadsAnEvent) {
  const ProviderWorld world("vercel");
  const ReceivedItem item = world.item(world.signed_request(
      R"({"id":"uev_1","type":"deployment.created","createdAt":1750000000126,"region":null,"payload":{"deployment":{"id":"dpl_1"},"project":{"id":"prj_1"}}})"));
  EXPECT_EQ(item.provider_id, "uev_1");
  EXPECT_EQ(item.dedupe_key, "uev_1");
  EXPECT_EQ(item.type, "deployment.created");
  EXPECT_EQ(item.subject, "dpl_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Vercel, SignsWithSha1) {
  const ProviderWorld world("vercel", "test_secret");
  SentRequest request = world.signed_request(R"({"test":true})");
  EXPECT_EQ(request.header("x-vercel-signature"), "c2df2da54b7342c8dbb968e068d404d1c65acc91");
  request.set("x-vercel-signature", hex_hmac_sha256("test_secret", request.body));
  EXPECT_EQ(world.refusal(request), VerifyError::malformed_signature);
  EXPECT_EQ(world.status(request), 400);
}

}  // namespace
}  // namespace creel::testing
