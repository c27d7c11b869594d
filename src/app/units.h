// How people write durations, sizes, rates and addresses, read strictly and written back.
//
// Pure functions. Each gives the value or one sentence that says what is wrong and what is right; the caller
// knows where.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/model.h"

namespace creel {

// "250ms", "5s", "10m", "1h", "30d", "0s": a whole number and one unit, nothing between, at most 100 years.
std::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);
// The same in the largest unit that has no remainder: 90 s is "90s", 120 s "2m".
std::string duration_text(std::chrono::milliseconds duration);

// "512B", "64KiB", "1MiB", "20GiB", "1TiB", or with KB, MB, GB, TB in thousands. A bare number is refused:
// bytes of what?
std::expected<std::uint64_t, std::string> parse_size(std::string_view text);
std::string size_text(std::uint64_t bytes);

// "50/s", "100/m", "1000/h", as events a second.
std::expected<double, std::string> parse_rate(std::string_view text);

// The same in whole numbers, at most a million: so many in each such time.
std::expected<Rate, std::string> parse_rate_limit(std::string_view text);
std::string rate_text(const Rate& rate);  // "50/s", "100/m, burst 20"

// Where a port listens: an IP address and a port.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;

  bool operator==(const ListenAddress&) const = default;
};
// "0.0.0.0:3000", "[::1]:3000", "localhost:3000" (which is 127.0.0.1), ":3000" (every IPv4 address). Port 0
// is any free one.
std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text);
std::string to_text(const ListenAddress& address);
std::expected<std::uint16_t, std::string> parse_port(std::string_view text);

// The parts of an http:// or https:// URL that decide something here. The views point into the text.
struct UrlParts {
  std::string_view scheme;  // "http" or "https"
  std::string_view host;    // without brackets
  std::uint16_t port = 0;   // the scheme's own when none is given
  std::string_view target;  // path and query, "" when there is none
};
// Refuses other schemes, credentials, fragments, white space and control characters.
std::expected<UrlParts, std::string> parse_http_url(std::string_view text);

// Whether the host is this machine: 127.0.0.0/8, ::1 or localhost.
bool is_loopback(std::string_view host);

// The candidate that is closest to a mistyped word, or "" when none is close.
template <class Candidates>
std::string_view nearest(std::string_view word, const Candidates& candidates);

// How many letters have to be inserted, removed, replaced or swapped with their neighbour to make one of the
// other.
std::size_t edit_distance(std::string_view a, std::string_view b);

template <class Candidates>
std::string_view nearest(std::string_view word, const Candidates& candidates) {
  std::string_view best;
  std::size_t best_distance = word.size() / 3 + 2;
  for (std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) best = candidate, best_distance = distance;
  }
  return best;
}

}  // namespace creel
