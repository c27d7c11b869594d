// How the servers of a destination are reached: whom TLS trusts and what it shows, the proxy, and, for an
// untrusted one, the guard that every connection has to pass. The same for the server of its tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/model.h"
#include "deliver/address_guard.h"

struct curl_sockaddr;

namespace creel {

class HttpTransfer;

struct HttpReach {
  // What check_http_settings refuses makes a guard that lets nothing pass.
  explicit HttpReach(const Destination& destination);

  // Sets the options of an easy handle. `transfer` does not outlive this.
  void apply(HttpTransfer& transfer) const;

  const std::string destination;
  const HttpSettings settings;
  const std::optional<AddressGuard> guard;  // of an untrusted one

 private:
  // Also asked where a connection is used again: it may have been made under other exceptions.
  static bool passes(HttpTransfer& transfer, const std::optional<Address>& address, std::uint16_t port);
  static int on_open(void* user, int purpose, curl_sockaddr* address);
  static int on_request(void* user, char* peer, char*, int port, int);
};

}  // namespace creel
