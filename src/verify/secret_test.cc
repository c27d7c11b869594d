#include <gtest/gtest.h>

#include <algorithm>

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

TEST(Secret, EachErrorHasItsOwnLine) {
  std::vector<std::string_view> lines;
  for (int i = 0; i <= static_cast<int>(SecretError::key_halves_differ); ++i) {
    lines.push_back(describe(static_cast<SecretError>(i)));
    EXPECT_NE(lines.back(), "unknown error");
  }
  std::ranges::sort(lines);
  EXPECT_EQ(std::ranges::adjacent_find(lines), lines.end());
}

}  // namespace
}  // namespace creel
