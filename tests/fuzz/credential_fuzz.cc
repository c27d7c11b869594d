// A shared secret in every place where one may come: a line with Authorization, a line with a header, and the
// query. What is accepted must hold the secret, and what was kept masked is judged as what came.
#include <algorithm>
#include <cstdint>

#include "tests/fuzz/check.h"
#include "verify/base64.h"
#include "verify/percent.h"
#include "verify/scheme.h"
#include "verify/webhook_fixture.h"

using namespace creel;

namespace {

constexpr std::string_view kSecret = "user:s3cret";
constexpr CredentialPlace kPlaces[] = {{CredentialPlace::Kind::header, "x-token"},
                                       {CredentialPlace::Kind::basic, ""},
                                       {CredentialPlace::Kind::bearer, ""},
                                       {CredentialPlace::Kind::query, "token"}};
constexpr Provider kRow{.scheme = Scheme::credential, .credentials = kPlaces};

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

bool holds_secret(std::string_view authorization) {
  if (authorization.ends_with(kSecret)) return true;
  const std::string_view encoded = authorization.substr(authorization.rfind(' ') + 1);
  std::string decoded(base64_decoded_max(encoded.size()), '\0');
  const auto size = decode_base64_secret(
      encoded, {reinterpret_cast<std::uint8_t*>(decoded.data()), decoded.size()}, Base64Rule::canonical);
  return size && std::string_view(decoded).substr(0, *size) == kSecret;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto scheme =
      make_credential(kRow, testing::make_keys(testing::make_key(kSecret, SecretForm::text)), {});
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view authorization = take_line(text);
  const std::string_view token = take_line(text);
  const Header headers[] = {{"Authorization", authorization}, {"X-Token", token}};
  const IncomingRequest request{.query = text, .headers = headers};
  const auto result = scheme->verify(request, testing::at(0), nullptr);
  if (result) {
    CHECK_ALWAYS(token == kSecret || holds_secret(authorization) ||
                 percent_decoded(text).find(kSecret) != std::string::npos);
  }
  const Masking unchanged = [](std::string_view value) { return std::string(value); };
  const auto kept = scheme->verify(request, testing::at(0), &unchanged);
  CHECK_ALWAYS(result.has_value() == kept.has_value());
  CHECK_ALWAYS(percent_decoded(percent_encoded_field(text)) == text);
  return 0;
}
