// The grammar: which command runs with what, and what is said when the line is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/test_world.h"

namespace creel::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(CommandLine, HelpNamesEveryCommandByGroup) {
  World world;
  EXPECT_EQ(world.run({"--help"}), kFine);
  EXPECT_THAT(world.err, IsEmpty());
  for (const char* text : {"Serving:", "Trying out and finding out:", "Looking and acting:", "serve",
                           "check-config", "trigger", "sign", "verify", "events", "retry", "cancel",
                           "rejected", "sources", "destinations", "healthcheck", "version", "Exit codes:"}) {
    EXPECT_THAT(world.out, HasSubstr(text));
  }
}

TEST(CommandLine, EveryCommandHasExamples) {
  for (const char* command :
       {"serve",   "check-config", "config",    "trigger",     "sign",    "verify",       "events",
        "retry",   "cancel",       "rejected",  "sources",     "routes",  "destinations", "plan",
        "journal", "doctor",       "providers", "healthcheck", "version", "completion"}) {
    World world;
    EXPECT_EQ(world.run({command, "--help"}), kFine) << command;
    EXPECT_THAT(world.out, HasSubstr("Examples:\n")) << command;
  }
}

TEST(CommandLine, MistakesAreUsageErrorsOnStderr) {
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"nonsense"},
                                                    {"serve", "--nonsense"},
                                                    {"serve", "--port", "1", "--listen", "127.0.0.1:1"},
                                                    {"events"},
                                                    {"events", "list", "--limit", "0"},
                                                    {"events", "list", "--limit", "many"},
                                                    {"events", "list", "--state", "lost"},
                                                    {"version", "--format", "xml"},
                                                    {"trigger"},
                                                    {"retry"}};
  for (const auto& arguments : wrong) {
    World world;
    EXPECT_EQ(world.run(arguments), kUsage) << testing::PrintToString(arguments);
    EXPECT_THAT(world.out, IsEmpty());
    EXPECT_THAT(world.err, HasSubstr("--help"));
  }
}

TEST(CommandLine, NamesTheCommandWhoseHelpExplains) {
  World world;
  world.run({"events", "list", "--limit", "0"});
  EXPECT_THAT(world.err, HasSubstr("Try: creel events list --help"));
}

TEST(Version, IsPrinted) {
  World world;
  EXPECT_EQ(world.run({"version"}), kFine);
  EXPECT_THAT(world.out, testing::MatchesRegex("creel [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_EQ(world.run({"version", "--format", "json"}), kFine);
  EXPECT_EQ(Json::parse(world.out)->text("name"), "creel");
}

TEST(Serve, RunsTheGatewayWithWhatTheFlagsSay) {
  World world;
  EXPECT_EQ(world.run({"serve", "--port", "8123", "--admin-listen", "127.0.0.1:8124", "--store", "kept",
                       "--forward-to", "http://127.0.0.1:1/"}),
            kFine);
  ASSERT_EQ(world.served.size(), 1u);
  EXPECT_EQ(world.served[0].server.listen.port, 8123);
  EXPECT_EQ(world.served[0].admin.listen.port, 8124);
  EXPECT_EQ(world.served[0].store.folder, "kept");
  EXPECT_EQ(world.served[0].destinations.at(0).name, "forward");
  EXPECT_THAT(world.err, IsEmpty());
}

TEST(Serve, EndsWith78AndNamesTheVariableWithoutASecret) {
  World world;
  world.variables.clear();
  EXPECT_EQ(world.run({"serve"}), kConfiguration);
  EXPECT_THAT(world.served, IsEmpty());
  EXPECT_THAT(world.err, HasSubstr("OPENAI_WEBHOOK_SECRET"));
}

TEST(CheckConfig, PrintsProblemsToStderrAndTheTreeToStdout) {
  World world;
  world.files["creel.toml"] =
      "[server]\nlisten = '127.0.0.1:5'\n[destinations.app]\nurl = 'http://app.example/'\n";
  EXPECT_EQ(world.run({"check-config"}), kFine);
  EXPECT_THAT(world.err, HasSubstr("creel.toml:4:7: warning: destination \"app\" is reached over http://"));
  EXPECT_THAT(world.out, HasSubstr("[server]\nlisten = \"127.0.0.1:5\"\n"));
  EXPECT_THAT(world.out, HasSubstr("[sources.openai]\nprovider = \"openai\"\n"));
  EXPECT_THAT(world.out, HasSubstr("secrets = [\"OPENAI_WEBHOOK_SECRET (fingerprint "));
  EXPECT_THAT(
      world.out,
      HasSubstr("retry = { initial = \"1s\", factor = 2, max = \"1h\", jitter = 0.2, attempts = 100 }"));
  EXPECT_THAT(world.out, Not(HasSubstr("dGVzdF9z")));
}

TEST(CheckConfig, ShowsWhatRoutesTakeAndTheFirstLineOfTheirScripts) {
  World world;
  world.files["app.lua"] = "function(event)\n  event.body.secret = nil\n  return event\nend\n";
  world.files["creel.toml"] =
      "[destinations.app]\nurl = 'https://app.example/'\n[[routes]]\nname = 'paid'\nfrom = 'openai'\n"
      "types = 'batch.*'\nfilter = { body = { id = 'x' } }\ntransform = '${file:app.lua}'\nto = 'app'\n";
  EXPECT_EQ(world.run({"config", "show"}), kFine);
  EXPECT_THAT(world.out, HasSubstr("[[routes]]\nname = \"paid\"\nfrom = [\"openai\"]\ntypes = [\"batch.*\"]\n"
                                   "filter = \"{\\\"body\\\":{\\\"id\\\":\\\"x\\\"}}\"\n"
                                   "transform = \"function(event) … (60 bytes)\"\nto = [\"app\"]\n"));
}

TEST(CheckConfig, ShowsWhatDestinationsAreToldAndNoSecretOfThem) {
  World world;
  world.files["creel.toml"] = R"(
[destinations.app]
url = "https://app.example/hook?token=hush"
method = "PUT"
headers = { X-Team = "a", X-Api-Key = "hush" }
auth = { basic = "me:hush" }
rate = { rate = "100/m", burst = 20 }
adaptive_concurrency = true
retry = { delays = ["5s", "1m"], age = "3d", statuses = ["5xx", 429, "!501"] }
breaker = {}
order_by = "data.id"
on_failure = "park"
[destinations.run]
exec = ["/bin/true", "-v"]
environment = { KEY = "hush" }
retry = { backoff = "linear", initial = "2s" }
[destinations.lines]
stdout = true
)";
  EXPECT_EQ(world.run({"config", "show"}), kFine) << world.err;
  EXPECT_THAT(
      world.out,
      HasSubstr("[destinations.app]\nurl = \"https://app.example/hook?***\"\nmethod = \"PUT\"\n"
                "headers = { X-Team = \"a\", X-Api-Key = \"***\" }\nauth = { basic = \"me:***\" }\n"
                "rate = { rate = \"100/m\", burst = 20 }\nconcurrency = 32\nadaptive_concurrency = true\n"
                "timeout = \"30s\"\nretry = { backoff = \"list\", delays = [\"5s\", \"1m\"], jitter = 0.2, "
                "attempts = 100, age = \"3d\", statuses = [\"500-599\", \"429\", \"!501\"] }\n"
                "breaker = { ratio = 0.5, attempts = 20, window = \"1m\", probe_after = \"30s\" }\n"
                "order_by = \"data.id\"\non_failure = \"park\"\nsign = \"source\"\nuntrusted = false\n"));
  EXPECT_THAT(world.out, HasSubstr("exec = [\"/bin/true\", \"-v\"]\nenvironment = { KEY = \"***\" }\n"));
  EXPECT_THAT(world.out, HasSubstr("retry = { backoff = \"linear\", initial = \"2s\", max = \"1h\", "));
  EXPECT_THAT(world.out, HasSubstr("[destinations.lines]\nstdout = true\ntimeout = "));
  EXPECT_THAT(world.out, Not(HasSubstr("hush")));
}

TEST(CheckConfig, EndsWith78AtAMistake) {
  World world;
  world.files["creel.toml"] = "[sources.openai]\nretires = 1\n";
  EXPECT_EQ(world.run({"check-config"}), kConfiguration);
  EXPECT_EQ(world.err, "creel.toml:2:1: unknown key \"retires\" in [sources.openai]\n");
  EXPECT_THAT(world.out, IsEmpty());
}

TEST(CheckConfig, IsOneObjectAsJson) {
  World world;
  world.files["bad.toml"] = "x = 1\n";
  EXPECT_EQ(world.run({"check-config", "--config", "bad.toml", "--format", "json"}), kConfiguration);
  EXPECT_EQ(world.out,
            "{\"ok\":false,\"problems\":[{\"level\":\"error\",\"file\":\"bad.toml\",\"line\":1,\"column\":1,"
            "\"message\":\"unknown key \\\"x\\\"\"}],\"config\":null}\n");
  EXPECT_EQ(world.run({"check-config", "--format", "json"}), kFine);
  const auto answer = Json::parse(world.out);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_true("ok"));
  EXPECT_EQ(answer->find("config")->find("sources")->find("openai")->text("path"), "/webhooks/openai");
}

TEST(ConfigShow, PrintsTheTree) {
  World world;
  EXPECT_EQ(world.run({"config", "show", "--format", "json"}), kFine);
  EXPECT_EQ(Json::parse(world.out)->find("admin")->text("listen"), "127.0.0.1:3001");
  EXPECT_THAT(world.out, Not(HasSubstr("dGVzdF9z")));
}

TEST(CommandLine, NamesTheCommandThatWasMeant) {
  World world;
  EXPECT_EQ(world.run({"event", "list"}), kUsage);
  EXPECT_EQ(world.err, "creel: there is no command \"event\"; did you mean \"events\"?\nTry: creel --help\n");
  EXPECT_EQ(world.run({"events", "lst"}), kUsage);
  EXPECT_THAT(world.err, HasSubstr("did you mean \"list\"?"));
  EXPECT_EQ(world.run({"journal"}), kUsage);
  EXPECT_THAT(world.err, HasSubstr("say what to do: dump, check"));
}

}  // namespace
}  // namespace creel::cli
