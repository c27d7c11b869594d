#include "deliver/address_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace creel {
namespace {

using testing::HasSubstr;

struct Case {
  const char* address;
  AddressKind kind;
};

constexpr Case kCases[] = {
    // The first and the last of each, and what stands beside them.
    {"0.0.0.0", AddressKind::unspecified},
    {"0.0.0.1", AddressKind::reserved},
    {"0.255.255.255", AddressKind::reserved},
    {"1.0.0.0", AddressKind::global},
    {"9.255.255.255", AddressKind::global},
    {"10.0.0.0", AddressKind::internal},
    {"10.255.255.255", AddressKind::internal},
    {"11.0.0.0", AddressKind::global},
    {"100.63.255.255", AddressKind::global},
    {"100.64.0.0", AddressKind::shared},
    {"100.100.100.200", AddressKind::shared},
    {"100.127.255.255", AddressKind::shared},
    {"100.128.0.0", AddressKind::global},
    {"126.255.255.255", AddressKind::global},
    {"127.0.0.1", AddressKind::loopback},
    {"127.255.255.255", AddressKind::loopback},
    {"128.0.0.0", AddressKind::global},
    {"168.63.129.15", AddressKind::global},
    {"168.63.129.16", AddressKind::cloud},
    {"169.253.255.255", AddressKind::global},
    {"169.254.169.254", AddressKind::link_local},
    {"169.255.0.0", AddressKind::global},
    {"172.15.255.255", AddressKind::global},
    {"172.16.0.0", AddressKind::internal},
    {"172.31.255.255", AddressKind::internal},
    {"172.32.0.0", AddressKind::global},
    {"192.0.0.192", AddressKind::reserved},
    {"192.0.1.0", AddressKind::global},
    {"192.0.2.7", AddressKind::documentation},
    {"192.0.3.0", AddressKind::global},
    {"192.88.99.1", AddressKind::reserved},
    {"192.167.255.255", AddressKind::global},
    {"192.168.0.1", AddressKind::internal},
    {"192.169.0.0", AddressKind::global},
    {"198.17.255.255", AddressKind::global},
    {"198.18.0.0", AddressKind::benchmark},
    {"198.19.255.255", AddressKind::benchmark},
    {"198.20.0.0", AddressKind::global},
    {"198.51.100.1", AddressKind::documentation},
    {"203.0.113.255", AddressKind::documentation},
    {"203.0.114.0", AddressKind::global},
    {"223.255.255.255", AddressKind::global},
    {"224.0.0.1", AddressKind::multicast},
    {"239.255.255.255", AddressKind::multicast},
    {"240.0.0.0", AddressKind::reserved},
    {"255.255.255.254", AddressKind::reserved},
    {"255.255.255.255", AddressKind::broadcast},
    {"8.8.8.8", AddressKind::global},
    {"::", AddressKind::unspecified},
    {"::1", AddressKind::loopback},
    {"::2", AddressKind::embedding},
    {"::8.8.8.8", AddressKind::embedding},
    {"::ffff:8.8.8.8", AddressKind::embedding},
    {"::ffff:127.0.0.1", AddressKind::embedding},
    {"::ffff:0:127.0.0.1", AddressKind::embedding},
    {"64:ff9b::8.8.8.8", AddressKind::embedding},
    {"64:ff9b:1:2::1", AddressKind::embedding},
    {"64:ff9b:2::1", AddressKind::reserved},
    {"100::1", AddressKind::reserved},
    {"2001:0:53aa:64c:0:63bf:7fff:fffe", AddressKind::embedding},
    {"2001:2::1", AddressKind::benchmark},
    {"2001:10::1", AddressKind::reserved},
    {"2001:1ff:ffff::1", AddressKind::reserved},
    {"2001:200::1", AddressKind::global},
    {"2001:db8::1", AddressKind::documentation},
    {"2001:db9::1", AddressKind::global},
    {"2002:a00:1::1", AddressKind::embedding},
    {"2606:4700:4700::1111", AddressKind::global},
    {"3fff:123::1", AddressKind::documentation},
    {"3fff:1000::1", AddressKind::global},
    {"4000::1", AddressKind::reserved},
    {"5f00::1", AddressKind::reserved},
    {"fbff::1", AddressKind::reserved},
    {"fc00::1", AddressKind::internal},
    {"fd00:ec2::254", AddressKind::internal},
    {"fe00::1", AddressKind::reserved},
    {"fe80::1", AddressKind::link_local},
    {"febf::1", AddressKind::link_local},
    {"fec0::1", AddressKind::internal},
    {"ff02::1", AddressKind::multicast},
};

TEST(AddressKindOf, KnowsWhatEachAddressIsFor) {
  for (const Case& one : kCases) {
    const auto address = parse_address(one.address);
    ASSERT_TRUE(address) << one.address;
    EXPECT_EQ(kind_of(*address), one.kind) << one.address << ": " << describe(kind_of(*address));
  }
}

TEST(AddressKindOf, FindsTheAddressInsideAnother) {
  for (const auto& [outer, inner] :
       {std::pair("::ffff:10.0.0.5", "10.0.0.5"), std::pair("::10.0.0.5", "10.0.0.5"),
        std::pair("::ffff:0:10.0.0.5", "10.0.0.5"), std::pair("64:ff9b::a00:5", "10.0.0.5"),
        std::pair("2002:a00:5::1", "10.0.0.5"),
        std::pair("2001:0:4136:e378:8000:63bf:f5ff:fffa", "10.0.0.5")}) {
    const auto found = embedded_in(*parse_address(outer));
    ASSERT_TRUE(found) << outer;
    EXPECT_EQ(to_text(*found), inner) << outer;
  }
  EXPECT_FALSE(embedded_in(*parse_address("64:ff9b:1::a00:5")));
  EXPECT_FALSE(embedded_in(*parse_address("2606:4700::1")));
  EXPECT_FALSE(embedded_in(*parse_address("10.0.0.5")));
}

TEST(ParseNetwork, ReadsNetworksAndSingleAddresses) {
  const auto network = parse_network("10.1.0.0/16");
  ASSERT_TRUE(network);
  EXPECT_TRUE(network->contains(*parse_address("10.1.255.255")));
  EXPECT_FALSE(network->contains(*parse_address("10.2.0.0")));
  EXPECT_FALSE(network->contains(*parse_address("a01::")));
  EXPECT_TRUE(parse_network("fd00::/8")->contains(*parse_address("fdff::1")));
  EXPECT_TRUE(parse_network("0.0.0.0/0")->contains(*parse_address("255.1.2.3")));
  EXPECT_TRUE(parse_network("172.20.0.0/15")->contains(*parse_address("172.21.0.1")));
  EXPECT_FALSE(parse_network("172.20.0.0/15")->contains(*parse_address("172.22.0.1")));
  EXPECT_TRUE(parse_network("10.1.2.3")->contains(*parse_address("10.1.2.3")));
  EXPECT_FALSE(parse_network("10.1.2.3")->contains(*parse_address("10.1.2.4")));
}

TEST(ParseNetwork, SaysWhatIsWrong) {
  for (const char* text : {"", "10", "10.1/16", "0x7f.0.0.1", "010.0.0.1/8x", "internal", "10.0.0.0/",
                           "[::1]/128", "fe80::1%eth0", "1.2.3.4.5/8"}) {
    EXPECT_FALSE(parse_network(text)) << text;
  }
  EXPECT_THAT(parse_network("10.0.0.0/33").error(), HasSubstr("from 0 to 32"));
  EXPECT_THAT(parse_network("fd00::/129").error(), HasSubstr("from 0 to 128"));
  EXPECT_THAT(parse_network("10.0.0.0/-1").error(), HasSubstr("from 0 to 32"));
  EXPECT_THAT(parse_network("10.0.0.0/8 ").error(), HasSubstr("from 0 to 32"));
  EXPECT_THAT(parse_network("10.1.2.3/16").error(), HasSubstr("10.1.0.0/16 is the network"));
}

std::optional<std::string> refused(const TargetGuard& settings, std::string_view address,
                                   std::uint16_t port = 443) {
  return AddressGuard::make(settings).value().refuses(*parse_address(address), port);
}

TEST(AddressGuard, RefusesEverythingThatIsNotOfTheInternet) {
  for (const Case& one : kCases)
    EXPECT_EQ(refused({}, one.address).has_value(), one.kind != AddressKind::global) << one.address;
}

TEST(AddressGuard, SaysWhatTheAddressIs) {
  EXPECT_EQ(refused({}, "10.0.0.5"), "10.0.0.5 is a private address");
  EXPECT_EQ(refused({}, "::ffff:169.254.169.254"),
            "::ffff:169.254.169.254 hides 169.254.169.254, a link-local address");
  EXPECT_EQ(refused({}, "64:ff9b::808:808"), "64:ff9b::808:808 is an address that hides an IPv4 address");
}

TEST(AddressGuard, AllowsWhatIsExcepted) {
  const TargetGuard settings{.networks = {"10.1.0.0/16", "fd00:1::/32"}};
  EXPECT_FALSE(refused(settings, "10.1.2.3"));
  EXPECT_TRUE(refused(settings, "10.2.2.3"));
  EXPECT_FALSE(refused(settings, "fd00:1::1"));
  EXPECT_TRUE(refused(settings, "fd00:2::1"));
}

TEST(AddressGuard, AnExceptionForTheOuterAddressDoesNotAllowTheInnerOne) {
  const TargetGuard nat64{.networks = {"64:ff9b::/96"}};
  EXPECT_FALSE(refused(nat64, "64:ff9b::808:808"));
  EXPECT_TRUE(refused(nat64, "64:ff9b::a00:5"));
  EXPECT_TRUE(refused({.networks = {"10.0.0.0/8"}}, "::ffff:10.0.0.5"));
  EXPECT_FALSE(refused({.networks = {"10.0.0.0/8", "::ffff:0:0/96"}}, "::ffff:10.0.0.5"));
}

TEST(AddressGuard, AllowsNoPortOfASystemService) {
  for (const std::uint16_t port : {22, 25, 0, 1023})
    EXPECT_TRUE(refused({}, "8.8.8.8", port)) << port;
  for (const std::uint16_t port : {80, 443, 1024, 8443, 65535})
    EXPECT_FALSE(refused({}, "8.8.8.8", port)) << port;
  EXPECT_TRUE(refused({.ports = {8443}}, "8.8.8.8", 443));
  EXPECT_FALSE(refused({.ports = {8443, 25}}, "8.8.8.8", 25));
}

TEST(AddressGuard, TellsWhichNetworkCannotBeRead) {
  const auto guard = AddressGuard::make({.networks = {"10.0.0.0/8", "home"}});
  ASSERT_FALSE(guard);
  EXPECT_THAT(guard.error(), HasSubstr("\"home\" is no network"));
}

}  // namespace
}  // namespace creel
