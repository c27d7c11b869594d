#include "app/config_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_fixture.h"
#include "app/config_row.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using namespace std::chrono_literals;

// [sources.x] of this provider with a secret it takes.
std::string source(std::string_view provider, std::string_view lines,
                   std::string_view secrets = "['s3cret']") {
  std::string text = "[sources.x]\nprovider = '" + std::string(provider) + "'\n";
  if (!secrets.empty()) text += "secrets = " + std::string(secrets) + "\n";
  return text + std::string(lines) + "\n";
}

struct BadSource {
  std::string toml;
  std::string problem;
};
class BadSources : public testing::TestWithParam<BadSource> {};

TEST_P(BadSources, AreReportedWhereTheyAreWrong) {
  Machine machine;
  machine.files["/etc/keys.json"] = "{}";
  const auto loaded = machine.load(GetParam().toml);
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(texts_of(loaded), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Options, BadSources,
    testing::Values(
        BadSource{
            "[sources.openai]\nurl = 'https://x.example'",
            "creel.toml:2:1: url is no option of provider \"openai\", which does not sign the address that "
            "it calls; "
            "its options are provider, path, secrets, tolerance, dedupe, max_body, handshake, verify_token"},
        BadSource{"[sources.openai]\nheader = 'X'",
                  "creel.toml:2:1: header is no option of provider \"openai\"; its options are provider, "
                  "path, secrets, "
                  "tolerance, dedupe, max_body, handshake, verify_token"},
        BadSource{
            "[sources.openai]\nreplay = '1d'",
            "creel.toml:2:1: replay is no option of provider \"openai\", where the same event has the same "
            "id; its "
            "options are provider, path, secrets, tolerance, dedupe, max_body, handshake, verify_token"},
        BadSource{"[sources.openai]\njwks = 'x'",
                  "creel.toml:2:1: jwks is no option of provider \"openai\", which sends no tokens; its "
                  "options are "
                  "provider, path, secrets, tolerance, dedupe, max_body, handshake, verify_token"},
        BadSource{
            "[sources.openai]\ntolerence = '1m'",
            "creel.toml:2:1: unknown key \"tolerence\" in [sources.openai]; did you mean \"tolerance\"?"},
        BadSource{source("github", "tolerance = '5m'"),
                  "creel.toml:4:1: tolerance is no option of provider \"github\", which signs no time; its "
                  "options are "
                  "provider, path, secrets, dedupe, replay, max_body, handshake, verify_token"}));

INSTANTIATE_TEST_SUITE_P(
    Urls, BadSources,
    testing::Values(
        BadSource{source("square", ""),
                  "creel.toml:1:1: [sources.x] needs a url: square signs the address that it calls, "
                  "such as url = \"https://hooks.example.com/webhooks/x\""},
        BadSource{
            source("square", "url = 'https://x.example/in?a=b'"),
            "creel.toml:4:7: url: leave out what begins with ? or #; the query is taken from each request"},
        BadSource{
            source("square", "url = 'https://x.example/in#a'"),
            "creel.toml:4:7: url: leave out what begins with ? or #; the query is taken from each request"},
        BadSource{source("square", "url = 'x.example'"),
                  "creel.toml:4:7: url: \"x.example\" is not a URL; begin it with http:// or https://"}));

TEST(Url, MayHoldAUserAndAPasswordWhichTheProviderSigns) {
  const auto loaded = Machine{}.load(source("twilio", "url = 'https://u:p@x.example/in'"));
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->sources.at(0).url, "https://u:p@x.example/in");
}

TEST(Url, IsAskedForWhereAVariableAloneDoesNotDo) {
  Machine machine;
  machine.variables["TWILIO_AUTH_TOKEN"] = "token";
  const auto loaded = machine.load();
  ASSERT_TRUE(loaded.config);
  EXPECT_THAT(loaded.config->sources, SizeIs(1));
  EXPECT_THAT(texts_of(loaded),
              ElementsAre("warning: TWILIO_AUTH_TOKEN is set, but twilio signs the address that it calls: "
                          "to receive its webhooks, say url = \"https://…\" in [sources.twilio] of "
                          "creel.toml"));
}

// --- Arrays
// -------------------------------------------------------------------------------------------------------

TEST(SignatureInTheBody, GoesToNoStranger) {
  const auto to = [](std::string_view provider, std::string_view options) {
    return source(provider, "") + "[destinations.app]\nurl = 'https://app.example/'\nsign = 'none'\n" +
           std::string(options) + "\n[[routes]]\nfrom = ['x']\nto = ['app']\n";
  };
  EXPECT_THAT(texts_of(Machine{}.load(to("mailgun", ""))), IsEmpty());
  EXPECT_THAT(texts_of(Machine{}.load(to("github", "untrusted = true"))), IsEmpty());
  EXPECT_THAT(texts_of(Machine{}.load(to("mailgun", "untrusted = true"))),
              ElementsAre("creel.toml:11:7: the signature stands in the body of what source \"x\" receives, "
                          "and [destinations.app] is untrusted: it must not get what it could play "
                          "elsewhere"));
}

TEST(Items, AreNotSignedAsTheirSource) {
  const std::string toml = source("hubspot", "url = 'https://x.example/in'");
  const auto to = [&toml](std::string_view sign) {
    return toml + "[destinations.app]\nurl = 'https://app.example/'\n" + std::string(sign) +
           "\n[[routes]]\nfrom = ['x']\nto = ['app']\n";
  };
  EXPECT_THAT(texts_of(Machine{}.load(to("sign = 'none'"))), IsEmpty());
  for (std::string_view sign : {"", "sign = 'original'"}) {
    EXPECT_THAT(texts_of(Machine{}.load(to(sign))),
                ElementsAre("creel.toml:10:7: several events of source \"x\" come in one request, and its "
                            "signature covers none of them alone: [destinations.app] needs sign = \"none\" "
                            "or \"standard\""));
  }
}

// --- Windows
// ------------------------------------------------------------------------------------------------------

TEST(Windows, OfDedupeAreLongerThanTheProviderTries) {
  const Provider week{.name = "week", .retry_horizon = 24h * 7};
  EXPECT_EQ(default_source("x", &week, 1).dedupe, 24h * 8);
  const Provider day{.name = "day", .retry_horizon = 24h};
  EXPECT_EQ(default_source("x", &day, 1).dedupe, 24h * 7);
}

TEST(Windows, OfReplayMakeTheBodyTheKeyForTheLongerTime) {
  const auto loaded = Machine{}.load(source("github", "replay = '20d'\ndedupe = '10d'"));
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  EXPECT_TRUE(loaded.config->sources.at(0).dedupe_by_body);
  EXPECT_EQ(loaded.config->sources.at(0).dedupe, 24h * 20);
}

TEST(Windows, OfReplayHoldForAnyBodyWithoutAnId) {
  for (const char* provider : {"hmac", "token"}) {
    const auto loaded = Machine{}.load(source(provider, "replay = '1d'"));
    EXPECT_THAT(texts_of(loaded), IsEmpty());
    ASSERT_TRUE(loaded.config);
    EXPECT_TRUE(loaded.config->sources.at(0).dedupe_by_body);
  }
  EXPECT_FALSE(Machine{}.load(source("token", "id = '/id'\nreplay = '1d'")).config);
}

TEST(Windows, AreOfNoUseWithoutAnId) {
  const char* kWarning =
      "creel.toml:1:1: warning: source \"x\" has no id, so nothing that comes again is recognised as a "
      "duplicate: say where one stands, such as id = \"/event_id\"";
  EXPECT_THAT(texts_of(Machine{}.load(source("hmac", ""))), ElementsAre(kWarning));
  EXPECT_THAT(texts_of(Machine{}.load(source("token", "type = '/kind'"))), ElementsAre(kWarning));
  EXPECT_THAT(texts_of(Machine{}.load(source("hmac", "id = '/id'"))), IsEmpty());
  EXPECT_THAT(
      texts_of(Machine{}.load(source("hmac", "timestamp_header = 'X-T'\ncontent = '{timestamp}.{body}'"))),
      IsEmpty());
}

TEST(Hmac, TellsTheSameBodyAtAnotherTimeApart) {
  const auto loaded =
      Machine{}.load(source("hmac", "timestamp_header = 'X-T'\ncontent = '{timestamp}.{body}'"));
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->sources.at(0).provider->without_id, WithoutId::time_and_body);
}

TEST(Windows, OfTimeAreTheProvidersUnlessSaid) {
  const auto loaded = Machine{}.load("[sources.openai]\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_FALSE(loaded.config->sources.at(0).tolerance);
}

// --- Tokens
// -------------------------------------------------------------------------------------------------------

INSTANTIATE_TEST_SUITE_P(
    Tokens, BadSources,
    testing::Values(
        BadSource{source("fusionauth", "algorithms = ['none']"),
                  "creel.toml:4:15: algorithms: \"none\" is not one of HS256, HS384, HS512, RS256, RS384, "
                  "RS512, PS256, PS384, PS512, "
                  "ES256, ES384, ES512, EdDSA"},
        BadSource{source("fusionauth", "algorithms = ['RS256']"),
                  "creel.toml:4:14: RS256 needs jwks: where the keys are published"},
        BadSource{source("fusionauth", "jwks = 'https://x.example/keys'"),
                  "creel.toml:4:8: jwks needs algorithms that sign with published keys, such as algorithms = "
                  "[\"RS256\"]"},
        BadSource{
            source("fusionauth", "algorithms = ['RS256']\njwks = 'http://x.example/keys'"),
            "creel.toml:5:8: jwks: keys that come over http:// could be anybody's; use https:// or a file"},
        BadSource{
            source("fusionauth", "algorithms = ['RS256']\njwks = ['https://x.example', '/etc/keys.json']"),
            "creel.toml:5:30: jwks: a list is made of addresses; a file stands alone"},
        BadSource{source("fusionauth", "algorithms = ['RS256']\njwks = '/etc/none.json'"),
                  "creel.toml:5:8: jwks: cannot read the file /etc/none.json"},
        BadSource{source("fusionauth", "algorithms = ['RS256', 'HS256']\njwks = 'https://x.example'", "['']"),
                  "creel.toml:3:11: source \"x\" has no secret: none is given, or all are empty; its usual "
                  "variable is "
                  "FUSIONAUTH_WEBHOOK_SECRET"}));

TEST(Tokens, NeedNoSecretWhereTheirKeysArePublished) {
  const auto loaded = Machine{}.load(source(
      "fusionauth",
      "algorithms = ['RS256', 'EdDSA']\njwks = ['https://x.example/keys', 'http://127.0.0.1:1/keys']", ""));
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  const SourceConfig& x = loaded.config->sources.at(0);
  EXPECT_THAT(x.algorithms, ElementsAre("RS256", "EdDSA"));
  EXPECT_THAT(x.jwks, SizeIs(2));
  EXPECT_TRUE(is_jwks_fetched(x));
}

TEST(Tokens, MayBeCheckedWithTheKeysOfAFile) {
  Machine machine;
  machine.files["/etc/keys.json"] =
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";
  const auto loaded =
      machine.load(source("fusionauth", "algorithms = ['EdDSA']\njwks = '/etc/keys.json'", ""));
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  ASSERT_TRUE(loaded.config->sources.at(0).jwks_set);
  EXPECT_EQ(loaded.config->sources.at(0).jwks_set->size(), 1u);
  EXPECT_FALSE(is_jwks_fetched(loaded.config->sources.at(0)));
}

TEST(Tokens, AreNotCheckedWithAFileThatHoldsNoKeys) {
  Machine machine;
  machine.files["/etc/keys.json"] = "nonsense";
  const auto loaded =
      machine.load(source("fusionauth", "algorithms = ['EdDSA']\njwks = '/etc/keys.json'", ""));
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(texts_of(loaded), ElementsAre(HasSubstr("creel.toml:4:8: jwks: /etc/keys.json: ")));
}

// --- Generic providers
// --------------------------------------------------------------------------------------------

TEST(Hmac, IsWhatTheSourceSays) {
  const auto loaded = Machine{}.load(source("hmac", R"(header = 'X-Acme-Signature'
hash = 'sha512'
encoding = 'base64'
prefix = 'v1='
content = '{id}:{timestamp}:{/data/a}:{body}'
timestamp_header = 'X-Acme-Time'
timestamp_unit = 'milliseconds'
tolerance = '1m'
id = ['header:X-Acme-Id', '/id']
type = '/event'
subject = '/data/id'
time = '/at')"));
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  const SourceConfig& x = loaded.config->sources.at(0);
  const Provider& row = *x.provider;
  EXPECT_NE(&row, find_provider("hmac"));
  EXPECT_EQ(row.signature.signatures[0].name, "X-Acme-Signature");
  EXPECT_EQ(row.signature.algorithm, SignatureAlgorithm::hmac_sha512);
  EXPECT_EQ(row.signature.encoding, SignatureEncoding::base64);
  EXPECT_EQ(row.signature.prefix, "v1=");
  EXPECT_EQ(row.signature.content, "{id}:{timestamp}:{/data/a}:{body}");
  EXPECT_EQ(row.signature.timestamp[0].name, "X-Acme-Time");
  EXPECT_EQ(row.signature.timestamp_unit, TimestampUnit::milliseconds);
  EXPECT_EQ(x.tolerance, 1min);
  ASSERT_EQ(row.dedupe.size(), 2u);
  EXPECT_EQ(row.dedupe[0][0].in, Field::In::header);
  EXPECT_EQ(row.dedupe[0][0].name, "X-Acme-Id");
  EXPECT_EQ(row.dedupe[1][0].name, "/id");
  EXPECT_EQ(row.types[0].name, "/event");
  EXPECT_EQ(row.subjects[0].name, "/data/id");
  EXPECT_EQ(row.times[0].name, "/at");
  EXPECT_THAT(row.signature_headers, ElementsAre("x-acme-signature", "x-acme-time"));
  EXPECT_THAT(x.options, SizeIs(11));
  EXPECT_THAT(x.options[0], Pair("header", ElementsAre("X-Acme-Signature")));
}

TEST(Hmac, OverTheAddressNeedsOne) {
  const std::string toml =
      source("hmac", "header = 'X-S'\ncontent = '{url}{body}'\nid = '/id'\nurl = 'https://x.example/in'");
  const auto loaded = Machine{}.load(toml);
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  EXPECT_EQ(loaded.config->sources.at(0).url, "https://x.example/in");
}

TEST(Hmac, WarnsOfWhatIsNotSigned) {
  const auto loaded =
      Machine{}.load(source("hmac", "header = 'X-S'\ncontent = '{/id}'\ntimestamp_header = 'X-T'"));
  EXPECT_TRUE(loaded.config);
  EXPECT_THAT(
      texts_of(loaded),
      ElementsAre(
          "creel.toml:5:11: warning: content has no {body}: whoever has seen one signature can send any "
          "body with it",
          "creel.toml:6:20: warning: content has no {timestamp}: the time is not signed, and can be "
          "changed"));
}

INSTANTIATE_TEST_SUITE_P(
    Hmac, BadSources,
    testing::Values(
        BadSource{source("hmac", "header = 'X S'"),
                  "creel.toml:4:10: header: \"X S\" is not the name of a header"},
        BadSource{source("hmac", "header = 'X-S'\nhash = 'md5'"),
                  "creel.toml:5:8: hash cannot be \"md5\"; it is one of sha1, sha256, sha512"},
        BadSource{source("hmac", "header = 'X-S'\ncontent = '{bdoy}'"),
                  "creel.toml:5:11: content: there is no placeholder {bdoy}; write one of {timestamp}, {id}, "
                  "{method}, {url}, "
                  "{body}, {sorted_form} or a JSON pointer such as {/data/id}; did you mean \"body\"?"},
        BadSource{source("hmac", "header = 'X-S'\ncontent = '{body'"),
                  "creel.toml:5:11: content: a { without its }"},
        BadSource{source("hmac", "header = 'X-S'\ncontent = '{timestamp}{body}'"),
                  "creel.toml:5:11: content has {timestamp}, which needs a timestamp_header"},
        BadSource{
            source("hmac", "header = 'X-S'\ncontent = '{id}{body}'"),
            "creel.toml:5:11: content has {id}, which needs an id, such as id = \"header:X-Request-Id\""},
        BadSource{
            source("hmac", "header = 'X-S'\ncontent = '{id}{body}'\nid = 'header:X-Id'"),
            "creel.toml:5:11: content: an {id} or {/pointer} stands next to another placeholder, so that "
            "characters could move from one to the other under the same signature: the sender must put a "
            "text between them"},
        BadSource{source("hmac", "header = 'X-S'\ntimestamp_unit = 'seconds'"),
                  "creel.toml:5:18: timestamp_unit needs a timestamp_header"},
        BadSource{source("hmac", "header = 'X-S'\nid = 'data.id'"),
                  "creel.toml:5:6: id: write \"header:NAME\" or a JSON pointer such as \"/data/id\""},
        BadSource{source("hmac", "header = 'X-S'\ntype = ['/a', '/b~2']"),
                  "creel.toml:5:15: type: write \"header:NAME\" or a JSON pointer such as \"/data/id\""}));

TEST(Token, StandsInAHeaderOrInTheQuery) {
  const auto header = Machine{}.load(source("token", "header = 'X-Token'\nid = '/id'"));
  EXPECT_THAT(texts_of(header), IsEmpty());
  ASSERT_TRUE(header.config);
  const Provider& row = *header.config->sources.at(0).provider;
  ASSERT_EQ(row.credentials.size(), 1u);
  EXPECT_EQ(row.credentials[0].kind, CredentialPlace::Kind::header);
  EXPECT_EQ(row.credentials[0].name, "X-Token");
  const auto bearer = Machine{}.load(source("token", "header = 'authorization'"));
  ASSERT_TRUE(bearer.config);
  ASSERT_EQ(bearer.config->sources.at(0).provider->credentials.size(), 2u);
  EXPECT_EQ(bearer.config->sources.at(0).provider->credentials[0].kind, CredentialPlace::Kind::bearer);
  const auto query = Machine{}.load(source("token", "query = 'token'\nid = '/id'"));
  EXPECT_THAT(texts_of(query), IsEmpty());
  EXPECT_EQ(query.config->sources.at(0).provider->credentials[0].kind, CredentialPlace::Kind::query);
}

INSTANTIATE_TEST_SUITE_P(
    Token, BadSources,
    testing::Values(BadSource{source("token", "header = 'X-T'\nquery = 't'"),
                              "creel.toml:5:9: query: the token stands in a header already; say one of both"},
                    BadSource{source("token", "query = ''"),
                              "creel.toml:4:9: query: write the name of a field, such as \"token\""},
                    BadSource{source("basic", "", "['nocolon']"),
                              "creel.toml:3:12: secret 1: " + std::string(describe(SecretError::no_colon))}));

TEST(None, IsAcceptedWithAWarning) {
  const auto loaded = Machine{}.load(source("none", "id = '/id'", ""));
  EXPECT_TRUE(loaded.config);
  EXPECT_THAT(texts_of(loaded),
              ElementsAre("creel.toml:1:1: warning: source \"x\" accepts everything that is sent to "
                          "/webhooks/x: nothing is checked"));
}

TEST(None, HasNoSecrets) {
  const auto loaded = Machine{}.load(source("none", ""));
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(texts_of(loaded),
              ElementsAre(HasSubstr("accepts everything"),
                          "creel.toml:3:1: secrets is no option of provider \"none\", which accepts "
                          "everything; its options are provider, path, dedupe, replay, max_body, handshake, "
                          "verify_token, id, type, subject, time"));
}

TEST(GenericRow, CanBeMadeAgainOfItsOptions) {
  const auto loaded = Machine{}.load(
      "[sources.mine]\nprovider = 'hmac'\nsecrets = ['s3cret s3cret']\nprefix = 'a$$='\n"
      "header = 'X-Mine'\nencoding = 'base64'\nid = ['header:X-Id', '/id']\ntype = '/kind'\n");
  ASSERT_TRUE(loaded.config) << testing::PrintToString(texts_of(loaded));
  const SourceConfig& source = loaded.config->sources.at(0);
  const auto row = make_row("hmac", source.options);
  ASSERT_TRUE(row) << row.error();
  EXPECT_EQ((*row)->signature.prefix, "a$=");
  EXPECT_EQ((*row)->signature.encoding, SignatureEncoding::base64);
  ASSERT_EQ((*row)->dedupe.size(), 2u);
  EXPECT_EQ((*row)->dedupe[0][0].name, "X-Id");
  EXPECT_EQ((*row)->types[0].name, "/kind");

  EXPECT_EQ(make_row("openai", {}).value().get(), find_provider("openai"));
  EXPECT_EQ(make_row("opneai", {}).error(), "there is no provider \"opneai\"");
  EXPECT_EQ(make_row("openai", {{"id", {"/id"}}}).error(), "unknown key \"id\"");
  EXPECT_EQ(make_row("hmac", {{"id", {"id"}}}).error(),
            "id: write \"header:NAME\" or a JSON pointer such as \"/data/id\"");
}

TEST(GenericRow, OutlivesTheConfigurationItWasReadFrom) {
  std::shared_ptr<const Provider> row;
  {
    const auto loaded = Machine{}.load(source("token", "header = 'X-Token'"));
    ASSERT_TRUE(loaded.config);
    row = loaded.config->sources.at(0).provider;
  }
  EXPECT_EQ(row->credentials[0].name, "X-Token");
}

// --- Handshakes
// ---------------------------------------------------------------------------------------------------

INSTANTIATE_TEST_SUITE_P(
    Handshakes, BadSources,
    testing::Values(
        BadSource{
            "[sources.openai]\nhandshake = 'ping'",
            "creel.toml:2:13: handshake cannot be \"ping\"; it is one of hub_challenge, validation_token"},
        BadSource{"[sources.openai]\nhandshake = 'hub_challenge'",
                  "creel.toml:2:13: handshake = \"hub_challenge\" needs a verify_token: the one that you "
                  "gave the provider"},
        BadSource{"[sources.openai]\nverify_token = 'x'",
                  "creel.toml:2:16: verify_token is for handshake = \"hub_challenge\""}));

TEST(Handshakes, MayBeAddedToAnySource) {
  const auto loaded = Machine{}.load(
      "[sources.openai]\nhandshake = 'hub_challenge'\nverify_token = '${OPENAI_WEBHOOK_SECRET}'");
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->sources.at(0).handshake, Handshake::hub_challenge);
  EXPECT_EQ(loaded.config->sources.at(0).verify_token, kSecret);
}

}  // namespace
}  // namespace creel
