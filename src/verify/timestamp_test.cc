#include "verify/timestamp.h"

#include <gtest/gtest.h>

#include <limits>

namespace creel {
namespace {

TEST(Timestamp, IsOneToTwelveDigits) {
  EXPECT_EQ(parse_timestamp("0"), 0);
  EXPECT_EQ(parse_timestamp("1750000000"), 1750000000);
  EXPECT_EQ(parse_timestamp("999999999999"), 999999999999);
}

TEST(Timestamp, HasOneTextForEachTime) {
  for (std::string_view text :
       {"", "01750000000", "00", "+1750000000", "-1", " 1750000000", "1750000000 ", "1750000000.75",
        "1750000000xyz", "1_750_000_000", "1000000000000", "0x10", "1e9", "hello", "\xd9\xa1"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

TEST(TimestampAsSdks, ReadsWhatOneSdkOrAnotherReads) {
  for (std::string_view text : {"1750000000", "01750000000", "+1750000000", " 1750000000 ", "1750000000.75",
                                "1750000000suffix", "1_750_000_000"}) {
    EXPECT_EQ(parse_timestamp_as_sdks(text), 1750000000) << text;
  }
  for (std::string_view text : {"", " ", "+", "-", "not-a-number", "_1"}) {
    EXPECT_EQ(parse_timestamp_as_sdks(text), std::nullopt) << text;
  }
}

TEST(TimestampAsSdks, SaturatesInsteadOfWrapping) {
  EXPECT_GT(parse_timestamp_as_sdks("99999999999999999999999"), 9'000'000'000'000'000'000);
  EXPECT_LT(parse_timestamp_as_sdks("-9223372036854775808"), -9'000'000'000'000'000'000);
}

TEST(Iso8601, ReadsUtcAndOffsets) {
  const auto expected = std::chrono::sys_seconds(std::chrono::seconds(1667507170));
  for (std::string_view text : {"2022-11-03T20:26:10.344522Z", "2022-11-03T20:26:10Z", "2022-11-03t20:26:10z",
                                "2022-11-03T22:26:10+02:00", "2022-11-03T16:56:10-0330"}) {
    EXPECT_EQ(parse_iso_8601(text), expected) << text;
  }
}

TEST(Iso8601, RefusesWhatHasNoZoneOrNoSuchDay) {
  for (std::string_view text : {"", "2022-11-03", "2022-11-03T20:26:10", "2022-02-30T00:00:00Z",
                                "2022-11-03T24:00:00Z", "2022-11-03T20:26:10.Z", "2022-11-03T20:26:10Zx",
                                "2022-11-03T20:60:00Z", "2022-13-03T20:26:10Z", "1667507170"}) {
    EXPECT_EQ(parse_iso_8601(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace creel
