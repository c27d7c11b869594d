// What is signed is what the provider would send, and verifies.
#include <gtest/gtest.h>

#include "verify/signature_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

TEST(SignatureSigning, RoundTripsInEveryShape) {
  const Provider* rows[] = {&kPairs,         &kPrefixed, &kBase64,       &kSlackLike, &kUrlForm,
                            &kMethodUrlBody, &kUrlBody,  &kEitherHeader, &kSha512,    &kWithId};
  for (const Provider* provider : rows) {
    SignedRequest request{.provider = provider, .url = "https://hooks.example.com/in?a=1"};
    ASSERT_TRUE(request.receiver().can_sign());
    request.add(request.sign());
    EXPECT_EQ(request.error(), std::nullopt) << provider->signature.content;
    request.body[0] = '[';
    const bool is_digest = !provider->signature.body_digest_query.empty();
    EXPECT_EQ(request.error(), is_digest ? VerifyError::body_mismatch : VerifyError::signature_mismatch);
  }
}

TEST(SignatureSigning, MakesOnePairForEachValidKey) {
  SignedRequest request = with_pairs("");
  request.headers.clear();
  request.secrets = {"whsec_test_secret", "other"};
  const auto made = request.sign();
  ASSERT_EQ(made.headers.size(), 1U);
  EXPECT_EQ(made.headers[0].name, "X-Signature");
  EXPECT_TRUE(made.headers[0].value.starts_with(genuine_pairs() + ",v1=")) << made.headers[0].value;
  EXPECT_EQ(made.headers[0].value.size(), genuine_pairs().size() + 68);
  request.add(made);
  EXPECT_EQ(request.receive(), 0U);
  request.secrets = {"other"};
  EXPECT_EQ(request.receive(), 0U);
}

TEST(SignatureSigning, TakesTheFirstValidKeyWhereThereIsRoomForOne) {
  Key expired = make_key("old", SecretForm::text);
  expired.not_after = at(1749999999);
  const Receiver receiver(kEitherHeader, make_keys(std::move(expired), make_key("hush", SecretForm::text),
                                                   make_key("other", SecretForm::text)));
  const auto made = receiver.sign({.body = R"({"id":123})", .now = at(1750000000)});
  ASSERT_EQ(made.headers.size(), 1U);
  EXPECT_EQ(made.headers[0].name, "X-Signature");
  EXPECT_EQ(made.headers[0].value, "75DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88Jk=");
  EXPECT_TRUE(made.query.empty());
}

TEST(SignatureSigning, WritesTheTimeInItsUnitAndHeader) {
  SignedRequest request{.provider = &kMethodUrlBody, .url = "https://hooks.example.com/in"};
  const auto made = request.sign();
  ASSERT_EQ(made.headers.size(), 2U);
  EXPECT_EQ(made.headers[0].name, "X-Timestamp");
  EXPECT_EQ(made.headers[0].value, "1750000000000");
}

TEST(SignatureSigning, AddsTheDigestOfABodyThatIsNotInTheText) {
  SignedRequest request{.provider = &kUrlForm,
                        .secrets = {"12345"},
                        .body = R"({"property": "value", "boolean": true})",
                        .url = "https://mycompany.com/myapp.php?foo=1&bar=2"};
  const auto made = request.sign();
  EXPECT_EQ(made.query, "bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620");
  EXPECT_EQ(made.headers.front().value, "a9nBmqA0ju/hNViExpshrM61xv4=");
  request.url += "&" + made.query;
  EXPECT_EQ(request.sign().query, "");
  EXPECT_EQ(request.sign().headers.front().value, "a9nBmqA0ju/hNViExpshrM61xv4=");
  request.headers = {{"content-type", std::string(kForm)}};
  request.url = request.address();
  EXPECT_EQ(request.sign().query, "");
}

TEST(SignatureSigning, SignsWithAPrivateEd25519Key) {
  const Receiver signer(kDiscordLike, make_keys(make_key(kWhsk)));
  EXPECT_TRUE(signer.can_sign());
  SignedRequest request{.provider = &kDiscordLike};
  request.add(signer.sign({.body = request.body, .now = request.now}));
  EXPECT_EQ(request.receive(Receiver(kDiscordLike, make_keys(make_key(kWhpk)))), 0U);
}

TEST(SignatureSigning, MakesNothingWithoutWhatIsSigned) {
  const Receiver receiver(kWithId, make_keys(make_key("hush", SecretForm::text)));
  EXPECT_TRUE(receiver.sign({.provider_id = "", .body = "{}", .now = at(1)}).headers.empty());
}

}  // namespace
}  // namespace creel::testing
