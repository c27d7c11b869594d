#include "verify/jwk.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "verify/jwt_fixture.h"

namespace creel {
namespace {

using namespace testing;

std::size_t usable(const std::string& keys) {
  const auto set = JwkSet::parse(jwk_set(keys));
  EXPECT_TRUE(set.has_value()) << keys;
  return set ? (*set)->size() : 0;
}

TEST(Jwk, ReadsEveryKindOfKey) {
  const std::string keys = rsa_jwk(make_rsa(2048), R"("kid":"r","alg":"RS256","use":"sig",)") + "," +
                           ec_jwk(make_ec("P-256"), "P-256", 32, R"("key_ops":["verify"],)") + "," +
                           ec_jwk(make_ec("P-384"), "P-384", 48) + "," +
                           ec_jwk(make_ec("P-521"), "P-521", 66) + "," + ed25519_jwk(make_ed25519());
  const auto set = JwkSet::parse(jwk_set(keys));
  ASSERT_TRUE(set.has_value());
  const auto& read = (*set)->impl().keys;
  ASSERT_EQ(read.size(), 5U);
  EXPECT_EQ(read[0].type, JwkType::rsa);
  EXPECT_EQ(read[0].id, "r");
  EXPECT_EQ(read[0].algorithm, "RS256");
  EXPECT_EQ(read[1].type, JwkType::p256);
  EXPECT_EQ(read[2].type, JwkType::p384);
  EXPECT_EQ(read[3].type, JwkType::p521);
  EXPECT_EQ(read[4].type, JwkType::ed25519);
}

TEST(Jwk, SkipsKeysThatAreOfNoUse) {
  const TestKey ec = make_ec("P-256");
  EXPECT_EQ(usable(rsa_jwk(make_rsa(1024))), 0U) << "too short";
  EXPECT_EQ(usable(ec_jwk(ec, "P-256", 32, R"("use":"enc",)")), 0U);
  EXPECT_EQ(usable(ec_jwk(ec, "P-256", 32, R"("use":7,)")), 0U);
  EXPECT_EQ(usable(ec_jwk(ec, "P-256", 32, R"("key_ops":["encrypt"],)")), 0U);
  EXPECT_EQ(usable(ec_jwk(ec, "P-256", 32, R"("kid":7,)")), 0U);
  EXPECT_EQ(usable(ec_jwk(ec, "secp256k1", 32)), 0U);
  EXPECT_EQ(usable(ec_jwk(ec, "P-384", 48)), 0U) << "a point of another curve";
  EXPECT_EQ(usable(ec_jwk(ec, "P-256", 33)), 0U) << "a coordinate that is too long";
  EXPECT_EQ(usable(R"({"kty":"oct","k":"aGVsbG8"})"), 0U) << "a shared secret is not published";
  EXPECT_EQ(usable(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})"), 0U);
  EXPECT_EQ(usable(R"({"kty":"OKP","crv":"X25519","x":"AAAA"})"), 0U);
  EXPECT_EQ(usable(R"({"kty":"OKP","crv":"Ed25519","x":"AQ)" + std::string(41, 'A') + "\"}"), 0U)
      << "under a point of small order anybody can sign";
  EXPECT_EQ(usable("{}"), 0U);
  EXPECT_EQ(usable(""), 0U);
}

TEST(Jwk, LeavesNothingInTheQueueOfErrors) {
  ERR_clear_error();
  EXPECT_EQ(usable(ec_jwk(make_ec("P-256"), "P-384", 48)), 0U);
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(Jwk, SkipsAPointThatIsNotOnItsCurve) {
  EXPECT_EQ(usable(R"({"kty":"EC","crv":"P-256","x":")" + std::string(42, 'B') + R"(A","y":")" +
                   std::string(42, 'B') + R"(A"})"),
            0U);
}

TEST(Jwk, SkipsAnExponentThatProvesNothing) {
  const std::string modulus = number_of(make_rsa(2048), OSSL_PKEY_PARAM_RSA_N);
  EXPECT_EQ(usable(R"({"kty":"RSA","n":")" + modulus + R"(","e":"AQAB"})"), 1U);
  for (std::string_view exponent : {"AQ", "AA", "Ag", ""})
    EXPECT_EQ(usable(R"({"kty":"RSA","n":")" + modulus + R"(","e":")" + std::string(exponent) + "\"}"), 0U);
}

TEST(Jwk, SaysWhatIsNoKeySet) {
  EXPECT_EQ(JwkSet::parse("<html>").error(), "the key set is not JSON");
  EXPECT_EQ(JwkSet::parse("{}").error(), "the key set has no list \"keys\"");
  EXPECT_EQ(JwkSet::parse(R"({"keys":{}})").error(), "the key set has no list \"keys\"");
  EXPECT_EQ(JwkSet::parse("[]").error(), "the key set has no list \"keys\"");
  EXPECT_EQ(JwkSet::parse(R"({"keys":[7]})").error(), "an entry of the key set is not an object");
  EXPECT_EQ(JwkSet::parse(R"({"keys":[],"keys":[]})").error(),
            "an object in the key set has the same key twice");
  std::string many = "{}";
  for (int i = 0; i < 64; ++i)
    many += ",{}";
  EXPECT_EQ(JwkSet::parse(jwk_set(many)).error(), "the key set has more than 64 keys");
  EXPECT_EQ(JwkSet::parse(std::string(kJwkSetBytesMax + 1, ' ')).error(),
            "the key set is larger than 256 KiB");
}

TEST(Base64url, HasOneTextForEachByteString) {
  EXPECT_EQ(encode_base64url("\xfb\xff\xfe?"), "-__-Pw");
  EXPECT_EQ(decode_base64url("-__-Pw"), "\xfb\xff\xfe?");
  EXPECT_EQ(decode_base64url(""), "");
  for (std::string_view junk :
       {"-__-Pw==", "-__-Pw=", "+//+Pw", "-__-Px", "-__-P", "-__-Pw ", "-__-Pw\n", "A"})
    EXPECT_EQ(decode_base64url(junk), std::nullopt) << junk;
}

}  // namespace
}  // namespace creel
