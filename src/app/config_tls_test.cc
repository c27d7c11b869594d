#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "app/config_changes.h"
#include "app/config_fixture.h"
#include "app/config_pem_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;

template <auto free_it>
struct PemFreed {
  template <class T>
  void operator()(T* it) const {
    free_it(it);
  }
};
using PemBio = std::unique_ptr<BIO, PemFreed<BIO_free>>;

std::string pem_text(const PemBio& bio) {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(count)};
}

}  // namespace

PemPair make_pem_pair(std::chrono::seconds left) {
  const std::unique_ptr<EVP_PKEY, PemFreed<EVP_PKEY_free>> key(EVP_EC_gen("P-256"));
  const std::unique_ptr<X509, PemFreed<X509_free>> certificate(X509_new());
  const auto at = [](std::chrono::sys_seconds time) {
    return static_cast<time_t>(time.time_since_epoch().count());
  };
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), at(Machine::kNow - 24h * 365));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), at(Machine::kNow + left));
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  const PemBio certificate_text(BIO_new(BIO_s_mem())), key_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_text.get(), certificate.get());
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {pem_text(certificate_text), pem_text(key_text)};
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Machine machine_with(const PemPair& pair) {
  Machine machine;
  machine.files["/etc/tls/chain.pem"] = pair.certificate;
  machine.files["/etc/tls/key.pem"] = pair.key;
  return machine;
}
constexpr const char* kServer =
    "[server]\ntls = { certificate = '/etc/tls/chain.pem', key = '/etc/tls/key.pem' }\n";

TEST(TlsConfig, ReadsTheCertificateOfAPort) {
  for (const char* toml :
       {kServer, "[server.tls]\ncertificate = '/etc/tls/chain.pem'\nkey = '/etc/tls/key.pem'\n"}) {
    auto machine = machine_with(make_pem_pair(24h * 90));
    const auto loaded = machine.load(toml);
    EXPECT_THAT(texts_of(loaded), IsEmpty());
    ASSERT_TRUE(loaded.config && loaded.config->server.tls);
    EXPECT_EQ(loaded.config->server.tls->certificate, "/etc/tls/chain.pem");
    EXPECT_EQ(loaded.config->server.tls->key, "/etc/tls/key.pem");
    ASSERT_TRUE(loaded.config->server.tls->context);
    EXPECT_FALSE(loaded.config->admin.tls);
  }
}

TEST(TlsConfig, LetsTheAdminPortListenElsewhere) {
  auto machine = machine_with(make_pem_pair(24h * 90));
  const auto loaded = machine.load(
      "[admin]\nlisten = '0.0.0.0:3001'\ntls = { certificate = '/etc/tls/chain.pem', key = "
      "'/etc/tls/key.pem' }\n");
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  EXPECT_TRUE(loaded.config->admin.tls);
  EXPECT_FALSE(loaded.config->server.tls);
}

TEST(TlsConfig, SaysWhatIsMissing) {
  auto machine = machine_with(make_pem_pair(24h * 90));
  EXPECT_THAT(texts_of(machine.load("[server]\ntls = { key = '/etc/tls/key.pem' }")),
              ElementsAre("creel.toml:2:7: [server.tls] needs a certificate"));
  EXPECT_THAT(texts_of(machine.load("[server]\ntls = { certificate = '/etc/tls/chain.pem' }")),
              ElementsAre("creel.toml:2:7: [server.tls] needs a key"));
  EXPECT_THAT(texts_of(machine.load("[server]\ntls = true")),
              ElementsAre("creel.toml:2:7: [server.tls] must be a table, not a boolean"));
  EXPECT_THAT(texts_of(machine.load("[server.tls]\ncertificate = '/none'\nkey = '/nowhere'")),
              ElementsAre("creel.toml:2:15: certificate: cannot read the file /none",
                          "creel.toml:3:7: key: cannot read the file /nowhere"));
}

TEST(TlsConfig, SaysWhatCannotBeUsedAndNeverTheKey) {
  auto machine = machine_with(make_pem_pair(24h * 90));
  const std::string key = machine.files["/etc/tls/key.pem"];
  const std::string secret_line = key.substr(key.find('\n') + 1, 40);
  machine.files["/etc/tls/other.pem"] = make_pem_pair(24h * 90).key;

  const auto other =
      texts_of(machine.load("[server.tls]\ncertificate = '/etc/tls/chain.pem'\nkey = '/etc/tls/other.pem'"));
  EXPECT_THAT(other, ElementsAre(HasSubstr("creel.toml:3:7: [server.tls]: the private key does not belong")));
  const auto swapped =
      texts_of(machine.load("[server.tls]\ncertificate = '/etc/tls/key.pem'\nkey = '/etc/tls/chain.pem'"));
  EXPECT_THAT(
      swapped,
      ElementsAre(HasSubstr("creel.toml:2:15: [server.tls]: the certificate's file holds a private key")));
  // Whoever wrote the key itself, and not where it is.
  const auto inside = texts_of(
      machine.load("[server.tls]\ncertificate = '/etc/tls/chain.pem'\nkey = '${file:/etc/tls/key.pem}'"));
  EXPECT_THAT(inside, ElementsAre("creel.toml:3:7: key must be the path of a PEM file"));
  for (const auto& texts : {other, swapped, inside})
    EXPECT_THAT(texts, Not(testing::Contains(HasSubstr(secret_line))));
}

TEST(TlsConfig, WarnsOfACertificateThatEndsSoon) {
  EXPECT_THAT(texts_of(machine_with(make_pem_pair(24h * 14 + 1s)).load(kServer)), IsEmpty());
  EXPECT_THAT(
      texts_of(machine_with(make_pem_pair(24h * 3 + 1h)).load(kServer)),
      ElementsAre("creel.toml:2:23: warning: the certificate in /etc/tls/chain.pem ends on 2026-11-26 13:00 "
                  "UTC, in 3 days: renew it and reload creel"));
  EXPECT_THAT(
      texts_of(machine_with(make_pem_pair(-24h)).load(kServer)),
      ElementsAre("creel.toml:2:23: warning: the certificate in /etc/tls/chain.pem ended on 2026-11-22 12:00 "
                  "UTC: senders refuse it"));
}

TEST(TlsConfig, ChangesWhenTheFilesDo) {
  auto machine = machine_with(make_pem_pair(24h * 90));
  const auto before = machine.load(kServer), same = machine.load(kServer);
  const PemPair renewed = make_pem_pair(24h * 180);
  machine.files["/etc/tls/chain.pem"] = renewed.certificate;
  machine.files["/etc/tls/key.pem"] = renewed.key;
  const auto after = machine.load(kServer), plain = machine.load("");
  ASSERT_TRUE(before.config && same.config && after.config && plain.config);
  EXPECT_FALSE(changes_between(*before.config, *same.config).certificates);
  EXPECT_TRUE(changes_between(*before.config, *after.config).certificates);
  EXPECT_THAT(changes_between(*before.config, *after.config).fixed, IsEmpty());
  EXPECT_THAT(changes_between(*before.config, *plain.config).fixed, ElementsAre("server.tls"));
  EXPECT_THAT(changes_between(*plain.config, *before.config).fixed, ElementsAre("server.tls"));
}

// --- Of destinations
// -----------------------------------------------------------------------------------------------

std::string destination(std::string_view tls) {
  return "[destinations.app]\nurl = 'https://app.example/'\ntls = { " + std::string(tls) +
         " }\n[[routes]]\nfrom = ['openai']\nto = ['app']\n";
}
constexpr std::string_view kAll =
    "certificate = '/etc/tls/chain.pem', key = '/etc/tls/key.pem', ca = '/etc/tls/chain.pem'";

TEST(ClientTls, ReadsWhatIsShownAndWhoIsTrusted) {
  auto machine = machine_with(make_pem_pair(24h * 90));
  const auto loaded = machine.load(destination(kAll));
  EXPECT_THAT(texts_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  const HttpSettings& http = loaded.config->destinations.at(0).http;
  EXPECT_EQ(http.client_certificate, "/etc/tls/chain.pem");
  EXPECT_EQ(http.client_key, "/etc/tls/key.pem");
  EXPECT_EQ(http.ca, "/etc/tls/chain.pem");
  EXPECT_EQ(http.client_certificate_pem, machine.files["/etc/tls/chain.pem"]);
  EXPECT_EQ(http.client_key_pem, machine.files["/etc/tls/key.pem"]);
  EXPECT_EQ(http.ca_pem, machine.files["/etc/tls/chain.pem"]);
  EXPECT_FALSE(http.insecure);
}

TEST(ClientTls, SaysWhatCannotBeUsed) {
  auto machine = machine_with(make_pem_pair(24h * 90));
  machine.files["/etc/tls/other.pem"] = make_pem_pair(24h * 90).key;
  machine.files["/etc/tls/damaged.pem"] =
      machine.files["/etc/tls/chain.pem"] + "-----BEGIN CERTIFICATE-----\nabcd\n-----END CERTIFICATE-----\n";
  machine.files["/etc/tls/empty.pem"] = "";
  EXPECT_THAT(texts_of(machine.load(destination("certificate = '/etc/tls/chain.pem'"))),
              ElementsAre("creel.toml:3:7: tls of [destinations.app] needs a key"));
  EXPECT_THAT(
      texts_of(machine.load(destination("certificate = '/etc/tls/chain.pem', key = '/etc/tls/other.pem'"))),
      ElementsAre(HasSubstr("tls of [destinations.app]: the private key does not belong")));
  EXPECT_THAT(texts_of(machine.load(destination("ca = '/none'"))),
              ElementsAre("creel.toml:3:14: ca: cannot read the file /none"));
  for (const std::string path : {"/etc/tls/damaged.pem", "/etc/tls/empty.pem", "/etc/tls/key.pem"}) {
    EXPECT_THAT(
        texts_of(machine.load(destination("ca = '" + path + "'"))),
        ElementsAre("creel.toml:3:14: ca: " + path + " holds no certificates in PEM, or damaged ones"));
  }
  EXPECT_THAT(
      texts_of(machine.load(destination("ca = '/etc/tls/chain.pem', insecure = true"))),
      testing::Contains("creel.toml:3:14: with insecure = true nobody is asked who they are: leave ca out"));
}

TEST(ClientTls, ChangesTheDestinationWhenTheFilesDo) {
  auto machine = machine_with(make_pem_pair(24h * 90));
  const auto before = machine.load(destination(kAll)), same = machine.load(destination(kAll));
  const PemPair renewed = make_pem_pair(24h * 180);
  machine.files["/etc/tls/chain.pem"] = renewed.certificate;
  machine.files["/etc/tls/key.pem"] = renewed.key;
  const auto after = machine.load(destination(kAll));
  ASSERT_TRUE(before.config && same.config && after.config);
  EXPECT_THAT(changes_between(*before.config, *same.config).destinations.changed, IsEmpty());
  EXPECT_THAT(changes_between(*before.config, *after.config).destinations.changed, ElementsAre("app"));
}

}  // namespace
}  // namespace creel
