#include "verify/template_url.h"

#include <algorithm>

namespace creel {
namespace {

// https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
struct Escape {
  char high;
  char low;
  char meaning;
};
constexpr std::array<Escape, 12> kEscapes{{{'3', 'A', ':'},
                                           {'2', 'F', '/'},
                                           {'3', 'F', '?'},
                                           {'4', '0', '@'},
                                           {'2', '1', '!'},
                                           {'2', '4', '$'},
                                           {'2', '7', '\''},
                                           {'2', '8', '('},
                                           {'2', '9', ')'},
                                           {'2', 'A', '*'},
                                           {'2', 'C', ','},
                                           {'3', 'B', ';'}}};

constexpr char ascii_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

std::string_view standard_port(std::string_view url) {
  if (url.starts_with("https://")) return ":443";
  if (url.starts_with("http://")) return ":80";
  return "";
}

}  // namespace

std::string decode_some_escapes(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto* escape = kEscapes.end();
    if (text[i] == '%' && i + 2 < text.size()) {
      escape = std::ranges::find_if(kEscapes, [&](const Escape& each) {
        return each.high == text[i + 1] && each.low == ascii_upper(text[i + 2]);
      });
    }
    decoded += escape == kEscapes.end() ? text[i] : escape->meaning;
    if (escape != kEscapes.end()) i += 2;
  }
  return decoded;
}

SignedUrl::SignedUrl(std::string_view configured) {
  const std::string_view url = configured.substr(0, configured.find_first_of("?#"));
  const std::size_t scheme = url.find("://");
  const std::size_t authority = scheme == url.npos ? 0 : scheme + 3;
  const std::size_t path = std::min(url.find('/', authority), url.size());
  const std::string_view host = url.substr(0, path);
  std::size_t colon = host.rfind(':');
  // The colon of the scheme, of a password and of an address in brackets is none of a port.
  const bool is_port = colon != host.npos && colon >= authority &&
                       host.find_first_not_of("0123456789", colon + 1) == host.npos;
  if (!is_port) colon = host.size();
  before_port_ = host.substr(0, colon);
  port_ = host.substr(colon);
  standard_port_ = standard_port(url);
  path_ = url.substr(path);
}

UrlCandidates::UrlCandidates(const SignedUrl& url, std::string_view query) {
  const auto add_with_ports = [&](std::string_view path, std::string_view mark, std::string_view rest) {
    const std::array<std::string_view, 3> ports{url.port_, "", url.standard_port_};
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const auto* before = ports.begin() + i;
      if (std::find(ports.begin(), before, ports[i]) != before) continue;
      texts_[count_++] = {url.before_port_, ports[i], path, mark, rest};
    }
  };
  const std::string_view mark = query.empty() ? "" : "?";
  add_with_ports(url.path_, mark, query);
  if (url.path_.find('%') == url.path_.npos && query.find('%') == query.npos) return;
  decoded_ = decode_some_escapes(url.path_);
  decoded_ += mark;
  decoded_ += decode_some_escapes(query);
  if (decoded_.size() < url.path_.size() + mark.size() + query.size()) add_with_ports(decoded_, "", "");
}

}  // namespace creel
