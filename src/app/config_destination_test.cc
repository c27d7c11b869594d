#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_fixture.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using namespace std::chrono_literals;

// A destination with these lines, the first of which is line 2, and a route to it.
std::string app(std::string_view lines) {
  return "[destinations.app]\n" + std::string(lines) + "\n[[routes]]\nfrom = ['openai']\nto = ['app']\n";
}
std::string http(std::string_view lines) {
  return app("url = 'https://app.example/'\n" + std::string(lines));
}

Destination destination_of(const std::string& toml, Machine machine = {}) {
  auto loaded = machine.load(toml);
  EXPECT_THAT(texts_of(loaded), IsEmpty()) << toml;
  return loaded.config ? loaded.config->destinations.at(0) : Destination{};
}

// --- Kinds
// ---------------------------------------------------------------------------------------------------------

TEST(DestinationKind, IsSaidByTheKeyThatSaysWhere) {
  EXPECT_EQ(destination_of(http("")).kind, DestinationKind::http);
  const Destination program = destination_of(
      app("exec = ['/usr/bin/handler', '--flag', '${OPENAI_WEBHOOK_SECRET}']\nenvironment = { LANG = 'C' }\n"
          "directory = '/srv'\nuser = 'hooks'\nconcurrency = 2\ntimeout = '2m'"));
  EXPECT_EQ(program.kind, DestinationKind::exec);
  EXPECT_THAT(program.exec.command, ElementsAre("/usr/bin/handler", "--flag", kSecret));
  EXPECT_THAT(program.exec.environment, ElementsAre(Pair("LANG", "C")));
  EXPECT_EQ(program.exec.directory, "/srv");
  EXPECT_EQ(program.exec.user, "hooks");
  EXPECT_EQ(program.sign, SignMode::none);
  EXPECT_EQ(program.timeout, 2min);
  const Destination out = destination_of(app("stdout = true\nrate = '5/s'"));
  EXPECT_EQ(out.kind, DestinationKind::standard_output);
  EXPECT_EQ(out.sign, SignMode::none);
}

TEST(DestinationKind, HasProgramsLookedAtWhereItRuns) {
  const auto loaded = [](std::string problem, bool is_user) {
    Machine machine;
    machine.files["creel.toml"] = app("exec = ['/opt/x']\nuser = 'hooks'");
    return load_config(machine.flags, {.variable = Machine::in(machine.variables),
                                       .file = Machine::in(machine.files),
                                       .now = nullptr,
                                       .program_problem = [&](const std::string&) { return problem; },
                                       .is_user = [&](const std::string&) { return is_user; }});
  };
  EXPECT_THAT(texts_of(loaded("", true)), IsEmpty());
  const auto missing = loaded("is not there", true);
  EXPECT_TRUE(missing.config);
  EXPECT_THAT(texts_of(missing),
              ElementsAre("creel.toml:2:9: warning: [destinations.app]: /opt/x is not there: every delivery "
                          "fails until that is mended"));
  EXPECT_THAT(texts_of(loaded("", false)), ElementsAre("creel.toml:3:8: user: there is no user hooks"));
}

TEST(DestinationKind, KnowsWhatTheMachineCanRun) {
  const Outside outside = real_outside();
  EXPECT_EQ(outside.program_problem("/bin/sh"), "");
  EXPECT_EQ(outside.program_problem("/no/such/program"), "is not there");
  EXPECT_EQ(outside.program_problem("/etc"), "is not a file");
  EXPECT_TRUE(outside.is_user("root"));
  EXPECT_FALSE(outside.is_user("no-such-user-here"));
}

// --- HTTP
// ----------------------------------------------------------------------------------------------------------

TEST(HttpDestination, MaySayHowItIsAsked) {
  const Destination app =
      destination_of(http("method = 'PUT'\nheaders = { X-Team = 'a', Accept = 'text/plain' }\n"
                          "proxy = 'socks5h://user:pass@proxy.example:1080'"));
  EXPECT_EQ(app.http.method, "PUT");
  EXPECT_THAT(app.http.headers, ElementsAre(Pair("X-Team", "a"), Pair("Accept", "text/plain")));
  EXPECT_EQ(app.http.proxy, "socks5h://user:pass@proxy.example:1080");
}

TEST(HttpDestination, HasOneOfFiveWaysToShowWhoItIs) {
  const auto auth = [](std::string_view text) {
    return destination_of(http("auth = { " + std::string(text) + " }")).http.auth;
  };
  EXPECT_EQ(auth("basic = 'me:a:b'"), HttpAuth(BasicAuth{.user = "me", .password = "a:b"}));
  EXPECT_EQ(auth("bearer = '${OPENAI_WEBHOOK_SECRET}'"), HttpAuth(BearerAuth{.token = std::string(kSecret)}));
  EXPECT_EQ(auth("header = 'X-Api-Key', value = 'v'"),
            HttpAuth(ApiKeyAuth{.header = "X-Api-Key", .value = "v"}));
  EXPECT_EQ(auth("oauth2 = { token_url = 'https://login.example/token', client_id = 'id', client_secret = "
                 "'s', scope = 'a b', audience = 'x', in_body = true }"),
            HttpAuth(OAuth2Auth{.token_url = "https://login.example/token",
                                .client_id = "id",
                                .client_secret = "s",
                                .scope = "a b",
                                .audience = "x",
                                .in_body = true}));
  EXPECT_EQ(auth("hmac = { secret = 's', header = 'X-Sum', prefix = 'v1=', hash = 'sha512', encoding = "
                 "'base64' }"),
            HttpAuth(HmacAuth{.secret = "s",
                              .header = "X-Sum",
                              .prefix = "v1=",
                              .hash = HmacAuth::Hash::sha512,
                              .encoding = HmacAuth::Encoding::base64}));
  EXPECT_EQ(auth("hmac = { secret = 's' }"), HttpAuth(HmacAuth{.secret = "s"}));
}

TEST(HttpDestination, MayBeAStrangersWithinBounds) {
  const Destination app = destination_of(http(
      "untrusted = true\nguard = { networks = ['10.1.0.0/16', 'fd00::1'], ports = [443, 8443], https_only = "
      "true }"));
  EXPECT_THAT(app.http.guard.networks, ElementsAre("10.1.0.0/16", "fd00::1"));
  EXPECT_THAT(app.http.guard.ports, ElementsAre(443, 8443));
  EXPECT_TRUE(app.http.guard.https_only);
  EXPECT_EQ(app.sign, SignMode::none);
}

TEST(HttpDestination, WarnsOfWhatTravelsInTheClear) {
  EXPECT_THAT(problems_of(app("url = 'http://app.example/'\nauth = { bearer = 't0ken' }")),
              ElementsAre("creel.toml:2:7: warning: destination \"app\" is reached over http://: events, "
                          "signatures and its auth travel in the clear"));
  EXPECT_THAT(
      problems_of(http("auth = { oauth2 = { token_url = 'http://login.example/', client_id = 'a', "
                       "client_secret = 'hidden' } }")),
      ElementsAre("creel.toml:3:33: warning: oauth2 of auth of [destinations.app]: the client's secret "
                  "travels in the clear to http://"));
  EXPECT_THAT(problems_of(http("tls = { insecure = true }")),
              ElementsAre("creel.toml:3:20: warning: [destinations.app] trusts every certificate (insecure): "
                          "whoever stands between can read and change what is delivered"));
  EXPECT_THAT(problems_of(app("url = 'http://127.0.0.1:1/'\nheaders = { X-A = 'a' }")), IsEmpty());
}

// --- Bad ones
// ------------------------------------------------------------------------------------------------------

struct BadDestination {
  std::string toml;
  std::string problem;
};

class BadDestinations : public testing::TestWithParam<BadDestination> {};

TEST_P(BadDestinations, AreReportedWhereTheyAreWrong) {
  const auto loaded = Machine{}.load(GetParam().toml);
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(texts_of(loaded), ElementsAre("creel.toml:" + GetParam().problem));
}

constexpr std::string_view kWays =
    "auth of [destinations.app] must have one of basic, bearer, header with value, oauth2 and hmac";

INSTANTIATE_TEST_SUITE_P(
    Kinds, BadDestinations,
    testing::Values(
        BadDestination{app("timeout = '1s'"),
                       "1:1: [destinations.app] needs a url, or exec for a program, or stdout = true"},
        BadDestination{http("exec = ['/bin/true']"),
                       "3:8: [destinations.app] has both url and exec; a destination is one of url, exec and "
                       "stdout"},
        BadDestination{app("stdout = false"),
                       "2:10: stdout can only be true: leave the destination out to end it"},
        BadDestination{http("user = 'x'"), "3:1: user is only for a destination with exec, not with http"},
        BadDestination{app("exec = ['/bin/true']\nheaders = { A = 'b' }"),
                       "3:1: headers is only for a destination with url, not with exec"},
        BadDestination{app("stdout = true\nconcurrency = 3"),
                       "3:1: concurrency is only for a destination with url or exec, not with stdout"},
        BadDestination{http("metod = 'PUT'"),
                       "3:1: unknown key \"metod\" in [destinations.app]; did you mean \"method\"?"}));

INSTANTIATE_TEST_SUITE_P(
    Exec, BadDestinations,
    testing::Values(
        BadDestination{
            app("exec = '/bin/handler --flag'"),
            "2:8: exec must be an array: the program and each argument by itself, as no shell takes "
            "them apart, such as [\"/usr/bin/handler\", \"--flag\"]"},
        BadDestination{app("exec = []"), "2:8: exec must begin with the absolute path of a program"},
        BadDestination{app("exec = ['handler']"), "2:9: exec must begin with the absolute path of a program"},
        BadDestination{app("exec = [\"/bin/a\", \"a\\u0000b\"]"), "2:19: exec has a NUL character in it"},
        BadDestination{app("exec = ['/bin/a']\nenvironment = { CREEL_X = '1' }"),
                       "3:17: environment: CREEL_X cannot be set: CREEL_… are creel's own"},
        BadDestination{app("exec = ['/bin/a']\nenvironment = { 'A=B' = '1' }"),
                       "3:17: environment: A=B is not the name of a variable"},
        BadDestination{app("exec = ['/bin/a']\nenvironment = ['A=B']"),
                       "3:15: environment must be a table such as { LANG = \"C\" }, not an array"},
        BadDestination{app("exec = ['/bin/a']\ndirectory = 'here'"),
                       "3:13: directory must be an absolute path"},
        BadDestination{app("exec = ['/bin/a']\nretry = { statuses = [500] }"),
                       "3:22: statuses are for HTTP: a program says by its exit code what is to be tried "
                       "again"}));

INSTANTIATE_TEST_SUITE_P(
    Http, BadDestinations,
    testing::Values(
        BadDestination{http("method = 'DELETE'"),
                       "3:10: method cannot be \"DELETE\"; it is one of POST, PUT, PATCH"},
        BadDestination{http("headers = 'X-A: a'"),
                       "3:11: headers must be a table such as { X-Team = \"a\" }, not a string"},
        BadDestination{http("headers = { Host = 'x' }"),
                       "3:13: headers: Host cannot be set: it belongs to the connection"},
        BadDestination{http("headers = { Creel-Event-Id = 'x' }"),
                       "3:13: headers: Creel-Event-Id cannot be set: creel-… are creel's own"},
        BadDestination{http("headers = { Webhook-Signature = 'x' }"),
                       "3:13: headers: Webhook-Signature cannot be set: a handler looks for a provider's "
                       "signature there"},
        BadDestination{http("headers = { Authorization = 'Bearer s3cret' }"),
                       "3:13: headers: Authorization is a credential: say it as auth, which is never shown"},
        BadDestination{http("headers = { 'A B' = 'x' }"), "3:13: headers: A B is not the name of a header"},
        BadDestination{http("headers = { X-A = 'x', x-a = 'y' }"), "3:24: headers: x-a is there twice"},
        BadDestination{
            http("headers = { X-A = \"x\\r\\nHost: y\" }"),
            "3:19: headers: the value of X-A has a line break or another control character in it, or "
            "begins or ends with a space"},
        BadDestination{http("proxy = 'socks5://proxy.example'"),
                       "3:9: proxy: use socks5h://, which leaves it to the proxy to resolve names"},
        BadDestination{
            http("proxy = 'ftp://user:s3cret@proxy.example'"),
            "3:9: proxy must be http://, https:// or socks5h:// with a host, perhaps a port, and no "
            "path, such as \"http://proxy.example:3128\""},
        BadDestination{
            http("untrusted = true\nproxy = 'http://proxy.example'"),
            "4:9: [destinations.app] is untrusted and cannot have a proxy, which would resolve its "
            "name and hide from creel where it is"},
        BadDestination{app("url = 'https://user:s3cret@app.example/'"),
                       "2:7: url: the URL has credentials in it, and would show them wherever it is shown"}));

INSTANTIATE_TEST_SUITE_P(
    Auth, BadDestinations,
    testing::Values(
        BadDestination{http("auth = '${OPENAI_WEBHOOK_SECRET}'"),
                       "3:8: auth of [destinations.app] must be a table, not a string"},
        BadDestination{http("auth = { }"), "3:8: " + std::string(kWays)},
        BadDestination{http("auth = { basic = 'a:b', bearer = 'c' }"), "3:8: " + std::string(kWays)},
        BadDestination{http("auth = { beaer = 'c', bearer = 'd' }"),
                       "3:10: unknown key \"beaer\" in auth of [destinations.app]; did you mean \"bearer\"?"},
        BadDestination{http("auth = { basic = 's3cret' }"),
                       "3:18: basic of auth of [destinations.app] must be a user and a password with a colon "
                       "between them"},
        BadDestination{http("auth = { bearer = 'Bearer s3cret' }"),
                       "3:19: bearer of auth of [destinations.app] has a space in it: write the token alone, "
                       "without Bearer before it"},
        BadDestination{http("auth = { bearer = '${NONE:-}' }"),
                       "3:19: bearer of auth of [destinations.app] is empty"},
        BadDestination{http("auth = { bearer = \"s3cret\\n\" }"),
                       "3:19: bearer of auth of [destinations.app] has a line break or another control "
                       "character in it, or a space at its begin or end"},
        BadDestination{http("auth = { header = 'X-Key' }"), "3:8: auth of [destinations.app] needs value"},
        BadDestination{http("auth = { header = 'Content-Length', value = 's3cret' }"),
                       "3:19: header: Content-Length cannot be set: it belongs to the connection"},
        BadDestination{http("auth = { bearer = 'a', value = 'b' }"), "3:32: value is only for header"},
        BadDestination{http("headers = { X-Key = 'a' }\nauth = { header = 'x-key', value = 'b' }"),
                       "4:8: auth of [destinations.app] says x-key, which headers does too"},
        BadDestination{http("auth = { oauth2 = { token_url = 'https://x.example/', client_id = 'a' } }"),
                       "3:19: oauth2 of auth of [destinations.app] needs client_secret"},
        BadDestination{
            http(
                "auth = { oauth2 = { token_url = 'x.example', client_id = 'a', client_secret = 's3cret' } }"),
            "3:33: token_url: \"x.example\" is not a URL; begin it with http:// or https://"},
        BadDestination{http("auth = { hmac = { header = 'X-Sum' } }"),
                       "3:17: hmac of auth of [destinations.app] needs secret"},
        BadDestination{http("auth = { hmac = { secret = 's3cret', hash = 'md5' } }"),
                       "3:45: hash cannot be \"md5\"; it is one of sha256, sha1, sha512"}));

INSTANTIATE_TEST_SUITE_P(
    Guard, BadDestinations,
    testing::Values(
        BadDestination{http("guard = { https_only = true }"),
                       "3:9: guard is only for an untrusted destination: [destinations.app] may be anywhere"},
        BadDestination{http("untrusted = true\nguard = { ports = [0] }"),
                       "4:20: every element of ports must be a number from 1 to 65535"},
        BadDestination{http("untrusted = true\nguard = { ports = [] }"),
                       "4:19: ports must be an array of numbers, such as [443, 8443]"},
        BadDestination{http("untrusted = true\nguard = { ports = [8443] }"),
                       "2:7: destination \"app\" is untrusted and would be refused: port 443 is not one of "
                       "those allowed"},
        BadDestination{app("url = 'https://10.0.0.5/'\nuntrusted = true"),
                       "2:7: destination \"app\" is untrusted and would be refused: 10.0.0.5 is a private "
                       "address"},
        BadDestination{
            app("url = 'http://127.0.0.1/'\nuntrusted = true\nguard = { https_only = true, networks = "
                "['127.0.0.0/8'] }"),
            "2:7: destination \"app\" must be reached over https:// (guard.https_only)"}));

TEST(BadDestination, IsToldWhatANetworkIs) {
  const auto problems = problems_of(http("untrusted = true\nguard = { networks = ['10.0.0.0/33'] }"));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0], HasSubstr("creel.toml:4:23: networks: "));
}

TEST(BadDestination, NeverShowsACredential) {
  const std::string_view lines[] = {
      "auth = { basic = 's3cret' }",
      "auth = { bearer = 's3cret s3cret' }",
      "auth = { bearer = \"s3cret\\n\" }",
      "auth = { bearer = ['s3cret'] }",
      "auth = { header = 'Host', value = 's3cret' }",
      "auth = { oauth2 = { token_url = 'https://u:s3cret@x.example/', client_id = 'a', client_secret = 'b' } "
      "}",
      "auth = { hmac = { secret = 's3cret', encoding = 'x' } }",
      "proxy = 'http://u:s3cret@/x y'",
      "tls = { certificate = \"s3cret\\n\", key = \"s3cret\\n\" }",
  };
  for (const std::string_view line : lines) {
    const auto problems = problems_of(http(line));
    EXPECT_THAT(problems, Not(IsEmpty())) << line;
    for (const std::string& problem : problems)
      EXPECT_THAT(problem, Not(HasSubstr("s3cret"))) << line;
  }
}

}  // namespace
}  // namespace creel
