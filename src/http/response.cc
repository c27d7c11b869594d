#include "http/response.h"

#include <algorithm>
#include <charconv>

#include "http/head.h"

namespace creel::http {
namespace {

void append_number(std::string& to, std::uint64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  to.append(digits, end);
}

void append_header(std::string& to, std::string_view name, std::string_view value) {
  to.append(name);
  to.append(": ");
  std::copy_if(value.begin(), value.end(), std::back_inserter(to), is_value_byte);
  to.append("\r\n");
}

}  // namespace

std::string_view DateCache::at(std::time_t second) {
  if (second != second_) {
    second_ = second;
    std::tm parts{};
    gmtime_r(&second, &parts);
    // No locale of ours is set, so the names are English, as RFC 9110 §5.6.7 has them.
    std::strftime(text_, sizeof text_, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  }
  return text_;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

bool status_has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void append_head(std::string& to, const Response& response, const ResponseFraming& framing,
                 std::string_view date) {
  to.append("HTTP/1.1 ");
  append_number(to, static_cast<std::uint64_t>(response.status));
  to.push_back(' ');
  to.append(reason_phrase(response.status));
  to.append("\r\nDate: ");
  to.append(date);
  if (status_has_body(response.status)) {
    if (!response.content_type.empty() && !response.body.empty()) {
      to.append("\r\nContent-Type: ");
      to.append(response.content_type);
    }
    to.append("\r\nContent-Length: ");
    append_number(to, response.body.size());
  }
  if (framing.close) {
    to.append("\r\nConnection: close");
  } else if (framing.is_http_1_0) {
    to.append("\r\nConnection: keep-alive");
  }
  to.append("\r\n");
  for (const auto& [name, value] : response.headers)
    append_header(to, name, value);
  to.append("\r\n");
}

}  // namespace creel::http
