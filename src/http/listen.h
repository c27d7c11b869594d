// Opens the socket that a server listens on, and says who is in the way.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "http/server.h"

namespace creel::http {

// A numeric address, IPv6 with or without brackets.
struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
  bool shared = false;  // see ServerOptions
};

// A listening, non-blocking socket; the caller owns it. "::" takes IPv4 connections, too.
std::expected<int, ListenError> open_listener(const ListenAddress& where);

std::uint16_t port_of(int descriptor);

// "192.0.2.1" or "2001:db8::1": the address of who is connected, or what `accept` gave (a sockaddr).
std::string address_text(const void* socket_address);

// The program that listens on a port, "nginx (pid 4711)", as far as /proc lets us see; "" otherwise.
std::string find_listener(std::uint16_t port);

// Raises the soft limit of open files towards `wanted`, as far as the hard limit allows.
void raise_open_files(std::uint64_t wanted);

}  // namespace creel::http
