#include "app/units.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

namespace creel {
namespace {

using std::chrono::milliseconds;

struct NumberAndUnit {
  std::uint64_t number = 0;
  std::string_view unit;
};

// Digits and then anything else. Nothing when there are no digits or they are too many.
std::optional<NumberAndUnit> split(std::string_view text) {
  NumberAndUnit parts;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parts.number);
  if (error != std::errc{}) return std::nullopt;
  parts.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return parts;
}

struct DurationUnit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<DurationUnit, 5> kDurationUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<SizeUnit, 9> kSizeUnits{{{"TiB", std::uint64_t{1} << 40},
                                              {"GiB", std::uint64_t{1} << 30},
                                              {"MiB", std::uint64_t{1} << 20},
                                              {"KiB", std::uint64_t{1} << 10},
                                              {"TB", 1'000'000'000'000},
                                              {"GB", 1'000'000'000},
                                              {"MB", 1'000'000},
                                              {"KB", 1000},
                                              {"B", 1}}};

struct RateUnit {
  std::string_view name;
  milliseconds per;
};
constexpr std::array<RateUnit, 3> kRateUnits{
    {{"/s", milliseconds(1000)}, {"/m", milliseconds(60'000)}, {"/h", milliseconds(3'600'000)}}};
constexpr std::uint64_t kRateMax = 1'000'000;

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

bool is_address(std::string_view host) {
  const std::string text(host);
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

struct HostAndPort {
  std::string_view host;
  std::optional<std::string_view> port;
};

// "host:port", "[v6]:port" or either without the port; nothing when the brackets or colons are wrong.
std::optional<HostAndPort> split_host(std::string_view text) {
  HostAndPort parts;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    parts.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    parts.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
  }
  if (rest.empty()) return parts;
  if (rest.front() != ':' || rest.find(':', 1) != std::string_view::npos) return std::nullopt;
  parts.port = rest.substr(1);
  return parts;
}

}  // namespace

std::expected<milliseconds, std::string> parse_duration(std::string_view text) {
  const auto wrong = [&] {
    return std::unexpected(quoted(text) +
                           " is not a duration; write a whole number and ms, s, m, h or d, such as \"30s\"");
  };
  const auto parts = split(text);
  if (!parts) return wrong();
  const auto unit = std::ranges::find(kDurationUnits, parts->unit, &DurationUnit::name);
  if (unit == kDurationUnits.end()) return wrong();
  constexpr std::uint64_t kLongest = std::uint64_t{36'525} * 86'400'000;
  if (parts->number > kLongest / static_cast<std::uint64_t>(unit->milliseconds)) {
    return std::unexpected(quoted(text) + " is longer than 100 years");
  }
  return milliseconds(static_cast<std::int64_t>(parts->number) * unit->milliseconds);
}

std::string duration_text(milliseconds duration) {
  if (duration == milliseconds::zero()) return "0s";
  for (const DurationUnit& unit : kDurationUnits) {
    if (duration.count() % unit.milliseconds != 0) continue;
    return std::to_string(duration.count() / unit.milliseconds).append(unit.name);
  }
  return std::to_string(duration.count()) + "ms";
}

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  const auto wrong = [&] {
    return std::unexpected(
        quoted(text) + " is not a size; write a whole number and B, KiB, MiB, GiB or TiB, such as \"1MiB\"");
  };
  const auto parts = split(text);
  if (!parts) return wrong();
  const auto unit = std::ranges::find(kSizeUnits, parts->unit, &SizeUnit::name);
  if (unit == kSizeUnits.end()) return wrong();
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 60;
  if (parts->number > kLargest / unit->bytes)
    return std::unexpected(quoted(text) + " is larger than an exbibyte");
  return parts->number * unit->bytes;
}

std::string size_text(std::uint64_t bytes) {
  for (const SizeUnit& unit : std::array{kSizeUnits[0], kSizeUnits[1], kSizeUnits[2], kSizeUnits[3]}) {
    if (bytes >= unit.bytes && bytes % unit.bytes == 0)
      return std::to_string(bytes / unit.bytes).append(unit.name);
  }
  return std::to_string(bytes) + "B";
}

std::expected<Rate, std::string> parse_rate_limit(std::string_view text) {
  const auto parts = split(text);
  const auto unit = parts ? std::ranges::find(kRateUnits, parts->unit, &RateUnit::name) : kRateUnits.end();
  if (unit == kRateUnits.end() || parts->number == 0) {
    return std::unexpected(quoted(text) +
                           " is not a rate; write a number from 1 up and /s, /m or /h, such as \"50/s\"");
  }
  if (parts->number > kRateMax) return std::unexpected(quoted(text) + " is more than 1000000");
  Rate rate;
  rate.count = static_cast<std::uint32_t>(parts->number);
  rate.per = unit->per;
  return rate;
}

std::expected<double, std::string> parse_rate(std::string_view text) {
  const auto rate = parse_rate_limit(text);
  if (!rate) return std::unexpected(rate.error());
  return rate->count / std::chrono::duration<double>(rate->per).count();
}

std::string rate_text(const Rate& rate) {
  const auto unit = std::ranges::find(kRateUnits, rate.per, &RateUnit::per);
  std::string text = std::to_string(rate.count);
  text += unit == kRateUnits.end() ? "/" + duration_text(rate.per) : std::string(unit->name);
  if (rate.burst) text += ", burst " + std::to_string(*rate.burst);
  return text;
}

std::expected<std::uint16_t, std::string> parse_port(std::string_view text) {
  const auto parts = split(text);
  if (!parts || !parts->unit.empty() || parts->number > std::numeric_limits<std::uint16_t>::max()) {
    return std::unexpected(quoted(text) + " is not a port; write a number from 0 to 65535");
  }
  return static_cast<std::uint16_t>(parts->number);
}

std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
  const auto parts = split_host(text);
  if (!parts || !parts->port) {
    return std::unexpected(quoted(text) + " is not an address and a port, such as \"127.0.0.1:3000\"");
  }
  const auto port = parse_port(*parts->port);
  if (!port) return std::unexpected(port.error());
  std::string_view host = parts->host;
  if (host.empty() && !text.starts_with('[')) host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  if (!is_address(host)) {
    return std::unexpected(quoted(text) + " does not begin with an IP address; a name could mean several");
  }
  return ListenAddress{std::string(host), *port};
}

std::string to_text(const ListenAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::expected<UrlParts, std::string> parse_http_url(std::string_view text) {
  UrlParts url;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos)
    return std::unexpected(quoted(text) + " is not a URL; begin it with http:// or https://");
  url.scheme = text.substr(0, colon);
  if (url.scheme != "http" && url.scheme != "https") {
    return std::unexpected("the scheme \"" + std::string(url.scheme) +
                           "\" is not one that creel delivers to; use http or https");
  }
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '\\'; };
  if (std::ranges::any_of(text, is_bad))
    return std::unexpected("the URL has a space, a backslash or a control character in it");

  const std::string_view rest = text.substr(colon + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  url.target = rest.substr(authority_end);
  // Not repeated in the message: what stands before the @ is a secret.
  if (authority.find('@') != std::string_view::npos) {
    return std::unexpected("the URL has credentials in it, and would show them wherever it is shown");
  }
  if (url.target.find('#') != std::string_view::npos) {
    return std::unexpected(quoted(text) + " has a fragment (#…), which is never sent");
  }
  const auto host = split_host(authority);
  if (!host || host->host.empty())
    return std::unexpected(quoted(text) + " has no host, or brackets or colons astray in it");
  url.host = host->host;
  url.port = url.scheme == "https" ? 443 : 80;
  if (host->port) {
    const auto port = parse_port(*host->port);
    if (!port || *port == 0)
      return std::unexpected(quoted(text) + " has a port that is not a number from 1 to 65535");
    url.port = *port;
  }
  return url;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  const std::string text(host);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the usual table: the one being filled, the one above, and the one above that for swaps.
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace creel
