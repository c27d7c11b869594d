// HTTP exchanges, start to end: one, or many at a steady pace. The only place of the command line that knows
// libcurl.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace creel::cli {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  // Whether a certificate has to be the peer's own and good. On loopback it is never looked at: there TLS
  // hides nothing that plain HTTP would show, and the port's certificate names another host.
  bool checks_certificate = true;
};

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;

  std::string header(std::string_view name) const;  // "" when there is none
};

// No answer came: nobody listens, the name is unknown, or it took too long.
struct HttpFailure {
  std::string message;
};

// Follows no redirects, uses no proxy, keeps no connection. An answer of more than 256 MiB is a failure.
std::expected<HttpAnswer, HttpFailure> exchange(const HttpRequest& request);

// Many exchanges at a steady pace. It is an open loop: a request goes out when its time has come, whether or
// not the ones before were answered, as the world sends webhooks; so a receiver that stalls shows.
struct Load {
  std::size_t count = 0;
  double rate = 1;                                                        // requests a second
  std::function<HttpRequest(std::size_t index)> request;                  // made when its time has come
  std::function<void(std::size_t begun, std::size_t answered)> progress;  // now and then; may be empty
};
struct LoadResult {
  std::map<int, std::size_t> statuses;
  std::size_t unanswered = 0;
  std::string failure;  // what was the matter with the first of those
  std::chrono::microseconds took{0};
  // Of each answer, from the moment at which its request was due; in ascending order.
  std::vector<std::chrono::microseconds> latencies;
};
// Connections are kept, at most 256 of them. Runs by the real clock.
LoadResult run_load(const Load& load);

// For a query string: everything but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace creel::cli
