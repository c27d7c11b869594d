// Which addresses a destination may have that its owner alone chose: none of ours.
//
//   const auto guard = AddressGuard::make({.networks = {"10.1.0.0/16"}});
//   if (auto why = guard->refuses(*parse_address("10.0.0.5"), 443)) …   // "10.0.0.5 is a private address"
//
// It is asked about the address that a connection really goes to, after every name has been resolved, so that
// neither an odd way to write an address nor a name that changes its mind gets past it. The kinds are those
// of the IANA special-purpose address registries (RFC 6890 and its updates). An IPv4 address inside an IPv6
// one leads to the IPv4 address, and the outer one hides it: both have to be allowed.
//
// Values without state; safe to share between threads.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"

struct sockaddr;

namespace creel {

struct Address {
  std::array<std::uint8_t, 16> bytes{};  // of IPv4 the first four
  bool is_v6 = false;

  bool operator==(const Address&) const = default;
};
// As inet_pton reads it: four decimal numbers, or IPv6 without brackets and without a zone.
std::optional<Address> parse_address(std::string_view text);
std::string to_text(const Address& address);
// Nothing for a socket that is neither IPv4 nor IPv6.
std::optional<Address> address_of(const sockaddr& socket_address);
std::uint16_t port_of(const sockaddr& socket_address);

enum class AddressKind : std::uint8_t {
  global,         // of the internet
  unspecified,    // 0.0.0.0, ::
  loopback,       // 127.0.0.0/8, ::1
  internal,       // RFC 1918, fc00::/7, site-local
  link_local,     // 169.254.0.0/16 with the metadata of clouds, fe80::/10
  shared,         // of a provider's own network: 100.64.0.0/10
  multicast,      //
  broadcast,      //
  documentation,  //
  benchmark,      // 198.18.0.0/15, 2001:2::/48
  cloud,          // a public address behind which a cloud has services for its machines alone
  reserved,       // everything else that belongs to nobody
  embedding,      // IPv6 that leads to an IPv4 address: mapped, compatible, NAT64, 6to4, Teredo
};
std::string_view describe(AddressKind kind);  // "a private address"
AddressKind kind_of(const Address& address);
// The IPv4 address to which an embedding one leads, where it says.
std::optional<Address> embedded_in(const Address& address);

struct Network {
  Address address;
  int bits = 0;

  bool contains(const Address& other) const;
};
// "10.1.0.0/16", "fd00::/8", or one address. The error is a sentence for the person who wrote it.
std::expected<Network, std::string> parse_network(std::string_view text);

class AddressGuard {
 public:
  // The error is that of parse_network.
  static std::expected<AddressGuard, std::string> make(const TargetGuard& settings);

  // Why no connection may go there, as the beginning of a sentence; nothing when it may.
  std::optional<std::string> refuses(const Address& address, std::uint16_t port) const;

 private:
  bool is_excepted(const Address& address) const;

  std::vector<Network> networks_;
  std::vector<std::uint16_t> ports_;
};

}  // namespace creel
