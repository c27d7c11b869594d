// The address in a signed text. What the provider called is not quite what arrives: a proxy takes the port
// away or puts one on, and some senders sign an address with fewer escapes than they send. So there are
// several candidates, and a signature over any of them is right.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace creel {

// An address in pieces: up to the port, port, path, "?", query.
using UrlText = std::array<std::string_view, 5>;

class UrlCandidates;

// The address as it is configured. A query or a fragment of it does not count.
class SignedUrl {
 public:
  explicit SignedUrl(std::string_view configured);

  std::string text() const { return before_port_ + port_ + path_; }

 private:
  friend class UrlCandidates;
  std::string before_port_;    // "https://hooks.example.com"
  std::string port_;           // ":8443", or ""
  std::string standard_port_;  // ":443", ":80", or "" where neither is meant
  std::string path_;
};

// The addresses that may have been signed: as configured, without its port, with the port that is standard
// for its scheme; then the same with HubSpot's escapes decoded, where there are any. The views are good as
// long as this, the address and the query.
class UrlCandidates {
 public:
  UrlCandidates(const SignedUrl& url, std::string_view query);
  UrlCandidates(const UrlCandidates&) = delete;
  UrlCandidates& operator=(const UrlCandidates&) = delete;

  std::size_t size() const { return count_; }
  const UrlText& operator[](std::size_t index) const { return texts_[index]; }

 private:
  std::array<UrlText, 6> texts_;
  std::size_t count_ = 0;
  std::string decoded_;
};

// A text with %3A %2F %3F %40 %21 %24 %27 %28 %29 %2A %2C and %3B decoded, and nothing else.
std::string decode_some_escapes(std::string_view text);

}  // namespace creel
