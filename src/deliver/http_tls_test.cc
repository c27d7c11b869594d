// An HTTPS destination that nobody vouches for.
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "deliver/http_client.h"

namespace creel {
namespace {

using namespace std::chrono_literals;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};

// Accepts one connection with a certificate that it signed itself.
class SelfSignedServer {
 public:
  SelfSignedServer() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = static_cast<sockaddr*>(static_cast<void*>(&address));
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 4) != 0) std::abort();
    ::getsockname(listener_, any, &size);
    port_ = ntohs(address.sin_port);

    const std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> key(EVP_EC_gen("P-256"));
    const std::unique_ptr<X509, Freed<X509_free>> certificate(X509_new());
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    const unsigned char text[] = "127.0.0.1";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), key.get());
    thread_ = std::thread([this] { serve(); });
  }
  ~SelfSignedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/"; }
  bool got_a_request() const { return got_a_request_; }

 private:
  void serve() {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    const std::unique_ptr<SSL, Freed<SSL_free>> tls(SSL_new(context_.get()));
    SSL_set_fd(tls.get(), socket);
    char byte = 0;
    if (SSL_accept(tls.get()) == 1 && SSL_read(tls.get(), &byte, 1) == 1) got_a_request_ = true;
    ::close(socket);
  }

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context_;
  std::atomic<bool> got_a_request_ = false;
  std::thread thread_;
};

struct OneReport final : AttemptSink {
  void ended(AttemptOrder, AttemptReport report) override { got = std::move(report); }
  std::optional<AttemptReport> got;
};

TEST(HttpClientTls, TrustsNoCertificateThatSignedItself) {
  assume(on_deliver);
  auto server = std::make_unique<SelfSignedServer>();
  Destination destination;
  destination.url = server->url();
  destination.sign = SignMode::none;
  const ReceiverLookup receivers = [](std::string_view) { return nullptr; };
  const SystemClock clock;
  OneReport sink;
  HttpClient client({}, sink);
  const auto endpoint = client.endpoint(destination, receivers, clock);
  auto event = std::make_shared<StoredEvent>();
  endpoint->attempt({.content = event}, clock.now());
  for (const auto until = clock.ticks() + 10s; !sink.got && clock.ticks() < until;) {
    client.perform();
    if (!sink.got) client.wait(50ms);
  }
  ASSERT_TRUE(sink.got);
  EXPECT_EQ(sink.got->result, AttemptResult::tls) << sink.got->error;
  EXPECT_FALSE(server->got_a_request());
}

}  // namespace
}  // namespace creel
