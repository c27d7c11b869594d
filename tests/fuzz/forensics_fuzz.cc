// A request of any provider, explained: its number, the query, the header lines, an empty line and the body.
// There is always a finding, the first is `valid` when and only when the receiver accepts, and none tells the
// secret or shows what cannot be shown.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "tests/fuzz/check.h"
#include "verify/forensics.h"
#include "verify/json_style.h"

using namespace creel;

namespace {

constexpr std::string_view kSecret = "user:s3cret-s3cret-s3cret";

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

bool is_accepted(const ForensicInput& input) {
  std::vector<Key> keys;
  for (const SecretText& each : input.secrets) {
    auto secret = Secret::parse(each.text, each.form);
    if (secret) {
      keys.push_back({.secret = *std::move(secret), .label = each.label, .not_before = {}, .not_after = {}});
    }
  }
  return Receiver(input.provider, std::move(keys), input.options)
      .receive(input.request, input.now)
      .has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty() || text.size() > 4096) return 0;
  const auto rows = all_providers();
  const Provider& provider = rows[static_cast<unsigned char>(text.front()) % rows.size()];
  text.remove_prefix(1);
  const std::string_view query = take_line(text);
  std::vector<Header> headers;
  for (std::string_view line = take_line(text); !line.empty() && headers.size() < 20;
       line = take_line(text)) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    headers.push_back({line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))});
  }
  const std::vector<SecretText> secrets{{.label = "a",
                                         .text = std::string(kSecret),
                                         .form = SecretForm::text,
                                         .not_before = {},
                                         .not_after = {}}};
  ForensicInput input{.provider = provider,
                      .request = {.query = query, .headers = headers, .body = text},
                      .secrets = secrets,
                      .suspects = {},
                      .now = std::chrono::sys_seconds(std::chrono::seconds(1'750'000'000)),
                      .options = {},
                      .masked = nullptr};
  input.options.url = "https://example.com/in";
  const std::vector<Finding> findings = explain_request(input);
  CHECK_ALWAYS(!findings.empty());
  CHECK_ALWAYS((findings.front().kind == FindingKind::valid) == is_accepted(input));
  for (const Finding& finding : findings) {
    CHECK_ALWAYS(finding.text.find(kSecret) == std::string::npos);
    CHECK_ALWAYS(std::ranges::none_of(finding.text, [](unsigned char c) { return c < ' ' || c == 0x7f; }));
  }
  expected_signatures(input);
  if (const auto json = JsonRewriter::of(text)) {
    // What is written compactly reads as the same, and is written so again.
    const std::string compact =
        json->write({.text = JsonStyle::Text::plain, .slash = JsonStyle::Slash::plain});
    const auto again = JsonRewriter::of(compact);
    CHECK_ALWAYS(again.has_value());
    CHECK_ALWAYS(again->write({.text = JsonStyle::Text::plain, .slash = JsonStyle::Slash::plain}) == compact);
  }
  return 0;
}
