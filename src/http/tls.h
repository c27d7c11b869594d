// The certificate and key that a port shows, ready for use (RFC 8446, RFC 5246).
//
// Immutable: a reload makes another one, which new connections get while those that are open keep theirs.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace creel::http {

class TlsContext {
 public:
  // `certificates` is a chain in PEM, the port's own first; `key` its private key in PEM, not encrypted.
  // TLS 1.2 and 1.3, the cipher suites that are without doubt, ALPN "http/1.1". The error is a sentence
  // without any of the key: what is wrong, and with which of the two.
  static std::expected<std::shared_ptr<const TlsContext>, std::string> make(std::string_view certificates,
                                                                            std::string_view key);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // "CN=hooks.example.com, until 2027-01-31": for the log.
  const std::string& summary() const;
  // When the port's own certificate ends, in unix seconds.
  long long expires() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit TlsContext(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace creel::http
