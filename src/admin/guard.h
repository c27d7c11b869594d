// Who may use the admin port.
//
// A tunnel makes traffic from the Internet look like loopback, and a browser can be made to send requests by
// any page. So every request has to bring the token, in the Authorization header alone; its Host has to be
// one that is ours (a page that rebinds its own name to our address has another); and one that writes must
// not come from a page of another origin.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/http.h"

namespace creel::admin {

class Guard {
 public:
  struct Options {
    std::string token;
    std::string listen_address;
    std::vector<std::string> hosts;  // names without a port
    bool metrics_open = false;       // GET /metrics needs no token
  };
  explicit Guard(Options options);

  // The answer to a request that may not come in: 421 for a strange Host, 403 for a strange Origin, 401
  // without the token.
  std::optional<http::Response> refusal(const http::Request& request) const;

 private:
  bool is_our_host(std::string_view host) const;
  bool has_token(const http::Request& request) const;

  Options options_;
};

}  // namespace creel::admin
