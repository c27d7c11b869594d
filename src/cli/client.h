// One HTTP exchange, start to end. The only place of the command line that knows libcurl.
#pragma once

#include <chrono>
#include <expected>
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

// For a query string: everything but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace creel::cli
