#include "rules/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace creel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Routes, GiveEveryDestinationOfASourceOnceInTheOrderOfTheFile) {
  const Route routes[] = {{.from = {"openai"}, .to = {"b", "a"}},
                          {.from = {"openai", "stripe"}, .to = {"a", "c"}}};
  Routes table(routes);
  EXPECT_THAT(table.destinations("openai"), ElementsAre("b", "a", "c"));
  EXPECT_THAT(table.destinations("stripe"), ElementsAre("a", "c"));
}

TEST(Routes, GiveNothingForASourceWithoutARoute) {
  Routes table({});
  EXPECT_THAT(table.destinations("openai"), IsEmpty());
}

}  // namespace
}  // namespace creel
