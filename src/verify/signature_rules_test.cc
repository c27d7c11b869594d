// What is refused, and by what name.
#include <gtest/gtest.h>

#include <memory>

#include "verify/scheme.h"
#include "verify/signature.h"
#include "verify/signature_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kOtherDigits = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

TEST(SignaturePairs, AreReadStrictly) {
  const std::string good(kPairsDigits), other(kOtherDigits);
  const std::pair<std::string, std::optional<VerifyError>> cases[] = {
      {"t=1750000000,v1=" + good, {}},
      {"t=1750000000, v1=" + good, {}},
      {"t=1750000000,\t v1=" + good, {}},
      {"v1=" + good + ",t=1750000000", {}},
      {"t=1750000000,v1=" + other + ",v1=" + good, {}},
      {"t=1750000000,v1=" + good + ",v1=" + other, {}},
      {"t=1750000000,v1=" + good + ",v0=" + other + ",x=", {}},
      {"t=1750000000,v1=zz,v1=" + good, {}},
      {"", VerifyError::missing_signature},
      {"t=1750000000", VerifyError::missing_signature},
      {"t=1750000000,v0=" + good, VerifyError::no_supported_signature},
      {"t=1750000000,V1=" + good, VerifyError::no_supported_signature},
      {"v1=" + good, VerifyError::missing_timestamp},
      {"t=,v1=" + good, VerifyError::missing_timestamp},
      {"t=1750000000,t=1750000000,v1=" + good, VerifyError::malformed_signature},
      {"t=1750000000,v1=" + good + ",", VerifyError::malformed_signature},
      {",t=1750000000,v1=" + good, VerifyError::malformed_signature},
      {"t=1750000000,,v1=" + good, VerifyError::malformed_signature},
      {"t=1750000000;v1=" + good, VerifyError::missing_signature},
      {"t=1750000000,v1", VerifyError::malformed_signature},
      {"t=1750000000,=" + good, VerifyError::malformed_signature},
      {"t=1750000000,v1=", VerifyError::malformed_signature},
      {"t=1750000000 ,v1=" + good, VerifyError::invalid_timestamp},
      {" t=1750000000,v1=" + good, VerifyError::missing_timestamp},
      {"t=1750000000,v1= " + good, VerifyError::malformed_signature},
      {"t=1750000000,v1=" + good + " ", VerifyError::malformed_signature},
      {"t=1750000000,v1=" + good + "0", VerifyError::malformed_signature},
      {"t=1750000000,v1=" + other, VerifyError::signature_mismatch},
      {"t=1750000001,v1=" + good, VerifyError::signature_mismatch},
  };
  for (const auto& [header, error] : cases)
    EXPECT_EQ(with_pairs(header).error(), error) << header;
}

TEST(SignaturePairs, MayHoldSixteenSignatures) {
  std::string header = "t=1750000000";
  for (int i = 0; i < 15; ++i)
    header += ",v1=" + std::string(kOtherDigits);
  header += ",v1=" + std::string(kPairsDigits);
  EXPECT_EQ(with_pairs(header).receive(), 0U);
  EXPECT_EQ(with_pairs(header + ",v1=" + std::string(kOtherDigits)).error(),
            VerifyError::too_many_signatures);
}

TEST(SignatureDigits, AreHexOfEitherCaseAndOfExactLength) {
  constexpr std::string_view kDigits = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  constexpr std::string_view kUpper = "757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17";
  const std::string good(kDigits);
  const std::pair<std::string, std::optional<VerifyError>> cases[] = {
      {"sha256=" + good, {}},
      {"sha256=" + std::string(kUpper), {}},
      {"sha256=" + good.substr(0, 63), VerifyError::malformed_signature},
      {"sha256=" + good.substr(0, 62), VerifyError::malformed_signature},
      {"sha256=" + good + "00", VerifyError::malformed_signature},
      {"sha256=" + good + "\n", VerifyError::malformed_signature},
      {"sha256=g" + good.substr(1), VerifyError::malformed_signature},
      {"sha256=0x" + good.substr(2), VerifyError::malformed_signature},
      {"sha256=sha256=" + good, VerifyError::malformed_signature},
      {"SHA256=" + good, VerifyError::malformed_signature},
      {"sha1=" + good.substr(0, 40), VerifyError::malformed_signature},
      {good, VerifyError::malformed_signature},
      {"sha256=", VerifyError::malformed_signature},
      {"", VerifyError::missing_signature},
      {"sha256=" + std::string(kOtherDigits), VerifyError::signature_mismatch},
  };
  for (const auto& [header, error] : cases) {
    const SignedRequest request{.secrets = {"It's a Secret to Everybody"},
                                .body = "Hello, World!",
                                .headers = {{"X-Signature", header}}};
    EXPECT_EQ(request.error(), error) << header;
  }
}

TEST(SignatureDigits, AreCanonicalBase64) {
  const std::pair<std::string, std::optional<VerifyError>> cases[] = {
      {"75DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88Jk=", {}},
      {"75DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88Jk", VerifyError::malformed_signature},
      {"75DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88Jl=", VerifyError::malformed_signature},
      {"75DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88Jk==", VerifyError::malformed_signature},
      {"75DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88J==", VerifyError::malformed_signature},
      {"75DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88JkA", VerifyError::malformed_signature},
      {"75DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88-k=", VerifyError::malformed_signature},
      {"A5DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88Jk=", VerifyError::signature_mismatch},
  };
  for (const auto& [header, error] : cases)
    EXPECT_EQ((SignedRequest{.provider = &kBase64, .headers = {{"X-Signature", header}}}).error(), error)
        << header;
}

TEST(Signature, StandsOnceOrTwiceTheSame) {
  SignedRequest request = with_pairs(genuine_pairs());
  request.headers.push_back(request.headers.front());
  EXPECT_EQ(request.error(), std::nullopt);
  request.headers.back().second += ",v0=x";
  EXPECT_EQ(request.error(), VerifyError::conflicting_header);
  request.headers.back().second.clear();
  EXPECT_EQ(request.error(), VerifyError::conflicting_header);
  request.headers.clear();
  EXPECT_EQ(request.error(), VerifyError::missing_signature);
}

TEST(Signature, IsEnoughInEitherOfTwoHeaders) {
  const std::string good = "75DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88Jk=";
  const std::string bad = "A5DK9h3ZbLv2nIMppOFKPFxSYU9PgXvd4NXUhSs88Jk=";
  SignedRequest request{.provider = &kEitherHeader,
                        .headers = {{"X-Signature", bad}, {"X-Signature-2", good}}};
  EXPECT_EQ(request.error(), std::nullopt);
  request.headers = {{"X-Signature-2", good}};
  EXPECT_EQ(request.error(), std::nullopt);
  request.headers = {{"X-Signature", "junk"}, {"X-Signature-2", good}};
  EXPECT_EQ(request.error(), std::nullopt);
  request.headers = {{"X-Signature", bad}, {"X-Signature-2", bad}};
  EXPECT_EQ(request.error(), VerifyError::signature_mismatch);
  request.headers = {{"X-Signature", ""}};
  EXPECT_EQ(request.error(), VerifyError::missing_signature);
}

TEST(SignatureTime, CountsInsideAWindowThatIncludesItsEnds) {
  SignedRequest request = with_pairs(genuine_pairs());
  for (auto shift : {-300s, -1s, 300s}) {
    request.now = at(1750000000) + shift;
    EXPECT_EQ(request.error(), std::nullopt) << shift.count();
  }
  request.now = at(1750000000) + 301s;
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_old);
  request.now = at(1750000000) - 301s;
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_new);
  request.tolerance = 0s;
  EXPECT_EQ(request.error(), std::nullopt);
  request.tolerance = -1s;
  request.now = at(1750000000);
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_old);
  request.tolerance = std::chrono::seconds::max();
  request.now = std::chrono::sys_seconds::min();
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_new);
}

// The signed time is that of the event that is read, whatever the Content-Type says.
TEST(SignatureTime, IsLookedUpInJsonWhereTheRowHasNoForms) {
  Provider provider = kLinearLike;
  provider.body = BodyKind::json;
  SignedRequest request{
      .provider = &provider,
      .body = R"({"text":"&webhookTimestamp=1750000000000&","webhookTimestamp":1735689600000})"};
  request.add(request.sign());
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_old);
  request.headers.emplace_back("Content-Type", std::string(kForm));
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_old);
  provider.body = BodyKind::json_or_form;
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_old);
}

TEST(SignatureTime, IsLookedUpInTheJsonOfAFormWhereThatIsWhatIsRead) {
  Provider provider = kLinearLike;
  provider.body = BodyKind::json_or_form;
  SignedRequest request{.provider = &provider,
                        .body = "webhookTimestamp=1750000000000&payload=%7B%22webhookTimestamp%22%3A1%7D",
                        .headers = {{"Content-Type", std::string(kForm)}}};
  request.add(request.sign());
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_old);
}

TEST(SignatureTime, IsFoundBesideANumberBeyondReach) {
  SignedRequest request{.provider = &kLinearLike, .body = R"({"webhookTimestamp":1750000000000,"n":1e400})"};
  request.add(request.sign());
  EXPECT_EQ(request.error(), std::nullopt);
}

TEST(SignatureTime, IsPlainDigitsEvenWithoutAWindow) {
  const std::pair<std::string, std::optional<VerifyError>> cases[] = {
      {"1531420618", VerifyError::signature_mismatch},
      {"0", VerifyError::signature_mismatch},
      {"999999999999", VerifyError::signature_mismatch},
      {"1234567890123", VerifyError::invalid_timestamp},
      {"01531420618", VerifyError::invalid_timestamp},
      {"+1531420618", VerifyError::invalid_timestamp},
      {"-1531420618", VerifyError::invalid_timestamp},
      {" 1531420618", VerifyError::invalid_timestamp},
      {"1531420618.0", VerifyError::invalid_timestamp},
      {"\xD9\xA1", VerifyError::invalid_timestamp},
      {"", VerifyError::missing_timestamp},
  };
  for (const auto& [text, error] : cases) {
    const SignedRequest request{
        .provider = &kSlackLike,
        .headers = {{"X-Timestamp", text}, {"X-Signature", "v0=" + std::string(kOtherDigits)}},
        .tolerance = 0s};
    EXPECT_EQ(request.error(), error) << text;
  }
}

TEST(SignatureTime, InTheBodyIsReadOnceTheSignatureIsRight) {
  SignedRequest request{.provider = &kLinearLike, .body = R"({"webhookTimestamp":1750000000123})"};
  request.add(request.sign());
  EXPECT_EQ(request.error(), std::nullopt);
  request.now += 60s;
  EXPECT_EQ(request.error(), std::nullopt);
  request.now += 1s;
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_old);
  request.now = at(1750000000) - 60s;
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_new);
  request.body += ' ';
  EXPECT_EQ(request.error(), VerifyError::signature_mismatch);
  request.now = at(1750000000);

  for (std::string body : {"{}", R"({"webhookTimestamp":1.5})", R"({"webhookTimestamp":[]})", "not-json",
                           R"({"webhookTimestamp":1750000000123,"webhookTimestamp":1})"}) {
    SignedRequest other{.provider = &kLinearLike, .body = body};
    other.add(other.sign());
    EXPECT_EQ(other.error(), VerifyError::missing_timestamp) << body;
    other.tolerance = 0s;
    EXPECT_EQ(other.error(), std::nullopt) << body;
  }
  SignedRequest negative{.provider = &kLinearLike, .body = R"({"webhookTimestamp":-1})"};
  negative.add(negative.sign());
  EXPECT_EQ(negative.error(), VerifyError::invalid_timestamp);
}

TEST(Signature, IsCheckedUnderEveryKeyThatIsValid) {
  SignedRequest request = with_pairs(genuine_pairs());
  request.secrets = {"other", "whsec_test_secret"};
  EXPECT_EQ(request.receive(), 1U);
  request.secrets = {"other"};
  EXPECT_EQ(request.error(), VerifyError::signature_mismatch);
  request.secrets = {};
  EXPECT_EQ(request.error(), VerifyError::no_keys);

  Key expired = make_key("whsec_test_secret", SecretForm::text);
  expired.not_after = request.now - 1s;
  EXPECT_EQ(request.receive(Receiver(kPairs, make_keys(std::move(expired)))).error(), VerifyError::no_keys);
}

TEST(Signature, WantsAKeyOfItsAlgorithm) {
  SignedRequest request = with_pairs(genuine_pairs());
  EXPECT_EQ(request.receive(Receiver(kPairs, make_keys(make_key(kWhpk)))).error(), VerifyError::no_keys);
  request.provider = &kDiscordLike;
  EXPECT_EQ(request.receive(Receiver(kDiscordLike, make_keys(make_key("text", SecretForm::text)))).error(),
            VerifyError::no_keys);
}

TEST(Signature, RefusesABodyOverTheLimit) {
  const SignedRequest request = with_pairs(genuine_pairs());
  const auto with_limit = [&](std::size_t bytes) {
    return request.receive(Receiver(kPairs, make_keys(make_key("whsec_test_secret", SecretForm::text)),
                                    {.body_bytes_max = bytes}));
  };
  EXPECT_TRUE(with_limit(request.body.size()).has_value());
  EXPECT_EQ(with_limit(request.body.size() - 1).error(), VerifyError::body_too_large);
}

TEST(Signature, BindsTheIdWhereItIsSigned) {
  SignedRequest request{.provider = &kWithId};
  request.add(request.sign());
  EXPECT_EQ(request.header("X-Id"), "id_1");
  EXPECT_EQ(request.error(), std::nullopt);
  request.header("X-Id") = "id_2";
  EXPECT_EQ(request.error(), VerifyError::signature_mismatch);
  for (const std::string& id :
       std::vector<std::string>{"id.1", "id 1", "id\n", "\x80", "id_" + std::string(256, '1')}) {
    request.header("X-Id") = id;
    EXPECT_EQ(request.error(), VerifyError::invalid_id) << id;
  }
  request.header("X-Id") = "";
  EXPECT_EQ(request.error(), VerifyError::missing_id);
}

TEST(SignatureRule, ThatCannotBeUsedAcceptsNothing) {
  constexpr std::array kTwoTimes{in_header("A"), in_header("B")};
  Provider without_id = row({.content = "{id}{body}"});
  without_id.dedupe = {};
  const Provider rows[] = {
      row({.content = "{bdy}"}),
      row({.content = "{body"}),
      row({.content = "body}"}),
      row({.content = "{{body}}"}),
      row({.content = "constant"}),
      row({.content = ""}),
      row({.content = "{body}{body}{body}{body}{body}{body}{body}{body}{body}{body}{body}{body}{body}{body}"
                      "{body}{body}{body}{body}{body}{body}{body}{body}{body}{body}{body}{body}{body}{body}"
                      "{body}{body}{body}{body}{body}"}),
      row({.content = "{timestamp}.{body}"}),
      row({.timestamp = kTwoTimes}),
      row({.pair_separator = ','}),
      row({.pair_separator = ',', .signature_pair = "v1", .timestamp_pair = "v1"}),
      row({.signatures = kTwoSignatures, .pair_separator = ',', .signature_pair = "v1"}),
      without_id,
  };
  for (const Provider& provider : rows) {
    EXPECT_NE(find_signature_fault(provider), std::nullopt) << provider.signature.content;
    SignedRequest request{.provider = &provider, .headers = {{"X-Signature", std::string(kOtherDigits)}}};
    EXPECT_EQ(request.error(), VerifyError::no_keys);
    EXPECT_FALSE(request.receiver().can_sign());
    EXPECT_TRUE(request.sign().headers.empty());
  }
  EXPECT_EQ(find_signature_fault(kPairs), std::nullopt);
}

TEST(Signature, MakesTheMacThatHandshakesAskFor) {
  const auto scheme =
      make_signature(kSlackLike, make_keys(make_key("key", SecretForm::text), make_key(kWhpk)), {});
  // https://en.wikipedia.org/wiki/HMAC#Examples
  EXPECT_EQ(scheme->hex_mac(0, "The quick brown fox jumps over the lazy dog"),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
  EXPECT_EQ(scheme->hex_mac(1, "text"), "");
  EXPECT_EQ(scheme->hex_mac(2, "text"), "");
}

}  // namespace
}  // namespace creel::testing
