// Credentials and tokens that are not accepted, as they came and as they are kept.
#include <gtest/gtest.h>

#include <array>

#include "verify/base64.h"
#include "verify/forensics_fixture.h"
#include "verify/jwt_fixture.h"

namespace creel {
namespace {

using testing::Case;
using Place = CredentialPlace;

constexpr std::array kTokenPlace{Place{Place::Kind::header, "x-token"}};
constexpr std::array kBasicPlace{Place{Place::Kind::basic, ""}};
constexpr std::array<std::string_view, 1> kMethods{"POST"};
constexpr Provider kToken{.name = "acme-token",
                          .scheme = Scheme::credential,
                          .credentials = kTokenPlace,
                          .secret_form = SecretForm::text,
                          .methods = kMethods};
constexpr Provider kBasic{.name = "acme-basic",
                          .scheme = Scheme::credential,
                          .credentials = kBasicPlace,
                          .secret_form = SecretForm::basic,
                          .methods = kMethods};
constexpr Provider kJwt{.name = "acme-jwt",
                        .scheme = Scheme::jwt,
                        .token_header = "x-jwt",
                        .body_claim = "request_body_sha256",
                        .secret_form = SecretForm::text,
                        .methods = kMethods};
constexpr Provider kNone{.name = "acme-none", .scheme = Scheme::none, .methods = kMethods};

std::string basic(const std::string& pair) {
  return "Basic " + encode_base64({reinterpret_cast<const std::uint8_t*>(pair.data()), pair.size()});
}
std::string mask(std::string_view value) {
  return "mask-of-" + std::to_string(std::hash<std::string_view>{}(value));
}

// What is said of this credential where "user:s3cret" is right, as it came and as it is kept.
std::string kind_of(const Provider& provider, const std::string& name, const std::string& value) {
  Case sent;
  sent.provider = &provider;
  sent.body = "{}";
  sent.secrets = {{.label = "current", .text = "user:s3cret", .form = provider.secret_form}};
  sent.set(name, value);
  const std::string kind(sent.kind());
  sent.masked = mask;
  sent.set(name, mask(value));
  EXPECT_EQ(sent.kind(), kind) << "kept: " << value;
  return kind;
}

TEST(ForensicsOfCredentials, SaysValid) {
  EXPECT_EQ(kind_of(kToken, "x-token", "user:s3cret"), "valid");
  EXPECT_EQ(kind_of(kBasic, "authorization", basic("user:s3cret")), "valid");
  Case open = Case::openai();
  open.provider = &kNone;
  EXPECT_EQ(open.kind(), "valid");
}

TEST(ForensicsOfCredentials, FindsWhatStandsAroundIt) {
  for (const char* value : {"user:s3cret ", " user:s3cret", "\"user:s3cret\"", "'user:s3cret'"}) {
    EXPECT_EQ(kind_of(kToken, "x-token", value), "credential_wrapped") << value;
    EXPECT_EQ(kind_of(kBasic, "authorization", basic(value)), "credential_wrapped") << value;
  }
  EXPECT_EQ(kind_of(kBasic, "authorization", basic("user:s3cret\n")), "credential_wrapped")
      << "echo without -n";
}

TEST(ForensicsOfCredentials, FindsItsParts) {
  for (const char* value : {"s3cret:user", ":s3cret", "user:", "s3cret:"})
    EXPECT_EQ(kind_of(kBasic, "authorization", basic(value)), "credential_parts") << value;
  EXPECT_EQ(kind_of(kToken, "x-token", "s3cret"), "credential_parts");
}

TEST(ForensicsOfCredentials, SaysWhenItIsAnother) {
  EXPECT_EQ(kind_of(kToken, "x-token", "nonsense"), "wrong_credential");
  EXPECT_EQ(kind_of(kBasic, "authorization", basic("user:nonsense")), "wrong_credential");
}

TEST(ForensicsOfCredentials, FindsItInAnotherPlace) {
  EXPECT_EQ(kind_of(kToken, "authorization", "Bearer user:s3cret"), "credential_place");
  EXPECT_EQ(kind_of(kToken, "x-other", "user:s3cret"), "credential_place");
  Case query;
  query.provider = &kToken;
  query.secrets = {{.label = "current", .text = "s3cret", .form = SecretForm::text}};
  query.query = "token=s3cret";
  EXPECT_EQ(query.kind(), "credential_place");
  EXPECT_EQ(query.first().text,
            "secret \"current\" came in the query field token, where the header x-token is wanted");
}

TEST(ForensicsOfCredentials, SaysWhatIsWanted) {
  Case sent;
  sent.provider = &kBasic;
  sent.secrets = {{.label = "current", .text = "user:s3cret", .form = SecretForm::basic}};
  EXPECT_EQ(sent.kind(), "missing_credential");
  EXPECT_EQ(sent.first().text, "the request carries no credential; it is wanted in Authorization: Basic");
  sent.set("authorization", "Digest username=x");
  EXPECT_EQ(sent.kind(), "credential_scheme");
  EXPECT_EQ(sent.first().text, "Authorization is Digest, where Authorization: Basic is wanted");
  sent.set("authorization", "hunter2 hunter2");
  EXPECT_EQ(sent.kind(), "credential_scheme");
  EXPECT_EQ(sent.first().text.find("hunter2"), std::string::npos) << "it may be the secret";
  sent.set("authorization", "Basic !!!");
  EXPECT_NE(sent.first().text.find("cannot be read"), std::string::npos);
}

TEST(ForensicsOfCredentials, KnowsTheSecretsOfOthers) {
  Case sent;
  sent.provider = &kToken;
  sent.secrets = {{.label = "current", .text = "s3cret", .form = SecretForm::text}};
  sent.suspects = {{.label = "staging", .text = "other", .form = SecretForm::text}};
  sent.set("x-token", "other");
  EXPECT_EQ(sent.kind(), "other_secret");
  EXPECT_EQ(sent.first().label, "staging");
  sent.set("x-token", "s3cret");
  sent.secrets[0].not_after = sent.now - std::chrono::seconds(1);
  sent.secrets.push_back({.label = "next", .text = "next", .form = SecretForm::text});
  EXPECT_EQ(sent.kind(), "expired_secret");
}

TEST(ForensicsOfCredentials, NeverPrintsWhatCame) {
  for (const Provider* provider : {&kToken, &kBasic}) {
    for (const std::string& value :
         {std::string("hunter2"), basic("user:hunter2"), std::string("Bearer hunter2")}) {
      Case sent;
      sent.provider = provider;
      sent.secrets = {{.label = "current", .text = "user:s3cret", .form = provider->secret_form}};
      sent.set("x-token", value);
      sent.set("authorization", value);
      for (const Finding& finding : sent.findings()) {
        for (std::string_view hidden : {"hunter2", "s3cret"})
          EXPECT_EQ((finding.text + finding.fix).find(hidden), std::string::npos) << finding.text;
      }
    }
  }
}

Case token(const std::string& value) {
  Case sent;
  sent.provider = &kJwt;
  sent.body = R"({"a": 1})";
  sent.secrets = {{.label = "current", .text = "hush", .form = SecretForm::text}};
  sent.set("x-jwt", value);
  return sent;
}
std::string signed_token(std::string_view secret = "hush", std::string_view algorithm = "HS256",
                         const std::string& more = "") {
  return testing::mac_token(secret, algorithm, R"({"alg":")" + std::string(algorithm) + "\"" + more + "}",
                            testing::claims_of(R"({"a": 1})"));
}

TEST(ForensicsOfTokens, SaysWhatIsWrongWithAToken) {
  EXPECT_EQ(token(signed_token()).kind(), "valid");
  EXPECT_EQ(token("").kind(), "missing_header");
  EXPECT_EQ(token("a.b").kind(), "bad_request");
  EXPECT_EQ(token(signed_token("other")).kind(), "unexplained");
  Case other = token(signed_token("other"));
  other.suspects = {{.label = "staging", .text = "other", .form = SecretForm::text}};
  EXPECT_EQ(other.kind(), "other_secret");
}

TEST(ForensicsOfTokens, NamesTheAlgorithm) {
  Case sent = token(signed_token());
  sent.options.algorithms = {"RS256", "ES256"};
  EXPECT_EQ(sent.kind(), "refused_algorithm");
  EXPECT_EQ(sent.first().text, "the token is signed by HS256, and this source accepts RS256, ES256");
}

TEST(ForensicsOfTokens, NamesTheKey) {
  Case sent = token(signed_token("x", "RS256", R"(,"kid":"two")"));
  sent.options.algorithms = {"RS256"};
  const auto set = *JwkSet::parse(testing::jwk_set(""));
  sent.options.jwks = [set] { return set; };
  EXPECT_EQ(sent.kind(), "unknown_key");
  EXPECT_EQ(sent.first().text,
            "the token names the key \"two\", which is not published for its algorithm; there are 0 "
            "published keys");
  sent.options.jwks = [] { return nullptr; };
  EXPECT_EQ(sent.kind(), "no_secrets");
  EXPECT_EQ(sent.first().text, "the published keys are not there yet");
}

TEST(ForensicsOfTokens, FindsWhatWasDoneToTheBody) {
  Case sent = token(signed_token());
  sent.body = R"({"a":1})";
  EXPECT_EQ(sent.kind(), "body_reserialised");
  sent.body = R"({"a":2})";
  EXPECT_EQ(sent.kind(), "body_mismatch");
}

}  // namespace
}  // namespace creel
