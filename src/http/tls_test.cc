// What a port may show, and what is said of that which it may not.
#include "http/tls.h"

#include <ctime>

#include "http/tls_fixture.h"

namespace creel::http {
namespace {

std::string error_of(std::string_view certificates, std::string_view key) {
  const auto made = TlsContext::make(certificates, key);
  return made ? "" : made.error();
}
std::string day(long from_now) {
  const std::time_t time = std::time(nullptr) + from_now;
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&time))};
}
std::string as_crlf(const std::string& text) {
  std::string all;
  for (const char character : text)
    all += character == '\n' ? std::string("\r\n") : std::string(1, character);
  return all;
}

TEST(TlsContext, SaysWhomItShowsAndUntilWhen) {
  const auto context = make_context(make_certificate({.name = "hooks.example.com", .ends = 10 * 86400}));
  EXPECT_EQ(context->summary(), "CN=hooks.example.com, until " + day(10 * 86400));
  EXPECT_NEAR(static_cast<double>(context->expires()), static_cast<double>(std::time(nullptr)) + 10.0 * 86400,
              5.0);
}

TEST(TlsContext, NamesACertificateWithoutACommonNameByItsOther) {
  EXPECT_TRUE(make_context(make_certificate({.name = ""}))->summary().starts_with("localhost, until "));
}

TEST(TlsContext, LetsNoControlCharacterIntoTheLog) {
  const std::string summary = make_context(make_certificate({.name = "a\nb\x1b[31m"}))->summary();
  EXPECT_TRUE(summary.starts_with("CN=a?b?[31m, until ")) << summary;
}

TEST(TlsContext, AllowsAnExpiredCertificateAndSaysSo) {
  const TestCertificate old = make_certificate({.begins = -10 * 86400, .ends = -86400});
  EXPECT_EQ(make_context(old)->summary(), "CN=localhost, EXPIRED since " + day(-86400));
  EXPECT_LT(make_context(old)->expires(), std::time(nullptr));
}

TEST(TlsContext, AllowsACertificateOfTheFutureAndSaysSo) {
  const TestCertificate early = make_certificate({.begins = 86400, .ends = 2 * 86400});
  EXPECT_EQ(make_context(early)->summary(),
            "CN=localhost, NOT YET VALID, from " + day(86400) + " until " + day(2 * 86400));
}

TEST(TlsContext, TakesAChainAndItsKeyInOneFile) {
  const TestCertificate root = make_certificate({.name = "root"});
  const TestCertificate own = make_certificate({.issuer = &root});
  const std::string both = own.key + own.certificate + root.certificate;
  EXPECT_EQ(error_of(both, both), "");
}

TEST(TlsContext, TakesFilesWithOtherLineEndsAndRemarks) {
  const TestCertificate own = make_certificate();
  EXPECT_EQ(error_of(as_crlf("of this year\n" + own.certificate), as_crlf(own.key)), "");
}

TEST(TlsContext, TakesAnRsaKeyOfTodayAndNoneOfOld) {
  const TestCertificate today = make_certificate({.rsa_bits = 2048});
  EXPECT_EQ(error_of(today.certificate, today.key), "");
  const TestCertificate old = make_certificate({.rsa_bits = 1024});
  EXPECT_EQ(error_of(old.certificate, old.key),
            "the certificate (CN=localhost) cannot be used: ee key too small");
}

TEST(TlsContext, RefusesTheKeyOfAnother) {
  EXPECT_EQ(error_of(make_certificate({.name = "a"}).certificate, make_certificate().key),
            "the private key does not belong to the certificate (CN=a)");
}

TEST(TlsContext, RefusesAChainThatBeginsWithTheIssuer) {
  const TestCertificate root = make_certificate({.name = "root"});
  const TestCertificate own = make_certificate({.name = "own", .issuer = &root});
  EXPECT_EQ(error_of(root.certificate + own.certificate, own.key),
            "the chain is in the wrong order: the private key belongs to its certificate 2 (CN=own), which "
            "has to come first");
}

TEST(TlsContext, RefusesAChainWithAStrangerInIt) {
  const TestCertificate root = make_certificate({.name = "root"});
  const TestCertificate own = make_certificate({.name = "own", .issuer = &root});
  const TestCertificate stranger = make_certificate({.name = "stranger"});
  EXPECT_EQ(
      error_of(own.certificate + stranger.certificate + root.certificate, own.key),
      "the chain is in the wrong order: its certificate 2 (CN=stranger) did not issue the one before it");
}

TEST(TlsContext, RefusesFilesThatAreSwapped) {
  const TestCertificate own = make_certificate();
  EXPECT_EQ(error_of(own.key, own.certificate),
            "the certificate's file holds a private key and no certificate: are the two files swapped?");
  EXPECT_EQ(error_of(own.certificate, own.certificate),
            "the key's file holds a certificate and no private key: are the two files swapped?");
}

TEST(TlsContext, RefusesAKeyThatWantsAPassword) {
  const TestCertificate own = make_certificate();
  const std::string expected =
      "the private key is encrypted, and there is nobody to ask for its password: write it without one "
      "(openssl pkey -in KEY -out PLAIN)";
  EXPECT_EQ(error_of(own.certificate, encrypted(own.key)), expected);
  EXPECT_EQ(
      error_of(own.certificate,
               "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAA\n"
               "-----END RSA PRIVATE KEY-----\n"),
      expected);
}

TEST(TlsContext, RefusesWhatIsNeither) {
  const TestCertificate own = make_certificate();
  EXPECT_EQ(error_of("", own.key), "the certificate's file holds no certificate in PEM");
  EXPECT_EQ(error_of("hello", own.key), "the certificate's file holds no certificate in PEM");
  EXPECT_EQ(error_of(own.certificate, ""), "the key's file holds no private key in PEM");
}

TEST(TlsContext, RefusesDamage) {
  const TestCertificate own = make_certificate();
  const std::string half = own.certificate.substr(0, own.certificate.size() / 2);
  EXPECT_TRUE(
      error_of(own.certificate + half, own.key).starts_with("certificate 2 of the chain cannot be read: "));
  std::string key = own.key;
  key.replace(key.find('\n') + 1, 8, "AAAAAAAA");
  EXPECT_EQ(error_of(own.certificate, key),
            "the private key cannot be read: it is damaged, or of a kind unknown");
}

TEST(TlsContext, SaysNothingOfTheKeyInAnyError) {
  const TestCertificate own = make_certificate();
  const std::string secret = own.key.substr(own.key.find('\n') + 1, 40);
  for (std::size_t cut = 0; cut < own.key.size(); cut += 7) {
    EXPECT_EQ(error_of(own.certificate, own.key.substr(0, cut)).find(secret.substr(0, 8)), std::string::npos);
  }
}

}  // namespace
}  // namespace creel::http
