#include "ingest/credentials.h"

#include <gtest/gtest.h>

namespace creel {
namespace {

constexpr std::string_view kMethods[] = {"POST"};
constexpr CredentialPlace kPlaces[] = {{CredentialPlace::Kind::header, "X-Custom"},
                                       {CredentialPlace::Kind::query, "pass"}};

// A row whose credentials only it knows to be some.
const Provider& made_up() {
  static const Provider row = [] {
    Provider made;
    made.name = "made-up";
    made.scheme = Scheme::credential;
    made.credentials = kPlaces;
    made.methods = kMethods;
    return made;
  }();
  return row;
}
const Receiver& plain() {
  static const Receiver receiver(*find_provider("openai"), {});
  return receiver;
}

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
  EXPECT_EQ(mask().masked_head(parsed.request, plain()), std::nullopt);
}

TEST(CredentialMask, ReplacesEveryCredentialHeaderAndNothingElse) {
  Parsed parsed(
      "POST /hook HTTP/1.1\r\nHost: example.org\r\nAUTHORIZATION: Bearer s3cret\r\nCookie: a=b\r\n"
      "X-Gitlab-Token:  tok\r\nwebhook-id: wh_1\r\n");
  const CredentialMask credentials = mask();
  EXPECT_EQ(credentials.masked_head(parsed.request, plain()),
            "POST /hook HTTP/1.1\r\nHost: example.org\r\nAUTHORIZATION: " +
                credentials.masked("Bearer s3cret") + "\r\nCookie: " + credentials.masked("a=b") +
                "\r\nX-Gitlab-Token: " + credentials.masked("tok") + "\r\nwebhook-id: wh_1\r\n");
}

TEST(CredentialMask, ReplacesCredentialFieldsOfTheQueryHoweverTheyAreEncoded) {
  Parsed parsed("POST /hook?a=1&%74oken=s%33cret&b=%20&Password= HTTP/1.1\r\nHost: example.org\r\n");
  const CredentialMask credentials = mask();
  EXPECT_EQ(credentials.masked_head(parsed.request, plain()),
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

TEST(CredentialMask, ReplacesWhatTheSourceCallsItsCredential) {
  Parsed parsed("POST /hook?pass=one&a=1 HTTP/1.1\r\nHost: example.org\r\nx-custom: two\r\n");
  const CredentialMask credentials = mask();
  EXPECT_EQ(credentials.masked_head(parsed.request, plain()), std::nullopt);
  EXPECT_EQ(credentials.masked_head(parsed.request, Receiver(made_up(), {})),
            "POST /hook?pass=" + credentials.masked("one") +
                "&a=1 HTTP/1.1\r\nHost: example.org\r\nx-custom: " + credentials.masked("two") + "\r\n");
}

TEST(CredentialMask, ReplacesTheTokenOfAHandshakeWhateverItsSourceIs) {
  Parsed parsed("GET /hook?hub.mode=subscribe&hub%2Everify_token=s3cret HTTP/1.1\r\nHost: h\r\n");
  const CredentialMask credentials = mask();
  EXPECT_EQ(credentials.masked_head(parsed.request, plain()),
            "GET /hook?hub.mode=subscribe&hub%2Everify_token=" + credentials.masked("s3cret") +
                " HTTP/1.1\r\nHost: h\r\n");
}

TEST(CredentialMask, ReplacesTheTokenOfAHandshakeHoweverItIsEncoded) {
  Parsed parsed("GET /hook?hub%2Everify_token=t HTTP/1.1\r\nHost: example.org\r\n");
  const CredentialMask credentials = mask();
  const Receiver meta(*find_provider("hubspot"), {}, {.handshake = Handshake::hub_challenge});
  EXPECT_EQ(credentials.masked_head(parsed.request, meta),
            "GET /hook?hub%2Everify_token=" + credentials.masked("t") + " HTTP/1.1\r\nHost: example.org\r\n");
}

// Twilio's id: masked it would be another one when the request is accepted after all.
TEST(CredentialMask, LeavesTheHeadersThatASourceReads) {
  Parsed parsed("POST /hook HTTP/1.1\r\nI-Twilio-Idempotency-Token: idem_1\r\n");
  EXPECT_EQ(mask().masked_head(parsed.request, Receiver(*find_provider("twilio"), {})), std::nullopt);
  EXPECT_NE(mask().masked_head(parsed.request, plain()), std::nullopt);
}

TEST(CredentialMask, LeavesASignatureByTheNameOfAToken) {
  static constexpr std::array kSignatures{in_header("X-Signature-Token")};
  static constexpr std::array kTime{in_header("X-Time-Secret")};
  const Provider row{.name = "made-up",
                     .scheme = Scheme::signature,
                     .signature = {.signatures = kSignatures, .timestamp = kTime},
                     .methods = kMethods};
  const Receiver receiver(row, {});
  Parsed parsed("POST /hook HTTP/1.1\r\nx-signature-token: 00\r\nX-Time-Secret: 1\r\n");
  EXPECT_EQ(mask().masked_head(parsed.request, receiver), std::nullopt);
  EXPECT_NE(mask().masked_head(parsed.request, plain()), std::nullopt);
}

// A signature over the address covers the query: with a mask in it the request could never be verified again.
TEST(CredentialMask, LeavesAQueryThatIsSigned) {
  Parsed parsed("POST /hook?token=t&key=k HTTP/1.1\r\nHost: example.org\r\n");
  EXPECT_EQ(mask().masked_head(parsed.request, Receiver(*find_provider("twilio"), {})), std::nullopt);
  EXPECT_NE(mask().masked_head(parsed.request, plain()), std::nullopt);
}

// Whatever else a row says of it.
TEST(CredentialMask, ReplacesTheCredentialOfEveryProvider) {
  for (const Provider& row : all_providers()) {
    const Receiver receiver(row, {});
    for (const CredentialPlace& place : row.credentials) {
      using Kind = CredentialPlace::Kind;
      const bool is_header = place.kind == Kind::header;
      const std::string name(is_header ? place.name : "Authorization");
      Parsed parsed(place.kind == Kind::query
                        ? "POST /hook?" + std::string(place.name) + "=s3cret HTTP/1.1\r\nHost: a\r\n"
                        : "POST /hook HTTP/1.1\r\n" + name + ": s3cret\r\n");
      const auto head = mask().masked_head(parsed.request, receiver);
      ASSERT_TRUE(head) << row.name;
      EXPECT_EQ(head->find("s3cret"), std::string::npos) << row.name;
    }
  }
}

TEST(CredentialMask, LeavesWhatIsMaskedInAStoredHeadAndReplacesTheRest) {
  const CredentialMask credentials = mask();
  const std::string once = credentials.masked("t");
  Parsed parsed("POST /hook?token=" + once + "&pass=p HTTP/1.1\r\nCookie: " + once + "\r\nX-Custom: c\r\n");
  EXPECT_EQ(credentials.masked_again(parsed.request, plain()), std::nullopt);
  EXPECT_EQ(credentials.masked_again(parsed.request, Receiver(made_up(), {})),
            "POST /hook?token=" + once + "&pass=" + credentials.masked("p") + " HTTP/1.1\r\nCookie: " + once +
                "\r\nX-Custom: " + credentials.masked("c") + "\r\n");
}

// Who sends a value that looks masked must not get it stored as one.
TEST(CredentialMask, ReplacesWhatOnlyLooksMasked) {
  const CredentialMask credentials = mask();
  const std::string forged = credentials.masked("t");
  Parsed parsed("POST /hook HTTP/1.1\r\nCookie: " + forged + "\r\n");
  EXPECT_EQ(credentials.masked_head(parsed.request, plain()),
            "POST /hook HTTP/1.1\r\nCookie: " + credentials.masked(forged) + "\r\n");
}

std::string mark(std::string_view secret, std::string label, std::uint8_t store) {
  const std::array<std::uint8_t, 32> store_secret{store};
  return secret_mark({.secret = *Secret::parse(secret, SecretForm::text), .label = std::move(label)},
                     store_secret);
}

TEST(SecretMark, TellsKeysApartThatHaveTheSameLabel) {
  EXPECT_EQ(mark("one", "MINE", 1), mark("one", "MINE", 1));
  EXPECT_NE(mark("one", "MINE", 1), mark("two", "MINE", 1));
  EXPECT_TRUE(mark("one", "MINE", 1).starts_with("MINE "));
}

TEST(SecretMark, CannotBeMadeWithoutTheStoresSecret) {
  EXPECT_NE(mark("one", "", 1), mark("one", "", 2));
  EXPECT_NE(mark("one", "", 1), Secret::parse("one", SecretForm::text)->fingerprint());
}

}  // namespace
}  // namespace creel
