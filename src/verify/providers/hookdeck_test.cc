#include <gtest/gtest.h>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

TEST(Hookdeck, ReadsWhateverCameThrough) {
  const ProviderWorld world("hookdeck");
  SentRequest request =
      world.signed_request(R"({"type":"invoice.paid","created":1750000000,"data":{"object":{"id":"in_1"}}})");
  request.set("x-hookdeck-eventid", "evt_1");
  const ReceivedItem item = world.item(request);
  EXPECT_EQ(item.provider_id, "evt_1");
  EXPECT_EQ(item.dedupe_key, "evt_1#" + hex_sha256(request.body));
  EXPECT_EQ(item.type, "invoice.paid");
  EXPECT_EQ(item.subject, "in_1");
  EXPECT_EQ(item.occurred, kNow);
}

TEST(Hookdeck, AcceptsEitherOfTwoSignatures) {
  const ProviderWorld world("hookdeck");
  SentRequest request = world.signed_request("{}");
  request.set("x-hookdeck-signature-2", request.header("x-hookdeck-signature"));
  request.set("x-hookdeck-signature",
              ProviderWorld("hookdeck", "last year's").signed_request("{}").header("x-hookdeck-signature"));
  EXPECT_EQ(world.refusal(request), std::nullopt);
  request.drop("x-hookdeck-signature-2");
  EXPECT_EQ(world.refusal(request), VerifyError::signature_mismatch);
  EXPECT_EQ(world.status(request), 401);
}

}  // namespace
}  // namespace creel::testing
