#include "deliver/http_destination.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <curl/curl.h>

#include "deliver/http_auth.h"
#include "deliver/http_reach.h"
#include "deliver/http_settings.h"
#include "deliver/oauth2.h"
#include "deliver/retry_after.h"

namespace creel {
namespace {

class HttpDestination final : public Endpoint {
 public:
  HttpDestination(HttpMulti& multi, const HttpTransfer::Limits& limits, AttemptSink& sink,
                  Destination destination, const ReceiverLookup& receivers, const Clock& clock);

  void attempt(AttemptOrder order, Time now) override ON_DELIVER;
  bool is_idle() const override ON_DELIVER { return running_.empty() && waiting_.empty(); }

 private:
  // An attempt on its way, perhaps by way of a new token.
  struct Trip {
    AttemptOrder order;
    Ticks began{};
    bool is_second = false;  // a token was refused, and this is with another
  };
  class Try;

  void go(Trip trip, Time now) ON_DELIVER;
  void send(Trip trip, std::string_view token, Time now) ON_DELIVER;
  void on_token(const std::expected<std::string, std::string>& token) ON_DELIVER;
  void on_end(Try& ended) ON_DELIVER;
  bool goes_again(const Try& ended) ON_DELIVER;
  std::chrono::milliseconds time_left(const Trip& trip) const;
  void fail(AttemptOrder order, AttemptResult result, std::string sentence) ON_DELIVER;

  HttpMulti& multi_;
  const HttpTransfer::Limits limits_;
  AttemptSink& sink_;
  const Destination destination_;
  const ReceiverLookup& receivers_;
  const Clock& clock_;
  const HttpReach reach_;
  const std::string url_;
  const std::expected<void, std::string> checked_;
  const AuthHeader auth_;
  std::optional<Signer> signer_;  // of the destination's own secret
  std::optional<OAuth2Tokens> tokens_;
  std::vector<Trip> waiting_;  // for a token
  std::vector<std::unique_ptr<Try>> idle_, running_;
};

// One easy handle with what its request points to. Used again for the next attempt.
class HttpDestination::Try final : public HttpTransfer {
 public:
  explicit Try(HttpDestination& owner);

  // The error is a sentence: why the request cannot be made.
  std::expected<void, std::string> send(Trip trip, std::string_view token, Time now,
                                        std::chrono::milliseconds timeout) ON_DELIVER;
  AttemptReport report() ON_DELIVER;
  bool is_token_refused() const { return result() == AttemptResult::status && status() == 401; }

  Trip trip;
  std::string token;

 private:
  void on_end() override ON_DELIVER { owner_.on_end(*this); }
  void point_to_request();

  HttpDestination& owner_;
  OutgoingRequest request_;
  std::vector<curl_slist> list_;  // the nodes that libcurl reads; they point into `request_`
  bool has_own_url_ = false;
};

// --- One attempt
// ---------------------------------------------------------------------------------------------------

// Everything that is the same for all attempts of a destination.
HttpDestination::Try::Try(HttpDestination& owner)
    : HttpTransfer(owner.multi_, owner.reach_, owner.limits_), owner_(owner) {
  curl_easy_setopt(easy(), CURLOPT_URL, owner_.url_.c_str());
  curl_easy_setopt(easy(), CURLOPT_POST, 1L);
  const std::string& method = owner_.destination_.http.method;
  if (method != "POST") curl_easy_setopt(easy(), CURLOPT_CUSTOMREQUEST, method.c_str());
}

// What is this attempt's own.
std::expected<void, std::string> HttpDestination::Try::send(Trip going, std::string_view with_token, Time now,
                                                            std::chrono::milliseconds timeout) {
  trip = std::move(going);
  token = with_token;
  const StoredEvent& event = *trip.order.content;
  const std::shared_ptr<const Receiver> receiver = owner_.receivers_(event.source);
  const std::string auth_value = owner_.auth_.value(event.body, token);
  const AuthLine auth{.name = owner_.auth_.name(), .value = auth_value};
  auto written = write_request(owner_.destination_, trip.order, receiver.get(), now, request_,
                               owner_.signer_ ? &*owner_.signer_ : nullptr, &auth);
  if (!written) return written;
  point_to_request();
  // Not copied: the order keeps the event as long as the transfer runs.
  curl_easy_setopt(easy(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(event.body.size()));
  curl_easy_setopt(easy(), CURLOPT_POSTFIELDS, event.body.data());
  if (!begin(timeout)) return std::unexpected("the request could not be made");
  return {};
}

void HttpDestination::Try::point_to_request() {
  list_.resize(request_.headers.count);
  char* line = request_.headers.text.data();
  for (std::size_t i = 0; i < list_.size(); ++i) {
    list_[i] = {.data = line, .next = i + 1 < list_.size() ? &list_[i + 1] : nullptr};
    line += std::string_view(line).size() + 1;
  }
  curl_easy_setopt(easy(), CURLOPT_HTTPHEADER, list_.data());
  if (request_.url != owner_.url_) {
    curl_easy_setopt(easy(), CURLOPT_URL, request_.url.c_str());
    has_own_url_ = true;
  } else if (has_own_url_) {
    curl_easy_setopt(easy(), CURLOPT_URL, owner_.url_.c_str());
    has_own_url_ = false;
  }
}

AttemptReport HttpDestination::Try::report() {
  AttemptReport report{.result = result(), .status = status(), .timings = timings()};
  if (report.result == AttemptResult::delivered) return report;
  report.error = sentence();
  report.reply = std::move(reply());
  if (!retry_after().empty()) report.retry_after = parse_retry_after(retry_after(), owner_.clock_.now());
  return report;
}

// --- The destination
// -------------------------------------------------------------------------------------------------

HttpDestination::HttpDestination(HttpMulti& multi, const HttpTransfer::Limits& limits, AttemptSink& sink,
                                 Destination destination, const ReceiverLookup& receivers, const Clock& clock)
    : multi_(multi),
      limits_(limits),
      sink_(sink),
      destination_(std::move(destination)),
      receivers_(receivers),
      clock_(clock),
      reach_(destination_),
      url_(request_url(destination_.url, "", nullptr)),
      checked_(check_http_settings(destination_)),
      auth_(destination_.http.auth) {
  if (destination_.secret && destination_.secret->can_sign()) signer_.emplace(*destination_.secret);
  if (const auto* oauth = std::get_if<OAuth2Auth>(&destination_.http.auth)) {
    tokens_.emplace(multi_, reach_, *oauth, clock_, [this](const auto& token) {
      assume(on_deliver);
      on_token(token);
    });
  }
}

void HttpDestination::attempt(AttemptOrder order, Time now) {
  if (!checked_) return fail(std::move(order), AttemptResult::unsent, "not sent: " + checked_.error());
  go({.order = std::move(order), .began = clock_.ticks()}, now);
}

void HttpDestination::go(Trip trip, Time now) {
  if (!tokens_) return send(std::move(trip), {}, now);
  if (const std::string token(tokens_->current()); !token.empty()) return send(std::move(trip), token, now);
  const auto left = time_left(trip);
  waiting_.push_back(std::move(trip));
  tokens_->fetch(left);
}

void HttpDestination::send(Trip trip, std::string_view token, Time now) {
  auto transfer = idle_.empty() ? std::make_unique<Try>(*this) : std::move(idle_.back());
  if (!idle_.empty()) idle_.pop_back();
  const auto left = time_left(trip);
  const auto sent = transfer->send(std::move(trip), token, now, left);
  if (sent) return running_.push_back(std::move(transfer));
  AttemptOrder back = std::move(transfer->trip.order);
  idle_.push_back(std::move(transfer));
  fail(std::move(back), AttemptResult::unsent, sent.error());
}

// A fetch takes no longer than was left to who began it, and who joins has more: nobody waits too long.
void HttpDestination::on_token(const std::expected<std::string, std::string>& token) {
  for (Trip& trip : std::exchange(waiting_, {})) {
    if (token) {
      send(std::move(trip), *token, clock_.now());
    } else {
      fail(std::move(trip.order), AttemptResult::auth, token.error());
    }
  }
}

void HttpDestination::on_end(Try& ended) {
  const auto found = std::ranges::find(running_, &ended, &std::unique_ptr<Try>::get);
  std::swap(*found, running_.back());
  idle_.push_back(std::move(running_.back()));
  running_.pop_back();
  if (goes_again(ended)) {
    Trip trip = std::move(ended.trip);
    trip.is_second = true;
    return go(std::move(trip), clock_.now());
  }
  AttemptReport report = ended.report();
  sink_.ended(std::move(ended.trip.order), std::move(report));
}

// A token may have been taken back before its time. Once: the second one is new, and the 401 is meant. Nor
// does it join a fetch that may outlast it.
bool HttpDestination::goes_again(const Try& ended) {
  if (!tokens_ || !ended.is_token_refused()) return false;
  tokens_->forget(ended.token);
  const Ticks until = ended.trip.began + destination_.timeout;
  return !ended.trip.is_second && clock_.ticks() < until && tokens_->fetches_until() <= until;
}

std::chrono::milliseconds HttpDestination::time_left(const Trip& trip) const {
  const auto gone = std::chrono::floor<std::chrono::milliseconds>(clock_.ticks() - trip.began);
  return std::max(destination_.timeout - gone, std::chrono::milliseconds(1));
}

void HttpDestination::fail(AttemptOrder order, AttemptResult result, std::string sentence) {
  sink_.ended(std::move(order), {.result = result, .error = std::move(sentence)});
}

}  // namespace

std::unique_ptr<Endpoint> make_http_destination(HttpMulti& multi, const HttpTransfer::Limits& limits,
                                                AttemptSink& sink, Destination destination,
                                                const ReceiverLookup& receivers, const Clock& clock) {
  return std::make_unique<HttpDestination>(multi, limits, sink, std::move(destination), receivers, clock);
}

}  // namespace creel
