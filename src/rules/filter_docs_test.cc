// The page about filters shows an event and filters that take it: they do.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "rules/filter.h"

namespace creel {
namespace {

// What stands between "```tag" and "```", each.
std::vector<std::string> blocks(std::string_view page, std::string_view tag) {
  const std::string fence = "\n```" + std::string(tag) + "\n";
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = page.find(fence, at)) != std::string_view::npos;) {
    at += fence.size();
    found.emplace_back(page.substr(at, page.find("```", at) - at));
  }
  return found;
}

TEST(FilterDocs, EveryFilterOnThePageTakesTheEventOnThePage) {
  std::ifstream file(CREEL_DOCS_FOLDER "/filters.md");
  std::stringstream page;
  page << file.rdbuf();
  const auto events = blocks(page.str(), "http");
  ASSERT_EQ(events.size(), 1u);
  const std::string_view request = events[0];
  const std::size_t head_end = request.find("\n\n");
  const RuleInput event{.source = "shop",
                        .type = "order.paid",
                        .head = request.substr(0, head_end),
                        .body = request.substr(head_end + 2)};

  const auto filters = blocks(page.str(), "json");
  EXPECT_GE(filters.size(), 10u);
  RuleScratch scratch;
  for (const std::string& text : filters) {
    const auto filter = Filter::parse(text);
    ASSERT_TRUE(filter) << text << filter.error().where << " " << filter.error().message;
    EXPECT_TRUE(filter->matches(event, scratch)) << text;
  }
}

}  // namespace
}  // namespace creel
