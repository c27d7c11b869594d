#include "deliver/oauth2.h"

#include <algorithm>
#include <utility>

#include <curl/curl.h>

#include "core/text.h"
#include "deliver/http_auth.h"
#include "verify/json.h"
#include "verify/percent.h"

namespace creel {
namespace {

constexpr auto kSpare = std::chrono::seconds(30);
constexpr auto kWithoutEnd = std::chrono::hours(1);
constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 10;
constexpr std::size_t kErrorBytesMax = 40;

std::string failed(int status, std::string_view error) {
  std::string sentence = "no token: its server answered " + std::to_string(status);
  // An error code has this alphabet (RFC 6749 §5.2 allows more); anything else is not repeated.
  const bool is_code = !error.empty() && error.size() <= kErrorBytesMax &&
                       std::ranges::all_of(error, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  if (is_code) sentence.append(" (").append(error).append(")");
  return sentence;
}

// What may stand in a header: visible ASCII (RFC 6749 §A.12 has a space too, which RFC 6750 has not).
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

std::expected<TokenAnswer, std::string> parse_token_answer(int status, std::string_view body) {
  const auto parsed = parse_json(body);
  simdjson::dom::object object;
  const bool is_object = parsed && !parsed->get_object().get(object);
  std::string_view text;
  if (status != 200) {
    const bool has_error = is_object && !object["error"].get_string().get(text);
    return std::unexpected(failed(status, has_error ? text : std::string_view()));
  }
  if (!is_object) return std::unexpected("no token: what its server answered is not a JSON object");
  if (object["token_type"].get_string().get(text) == simdjson::SUCCESS &&
      !equal_ignoring_case(text, "bearer"))
    return std::unexpected("no token: its server gives tokens of another type than Bearer");
  if (object["access_token"].get_string().get(text) || !is_token(text))
    return std::unexpected("no token: what its server answered holds none that can be sent");
  TokenAnswer answer{.token = std::string(text), .expires_in = std::nullopt};
  double seconds = 0;
  if (!object["expires_in"].get_double().get(seconds) && seconds >= 0)
    answer.expires_in = std::chrono::seconds(static_cast<std::int64_t>(std::min(seconds, 1e9)));
  return answer;
}

OAuth2Tokens::OAuth2Tokens(HttpMulti& multi, const HttpReach& reach, const OAuth2Auth& auth,
                           const Clock& clock, Fetched fetched)
    : HttpTransfer(multi, reach, {.reply_bytes_max = 2 * kAnswerBytesMax, .body_bytes_max = kAnswerBytesMax}),
      clock_(clock),
      fetched_(std::move(fetched)) {
  const std::string id = percent_encoded_field(auth.client_id),
                    secret = percent_encoded_field(auth.client_secret);
  form_ = "grant_type=client_credentials";
  const auto field = [this](std::string_view name, const std::string& value) {
    if (!value.empty()) form_.append("&").append(name).append("=").append(percent_encoded_field(value));
  };
  field("scope", auth.scope);
  field("audience", auth.audience);
  if (auth.in_body) {
    field("client_id", auth.client_id);
    field("client_secret", auth.client_secret);
  } else {
    headers_ = curl_slist_append(headers_, ("Authorization: " + basic_credentials(id, secret)).c_str());
  }
  headers_ = curl_slist_append(headers_, "Accept: application/json");
  headers_ = curl_slist_append(headers_, "Expect:");
  curl_easy_setopt(easy(), CURLOPT_URL, auth.token_url.c_str());
  curl_easy_setopt(easy(), CURLOPT_POST, 1L);
  curl_easy_setopt(easy(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(form_.size()));
  curl_easy_setopt(easy(), CURLOPT_POSTFIELDS, form_.data());
  curl_easy_setopt(easy(), CURLOPT_HTTPHEADER, headers_);
}

OAuth2Tokens::~OAuth2Tokens() {
  curl_slist_free_all(headers_);
}

std::string_view OAuth2Tokens::current() const {
  return clock_.ticks() < good_until_ ? std::string_view(token_) : std::string_view();
}

void OAuth2Tokens::fetch(std::chrono::milliseconds timeout) {
  if (is_fetching_) return;
  fetches_until_ = clock_.ticks() + timeout;
  is_fetching_ = begin(timeout);
  if (!is_fetching_) fetched_(std::unexpected(std::string("no token: the request could not be made")));
}

void OAuth2Tokens::forget(std::string_view token) {
  if (token == token_) good_until_ = {};
}

void OAuth2Tokens::on_end() {
  is_fetching_ = false;
  const AttemptResult ended = result();
  if (ended != AttemptResult::delivered && ended != AttemptResult::status)
    return fetched_(std::unexpected("no token: " + sentence()));
  auto answer = parse_token_answer(status(), body());
  if (!answer) return fetched_(std::unexpected(std::move(answer.error())));
  token_ = std::move(answer->token);
  const std::chrono::seconds good_for =
      answer->expires_in ? std::max(*answer->expires_in - kSpare, std::chrono::seconds(0)) : kWithoutEnd;
  good_until_ = clock_.ticks() + good_for;
  fetched_(token_);
}

}  // namespace creel
