#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <utility>
#include <vector>

#include "http/tls_stream.h"

namespace creel::http {
namespace {

// Forward secrecy and authenticated encryption; TLS 1.3 has nothing else.
constexpr const char* kSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr int kSecurityLevel = 2;  // 112 bits: RSA from 2048, no SHA-1
constexpr long kTicketSeconds = 3600;

template <auto free_it>
struct Freed {
  template <class T>
  void operator()(T* it) const {
    free_it(it);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Sentence = std::unexpected<std::string>;
using Chain = std::vector<Certificate>;

// OpenSSL's words for its first error, and nothing left of them in the queue.
std::string take_reason() {
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

Bio reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool has_block(std::string_view pem, std::string_view label) {
  for (std::size_t at = 0; (at = pem.find("-----BEGIN ", at)) != pem.npos; ++at) {
    const std::size_t end = pem.find("-----", at + 11);
    if (end != pem.npos && pem.substr(at + 11, end - at - 11).ends_with(label)) return true;
  }
  return false;
}
bool has_key(std::string_view pem) {
  return has_block(pem, "PRIVATE KEY");
}
bool has_certificate(std::string_view pem) {
  return has_block(pem, "CERTIFICATE");
}

std::expected<Chain, std::string> read_chain(std::string_view pem) {
  const Bio bio = reader(pem);
  Chain chain;
  ERR_clear_error();
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    chain.emplace_back(next);
  }
  const unsigned long error = ERR_peek_last_error();
  const bool is_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!is_end) {
    return Sentence("certificate " + std::to_string(chain.size() + 1) +
                    " of the chain cannot be read: " + take_reason());
  }
  ERR_clear_error();
  if (chain.empty()) {
    return Sentence(has_key(pem) ? "the certificate's file holds a private key and no certificate: are the "
                                   "two files swapped?"
                                 : "the certificate's file holds no certificate in PEM");
  }
  return chain;
}

std::expected<PrivateKey, std::string> read_key(std::string_view pem) {
  if (has_block(pem, "ENCRYPTED PRIVATE KEY") || pem.find("Proc-Type: 4,ENCRYPTED") != pem.npos) {
    return Sentence(
        "the private key is encrypted, and there is nobody to ask for its password: write it without one "
        "(openssl pkey -in KEY -out PLAIN)");
  }
  if (!has_key(pem)) {
    return Sentence(has_certificate(pem) ? "the key's file holds a certificate and no private key: are the "
                                           "two files swapped?"
                                         : "the key's file holds no private key in PEM");
  }
  const Bio bio = reader(pem);
  ERR_clear_error();
  // Never ask the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  // Without OpenSSL's words: some quote what they have met.
  ERR_clear_error();
  if (!key) return Sentence("the private key cannot be read: it is damaged, or of a kind unknown");
  return key;
}

std::string printable(std::string text) {
  for (char& character : text) {
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7f) character = '?';
  }
  return text.substr(0, 256);
}
std::string text_of(const ASN1_STRING* string) {
  unsigned char* bytes = nullptr;
  const int count = ASN1_STRING_to_UTF8(&bytes, string);
  if (count < 0) return {};
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
  OPENSSL_free(bytes);
  return printable(std::move(text));
}

// "CN=hooks.example.com", or the first of the other names where it has none.
std::string name_of(X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) return "CN=" + text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int number = 0; names && number < sk_GENERAL_NAME_num(names.get()); ++number) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), number);
    if (name->type == GEN_DNS) return text_of(name->d.dNSName);
  }
  return "a certificate without a name";
}

long long seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<long long>(::timegm(&parts)) : 0;
}
std::string day_of(long long seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  const std::size_t bytes = std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return {text, bytes};
}

std::string summary_of(X509* certificate, std::time_t now) {
  const long long begins = seconds_of(X509_get0_notBefore(certificate));
  const long long ends = seconds_of(X509_get0_notAfter(certificate));
  const std::string name = name_of(certificate);
  if (ends < now) return name + ", EXPIRED since " + day_of(ends);
  if (begins > now) return name + ", NOT YET VALID, from " + day_of(begins) + " until " + day_of(ends);
  return name + ", until " + day_of(ends);
}

// Whether the key is that of the first, and each certificate is followed by its issuer's.
std::expected<void, std::string> check_order(const Chain& chain, EVP_PKEY* key) {
  for (std::size_t at = 0; at < chain.size(); ++at) {
    const bool fits = X509_check_private_key(chain[at].get(), key) == 1;
    ERR_clear_error();
    if (fits && at == 0) break;
    if (fits) {
      return Sentence("the chain is in the wrong order: the private key belongs to its certificate " +
                      std::to_string(at + 1) + " (" + name_of(chain[at].get()) +
                      "), which has to come first");
    }
    if (at + 1 == chain.size()) {
      return Sentence("the private key does not belong to the certificate (" + name_of(chain[0].get()) + ")");
    }
  }
  for (std::size_t at = 1; at < chain.size(); ++at) {
    if (X509_NAME_cmp(X509_get_issuer_name(chain[at - 1].get()), X509_get_subject_name(chain[at].get())) != 0)
      return Sentence("the chain is in the wrong order: its certificate " + std::to_string(at + 1) + " (" +
                      name_of(chain[at].get()) + ") did not issue the one before it");
  }
  return {};
}

// "http/1.1" or nothing: a client that offers only others is told so (RFC 7301 §3.2).
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* bytes, const unsigned char* offered,
                    unsigned int offered_bytes, void*) {
  static constexpr unsigned char kOurs[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* out = nullptr;
  if (SSL_select_next_proto(&out, bytes, kOurs, sizeof kOurs, offered, offered_bytes) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = out;
  return SSL_TLSEXT_ERR_OK;
}

bool set_rules(SSL_CTX* context) {
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // One record a turn for what is not application data, so that nobody can keep the loop with it.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  // Tickets, encrypted under a key of this context's own, and nothing kept here. No early data: what it
  // carries can be played again.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, kTicketSeconds);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_recv_max_early_data(context, 0);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, 0) == 1 && SSL_CTX_set_cipher_list(context, kSuites) == 1;
}

std::expected<void, std::string> use(SSL_CTX* context, Chain& chain, EVP_PKEY* key) {
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return Sentence("the certificate (" + name_of(chain.front().get()) +
                    ") cannot be used: " + take_reason());
  }
  for (std::size_t at = 1; at < chain.size(); ++at) {
    if (SSL_CTX_add0_chain_cert(context, chain[at].get()) != 1) {
      return Sentence("certificate " + std::to_string(at + 1) + " of the chain (" + name_of(chain[at].get()) +
                      ") cannot be used: " + take_reason());
    }
    static_cast<void>(chain[at].release());
  }
  if (SSL_CTX_use_PrivateKey(context, key) != 1) {
    return Sentence("the private key cannot be used: " + take_reason());
  }
  return {};
}

}  // namespace

TlsContext::Impl::~Impl() {
  SSL_CTX_free(context);
}

TlsContext::TlsContext(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

const std::string& TlsContext::summary() const {
  return impl_->summary;
}
long long TlsContext::expires() const {
  return impl_->expires;
}

std::expected<std::shared_ptr<const TlsContext>, std::string> TlsContext::make(std::string_view certificates,
                                                                               std::string_view key) {
  auto chain = read_chain(certificates);
  if (!chain) return Sentence(chain.error());
  const auto private_key = read_key(key);
  if (!private_key) return Sentence(private_key.error());
  if (const auto fits = check_order(*chain, private_key->get()); !fits) return Sentence(fits.error());

  auto impl = std::make_unique<Impl>();
  X509* const own = chain->front().get();
  impl->summary = summary_of(own, std::time(nullptr));
  impl->expires = seconds_of(X509_get0_notAfter(own));
  impl->context = SSL_CTX_new(TLS_server_method());
  if (impl->context == nullptr || !set_rules(impl->context)) {
    return Sentence("TLS cannot be set up: " + take_reason());
  }
  if (const auto used = use(impl->context, *chain, private_key->get()); !used) return Sentence(used.error());
  ERR_clear_error();
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
}

}  // namespace creel::http
