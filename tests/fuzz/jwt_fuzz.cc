// A token on the first line and the body after it; and the same bytes as a key set. Only the one token that
// was signed may pass, and only with its own body.
#include <algorithm>
#include <cstdint>

#include "tests/fuzz/check.h"
#include "verify/jwk.h"
#include "verify/scheme.h"
#include "verify/webhook_fixture.h"

using namespace creel;

namespace {

constexpr std::string_view kBody = R"({"event":{"type":"user.create"}})";
constexpr std::string_view kToken =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJyZXF1ZXN0X2JvZHlfc2hhMjU2IjoiSnBHc1p5cUdOMk5sM0F2MFplNjlPUHVBRVZvQktaMjUyM1I1L0JuM0NvYz0ifQ."
    "Qjiioj8GTKlOew0SurhHb6r_mKB6nEPhIcxqPPx8VHA";
// The Ed25519 key of RFC 8037, appendix A.2.
constexpr std::string_view kKeys =
    R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";
constexpr Provider kRow{.scheme = Scheme::jwt, .token_header = "x-jwt", .body_claim = "request_body_sha256"};

std::unique_ptr<SchemeKeys> make_scheme() {
  ReceiverOptions options;
  for (std::string_view name : jwt_algorithms())
    options.algorithms.emplace_back(name);
  options.jwks = [set = *JwkSet::parse(kKeys)] { return set; };
  return make_jwt(kRow, testing::make_keys(testing::make_key("hush", SecretForm::text)), options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto scheme = make_scheme();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view token = text.substr(0, end);
  const std::string_view body = text.substr(std::min(end + 1, text.size()));
  const Header headers[] = {{"X-JWT", token}};
  if (scheme->verify({.headers = headers, .body = body}, testing::at(1'750'000'000), nullptr))
    CHECK_ALWAYS(token == kToken && body == kBody);

  if (const auto bytes = decode_base64url(token)) CHECK_ALWAYS(encode_base64url(*bytes) == token);
  if (const auto set = JwkSet::parse(text)) CHECK_ALWAYS((*set)->size() <= kJwkSetKeysMax);
  return 0;
}
