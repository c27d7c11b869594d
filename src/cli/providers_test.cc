#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <creel/provider.h>

#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/test_world.h"

namespace creel::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Providers, ListsEveryOneWithWhatItTakes) {
  World world;
  EXPECT_EQ(world.run({"providers"}), kFine);
  EXPECT_THAT(world.out, StartsWith("NAME"));
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(world.out, '\n')), all_providers().size() + 1);
  EXPECT_THAT(world.out, HasSubstr("HMAC-SHA256 of {timestamp}.{body}"));
  EXPECT_THAT(world.out, HasSubstr("CHARGEBEE_WEBHOOK_USERNAME:CHARGEBEE_WEBHOOK_PASSWORD"));
}

TEST(Providers, ShowsEverythingOfOne) {
  World world;
  EXPECT_EQ(world.run({"providers", "stripe"}), kFine);
  EXPECT_THAT(world.out, StartsWith("Stripe\n"));
  EXPECT_THAT(world.out, HasSubstr("5 minutes either way"));
  EXPECT_THAT(
      world.out,
      HasSubstr("[sources.stripe]\nprovider = \"stripe\"\nsecrets  = [\"${STRIPE_WEBHOOK_SECRET}\"]\n"));
  EXPECT_THAT(world.out, HasSubstr("\n  invoice.paid\n"));
}

TEST(Providers, WritesTwoVariablesAsOneSecret) {
  World world;
  EXPECT_EQ(world.run({"providers", "chargebee"}), kFine);
  EXPECT_THAT(world.out,
              HasSubstr("secrets  = [\"${CHARGEBEE_WEBHOOK_USERNAME}:${CHARGEBEE_WEBHOOK_PASSWORD}\"]"));
}

TEST(Providers, SaysTheSameToPrograms) {
  World world;
  EXPECT_EQ(world.run({"providers", "shopify", "--format", "json"}), kFine);
  const auto row = Json::parse(world.out);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->text("name"), "shopify");
  EXPECT_EQ(row->text("scheme"), "signature");
  EXPECT_EQ(row->integer("reject_status"), 400);
  EXPECT_EQ(row->integer("retry_hours"), 4);
  EXPECT_EQ(row->items("variables").size(), 1U);
  EXPECT_GT(row->items("event_types").size(), 100U);
  EXPECT_THAT(row->find("facts")->text("dedupe key"), HasSubstr("SHA-256 of the body"));

  EXPECT_EQ(world.run({"providers", "--format", "json"}), kFine);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(world.out, '\n')), all_providers().size());
}

TEST(Providers, MakesThePageOfTheDocumentation) {
  World world;
  EXPECT_EQ(world.run({"providers", "--format", "markdown"}), kFine);
  for (const Provider& row : all_providers())
    EXPECT_THAT(world.out, HasSubstr("\n## " + std::string(row.name) + "\n"));
  EXPECT_THAT(world.out, HasSubstr("](providers/slack.md)"));
  EXPECT_THAT(world.out, Not(HasSubstr("](providers/stripe.md)")));
}

TEST(Providers, NamesTheOneThatWasMeant) {
  World world;
  EXPECT_EQ(world.run({"providers", "strip"}), kUsage);
  EXPECT_THAT(world.err, HasSubstr("did you mean \"stripe\"?"));
  EXPECT_EQ(world.run({"providers", "--format", "html"}), kUsage);
}

}  // namespace
}  // namespace creel::cli
