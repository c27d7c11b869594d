#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_fixture.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

// --- Without a file
// ------------------------------------------------------------------------------------------------

TEST(ZeroConfiguration, MakesASourceOfTheUsualVariable) {
  const auto loaded = Machine{}.load();
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  ASSERT_EQ(loaded.config->sources.size(), 1u);
  const SourceConfig& source = loaded.config->sources[0];
  EXPECT_EQ(source.name, "openai");
  EXPECT_EQ(source.provider.get(), find_provider("openai"));
  EXPECT_EQ(source.path, "/webhooks/openai");
  EXPECT_FALSE(source.tolerance);
  EXPECT_EQ(source.dedupe, 24h * 7);
  EXPECT_EQ(source.max_body, 1u << 20);
  ASSERT_EQ(source.keys.size(), 1u);
  EXPECT_EQ(source.keys[0].label, "OPENAI_WEBHOOK_SECRET");
  EXPECT_EQ(loaded.config->server.listen, (ListenAddress{"0.0.0.0", 3000}));
  EXPECT_EQ(loaded.config->admin.listen, (ListenAddress{"127.0.0.1", 3001}));
  EXPECT_EQ(loaded.config->store.folder, "creel-data");
  EXPECT_THAT(loaded.config->destinations, IsEmpty());
}

TEST(ZeroConfiguration, TakesTheOldSecretToo) {
  Machine machine;
  machine.variables["OPENAI_WEBHOOK_SECRET_OLD"] = kOtherSecret;
  const auto loaded = machine.load();
  ASSERT_TRUE(loaded.config);
  ASSERT_EQ(loaded.config->sources[0].keys.size(), 2u);
  EXPECT_EQ(loaded.config->sources[0].keys[1].label, "OPENAI_WEBHOOK_SECRET_OLD");
}

TEST(ZeroConfiguration, NamesTheVariableThatIsMissing) {
  Machine machine;
  machine.variables.clear();
  const auto loaded = machine.load();
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(texts_of(loaded),
              ElementsAre("no webhook secret: set OPENAI_WEBHOOK_SECRET or another provider's usual "
                          "variable (`creel providers` lists them), or define a source in creel.toml"));
  machine.variables["OPENAI_WEBHOOK_SECRET"] = "";
  EXPECT_EQ(texts_of(machine.load()), texts_of(loaded));
}

TEST(ZeroConfiguration, ExplainsABadSecretWithoutShowingIt) {
  Machine machine;
  machine.variables["OPENAI_WEBHOOK_SECRET"] = "\"" + std::string(kSecret) + "\"";
  const auto loaded = machine.load();
  EXPECT_FALSE(loaded.config);
  EXPECT_EQ(loaded.problems.at(0).message,
            "OPENAI_WEBHOOK_SECRET: " + std::string(describe(SecretError::quoted)));
  EXPECT_EQ(loaded.problems.at(0).message.find(kSecret), std::string::npos);
}

TEST(ZeroConfiguration, ForwardsEverythingWhenAsked) {
  Machine machine;
  machine.flags.forward_to = "http://127.0.0.1:8080/hooks";
  const auto loaded = machine.load();
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  ASSERT_EQ(loaded.config->destinations.size(), 1u);
  EXPECT_EQ(loaded.config->destinations[0].name, "forward");
  EXPECT_EQ(loaded.config->destinations[0].url, "http://127.0.0.1:8080/hooks");
  ASSERT_EQ(loaded.config->routes.size(), 1u);
  EXPECT_THAT(loaded.config->routes[0].from, ElementsAre("openai"));
  EXPECT_THAT(loaded.config->routes[0].to, ElementsAre("forward"));
}

// --- Order
// ---------------------------------------------------------------------------------------------------------

TEST(Order, AFlagBeatsTheEnvironmentWhichBeatsTheFileWhichBeatsTheDefault) {
  Machine machine;
  EXPECT_EQ(machine.load("[server]\nlisten = '127.0.0.1:1'").config->server.listen,
            (ListenAddress{"127.0.0.1", 1}));
  machine.variables["PORT"] = "2";
  EXPECT_EQ(machine.load().config->server.listen, (ListenAddress{"127.0.0.1", 2}));
  machine.flags.port = "3";
  EXPECT_EQ(machine.load().config->server.listen, (ListenAddress{"127.0.0.1", 3}));
  machine.flags.port.reset();
  machine.flags.listen = "0.0.0.0:4";
  EXPECT_EQ(machine.load().config->server.listen, (ListenAddress{"0.0.0.0", 4}));
}

TEST(Order, FlagsNameTheStoreAndTheAdminPort) {
  Machine machine;
  machine.flags.store = "/var/lib/creel";
  machine.flags.admin_listen = "127.0.0.2:9";
  const auto loaded = machine.load("[store]\nurl = 'elsewhere'\n[admin]\nlisten = '127.0.0.1:8'");
  EXPECT_EQ(loaded.config->store.folder, "/var/lib/creel");
  EXPECT_EQ(loaded.config->admin.listen, (ListenAddress{"127.0.0.2", 9}));
}

TEST(Order, BadFlagsAndVariablesAreNamed) {
  Machine machine;
  machine.variables["PORT"] = "http";
  machine.flags.listen = "3000";
  machine.flags.store = "postgres://db/creel";
  machine.flags.forward_to = "localhost:8080";
  machine.flags.admin_listen = "0.0.0.0:3001";
  EXPECT_THAT(
      texts_of(machine.load()),
      ElementsAre(
          "PORT: \"http\" is not a port; write a number from 0 to 65535",
          "--listen: \"3000\" is not an address and a port, such as \"127.0.0.1:3000\"",
          "--store must name a folder; this version keeps events in no other store",
          "--forward-to: \"localhost:8080\" is not a URL; begin it with http:// or https://",
          "without TLS the admin port's token would travel in the clear: it cannot listen on 0.0.0.0:3001; "
          "give it [admin] tls, or use 127.0.0.1 and a tunnel"));
}

TEST(Order, AFileThatWasAskedForMustBeThere) {
  Machine machine;
  machine.flags.config = "other.toml";
  EXPECT_THAT(texts_of(machine.load()), ElementsAre("cannot read other.toml"));
  machine.files["other.toml"] = "x = 1";
  EXPECT_THAT(texts_of(machine.load()), ElementsAre("other.toml:1:1: unknown key \"x\""));
}

// --- Good files
// ----------------------------------------------------------------------------------------------------

TEST(GoodFile, MaySayEverything) {
  Machine machine;
  machine.files["/run/new"] = std::string(kOtherSecret) + "\n";
  auto loaded = machine.load(R"(
[server]
listen = "[::1]:8000"
max_body = "2MiB"
max_connections = 500
drain = "3s"

[admin]
listen = "127.0.0.1:8001"
hosts = ["creel.internal"]

[store]
url = "data"
retention = "14d"
max_size = "1GiB"

[log]
level = "debug"
format = "json"

[sources.shop]
provider = "openai"
path = "/in"
secrets = ["${OPENAI_WEBHOOK_SECRET}", "${NONE:-}", "${file:/run/new}", "whsec_dGVzdF9zZWNyZXRfa2V5X2Zvcl90ZXN0aW5n"]
tolerance = "1m"
dedupe = "10d"
max_body = "512KiB"

[destinations.app]
url = "https://app.example.com/hooks?tenant=$$1"
concurrency = 8
timeout = "20s"
retry = { initial = "2s", factor = 1.5, max = "10m", jitter = 0, attempts = 7 }
sign = "standard"
secret = "${OPENAI_WEBHOOK_SECRET}"

[destinations.partner]
url = "https://partner.example/"
untrusted = true

[[routes]]
from = ["shop"]
to = ["app", "partner"]
)");
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  const Config& config = *loaded.config;
  EXPECT_EQ(config.file, "creel.toml");
  EXPECT_EQ(config.server.listen, (ListenAddress{"::1", 8000}));
  EXPECT_EQ(config.server.max_body, 2u << 20);
  EXPECT_EQ(config.server.max_connections, 500u);
  EXPECT_EQ(config.server.drain, 3s);
  EXPECT_THAT(config.admin.hosts, ElementsAre("creel.internal"));
  EXPECT_EQ(config.store.folder, "data");
  EXPECT_EQ(config.store.retention, 24h * 14);
  EXPECT_EQ(config.store.max_size, 1u << 30);
  EXPECT_EQ(config.log.level, LogLevel::debug);
  EXPECT_EQ(config.log.format, LogFormat::json);

  const SourceConfig& source = config.sources.at(0);
  EXPECT_EQ(source.path, "/in");
  EXPECT_EQ(source.tolerance, 1min);
  EXPECT_EQ(source.dedupe, 24h * 10);
  EXPECT_EQ(source.max_body, 512u << 10);
  ASSERT_EQ(source.keys.size(), 3u);
  EXPECT_EQ(source.keys[0].label, "OPENAI_WEBHOOK_SECRET");
  EXPECT_EQ(source.keys[1].label, "/run/new");
  EXPECT_EQ(source.keys[2].label, "secret 4");

  const Destination& app = config.destinations.at(0);
  EXPECT_EQ(app.name, "app");
  EXPECT_EQ(app.url, "https://app.example.com/hooks?tenant=$1");
  EXPECT_EQ(app.concurrency, 8);
  EXPECT_EQ(app.timeout, 20s);
  EXPECT_EQ(app.retry.initial, 2s);
  EXPECT_EQ(app.retry.factor, 1.5);
  EXPECT_EQ(app.retry.max, 10min);
  EXPECT_EQ(app.retry.jitter, 0);
  EXPECT_EQ(app.retry.attempts, 7);
  EXPECT_EQ(app.sign, SignMode::standard);
  ASSERT_TRUE(app.secret);
  EXPECT_EQ(app.secret->fingerprint(), source.keys[0].secret.fingerprint());
  EXPECT_EQ(config.destinations.at(1).sign, SignMode::none);
  EXPECT_TRUE(config.destinations.at(1).untrusted);
  EXPECT_THAT(config.routes.at(0).to, ElementsAre("app", "partner"));
}

TEST(GoodFile, IsTheDocumentedOneWhichSaysTheDefaults) {
  const std::string page = real_outside().file(CREEL_DOCS "/configuration.md").value_or("");
  const std::size_t begin = page.find("```toml\n"), end = page.find("```", begin + 8);
  ASSERT_NE(end, std::string::npos);
  Machine machine;
  machine.flags.forward_to = "http://127.0.0.1:8080/webhooks/openai";
  const auto plain = machine.load();
  const auto documented = Machine{}.load(page.substr(begin + 8, end - begin - 8));
  EXPECT_THAT(texts_of(documented), IsEmpty());
  ASSERT_TRUE(plain.config && documented.config);
  const Config &a = *plain.config, &b = *documented.config;
  EXPECT_EQ(a.server.listen, b.server.listen);
  EXPECT_EQ(a.server.max_body, b.server.max_body);
  EXPECT_EQ(a.server.max_connections, b.server.max_connections);
  EXPECT_EQ(a.server.drain, b.server.drain);
  EXPECT_EQ(a.admin.listen, b.admin.listen);
  EXPECT_EQ(a.store.folder, b.store.folder);
  EXPECT_EQ(a.store.retention, b.store.retention);
  EXPECT_EQ(a.store.max_size, b.store.max_size);
  EXPECT_EQ(a.log.level, b.log.level);
  EXPECT_EQ(a.log.format, b.log.format);
  EXPECT_EQ(a.sources.at(0).path, b.sources.at(0).path);
  EXPECT_EQ(a.sources.at(0).provider->tolerance, b.sources.at(0).tolerance);
  EXPECT_EQ(a.sources.at(0).dedupe, b.sources.at(0).dedupe);
  EXPECT_EQ(a.sources.at(0).max_body, b.sources.at(0).max_body);
  EXPECT_EQ(a.destinations.at(0).concurrency, b.destinations.at(0).concurrency);
  EXPECT_EQ(a.destinations.at(0).timeout, b.destinations.at(0).timeout);
  EXPECT_EQ(a.destinations.at(0).retry.initial, b.destinations.at(0).retry.initial);
  EXPECT_EQ(a.destinations.at(0).retry.max, b.destinations.at(0).retry.max);
  EXPECT_EQ(a.destinations.at(0).retry.factor, b.destinations.at(0).retry.factor);
  EXPECT_EQ(a.destinations.at(0).retry.jitter, b.destinations.at(0).retry.jitter);
  EXPECT_EQ(a.destinations.at(0).retry.attempts, b.destinations.at(0).retry.attempts);
  EXPECT_EQ(a.destinations.at(0).sign, b.destinations.at(0).sign);
  EXPECT_EQ(a.destinations.at(0).untrusted, b.destinations.at(0).untrusted);
}

TEST(GoodFile, MayBeEmpty) {
  const auto loaded = Machine{}.load("");
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->sources.at(0).name, "openai");
}

TEST(GoodFile, MayLeaveProviderPathAndSecretsToTheSourcesName) {
  const auto loaded = Machine{}.load("[sources.openai]\n");
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->sources.at(0).path, "/webhooks/openai");
  EXPECT_EQ(loaded.config->sources.at(0).keys.at(0).label, "OPENAI_WEBHOOK_SECRET");
}

TEST(GoodFile, SignsForAStrangerWithItsOwnSecret) {
  const auto loaded = Machine{}.load(
      "[destinations.x]\nurl = 'https://x.example'\nuntrusted = true\nsecret = '${OPENAI_WEBHOOK_SECRET}'\n"
      "[[routes]]\nfrom = ['openai']\nto = ['x']");
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  EXPECT_EQ(loaded.config->destinations.at(0).sign, SignMode::standard);
}

TEST(GoodFile, KeepsWhatItSaysOfTheForwardDestination) {
  Machine machine;
  machine.flags.forward_to = "http://127.0.0.1:2/";
  const auto loaded = machine.load(
      "[destinations.forward]\nurl = 'http://127.0.0.1:1/'\nconcurrency = 4\n[[routes]]\nfrom = "
      "['openai']\nto = ['forward']");
  ASSERT_TRUE(loaded.config);
  ASSERT_EQ(loaded.config->destinations.size(), 1u);
  EXPECT_EQ(loaded.config->destinations[0].url, "http://127.0.0.1:2/");
  EXPECT_EQ(loaded.config->destinations[0].concurrency, 4);
}

// --- Bad files
// -----------------------------------------------------------------------------------------------------

struct BadFile {
  std::string toml;
  std::string problem;
};

class BadFiles : public testing::TestWithParam<BadFile> {};

TEST_P(BadFiles, AreReportedWhereTheyAreWrong) {
  const auto loaded = Machine{}.load(GetParam().toml);
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(texts_of(loaded), ElementsAre(GetParam().problem));
}

std::string app(std::string_view lines) {
  return "[destinations.app]\nurl = 'https://app.example/'\n" + std::string(lines) +
         "\n[[routes]]\nfrom = ['openai']\nto = ['app']\n";
}
std::string source(std::string_view lines) {
  return "[sources.openai]\n" + std::string(lines) + "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Keys, BadFiles,
    testing::Values(
        BadFile{app("  retires = 1"),
                "creel.toml:3:3: unknown key \"retires\" in [destinations.app]; did you mean \"retry\"?"},
        BadFile{"[serverr]", "creel.toml:1:2: unknown key \"serverr\"; did you mean \"server\"?"},
        BadFile{"[server]\nzzz = 1", "creel.toml:2:1: unknown key \"zzz\" in [server]"},
        BadFile{app("retry = { delay = '1s' }"),
                "creel.toml:3:11: unknown key \"delay\" in retry of [destinations.app]; did you mean "
                "\"delays\"?"},
        BadFile{"[sources]\nopenai = 1", "creel.toml:2:10: [sources.openai] must be a table, not an integer"},
        BadFile{"sources = 1", "creel.toml:1:11: sources must be tables; write [sources.NAME]"},
        BadFile{"[sources.'a b']", "creel.toml:1:10: a name is made of 1 to 64 letters, digits, - and _"},
        BadFile{"[routes]\nfrom = ['openai']",
                "creel.toml:1:1: routes must be an array of tables; write [[routes]]"}));

INSTANTIATE_TEST_SUITE_P(
    Values, BadFiles,
    testing::Values(
        BadFile{"[server]\ndrain = 10", "creel.toml:2:9: drain must be a string, not an integer"},
        BadFile{"[server]\ndrain = '10 s'",
                "creel.toml:2:9: drain: \"10 s\" is not a duration; write a whole number and ms, s, m, h or "
                "d, such as \"30s\""},
        BadFile{"[server]\nmax_body = '1MB5'",
                "creel.toml:2:12: max_body: \"1MB5\" is not a size; write a whole number and B, KiB, MiB, "
                "GiB or TiB, such as "
                "\"1MiB\""},
        BadFile{"[server]\nmax_body = '1GiB'", "creel.toml:2:12: max_body must be from 1B to 128MiB"},
        BadFile{"[server]\nmax_connections = 0",
                "creel.toml:2:19: max_connections must be from 1 to 1000000"},
        BadFile{"[server]\nmax_connections = '5'",
                "creel.toml:2:19: max_connections must be an integer, not a string"},
        BadFile{"[server]\nlisten = 'example.com:1'",
                "creel.toml:2:10: listen: \"example.com:1\" does not begin with an IP address; a name could "
                "mean several"},
        BadFile{"[admin]\nhosts = 'x'", "creel.toml:2:9: hosts must be an array of strings, not a string"},
        BadFile{"[admin]\nhosts = ['http://x']",
                "creel.toml:2:10: hosts: write names as they stand in a browser's address line, without "
                "http:// and path"},
        BadFile{"[store]\nurl = 'postgres://x'",
                "creel.toml:2:7: url must name a folder; this version keeps events in no other store"},
        BadFile{"[log]\nlevel = 'warn'",
                "creel.toml:2:9: level cannot be \"warn\"; it is one of debug, info, warning, error"},
        BadFile{"[log]\nlevel = 'debgu'",
                "creel.toml:2:9: level cannot be \"debgu\"; it is one of debug, info, warning, error; did "
                "you mean \"debug\"?"},
        BadFile{source("tolerance = '1500ms'"),
                "creel.toml:2:13: tolerance must be a whole number of seconds"},
        BadFile{source("tolerance = '0s'"), "creel.toml:2:13: tolerance must be at least 1s"},
        BadFile{source("path = 'x'"),
                "creel.toml:2:8: path must begin with / and have no space, ? or # in it"},
        BadFile{source("path = '/-/ready'"), "creel.toml:2:8: path \"/-/ready\" is creel's own"},
        BadFile{source("provider = 'opneai'"),
                "creel.toml:2:12: unknown provider \"opneai\"; did you mean \"openai\"?"},
        BadFile{"[sources.shop]\n",
                "creel.toml:1:1: [sources.shop] needs a provider, such as provider = \"openai\""},
        BadFile{app("untrusted = 'yes'"), "creel.toml:3:13: untrusted must be true or false, not a string"},
        BadFile{app("retry = { jitter = 1.5 }"), "creel.toml:3:20: jitter must be from 0 to 1"},
        BadFile{app("retry = { jitter = nan }"), "creel.toml:3:20: jitter must be from 0 to 1"},
        BadFile{app("retry = { initial = '2h' }"), "creel.toml:3:9: max (1h) is shorter than initial (2h)"},
        BadFile{app("sign = 'stnadard'"),
                "creel.toml:3:8: sign cannot be \"stnadard\"; it is one of source, original, standard, none; "
                "did you mean "
                "\"standard\"?"}));

INSTANTIATE_TEST_SUITE_P(
    Expansion, BadFiles,
    testing::Values(
        BadFile{source("secrets = [\n  '${NONE}' ]"),
                "creel.toml:3:3: the environment variable NONE is not set; ${NONE:-} would stand for nothing "
                "then"},
        BadFile{source("secrets = ['${file:/none}']"),
                "creel.toml:2:12: cannot read the file /none of ${file:/none}"},
        BadFile{source("path = '/$x'"),
                "creel.toml:2:8: a $ that stands alone; write $$ for a dollar, ${NAME} for a variable"}));

INSTANTIATE_TEST_SUITE_P(
    Together, BadFiles,
    testing::Values(
        BadFile{
            "[sources.a]\nprovider = 'openai'\npath = '/x'\n[sources.b]\nprovider = 'openai'\npath = '/x'",
            "creel.toml:6:8: path \"/x\" of source \"b\" is already that of source \"a\""},
        BadFile{
            "[store]\nretention = '1d'",
            "creel.toml:2:13: retention (1d) is shorter than the dedupe window of source \"openai\" (7d)"},
        BadFile{
            source("dedupe = '31d'"),
            "creel.toml:2:10: retention (30d) is shorter than the dedupe window of source \"openai\" (31d)"},
        BadFile{"[[routes]]\nfrom = ['opneai']\nto = ['app']\n[destinations.app]\nurl = 'https://a.example'",
                "creel.toml:2:9: there is no source \"opneai\"; did you mean \"openai\"?"},
        BadFile{"[[routes]]\nfrom = ['openai']\nto = ['app']",
                "creel.toml:3:7: there is no destination \"app\""},
        BadFile{"[destinations.app]\nurl = 'https://a.example'\n[[routes]]\nto = ['app']",
                "creel.toml:3:1: a route needs names in from"},
        BadFile{"[destinations.app]\nurl = 'https://a.example'\n[[routes]]\nfrom = []\nto = ['app']",
                "creel.toml:4:8: a route needs names in from"},
        BadFile{"[destinations.app]\n[[routes]]\nfrom = ['openai']\nto = ['app']",
                "creel.toml:1:1: [destinations.app] needs a url, or exec for a program, or stdout = true"},
        BadFile{
            "[destinations.app]\nurl = 'ftp://a.example'\n[[routes]]\nfrom = ['openai']\nto = ['app']",
            "creel.toml:2:7: url: the scheme \"ftp\" is not one that creel delivers to; use http or https"},
        BadFile{app("sign = 'standard'"),
                "creel.toml:3:8: destination \"app\": sign = \"standard\" needs a secret"},
        BadFile{app("untrusted = true\nsign = 'source'"),
                "creel.toml:4:8: destination \"app\" is untrusted and must not get the provider's signature, "
                "which it could "
                "play elsewhere; use sign = \"standard\" or \"none\""},
        BadFile{app("untrusted = true\nsign = 'original'"),
                "creel.toml:4:8: destination \"app\" is untrusted and must not get the provider's signature, "
                "which it could "
                "play elsewhere; use sign = \"standard\" or \"none\""},
        BadFile{"[admin]\nlisten = '0.0.0.0:3001'",
                "creel.toml:2:10: without TLS the admin port's token would travel in the clear: it cannot "
                "listen on 0.0.0.0:3001; give it [admin] tls, or use 127.0.0.1 and a tunnel"},
        BadFile{"[admin]\nlisten = '127.0.0.1:3000'",
                "creel.toml:2:10: webhooks and the admin port cannot share port 3000"},
        BadFile{
            source("secrets = ['', '${NONE:-}']"),
            "creel.toml:2:11: source \"openai\" has no secret: none is given, or all are empty; its usual "
            "variable is "
            "OPENAI_WEBHOOK_SECRET"},
        BadFile{source("secrets = ['whsec_c2hvcnQ=']"),
                "creel.toml:2:12: secret 1: " + std::string(describe(SecretError::too_short))}));

TEST(BadFile, IsReportedWhereItsSyntaxEnds) {
  const auto loaded = Machine{}.load("[server]\nlisten = \n");
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.problems[0].place.line, 2);
  EXPECT_TRUE(to_text(loaded.problems[0]).starts_with("creel.toml:2:")) << to_text(loaded.problems[0]);
}

TEST(BadFile, IsReportedWhole) {
  EXPECT_THAT(
      problems_of("[store]\nurl = ''\n[server]\nlisten = 5\nx = 1\n[[routes]]\nfrom = ['a']\nto = ['b']\n"),
      ElementsAre("creel.toml:2:7: url must name a folder",
                  "creel.toml:4:10: listen must be a string, not an integer",
                  "creel.toml:5:1: unknown key \"x\" in [server]", "creel.toml:7:9: there is no source \"a\"",
                  "creel.toml:8:7: there is no destination \"b\""));
}

// --- Warnings
// ------------------------------------------------------------------------------------------------------

TEST(Warning, LetsTheConfigurationPass) {
  Machine machine;
  const auto loaded = machine.load(
      "[sources.openai]\ndedupe = '1h'\n[destinations.app]\nurl = 'http://app.example/'\nsecret = "
      "'${OPENAI_WEBHOOK_SECRET}'\n"
      "[destinations.lonely]\nurl = 'https://lonely.example/'\n[[routes]]\nfrom = ['openai']\nto = ['app']\n"
      "[[routes]]\nfrom = ['openai']\nto = ['app']\n");
  EXPECT_TRUE(loaded.config);
  EXPECT_THAT(
      texts_of(loaded),
      ElementsAre(
          "creel.toml:2:10: warning: dedupe of source \"openai\" (1h) is shorter than openai tries again "
          "(3d): a late "
          "retry will be a second event",
          "creel.toml:3:1: warning: destination \"app\": the secret is not used without sign = \"standard\"",
          "creel.toml:4:7: warning: destination \"app\" is reached over http://: events and signatures "
          "travel in the "
          "clear",
          "creel.toml:6:1: warning: no route leads to destination \"lonely\"",
          "creel.toml:11:1: warning: route 2 never decides: earlier routes take all of its events to all of "
          "its destinations"));
}

}  // namespace
}  // namespace creel
