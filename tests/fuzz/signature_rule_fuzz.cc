// Requests to sources of the signature family, one row of each shape. The first line of the input picks the
// row, the next two are values of headers, the third is the query, and the rest is the body. What is accepted
// carries a signature that was made by the key over what the rule says; and what is signed verifies.
#include <algorithm>
#include <cctype>
#include <cstdint>

#include "tests/fuzz/check.h"
#include "verify/base64.h"
#include "verify/digest.h"
#include "verify/hmac.h"
#include "verify/signature_fixture.h"

using namespace creel;
using namespace creel::testing;

namespace {

constexpr std::string_view kKey = "hush";
constexpr std::string_view kUrl = "https://h:8443/in";

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::vector<Key> key_for(const Provider& provider) {
  switch (provider.secret_form) {
    case SecretForm::ed25519_hex:
      return make_keys(make_key(kWhsk));
    case SecretForm::ecdsa_p256:
      return make_keys(
          make_key("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAES02HEGV8a4bick2yhqJ6QHHlZFlZSyku/"
                   "IfIQMWWey2sCS/xbjWB0Tvvm1rqyODrfQGPGqkmlCNKkg7/5nY2TA==",
                   SecretForm::ecdsa_p256));
    default:
      return make_keys(make_key(kKey, SecretForm::text));
  }
}

struct Source {
  explicit Source(const Provider& row)
      : provider(row), receiver(row, key_for(row), {.url = std::string(kUrl)}) {}
  const Provider& provider;
  Receiver receiver;
};

const std::array<Source, 13>& sources() {
  static const std::array<Source, 13> all{Source(kPairs),       Source(kPrefixed),     Source(kBase64),
                                          Source(kSlackLike),   Source(kUrlForm),      Source(kMethodUrlBody),
                                          Source(kUrlBody),     Source(kEitherHeader), Source(kSha512),
                                          Source(kWithId),      Source(kLinearLike),   Source(kDiscordLike),
                                          Source(kSendgridLike)};
  return all;
}

const Receiver& mailgun_like() {
  static const Receiver receiver(kMailgunLike, key_for(kMailgunLike));
  return receiver;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

// What is signed of a request, told apart from creel's own templates; nothing for rows where it is longer.
std::optional<std::string> signed_text(const Provider& provider, std::string_view time,
                                       std::string_view body) {
  const std::string_view content = provider.signature.content;
  const std::string after_time =
      std::string(time) + (&provider == &kSlackLike ? ":" : ".") + std::string(body);
  if (content == "{body}") return std::string(body);
  if (&provider == &kSlackLike) return "v0:" + after_time;
  if (&provider == &kWithId) return "id_1." + after_time;
  return std::nullopt;
}

// Whether the MAC over the text stands in the value.
bool holds_mac(const SignatureRule& rule, std::string_view value, std::string_view text) {
  const std::span key(reinterpret_cast<const std::uint8_t*>(kKey.data()), kKey.size());
  const auto holds = [&](std::span<const std::uint8_t> mac) {
    if (rule.encoding == SignatureEncoding::base64) return value.find(encode_base64(mac)) != value.npos;
    return lower(value).find(to_hex(mac)) != std::string::npos;
  };
  if (rule.algorithm == SignatureAlgorithm::hmac_sha512)
    return holds(HmacSha512Key(key).over(std::span(&text, 1)));
  return holds(HmacKey(key).over(std::span(&text, 1)));
}

// Where an address and a body are signed one after the other, requests that leave open where one ends and the
// other begins are refused.
bool is_border_unclear(const Provider& provider, std::string_view query, std::string_view body) {
  if (!provider.signature.content.contains("{url}")) return false;
  if (query.empty()) return body.starts_with('?');
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first == body.npos || !std::string_view("{[\"").contains(body[first]);
}

// Signs the same body and query; the answer verifies, and does not with one field more.
void check_circle(const Source& source, std::string_view query, std::string_view body,
                  std::string_view content_type, std::chrono::sys_seconds now) {
  // A fragment is never sent; and a digest that is there already may be that of another body.
  if (query.find('#') != query.npos || query.find("bodySHA256") != query.npos) return;
  // What could be a body's beginning, and what HTTP does not let through, is refused beside a signed body.
  const auto is_plain = [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view("{}[]\"").find(c) == std::string_view::npos;
  };
  if (!std::ranges::all_of(query, is_plain)) return;
  const std::string url = std::string(kUrl) + (query.empty() ? "" : "?") + std::string(query);
  const auto made = source.receiver.sign(
      {.provider_id = "id_1", .body = body, .content_type = content_type, .url = url, .now = now});
  if (made.headers.empty()) return;
  std::string sent(query);
  if (!made.query.empty()) sent += (sent.empty() ? "" : "&") + made.query;
  std::vector<Header> headers{{"Content-Type", content_type}};
  for (const auto& [name, value] : made.headers)
    headers.push_back({name, value});
  IncomingRequest request{.query = sent, .headers = headers, .body = body};
  const auto received = source.receiver.receive(request, now);
  // A genuine body need not be JSON; and the time of one row stands in the body, which is the input's.
  const bool is_unread = !received && received.error().cause == ReceiveCause::invalid_json;
  if (&source.provider != &kLinearLike && !is_border_unclear(source.provider, sent, body))
    CHECK_ALWAYS(received.has_value() || is_unread);
  const std::string longer = std::string(body) + "&" + to_hex(sha256(body)) + "=";
  request.body = longer;
  CHECK_ALWAYS(!source.receiver.receive(request, now).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto pick = static_cast<std::size_t>(data[0]);
  take_line(text);
  const std::string_view signature = take_line(text), time = take_line(text), query = take_line(text);
  const std::string_view content_type = pick % 2 == 0 ? kForm : "application/json";
  const std::chrono::sys_seconds now = at(1750000000);

  const Header headers[] = {
      {"Content-Type", content_type}, {"X-Signature", signature}, {"X-Timestamp", time}, {"X-Id", "id_1"}};
  const IncomingRequest request{.query = query, .headers = headers, .body = text};
  (void)mailgun_like().receive(request, now);
  const Source& source = sources()[pick / 2 % sources().size()];
  const auto expected = signed_text(source.provider, time, text);
  if (source.receiver.receive(request, now) && expected)
    CHECK_ALWAYS(holds_mac(source.provider.signature, signature, *expected));
  check_circle(source, query, text, content_type, now);
  return 0;
}
