// Writes responses as bytes.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "http/http.h"

namespace creel::http {

// The value of Date, made anew when the second changes. Belongs to one thread.
class DateCache {
 public:
  std::string_view at(std::time_t second);

 private:
  std::time_t second_ = -1;
  char text_[32] = {};
};

// How a response leaves, as its request and its connection want it.
struct ResponseFraming {
  bool to_head = false;      // the request's method was HEAD: no body
  bool is_http_1_0 = false;  // then staying open has to be said
  bool close = false;
};

// "Not Found"; "" for a status that has no name here.
std::string_view reason_phrase(int status);

// Whether a response with this status may have a body at all (RFC 9110 §6.4.1).
bool status_has_body(int status);

// Appends the status line and headers with their empty line. The body is sent after it as it is. Bytes that
// cannot stand in a header's value are left out of it: a response cannot be split by what it quotes.
void append_head(std::string& to, const Response& response, const ResponseFraming& framing,
                 std::string_view date);

}  // namespace creel::http
