#include "core/credentials.h"

#include <gtest/gtest.h>

#include <vector>

namespace creel {
namespace {

TEST(Credentials, AreKnownByTheNamesOfHeaders) {
  for (std::string_view name :
       {"authorization", "Proxy-Authorization", "proxy-anything", "cookie", "Set-Cookie", "token", "apikey",
        "X-Api-Key", "X-Auth-Token", "x-telegram-bot-api-secret-token", "X-Client-Secret", "X-Access-Key",
        "X-Password", "X-Gitlab-Token"}) {
    EXPECT_TRUE(is_credential_header(name)) << name;
  }
  for (std::string_view name :
       {"", "host", "webhook-id", "webhook-signature", "content-type", "user-agent", "idempotency-key",
        "x-hub-signature-256", "content-length", "x-type", "date"}) {
    EXPECT_FALSE(is_credential_header(name)) << name;
  }
}

struct FakeSource {
  bool is_credential_header(std::string_view name) const { return name == "X-Own"; }
  bool is_credential_query(std::string_view name) const { return name == "own"; }
  bool reads_header(std::string_view name) const {
    return name == "X-Idempotency-Token" || name == "X-Own" || name == "Authorization" || name == "Cookie";
  }
  bool signs_query() const { return is_query_signed; }
  bool is_query_signed = false;
};

TEST(Credentials, AreNoHeadersThatASourceReads) {
  const FakeSource source;
  for (std::string_view name : {"X-Own", "X-Other-Token", "Authorization", "Cookie", "Proxy-Token"})
    EXPECT_TRUE(is_credential_header_of(name, source)) << name;
  for (std::string_view name : {"X-Idempotency-Token", "Host"})
    EXPECT_FALSE(is_credential_header_of(name, source)) << name;
}

TEST(Credentials, AreNoFieldsOfASignedQueryButTheSourcesOwn) {
  const auto is_credential = [](std::string_view text, bool is_query_signed) {
    return is_credential_query_of(query_field(text), FakeSource{is_query_signed});
  };
  EXPECT_TRUE(is_credential("token=1", false));
  EXPECT_FALSE(is_credential("token=1", true));
  EXPECT_TRUE(is_credential("own=1", true));
  EXPECT_TRUE(is_credential("%6fwn=1", true));
  EXPECT_FALSE(is_credential("else=1", false));
}

TEST(Credentials, AreKnownByTheNamesOfQueryFields) {
  for (std::string_view name : {"token", "KEY", "hub.verify_token", "client_secret"})
    EXPECT_TRUE(is_credential_field(name)) << name;
  for (std::string_view name : {"", "keys", "hub.mode", "validationToken", "tokens"})
    EXPECT_FALSE(is_credential_field(name)) << name;
}

TEST(Credentials, AreKnownInAQueryHoweverItIsEncoded) {
  for (std::string_view text : {"token=1", "%74oken=", "hub%2Everify%5ftoken=x"})
    EXPECT_TRUE(is_credential_query(query_field(text), is_credential_field)) << text;
  for (std::string_view text : {"token", "a=token", "%zz=1", ""})
    EXPECT_FALSE(is_credential_query(query_field(text), is_credential_field)) << text;
}

TEST(Query, IsTakenApartFieldByField) {
  std::vector<std::string> fields;
  take_query_apart("a=1&b&&c=d=e", [&](const QueryField& field) {
    fields.push_back(std::string(field.name) + "|" + std::string(field.value));
  });
  EXPECT_EQ(fields, (std::vector<std::string>{"a|1", "b|", "|", "c|d=e"}));
}

TEST(Query, IsDecodedWhereItCanBe) {
  EXPECT_EQ(decoded_query("a%20b+c%2"), "a b c%2");
  EXPECT_EQ(decoded_query("%zz%41%4"), "%zzA%4");
}

}  // namespace
}  // namespace creel
