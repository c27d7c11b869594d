// Tokens by client credentials (RFC 6749 §4.4) for one destination.
//
// A token is kept until half a minute before it ends, one request at a time asks for the next, and whoever
// needs it waits for that. Nothing of the client's secret, of the token or of what the server says about them
// gets into a sentence, but its error code ("invalid_client").
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "deliver/http_multi.h"
#include "deliver/http_reach.h"

struct curl_slist;

namespace creel {

// What the server of tokens said.
struct TokenAnswer {
  std::string token;
  // Without it nobody knows, and the token is good until it is refused.
  std::optional<std::chrono::seconds> expires_in;
};
// The error is a sentence for a person.
std::expected<TokenAnswer, std::string> parse_token_answer(int status, std::string_view body);

class OAuth2Tokens final : private HttpTransfer {
 public:
  // A fetch ended: with a token, which is good for those who waited even if it ends at once, or a sentence.
  using Fetched = std::function<void(const std::expected<std::string, std::string>&)>;

  OAuth2Tokens(HttpMulti& multi, const HttpReach& reach, const OAuth2Auth& auth, const Clock& clock,
               Fetched fetched);
  ~OAuth2Tokens() override;

  // The token that is good now, or "".
  std::string_view current() const ON_DELIVER;
  // Asks for the next one; nothing when that goes on already. `fetched` is called later, perhaps before this
  // returns.
  void fetch(std::chrono::milliseconds timeout) ON_DELIVER;
  // When the fetch that goes on has ended at the latest; the past when there is none.
  Ticks fetches_until() const { return is_fetching_ ? fetches_until_ : Ticks{}; }
  // The destination does not take this one: never given again.
  void forget(std::string_view token) ON_DELIVER;

 private:
  void on_end() override ON_DELIVER;

  const Clock& clock_;
  const Fetched fetched_;
  std::string form_;
  curl_slist* headers_ = nullptr;
  bool is_fetching_ = false;
  Ticks fetches_until_{};
  std::string token_;
  Ticks good_until_{};
};

}  // namespace creel
