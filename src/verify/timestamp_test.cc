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
  for (std::string_view text :
       {"2022-11-03T20:26:10.344522Z", "2022-11-03T20:26:10Z", "2022-11-03t20:26:10z",
        "2022-11-03T22:26:10+02:00", "2022-11-03T16:56:10-0330", "2022-11-03 20:26:10 UTC",
        "2022-11-03 22:26:10 +0200", "2022-11-03T20:26:10+00:00"}) {
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

TEST(Rfc5322, ReadsTheTimesOfMail) {
  const auto expected = std::chrono::sys_seconds(std::chrono::seconds(1667507170));
  for (std::string_view text : {"Thu, 03 Nov 2022 20:26:10 +0000", "Thu, 3 Nov 2022 22:26:10 +0200",
                                "3 Nov 2022 20:26:10 GMT", "Thu, 03 Nov 2022 20:26:10 UTC"}) {
    EXPECT_EQ(parse_rfc_5322(text), expected) << text;
  }
  for (std::string_view text :
       {"", "Thu,", "Thu, 03 Nov 2022", "Thu, 31 Nov 2022 20:26:10 +0000", "Thu, 03 Nov 2022 20:26:10",
        "Thu, 03 Noc 2022 20:26:10 GMT", "Thu, 03 Nov 22 20:26:10 GMT", "Thu, 03 Nov 2022 24:00:00 GMT"}) {
    EXPECT_EQ(parse_rfc_5322(text), std::nullopt) << text;
  }
}

std::optional<std::int64_t> seconds_of(std::optional<std::chrono::sys_seconds> time) {
  if (!time) return std::nullopt;
  return time->time_since_epoch().count();
}

TEST(TimeOfNumber, TellsSecondsFromMillisecondsByTheirSize) {
  EXPECT_EQ(seconds_of(time_of_number(std::int64_t{0})), 0);
  EXPECT_EQ(seconds_of(time_of_number(std::int64_t{1750000000})), 1750000000);
  EXPECT_EQ(seconds_of(time_of_number(std::int64_t{1750000000999})), 1750000000);
  EXPECT_EQ(seconds_of(time_of_number(std::int64_t{99'999'999'999})), 99'999'999'999);
  EXPECT_EQ(seconds_of(time_of_number(std::int64_t{100'000'000'000})), 100'000'000);
  EXPECT_EQ(seconds_of(time_of_number(1750000000.999)), 1750000000);
  EXPECT_EQ(seconds_of(time_of_number(std::int64_t{253'402'300'799'999})), 253'402'300'799);
}

TEST(TimeOfNumber, StaysInTheCalendar) {
  EXPECT_EQ(time_of_number(std::int64_t{-1}), std::nullopt);
  EXPECT_EQ(time_of_number(std::int64_t{253'402'300'800'000}), std::nullopt);
  EXPECT_EQ(time_of_number(std::numeric_limits<std::int64_t>::max()), std::nullopt);
  EXPECT_EQ(time_of_number(-0.5), std::nullopt);
  EXPECT_EQ(time_of_number(1e300), std::nullopt);
  EXPECT_EQ(time_of_number(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
}

TEST(ParseTime, ReadsAnyLookAndStaysInTheCalendar) {
  for (std::string_view text : {"1667507170", "1667507170344", "1667507170.5", "2022-11-03T20:26:10.3Z",
                                "2022-11-03 20:26:10 UTC", "Thu, 03 Nov 2022 20:26:10 +0000"}) {
    EXPECT_EQ(seconds_of(parse_time(text)), 1667507170) << text;
  }
  for (std::string_view text :
       {"", ".5", "-1", "1667507170x", "1667507170.5x", "1234567890123456", "yesterday",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace creel
