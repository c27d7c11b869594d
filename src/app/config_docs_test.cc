// What docs/configuration.md shows of destinations loads as it stands there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "app/config_fixture.h"
#include "app/config_pem_fixture.h"

namespace creel {
namespace {

using testing::IsEmpty;
using namespace std::chrono_literals;

std::vector<std::string> toml_blocks(const std::string& page) {
  constexpr std::string_view kBegin = "```toml\n";
  std::vector<std::string> blocks;
  for (std::size_t at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at)) {
    at += kBegin.size();
    blocks.push_back(page.substr(at, page.find("```", at) - at));
  }
  return blocks;
}

// A route to each destination that the text defines.
std::string with_routes(const std::string& toml) {
  const std::regex title(R"(\[destinations\.(\w+)\]\n)");
  std::string to;
  for (std::sregex_iterator found(toml.begin(), toml.end(), title), end; found != end; ++found)
    to += (to.empty() ? "'" : ", '") + (*found)[1].str() + "'";
  return toml + "\n[[routes]]\nfrom = 'openai'\nto = [" + to + "]\n";
}

Machine machine() {
  Machine machine;
  const PemPair pair = make_pem_pair(24h * 90);
  machine.files["/etc/creel/client.pem"] = machine.files["/etc/creel/bank-ca.pem"] = pair.certificate;
  machine.files["/etc/creel/client-key.pem"] = pair.key;
  machine.files["/etc/creel/token"] = machine.files["/run/credentials/api-key"] = "t0ken\n";
  machine.variables["CREDENTIALS_DIRECTORY"] = "/run/credentials";
  for (const char* name : {"BASIC_PASSWORD", "CLIENT_SECRET", "MAC_SECRET", "DATABASE_URL"})
    machine.variables[name] = "s3cret";
  return machine;
}

TEST(ConfigurationPage, ShowsDestinationsThatLoad) {
  const std::string page = real_outside().file(CREEL_DOCS "/configuration.md").value_or("");
  int loaded = 0;
  for (const std::string& block : toml_blocks(page)) {
    if (!block.starts_with("[destinations.")) continue;
    ++loaded;
    EXPECT_THAT(texts_of(machine().load(with_routes(block))), IsEmpty()) << block;
  }
  EXPECT_GE(loaded, 9);
}

TEST(ConfigurationPage, SaysTheDefaultsOfTheBreaker) {
  const std::string page = real_outside().file(CREEL_DOCS "/configuration.md").value_or("");
  for (const std::string& block : toml_blocks(page)) {
    if (block.find("breaker") == std::string::npos) continue;
    auto read = machine().load(with_routes(block));
    ASSERT_TRUE(read.config);
    EXPECT_EQ(read.config->destinations.at(0).breaker, BreakerPolicy{});
    return;
  }
  FAIL() << "no breaker is shown";
}

}  // namespace
}  // namespace creel
