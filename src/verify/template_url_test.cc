// Texts with the address in them: the official answers of Twilio's, HubSpot's and Square's SDKs.
#include "verify/template_url.h"

#include <gtest/gtest.h>

#include "verify/signature_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kCall =
    "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
constexpr std::string_view kUrl = "https://mycompany.com/myapp.php?foo=1&bar=2";

SignedRequest form(std::string_view url, std::string_view body, std::string signature) {
  return {.provider = &kUrlForm,
          .secrets = {"12345"},
          .body = std::string(body),
          .headers = {{"Content-Type", std::string(kForm)}, {"X-Signature", std::move(signature)}},
          .url = std::string(url)};
}

// twilio-python tests/unit/test_request_validator.py, twilio-php RequestValidatorTest, twilio-csharp
// RequestValidatorTest
TEST(SignedUrl, CountsAsConfiguredWithoutItsPortOrWithTheStandardOne) {
  const std::pair<std::string_view, std::string> cases[] = {
      {kUrl, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      {kUrl, "kvajT1Ptam85bY51eRf/AJRuM3w="},
      {"http://mycompany.com/myapp.php?foo=1&bar=2", "0ZXoZLH/DfblKGATFgpif+LLRf4="},
      {"https://mycompany.com:1234/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      {"http://mycompany.com:1234/myapp.php?foo=1&bar=2", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="},
      {"https://mycompany.com:1234/myapp.php?foo=1&bar=2", "CYn1h0gLBdNxDGkKJg6hYohgeD8="},
      {"https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", "CukzLTc1tT5dXEDIHm/tKBanW10="},
      {"https://MyCompany.com/myapp.php?foo=1&bar=2", "g9IN/x4Cft2g517EjYvEvM/W7LU="},
  };
  for (const auto& [url, signature] : cases)
    EXPECT_EQ(form(url, kCall, signature).error(), std::nullopt) << url << ' ' << signature;
}

TEST(SignedUrl, CountsNoOtherPortPathOrQuery) {
  for (std::string_view url :
       {"https://mycompany.com/myapp.php?foo=1&bar=3", "https://mycompany.com/myapp.php?foo=1",
        "https://mycompany.com/myapp.php", "https://mycompany.com/?foo=1&bar=2",
        "http://mycompany.com/myapp.php?foo=1&bar=2", "https://mycompany.org/myapp.php?foo=1&bar=2", ""})
    EXPECT_EQ(form(url, kCall, "RSOYDt4T1cUTdK1PDd93/VVr8B8=").error(), VerifyError::signature_mismatch)
        << url;
  EXPECT_EQ(form(kUrl, kCall, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=").error(), VerifyError::signature_mismatch);
}

TEST(SignedUrl, FindsThePortWhereverItStands) {
  const auto candidates_of = [](std::string_view url) {
    const SignedUrl signed_url(url);
    const UrlCandidates candidates(signed_url, "a=%2F&b=%20");
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      std::string& text = texts.emplace_back();
      for (std::string_view piece : candidates[i])
        text += piece;
    }
    return texts;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(candidates_of("https://u:1@[::1]/x"),
            (Texts{"https://u:1@[::1]/x?a=%2F&b=%20", "https://u:1@[::1]:443/x?a=%2F&b=%20",
                   "https://u:1@[::1]/x?a=/&b=%20", "https://u:1@[::1]:443/x?a=/&b=%20"}));
  EXPECT_EQ(candidates_of("http://h:80/x:9?ignored#too")[1], "http://h/x:9?a=%2F&b=%20");
  EXPECT_EQ(candidates_of("https://h:8443").size(), 6U);
  EXPECT_EQ(candidates_of("https://h:8443")[0], "https://h:8443?a=%2F&b=%20");
  EXPECT_EQ(candidates_of("")[0], "?a=%2F&b=%20");
}

TEST(SignedUrl, DecodesWhatHubspotDecodes) {
  EXPECT_EQ(decode_some_escapes("%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B%3a%2f"), ":/?@!$'()*,;:/");
  EXPECT_EQ(decode_some_escapes("%20%25%26%3D%2B%23%5B%41"), "%20%25%26%3D%2B%23%5B%41");
  EXPECT_EQ(decode_some_escapes("%%3A%3"), "%:%3");
  EXPECT_EQ(decode_some_escapes("%253A%2"), "%253A%2");
}

TEST(SignedForm, IsSortedAndHasRepeatedValuesOnce) {
  EXPECT_EQ(form(kUrl,
                 "CallSid=CA1234567890ABCDE&From=%2B14158675309&Digits=1234&To=%2B18005551212&"
                 "Caller=%2B14158675309",
                 "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
                .error(),
            std::nullopt);
  EXPECT_EQ(form(kUrl, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234",
                 "IK+Dwps556ElfBT0I3Rgjkr1wJU=")
                .error(),
            std::nullopt);
  EXPECT_EQ(form(kUrl, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1235",
                 "IK+Dwps556ElfBT0I3Rgjkr1wJU=")
                .error(),
            VerifyError::signature_mismatch);
}

TEST(SignedForm, HasALimitOfFields) {
  std::string body;
  for (int i = 0; i < 1000; ++i)
    body += "&a";
  EXPECT_EQ(form(kUrl, body, "RSOYDt4T1cUTdK1PDd93/VVr8B8=").error(), VerifyError::signature_mismatch);
  body += "&a";
  EXPECT_EQ(form(kUrl, body, "RSOYDt4T1cUTdK1PDd93/VVr8B8=").error(), VerifyError::malformed_signature);
}

// Of a body that is no form the sorted fields are nothing, and one signature would do for all of them.
TEST(SignedForm, CoversNoOtherBody) {
  const Provider provider = row({.content = "{url}{sorted_form}"});
  SignedRequest request{.provider = &provider, .body = "", .url = std::string(kUrl)};
  request.add(request.sign());
  EXPECT_EQ(request.error(), std::nullopt);
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = R"({"type":"forged"})";
  EXPECT_EQ(request.error(), VerifyError::malformed_signature);
  EXPECT_TRUE(request.sign().headers.empty());
  request.header("Content-Type") = kForm;
  EXPECT_EQ(request.error(), VerifyError::signature_mismatch);
}

TEST(BodyDigest, StandsForABodyThatIsNoForm) {
  constexpr std::string_view kBody = R"({"property": "value", "boolean": true})";
  SignedRequest request{
      .provider = &kUrlForm,
      .secrets = {"12345"},
      .body = std::string(kBody),
      .headers = {{"content-type", "application/json"}, {"X-Signature", "a9nBmqA0ju/hNViExpshrM61xv4="}},
      .url =
          std::string(kUrl) + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"};
  EXPECT_EQ(request.error(), std::nullopt);
  request.body += ' ';
  EXPECT_EQ(request.error(), VerifyError::body_mismatch);
  request.body = "";
  EXPECT_EQ(request.error(), VerifyError::body_mismatch);
  // Called a form, the body would not be looked at if the digest did not count.
  request.header("content-type") = kForm;
  request.body = "&&";
  EXPECT_EQ(request.error(), VerifyError::body_mismatch);
  request.body = kBody;
  request.header("content-type") = "application/json";
  request.url.back() = '1';
  EXPECT_EQ(request.error(), VerifyError::signature_mismatch);
  request.url = kUrl;
  EXPECT_EQ(request.error(), VerifyError::malformed_signature);

  SignedRequest alone{.provider = &kUrlForm,
                      .secrets = {"12345"},
                      .body = std::string(kBody),
                      .headers = {{"X-Signature", "y77kIzt2vzLz71DgmJGsen2scGs="}},
                      .url =
                          "https://mycompany.com/myapp.php?bodySHA256="
                          "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"};
  EXPECT_EQ(alone.error(), std::nullopt);
}

TEST(BodyDigest, IsNotMissedWhereThereIsNoBody) {
  SignedRequest request{.provider = &kUrlForm, .body = "", .url = std::string(kUrl), .method = "GET"};
  request.add(request.sign());
  EXPECT_EQ(request.error(), std::nullopt);
  request.body = "{}";
  EXPECT_EQ(request.error(), VerifyError::malformed_signature);
}

TEST(SignedUrl, StandsBetweenMethodAndBodyAsHubspotHasIt) {
  SignedRequest request{.provider = &kMethodUrlBody,
                        .secrets = {"yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"},
                        .body = "{'example_field':'example_value'}",
                        .headers = {{"X-Timestamp", "1693657560000"},
                                    {"X-Signature", "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="}},
                        .url = "https://www.example.com/webhook_uri",
                        .now = at(1693657560)};
  EXPECT_EQ(request.error(), std::nullopt);
  request.now += 300s;
  EXPECT_EQ(request.error(), std::nullopt);
  request.now += 1s;
  EXPECT_EQ(request.error(), VerifyError::timestamp_too_old);
  request.now = at(1700000300);
  request.headers = {{"X-Timestamp", "1700000300000"},
                     {"X-Signature", "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="}};
  EXPECT_EQ(request.error(), std::nullopt);
  request.method = "PUT";
  EXPECT_EQ(request.error(), VerifyError::signature_mismatch);
}

TEST(SignedUrl, MayHaveBeenSignedWithSomeEscapesDecoded) {
  SignedRequest request{.provider = &kMethodUrlBody, .url = "https://h/a:b?to=x@y&s=%20"};
  request.add(request.sign());
  request.url = "https://h/a%3Ab?to=x%40y&s=%20";
  EXPECT_EQ(request.error(), std::nullopt);
  request.url = "https://h/a%3Ab?to=x%40y&s=+";
  EXPECT_EQ(request.error(), VerifyError::signature_mismatch);
}

// square-nodejs-sdk tests/integration/webhooks.test.ts
TEST(SignedUrl, StandsBeforeTheBodyAsSquareHasIt) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"data":{"type":"webhooks","id":"fake_id"}})", "W3FlCNk5IA3ZQ2LHTWoajvzfaDu/OwY2tNHIHC3IUOA="},
      {R"({"data":{"type":"webhooks","id":">id<"}})", "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U="},
  };
  for (const auto& [body, signature] : cases) {
    SignedRequest request{.provider = &kUrlBody,
                          .secrets = {"signature-key"},
                          .body = body,
                          .headers = {{"X-Signature", signature}},
                          .url = "https://webhook.site/webhooks"};
    EXPECT_EQ(request.error(), std::nullopt);
  }
}

}  // namespace
}  // namespace creel::testing
