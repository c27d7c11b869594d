// The head of a request: read once, strictly, or refused.
//
// This is the only reader of heads in the program, so no second one can understand the same bytes
// differently: what decides where a body ends (Content-Length, Transfer-Encoding, Host, line ends) is
// accepted in exactly one spelling, and everything that proxies and servers are known to disagree about is an
// error. Sources: RFC 9112 §2.2, §3, §5, §6 and RFC 9110 §5.5, §7.2, §10.1.1. Pure: no I/O, no allocation
// once `headers` has grown. A fuzz target holds it against Beast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

#include <creel/webhooks.h>

namespace creel::http {

struct HeadLimits {
  std::size_t bytes_max = std::size_t{16} << 10;  // of the whole head with its empty line
  std::size_t headers_max = 100;
};

// Why a request is answered by http itself, after which its connection is closed.
struct Refusal {
  int status = 400;
  std::string_view reason;  // a literal, safe to show and to count by
};

// What the head says. The views point into it.
struct Head {
  std::string_view method;
  std::string_view target;
  std::string_view path;   // of an absolute target what follows its authority; "*" for OPTIONS *
  std::string_view query;  // without the question mark
  std::uint64_t content_length = 0;
  bool chunked = false;  // then content_length means nothing
  bool is_http_1_0 = false;
  bool keep_alive = true;  // what the version and Connection ask for
  bool expects_continue = false;
};

// Where the head ends: the number of bytes up to and with its empty line, 0 while that has not come. Refuses
// a line feed without its carriage return as soon as it is seen, and a head over the limit. `scanned` is 0
// for a new head and is given back unchanged with more bytes, so that none is looked at twice.
std::expected<std::size_t, Refusal> find_head_end(std::string_view bytes, std::size_t& scanned,
                                                  const HeadLimits& limits);

// Reads a head that ends with its empty line, and fills `headers` (cleared first) in the order received,
// values without the white space around them.
std::expected<Head, Refusal> check_head(std::string_view head, const HeadLimits& limits,
                                        std::vector<Header>& headers);

// Whether `byte` may stand in a token: a method or a header's name.
bool is_token_byte(char byte);
// Whether `byte` may stand in a header's value.
bool is_value_byte(char byte);

}  // namespace creel::http
