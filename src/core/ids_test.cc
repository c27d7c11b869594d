#include "core/ids.h"

#include <gtest/gtest.h>

#include <limits>

namespace creel {
namespace {

TEST(EventIds, SurviveTheWayToTextAndBack) {
  for (std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{65536},
                              std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max()}) {
    EXPECT_EQ(parse_event_id(to_text(EventId{value})), EventId{value});
  }
  EXPECT_EQ(EventId::of(7, 3).sequence(), 7u);
  EXPECT_EQ(EventId::of(7, 3).item(), 3);
}

TEST(EventIds, SortAsTextAsTheyDoAsNumbers) {
  EXPECT_LT(to_text(EventId::of(9, 0)), to_text(EventId::of(10, 0)));
  EXPECT_LT(to_text(EventId::of(10, 9)), to_text(EventId::of(10, 10)));
  EXPECT_LT(to_text(EventId::of(31, 65535)), to_text(EventId::of(32, 0)));
}

TEST(EventIds, RejectWhatIsNotOne) {
  for (const char* text : {"", "cev_", "cev_000000000000", "cev_00000000000000", "cev_000000000000w",
                           "cev_000000000000A", "evt_0000000000001", "cev_g000000000000"}) {
    EXPECT_EQ(parse_event_id(text), std::nullopt) << text;
  }
}

TEST(DeliveryIds, SurviveTheWayToTextAndBack) {
  DeliveryId id{.event = EventId::of(12, 1), .destination = "app.v2", .ordinal = 3};
  EXPECT_EQ(to_text(id), "cev_000000000o001.app.v2.3");
  EXPECT_EQ(parse_delivery_id(to_text(id)), id);
}

TEST(DeliveryIds, RejectWhatIsNotOne) {
  const std::string event = to_text(EventId::of(12, 1));
  for (const std::string& text :
       {event, event + ".", event + ".app", event + "..1", event + ".app.", event + ".app.0",
        event + ".app.x", event + ".app.-1", std::string("app.1")}) {
    EXPECT_EQ(parse_delivery_id(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace creel
