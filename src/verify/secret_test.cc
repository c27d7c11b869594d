#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "verify/webhook_fixture.h"

namespace creel {
namespace {

using testing::kSecret;
using testing::kWhpk;
using testing::kWhsk;

struct Case {
  std::string text;
  std::optional<SecretError> strict;  // nothing: accepted
  std::optional<SecretError> openai_sdk;
};

std::optional<SecretError> error_of(std::string_view text, SecretForm form) {
  const auto secret = Secret::parse(text, form);
  if (secret) return std::nullopt;
  return secret.error();
}

std::string with_newline_inside() {
  std::string text(kSecret);
  return text.insert(20, "\n");
}

// The rows are those that OpenAI's SDKs disagree about; nothing that decodes to an empty or a junk key passes
// anywhere.
TEST(Secret, IsJudgedWhenItIsConfigured) {
  const Case cases[] = {
      {std::string(kSecret), {}, {}},
      {"invalid_secret", SecretError::bad_prefix, {}},
      {"", SecretError::empty, SecretError::empty},
      {" \t\n", SecretError::empty, SecretError::empty},
      {"whsec_", SecretError::too_short, SecretError::too_short},
      {"whsec_!!!!", SecretError::bad_base64, SecretError::bad_base64},
      {"whsec_====", SecretError::bad_base64, SecretError::bad_base64},
      {"whsec_Zm9v!!!!", SecretError::bad_base64, SecretError::bad_base64},
      {"whsec_Zg=", SecretError::bad_base64, SecretError::bad_base64},
      {"whsec_Zg", SecretError::bad_base64, SecretError::bad_base64},
      {"whsec_Zg===", SecretError::bad_base64, SecretError::bad_base64},
      {"whsec_Zm9v=", SecretError::bad_base64, SecretError::bad_base64},
      {"whsec_YQ==", SecretError::too_short, {}},
      {"whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40d=", SecretError::bad_base64,
       SecretError::bad_base64},
      {with_newline_inside(), SecretError::has_whitespace, SecretError::has_whitespace},
      {"whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0", {}, {}},
      {"v1," + std::string(kSecret), SecretError::has_version_tag, SecretError::has_version_tag},
      {std::string(kSecret) + "\n", SecretError::has_whitespace, SecretError::has_whitespace},
      {" " + std::string(kSecret), SecretError::has_whitespace, SecretError::has_whitespace},
      {"\"" + std::string(kSecret) + "\"", SecretError::quoted, SecretError::quoted},
      {"'" + std::string(kSecret) + "'", SecretError::quoted, SecretError::quoted},
      {"w", SecretError::bad_prefix, {}},
      {"whsec_%", SecretError::bad_base64, SecretError::bad_base64},
      {"whsec_wronglength", SecretError::bad_base64, SecretError::bad_base64},
      {"hwsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=", SecretError::bad_prefix, {}},
      {"raw webhook secret", SecretError::has_whitespace, {}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(error_of(c.text, SecretForm::strict), c.strict) << c.text;
    EXPECT_EQ(error_of(c.text, SecretForm::strict_hmac), c.strict) << c.text;
    EXPECT_EQ(error_of(c.text, SecretForm::openai_sdk), c.openai_sdk) << c.text;
  }
}

TEST(Secret, RefusesAKeyOfZerosWhichHmacCannotTellFromTheEmptyOne) {
  const std::string zeros = "whsec_" + std::string(43, 'A') + "=";
  for (SecretForm form : {SecretForm::strict, SecretForm::strict_hmac, SecretForm::openai_sdk}) {
    EXPECT_EQ(error_of(zeros, form), SecretError::empty);
  }
  EXPECT_EQ(error_of(std::string(30, '\0'), SecretForm::openai_sdk), SecretError::empty);
  const std::vector<std::byte> bytes(32);
  EXPECT_EQ(Secret::from_bytes(bytes).error(), SecretError::empty);
}

TEST(Secret, TakesEd25519KeysWhereTheyAreWanted) {
  EXPECT_TRUE(Secret::parse(kWhsk)->can_sign());
  EXPECT_FALSE(Secret::parse(kWhpk)->can_sign());
  for (SecretForm form : {SecretForm::strict_hmac, SecretForm::openai_sdk, SecretForm::standard_webhooks}) {
    EXPECT_EQ(error_of(kWhpk, form), SecretError::is_public_key);
    EXPECT_EQ(error_of(kWhsk, form), SecretError::is_public_key);
  }
}

TEST(Secret, RefusesEd25519KeysThatAreCutOrMixed) {
  EXPECT_EQ(error_of("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=", SecretForm::strict),
            SecretError::too_short);
  EXPECT_EQ(error_of("whpk_1SiA4o9hyqTCpIqC5V9HUQ==", SecretForm::strict), SecretError::too_short);
  EXPECT_EQ(error_of("whpk_" + std::string(kWhsk.substr(5)), SecretForm::strict), SecretError::too_long);
  std::string mixed(kWhsk);
  mixed[60] = mixed[60] == 'A' ? 'B' : 'A';
  EXPECT_EQ(error_of(mixed, SecretForm::strict), SecretError::key_halves_differ);
}

TEST(Secret, HoldsBetween24And64Bytes) {
  const std::string bytes(65, 'k');
  const auto from = [&](std::size_t count) {
    return Secret::from_bytes(std::as_bytes(std::span(bytes.data(), count)));
  };
  EXPECT_EQ(from(0).error(), SecretError::empty);
  EXPECT_EQ(from(23).error(), SecretError::too_short);
  EXPECT_TRUE(from(24).has_value());
  EXPECT_TRUE(from(64).has_value());
  EXPECT_EQ(from(65).error(), SecretError::too_long);
}

TEST(Secret, FingerprintTellsSecretsApartAndGivesNothingAway) {
  const std::string one = Secret::parse(kSecret)->fingerprint();
  EXPECT_EQ(one.size(), 8U);
  EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(one, Secret::parse(kSecret, SecretForm::openai_sdk)->fingerprint());
  EXPECT_NE(one, Secret::parse(testing::kOtherSecret)->fingerprint());
  EXPECT_EQ(Secret::parse(kWhsk)->fingerprint(), Secret::parse(kWhpk)->fingerprint());
}

constexpr std::string_view kPoint = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
constexpr std::string_view kP256 =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAES02HEGV8a4bick2yhqJ6QHHlZFlZSyku/"
    "IfIQMWWey2sCS/xbjWB0Tvvm1rqyODrfQGPGqkmlCNKkg7/5nY2TA==";

TEST(Secret, TakesTheHexOfAnEd25519Key) {
  const std::string good(kPoint);
  std::string upper = good;
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  const std::pair<std::string, std::optional<SecretError>> cases[] = {
      {good, {}},
      {upper, {}},
      {"", SecretError::empty},
      {good + "\n", SecretError::has_whitespace},
      {"\"" + good + "\"", SecretError::quoted},
      {good.substr(1), SecretError::bad_hex},
      {good + "00", SecretError::bad_hex},
      {"g" + good.substr(1), SecretError::bad_hex},
      {std::string(64, '0'), SecretError::bad_public_key},
      {"01" + std::string(62, '0'), SecretError::bad_public_key},
      {"ec" + std::string(62, 'f'), SecretError::bad_public_key},
      {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", SecretError::bad_public_key},
  };
  for (const auto& [text, error] : cases)
    EXPECT_EQ(error_of(text, SecretForm::ed25519_hex), error) << text;
  EXPECT_FALSE(Secret::parse(good, SecretForm::ed25519_hex)->can_sign());
  EXPECT_EQ(Secret::parse(good, SecretForm::ed25519_hex)->fingerprint(),
            Secret::parse(upper, SecretForm::ed25519_hex)->fingerprint());
}

TEST(Secret, RefusesAnEd25519KeyUnderWhichAnybodyCanSign) {
  EXPECT_EQ(error_of("whpk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SecretForm::strict),
            SecretError::bad_public_key);
}

TEST(Secret, TakesAP256KeyWithOrWithoutArmour) {
  const std::string good(kP256), begin = "-----BEGIN PUBLIC KEY-----", end = "-----END PUBLIC KEY-----";
  std::string off_curve = good;
  off_curve[100] = off_curve[100] == 'A' ? 'B' : 'A';
  const std::pair<std::string, std::optional<SecretError>> cases[] = {
      {good, {}},
      {begin + "\n" + good.substr(0, 64) + "\n" + good.substr(64) + "\n" + end + "\n", {}},
      {begin + "\r\n" + good + "\r\n" + end, {}},
      {begin + good + end, {}},
      {"MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACS02HEGV8a4bick2yhqJ6QHHlZFlZSyku/IfIQMWWey0=", {}},
      {"", SecretError::empty},
      {"'" + good + "'", SecretError::quoted},
      {good.substr(0, 64) + "\n" + good.substr(64), SecretError::has_whitespace},
      {begin + "\n" + good, SecretError::bad_public_key},
      {begin + "\n" + end, SecretError::bad_public_key},
      {begin, SecretError::bad_public_key},
      {good.substr(1), SecretError::bad_base64},
      {good.substr(4), SecretError::bad_public_key},
      {good + "AAAA", SecretError::bad_base64},
      {off_curve, SecretError::bad_public_key},
      {"AAAA", SecretError::bad_public_key},
      // Whole keys of another kind: P-384, secp256k1, and Ed25519.
      {"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEbp6wkvZ8sr45bFv5YYwOgk8EN7+IBnXzPIpsi6lm/+zf1jElMygSyZsvxT+/"
       "rdAOBhI4cVZRxc1/ZUfzHm96ho5b2nKHXN0AKoy5hLjhp8TvViErCAr1osstN6PxDsy9",
       SecretError::bad_public_key},
      {"MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEE7ZVSx4htAm36o1zNzXOhW+cS7cMLzePHi1D4aHbxsv5PlRrXUB+XUDBaCt2W1MJ"
       "jLo0tii2iuLATe3/26x3Ng==",
       SecretError::bad_public_key},
      {"MCowBQYDK2VwAyEA6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=", SecretError::bad_public_key},
  };
  for (const auto& [text, error] : cases)
    EXPECT_EQ(error_of(text, SecretForm::ecdsa_p256), error) << text;
  EXPECT_FALSE(Secret::parse(good, SecretForm::ecdsa_p256)->can_sign());
  EXPECT_EQ(Secret::parse(begin + good + end, SecretForm::ecdsa_p256)->fingerprint(),
            Secret::parse(good, SecretForm::ecdsa_p256)->fingerprint());
}

TEST(Secret, FingerprintUnderASaltCannotBeComparedWithoutIt) {
  const std::array<std::byte, 32> salt{std::byte{1}}, other_salt{std::byte{2}};
  const auto secret = Secret::parse("key", SecretForm::text);
  // HMAC-SHA256 of "key" under the salt, by `openssl mac`.
  EXPECT_EQ(secret->fingerprint(salt), "c9031ad4");
  EXPECT_NE(secret->fingerprint(salt), secret->fingerprint(other_salt));
  EXPECT_NE(secret->fingerprint(salt), Secret::parse("kex", SecretForm::text)->fingerprint(salt));
  for (const auto& [text, form] :
       {std::pair(kPoint, SecretForm::ed25519_hex), std::pair(kP256, SecretForm::ecdsa_p256),
        std::pair(std::string_view("user:password"), SecretForm::basic)})
    EXPECT_EQ(Secret::parse(text, form)->fingerprint(salt).size(), 8U);
}

TEST(Secret, EachErrorHasItsOwnLine) {
  std::vector<std::string_view> lines;
  for (int i = 0; i <= static_cast<int>(SecretError::no_colon); ++i) {
    lines.push_back(describe(static_cast<SecretError>(i)));
    EXPECT_NE(lines.back(), "unknown error");
  }
  std::ranges::sort(lines);
  EXPECT_EQ(std::ranges::adjacent_find(lines), lines.end());
}

}  // namespace
}  // namespace creel
