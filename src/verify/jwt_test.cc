#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>

#include "verify/jwt_fixture.h"
#include "verify/scheme.h"
#include "verify/webhook_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using namespace testing;

// The known-answer vector of HS256.
constexpr std::string_view kVectorSecret = "hush";
constexpr std::string_view kVectorBody = R"({"event":{"type":"user.create"}})";
constexpr std::string_view kVectorToken =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJyZXF1ZXN0X2JvZHlfc2hhMjU2IjoiSnBHc1p5cUdOMk5sM0F2MFplNjlPUHVBRVZvQktaMjUyM1I1L0JuM0NvYz0ifQ."
    "Qjiioj8GTKlOew0SurhHb6r_mKB6nEPhIcxqPPx8VHA";

constexpr Provider kRow{
    .scheme = Scheme::jwt, .token_header = "X-Signature-JWT", .body_claim = "request_body_sha256"};

struct Door {
  std::string body{kVectorBody};
  std::chrono::sys_seconds now = at(1'750'000'000);
  std::unique_ptr<SchemeKeys> scheme;

  explicit Door(ReceiverOptions options = {}, std::string_view secret = kVectorSecret) {
    std::vector<Key> keys;
    if (!secret.empty()) keys.push_back(make_key(secret, SecretForm::text));
    scheme = make_jwt(kRow, std::move(keys), options);
  }
  auto verify(std::string_view token) const {
    const Header headers[] = {{"x-signature-jwt", token}};
    return scheme->verify({.headers = headers, .body = body}, now, nullptr);
  }
  VerifyError error(std::string_view token) const {
    const auto result = verify(token);
    return result ? VerifyError{-1} : result.error();
  }
};

// A source that takes these algorithms, with these keys published.
Door published(std::vector<std::string> algorithms, const std::string& keys, std::string_view secret = "") {
  const auto set = *JwkSet::parse(jwk_set(keys));
  return Door({.algorithms = std::move(algorithms), .jwks = [set] { return set; }}, secret);
}

std::string header_of(std::string_view algorithm, std::string_view more = "") {
  return R"({"alg":")" + std::string(algorithm) + "\"" + std::string(more) + "}";
}

const TestKey& rsa() {
  static const TestKey key = make_rsa(2048);
  return key;
}

TEST(Jwt, AcceptsTheVector) {
  EXPECT_TRUE(Door().verify(kVectorToken));
  EXPECT_EQ(Door().verify(kVectorToken)->key_index, 0U);
}

TEST(Jwt, SignsTheVector) {
  const Door door;
  EXPECT_TRUE(door.scheme->can_sign());
  const auto made = door.scheme->sign({.body = door.body, .now = door.now});
  ASSERT_EQ(made.headers.size(), 1U);
  EXPECT_EQ(made.headers[0].name, "X-Signature-JWT");
  EXPECT_EQ(made.headers[0].value, kVectorToken);
}

TEST(Jwt, SignsByTheFirstAlgorithmThatHasASharedSecret) {
  const Door door({.algorithms = {"RS256", "HS512"}});
  const auto made = door.scheme->sign({.body = door.body, .now = door.now});
  EXPECT_EQ(made.headers.at(0).value,
            mac_token(kVectorSecret, "HS512", R"({"alg":"HS512","typ":"JWT"})", claims_of(kVectorBody)));
  EXPECT_TRUE(door.verify(made.headers[0].value));
  EXPECT_FALSE(Door({.algorithms = {"RS256"}}).scheme->can_sign());
}

TEST(Jwt, RefusesAnyChangedCharacterOfTheVector) {
  const Door door;
  for (std::size_t i = 0; i < kVectorToken.size(); ++i) {
    std::string token(kVectorToken);
    token[i] = token[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(door.verify(token)) << i;
  }
}

TEST(Jwt, RefusesAnotherBody) {
  Door door;
  door.body += ' ';
  EXPECT_EQ(door.error(kVectorToken), VerifyError::body_mismatch);
  EXPECT_EQ(door.error(mac_token(kVectorSecret, "HS256", header_of("HS256"), "{}")),
            VerifyError::body_mismatch);
  EXPECT_EQ(door.error(mac_token(kVectorSecret, "HS256", header_of("HS256"), R"({"request_body_sha256":7})")),
            VerifyError::body_mismatch);
}

TEST(Jwt, SaysWhenThereIsNoToken) {
  const Door door;
  EXPECT_EQ(door.error(""), VerifyError::missing_signature);
  EXPECT_EQ(door.scheme->verify({.body = door.body}, door.now, nullptr).error(),
            VerifyError::missing_signature);
  const Header twice[] = {{"X-Signature-JWT", kVectorToken}, {"x-signature-jwt", "a.b.c"}};
  EXPECT_EQ(door.scheme->verify({.headers = twice, .body = door.body}, door.now, nullptr).error(),
            VerifyError::conflicting_header);
}

TEST(Jwt, RefusesAnAlgorithmThatIsNotOnTheList) {
  const std::string claims = claims_of(kVectorBody);
  for (std::string_view none : {"none", "None", "NONE", "", "HS256 ", "hs256", "HS1", "RS256"}) {
    EXPECT_EQ(Door().error(encode_base64url(header_of(none)) + "." + encode_base64url(claims) + "."),
              VerifyError::refused_algorithm)
        << none;
  }
  EXPECT_EQ(Door({.algorithms = {"HS384"}}).error(kVectorToken), VerifyError::refused_algorithm);
  EXPECT_EQ(Door({.algorithms = {"none"}})
                .error(encode_base64url(header_of("none")) + "." + encode_base64url(claims) + "."),
            VerifyError::refused_algorithm)
      << "not even when it is configured";
}

TEST(Jwt, AcceptsEveryHmacAlgorithmByDefault) {
  for (std::string_view name : {"HS256", "HS384", "HS512"})
    EXPECT_TRUE(Door().verify(mac_token(kVectorSecret, name, header_of(name), claims_of(kVectorBody))))
        << name;
}

TEST(Jwt, RefusesAMacThatIsCutShort) {
  const std::string token(kVectorToken);
  const std::size_t dot = token.rfind('.');
  EXPECT_EQ(Door().error(token.substr(0, dot + 1)), VerifyError::signature_mismatch);
  EXPECT_EQ(Door().error(token.substr(0, dot + 5)), VerifyError::signature_mismatch);
}

TEST(Jwt, CallsWhatIsNoTokenMalformed) {
  const Door door;
  const std::string token(kVectorToken), claims = claims_of(kVectorBody);
  const auto with_header = [&](const std::string& header) {
    return mac_token(kVectorSecret, "HS256", header, claims);
  };
  for (const std::string& junk :
       {std::string("x"), std::string("a.b"), token + ".x", token + ".", "." + token, token + "=",
        token + " ", token + "\n", token.substr(token.find('.')), std::string(20'000, 'A') + token,
        with_header("[]"), with_header("{}"), with_header(R"({"alg":7})"),
        with_header(R"({"alg":"HS256","alg":"HS256"})"),
        with_header(R"({"alg":"HS256","crit":["b64"],"b64":false})"), with_header(R"({"alg":"HS256"} x)"),
        with_header(R"({"alg":"HS256","kid":7})"), with_header("\xEF\xBB\xBF{\"alg\":\"HS256\"}")})
    EXPECT_EQ(door.error(junk), VerifyError::malformed_signature) << junk;
}

TEST(Jwt, RefusesClaimsThatAreNoObject) {
  for (const std::string& claims : {std::string("[]"), std::string("x"), R"({"a":1,"a":2})" + std::string()})
    EXPECT_EQ(Door().error(mac_token(kVectorSecret, "HS256", header_of("HS256"), claims)),
              VerifyError::malformed_signature);
}

TEST(Jwt, VerifiesWithPublishedKeys) {
  const TestKey p256 = make_ec("P-256"), p384 = make_ec("P-384"), p521 = make_ec("P-521"),
                ed = make_ed25519();
  const std::string keys = rsa_jwk(rsa(), R"("kid":"r",)") + "," +
                           ec_jwk(p256, "P-256", 32, R"("kid":"e",)") + "," + ec_jwk(p384, "P-384", 48) +
                           "," + ec_jwk(p521, "P-521", 66) + "," + ed25519_jwk(ed);
  const std::pair<std::string, TestKey> rows[] = {
      {"RS256", rsa()}, {"RS384", rsa()}, {"RS512", rsa()}, {"PS256", rsa()}, {"PS384", rsa()},
      {"PS512", rsa()}, {"ES256", p256},  {"ES384", p384},  {"ES512", p521},  {"EdDSA", ed}};
  for (const auto& [algorithm, key] : rows) {
    Door door = published({algorithm}, keys);
    std::string token = sign_token(key, algorithm, header_of(algorithm), claims_of(kVectorBody));
    EXPECT_TRUE(door.verify(token)) << algorithm;
    const std::size_t middle = token.find('.') + 10;
    token[middle] = token[middle] == 'A' ? 'B' : 'A';
    EXPECT_EQ(door.error(token), VerifyError::signature_mismatch) << algorithm;
  }
}

TEST(Jwt, NeverTakesAPublicKeyAsASharedSecret) {
  const std::string jwk = rsa_jwk(rsa());
  const Door both = published({"HS256", "RS256"}, jwk, kVectorSecret);
  const Door only_published = published({"HS256", "RS256"}, jwk);
  for (const std::string& secret : {jwk, number_of(rsa(), OSSL_PKEY_PARAM_RSA_N)}) {
    const std::string token = mac_token(secret, "HS256", header_of("HS256"), claims_of(kVectorBody));
    EXPECT_EQ(both.error(token), VerifyError::signature_mismatch);
    EXPECT_EQ(only_published.error(token), VerifyError::no_keys);
    EXPECT_EQ(published({"RS256"}, jwk).error(token), VerifyError::refused_algorithm);
  }
}

TEST(Jwt, TakesTheKeyThatTheTokenNames) {
  const TestKey one = make_ed25519(), two = make_ed25519();
  const Door door =
      published({"EdDSA"}, ed25519_jwk(one, R"("kid":"one",)") + "," + ed25519_jwk(two, R"("kid":"two",)"));
  const auto token = [&](const TestKey& key, std::string_view name) {
    return sign_token(key, "EdDSA", header_of("EdDSA", name), claims_of(kVectorBody));
  };
  EXPECT_TRUE(door.verify(token(two, R"(,"kid":"two")")));
  EXPECT_TRUE(door.verify(token(two, ""))) << "without a name any key of the type";
  EXPECT_EQ(door.error(token(two, R"(,"kid":"one")")), VerifyError::signature_mismatch);
  EXPECT_EQ(door.error(token(two, R"(,"kid":"three")")), VerifyError::unknown_key);
}

TEST(Jwt, TriesOnlyAFewKeysForATokenThatNamesNone) {
  std::vector<TestKey> made;
  std::string keys;
  for (int i = 0; i < 9; ++i) {
    made.push_back(make_ed25519());
    keys += (i == 0 ? "" : ",") + ed25519_jwk(made.back(), R"("kid":")" + std::to_string(i) + R"(",)");
  }
  const Door door = published({"EdDSA"}, keys);
  const auto token = [&](std::size_t key, std::string_view name) {
    return sign_token(made[key], "EdDSA", header_of("EdDSA", name), claims_of(kVectorBody));
  };
  EXPECT_TRUE(door.verify(token(7, "")));
  EXPECT_EQ(door.error(token(8, "")), VerifyError::signature_mismatch);
  EXPECT_TRUE(door.verify(token(8, R"(,"kid":"8")")));
}

TEST(Jwt, LeavesNothingInTheQueueOfErrors) {
  const TestKey key = make_ec("P-256");
  const Door door = published({"ES256"}, ec_jwk(make_ec("P-256"), "P-256", 32));
  ERR_clear_error();
  EXPECT_EQ(door.error(sign_token(key, "ES256", header_of("ES256"), claims_of(kVectorBody))),
            VerifyError::signature_mismatch);
  const Door of_rsa = published({"RS256"}, rsa_jwk(rsa()));
  EXPECT_EQ(
      of_rsa.error(encode_base64url(header_of("RS256")) + "." + encode_base64url(claims_of(kVectorBody)) +
                   "." + encode_base64url(std::string(256, 'x'))),
      VerifyError::signature_mismatch);
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(Jwt, TakesAKeyOnlyForItsOwnAlgorithm) {
  const Door door = published({"RS256", "PS256", "ES256"}, rsa_jwk(rsa(), R"("alg":"RS256",)"));
  const std::string claims = claims_of(kVectorBody);
  EXPECT_TRUE(door.verify(sign_token(rsa(), "RS256", header_of("RS256"), claims)));
  EXPECT_EQ(door.error(sign_token(rsa(), "PS256", header_of("PS256"), claims)), VerifyError::unknown_key);
  EXPECT_EQ(door.error(sign_token(rsa(), "RS256", header_of("ES256"), claims)), VerifyError::unknown_key);
}

TEST(Jwt, RefusesAnEcdsaSignatureInAnotherShape) {
  const TestKey key = make_ec("P-256");
  const Door door = published({"ES256"}, ec_jwk(key, "P-256", 32));
  const std::string text =
      encode_base64url(header_of("ES256")) + "." + encode_base64url(claims_of(kVectorBody));
  for (std::size_t bytes : {0, 63, 64, 65, 72})
    EXPECT_EQ(door.error(text + "." + encode_base64url(std::string(bytes, '\0'))),
              VerifyError::signature_mismatch);
}

// Ours to put right: the sender shall come again.
TEST(Jwt, SaysWhenTheKeysAreNotThereYet) {
  const std::string token = sign_token(rsa(), "RS256", header_of("RS256"), claims_of(kVectorBody));
  EXPECT_EQ(Door({.algorithms = {"RS256"}, .jwks = [] { return nullptr; }}).error(token),
            VerifyError::no_keys);
  EXPECT_EQ(Door({.algorithms = {"RS256"}}).error(token), VerifyError::no_keys);
  EXPECT_EQ(Door({}, "").error(kVectorToken), VerifyError::no_keys);
}

TEST(Jwt, ChecksTheTimesThatAreThere) {
  const auto error = [](std::string_view times, std::optional<std::chrono::seconds> tolerance = {}) {
    return Door({.tolerance = tolerance})
        .error(mac_token(kVectorSecret, "HS256", header_of("HS256"), claims_of(kVectorBody, times)));
  };
  constexpr VerifyError kNone{-1};
  EXPECT_EQ(error(R"("exp":1749999940,)"), kNone) << "clocks differ";
  EXPECT_EQ(error(R"("exp":1749999939,)"), VerifyError::timestamp_too_old);
  EXPECT_EQ(error(R"("exp":1749999700.5,)", 300s), kNone);
  EXPECT_EQ(error(R"("nbf":1750000060,"iat":1750000060,)"), kNone);
  EXPECT_EQ(error(R"("nbf":1750000061,)"), VerifyError::timestamp_too_new);
  EXPECT_EQ(error(R"("iat":1750000061,)"), VerifyError::timestamp_too_new);
  EXPECT_EQ(error(R"("iat":1000000000,)"), kNone) << "age counts only where there is a window";
  EXPECT_EQ(error(R"("iat":1749999699,)", 300s), VerifyError::timestamp_too_old);
  EXPECT_EQ(error(R"("exp":"never",)"), VerifyError::malformed_signature);
}

TEST(Jwt, KnowsItsAlgorithms) {
  EXPECT_EQ(jwt_algorithms().size(), 13U);
  EXPECT_EQ(std::ranges::count(jwt_algorithms(), "none"), 0);
}

}  // namespace
}  // namespace creel
