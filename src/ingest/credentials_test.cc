#include "ingest/credentials.h"

#include <gtest/gtest.h>

namespace creel {
namespace {

CredentialMask mask(unsigned char first_byte = 7) {
  CredentialMask::Key key{};
  key[0] = std::byte{first_byte};
  return CredentialMask(key);
}

// A request out of its head, as the HTTP layer would give it.
struct Parsed {
  explicit Parsed(std::string text) : head(std::move(text)) {
    const std::string_view view = head;
    std::size_t begin = view.find("\r\n") + 2;
    while (begin < view.size()) {
      const std::size_t end = view.find("\r\n", begin);
      const std::size_t colon = view.find(':', begin);
      headers.push_back({view.substr(begin, colon - begin), view.substr(colon + 2, end - colon - 2)});
      begin = end + 2;
    }
    request.head = view;
    request.headers = headers;
    const std::size_t target = view.find(' ') + 1;
    request.target = view.substr(target, view.find(' ', target) - target);
    const std::size_t question = request.target.find('?');
    request.path = request.target.substr(0, question);
    if (question != std::string_view::npos) request.query = request.target.substr(question + 1);
  }
  std::string head;
  std::vector<Header> headers;
  http::Request request;
};

TEST(CredentialMask, LeavesAHeadWithoutCredentialsAlone) {
  Parsed parsed(
      "POST /webhooks/openai?from=here&keys=2 HTTP/1.1\r\nHost: example.org\r\nwebhook-signature: "
      "v1,abc\r\n");
  EXPECT_EQ(mask().masked_head(parsed.request), std::nullopt);
}

TEST(CredentialMask, ReplacesEveryCredentialHeaderAndNothingElse) {
  Parsed parsed(
      "POST /hook HTTP/1.1\r\nHost: example.org\r\nAUTHORIZATION: Bearer s3cret\r\nCookie: a=b\r\n"
      "X-Gitlab-Token:  tok\r\nwebhook-id: wh_1\r\n");
  const CredentialMask credentials = mask();
  EXPECT_EQ(credentials.masked_head(parsed.request),
            "POST /hook HTTP/1.1\r\nHost: example.org\r\nAUTHORIZATION: " +
                credentials.masked("Bearer s3cret") + "\r\nCookie: " + credentials.masked("a=b") +
                "\r\nX-Gitlab-Token: " + credentials.masked("tok") + "\r\nwebhook-id: wh_1\r\n");
}

TEST(CredentialMask, ReplacesCredentialFieldsOfTheQueryHoweverTheyAreEncoded) {
  Parsed parsed("POST /hook?a=1&%74oken=s%33cret&b=%20&Password= HTTP/1.1\r\nHost: example.org\r\n");
  const CredentialMask credentials = mask();
  EXPECT_EQ(credentials.masked_head(parsed.request),
            "POST /hook?a=1&%74oken=" + credentials.masked("s3cret") +
                "&b=%20&Password=" + credentials.masked("") + " HTTP/1.1\r\nHost: example.org\r\n");
}

TEST(CredentialMask, GivesTheSameForTheSameKeyAndValueOnly) {
  EXPECT_EQ(mask().masked("secret"), mask().masked("secret"));
  EXPECT_NE(mask().masked("secret"), mask().masked("Secret"));
  EXPECT_NE(mask(1).masked("secret"), mask(2).masked("secret"));
}

// RFC 4231 has no 32-byte key; this value was computed with `openssl dgst -mac HMAC`.
TEST(CredentialMask, IsAnHmacSha256InHex) {
  CredentialMask::Key key{};
  EXPECT_EQ(CredentialMask(key).masked("secret"),
            "creel-hmac:1810e8d341b9e61e88895fba0b1aa2bd03cb6c8fff2b368e666ef8efdef5b4fb");
}

TEST(CredentialMask, KnowsCredentialsByTheirNames) {
  for (std::string_view name :
       {"authorization", "Proxy-Authorization", "proxy-anything", "cookie", "X-Api-Key", "X-Auth-Token",
        "x-telegram-bot-api-secret-token", "X-Client-Secret", "X-Access-Key", "X-Password"}) {
    EXPECT_TRUE(is_credential_header(name)) << name;
  }
  for (std::string_view name : {"", "host", "webhook-id", "webhook-signature", "content-type", "user-agent",
                                "idempotency-key", "x-hub-signature-256", "content-length"}) {
    EXPECT_FALSE(is_credential_header(name)) << name;
  }
}

}  // namespace
}  // namespace creel
