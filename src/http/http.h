// HTTP as the rest of the program sees it: plain requests and responses, no sockets and no Boost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <creel/webhooks.h>

#include "core/task.h"
#include "core/threads.h"

namespace creel::http {

// A request. All views point into the connection's buffer and hold until its response is given.
struct Request {
  std::string_view method;
  std::string_view target;  // as received: path and query
  std::string_view path;
  std::string_view query;  // without the question mark
  std::string_view
      head;  // the request line and all header lines as received, each with its CRLF, without the empty line
  Headers headers;
  std::string_view body;  // de-chunked
  std::string_view peer;  // "192.0.2.1"
  bool body_is_contiguous = true;

  // The first header with this name, "" when there is none.
  std::string_view header(std::string_view name) const { return find_header(headers, name).value_or(""); }
};

struct Response {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";             // a literal
  std::vector<std::pair<std::string_view, std::string>> headers;  // names are literals
  bool close = false;
};

// What to do with a request whose head has come.
struct HeadDecision {
  std::size_t body_bytes_max = 0;  // longer ones are answered 413
};

// What stands behind a port.
class Handler {
 public:
  virtual ~Handler() = default;
  // Before the body is read (and before "100 Continue"): how long it may be, or the answer at once.
  // `request.body` is empty.
  virtual std::expected<HeadDecision, Response> admit(const Request& request) ON_LOOP = 0;
  // The whole request. May suspend; the views in `request` stay good until the task has ended.
  virtual Task<Response> handle(Request request) ON_LOOP = 0;
  // A request that http itself answered (malformed, too large, too slow): for counting and logging. `status`
  // is 0 for a connection on which TLS did not come about: there was nothing to answer in.
  virtual void refused(int status, std::string_view reason, std::string_view peer) ON_LOOP {
    static_cast<void>(status), static_cast<void>(reason), static_cast<void>(peer);
  }
};

}  // namespace creel::http
