#include "deliver/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace creel {
namespace {

struct Row {
  Network network;
  AddressKind kind;
};

// The first that fits counts.
const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = [] {
    constexpr std::pair<const char*, AddressKind> kTexts[] = {
        {"0.0.0.0", AddressKind::unspecified},
        {"0.0.0.0/8", AddressKind::reserved},
        {"10.0.0.0/8", AddressKind::internal},
        {"100.64.0.0/10", AddressKind::shared},
        {"127.0.0.0/8", AddressKind::loopback},
        {"168.63.129.16", AddressKind::cloud},
        {"169.254.0.0/16", AddressKind::link_local},
        {"172.16.0.0/12", AddressKind::internal},
        {"192.0.0.0/24", AddressKind::reserved},
        {"192.0.2.0/24", AddressKind::documentation},
        {"192.88.99.0/24", AddressKind::reserved},
        {"192.168.0.0/16", AddressKind::internal},
        {"198.18.0.0/15", AddressKind::benchmark},
        {"198.51.100.0/24", AddressKind::documentation},
        {"203.0.113.0/24", AddressKind::documentation},
        {"224.0.0.0/4", AddressKind::multicast},
        {"255.255.255.255", AddressKind::broadcast},
        {"240.0.0.0/4", AddressKind::reserved},
        {"0.0.0.0/0", AddressKind::global},
        {"::", AddressKind::unspecified},
        {"::1", AddressKind::loopback},
        {"::/96", AddressKind::embedding},
        {"::ffff:0:0/96", AddressKind::embedding},
        {"::ffff:0:0:0/96", AddressKind::embedding},
        {"64:ff9b::/96", AddressKind::embedding},
        {"64:ff9b:1::/48", AddressKind::embedding},
        {"2001::/32", AddressKind::embedding},
        {"2001:2::/48", AddressKind::benchmark},
        {"2001::/23", AddressKind::reserved},
        {"2001:db8::/32", AddressKind::documentation},
        {"2002::/16", AddressKind::embedding},
        {"3fff::/20", AddressKind::documentation},
        {"2000::/3", AddressKind::global},
        {"fc00::/7", AddressKind::internal},
        {"fe80::/10", AddressKind::link_local},
        {"fec0::/10", AddressKind::internal},
        {"ff00::/8", AddressKind::multicast},
    };
    std::vector<Row> made;
    for (const auto& [text, kind] : kTexts)
      made.push_back({.network = parse_network(text).value(), .kind = kind});
    return made;
  }();
  return kRows;
}

bool is_in(const Address& address, const char* network) {
  return parse_network(network).value().contains(address);
}

// Four bytes of `address` from `at` on, each turned over by `mask`.
Address v4_at(const Address& address, std::size_t at, std::uint8_t mask = 0) {
  Address found;
  for (std::size_t i = 0; i < 4; ++i)
    found.bytes[i] = static_cast<std::uint8_t>(address.bytes[at + i] ^ mask);
  return found;
}

// `address` with nothing but its first `bits`.
Address masked(Address address, int bits) {
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(bits - 8 * i, 0, 8);
    address.bytes[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff << (8 - kept));
  }
  return address;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  const std::string terminated(text);
  if (terminated.contains('\0')) return std::nullopt;
  Address address;
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) return address;
  address.is_v6 = true;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string to_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof(text));
  return text;
}

std::optional<Address> address_of(const sockaddr& socket_address) {
  Address address;
  if (socket_address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &socket_address, sizeof(v4));
    std::memcpy(address.bytes.data(), &v4.sin_addr, 4);
    return address;
  }
  if (socket_address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6;
  std::memcpy(&v6, &socket_address, sizeof(v6));
  std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
  address.is_v6 = true;
  return address;
}

std::uint16_t port_of(const sockaddr& socket_address) {
  // Both kinds have it at the same place.
  sockaddr_in v4;
  std::memcpy(&v4, &socket_address, sizeof(v4));
  return ntohs(v4.sin_port);
}

std::string_view describe(AddressKind kind) {
  switch (kind) {
    case AddressKind::global:
      return "an address of the internet";
    case AddressKind::unspecified:
      return "the unspecified address";
    case AddressKind::loopback:
      return "a loopback address";
    case AddressKind::internal:
      return "a private address";
    case AddressKind::link_local:
      return "a link-local address";
    case AddressKind::shared:
      return "an address of a provider's own network";
    case AddressKind::multicast:
      return "a multicast address";
    case AddressKind::broadcast:
      return "the broadcast address";
    case AddressKind::documentation:
      return "an address for documentation";
    case AddressKind::benchmark:
      return "an address for benchmarks";
    case AddressKind::cloud:
      return "an address of a cloud's own services";
    case AddressKind::reserved:
      return "a reserved address";
    case AddressKind::embedding:
      return "an address that hides an IPv4 address";
  }
  std::unreachable();
}

AddressKind kind_of(const Address& address) {
  for (const Row& row : rows()) {
    if (row.network.contains(address)) return row.kind;
  }
  return AddressKind::reserved;
}

std::optional<Address> embedded_in(const Address& address) {
  if (!address.is_v6 || kind_of(address) != AddressKind::embedding) return std::nullopt;
  if (is_in(address, "2002::/16")) return v4_at(address, 2);
  if (is_in(address, "2001::/32")) return v4_at(address, 12, 0xff);
  // Where in this one it stands is for its network to say (RFC 6052).
  if (is_in(address, "64:ff9b:1::/48")) return std::nullopt;
  return v4_at(address, 12);
}

bool Network::contains(const Address& other) const {
  return other.is_v6 == address.is_v6 && masked(other, bits) == address;
}

std::expected<Network, std::string> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address)
    return std::unexpected("\"" + std::string(text) +
                           "\" is no network: write one as 10.1.0.0/16 or fd00::/8");
  const int bits_max = address->is_v6 ? 128 : 32;
  Network network{.address = *address, .bits = bits_max};
  if (slash == std::string_view::npos) return network;
  const std::string_view bits = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), network.bits);
  if (error != std::errc{} || end != bits.data() + bits.size() || network.bits < 0 ||
      network.bits > bits_max) {
    return std::unexpected("\"" + std::string(text) + "\": what follows the slash is a number from 0 to " +
                           std::to_string(bits_max));
  }
  network.address = masked(*address, network.bits);
  if (network.address != *address) {
    return std::unexpected("\"" + std::string(text) + "\" says more than its first " +
                           std::to_string(network.bits) + " bits: " + to_text(network.address) + "/" +
                           std::to_string(network.bits) + " is the network it is in");
  }
  return network;
}

std::expected<AddressGuard, std::string> AddressGuard::make(const TargetGuard& settings) {
  AddressGuard guard;
  for (const std::string& text : settings.networks) {
    auto network = parse_network(text);
    if (!network) return std::unexpected(std::move(network.error()));
    guard.networks_.push_back(*network);
  }
  guard.ports_ = settings.ports;
  return guard;
}

bool AddressGuard::is_excepted(const Address& address) const {
  return std::ranges::any_of(networks_, [&](const Network& network) { return network.contains(address); });
}

std::optional<std::string> AddressGuard::refuses(const Address& address, std::uint16_t port) const {
  const AddressKind kind = kind_of(address);
  if (const auto inner = embedded_in(address)) {
    const AddressKind inner_kind = kind_of(*inner);
    if (inner_kind != AddressKind::global && !is_excepted(*inner))
      return to_text(address) + " hides " + to_text(*inner) + ", " + std::string(describe(inner_kind));
  }
  if (kind != AddressKind::global && !is_excepted(address))
    return to_text(address) + " is " + std::string(describe(kind));
  const bool is_port_allowed = ports_.empty() ? port == 80 || port == 443 || port >= 1024
                                              : std::ranges::find(ports_, port) != ports_.end();
  if (!is_port_allowed) return "port " + std::to_string(port) + " is not one of those allowed";
  return std::nullopt;
}

}  // namespace creel
