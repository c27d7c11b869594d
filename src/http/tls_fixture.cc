#include "http/tls_fixture.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/time.h>

#include <atomic>
#include <csignal>
#include <ctime>

namespace creel::http {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Bio memory(std::string_view text = {}) {
  if (text.empty()) return {BIO_new(BIO_s_mem()), BIO_free};
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}
std::string text_of(const Bio& bio) {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(count)};
}
Key key_of(const std::string& pem) {
  return {PEM_read_bio_PrivateKey(memory(pem).get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}
Certificate certificate_of(const std::string& pem) {
  return {PEM_read_bio_X509(memory(pem).get(), nullptr, nullptr, nullptr), X509_free};
}

void name(X509* certificate, const CertificateOptions& options) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const auto* const text = reinterpret_cast<const unsigned char*>(options.name.c_str());
  if (!options.name.empty()) X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0);
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
}

// While it lives, writing to who has gone is no more than an error on this thread. OpenSSL's own socket BIO
// knows no other way; the server is to get along without it.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    const timespec at_once{};
    ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{}, before_{};
};

}  // namespace

TestCertificate make_certificate(const CertificateOptions& options) {
  static std::atomic<long> serial = 1;
  const Key key(options.rsa_bits > 0
                    ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(options.rsa_bits))
                    : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"),
                EVP_PKEY_free);
  const Certificate made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), options.begins);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), options.ends);
  X509_set_pubkey(made.get(), key.get());
  name(made.get(), options);
  if (options.issuer != nullptr) {
    const Certificate issuer = certificate_of(options.issuer->certificate);
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get()));
    X509_sign(made.get(), key_of(options.issuer->key).get(), EVP_sha256());
  } else {
    X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
    X509_sign(made.get(), key.get(), EVP_sha256());
  }
  const Bio certificate_out = memory();
  const Bio key_out = memory();
  PEM_write_bio_X509(certificate_out.get(), made.get());
  PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(certificate_out), text_of(key_out)};
}

std::string encrypted(const std::string& key) {
  const Bio out = memory();
  const unsigned char password[] = "password";
  PEM_write_bio_PrivateKey(out.get(), key_of(key).get(), EVP_aes_128_cbc(), password, 8, nullptr, nullptr);
  return text_of(out);
}

std::shared_ptr<const TlsContext> make_context(const TestCertificate& certificate) {
  auto context = TlsContext::make(certificate.certificate, certificate.key);
  EXPECT_TRUE(context) << context.error();
  return *context;
}

ServerOptions tls_options(ServerOptions options) {
  static const auto context = make_context(make_certificate());
  options.tls = context;
  return options;
}

TlsClient::TlsClient(std::uint16_t port, const TlsClientOptions& options)
    : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
  if (options.is_1_2) SSL_CTX_set_max_proto_version(context_.get(), TLS1_2_VERSION);
  if (options.is_1_1) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), TLS1_1_VERSION);
  }
  if (!options.suites.empty()) SSL_CTX_set_cipher_list(context_.get(), options.suites.c_str());
  ssl_ = {SSL_new(context_.get()), SSL_free};
  if (!options.protocol.empty()) {
    const std::string offered = static_cast<char>(options.protocol.size()) + options.protocol;
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                        static_cast<unsigned>(offered.size()));
  }
  if (options.session) SSL_set_session(ssl_.get(), options.session.get());
  if (options.receive_bytes_max > 0) {
    ::setsockopt(descriptor(), SOL_SOCKET, SO_RCVBUF, &options.receive_bytes_max, sizeof(int));
  }
  client_.connect(port);
  const int on = 1;
  ::setsockopt(descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(descriptor(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(descriptor(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const NoPipeSignal quiet;
  SSL_set_fd(ssl_.get(), descriptor());
  ERR_clear_error();
  if (SSL_connect(ssl_.get()) == 1) return;
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  failure_ = reason == nullptr ? "connection closed" : reason;
}

TlsClient::~TlsClient() = default;

void TlsClient::send(std::string_view bytes) {
  const NoPipeSignal quiet;
  if (!bytes.empty()) SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
}
void TlsClient::change_keys() {
  const NoPipeSignal quiet;
  SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
  SSL_do_handshake(ssl_.get());
}
bool TlsClient::renegotiate() {
  const NoPipeSignal quiet;
  return SSL_renegotiate(ssl_.get()) == 1 && SSL_do_handshake(ssl_.get()) == 1 &&
         SSL_do_handshake(ssl_.get()) == 1 && SSL_renegotiate_pending(ssl_.get()) == 0;
}
void TlsClient::finish_sending() {
  const NoPipeSignal quiet;
  SSL_shutdown(ssl_.get());
}
void TlsClient::cut_off() {
  client_.finish_sending();
}
void TlsClient::abort() {
  client_.abort();
}

ssize_t TlsClient::read_some(char* to, std::size_t room) {
  if (!is_connected()) return -1;
  const NoPipeSignal quiet;
  ERR_clear_error();
  const int some = SSL_read(ssl_.get(), to, static_cast<int>(room));
  if (some > 0) return some;
  return SSL_get_error(ssl_.get(), some) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

std::string TlsClient::version() const {
  return SSL_get_version(ssl_.get());
}
std::string TlsClient::protocol() const {
  const unsigned char* bytes = nullptr;
  unsigned count = 0;
  SSL_get0_alpn_selected(ssl_.get(), &bytes, &count);
  return {reinterpret_cast<const char*>(bytes), count};
}
std::string TlsClient::certificate_name() const {
  const Certificate theirs(SSL_get1_peer_certificate(ssl_.get()), X509_free);
  char text[256] = "";
  if (theirs)
    X509_NAME_get_text_by_NID(X509_get_subject_name(theirs.get()), NID_commonName, text, sizeof text);
  return text;
}
std::size_t TlsClient::certificates() const {
  return static_cast<std::size_t>(sk_X509_num(SSL_get_peer_cert_chain(ssl_.get())));
}
bool TlsClient::is_resumed() const {
  return SSL_session_reused(ssl_.get()) == 1;
}
TlsSession TlsClient::session() const {
  return {SSL_get1_session(ssl_.get()), SSL_SESSION_free};
}
std::uint32_t TlsClient::early_data_max(const TlsSession& session) {
  return SSL_SESSION_get_max_early_data(session.get());
}

}  // namespace creel::http
