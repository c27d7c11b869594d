#include "deliver/held_deliveries.h"

#include <gtest/gtest.h>

namespace creel {
namespace {

const EventId kEvent = EventId::of(7, 0);

TEST(HeldDeliveries, SaysWhyOneIsHeld) {
  HeldDeliveries held;
  held.add("app", kEvent, 1, "no field");
  EXPECT_EQ(held.reason({.event = kEvent, .destination = "app"}), "no field");
  EXPECT_EQ(held.reason({.event = kEvent, .destination = "app", .ordinal = 2}), "");
  EXPECT_EQ(held.reason({.event = kEvent, .destination = "other"}), "");
}

TEST(HeldDeliveries, CountsByDestinationWithTheLatestReason) {
  HeldDeliveries held;
  held.add("b", kEvent, 1, "one");
  held.add("b", EventId::of(8, 0), 1, "two");
  held.add("a", kEvent, 1, "three");
  const auto rows = held.rows();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].destination, "a");
  EXPECT_EQ(rows[1].deliveries, 2u);
  EXPECT_EQ(rows[1].reason, "two");
}

TEST(HeldDeliveries, ForgetsWhatIsReleased) {
  HeldDeliveries held;
  held.add("app", kEvent, 1, "no field");
  EXPECT_TRUE(held.erase("app", kEvent, 1));
  EXPECT_FALSE(held.erase("app", kEvent, 1));
  EXPECT_TRUE(held.rows().empty());
}

TEST(HeldDeliveries, KeepsOnlySoManyReasons) {
  HeldDeliveries held;
  for (std::uint64_t i = 0; i < 2000; ++i)
    held.add("app", EventId::of(i, 0), 1, "reason " + std::to_string(i));
  EXPECT_EQ(held.reason({.event = EventId::of(3, 0), .destination = "app"}), "reason 3");
  EXPECT_EQ(held.reason({.event = EventId::of(1999, 0), .destination = "app"}),
            "the transform fails for so many reasons that not all are kept");
  EXPECT_EQ(held.rows().front().deliveries, 2000u);
}

}  // namespace
}  // namespace creel
