// Destinations over HTTPS: whom creel trusts, and what it shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "deliver/http_attempts_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

// A certificate with its key, in files.
class Identity {
 public:
  // For 127.0.0.1; signed by itself where it has no issuer.
  explicit Identity(const std::string& name, const Identity* issuer = nullptr)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    static long serial = 1;
    X509* made = certificate_.get();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_set_pubkey(made, key_.get());
    const std::string text = name + std::to_string(serial);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               static_cast<const unsigned char*>(static_cast<const void*>(text.c_str())), -1,
                               -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer->certificate_.get() : made));
    add(NID_subject_alt_name, "IP:127.0.0.1");
    add(NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
    X509_sign(made, issuer ? issuer->key_.get() : key_.get(), EVP_sha256());

    std::string folder = (std::filesystem::temp_directory_path() / "creel_tls_XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    write(certificate_path(), [this](BIO* file) { PEM_write_bio_X509(file, certificate_.get()); });
    write(key_path(), [this](BIO* file) {
      PEM_write_bio_PrivateKey(file, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  ~Identity() { std::filesystem::remove_all(folder_); }

  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }
  std::string certificate_path() const { return folder_ + "/certificate.pem"; }
  std::string key_path() const { return folder_ + "/key.pem"; }

 private:
  void add(int what, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static void write(const std::string& path, Write how) {
    BIO* file = BIO_new_file(path.c_str(), "w");
    how(file);
    BIO_free(file);
  }

  Key key_;
  Certificate certificate_;
  std::string folder_;
};

// Speaks TLS to each connection, and remembers the last request and who made it.
class TlsServer {
 public:
  explicit TlsServer(const Identity& identity, const Identity* clients = nullptr)
      : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_.get(), identity.certificate());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key());
    if (clients) {
      SSL_CTX_load_verify_file(context_.get(), clients->certificate_path().c_str());
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = static_cast<sockaddr*>(static_cast<void*>(&address));
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 4) != 0) std::abort();
    ::getsockname(listener_, any, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/"; }
  std::uint16_t port() const { return port_; }
  int requests() const { return requests_; }
  std::string client() {
    std::lock_guard lock(mutex_);
    return client_;
  }
  std::string request() {
    std::lock_guard lock(mutex_);
    return request_;
  }

 private:
  void serve() {
    std::vector<std::thread> threads;
    for (int socket = 0; (socket = ::accept(listener_, nullptr, nullptr)) >= 0;)
      threads.emplace_back([this, socket] { serve(socket); });
    for (std::thread& thread : threads)
      thread.join();
  }
  void serve(int socket) {
    // OpenSSL writes without asking whether anybody is there.
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    const std::unique_ptr<SSL, Freed<SSL_free>> tls(SSL_new(context_.get()));
    SSL_set_fd(tls.get(), socket);
    if (SSL_accept(tls.get()) == 1) {
      while (answer(tls.get())) {
      }
    }
    ::close(socket);
  }
  bool answer(SSL* tls) {
    std::string request;
    while (!request.ends_with("\r\n\r\n{}")) {
      char part[4096];
      const int got = SSL_read(tls, part, sizeof(part));
      if (got <= 0) return false;
      request.append(part, static_cast<std::size_t>(got));
    }
    {
      std::lock_guard lock(mutex_);
      request_ = request;
      if (X509* certificate = SSL_get0_peer_certificate(tls)) {
        char name[256] = "";
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
        client_ = name;
      }
    }
    ++requests_;
    constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    return SSL_write(tls, kOk.data(), static_cast<int>(kOk.size())) > 0;
  }

  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> requests_ = 0;
  std::mutex mutex_;
  std::string request_, client_;
  std::thread thread_;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Destination destination_at(const TlsServer& server, HttpSettings settings = {}) {
  Destination destination = Attempts::destination_at(server.url());
  destination.http = std::move(settings);
  return destination;
}

TEST(HttpTls, TrustsNoCertificateThatSignedItself) {
  const Identity self("self");
  TlsServer server(self);
  const auto report = Attempts().once(destination_at(server));
  EXPECT_EQ(report.result, AttemptResult::tls) << report.error;
  EXPECT_EQ(server.requests(), 0);
}

TEST(HttpTls, TrustsTheAuthorityItIsGivenAndNoOther) {
  const Identity authority("authority"), other("other"), identity("server", &authority);
  TlsServer server(identity);
  const auto right = Attempts().once(destination_at(server, {.ca = authority.certificate_path()}));
  EXPECT_EQ(right.result, AttemptResult::delivered) << right.error;
  EXPECT_GT(right.timings.tls, 0us);
  const auto wrong = Attempts().once(destination_at(server, {.ca = other.certificate_path()}));
  EXPECT_EQ(wrong.result, AttemptResult::tls) << wrong.error;
  const auto missing = Attempts().once(destination_at(server, {.ca = "/nowhere/ca.pem"}));
  EXPECT_EQ(missing.result, AttemptResult::tls) << missing.error;
  EXPECT_EQ(server.requests(), 1);
}

TEST(HttpTls, ChecksTheNameInTheCertificate) {
  const Identity authority("authority"), identity("server", &authority);
  TlsServer server(identity);
  Destination destination = destination_at(server, {.ca = authority.certificate_path()});
  destination.url = "https://localhost:" + std::to_string(server.port()) + "/";
  EXPECT_EQ(Attempts().once(destination).result, AttemptResult::tls);
  EXPECT_EQ(server.requests(), 0);
}

TEST(HttpTls, TrustsEveryCertificateWhereThatIsSaid) {
  const Identity self("self");
  TlsServer server(self);
  const auto report = Attempts().once(destination_at(server, {.insecure = true}));
  EXPECT_EQ(report.result, AttemptResult::delivered) << report.error;
}

// A connection of one that trusts everything is none for one that does not.
TEST(HttpTls, TrustIsNotSharedBetweenDestinations) {
  const Identity self("self");
  TlsServer server(self);
  Attempts attempts;
  const auto lax = attempts.to(destination_at(server, {.insecure = true}));
  const auto strict = attempts.to(destination_at(server));
  attempts.start(lax);
  EXPECT_EQ(attempts.next().second.result, AttemptResult::delivered);
  attempts.start(strict);
  EXPECT_EQ(attempts.next().second.result, AttemptResult::tls);
}

TEST(HttpTls, ShowsItsCertificate) {
  const Identity authority("authority"), identity("server", &authority), client("client", &authority);
  TlsServer server(identity, &authority);
  const auto without = Attempts().once(destination_at(server, {.ca = authority.certificate_path()}));
  EXPECT_NE(without.result, AttemptResult::delivered);
  const auto with = Attempts().once(destination_at(server, {.client_certificate = client.certificate_path(),
                                                            .client_key = client.key_path(),
                                                            .ca = authority.certificate_path()}));
  EXPECT_EQ(with.result, AttemptResult::delivered) << with.error;
  EXPECT_THAT(server.client(), testing::StartsWith("client"));
  EXPECT_EQ(server.requests(), 1);
}

TEST(HttpTls, AConnectionShowsOneCertificateOnly) {
  const Identity authority("authority"), identity("server", &authority), one("one", &authority),
      other("other", &authority);
  TlsServer server(identity, &authority);
  Attempts attempts;
  for (const Identity* client : {&one, &other}) {
    attempts.to(destination_at(server, {.client_certificate = client->certificate_path(),
                                        .client_key = client->key_path(),
                                        .ca = authority.certificate_path()}));
  }
  for (const auto& [destination, name] :
       {std::pair(0u, "one"), std::pair(1u, "other"), std::pair(0u, "one")}) {
    attempts.start(destination);
    EXPECT_EQ(attempts.next().second.result, AttemptResult::delivered);
    EXPECT_THAT(server.client(), testing::StartsWith(name));
  }
}

// The paths stay the same when a certificate is renewed, and so would the connection.
TEST(HttpTls, ARenewedCertificateIsShownAtOnce) {
  const Identity authority("authority"), identity("server", &authority), one("one", &authority),
      other("other", &authority);
  TlsServer server(identity, &authority);
  Attempts attempts;
  for (const Identity* client : {&one, &other}) {
    attempts.to(destination_at(server, {.client_certificate = "/client.pem",
                                        .client_key = "/client-key.pem",
                                        .ca = "/ca.pem",
                                        .client_certificate_pem = text_of(client->certificate_path()),
                                        .client_key_pem = text_of(client->key_path()),
                                        .ca_pem = text_of(authority.certificate_path())}));
  }
  for (const auto& [destination, name] : {std::pair(0u, "one"), std::pair(1u, "other")}) {
    attempts.start(destination);
    const auto report = attempts.next().second;
    EXPECT_EQ(report.result, AttemptResult::delivered) << report.error;
    EXPECT_THAT(server.client(), testing::StartsWith(name));
  }
}

TEST(HttpTls, TrustThatIsTakenBackCountsAtOnce) {
  const Identity authority("authority"), other("other"), identity("server", &authority);
  TlsServer server(identity);
  Attempts attempts;
  for (const Identity* trusted : {&authority, &other})
    attempts.to(destination_at(server, {.ca = "/ca.pem", .ca_pem = text_of(trusted->certificate_path())}));
  attempts.start(0);
  EXPECT_EQ(attempts.next().second.result, AttemptResult::delivered);
  attempts.start(1);
  EXPECT_EQ(attempts.next().second.result, AttemptResult::tls);
}

TEST(HttpTls, SaysWhenItsCertificateCannotBeRead) {
  const Identity self("self");
  TlsServer server(self);
  const auto report = Attempts().once(destination_at(
      server, {.client_certificate = "/nowhere.pem", .client_key = "/nowhere.pem", .insecure = true}));
  EXPECT_EQ(report.result, AttemptResult::tls) << report.error;
  EXPECT_EQ(server.requests(), 0);
}

// --- By way of a proxy
// -----------------------------------------------------------------------------------------------

// Answers CONNECT and passes on what follows, both ways, until one side ends.
void tunnel(int socket, std::uint16_t port) {
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(other, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof(address)) == 0 &&
      LoopbackServer::send(socket, "HTTP/1.1 200 Connected\r\n\r\n")) {
    const int ends[2] = {socket, other};
    for (bool goes_on = true; goes_on;) {
      pollfd polled[2] = {{.fd = socket, .events = POLLIN, .revents = 0},
                          {.fd = other, .events = POLLIN, .revents = 0}};
      if (::poll(polled, 2, 10'000) <= 0) break;
      for (int i = 0; i < 2 && goes_on; ++i) {
        char part[16384];
        if (polled[i].revents == 0) continue;
        const auto got = ::recv(ends[i], part, sizeof(part), 0);
        goes_on = got > 0 && LoopbackServer::send(ends[1 - i], {part, static_cast<std::size_t>(got)});
      }
    }
  }
  ::close(other);
}

TEST(HttpProxy, TunnelsHttpsAndShowsItNoSecretOfTheDestination) {
  const Identity authority("authority"), identity("server", &authority);
  TlsServer server(identity);
  LoopbackServer proxy([&](int socket, const std::string&) {
    tunnel(socket, server.port());
    return false;
  });
  Destination destination = destination_at(server, {.headers = {{"X-Team", "geheim"}},
                                                    .auth = BearerAuth{.token = "geheim"},
                                                    .ca = authority.certificate_path()});
  destination.http.proxy = "http://user:password@127.0.0.1:" + std::to_string(proxy.port());
  const auto report = Attempts().once(destination);
  EXPECT_EQ(report.result, AttemptResult::delivered) << report.error;
  const std::string connect = proxy.requests().at(0);
  EXPECT_THAT(connect,
              testing::StartsWith("CONNECT 127.0.0.1:" + std::to_string(server.port()) + " HTTP/1.1\r\n"));
  EXPECT_THAT(connect, HasSubstr("Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n"));
  EXPECT_THAT(connect, testing::Not(HasSubstr("geheim")));
  EXPECT_THAT(server.request(), HasSubstr("Authorization: Bearer geheim\r\n"));
  EXPECT_THAT(server.request(), testing::Not(HasSubstr("Proxy-")));
}

TEST(HttpProxy, ItsRefusalIsNotTheDestinations) {
  LoopbackServer proxy(says("HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"));
  Destination destination = Attempts::destination_at("https://127.0.0.1:9/");
  destination.http.proxy = proxy.url("");
  const auto report = Attempts().once(destination);
  EXPECT_EQ(report.result, AttemptResult::connect) << report.error;
  EXPECT_THAT(report.error, HasSubstr("407"));
  EXPECT_EQ(report.status, 0);
}

TEST(HttpProxy, IsAskedForHttpWithTheWholeUrl) {
  LoopbackServer proxy(says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  Destination destination = Attempts::destination_at("http://app.invalid/hook");
  destination.http.proxy = proxy.url("");
  EXPECT_EQ(Attempts().once(destination).result, AttemptResult::delivered);
  EXPECT_THAT(proxy.requests().at(0), testing::StartsWith("POST http://app.invalid/hook HTTP/1.1\r\n"));
}

TEST(HttpProxy, SpeaksSocksAndLetsItResolveTheName) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* any = static_cast<sockaddr*>(static_cast<void*>(&address));
  ASSERT_EQ(::bind(listener, any, size), 0);
  ASSERT_EQ(::listen(listener, 4), 0);
  ::getsockname(listener, any, &size);
  std::string asked;
  std::thread proxy([&] {
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    char part[4096];
    const auto read = [&] {
      const auto got = ::recv(socket, part, sizeof(part), 0);
      return std::string(part, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    };
    read();
    LoopbackServer::send(socket, {"\x05\x00", 2});
    asked = read();
    LoopbackServer::send(socket, {"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50", 10});
    read();
    LoopbackServer::send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ::close(socket);
  });
  Destination destination = Attempts::destination_at("http://app.invalid/hook");
  destination.http.proxy = "socks5h://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const auto report = Attempts().once(destination);
  ::shutdown(listener, SHUT_RDWR);
  proxy.join();
  ::close(listener);
  EXPECT_EQ(report.result, AttemptResult::delivered) << report.error;
  EXPECT_THAT(asked, HasSubstr("app.invalid"));
}

}  // namespace
}  // namespace creel
