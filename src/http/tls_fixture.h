// For the tests of TLS: certificates made on the spot, and a client that does with its records what it is
// told.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/server_fixture.h"

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace creel::http {

struct TestCertificate {
  std::string certificate, key;  // PEM
};
struct CertificateOptions {
  std::string name = "localhost";  // "": none but the alternative name "localhost"
  long begins = -3600;             // seconds from now
  long ends = 86400;
  const TestCertificate* issuer = nullptr;  // else signed by itself
  int rsa_bits = 0;                         // else P-256
};
TestCertificate make_certificate(const CertificateOptions& options = {});
// The same key, in a file that wants a password.
std::string encrypted(const std::string& key);
std::shared_ptr<const TlsContext> make_context(const TestCertificate& certificate);
// Of a server with a certificate of its own, "CN=localhost".
ServerOptions tls_options(ServerOptions options = test_options());

using TlsSession = std::shared_ptr<ssl_session_st>;

struct TlsClientOptions {
  bool is_1_1 = false;
  bool is_1_2 = false;        // at most
  std::string suites;         // of TLS 1.2; "": the usual
  std::string protocol;       // offered; "": none
  TlsSession session = {};    // to be resumed
  int receive_bytes_max = 0;  // what the kernel keeps for it; 0: the usual
};

class TlsClient : public Reader {
 public:
  // Has shaken hands, or says why not.
  explicit TlsClient(std::uint16_t port, const TlsClientOptions& options = {});
  ~TlsClient() override;
  bool is_connected() const { return failure_.empty(); }
  const std::string& failure() const { return failure_; }  // in OpenSSL's words

  void send(std::string_view bytes);  // in records as large as may be
  // Tells the server to use new keys, and uses new ones from here on.
  void change_keys();
  // Asks for another handshake on the same connection, as TLS 1.2 could; whether it came about.
  bool renegotiate();
  void finish_sending();  // with TLS's own end
  void cut_off();         // without it: as if somebody had cut the line
  void abort();           // closes with a reset

  std::string version() const;
  std::string protocol() const;
  std::string certificate_name() const;  // of the server's
  std::size_t certificates() const;      // that the server has sent
  bool is_resumed() const;
  TlsSession session() const;
  static std::uint32_t early_data_max(const TlsSession& session);
  int descriptor() const { return client_.descriptor(); }

 private:
  ssize_t read_some(char* to, std::size_t room) override;

  Client client_;
  std::shared_ptr<ssl_ctx_st> context_;
  std::shared_ptr<ssl_st> ssl_;
  std::string failure_;
};

}  // namespace creel::http
