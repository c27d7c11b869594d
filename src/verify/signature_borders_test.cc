// One signed text has one reading: nothing can be moved over the border between two of its values.
#include <gtest/gtest.h>

#include "verify/signature.h"
#include "verify/signature_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::array kIdHeader{in_header("X-Id")};
constexpr std::array<KeyRecipe, 1> kIdInHeader{kIdHeader};

Provider with_content(std::string_view content) {
  Provider provider = row({.content = content, .timestamp = kTimestamp}, 300s);
  provider.dedupe = kIdInHeader;
  return provider;
}

// A request whose id is `id`, signed with the row's own text.
SignedRequest signed_request(const Provider& provider, std::string_view id, std::string body,
                             std::string url = {}) {
  SignedRequest request{.provider = &provider, .body = std::move(body), .url = std::move(url)};
  const auto made = request.receiver().sign({.provider_id = id,
                                             .body = request.body,
                                             .content_type = "application/json",
                                             .method = request.method,
                                             .url = request.url,
                                             .now = request.now});
  request.add(made);
  return request;
}

TEST(SignatureBorder, IsDemandedBesideAnIdAndAPointer) {
  for (std::string_view content :
       {"{id}{body}", "{body}{id}", "{timestamp}.{body}{id}", "{/a}{/b}", "{/a}{body}", "{url}{/a}",
        "{method}{id}", "{id}{/a}", "{sorted_form}{id}", "{timestamp}{id}{body}", "{body}{timestamp}{id}",
        "{id}{timestamp}{body}"}) {
    const Provider provider = with_content(content);
    EXPECT_NE(find_signature_fault(provider), std::nullopt) << content;
    EXPECT_EQ(signed_request(provider, "1", R"({"a":"1","b":"2"})").headers.size(), 0U) << content;
  }
  for (std::string_view content :
       {"{id}.{timestamp}.{body}", "{body}.{id}", "{id}:{timestamp}:{/data/a}:{body}", "{timestamp}{/a}",
        "{timestamp}{id}", "v1:{timestamp}{id}", "{/a}{timestamp}", "{/a}|{/b}", "{id}",
        "{method}{url}{body}{timestamp}", "{url}{sorted_form}",
        "id:{/data/id};request-id:{id};ts:{timestamp};"})
    EXPECT_EQ(find_signature_fault(with_content(content)), std::nullopt) << content;
}

TEST(SignatureBorder, IsNotPartOfAnIdOnEitherSide) {
  const Provider after = with_content("{body}.{id}");
  SignedRequest request = signed_request(after, "m1", R"({"amount":1000.5})");
  EXPECT_EQ(request.error(), std::nullopt);
  request.body = R"({"amount":1000)";
  request.header("X-Id") = "5}.m1";
  EXPECT_EQ(request.error(), VerifyError::invalid_id);

  const Provider before = with_content("{id}.{body}");
  request = signed_request(before, "m1", "2.{}");
  EXPECT_EQ(request.error(), std::nullopt);
  request.body = "{}";
  request.header("X-Id") = "m1.2";
  EXPECT_EQ(request.error(), VerifyError::invalid_id);

  // Only what could be mistaken: here the id is bounded by the time, which is digits.
  const Provider last = with_content("{timestamp}.{id}");
  EXPECT_EQ(signed_request(last, "m.1", "{}").error(), std::nullopt);
}

TEST(SignatureBorder, IsNotPartOfATextOfTheBody) {
  const Provider provider = with_content("{/a}|{/b}");
  SignedRequest request = signed_request(provider, "", R"({"a":"x","b":"y|z"})");
  EXPECT_EQ(request.error(), std::nullopt);
  request.body = R"({"a":"x|y","b":"z"})";
  EXPECT_EQ(request.error(), VerifyError::malformed_signature);
}

TEST(SignatureBorder, LiesBetweenQueryAndBodyWhereJsonBegins) {
  const Provider provider = with_content("{method}{url}{body}");
  SignedRequest request = signed_request(provider, "", R"({"type":"A","n":"7"})", "https://h/x?a=1");
  EXPECT_EQ(request.error(), std::nullopt);
  request.url = R"(https://h/x?a=1{"type":"A","n":")";
  request.body = R"(7"})";
  EXPECT_EQ(request.error(), VerifyError::malformed_signature);
  request.url = "https://h/x?a=";
  request.body = R"(1{"type":"A","n":"7"})";
  EXPECT_EQ(request.error(), VerifyError::malformed_signature);
  request.url = "https://h/x";
  request.body = R"(?a=1{"type":"A","n":"7"})";
  EXPECT_EQ(request.error(), VerifyError::malformed_signature);
}

TEST(SignatureBorder, NeedsNoJsonWhereThereIsNoQuery) {
  const Provider provider = with_content("{url}{body}");
  for (std::string_view body : {"plain", "a=1&b=2", "", " \n{}"})
    EXPECT_EQ(signed_request(provider, "", std::string(body), "https://h/x").error(), std::nullopt) << body;
  EXPECT_EQ(signed_request(provider, "", "", "https://h/x?a=1").error(), std::nullopt);
  EXPECT_EQ(signed_request(provider, "", " \n{}", "https://h/x?a=1").error(), std::nullopt);
}

TEST(SignatureBorder, LiesBetweenBodyAndAddressWhereJsonEnds) {
  const Provider provider = with_content("{body}{url}");
  SignedRequest request = signed_request(provider, "", R"({"u":"https://h/x?z"})", "https://h/x");
  EXPECT_EQ(request.error(), std::nullopt);
  request.body = R"({"u":")";
  request.url = R"(https://h/x?z"}https://h/x)";
  EXPECT_EQ(request.error(), VerifyError::malformed_signature);
  request = signed_request(provider, "", "{}", "https://h/x?r=https://h/x");
  EXPECT_EQ(request.error(), std::nullopt);
  request.body = "{}https://h/x?r=";
  request.url = "https://h/x";
  EXPECT_EQ(request.error(), VerifyError::malformed_signature);
}

TEST(SignatureBorder, IsACharacterThatNoQueryHolds) {
  const Provider provider = with_content("{url}\n{id}\n{body}");
  SignedRequest request = signed_request(provider, "m1", "a=1\nb", "https://h/x?a=1");
  EXPECT_EQ(request.error(), std::nullopt);
  request.url = "https://h/x?a=1\nm1";
  request.header("X-Id") = "a=1";
  request.body = "b";
  EXPECT_EQ(request.error(), VerifyError::malformed_signature);
}

TEST(UnverifiedBody, IsNotReadWithoutAWellFormedSignature) {
  // More than may be read before anything is verified, and so told apart from what was not read at all.
  SignedRequest request{.provider = &kUrlForm, .body = std::string((1 << 20) + 1, 'a'), .url = "https://h/x"};
  request.headers = {{"Content-Type", std::string(kForm)}, {"X-Signature", "junk"}};
  const auto error = [&] {
    const Receiver receiver(kUrlForm, make_keys(make_key("hush", SecretForm::text)),
                            {.body_bytes_max = std::size_t{4} << 20, .url = request.url});
    return request.receive(receiver).error();
  };
  EXPECT_EQ(error(), VerifyError::malformed_signature);
  request.header("X-Signature") = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
  EXPECT_EQ(error(), VerifyError::body_too_large);
  request.body.pop_back();
  EXPECT_EQ(error(), VerifyError::signature_mismatch);
}

}  // namespace
}  // namespace creel::testing
