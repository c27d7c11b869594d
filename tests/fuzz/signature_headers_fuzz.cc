// The three headers of a webhook, from three lines of input. No text may pass unless it was signed, and what
// the strict mode accepts the compatibility mode accepts too.
#include <algorithm>
#include <cstdint>

#include "tests/fuzz/check.h"
#include "verify/webhook_fixture.h"

using namespace creel;

namespace {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

const Verifier& strict() {
  static const Verifier verifier(
      testing::make_keys(testing::make_key(testing::kSecret), testing::make_key(testing::kWhpk)));
  return verifier;
}

const Verifier& compatible() {
  static const Verifier verifier(
      testing::make_keys(testing::make_key(testing::kSecret), testing::make_key(testing::kWhpk)),
      openai_sdk_compatibility());
  return verifier;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const testing::TestWebhook genuine;
  const std::string_view id = take_line(text);
  const std::string_view timestamp = take_line(text);
  const Header headers[] = {
      {"webhook-id", id}, {"webhook-timestamp", timestamp}, {"webhook-signature", text}};
  const auto result = strict().verify(headers, genuine.body, genuine.now);
  const auto lenient = compatible().verify(headers, genuine.body, genuine.now);
  if (result) {
    CHECK_ALWAYS(id == genuine.id && timestamp == genuine.timestamp);
    CHECK_ALWAYS(text.find(testing::kValid) != text.npos);
    CHECK_ALWAYS(lenient.has_value());
  }
  if (lenient) CHECK_ALWAYS(id == genuine.id && text.find(testing::kMac) != text.npos);
  return 0;
}
