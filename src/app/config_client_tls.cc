// tls of a destination: what creel shows of itself, and whom it trusts.
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <limits>
#include <memory>

#include "app/config_tls.h"

namespace creel {
namespace {

// How many certificates a file holds; nothing when one of them is damaged.
std::optional<int> count_certificates(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return std::nullopt;
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
  int count = 0;
  while (bio) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
    if (!certificate) break;
    ++count;
  }
  // The end of the file, and nothing else, is how it should have ended.
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) return std::nullopt;
  return count;
}

void read_own(Section& tls, HttpSettings& into) {
  if (!tls.has("certificate") && !tls.has("key")) return;
  PemFile certificate, key;
  const bool has_certificate = read_pem(tls, "certificate", certificate);
  if (!read_pem(tls, "key", key) || !has_certificate) return;
  if (!make_context(certificate, key, "the destination refuses it", tls)) return;
  into.client_certificate = std::move(certificate.path);
  into.client_key = std::move(key.path);
  into.client_certificate_pem = std::move(certificate.text);
  into.client_key_pem = std::move(key.text);
}

void read_trusted(Section& tls, HttpSettings& into) {
  if (!tls.has("ca")) return;
  PemFile ca;
  if (!read_pem(tls, "ca", ca)) return;
  if (count_certificates(ca.text).value_or(0) == 0) {
    tls.problems().error(ca.place,
                         fmt::format("ca: {} holds no certificates in PEM, or damaged ones", ca.path));
    return;
  }
  into.ca = std::move(ca.path);
  into.ca_pem = std::move(ca.text);
}

}  // namespace

void read_client_tls(Section& destination, HttpSettings& into) {
  const TomlNode* node = destination.find("tls");
  if (!node) return;
  Section tls(*node, "tls of " + destination.title(), {"certificate", "key", "ca", "insecure"},
              destination.outside(), destination.problems());
  read_own(tls, into);
  read_trusted(tls, into);
  tls.boolean("insecure", into.insecure);
  if (!into.insecure) return;
  if (tls.has("ca")) {
    tls.problems().error(tls.place("ca"), "with insecure = true nobody is asked who they are: leave ca out");
  }
  tls.problems().warning(
      tls.place("insecure"),
      fmt::format("{} trusts every certificate (insecure): whoever stands between can read and "
                  "change what is delivered",
                  destination.title()));
}

}  // namespace creel
