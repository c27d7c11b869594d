// The page about transforms shows an event, scripts and what they send: they do.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "rules/transform_fixture.h"

namespace creel {
namespace {

// What stands between "```tag" and "```" at or after `at`, which moves behind it; "" when there is none.
std::string next_block(std::string_view page, std::string_view tag, std::size_t& at) {
  const std::string fence = "\n```" + std::string(tag) + "\n";
  const std::size_t begin = page.find(fence, at);
  if (begin == std::string_view::npos) return {};
  const std::size_t end = page.find("\n```", begin + fence.size());
  at = end + 4;
  return std::string(page.substr(begin + fence.size(), end - begin - fence.size()));
}

TEST(TransformDocs, EveryScriptOnThePageSendsWhatThePageSays) {
  std::ifstream file(CREEL_DOCS_FOLDER "/transforms.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string page = text.str();

  TransformWorld world;
  std::size_t at = 0;
  world.event.type = "response.completed";
  world.event.body = next_block(page, "event", at);
  ASSERT_FALSE(world.event.body.empty());
  int scripts = 0;
  for (std::string lua; !(lua = next_block(page, "lua", at)).empty(); ++scripts) {
    const bool has_result = std::string_view(page).substr(at).starts_with("\n```json\n");
    const std::string wanted = has_result ? next_block(page, "json", at) : world.event.body;
    const auto made = world.run(lua);
    ASSERT_TRUE(made) << lua << made.error().message;
    EXPECT_EQ(*made ? (*made)->body : "nothing", wanted) << lua;
  }
  EXPECT_GE(scripts, 6);
}

}  // namespace
}  // namespace creel
