#include "app/config_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_fixture.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kBefore = R"([server]
listen = '127.0.0.1:1'
[sources.a]
provider = 'openai'
secrets = ['${OPENAI_WEBHOOK_SECRET}']
[sources.b]
provider = 'token'
header = 'X-Token'
secrets = ['s3cret']
[destinations.app]
url = 'https://app.example/'
[[routes]]
from = ['a']
to = ['app']
)";

// kBefore with one text in the place of another.
std::string with(std::string_view old_text, std::string_view new_text) {
  std::string toml(kBefore);
  toml.replace(toml.find(old_text), old_text.size(), new_text);
  return toml;
}

ConfigChanges changes_to(const std::string& toml) {
  const auto before = Machine{}.load(std::string(kBefore));
  const auto after = Machine{}.load(toml);
  EXPECT_TRUE(before.config && after.config) << testing::PrintToString(texts_of(after));
  if (!before.config || !after.config) return {};
  return changes_between(*before.config, *after.config);
}

TEST(ConfigChanges, AreNoneWhenTheFileSaysTheSame) {
  const ConfigChanges changes = changes_to(std::string(kBefore) + "# a comment\n");
  EXPECT_THAT(changes.fixed, IsEmpty());
  for (const auto& names : {changes.sources, changes.destinations}) {
    EXPECT_THAT(names.added, IsEmpty());
    EXPECT_THAT(names.removed, IsEmpty());
    EXPECT_THAT(names.changed, IsEmpty());
  }
  EXPECT_FALSE(changes.routes);
}

TEST(ConfigChanges, NameTheSourcesThatCameWentAndAreOthersNow) {
  const ConfigChanges changes = changes_to(with("[sources.b]", "[sources.c]"));
  EXPECT_THAT(changes.sources.added, ElementsAre("c"));
  EXPECT_THAT(changes.sources.removed, ElementsAre("b"));
  EXPECT_THAT(changes.sources.changed, IsEmpty());

  const std::pair<std::string_view, std::string_view> others[] = {
      {"secrets = ['s3cret']", "secrets = ['other']"},
      {"secrets = ['s3cret']", "secrets = ['s3cret', 'other']"},
      {"secrets = ['s3cret']", "secrets = [{ value = 's3cret', label = 'old' }]"},
      {"secrets = ['s3cret']",
       "secrets = [{ value = 's3cret', label = 'secret 1', not_before = 2030-01-01T00:00:00Z }]"},
      {"header = 'X-Token'", "header = 'X-Other'"},
      {"header = 'X-Token'", "header = 'X-Token'\npath = '/b'"},
      {"header = 'X-Token'", "header = 'X-Token'\ndedupe = '8d'"},
      {"header = 'X-Token'", "header = 'X-Token'\nmax_body = '2MiB'"},
      {"header = 'X-Token'", "header = 'X-Token'\nhandshake = 'validation_token'"},
  };
  for (const auto& [old_text, new_text] : others) {
    const ConfigChanges change = changes_to(with(old_text, new_text));
    EXPECT_THAT(change.sources.changed, ElementsAre("b")) << new_text;
    EXPECT_THAT(change.fixed, IsEmpty()) << new_text;
  }
}

TEST(ConfigChanges, NameTheDestinationsThatCameWentAndAreOthersNow) {
  const std::string_view others[] = {
      "url = 'https://other.example/'",
      "concurrency = 5",
      "timeout = '1s'",
      "retry = { attempts = 5 }",
      "sign = 'none'",
      "sign = 'source'",
      "untrusted = true",
      "sign = 'standard'\nsecret = '${OPENAI_WEBHOOK_SECRET}'",
      "method = 'PUT'",
      "headers = { X-A = 'a' }",
      "auth = { bearer = 'a' }",
      "tls = { insecure = true }",
      "proxy = 'http://proxy.example'",
      "untrusted = true\nguard = { ports = [443] }",
      "rate = '5/s'",
      "adaptive_concurrency = true",
      "retry = { delays = ['1s'] }",
      "retry = { age = '1d' }",
      "retry = { statuses = [500] }",
      "breaker = {}",
      "order_by = 'data.id'",
      "exec = ['/bin/true']",
      "stdout = true",
  };
  for (const std::string_view line : others) {
    const bool says_where = line.starts_with("url") || line.starts_with("exec") || line.starts_with("stdout");
    const std::string lines =
        says_where ? std::string(line) : "url = 'https://app.example/'\n" + std::string(line);
    const ConfigChanges changes = changes_to(with("url = 'https://app.example/'", lines));
    EXPECT_THAT(changes.destinations.changed, ElementsAre("app")) << line;
    EXPECT_THAT(changes.fixed, IsEmpty()) << line;
    EXPECT_FALSE(changes.routes) << line;
  }
  const ConfigChanges more =
      changes_to(with("[[routes]]", "[destinations.more]\nurl = 'https://x.example/'\n[[routes]]"));
  EXPECT_THAT(more.destinations.added, ElementsAre("more"));
  EXPECT_THAT(more.destinations.changed, IsEmpty());
  const ConfigChanges none = changes_to(std::string(kBefore.substr(0, kBefore.find("[destinations"))));
  EXPECT_THAT(none.destinations.removed, ElementsAre("app"));
  EXPECT_TRUE(none.routes);
}

TEST(ConfigChanges, SeeAnotherRoute) {
  const std::string_view others[] = {
      "from = ['a', 'b']\n",
      "from = ['a']\nname = 'x'\n",
      "from = ['a']\ntypes = 'batch.*'\n",
      "from = ['a']\nfilter = { body = { id = 'x' } }\n",
      "from = ['a']\ntransform = 'function(event) return event end'\n",
  };
  for (const std::string_view lines : others) {
    const ConfigChanges changes = changes_to(with("from = ['a']\n", lines));
    EXPECT_TRUE(changes.routes) << lines;
    EXPECT_THAT(changes.fixed, IsEmpty()) << lines;
  }
}

TEST(ConfigChanges, SayWhatNeedsARestart) {
  const std::tuple<std::string_view, std::string_view, std::string> fixed[] = {
      {"127.0.0.1:1", "127.0.0.1:2", "server.listen"},
      {"[server]", "[server]\nmax_connections = 5", "server.max_connections"},
      {"[server]", "[admin]\nhosts = ['x']\n[server]", "admin.hosts"},
      {"[server]", "[admin]\nlisten = '127.0.0.1:9'\n[server]", "admin.listen"},
      {"[server]", "[store]\nurl = 'x'\n[server]", "store.url"},
      {"[server]", "[store]\nretention = '60d'\n[server]", "store.retention"},
      {"[server]", "[store]\nmax_size = '1GiB'\n[server]", "store.max_size"},
      {"[server]", "[log]\nformat = 'json'\n[server]", "log.format"},
  };
  for (const auto& [old_text, new_text, name] : fixed)
    EXPECT_THAT(changes_to(with(old_text, new_text)).fixed, ElementsAre(name)) << new_text;
}

}  // namespace
}  // namespace creel
