#include <gtest/gtest.h>

#include "verify/base64.h"
#include "verify/scheme.h"
#include "verify/webhook_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::at;
using testing::make_key;
using testing::make_keys;
using Place = CredentialPlace;

// The known-answer vector of a user and a password with colons.
constexpr std::string_view kPair = "webhook_user:pass:with:colons";
constexpr std::string_view kPairHeader = "Basic d2ViaG9va191c2VyOnBhc3M6d2l0aDpjb2xvbnM=";

std::string basic(std::string_view text) {
  return "Basic " + encode_base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

constexpr Place kTokenHeader[] = {{Place::Kind::header, "X-Token"}};
constexpr Place kBearer[] = {{Place::Kind::bearer, ""}};
constexpr Place kBasic[] = {{Place::Kind::basic, ""}};
constexpr Place kQuery[] = {{Place::Kind::query, "token"}};
constexpr Place kAnywhere[] = {
    {Place::Kind::basic, ""}, {Place::Kind::query, "key"}, {Place::Kind::bearer, ""}};

struct Door {
  Provider provider{.scheme = Scheme::credential};
  std::unique_ptr<SchemeKeys> scheme;
  std::chrono::sys_seconds now = at(1'750'000'000);

  template <std::size_t N>
  Door(const Place (&places)[N], std::vector<Key> keys, ReceiverOptions options = {}) {
    provider.credentials = places;
    scheme = make_credential(provider, std::move(keys), options);
  }
  template <std::size_t N>
  Door(const Place (&places)[N], std::string_view secret)
      : Door(places, make_keys(make_key(secret, SecretForm::text))) {}

  auto verify(std::vector<Header> headers, std::string_view query = "",
              const Masking* masked = nullptr) const {
    return scheme->verify({.query = query, .headers = headers, .body = "{}"}, now, masked);
  }
  VerifyError error(std::vector<Header> headers, std::string_view query = "") const {
    const auto result = verify(std::move(headers), query);
    return result ? VerifyError{-1} : result.error();
  }
};

TEST(Credential, AcceptsAHeaderWithTheSecret) {
  const Door door(kTokenHeader, "s3cret");
  EXPECT_TRUE(door.verify({{"x-token", "s3cret"}}));
  EXPECT_TRUE(door.verify({{"X-Token", "s3cret"}, {"x-token", "s3cret"}}));
}

TEST(Credential, RefusesWhatIsNotTheSecret) {
  const Door door(kTokenHeader, "s3cret");
  for (std::string_view wrong : {"s3cre", "s3cret ", "S3cret", "s3crett", "x", "s3crex"})
    EXPECT_EQ(door.error({{"x-token", wrong}}), VerifyError::wrong_credential) << wrong;
  const std::string with_nul("s3cret\0", 7);
  EXPECT_EQ(door.error({{"x-token", with_nul}}), VerifyError::wrong_credential);
  const std::string endless(100'000, 's');
  EXPECT_FALSE(door.verify({{"x-token", endless}}));
}

// HMAC pads a short key with zeros; the text itself must still be the same.
TEST(Credential, TellsASecretFromTheSameWithZerosBehind) {
  const Door door(kQuery, "s3cret");
  EXPECT_EQ(door.error({}, "token=s3cret%00"), VerifyError::wrong_credential);
  EXPECT_TRUE(door.verify({}, "token=s3cret"));
}

TEST(Credential, SaysWhenThereIsNone) {
  const Door door(kTokenHeader, "s3cret");
  EXPECT_EQ(door.error({}), VerifyError::missing_credential);
  EXPECT_EQ(door.error({{"x-token", ""}}), VerifyError::missing_credential);
  EXPECT_EQ(door.error({{"authorization", "Bearer s3cret"}}), VerifyError::missing_credential);
}

TEST(Credential, RefusesTwoDifferentValuesWhicheverIsRight) {
  const Door header(kTokenHeader, "s3cret");
  EXPECT_EQ(header.error({{"x-token", "s3cret"}, {"X-Token", "x"}}), VerifyError::conflicting_header);
  const Door query(kQuery, "s3cret");
  EXPECT_EQ(query.error({}, "token=x&token=s3cret"), VerifyError::conflicting_header);
  EXPECT_TRUE(query.verify({}, "token=s3cret&token=s3cret"));
  const Door anywhere(kAnywhere, "user:s3cret");
  EXPECT_EQ(
      anywhere.error({{"Authorization", "Basic eA=="}, {"Authorization", "Basic eQ=="}}, "key=user%3As3cret"),
      VerifyError::conflicting_header);
}

TEST(Credential, ReadsBasicCredentialsToTheVector) {
  const Door door(kBasic, make_keys(make_key(kPair, SecretForm::basic)));
  EXPECT_TRUE(door.verify({{"Authorization", kPairHeader}}));
  for (std::string_view word : {"basic", "BASIC", "bAsIc"}) {
    const std::string value = std::string(word) + " " + std::string(kPairHeader.substr(6));
    EXPECT_TRUE(door.verify({{"authorization", value}})) << value;
  }
  for (const std::string& wrong : {basic("webhook_user:pass"), basic("webhook_user:pass:with:colonS"),
                                   basic(":"), basic("webhook_use:rpass:with:colons")})
    EXPECT_EQ(door.error({{"Authorization", wrong}}), VerifyError::wrong_credential) << wrong;
}

TEST(Credential, CallsWhatCannotBeReadMalformed) {
  const Door door(kBasic, make_keys(make_key(kPair, SecretForm::basic)));
  const std::string encoded(kPairHeader.substr(6));
  for (const std::string& junk :
       {"Bearer " + encoded, encoded, std::string("Basic"), std::string("Basic "), "Basic" + encoded,
        "Basic " + encoded.substr(0, encoded.size() - 1), "Basic " + encoded + "=", "Basic " + encoded + " x",
        "Basic !" + encoded, "Basic " + encoded + std::string(8192, 'A'), basic("no colon at all")})
    EXPECT_EQ(door.error({{"Authorization", junk}}), VerifyError::malformed_credential) << junk;
}

TEST(Credential, AcceptsABearerToken) {
  const Door door(kBearer, "s3cret");
  EXPECT_TRUE(door.verify({{"Authorization", "Bearer s3cret"}}));
  EXPECT_TRUE(door.verify({{"Authorization", "bearer  s3cret"}}));
  EXPECT_EQ(door.error({{"Authorization", "Bearer s3cret2"}}), VerifyError::wrong_credential);
  EXPECT_EQ(door.error({{"Authorization", "s3cret"}}), VerifyError::malformed_credential);
  EXPECT_EQ(door.error({{"Authorization", "Bearer "}}), VerifyError::malformed_credential);
}

TEST(Credential, DecodesTheQuery) {
  const Door door(kQuery, "a b&c=d%");
  EXPECT_TRUE(door.verify({}, "x=1&token=a+b%26c%3dd%25&y"));
  EXPECT_TRUE(door.verify({}, "%74oken=a%20b%26c=d%"));
  EXPECT_EQ(door.error({}, "token=a+b"), VerifyError::wrong_credential);
  for (std::string_view none : {"", "token", "token=", "Token=a+b", "x=token=1"})
    EXPECT_EQ(door.error({}, none), VerifyError::missing_credential) << none;
}

TEST(Credential, CountsInAnyOfItsPlaces) {
  const Door door(kAnywhere, "user:s3cret");
  const std::string right = basic("user:s3cret");
  EXPECT_TRUE(door.verify({{"Authorization", right}}));
  EXPECT_TRUE(door.verify({{"Authorization", "Bearer user:s3cret"}}));
  EXPECT_TRUE(door.verify({{"Authorization", "Basic !"}}, "key=user:s3cret"));
  EXPECT_EQ(door.error({{"Authorization", "Digest x"}}), VerifyError::malformed_credential);
  EXPECT_EQ(door.error({{"Authorization", "Digest x"}}, "key=x"), VerifyError::wrong_credential);
  EXPECT_EQ(door.error({}), VerifyError::missing_credential);
}

TEST(Credential, TriesEveryKeyThatIsValidNow) {
  Key expired = make_key("old", SecretForm::text);
  expired.not_after = at(1'749'999'999);
  const Door door(kTokenHeader, make_keys(std::move(expired), make_key("one", SecretForm::text),
                                          make_key("two", SecretForm::text)));
  EXPECT_EQ(door.verify({{"x-token", "one"}})->key_index, 1U);
  EXPECT_EQ(door.verify({{"x-token", "two"}})->key_index, 2U);
  EXPECT_EQ(door.error({{"x-token", "old"}}), VerifyError::wrong_credential);
}

TEST(Credential, FailsClosedWithoutAKey) {
  const Door door(kTokenHeader, std::vector<Key>{});
  EXPECT_EQ(door.error({{"x-token", ""}}), VerifyError::no_keys);
  EXPECT_EQ(door.error({}), VerifyError::no_keys);
  EXPECT_FALSE(door.scheme->can_sign());
}

TEST(Credential, LimitsTheBody) {
  const Door door(kTokenHeader, make_keys(make_key("s3cret", SecretForm::text)), {.body_bytes_max = 1});
  EXPECT_EQ(door.error({{"x-token", "s3cret"}}), VerifyError::body_too_large);
}

TEST(Credential, KnowsItselfWhereItWasMasked) {
  const Masking masked = [](std::string_view text) { return "masked(" + std::string(text) + ")"; };
  EXPECT_TRUE(Door(kTokenHeader, "s3cret").verify({{"x-token", "masked(s3cret)"}}, "", &masked));
  EXPECT_TRUE(Door(kQuery, "a b").verify({}, "token=masked(a b)", &masked));
  EXPECT_TRUE(Door(kBearer, "s3cret").verify({{"authorization", "masked(Bearer s3cret)"}}, "", &masked));
  const std::string value = "masked(" + std::string(kPairHeader) + ")";
  EXPECT_TRUE(Door(kBasic, kPair).verify({{"authorization", value}}, "", &masked));
  EXPECT_EQ(Door(kBasic, kPair).verify({{"authorization", "masked(Bearer x)"}}, "", &masked).error(),
            VerifyError::wrong_credential);
  EXPECT_EQ(Door(kTokenHeader, "s3cret").error({{"x-token", "masked(s3cret)"}}),
            VerifyError::wrong_credential)
      << "what is masked counts only for what was kept";
}

TEST(Credential, SignsInTheFirstPlaceThatFits) {
  const auto sign = [](const Door& door) { return door.scheme->sign({.body = "{}", .now = door.now}); };
  const Door pair(kAnywhere, kPair);
  ASSERT_EQ(sign(pair).headers.size(), 1U);
  EXPECT_EQ(sign(pair).headers[0].name, "Authorization");
  EXPECT_EQ(sign(pair).headers[0].value, kPairHeader);
  const Door token(kAnywhere, "a b");
  EXPECT_TRUE(sign(token).headers.empty());
  EXPECT_EQ(sign(token).query, "key=a%20b");
  EXPECT_TRUE(token.verify({}, sign(token).query));
  EXPECT_EQ(sign(Door(kTokenHeader, "s3cret")).headers[0].value, "s3cret");
  EXPECT_EQ(sign(Door(kBearer, "s3cret")).headers[0].value, "Bearer s3cret");
  EXPECT_TRUE(sign(Door(kBearer, "s3\r\ncret")).headers.empty());
}

TEST(NoScheme, AcceptsWhateverFits) {
  const Provider provider{.scheme = Scheme::none};
  const auto scheme = make_no_scheme(provider, {}, {.body_bytes_max = 2});
  EXPECT_TRUE(scheme->verify({.body = "{}"}, at(0), nullptr));
  EXPECT_EQ(scheme->verify({.body = "{ }"}, at(0), nullptr).error(), VerifyError::body_too_large);
  EXPECT_FALSE(scheme->can_sign());
  EXPECT_TRUE(scheme->sign({.body = "{}", .now = at(0)}).headers.empty());
}

}  // namespace
}  // namespace creel
