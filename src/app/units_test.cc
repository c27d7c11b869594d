#include "app/units.h"

#include <gtest/gtest.h>

#include <array>

namespace creel {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("5s"), 5s);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("30d"), 720h);
  EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(Duration, RefusesEverythingElse) {
  for (std::string_view text :
       {"", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5h", "1h30m", "5S", "5sec", "0x5s"}) {
    ASSERT_FALSE(parse_duration(text)) << text;
    EXPECT_EQ(parse_duration(text).error(),
              "\"" + std::string(text) +
                  "\" is not a duration; write a whole number and ms, s, m, h or d, such "
                  "as \"30s\"");
  }
}

TEST(Duration, RefusesWhatWouldOverflow) {
  EXPECT_EQ(parse_duration("36525d"), 24h * 36525);
  EXPECT_EQ(parse_duration("36526d").error(), "\"36526d\" is longer than 100 years");
  EXPECT_EQ(parse_duration("18446744073709551615d").error(),
            "\"18446744073709551615d\" is longer than 100 years");
  EXPECT_FALSE(parse_duration("18446744073709551616d"));
}

TEST(Duration, IsWrittenInItsLargestUnit) {
  for (std::string_view text : {"250ms", "90s", "2m", "1h", "30d", "0s"})
    EXPECT_EQ(duration_text(*parse_duration(text)), text);
  EXPECT_EQ(duration_text(120s), "2m");
  EXPECT_EQ(duration_text(1500ms), "1500ms");
}

TEST(Size, ReadsPowersOfTwoAndOfTen) {
  EXPECT_EQ(parse_size("512B"), 512u);
  EXPECT_EQ(parse_size("64KiB"), 65536u);
  EXPECT_EQ(parse_size("1MiB"), 1048576u);
  EXPECT_EQ(parse_size("20GiB"), 21474836480u);
  EXPECT_EQ(parse_size("1TiB"), 1099511627776u);
  EXPECT_EQ(parse_size("5MB"), 5000000u);
}

TEST(Size, RefusesEverythingElse) {
  for (std::string_view text : {"", "1", "MiB", "1 MiB", "-1MiB", "1.5GiB", "1mib", "1M", "1Mib"}) {
    ASSERT_FALSE(parse_size(text)) << text;
    EXPECT_EQ(parse_size(text).error(),
              "\"" + std::string(text) +
                  "\" is not a size; write a whole number and B, KiB, MiB, GiB or TiB, such as \"1MiB\"");
  }
  EXPECT_EQ(parse_size("99999999TiB").error(), "\"99999999TiB\" is larger than an exbibyte");
}

TEST(Size, IsWrittenInItsLargestUnit) {
  for (std::string_view text : {"0B", "512B", "64KiB", "1MiB", "20GiB", "1025B"})
    EXPECT_EQ(size_text(*parse_size(text)), text);
}

TEST(Rate, CountsASecond) {
  EXPECT_EQ(parse_rate("50/s"), 50.0);
  EXPECT_EQ(parse_rate("120/m"), 2.0);
  EXPECT_EQ(parse_rate("1800/h"), 0.5);
  for (std::string_view text : {"", "50", "0/s", "/s", "50/d", "5.5/s", "-1/s"})
    EXPECT_FALSE(parse_rate(text)) << text;
}

TEST(Listen, ReadsAddressesAndPorts) {
  EXPECT_EQ(parse_listen_address("0.0.0.0:3000"), (ListenAddress{"0.0.0.0", 3000}));
  EXPECT_EQ(parse_listen_address("[::1]:0"), (ListenAddress{"::1", 0}));
  EXPECT_EQ(parse_listen_address("localhost:80"), (ListenAddress{"127.0.0.1", 80}));
  EXPECT_EQ(parse_listen_address(":3000"), (ListenAddress{"0.0.0.0", 3000}));
  EXPECT_EQ(to_text(ListenAddress{"::1", 80}), "[::1]:80");
  EXPECT_EQ(to_text(ListenAddress{"127.0.0.1", 80}), "127.0.0.1:80");
}

TEST(Listen, SaysWhatIsWrong) {
  EXPECT_EQ(parse_listen_address("3000").error(),
            "\"3000\" is not an address and a port, such as \"127.0.0.1:3000\"");
  EXPECT_EQ(parse_listen_address("::1:3000").error(),
            "\"::1:3000\" is not an address and a port, such as \"127.0.0.1:3000\"");
  EXPECT_EQ(parse_listen_address("127.0.0.1:65536").error(),
            "\"65536\" is not a port; write a number from 0 to 65535");
  EXPECT_EQ(parse_listen_address("127.0.0.1:").error(), "\"\" is not a port; write a number from 0 to 65535");
  EXPECT_EQ(parse_listen_address("example.com:80").error(),
            "\"example.com:80\" does not begin with an IP address; a name could mean several");
  EXPECT_FALSE(parse_listen_address("[]:80"));
}

TEST(Url, GivesItsParts) {
  const auto url = parse_http_url("https://hooks.example.com:8443/in?a=1");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "hooks.example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/in?a=1");
  EXPECT_EQ(parse_http_url("http://[::1]/")->host, "::1");
  EXPECT_EQ(parse_http_url("http://localhost")->port, 80);
  EXPECT_EQ(parse_http_url("https://localhost")->port, 443);
}

TEST(Url, RefusesWhatCreelDoesNotDeliverTo) {
  EXPECT_EQ(parse_http_url("localhost:3000").error(),
            "\"localhost:3000\" is not a URL; begin it with http:// or https://");
  EXPECT_EQ(parse_http_url("file:///etc/passwd").error(),
            "the scheme \"file\" is not one that creel delivers to; use http or https");
  EXPECT_EQ(parse_http_url("http://a b/").error(),
            "the URL has a space, a backslash or a control character in it");
  EXPECT_EQ(parse_http_url("http://me:pw@host/").error(),
            "the URL has credentials in it, and would show them wherever it is shown");
  EXPECT_EQ(parse_http_url("http://host/#x").error(),
            "\"http://host/#x\" has a fragment (#…), which is never sent");
  EXPECT_EQ(parse_http_url("http:///x").error(),
            "\"http:///x\" has no host, or brackets or colons astray in it");
  EXPECT_EQ(parse_http_url("http://h:0/").error(),
            "\"http://h:0/\" has a port that is not a number from 1 to 65535");
}

TEST(Loopback, IsThisMachineAlone) {
  for (std::string_view host : {"127.0.0.1", "127.9.9.9", "::1", "localhost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (std::string_view host :
       {"0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Nearest, FindsTheWordThatWasMeant) {
  constexpr std::array<std::string_view, 4> kWords{"url", "retry", "timeout", "concurrency"};
  EXPECT_EQ(nearest("retires", kWords), "retry");
  EXPECT_EQ(nearest("timout", kWords), "timeout");
  EXPECT_EQ(nearest("ulr", kWords), "url");
  EXPECT_EQ(nearest("zzz", kWords), "");
}

TEST(EditDistance, CountsASwapAsOne) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("abcd", "abdc"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace creel
