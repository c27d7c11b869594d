#include "app/config_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_fixture.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string source(std::string_view lines) {
  return "[sources.openai]\n" + std::string(lines) + "\n";
}

TEST(Secrets, MayHaveALabelAndATimeTheyAreGoodFor) {
  const auto loaded = Machine{}.load(source(
      "secrets = ['${OPENAI_WEBHOOK_SECRET}', { value = '" + std::string(kOtherSecret) +
      "', label = 'new', not_before = 2026-12-01T00:00:00+01:00, expires = '2027-01-01T00:00:00Z' }]"));
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  const auto& keys = loaded.config->sources.at(0).keys;
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].label, "OPENAI_WEBHOOK_SECRET");
  EXPECT_FALSE(keys[0].not_before || keys[0].not_after);
  EXPECT_EQ(keys[1].label, "new");
  using std::chrono::sys_days;
  EXPECT_EQ(keys[1].not_before, sys_days{std::chrono::year(2026) / 11 / 30} + std::chrono::hours(23));
  EXPECT_EQ(keys[1].not_after, std::chrono::sys_seconds(sys_days{std::chrono::year(2027) / 1 / 1}));
}

TEST(Secrets, AreKeptAsTextsBesideTheirKeys) {
  const auto loaded = Machine{}.load(source("secrets = ['', '${OPENAI_WEBHOOK_SECRET}']"));
  ASSERT_TRUE(loaded.config);
  const auto& kept = loaded.config->sources.at(0).secrets;
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].label(), "OPENAI_WEBHOOK_SECRET");
  EXPECT_EQ(kept[0].text(), kSecret);
  EXPECT_EQ(kept[0].form(), SecretForm::strict_hmac);
}

TEST(Secrets, OfASystemdServiceAreItsCredentials) {
  Machine machine;
  const std::string toml = source("secrets = ['${credential:openai}']");
  machine.variables["CREDENTIALS_DIRECTORY"] = "/run/credentials/creel.service";
  machine.files["/run/credentials/creel.service/openai"] = std::string(kSecret) + "\n";
  const auto loaded = machine.load(toml);
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->sources.at(0).keys.at(0).label, "openai");

  machine.files.erase("/run/credentials/creel.service/openai");
  EXPECT_THAT(texts_of(machine.load(toml)),
              ElementsAre("creel.toml:2:12: cannot read the file /run/credentials/creel.service/openai of "
                          "${credential:openai}"));
  machine.variables.erase("CREDENTIALS_DIRECTORY");
  EXPECT_THAT(texts_of(machine.load(toml)),
              ElementsAre("creel.toml:2:12: CREDENTIALS_DIRECTORY is not set: ${credential:openai} is for a "
                          "systemd service with LoadCredential=openai:/path"));
  EXPECT_THAT(texts_of(machine.load(source("secrets = ['${credential:../shadow}']"))),
              ElementsAre("creel.toml:2:12: \"../shadow\" is not the name of a credential"));
}

TEST(Secrets, ThatHaveExpiredGetAWarning) {
  Machine machine;
  const auto loaded =
      machine.load(source("secrets = ['${OPENAI_WEBHOOK_SECRET}',\n { value = '" + std::string(kOtherSecret) +
                          "', label = 'last', expires = 2026-11-23T12:00:00Z },\n { value = '" +
                          std::string(kOtherSecret) + "', label = 'old', expires = 2026-11-23T11:59:59Z }]"));
  EXPECT_TRUE(loaded.config);
  EXPECT_THAT(texts_of(loaded),
              ElementsAre("creel.toml:4:12: warning: old expired at 2026-11-23T11:59:59Z: it is of no use"));
}

TEST(Secrets, AreReportedWhereTheyAreWrong) {
  const std::string secret = "value = '" + std::string(kSecret) + "'";
  const std::pair<std::string, std::string> cases[] = {
      {"secrets = 'x'", "creel.toml:2:11: secrets must be an array, not a string"},
      {"secrets = [5]",
       "creel.toml:2:12: every element of secrets must be a string or a table, not an integer"},
      {"secrets = [{ label = 'a' }]", "creel.toml:2:12: secret 1 of [sources.openai] needs a value"},
      {"secrets = [{ " + secret + ", lable = 'a' }]",
       "creel.toml:2:68: unknown key \"lable\" in secret 1 of [sources.openai]; did you mean \"label\"?"},
      {"secrets = [{ " + secret + ", expires = 2026-12-01 }]",
       "creel.toml:2:78: expires must be a time with its zone, such as 2026-12-01T00:00:00Z"},
      {"secrets = [{ " + secret + ", expires = 'tomorrow' }]",
       "creel.toml:2:78: expires must be a time with its zone, such as 2026-12-01T00:00:00Z"},
      {"secrets = [{ " + secret + ", not_before = 2027-01-01T00:00:00Z, expires = 2026-12-01T00:00:00Z }]",
       "creel.toml:2:113: expires lies before not_before"},
      {"secrets = [{ " + secret + ", label = '' }]",
       "creel.toml:2:76: a label is made of 1 to 64 characters"},
      {"secrets = ['${OPENAI_WEBHOOK_SECRET}', { value = '" + std::string(kOtherSecret) +
           "', label = 'OPENAI_WEBHOOK_SECRET' }]",
       "creel.toml:2:112: source \"openai\" has two secrets with the label \"OPENAI_WEBHOOK_SECRET\"; give "
       "one of them "
       "another: { value = \"…\", label = \"…\" }"},
      {"secrets = [{ value = '' }, '${NONE:-}']",
       "creel.toml:2:11: source \"openai\" has no secret: none is given, or all are empty; its usual "
       "variable "
       "is OPENAI_WEBHOOK_SECRET"},
  };
  for (const auto& [lines, problem] : cases) {
    const auto loaded = Machine{}.load(source(lines));
    EXPECT_FALSE(loaded.config) << lines;
    EXPECT_THAT(texts_of(loaded), ElementsAre(problem)) << lines;
  }
}

TEST(KeptSecret, IsAnotherOneWhenAnythingOfItIs) {
  const auto kept = [](std::string label, std::string_view text) {
    const Key key{
        .secret = *Secret::parse(kSecret), .label = std::move(label), .not_before = {}, .not_after = {}};
    return KeptSecret(key, text, SecretForm::strict);
  };
  EXPECT_EQ(kept("a", "x"), kept("a", "x"));
  EXPECT_NE(kept("a", "x"), kept("b", "x"));
  EXPECT_NE(kept("a", "x"), kept("a", "y"));
}

// --- Of a whole configuration
// ---------------------------------------------------------------------------------------------------------

TEST(ConfiguredSecrets, AreFoundInAFileThatIsOtherwiseWrong) {
  Machine machine;
  machine.files["creel.toml"] =
      "nonsense = 1\n[sources.shop]\nprovider = 'openai'\nsecrets = ['short', '', "
      "'${OPENAI_WEBHOOK_SECRET}']\n";
  const auto secrets = configured_secrets(
      machine.flags, {.variable = Machine::in(machine.variables), .file = Machine::in(machine.files)});
  ASSERT_EQ(secrets.size(), 2u);
  EXPECT_EQ(secrets[0].label, "secret 1 of shop");
  EXPECT_EQ(secrets[0].text, "short");
  EXPECT_EQ(secrets[1].label, "OPENAI_WEBHOOK_SECRET");
  EXPECT_EQ(secrets[1].source, "shop");
  EXPECT_EQ(secrets[1].provider, find_provider("openai"));
}

TEST(ConfiguredSecrets, AreTheUsualVariablesWithoutAFile) {
  const Machine machine;
  const auto secrets = configured_secrets(
      machine.flags, {.variable = Machine::in(machine.variables), .file = Machine::in(machine.files)});
  ASSERT_EQ(secrets.size(), 1u);
  EXPECT_EQ(secrets[0].label, "OPENAI_WEBHOOK_SECRET");
}

// --- Usual variables
// ----------------------------------------------------------------------------------------------

// Of a provider whose credential is made of two variables.
std::vector<std::string> labels_of(const Texts& variables, std::vector<std::string>& problems_found) {
  static constexpr std::string_view kEnvironment[] = {"ACME_USER:ACME_PASSWORD", "ACME_TOKEN"};
  const Provider acme{.name = "acme", .secret_environment = kEnvironment};
  ConfigProblems problems;
  std::vector<std::string> labels;
  const Outside outside{.variable = Machine::in(variables), .file = {}};
  for (const GivenSecret& secret : usual_secrets(acme, outside, problems))
    labels.push_back(secret.label + "=" + secret.text.text);
  for (const ConfigProblem& problem : std::move(problems).take())
    problems_found.push_back(to_text(problem));
  return labels;
}

TEST(UsualSecrets, AreAllVariablesThatAreSetWithTheirOldOnes) {
  std::vector<std::string> problems;
  EXPECT_THAT(labels_of({{"ACME_TOKEN", "t"}, {"ACME_TOKEN_OLD", "o"}, {"ACME_PASSWORD", ""}}, problems),
              ElementsAre("ACME_TOKEN=t", "ACME_TOKEN_OLD=o"));
  EXPECT_THAT(labels_of({{"ACME_USER", "u"}, {"ACME_PASSWORD", "p"}, {"ACME_PASSWORD_OLD", "q"}}, problems),
              ElementsAre("ACME_USER:ACME_PASSWORD=u:p", "ACME_USER_OLD:ACME_PASSWORD_OLD=u:q"));
  EXPECT_THAT(problems, IsEmpty());
}

TEST(UsualSecrets, OfWhichHalfIsMissingAreNotUsed) {
  std::vector<std::string> problems;
  EXPECT_THAT(labels_of({{"ACME_USER", "u"}}, problems), IsEmpty());
  EXPECT_THAT(problems, ElementsAre("warning: ACME_USER is set, but not ACME_PASSWORD: neither is used"));
}

}  // namespace
}  // namespace creel
